"""The stream of a project in the operational database: reading and writing its tables.

All is done on the connection of one transaction, so that what came, what it changed and what is
told of it are committed together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from coterie.errors import NotReadyError
from coterie.store.bulk import Rows, fetch, fetch_pairs, insert, moment, put, read_all, remove
from coterie.store.stream_tables import (
    CAME,
    COUNTS,
    DEAD,
    LEVEL1,
    MOVES,
    OFFSETS,
    STATES,
    STREAM_EVENTS,
    STREAM_LINES,
    STREAMS,
    SUMS,
    columns_of,
)

BY = "customer_id"
STATE = tuple(column.name for column in STATES.c if column.name != "project")
MOVE = tuple(column.name for column in MOVES.c if column.name not in {"seq", "project"})
_PLUS = {name: f't."{name}" + excluded."{name}"' for name in (*SUMS, "n", "value_micros")}
_FIRST = {
    "day": "CASE WHEN excluded.day < t.day THEN excluded.day ELSE t.day END",
    "hour": "CASE WHEN excluded.day * 24 + excluded.hour < t.day * 24 + t.hour "
    "THEN excluded.hour ELSE t.hour END",
    "channel": "CASE WHEN t.channel IS NULL OR excluded.channel < t.channel "
    "THEN excluded.channel ELSE t.channel END",
}


class Streams:
    """The rows of one project.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    project : str
        Whose.
    """

    def __init__(self, connection: sa.Connection, project: str) -> None:
        self._connection = connection
        self.project = project

    def row(self, *, lock: str = "") -> dict[str, Any] | None:
        """Return the stream's row, or None; ``lock`` may be ``share`` or ``alone``."""
        query = sa.select(STREAMS).filter_by(project=self.project)
        if lock:
            query = query.with_for_update(read=lock == "share")
        found = self._connection.execute(query).mappings().first()
        return dict(found) if found else None

    def opened(self, *, lock: str = "") -> dict[str, Any]:
        """Return the stream's row.

        Raises
        ------
        NotReadyError
            If the stream did not begin yet.
        """
        found = self.row(lock=lock)
        if found is None:
            raise NotReadyError("The stream has not begun: nobody is placed yet.")
        return found

    def write(self, **values: Any) -> None:
        """Change the stream's row, or make it."""
        mine = STREAMS.c.project == self.project
        if not self._connection.execute(STREAMS.update().where(mine).values(**values)).rowcount:
            self._connection.execute(STREAMS.insert().values(project=self.project, **values))

    def counts(self) -> dict[str, Any]:
        """Return what came in numbers."""
        query = sa.select(COUNTS).filter_by(project=self.project)
        found = self._connection.execute(query).mappings().first()
        none = dict.fromkeys(("accepted", "repeated", "late", "refused", "moves"), 0)
        return dict(found) if found else {**none, "last_ts": None, "at": None}

    def count(self, now: datetime, last_ts: int | None, **more: int) -> None:
        """Add to the numbers; the row is held until the transaction ends.

        Parameters
        ----------
        now : datetime
            When; it is noted with ``last_ts``, so that both tell of the same event.
        last_ts : int or None
            The latest time among what came.
        **more : int
            What to add, by column.
        """
        mine = COUNTS.c.project == self.project
        values: dict[str, Any] = {name: COUNTS.c[name] + n for name, n in more.items()}
        if last_ts is not None:
            values["at"] = now
            older = sa.or_(COUNTS.c.last_ts.is_(None), COUNTS.c.last_ts < last_ts)
            values["last_ts"] = sa.case((older, last_ts), else_=COUNTS.c.last_ts)
        if self._connection.execute(COUNTS.update().where(mine).values(**values)).rowcount:
            return
        none = dict.fromkeys(("accepted", "repeated", "late", "refused", "moves"), 0)
        row = {**none, **more, "project": self.project, "last_ts": last_ts, "at": now}
        self._connection.execute(COUNTS.insert().values(**row))

    def known(self, table: str, ids: Sequence[str]) -> set[str]:
        """Return which ids of a canonical table came before."""
        kept = CAME[table]
        key = columns_of(kept)[0]
        return {one for (one,) in fetch(self._connection, kept, self.project, key, ids, [key])}

    def keep(self, rows: Mapping[str, Rows]) -> None:
        """Write down what came, by canonical table: rows without the project, all of them new."""
        for table, some in rows.items():
            kept = CAME[table]
            insert(self._connection, kept, self._mine(some), ["project", *columns_of(kept)])

    def kept(self, table: str, customers: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the rows of a canonical table that came of some customers.

        Events are all looked through: nothing but measures of a project asks for them.
        """
        names = columns_of(CAME[table])
        return fetch(self._connection, CAME[table], self.project, BY, customers, names)

    def kept_since(self, table: sa.Table, after: str, n: int) -> list[tuple[Any, ...]]:
        """Return the next rows that came, in the order of their ids after one of them.

        Parameters
        ----------
        table : sqlalchemy.Table
            One of ``CAME``.
        after : str
            An id.
        n : int
            How many at most.

        Returns
        -------
        list of tuple
            All columns but the project.
        """
        key = table.primary_key.columns.values()[1]
        query = sa.select(*(table.c[name] for name in columns_of(table)))
        query = query.where(table.c.project == self.project, key > after).order_by(key).limit(n)
        return read_all(self._connection, query)

    def level1(self, name: str, customers: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return rows of a table of level 1, all columns but the project."""
        table = LEVEL1[name]
        return fetch(self._connection, table, self.project, BY, customers, columns_of(table))

    def rows_at(
        self, name: str, key: str, pairs: Sequence[tuple[str, Any]]
    ) -> list[tuple[Any, ...]]:
        """Return rows of a table of level 1 by customer and another column of their key.

        Parameters
        ----------
        name, key : str
            The table and the column.
        pairs : sequence of (str, str or int)
            Customers and values, no pair twice.

        Returns
        -------
        list of tuple
            All columns but the project.
        """
        table, names = LEVEL1[name], columns_of(LEVEL1[name])
        return fetch_pairs(self._connection, table, self.project, (BY, key), pairs, names)

    def add(self, name: str, rows: Rows) -> None:
        """Add rows to a table of level 1: sums are added, of an order the first hour is kept."""
        table = LEVEL1[name]
        keys = {column.name for column in table.primary_key}
        merge = {n: (_FIRST | _PLUS)[n] for n in columns_of(table) if n not in keys}
        put(self._connection, table, self._mine(rows), merge=merge)

    def replace(self, name: str, customers: Sequence[str], rows: Rows) -> None:
        """Put rows of some customers in the place of all that they have in a table of level 1.

        Parameters
        ----------
        name : str
            The table.
        customers : sequence of str
            Who.
        rows : rows
            All columns but the project.
        """
        table = LEVEL1[name]
        remove(self._connection, table, self.project, BY, customers)
        insert(self._connection, table, self._mine(rows), ["project", *columns_of(table)])

    def states(self, customers: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """Return the states of customers by id, and hold them until the transaction ends."""
        if self._connection.dialect.name == "postgresql":
            self._hold(customers)
        rows = fetch(self._connection, STATES, self.project, BY, customers, STATE)
        return {row[0]: row for row in rows if row[1]}

    def peek(self, customer_id: str) -> dict[str, Any] | None:
        """Return the state of a customer without holding it, or None."""
        query = sa.select(STATES).filter_by(project=self.project, customer_id=customer_id)
        found = self._connection.execute(query.where(STATES.c.label_id != "")).mappings().first()
        return dict(found) if found else None

    def _hold(self, customers: Sequence[str]) -> None:
        """Lock rows in order, those of new customers too: two consumers never do one at a time."""
        blank = sa.text(
            "INSERT INTO states (project, customer_id, measures, segment_id, label_id, since) "
            "SELECT :project, id, '', '', '', 0 FROM unnest(CAST(:ids AS text[])) AS id "
            'ORDER BY id COLLATE "C" ON CONFLICT DO NOTHING'
        )
        held = sa.text(
            "SELECT 1 FROM states WHERE project = :project AND customer_id = ANY(:ids) "
            "ORDER BY customer_id FOR UPDATE"
        )
        what = {"project": self.project, "ids": list(customers)}
        self._connection.execute(blank, what)
        self._connection.execute(held, what)

    def next_states(self, after: str, n: int) -> list[tuple[Any, ...]]:
        """Return the next states in the order of the customers after one of them, and hold them."""
        query = sa.select(*(STATES.c[name] for name in STATE))
        known = STATES.c.label_id != ""  # of others only the row is held
        query = query.where(STATES.c.project == self.project, STATES.c.customer_id > after, known)
        query = query.order_by(STATES.c.customer_id).limit(n).with_for_update()
        return read_all(self._connection, query)

    def put_states(self, rows: Rows) -> None:
        """Write states, in the order of ``STATE``."""
        put(self._connection, STATES, self._mine(rows))

    def add_moves(self, rows: Rows, now: datetime) -> None:
        """Write what is to be told, in the order of ``MOVE`` without ``id`` and ``at``.

        They were counted before: the numbers make ids that no other message has.
        """
        if not rows:
            return
        first = int(self.counts()["moves"]) - len(rows) + 1
        # Numbers that rise keep the index small; what is told makes them differ from those of a
        # stream that began anew.
        told = hashlib.sha256(repr((self.project, first, rows)).encode()).hexdigest()[:12]
        at = moment(self._connection, now)
        made = [(f"{number:012x}{told}", *row, at) for number, row in enumerate(rows, first)]
        insert(self._connection, MOVES, self._mine(made), ["project", *MOVE])

    def moves_after(self, seq: int, n: int, *, customer: str = "") -> list[dict[str, Any]]:
        """Return what is told after a number, in order.

        Parameters
        ----------
        seq : int
            A number.
        n : int
            How many at most.
        customer : str, optional
            Whose alone.

        Returns
        -------
        list of dict
            Rows of ``MOVES``.
        """
        query = sa.select(MOVES).where(MOVES.c.project == self.project, MOVES.c.seq > seq)
        if customer:
            query = query.where(MOVES.c.customer_id == customer)
        rows = self._connection.execute(query.order_by(MOVES.c.seq).limit(n)).mappings()
        return [dict(row) for row in rows]

    def bury(
        self,
        source: str,
        letters: Iterable[tuple[str, str, str]],
        now: datetime,
    ) -> None:
        """Keep messages that cannot be used: (reason, message, raw).

        Parameters
        ----------
        source : str
            Where they came from.
        letters : iterable of (str, str, str)
            Reason, message and raw text of each.
        now : datetime
            When.
        """
        rows = [(source, *letter, moment(self._connection, now)) for letter in letters]
        insert(self._connection, DEAD, self._mine(rows), ["project", *columns_of(DEAD)[1:]])

    def offsets(self, topic: str) -> dict[int, int]:
        """Return the next message to be read of each partition."""
        query = sa.select(OFFSETS.c.partition, OFFSETS.c.next)
        query = query.filter_by(project=self.project, topic=topic)
        return {row.partition: row.next for row in self._connection.execute(query)}

    def set_offsets(self, topic: str, offsets: Mapping[int, int]) -> None:
        """Remember the next message of partitions; a number never goes back.

        Parameters
        ----------
        topic : str
            Of Kafka.
        offsets : mapping of int to int
            Partition -> the next message.
        """
        rows = [(self.project, topic, part, nxt) for part, nxt in sorted(offsets.items())]
        later = "CASE WHEN excluded.next > t.next THEN excluded.next ELSE t.next END"
        put(self._connection, OFFSETS, rows, merge={"next": later})

    def clear_level1(self) -> None:
        """Forget level 1, to make it anew; what came stays."""
        for table in LEVEL1.values():
            self._connection.execute(table.delete().where(table.c.project == self.project))

    def load(self, name: str, rows: Rows) -> None:
        """Write rows of a table of level 1 that is empty for them."""
        table = LEVEL1[name]
        insert(self._connection, table, self._mine(rows), ["project", *columns_of(table)])

    def leaving(
        self,
        windows: Sequence[int],
        was: int,
        is_now: int,
        between: tuple[str, str],
    ) -> list[str]:
        """Return the customers, from one to another, of whom something leaves a window.

        Parameters
        ----------
        windows : sequence of int
            Lengths in days.
        was, is_now : int
            The former day and the new one.
        between : (str, str)
            First and last customer, both included.

        Returns
        -------
        list of str
            In order.
        """
        if not windows:
            return []
        found: set[str] = set()
        first, last = between
        for table in LEVEL1.values():
            who = table.c.customer_id
            days = [
                sa.and_(table.c.day >= was - length, table.c.day < is_now - length)
                for length in windows
            ]
            query = (
                sa.select(who)
                .distinct()
                .where(
                    table.c.project == self.project,
                    # Not BETWEEN: to PostgreSQL its AND would belong to the collation.
                    who >= first,
                    who <= last,
                    sa.or_(sa.false(), *days),
                )
            )
            found |= set(self._connection.execute(query).scalars())
        return sorted(found)

    def forget(self, customers: Sequence[str]) -> None:
        """Drop the states of customers of whom nothing is known any more."""
        remove(self._connection, STATES, self.project, BY, customers)

    def prune(self, *, before: int) -> None:
        """Drop what came of days before one of them."""
        for table in (STREAM_LINES, STREAM_EVENTS):  # what came of offers is asked for ever after
            old = table.c.project == self.project, table.c.day < before
            self._connection.execute(table.delete().where(*old))

    def _mine(self, rows: Rows) -> list[tuple[Any, ...]]:
        return [(self.project, *row) for row in rows]
