"""Messages as JSON: checked, and sorted by the table that their rows belong to.

A field that is not known is left alone, so that a producer may send more than is read here; a
field that is known and holds something else than it should refuses the message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from coterie.streaming.canonical import (
    EVENT,
    LINE,
    TOUCH,
    BadMessageError,
    Message,
    Reading,
    check_message,
    event_of,
    line_of,
    touch_of,
)

_KINDS = {"order": ("lines", line_of), "touch": ("touches", touch_of)}
_OTHER = ("events", event_of)
"""Type of a message -> its table, and how its row is made; any other type is that of an event."""
COLUMNS = {"lines": LINE, "events": EVENT, "touches": TOUCH}
MAX_TEXT = 10_000
"""Characters of a refused message that are kept."""
MAX_BYTES = 65_536
"""Bytes of one message."""


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


@dataclass
class Batch:
    """Messages that were read together: rows by their ids, the first of each id alone.

    Parameters
    ----------
    rows : dict of str to dict of str to tuple
        By table, ``lines``, ``events`` and ``touches``, and by id: as ``COLUMNS``. Tables may be
        numbered apart.
    raw : list of bytes
        The messages themselves, in order.
    refused : list of Refused
        What cannot be used.
    at : dict of (str, str) to int
        Place of each message among all that came, by table and id.
    """

    rows: dict[str, dict[str, tuple[Any, ...]]]
    raw: list[bytes]
    refused: list[Refused]
    at: dict[tuple[str, str], int] = field(default_factory=dict)

    def refuse(self, table: str, key: str, reason: str, message: str) -> None:
        """Take a row out, and say why.

        Parameters
        ----------
        table, key : str
            Where it is, and its id.
        reason, message : str
            As of ``Refused``.
        """
        del self.rows[table][key]
        at = self.at[table, key]
        self.refused.append(_refused(reason, message, self.raw[at], at))

    def __len__(self) -> int:
        """Return how many messages there were."""
        return len(self.raw)


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
    >>> row = batch.rows["lines"]["1"]
    >>> row[4:6], row[-3:], batch.refused[0].reason
    ((20455, 10), (9500000, 0, 'sale'), 'bad_json')
    """
    batch = Batch({table: {} for table in COLUMNS}, messages, [])
    for at, raw in enumerate(messages):
        try:
            if len(raw) > MAX_BYTES:
                raise BadMessageError("too_long", f"The message has {len(raw):,} bytes.")
            message = check_message(_DECODER.decode(raw))
            table, read = _KINDS.get(message.type, _OTHER)
            if (table, message.id) not in batch.at:
                batch.rows[table][message.id] = read(message, reading)
                batch.at[table, message.id] = at
        except BadMessageError as error:
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
    numbers = tuple(
        f"$.{n}" for n in ("quantity", "unit_price", "amount", "discount", "value", "propensity")
    )
    return "bad_number" if said.endswith(tuple(f"`{name}`" for name in numbers)) else "bad_json"


def _said(text: str) -> str:
    return text.replace("$.", "").replace("`", "")[:300]
