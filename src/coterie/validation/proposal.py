"""What ``coterie init`` proposes for one file: plain data, with a reason beside every choice.

Nothing here is applied silently: the proposal becomes a commented ``coterie.toml``
that the user reads and may change.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from coterie.schema import Kind
from coterie.sources.base import TableName

Sure = Literal["sure", "check", "guess"]

SURE = 0.85
CHECK = 0.6


def how_sure(confidence: float) -> Sure:
    """Put a confidence into a word.

    Examples
    --------
    >>> how_sure(0.95), how_sure(0.7), how_sure(0.4)
    ('sure', 'check', 'guess')
    """
    if confidence >= SURE:
        return "sure"
    return "check" if confidence >= CHECK else "guess"


@dataclass(frozen=True)
class ColumnProposal:
    """One of our columns and the user's column that seems to hold it."""

    column: str
    user_column: str
    confidence: float
    """0 to 1."""
    why: str
    examples: tuple[str, ...] = ()

    @property
    def sure(self) -> Sure:
        """``sure`` from .85, ``check`` from .6, else ``guess``."""
        return how_sure(self.confidence)


@dataclass(frozen=True)
class Missing:
    """One of our columns that the table needs and the file does not have."""

    column: str
    why: str


@dataclass(frozen=True)
class AttributeProposal:
    """What to say of one attribute column; empty fields are left to the values."""

    user_column: str
    why: str
    sure: Sure = "sure"
    kind: Kind | None = None
    unit: str = ""
    min: float | None = None
    max: float | None = None
    protected: str = ""
    """Which protected attribute it seems to be; only a comment."""

    @property
    def settings(self) -> dict[str, str | float]:
        """Keys of the ``[columns.X]`` table; empty if there is nothing to set."""
        found = {"kind": self.kind, "unit": self.unit, "min": self.min, "max": self.max}
        return {key: value for key, value in found.items() if value not in (None, "")}


@dataclass(frozen=True)
class Proposal:
    """What one file seems to be and how its columns map to ours."""

    table: TableName | None
    """None: none of the five tables."""
    confidence: float
    why: str
    rows: int
    columns: tuple[ColumnProposal, ...]
    missing: tuple[Missing, ...]
    """What the table needs and the file does not have; empty if it is usable."""
    unused: tuple[str, ...]
    """The user's columns that are not mapped (for customers these are attributes)."""
    service_codes: tuple[str, ...] = ()
    service_why: str = ""
    currency: str = ""
    currency_why: str = ""
    time_question: str = ""
    """Not empty if day and month cannot be told apart; the user must say."""
    time_formats: tuple[str, ...] = ()
    """The two strptime formats that ``time_question`` asks about, day first."""
    attributes: tuple[AttributeProposal, ...] = ()
    outcomes: tuple[str, ...] = ()
    """Attribute columns that look like something to separate, such as ``Churn``."""
    returns_why: str = ""
    duplicates_why: str = ""
    free_why: str = ""
    notes: tuple[str, ...] = ()

    @property
    def sure(self) -> Sure:
        """How sure the choice of the table is."""
        return how_sure(self.confidence)

    def mapping(self) -> dict[str, str]:
        """Return our column name -> the user's, as ``Source.mapping`` does."""
        return {proposed.column: proposed.user_column for proposed in self.columns}

    def to_dict(self) -> dict[str, Any]:
        """Return the proposal as plain data for ``--json``."""
        plain = asdict(self) | {"sure": self.sure}
        for proposed, row in zip(self.columns, plain["columns"], strict=True):
            row["sure"] = proposed.sure
        return plain
