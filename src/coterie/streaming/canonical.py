"""Rows of canonical tables, each made of one message that was read.

What a message may hold is the same for all kinds; its type says which table it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from coterie.schema import MICROS, MILLI

MAX_ID, MAX_NAME = 200, 500
"""Characters of an id, and of any other text."""
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LIMIT = 2**63
_SECONDS_A_DAY = 86_400


class Message(msgspec.Struct):
    """What a message may hold; ``id``, ``type`` and ``timestamp`` it must."""

    id: str
    type: str
    timestamp: datetime
    customer_id: str | None = None
    visitor_id: str | None = None
    order_id: str | None = None
    session_id: str | None = None
    product_id: str | None = None
    product_name: str | None = None
    category: str | None = None
    channel: str | None = None
    country: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    discount: Decimal | None = None
    value: Decimal | None = None
    touch_id: str | None = None
    offer_id: str | None = None
    treated: bool | None = None
    responded: bool | None = None
    propensity: float | None = None


@dataclass(frozen=True)
class Reading:
    """How messages of a project are read.

    Parameters
    ----------
    timezone : str
        Of days and hours, and of times without zone.
    service_codes : frozenset of str
        Products that are services.
    """

    timezone: str = "UTC"
    service_codes: frozenset[str] = frozenset()

    @cached_property
    def zone(self) -> ZoneInfo | None:
        """The zone of days, None for UTC."""
        return None if self.timezone == "UTC" else ZoneInfo(self.timezone)


LINE = (
    "line_id",
    "customer_id",
    "order_id",
    "ts",
    "day",
    "hour",
    "product_id",
    "product_name",
    "category",
    "channel",
    "country",
    "quantity_milli",
    "amount_micros",
    "discount_micros",
    "kind",
)
"""Columns of an order line, in order; ``ts`` in microseconds since 1970."""
EVENT = (
    "event_id",
    "customer_id",
    "visitor_id",
    "ts",
    "day",
    "hour",
    "type",
    "session_id",
    "product_id",
    "channel",
    "value_micros",
)
"""Columns of another event, in order."""


TOUCH = (
    "event_id",
    "touch_id",
    "customer_id",
    "ts",
    "day",
    "offer_id",
    "channel",
    "treated",
    "responded",
    "value_micros",
    "propensity",
)
"""Columns of a contact, or of the answer to one, in order."""


class BadMessageError(Exception):
    """A message of ours, with a reason."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


_IDS = (
    "id",
    "customer_id",
    "visitor_id",
    "order_id",
    "session_id",
    "product_id",
    "touch_id",
    "offer_id",
)
_NAMES = ("type", "product_name", "category", "channel", "country")


def check_message(message: Message) -> Message:
    """Trim the texts of a message, and refuse what no row may hold."""
    for names, most in ((_IDS, MAX_ID), (_NAMES, MAX_NAME)):
        for name in names:
            text = getattr(message, name)
            if text is None:
                continue
            plain = text.strip()
            if len(plain) > most:
                raise BadMessageError("too_long", f"{name} has {len(plain):,} characters.")
            if "\x00" in plain:
                raise BadMessageError("bad_text", f"{name} holds a zero character.")
            if plain != text or not plain:
                setattr(message, name, plain or None)
    if message.id is None:
        raise BadMessageError("missing_key", "id is empty.")
    if message.type is None:
        raise BadMessageError("missing_key", "type is empty.")
    return message


def _when(time: datetime, zone: ZoneInfo | None) -> tuple[int, int, int]:
    """Return microseconds since 1970, and day and hour in the zone of the project."""
    if time.tzinfo is None:
        time = time.replace(tzinfo=zone or UTC)
    try:
        since = time - _FIRST
        local = time.astimezone(zone or UTC)
    except OverflowError as error:
        raise BadMessageError("bad_time", f"{time.isoformat()} is no time.") from error
    ts = (since.days * _SECONDS_A_DAY + since.seconds) * MICROS + since.microseconds
    day = local.toordinal() - _FIRST.toordinal()
    if day < 0:
        raise BadMessageError("bad_time", f"{time.isoformat()} lies before 1970.")
    return ts, day, local.hour


def _whole(number: Decimal, scale: int, name: str) -> int:
    """Return a number times its scale, rounded half to even."""
    if not number.is_finite():
        raise BadMessageError("bad_number", f"{name} is no number.")
    if number.adjusted() > 18:
        raise BadMessageError("overflow", f"{name} is too large for 64 bits.")
    whole = int((number * scale).to_integral_value(ROUND_HALF_EVEN))
    if not -_LIMIT < whole < _LIMIT:
        raise BadMessageError("overflow", f"{name} is too large for 64 bits.")
    return whole


def line_of(message: Message, reading: Reading) -> tuple[Any, ...]:
    """Return an order line as ``LINE``."""
    ts, day, hour = _when(message.timestamp, reading.zone)
    pieces = MILLI if message.quantity is None else _whole(message.quantity, MILLI, "quantity")
    money = _money(message)
    if pieces < 0:
        money = -abs(money)
    if pieces < 0 or money < 0:
        kind = "return"
    elif money == 0:
        kind = "free"
    else:
        kind = "service" if message.product_id in reading.service_codes else "sale"
    discount = 0 if message.discount is None else _whole(message.discount, MICROS, "discount")
    order = message.order_id or f"{message.customer_id or message.id}@{day}"
    return (
        message.id,
        message.customer_id,
        order,
        ts,
        day,
        hour,
        message.product_id,
        message.product_name,
        message.category,
        message.channel,
        message.country,
        pieces,
        money,
        discount,
        kind,
    )


def _money(message: Message) -> int:
    if message.amount is not None:
        return _whole(message.amount, MICROS, "amount")
    if message.quantity is None or message.unit_price is None:
        raise BadMessageError("bad_number", "No amount, and not both quantity and unit_price.")
    if message.unit_price < 0:
        raise BadMessageError("bad_number", "unit_price is below zero.")
    _whole(message.quantity, MILLI, "quantity")
    _whole(message.unit_price, MICROS, "unit_price")
    return _whole(message.quantity * message.unit_price, MICROS, "amount")


def event_of(message: Message, reading: Reading) -> tuple[Any, ...]:
    """Return another event as ``EVENT``."""
    if message.customer_id is None and message.visitor_id is None:
        raise BadMessageError("missing_key", "Neither customer_id nor visitor_id.")
    ts, day, hour = _when(message.timestamp, reading.zone)
    value = None if message.value is None else _whole(message.value, MICROS, "value")
    return (
        message.id,
        message.customer_id,
        message.visitor_id,
        ts,
        day,
        hour,
        message.type,
        message.session_id,
        message.product_id,
        message.channel,
        value,
    )


def touch_of(message: Message, reading: Reading) -> tuple[Any, ...]:
    """Return a contact as ``TOUCH``; without an id of its own it is called as the message."""
    for name in ("customer_id", "offer_id"):
        if getattr(message, name) is None:
            raise BadMessageError("missing_key", f"{name} is missing.")
    share = message.propensity
    if share is not None and not 0 <= share <= 1:
        raise BadMessageError("bad_number", "propensity does not lie between 0 and 1.")
    if message.treated and share == 0:
        raise BadMessageError("bad_number", "propensity is 0, and yet contacted.")
    ts, day, _ = _when(message.timestamp, reading.zone)
    return (
        message.id,
        message.touch_id or message.id,
        message.customer_id,
        ts,
        day,
        message.offer_id,
        message.channel,
        message.treated,
        message.responded,
        None if message.value is None else _whole(message.value, MICROS, "value"),
        share,
    )
