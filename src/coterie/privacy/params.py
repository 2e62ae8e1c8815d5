"""``[privacy]``: how long things stay, who goes by a pseudonym, who may be written to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coterie.privacy.disclosure import FLOOR, LEAST
from coterie.schema import Params


class PrivacyParams(Params):
    """``[privacy]``: pseudonyms are part of a model, the floor of a report; the rest of none."""

    floor: int = Field(default=FLOOR, ge=LEAST, le=1_000_000)
    """Least customers of a number that leaves the tool or reaches a viewer."""

    quarantine_days: int = Field(default=30, ge=1, le=36_500)
    """After so many days refused rows lose their words; row, reason and counts stay."""
    keep_runs: int = Field(default=0, ge=0, le=1_000_000)
    """So many newest runs are kept; 0 keeps all."""
    pseudonyms: bool = False
    """Whether customers go by pseudonyms in all that is kept; columns that identify are empty."""
    sealed: bool = False
    """Whether what stands in these columns is kept, encrypted and apart from all else."""
    seen_by: Literal["analyst", "admin"] = "analyst"
    """The least role that a server shows it to."""
    identity: tuple[str, ...] = ()
    """Further columns that identify people, besides those told by their names."""
    consent: str = ""
    """Column of the customer table that says who may be written to; empty: told by its name."""
