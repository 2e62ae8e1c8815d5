"""Settings of predictions; they change no run, only what is told from one."""

from __future__ import annotations

from coterie.schema import Params


class PredictParams(Params):
    """``[predict]``: what the form asks, and what a classifier may look at."""

    fields: tuple[str, ...] = ()
    """Columns to predict from, protected ones included; empty: all that are not protected."""
    ask: dict[str, tuple[str, ...]] = {}
    """Further optional questions -> allowed words (none: any text), handed on to the offers."""
