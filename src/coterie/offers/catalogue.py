"""The catalogue of offers: what can be offered to whom, at what cost, and how often.

What an answer is thought to be worth before anything was tried (``response``) is the user's
own guess. It orders untested offers among each other and is never shown as an effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from coterie.errors import ParameterError
from coterie.schema import Params

Kind = Literal["discount", "product", "service", "credit", "savings", "survey"]
"""What an offer is. ``credit`` is more debt, and guarded; a survey's answers are touches."""

CREDIT: Kind = "credit"
MAX_OFFERS = 60
"""Whom each offer suits is kept as one bit a customer."""
MOST_MONEY = 1e12
"""Of one contact or answer; sums over all customers stay finite numbers."""

Guard = Literal["cash_advance", "utilisation", "payments"]
"""A guard of credit: see ``coterie.offers.guards``."""


class Offer(Params):
    """One of ``[[offers]]`` in ``coterie.toml``; only ``id`` is needed.

    Examples
    --------
    >>> offer = Offer(id="voucher", cost=0.5, value=12, response=0.03)
    >>> offer.title, offer.control_share, offer.most(1000)
    ('voucher', 0.1, 1000)
    """

    id: str = Field(max_length=100)
    name: str = ""
    """What people call it; empty: the id."""
    kind: Kind = "product"
    channel: str = ""
    """How it reaches the customer: email, app, letter, call …"""
    cost: float = Field(default=0.0, ge=0, le=MOST_MONEY, allow_inf_nan=False)
    """Of one contact, in units of money."""
    value: float | None = Field(default=None, ge=-MOST_MONEY, le=MOST_MONEY, allow_inf_nan=False)
    """Margin of one answer. None: the money of the answers in the touches, if it is there."""
    response: float | None = Field(default=None, ge=0, le=1)
    """Your guess, before it was tried: the share who answer only because they are contacted."""
    eligible: str = ""
    """A condition over features, attributes and ``segment``; empty: everybody."""
    capacity: int | None = Field(default=None, ge=0)
    """Most contacts of one plan; None: no limit."""
    contact_days: int = Field(default=7, ge=0, le=3650)
    max_contacts: int = Field(default=1, ge=1, le=1000)
    """In ``contact_days`` a customer has fewer contacts than this, with any offer, or waits."""
    control_share: float = Field(default=0.1, ge=0, le=0.9)
    """Share of those chosen who are not contacted, drawn by lot, so that effects can be told."""
    start: date | None = None
    end: date | None = None
    """First and last day on which it may be planned."""
    reason: str = Field(default="", max_length=500)
    """Why it suits whom it is offered to, in your words."""
    include_protected: tuple[str, ...] = ()
    """Protected attributes that ``eligible`` may ask about; never those of an offer of credit."""
    allow: tuple[Guard, ...] = ()
    """Guards of credit that are lifted on purpose."""

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, data: Any) -> Any:
        """Name the offer whose key is not known; its place in the list says little."""
        for key in data if isinstance(data, Mapping) else ():
            if key not in cls.model_fields:
                unknown = ParameterError.unknown("key", str(key), cls.model_fields)
                raise ParameterError(
                    f"{called(data)}: {key!r} is not a known key.",
                    allowed=unknown.allowed,
                    hint=unknown.hint,
                )
        return data

    @field_validator("id")
    @classmethod
    def _check_id(cls, name: str) -> str:
        if not name or name != name.strip():
            raise ValueError("must be a word or two, without blanks at the ends")
        return name

    @field_validator("id", "name", "reason", "channel")
    @classmethod
    def _check_text(cls, text: str) -> str:
        if not text.isprintable():
            raise ValueError("must be one line of plain text")
        return text

    @model_validator(mode="after")
    def _check_sense(self) -> Offer:
        if self.start and self.end and self.start > self.end:
            raise ParameterError(
                f"Offer {self.id!r} starts on {self.start} and ends on {self.end}.",
                allowed="It starts first.",
            )
        if self.kind != CREDIT and self.allow:
            raise ParameterError(
                f"Offer {self.id!r} lifts a guard of credit, but is of the kind {self.kind!r}.",
                hint='Leave allow out, or set kind = "credit".',
            )
        if self.kind == CREDIT and self.include_protected:
            raise ParameterError(
                f"Offer {self.id!r} is one of credit and names protected attributes.",
                allowed="Who is offered credit never hangs on them.",
                hint="Leave include_protected out.",
            )
        return self

    @property
    def title(self) -> str:
        """The name, or the id where there is none."""
        return self.name or self.id

    def runs_on(self, day: date | None) -> bool:
        """Return whether it may be planned on a day; None, an unknown day, is any."""
        if day is None:
            return True
        return not (self.start and day < self.start) and not (self.end and day > self.end)

    def most(self, customers: int) -> int:
        """Return how many of so many customers it may be planned for, the control included.

        The contacts among them, all but the control, are never more than ``capacity``.

        Examples
        --------
        >>> Offer(id="a", capacity=90, control_share=0.1).most(1000)
        101
        """
        if self.capacity is None:
            return customers
        if self.capacity == 0:
            return 0
        most = int(self.capacity / (1 - self.control_share)) + 2
        while most - self.control(most) > self.capacity:
            most -= 1
        return min(most, customers)

    def control(self, planned: int) -> int:
        """Return how many of so many planned customers are the control.

        At least ``control_share`` of them, but never all.

        Examples
        --------
        >>> [Offer(id="a").control(n) for n in (0, 1, 2, 10, 11)]
        [0, 0, 1, 1, 2]
        """
        if planned < 2:
            return 0
        exact = round(self.control_share * planned, 9)
        return min(int(exact) + (exact > int(exact)), planned - 1)


def called(data: Any) -> str:
    """Name an offer that is still plain data."""
    name = data.get("id") if isinstance(data, Mapping) else None
    return f"Offer {str(name)[:100]!r}" if name else "An offer"


def check_catalogue(offers: Sequence[Offer]) -> None:
    """Check what only all offers together show.

    Raises
    ------
    ParameterError
        If there are too many, or two have one id.

    Examples
    --------
    >>> check_catalogue([Offer(id="a"), Offer(id="b")])
    """
    if len(offers) > MAX_OFFERS:
        raise ParameterError(
            f"[[offers]] lists {len(offers)} offers.", allowed=f"At most {MAX_OFFERS}."
        )
    seen: set[str] = set()
    for offer in offers:
        if offer.id in seen:
            raise ParameterError(
                f"Two offers have the id {offer.id!r}.", hint="Give each an id of its own."
            )
        seen.add(offer.id)
