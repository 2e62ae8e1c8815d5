"""What of a run reaches a viewer: figures of few customers hidden, and differences of two runs.

What viewers were shown is written down before they see it; who sees all is not asked.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from coterie.api import Run
from coterie.errors import NotReadyError
from coterie.profiling.hidden_moves import HiddenMoves, hidden_moves_between
from coterie.profiling.publication import Hiding, changed_since, hide_segments, hiding_of
from coterie.service.projects import Served
from coterie.store.shown import Shown

_REMEMBERED = 64


def hiding_for(served: Served, run: Run) -> Hiding:
    """Return what of the segments of a run a viewer must not see, and write down what she sees.

    Parameters
    ----------
    served : Served
        The project.
    run : Run
        That she looks at.

    Returns
    -------
    Hiding
        The same as long as no other run was shown to anybody.
    """
    ledger = Shown(served.registry.database, served.registry.project)
    shown = ledger.runs()
    there = [one for one in sorted(shown) if (served.home.runs / one).is_dir()]
    known = tuple((one, tuple(sorted(shown[one]))) for one in there)
    hiding = _hiding(served, run, known)
    seen = {one["id"] for one in run.segments} - hiding.none - hiding.changed
    if seen - shown.get(run.id, set()):
        ledger.add(run.id, seen)
    return hiding


@lru_cache(_REMEMBERED)
def _hiding(served: Served, run: Run, known: tuple[tuple[str, tuple[str, ...]], ...]) -> Hiding:
    shown = dict(known)
    others = [served.run_of(name) for name in shown]
    return hiding_of(run, changed=changed_since(run, shown, others))


def segments_for(served: Served, run: Run, *, whole: bool) -> list[dict[str, Any]]:
    """Return the segments of a run as who asks may see them.

    Parameters
    ----------
    served : Served
        The project.
    run : Run
        Any of it.
    whole : bool
        Whether she sees all.

    Returns
    -------
    list of dict
        In their order.
    """
    return run.segments if whole else hide_segments(run.segments, hiding_for(served, run))


@lru_cache(_REMEMBERED)
def moves_for(run: Run, before: Run | None) -> HiddenMoves:
    """Return what of the moves since the run before a viewer must not see."""
    return hidden_moves_between(run.table("migration"), before, run)


def check_page(served: Served, run: Run) -> None:
    """Refuse a page whose figures, beside those shown before, would tell of a few.

    Raises
    ------
    NotReadyError
        If so few customers came or went in one of its segments.
    """
    hiding = hiding_for(served, run)
    names = [one["name"] for one in run.segments if one["id"] in hiding.changed]
    if names:
        raise NotReadyError(
            f"This page would tell of a few: fewer than {hiding.floor} customers came or went in "
            f"{', '.join(names)} since another was shown.",
            hint="Look at the page that was shown, or wait until more have changed.",
            where="run_id",
        )
