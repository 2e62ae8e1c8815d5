"""Micro-batches: what came is written, counted, scored and told in one transaction.

A message that came before changes nothing, so whoever sends may send again after any failure.
Sums are added to level 1; where a return or its sale is concerned the customer's level 1 is made
anew of all her lines, because pairs are matched in the order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.features.windows import to_date
from coterie.schema import MICROS
from coterie.store.database import Database
from coterie.store.streams import STATE, Streams
from coterie.streaming.measuring import (
    LEVEL1,
    Rows,
    events_of,
    level1_of,
    lines_of,
    make_state,
    score,
)
from coterie.streaming.messages import EVENT, LINE, Batch, Refused, read_batch
from coterie.streaming.model import StreamModel
from coterie.streaming.moves import Now, find_moves
from coterie.validation.netting import match_returns

_KIND, _TS, _DAY, _CUSTOMER = (LINE.index(n) for n in ("kind", "ts", "day", "customer_id"))
_EVENT_TS, _EVENT_DAY, _EVENT_CUSTOMER = (EVENT.index(n) for n in ("ts", "day", "customer_id"))
_STATE = {name: number for number, name in enumerate(STATE)}
_PAIRS = frozenset({"orders", "order_days", "order_mix"})
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Done:
    """What became of a batch.

    Parameters
    ----------
    accepted, repeated, late, refused : int
        Messages: used, known before, of those used from before the day of the run, not usable.
    moves : int
        Messages to tell.
    refusals : tuple of Refused
        What cannot be used, in order.
    """

    accepted: int
    repeated: int
    late: int
    refused: int
    moves: int
    refusals: tuple[Refused, ...] = ()


class Processor:
    """Takes events of a project, one batch after the other.

    Parameters
    ----------
    database : Database
        Of the project's registry.
    project : str
        Whose rows in it.
    model : StreamModel
        The published run.
    db : DuckDB
        To compute in; its tables are those of the last batch.
    clock : callable
        What time it is.
    """

    def __init__(
        self, database: Database, project: str, model: StreamModel, db: DuckDB, clock: Clock
    ) -> None:
        self.database = database
        self.streams = Streams(project)
        self.model = model
        self.db = db
        self.clock = clock
        model.history(db)

    def process(
        self,
        messages: Sequence[bytes],
        *,
        source: str = "http",
        topic: str = "",
        offsets: Mapping[int, int] | None = None,
    ) -> Done:
        """Take some messages; afterwards they are durable, counted and told.

        Parameters
        ----------
        messages : sequence of bytes
            JSON objects.
        source : str, default "http"
            Where they came from, for dead letters.
        topic : str, optional
            Of Kafka.
        offsets : mapping of int to int, optional
            Partition -> the next message to be read of it.

        Returns
        -------
        Done
            What became of them.

        Raises
        ------
        DatabaseError
            If they cannot be written; then nothing was.
        """
        batch = read_batch(list(messages), self.model.reading)
        now = self.clock()
        with self.database.transaction(writes=True) as connection:
            as_of = self._day(connection)
            done = self._take(connection, batch, as_of, now, source)
            if offsets:
                self.streams.set_offsets(connection, topic, offsets)
        return done

    def _day(self, connection: sa.Connection) -> int:
        """Return the day up to which the stream sees; nobody changes it meanwhile."""
        row = self.streams.row(connection, lock="share")
        assert row is not None, "the stream was not opened"
        return int(row["sweeping"] or row["as_of"])

    def _take(
        self, connection: sa.Connection, batch: Batch, as_of: int, now: datetime, source: str
    ) -> Done:
        self._hide(batch)
        _refuse_early(batch, as_of)
        known = self.streams.known(connection, list(batch.lines), list(batch.events))
        known |= self.seen_by_run("lines", self._late(batch.lines, _DAY, known))
        known |= self.seen_by_run("events", self._late(batch.events, _EVENT_DAY, known))
        self._refuse_unsure(batch, known)
        lines = [row for key, row in batch.lines.items() if key not in known]
        events = [row for key, row in batch.events.items() if key not in known]
        self.streams.keep(connection, lines, events)
        found = self.apply(connection, lines, events, as_of=as_of, cause="event")
        accepted = len(lines) + len(events)
        late = sum(row[_DAY] < self.model.watermark for row in lines)
        late += sum(row[_EVENT_DAY] < self.model.watermark for row in events)
        stamps = [row[_TS] for row in lines] + [row[_EVENT_TS] for row in events]
        repeated, refusals = len(batch) - accepted - len(batch.refused), tuple(batch.refused)
        counted = {"accepted": accepted, "repeated": repeated, "late": late}
        counted |= {"refused": len(refusals), "moves": len(found)}
        self.streams.bury(connection, source, [_letter(one) for one in refusals], now)
        self.streams.count(connection, now, max(stamps, default=None), **counted)
        self.streams.add_moves(connection, found, now)
        return Done(accepted, repeated, late, len(refusals), len(found), refusals)

    def _hide(self, batch: Batch) -> None:
        """Take out those who were erased, and call the others as the project does."""
        erasures = self.model.erasures()
        if erasures is None:
            return
        parts = ((batch.lines, _CUSTOMER), (batch.events, _EVENT_CUSTOMER))
        people = sorted({row[who] for rows, who in parts for row in rows.values()} - {None})
        gone = set(erasures.among(people))
        names = erasures.pseudonyms(people) if erasures.pseudonyms else {}
        for rows, who in parts:
            for key, row in list(rows.items()):
                if row[who] in gone:
                    batch.raw[key] = b""  # nothing of her is kept
                    batch.refuse(rows, key, "erased", "It is about somebody who was erased.")
                elif row[who] in names:
                    rows[key] = (*row[:who], names[row[who]], *row[who + 1 :])
        if names:
            batch.raw = dict.fromkeys(batch.raw, b"")

    def seen_by_run(self, table: str, ids: Sequence[str]) -> set[str]:
        """Return which ids of ``lines`` or ``events`` the run has seen.

        Parameters
        ----------
        table : str
            Which of the two.
        ids : sequence of str
            Of rows from before the day of the run.
        """
        if not ids or table not in self.model.own_ids or table not in self.model.tables:
            return set()
        key = "line_id" if table == "lines" else "event_id"
        listed = ", ".join(literal(one) for one in ids)
        query = f"SELECT {key} FROM past_{table} WHERE {key} IN ({listed})"
        return {one for (one,) in self.db.rows(query)}

    def _late(self, rows: Mapping[str, tuple[Any, ...]], day: int, known: set[str]) -> list[str]:
        """Return ids from before the day of the run that did not come before."""
        watermark = self.model.watermark
        return [key for key, row in rows.items() if row[day] < watermark and key not in known]

    def _refuse_unsure(self, batch: Batch, known: set[str]) -> None:
        """Take out what the run may have counted, where its rows have no ids to tell."""
        watermark = self.model.watermark
        for table, rows, day in (
            ("lines", batch.lines, _DAY),
            ("events", batch.events, _EVENT_DAY),
        ):
            if table in self.model.own_ids or table not in self.model.tables:
                continue
            for key in self._late(rows, day, known):
                message = (
                    f"It is of {to_date(rows[key][day])}, and the run has seen all before "
                    f"{to_date(watermark)}: its rows have no ids to tell whether this is one."
                )
                batch.refuse(rows, key, "late", message)

    def apply(
        self,
        connection: sa.Connection,
        lines: Rows,
        events: Rows,
        *,
        as_of: int,
        cause: str,
    ) -> list[tuple[Any, ...]]:
        """Count new rows, score whom they touch, and return what is to be told.

        Parameters
        ----------
        connection : sqlalchemy.Connection
            In a transaction.
        lines, events : rows
            As ``LINE`` and ``EVENT``; each counts once.
        as_of : int
            The day up to which the stream sees.
        cause : str
            Why customers move.

        Returns
        -------
        list of tuple
            Rows of ``moves``.
        """
        of = sorted(
            {row[_CUSTOMER] for row in lines if row[_CUSTOMER] is not None}
            | {row[_EVENT_CUSTOMER] for row in events if row[_EVENT_CUSTOMER] is not None}
        )
        if not of:
            return []
        before = self.streams.states(connection, of)
        anew = self._anew(lines, before)
        self._add(connection, lines, events, anew, as_of)
        if anew:
            self.rebuild(connection, sorted(anew), as_of)
        latest = _latest(lines, events)
        return self.evaluate(connection, of, before, as_of, cause, latest, _returns(lines))

    def _anew(self, lines: Rows, before: Mapping[str, tuple[Any, ...]]) -> set[str]:
        """Return the customers for whom pairs of sale and return may change."""
        if self.model.spec.rules.returns == "drop":
            return set()
        found = set()
        for row in lines:
            who = row[_CUSTOMER]
            if who is None or who in found:
                continue
            returned = before[who][_STATE["returned_ts"]] if who in before else None
            if row[_KIND] == "return" or (returned is not None and row[_TS] <= returned):
                found.add(who)
        return found

    def _add(
        self,
        connection: sa.Connection,
        lines: Rows,
        events: Rows,
        anew: set[str],
        as_of: int,
    ) -> None:
        """Add to level 1 what needs no look at other lines."""
        plain = [row for row in lines if row[_CUSTOMER] not in anew]
        self.db.load("new_lines", lines_of(plain))
        self.db.load("new_events", events_of(events))
        rules = self.model.spec.rules
        found = level1_of(self.db, rules, as_of, lines="new_lines", events="new_events")
        for name, rows in found.items():
            self.streams.add(connection, name, rows)

    def rebuild(self, connection: sa.Connection, customers: Sequence[str], as_of: int) -> None:
        """Make level 1 of order lines anew of all lines of some customers.

        Parameters
        ----------
        connection : sqlalchemy.Connection
            In a transaction.
        customers : sequence of str
            Whose.
        as_of : int
            The day up to which the stream sees.
        """
        self._gather_lines(connection, customers)
        if self.model.spec.rules.returns == "net":
            match_returns(self.db)
            self.db.drop("pairs")
        found = level1_of(self.db, self.model.spec.rules, as_of, lines="lines", events="")
        for name in sorted(_PAIRS):
            self.streams.replace(connection, name, customers, found[name])

    def _gather_lines(self, connection: sa.Connection, customers: Sequence[str]) -> None:
        """Make table ``lines``: all that some customers ever bought, once each."""
        kept = self.streams.kept_lines(connection, customers)
        self.db.load("lines", lines_of(kept))
        if "lines" in self.model.tables:
            listed = ", ".join(literal(one) for one in customers)
            self.db.execute(
                "INSERT INTO lines BY NAME SELECT * REPLACE (CAST(NULL AS INTEGER) AS net_day) "
                f"FROM past_lines WHERE customer_id IN ({listed}) "
                "AND line_id NOT IN (SELECT line_id FROM lines)"
            )

    def evaluate(
        self,
        connection: sa.Connection,
        customers: Sequence[str],
        before: Mapping[str, tuple[Any, ...]],
        as_of: int,
        cause: str,
        latest: Mapping[str, int] | None = None,
        returned: Mapping[str, int] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Measure and place customers anew, write their states, and return what is to be told.

        Parameters
        ----------
        connection : sqlalchemy.Connection
            In a transaction.
        customers : sequence of str
            Who.
        before : mapping of str to tuple
            Their states until now.
        as_of : int
            The day up to which the stream sees.
        cause : str
            Why they may have moved.
        latest, returned : mapping of str to int, optional
            Time of the last message, and of the last return, of those who have new ones.

        Returns
        -------
        list of tuple
            Rows of ``moves``.
        """
        rows = {name: self.streams.level1(connection, name, customers) for name in LEVEL1}
        self.see_raw(connection, customers)
        make_state(self.db, self.model.spec, rows, as_of)
        scored = score(self.db, self.model.released, as_of)
        now = Now(as_of, cause, latest or {}, returned or {})
        states, moves = find_moves(scored, before, self.model, now)
        self.streams.put_states(connection, states)
        return moves

    def see_raw(self, connection: sa.Connection, customers: Sequence[str]) -> None:
        """Make the canonical tables that measures of the project ask for, of some customers."""
        if not self.model.raw_tables:
            return
        self._gather_lines(connection, customers)
        if self.model.spec.rules.returns == "net":
            match_returns(self.db)
            self.db.drop("pairs")
        listed = ", ".join(literal(one) for one in customers)
        for name in sorted(self.model.raw_tables - {"lines"}):
            if name == "events":
                self.db.load(name, events_of(self.streams.kept_events(connection, customers)))
            if name in self.model.tables:
                past = f"SELECT * FROM past_{name} WHERE customer_id IN ({listed})"
                if name == "events":
                    more = "event_id NOT IN (SELECT event_id FROM events)"
                    self.db.execute(f"INSERT INTO events BY NAME {past} AND {more}")
                else:
                    self.db.create(name, past)


def _refuse_early(batch: Batch, as_of: int) -> None:
    """Take out what is of a day that has not begun."""
    for rows, day in ((batch.lines, _DAY), (batch.events, _EVENT_DAY)):
        for key in [key for key, row in rows.items() if row[day] >= as_of]:
            when, today = to_date(rows[key][day]), to_date(as_of - 1)
            batch.refuse(rows, key, "future_date", f"It is of {when}, and today is {today}.")


def _letter(one: Refused) -> tuple[str, str, str]:
    return one.reason, one.message, one.raw


def _latest(lines: Rows, events: Rows) -> dict[str, int]:
    found: dict[str, int] = {}
    for rows, who, ts in ((lines, _CUSTOMER, _TS), (events, _EVENT_CUSTOMER, _EVENT_TS)):
        for row in rows:
            name = row[who]
            if name is not None and row[ts] > found.get(name, -1):
                found[name] = row[ts]
    return found


def _returns(lines: Rows) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in lines:
        name = row[_CUSTOMER]
        if name is not None and row[_KIND] == "return" and row[_TS] > found.get(name, -1):
            found[name] = row[_TS]
    return found


def micros(time: datetime) -> int:
    """Return a time in microseconds since 1970."""
    return int(time.timestamp()) * MICROS + time.microsecond
