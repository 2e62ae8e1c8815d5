"""Rows counted and customers placed, by the statements of a batch, in a transaction of the caller.

Sums are added to level 1; where a return or its sale is concerned the customer's level 1 is made
anew of all her lines, because pairs are matched in the order of time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.store.streams import BY, STATE, Streams
from coterie.streaming.adding import add_up
from coterie.streaming.canonical import EVENT, LINE
from coterie.streaming.measuring import (
    LEVEL1,
    Rows,
    events_of,
    level1_of,
    lines_of,
    make_state,
    score,
    to_rows,
    to_table,
    unpack,
)
from coterie.streaming.model import StreamModel
from coterie.streaming.moves import Now, find_moves
from coterie.validation.netting import match_returns

_KIND, _TS, _CUSTOMER = (LINE.index(n) for n in ("kind", "ts", "customer_id"))
_EVENT_TS, _EVENT_CUSTOMER = (EVENT.index(n) for n in ("ts", "customer_id"))
_STATE = {name: number for number, name in enumerate(STATE)}
_PAIRS = frozenset({"orders", "order_days", "order_mix"})


class Counting:
    """Level 1, measures and places of the customers of a project.

    Parameters
    ----------
    model : StreamModel
        The published run.
    db : DuckDB
        To compute in; its tables are those of the last call.
    """

    def __init__(self, model: StreamModel, db: DuckDB) -> None:
        self.model = model
        self.db = db
        model.history(db)

    @property
    def written(self) -> frozenset[str]:
        """Tables of level 1 that are kept: of what places read, and of events.

        The others are made of her lines when somebody asks for all measures of a customer.
        """
        return frozenset({"event_days"} | self._read)

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
        self._ask("asked", ids)
        query = f"SELECT {key} FROM past_{table} WHERE {key} IN (FROM asked)"
        return {one for (one,) in self.db.rows(query)}

    def apply(
        self,
        streams: Streams,
        lines: Rows,
        events: Rows,
        *,
        as_of: int,
        cause: str,
    ) -> list[tuple[Any, ...]]:
        """Count new rows, score whom they touch, and return what is to be told.

        Parameters
        ----------
        streams : Streams
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
        found = {row[_CUSTOMER] for row in lines}
        if self.model.reads_events:  # else a click changes level 1 and nobody's place
            found |= {row[_EVENT_CUSTOMER] for row in events}
        of = sorted(found - {None})
        before = streams.states(of) if of else {}
        returned = {who: row[_STATE["returned_ts"]] for who, row in before.items()}
        anew = self.paired(lines, returned)
        now = Now(as_of, cause, latest(lines, events), returns(lines))
        # Of others the whole history is read: her first order, a return, measures of the project.
        known = set() if self.model.spec.custom else before.keys() - anew
        added = self._added(lines, events, anew, as_of)
        touched = self._touched(streams, added) if known else {}
        self._add(streams, added)
        if anew:
            self.rebuild(streams, sorted(anew), as_of)
        rest = [who for who in of if who not in known]
        moves = self.evaluate(streams, rest, before, now) if rest else []
        if known:
            some = {who: before[who] for who in sorted(known)}
            packed = [row[_STATE["measures"]] for row in some.values()]
            state = unpack(packed, list(some), self.model.kept, as_of)
            read = {name: added[name] for name in self._read}
            add_up(self.db, self.model.kept, state, touched, read, as_of)
            moves += self._place(streams, some, now)
        return moves

    @property
    def _read(self) -> set[str]:
        """Tables of level 1 that are read: customers are those with a day of orders."""
        return {"order_days", *self.model.reads}

    def _touched(self, streams: Streams, added: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """Return the rows, as they are, to which something will be added."""
        found = {}
        for name, key in (("orders", "order_id"), ("order_days", "day")):
            if name in self._read:
                pairs = zip(*(added[name][n].to_pylist() for n in (BY, key)), strict=True)
                found[name] = to_table(streams.rows_at(name, key, list(pairs)), LEVEL1[name])
        return found

    def _place(
        self, streams: Streams, before: Mapping[str, tuple[Any, ...]], now: Now
    ) -> list[tuple[Any, ...]]:
        """Place everybody in ``state``, write it, and return what is to be told."""
        scored = score(self.db, self.model, now.as_of)
        states, moves = find_moves(scored, before, self.model, now)
        streams.put_states(states)
        return moves

    def measures(self, streams: Streams, customers: Sequence[str], as_of: int) -> pa.Table:
        """Return all measures of customers, those too that are not kept with their states.

        Parameters
        ----------
        streams : Streams
            In a transaction.
        customers : sequence of str
            Who; those with a day of orders have measures.
        as_of : int
            The day up to which the stream sees.

        Returns
        -------
        pa.Table
            As the table ``state``, ordered by customer.
        """
        rows = self._level1(streams, customers, self.written)
        if lacking := LEVEL1.keys() - self.written:
            rows |= self._counted(streams, customers, lacking, as_of)
        self.see_raw(streams, customers)
        make_state(self.db, self.model.spec, rows, as_of)
        return self.db.query("SELECT * FROM state ORDER BY customer_id")

    def _level1(
        self, streams: Streams, customers: Sequence[str], names: AbstractSet[str]
    ) -> dict[str, pa.Table]:
        return {n: to_table(streams.level1(n, customers), LEVEL1[n]) for n in names}

    def measure_anew(self, streams: Streams, customers: Sequence[str], as_of: int) -> None:
        """Make table ``state`` of the kept measures of some customers, of their level 1.

        Parameters
        ----------
        streams : Streams
            In a transaction.
        customers : sequence of str
            Who.
        as_of : int
            The day up to which the stream sees.
        """
        rows = self._level1(streams, customers, self._read)
        self.see_raw(streams, customers)
        make_state(self.db, self.model.kept, rows, as_of)

    def paired(self, lines: Rows, returned: Mapping[str, int | None]) -> set[str]:
        """Return the customers for whom pairs of sale and return may change.

        Parameters
        ----------
        lines : rows
            As ``LINE``.
        returned : mapping of str to int or None
            Time of the last return of customers, as far as they are known.

        Returns
        -------
        set of str
            Their level 1 is to be made anew.
        """
        if self.model.spec.rules.returns == "drop":
            return set()
        found = set()
        for row in lines:
            who = row[_CUSTOMER]
            if who is None or who in found:
                continue
            last = returned.get(who)
            if row[_KIND] == "return" or (last is not None and row[_TS] <= last):
                found.add(who)
        return found

    def count(
        self, streams: Streams, lines: Rows, events: Rows, anew: AbstractSet[str], as_of: int
    ) -> None:
        """Add rows to level 1, and place nobody.

        Parameters
        ----------
        streams : Streams
            In a transaction.
        lines, events : rows
            As ``LINE`` and ``EVENT``; each counts once.
        anew : set of str
            Customers whose lines are left out, because ``rebuild`` counts them.
        as_of : int
            The day up to which the stream sees.
        """
        self._add(streams, self._added(lines, events, anew, as_of))

    def _add(self, streams: Streams, added: Mapping[str, pa.Table]) -> None:
        for name, table in added.items():
            streams.add(name, to_rows(table))

    def _added(
        self, lines: Rows, events: Rows, anew: AbstractSet[str], as_of: int
    ) -> dict[str, pa.Table]:
        """Return what is added to level 1 without a look at other lines."""
        plain = [row for row in lines if row[_CUSTOMER] not in anew]
        self.db.load("new_lines", lines_of(plain))
        self.db.load("new_events", events_of(events))
        rules = self.model.spec.rules
        names = self.written
        return level1_of(self.db, rules, as_of, names, lines="new_lines", events="new_events")

    def rebuild(self, streams: Streams, customers: Sequence[str], as_of: int) -> None:
        """Make level 1 of order lines anew of all lines of some customers.

        Parameters
        ----------
        streams : Streams
            In a transaction.
        customers : sequence of str
            Whose.
        as_of : int
            The day up to which the stream sees.
        """
        found = self._counted(streams, customers, self.written & _PAIRS, as_of)
        for name in sorted(found):
            streams.replace(name, customers, to_rows(found[name]))

    def _counted(
        self, streams: Streams, customers: Sequence[str], names: AbstractSet[str], as_of: int
    ) -> dict[str, pa.Table]:
        """Return tables of level 1 that are made of all lines of some customers."""
        self._see_lines(streams, customers)
        return level1_of(self.db, self.model.spec.rules, as_of, names, lines="lines", events="")

    def _see_lines(self, streams: Streams, customers: Sequence[str]) -> None:
        """Make table ``lines`` of some customers, returns netted against their sales."""
        self._gather_lines(streams, customers)
        if self.model.spec.rules.returns == "net":
            match_returns(self.db)
            self.db.drop("pairs")

    def _gather_lines(self, streams: Streams, customers: Sequence[str]) -> None:
        """Make table ``lines``: all that some customers ever bought, once each."""
        kept = streams.kept("lines", customers)
        self.db.load("lines", lines_of(kept))
        if "lines" in self.model.tables:
            self._ask("asked", customers)
            self.db.execute(
                "INSERT INTO lines BY NAME SELECT * REPLACE (CAST(NULL AS INTEGER) AS net_day) "
                "FROM past_lines WHERE customer_id IN (FROM asked) "
                "AND line_id NOT IN (SELECT line_id FROM lines)"
            )

    def _ask(self, name: str, words: Sequence[str]) -> None:
        """Make a table of words: to a long list every row would be compared in turn."""
        self.db.load(name, pa.table({"word": pa.array(words, pa.string())}))

    def evaluate(
        self,
        streams: Streams,
        customers: Sequence[str],
        before: Mapping[str, tuple[Any, ...]],
        now: Now,
    ) -> list[tuple[Any, ...]]:
        """Measure and place customers anew, write their states, and return what is to be told.

        Parameters
        ----------
        streams : Streams
            In a transaction.
        customers : sequence of str
            Who.
        before : mapping of str to tuple
            Their states until now.
        now : Now
            When and why.

        Returns
        -------
        list of tuple
            Rows of ``moves``.
        """
        self.measure_anew(streams, customers, now.as_of)
        return self._place(streams, before, now)

    def see_raw(self, streams: Streams, customers: Sequence[str]) -> None:
        """Make the canonical tables that measures of the project ask for, of some customers."""
        if not self.model.raw_tables:
            return
        self._see_lines(streams, customers)
        self._ask("asked", customers)
        for name in sorted(self.model.raw_tables - {"lines"}):
            if name == "events":
                self.db.load(name, events_of(streams.kept("events", customers)))
            if name in self.model.tables:
                past = f"SELECT * FROM past_{name} WHERE customer_id IN (FROM asked)"
                if name == "events":
                    more = "event_id NOT IN (SELECT event_id FROM events)"
                    self.db.execute(f"INSERT INTO events BY NAME {past} AND {more}")
                else:
                    self.db.create(name, past)


def latest(lines: Rows, events: Rows) -> dict[str, int]:
    """Return the time of the last row of each customer."""
    found: dict[str, int] = {}
    for rows, who, ts in ((lines, _CUSTOMER, _TS), (events, _EVENT_CUSTOMER, _EVENT_TS)):
        for row in rows:
            name = row[who]
            if name is not None and row[ts] > found.get(name, -1):
                found[name] = row[ts]
    return found


def returns(lines: Rows) -> dict[str, int]:
    """Return the time of the last return of each customer who has one."""
    found: dict[str, int] = {}
    for row in lines:
        name = row[_CUSTOMER]
        if name is not None and row[_KIND] == "return" and row[_TS] > found.get(name, -1):
            found[name] = row[_TS]
    return found
