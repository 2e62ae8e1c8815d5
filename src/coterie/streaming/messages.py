"""One message: an order line or another event as JSON, checked and turned into a canonical row.

A field that is not known is left alone, so that a producer may send more than is read here; a
field that is known and holds something else than it should refuses the message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from coterie.schema import MICROS, MILLI

ORDER = "order"
"""The type of an order line; any other word is the type of an event."""
MAX_TEXT = 10_000
"""Characters of a refused message that are kept."""
MAX_ID, MAX_NAME = 200, 500
"""Characters of an id, and of any other text."""
MAX_BYTES = 65_536
"""Bytes of one message."""
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


@dataclass(frozen=True)
class Refused:
    """A message that cannot be used.

    Parameters
    ----------
    reason : str
        One word of those that the quarantine knows.
    message : str
        What is wrong, for people.
    raw : str
        The message, cut to ``MAX_TEXT`` characters.
    at : int
        Its place among those that came with it, from 0.
    """

    reason: str
    message: str
    raw: str
    at: int = 0


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


@dataclass
class Batch:
    """Messages that were read together: rows by their ids, the first of each id alone.

    Parameters
    ----------
    lines, events : dict of str to tuple
        Rows as ``LINE`` and ``EVENT``.
    raw : list of bytes
        The messages themselves, in order.
    refused : list of Refused
        What cannot be used.
    at : dict of (bool, str) to int
        Place of each message among all that came: whether it is an order line, and its id. Lines
        and other events may be numbered apart.
    repeated : int
        Messages whose id came before in the same batch.
    """

    lines: dict[str, tuple[Any, ...]]
    events: dict[str, tuple[Any, ...]]
    raw: list[bytes]
    refused: list[Refused]
    at: dict[tuple[bool, str], int] = field(default_factory=dict)
    repeated: int = 0

    def refuse(self, rows: dict[str, tuple[Any, ...]], key: str, reason: str, message: str) -> None:
        """Take a row out, and say why.

        Parameters
        ----------
        rows : dict of str to tuple
            ``lines`` or ``events``.
        key : str
            The id of the row.
        reason, message : str
            As of ``Refused``.
        """
        del rows[key]
        at = self.at[rows is self.lines, key]
        self.refused.append(_refused(reason, message, self.raw[at], at))

    def __len__(self) -> int:
        """Return how many messages there were."""
        return len(self.lines) + len(self.events) + len(self.refused) + self.repeated


class _BadError(Exception):
    """A message of ours, with a reason."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


_DECODER = msgspec.json.Decoder(Message)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def split(body: bytes) -> list[bytes]:
    r"""Return the messages of a body: one object, a list of them, or one a line (NDJSON).

    Parameters
    ----------
    body : bytes
        JSON or NDJSON. Lines that are no JSON are told apart later, one by one.

    Returns
    -------
    list of bytes
        In their order.

    Raises
    ------
    msgspec.DecodeError
        If it begins a list that does not end.

    Examples
    --------
    >>> split(b'[{"id": "a"}, {"id": "b"}]'), split(b'{"id": "a"}\n{"id": "b"}')
    ([b'{"id": "a"}', b'{"id": "b"}'], [b'{"id": "a"}', b'{"id": "b"}'])
    """
    if body.lstrip()[:1] == b"[":
        return [bytes(one) for one in _LIST.decode(body)]
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) > 1 and not lines[0].rstrip().endswith(b"}"):
        return [body]  # one object over several lines
    return lines


def read_batch(messages: list[bytes], reading: Reading) -> Batch:
    """Read messages; those that cannot be used are refused with a reason, and nothing else.

    Parameters
    ----------
    messages : list of bytes
        JSON objects.
    reading : Reading
        How they are read.

    Returns
    -------
    Batch
        All that came.

    Examples
    --------
    >>> sale = b'{"id":"1","type":"order","customer_id":"anna","amount":9.5,'
    >>> batch = read_batch([sale + b'"timestamp":"2026-01-02T10:00:00Z"}', b"{"], Reading())
    >>> batch.lines["1"][4:6], batch.lines["1"][-3:], batch.refused[0].reason
    ((20455, 10), (9500000, 0, 'sale'), 'bad_json')
    """
    zone = None if reading.timezone == "UTC" else ZoneInfo(reading.timezone)
    batch = Batch({}, {}, messages, [])
    for at, raw in enumerate(messages):
        try:
            if len(raw) > MAX_BYTES:
                raise _BadError("too_long", f"The message has {len(raw):,} bytes.")
            message = _checked(_DECODER.decode(raw))
            line = message.type == ORDER
            if (line, message.id) in batch.at:
                batch.repeated += 1
                continue
            if line:
                batch.lines[message.id] = _line(message, reading, zone)
            else:
                batch.events[message.id] = _event(message, zone)
            batch.at[line, message.id] = at
        except _BadError as error:
            batch.refused.append(_refused(error.reason, str(error), raw, at))
        except msgspec.ValidationError as error:
            batch.refused.append(_refused(_reason(str(error)), _said(str(error)), raw, at))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            batch.refused.append(_refused("bad_json", _said(str(error)), raw, at))
    return batch


def _refused(reason: str, message: str, raw: bytes, at: int) -> Refused:
    # PostgreSQL's text cannot hold the zero character.
    text = raw[: 4 * MAX_TEXT].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return Refused(reason, message, text[:MAX_TEXT], at)


def _reason(said: str) -> str:
    if "$.timestamp" in said:
        return "bad_time"
    if "missing required" in said:
        return "missing_key"
    numbers = ("$.quantity", "$.unit_price", "$.amount", "$.discount", "$.value")
    return "bad_number" if said.endswith(tuple(f"`{name}`" for name in numbers)) else "bad_json"


def _said(text: str) -> str:
    return text.replace("$.", "").replace("`", "")[:300]


_IDS = ("id", "customer_id", "visitor_id", "order_id", "session_id", "product_id")
_NAMES = ("type", "product_name", "category", "channel", "country")


def _checked(message: Message) -> Message:
    """Trim texts, and refuse what no row may hold."""
    for names, most in ((_IDS, MAX_ID), (_NAMES, MAX_NAME)):
        for name in names:
            text = getattr(message, name)
            if text is None:
                continue
            plain = text.strip()
            if len(plain) > most:
                raise _BadError("too_long", f"{name} has {len(plain):,} characters.")
            if "\x00" in plain:
                raise _BadError("bad_text", f"{name} holds a zero character.")
            if plain != text or not plain:
                setattr(message, name, plain or None)
    if message.id is None:
        raise _BadError("missing_key", "id is empty.")
    if message.type is None:
        raise _BadError("missing_key", "type is empty.")
    return message


def _when(time: datetime, zone: ZoneInfo | None) -> tuple[int, int, int]:
    """Return microseconds since 1970, and day and hour in the zone of the project."""
    if time.tzinfo is None:
        time = time.replace(tzinfo=zone or UTC)
    try:
        since = time - _FIRST
        local = time.astimezone(zone or UTC)
    except OverflowError as error:
        raise _BadError("bad_time", f"{time.isoformat()} is no time.") from error
    ts = (since.days * _SECONDS_A_DAY + since.seconds) * MICROS + since.microseconds
    day = local.toordinal() - _FIRST.toordinal()
    if day < 0:
        raise _BadError("bad_time", f"{time.isoformat()} lies before 1970.")
    return ts, day, local.hour


def _whole(number: Decimal, scale: int, name: str) -> int:
    """Return a number times its scale, rounded half to even."""
    if not number.is_finite():
        raise _BadError("bad_number", f"{name} is no number.")
    if number.adjusted() > 18:
        raise _BadError("overflow", f"{name} is too large for 64 bits.")
    whole = int((number * scale).to_integral_value(ROUND_HALF_EVEN))
    if not -_LIMIT < whole < _LIMIT:
        raise _BadError("overflow", f"{name} is too large for 64 bits.")
    return whole


def _line(message: Message, reading: Reading, zone: ZoneInfo | None) -> tuple[Any, ...]:
    ts, day, hour = _when(message.timestamp, zone)
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
        raise _BadError("bad_number", "No amount, and not both quantity and unit_price.")
    if message.unit_price < 0:
        raise _BadError("bad_number", "unit_price is below zero.")
    _whole(message.quantity, MILLI, "quantity")
    _whole(message.unit_price, MICROS, "unit_price")
    return _whole(message.quantity * message.unit_price, MICROS, "amount")


def _event(message: Message, zone: ZoneInfo | None) -> tuple[Any, ...]:
    if message.customer_id is None and message.visitor_id is None:
        raise _BadError("missing_key", "Neither customer_id nor visitor_id.")
    ts, day, hour = _when(message.timestamp, zone)
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
