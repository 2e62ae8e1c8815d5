"""How far each sink has been told of what is in the outbox, and who is telling it just now.

In PostgreSQL whoever tells a sink holds its row for so long; SQLite has no locks of rows, so there
the row says until when it is held.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from coterie.store.database import Database
from coterie.store.stream_tables import CURSORS, DEAD
from coterie.store.streams import Streams

STOPPED = -1
"""Failures of a sink that wants nothing more."""
LEASE = timedelta(seconds=60)
"""For how long a sink is held in SQLite; no sink takes longer for what it is sent at once."""
FIELDS = ("seq", "failures", "again")


@dataclass
class Cursor:
    """The place of a sink, held by whoever has it.

    Parameters
    ----------
    seq : int
        The last row that it has.
    failures : int
        How often it did not take the next ones; ``STOPPED`` if it wants none.
    again : datetime or None
        Before this it is not tried.
    changes : dict
        What was changed; it is written at the end.
    letters : list of (str, str, str)
        Dead letters to be written with it: reason, message, raw text.
    """

    seq: int = 0
    failures: int = 0
    again: datetime | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    letters: list[tuple[str, str, str]] = field(default_factory=list)

    def is_due(self, now: datetime) -> bool:
        """Say whether the sink may be tried."""
        return self.failures != STOPPED and (self.again is None or self.again <= now)

    def move(self, seq: int) -> None:
        """Say that the sink has all up to a row."""
        self.changes = {"seq": seq, "failures": 0, "again": None}

    def wait(self, failures: int, again: datetime | None) -> None:
        """Say that the sink did not take what came next."""
        self.changes = {"failures": failures, "again": again}


def cursors(connection: sa.Connection, project: str) -> dict[str, Cursor]:
    """Return the places of all sinks of a project, by name.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    project : str
        Whose.

    Returns
    -------
    dict of str to Cursor
        In the order of their names.
    """
    query = sa.select(CURSORS).filter_by(project=project).order_by(CURSORS.c.sink)
    return {row.sink: Cursor(row.seq, row.failures, row.again) for row in connection.execute(query)}


def dead_after(connection: sa.Connection, project: str, seq: int, n: int) -> list[dict[str, Any]]:
    """Return the dead letters after a number, in order.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    project : str
        Whose.
    seq : int
        A number.
    n : int
        How many at most.

    Returns
    -------
    list of dict
        Rows of ``dead_letters``.
    """
    query = sa.select(DEAD).where(DEAD.c.project == project, DEAD.c.seq > seq)
    return [dict(row) for row in connection.execute(query.order_by(DEAD.c.seq).limit(n)).mappings()]


@contextmanager
def hold(database: Database, project: str, sink: str, now: datetime) -> Iterator[Cursor | None]:
    """Hold a sink's place, and write at the end what was changed of it.

    Parameters
    ----------
    database : Database
        Of the project's registry.
    project : str
        Whose.
    sink : str
        Its name.
    now : datetime
        When.

    Yields
    ------
    Cursor or None
        None if another has it, or if it is not to be tried yet.
    """
    one = {"project": project, "sink": sink}
    _make(database, one)
    if not database.path:
        with database.transaction(writes=True) as connection:
            cursor = _free(connection, one, now)
            yield cursor
            _write(connection, one, cursor, now)
        return
    with database.transaction(writes=True) as connection:
        cursor = _free(connection, one, now)
        if cursor is not None:
            connection.execute(_mine(one).values(again=now + LEASE))
            cursor.changes = {"again": cursor.again}
    try:
        yield cursor
    finally:
        if cursor is not None:
            with database.transaction(writes=True) as connection:
                _write(connection, one, cursor, now)


def resume(connection: sa.Connection, project: str, sink: str) -> bool:
    """Try a sink again that has stopped or is being waited for.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    project : str
        Whose.
    sink : str
        Its name.

    Returns
    -------
    bool
        False if no sink of that name was ever told anything.
    """
    mine = _mine({"project": project, "sink": sink})
    return bool(connection.execute(mine.values(failures=0, again=None)).rowcount)


def _make(database: Database, one: dict[str, str]) -> None:
    """Make the row if need be, committed at once: others pass over a locked row, not a new one."""
    with database.transaction() as connection:
        if one["sink"] in cursors(connection, one["project"]):
            return
    words = "INSERT INTO move_cursors (project, sink, seq) VALUES (:project, :sink, 0)"
    with database.transaction(writes=True) as connection:
        connection.execute(sa.text(f"{words} ON CONFLICT DO NOTHING"), one)


def _free(connection: sa.Connection, one: dict[str, str], now: datetime) -> Cursor | None:
    query = sa.select(*(CURSORS.c[name] for name in FIELDS)).filter_by(**one)
    row = connection.execute(query.with_for_update(skip_locked=True)).first()
    cursor = Cursor(*row) if row else None
    return cursor if cursor and cursor.is_due(now) else None


def _write(
    connection: sa.Connection, one: dict[str, str], cursor: Cursor | None, now: datetime
) -> None:
    if cursor is None or not cursor.changes:
        return
    connection.execute(_mine(one).values(**cursor.changes))
    Streams(connection, one["project"]).bury(one["sink"], cursor.letters, now)


def _mine(one: dict[str, str]) -> sa.Update:
    return CURSORS.update().where(
        CURSORS.c.project == one["project"], CURSORS.c.sink == one["sink"]
    )
