"""``[privacy]``: how long what is kept for checks alone stays, and who may be written to."""

from __future__ import annotations

from pydantic import Field

from coterie.schema import Params


class PrivacyParams(Params):
    """``[privacy]``: none of it changes who is in which segment."""

    quarantine_days: int = Field(default=30, ge=1, le=36_500)
    """After so many days refused rows lose their words; row, reason and counts stay."""
    keep_runs: int = Field(default=0, ge=0, le=1_000_000)
    """So many newest runs are kept; 0 keeps all."""
    consent: str = ""
    """Column of the customer table that says who may be written to; empty: told by its name."""
