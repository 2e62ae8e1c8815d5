"""What is told of customers to other systems: one message of each move, sent in order.

A sink's place in the outbox moves only after the sink has a message: it may come twice, with the
same ``id``, and is never lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from coterie.errors import CoterieError
from coterie.features.windows import to_date
from coterie.schema import MICROS
from coterie.store.database import Database
from coterie.store.outbox import STOPPED, Cursor, cursors, dead_after, hold
from coterie.store.streams import Streams
from coterie.streaming.moves import VALUE

Message = dict[str, Any]
Say = Callable[[str], None]
MOST_FAILURES = 35
"""After so many, about a day, what a sink did not take is a dead letter, if it gives up."""
LONGEST = 3_600
"""Seconds between two tries at most; the first wait is one second, and each is twice the last."""


class UndeliveredError(CoterieError):
    """A sink did not take what it was sent.

    Parameters
    ----------
    message : str
        Why.
    gone : bool, default False
        Whether it wants nothing more.
    """

    code = "undelivered"

    def __init__(self, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


class Sink(Protocol):
    """A system that is told who moved, or what could not be used.

    ``name`` is that of its place in the outbox, ``most`` the messages of one sending; with
    ``gives_up`` they are dead letters after ``MOST_FAILURES``. ``types`` are those it wants, empty
    for all.
    """

    name: str
    tells: Literal["moves", "dead"]
    most: int
    gives_up: bool
    types: frozenset[str]

    def send(self, messages: Sequence[Message], now: datetime) -> None:
        """Send messages in order; when it returns, the sink has them.

        Parameters
        ----------
        messages : sequence of dict
            As of ``message_of`` or ``letter_of``.
        now : datetime
            When.

        Raises
        ------
        UndeliveredError
            If it did not take all.
        """


def message_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a move, as JSON; the same for every way of telling.

    Parameters
    ----------
    row : mapping
        Of the table ``moves``.

    Returns
    -------
    dict
        ``value`` is null but for ``value.changed``. ``effective`` is the time of the event that
        caused it, null where none did; ``at`` is when it was found.

    Examples
    --------
    >>> row = {"id": "5f1c", "project": "", "customer_id": "anna", "type": "segment.entered",
    ...     "cause": "event", "from_id": None, "to_id": "s1", "before": None, "after": None,
    ...     "margin": 0.5, "model_id": "m-1", "as_of": 20455, "ts": 1767348000000000,
    ...     "at": datetime(2026, 1, 2, 10, 0, 1, tzinfo=UTC)}
    >>> message = message_of(row)
    >>> message["to"], message["as_of"], message["effective"], message["at"][:19]
    ('s1', '2026-01-02', '2026-01-02T10:00:00+00:00', '2026-01-02T10:00:01')
    """
    ts = row["ts"]
    value = {"before": row["before"], "after": row["after"]} if row["type"] == VALUE else None
    return {
        "id": row["id"],
        "type": row["type"],
        "project": row["project"],
        "customer_id": row["customer_id"],
        "from": row["from_id"],
        "to": row["to_id"],
        "cause": row["cause"],
        "model_id": row["model_id"],
        "as_of": str(to_date(row["as_of"])),
        "effective": None if ts is None else datetime.fromtimestamp(ts / MICROS, UTC).isoformat(),
        "margin": row["margin"],
        "value": value,
        "at": row["at"].isoformat(),
    }


def letter_of(row: Mapping[str, Any]) -> Message:
    """Return what is told of a dead letter, as JSON.

    Parameters
    ----------
    row : mapping
        Of the table ``dead_letters``.

    Returns
    -------
    dict
        With an ``id`` that is the same whenever it is sent.
    """
    names = ("project", "source", "reason", "message", "raw")
    return {
        "id": f"{row['project']}:{row['seq']}",
        **{name: row[name] for name in names},
        "at": row["at"].isoformat(),
    }


def run_sinks(
    database: Database,
    project: str,
    sinks: Sequence[Sink],
    clock: Callable[[], datetime],
    say: Say = lambda _: None,
) -> int:
    """Tell each sink the next that it has not been told.

    Any number of processes may do so at once: a sink is told by one of them at a time.

    Parameters
    ----------
    database : Database
        Of the project's registry.
    project : str
        Whose outbox.
    sinks : sequence of Sink
        Who is told.
    clock : callable
        What time it is.
    say : callable, optional
        Told in a sentence what a sink did not take.

    Returns
    -------
    int
        By how many rows the sinks went on; 0 when there is nothing to be sent now.
    """
    return sum(_tell_one(database, project, sink, clock, say) for sink in sinks)


def _tell_one(
    database: Database,
    project: str,
    sink: Sink,
    clock: Callable[[], datetime],
    say: Say,
) -> int:
    with database.transaction() as connection:  # most often there is nothing, and nobody is held
        cursor = cursors(connection, project).get(sink.name, Cursor())
        rows = _rows(connection, project, sink, cursor.seq, 1)
    if not rows or not cursor.is_due(clock()):
        return 0
    with hold(database, project, sink.name, clock()) as held:
        if held is None:
            return 0
        with database.transaction() as connection:
            rows = _rows(connection, project, sink, held.seq, sink.most)
        if not rows:
            return 0
        make = message_of if sink.tells == "moves" else letter_of
        wanted = [row for row in rows if not sink.types or row["type"] in sink.types]
        messages = [make(row) for row in wanted]
        last = rows[-1]["seq"]
        try:
            if messages:
                sink.send(messages, clock())
        except UndeliveredError as error:
            say(_fail(sink, held, messages, error, clock()))
            if not held.letters:
                return 0
        held.move(last)
    return len(rows)


def _fail(
    sink: Sink,
    held: Cursor,
    messages: Sequence[Message],
    error: UndeliveredError,
    now: datetime,
) -> str:
    """Change the place of a sink that did not take messages, and say what will be done."""
    failures = held.failures + 1
    begin = f"{sink.name} did not take {len(messages):,} messages: {error}"
    if error.gone:
        held.wait(STOPPED, None)
        again = f"coterie stream deliver --resume {sink.name}"
        return f"{begin} It is sent nothing more. When it is back: {again}"
    if sink.gives_up and failures >= MOST_FAILURES:
        held.letters = [("undelivered", str(error), json.dumps(one)) for one in messages]
        return f"{begin} It is the {failures}th time: they are dead letters, and the next are sent."
    seconds = min(2 ** (failures - 1), LONGEST)
    held.wait(failures, now + timedelta(seconds=seconds))
    return f"{begin} They are sent again in {seconds:,} s."


def _rows(
    connection: sa.Connection, project: str, sink: Sink, seq: int, n: int
) -> list[dict[str, Any]]:
    if sink.tells == "moves":
        return Streams(connection, project).moves_after(seq, n)
    return dead_after(connection, project, seq, n)
