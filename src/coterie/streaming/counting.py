"""Rows counted and customers placed, by the statements of a batch, in a transaction of the caller.

Sums are added to level 1; where a return or its sale is concerned the customer's level 1 is made
anew of all her lines, because pairs are matched in the order of time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.store.streams import STATE, Streams
from coterie.streaming.adding import add_up, blank_days, of_customers
from coterie.streaming.canonical import EVENT, LINE
from coterie.streaming.measuring import (
    LEVEL1,
    Rows,
    events_of,
    level1_of,
    lines_of,
    make_state,
    score,
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
        anew = self._anew(lines, before)
        now = Now(as_of, cause, _latest(lines, events), _returns(lines))
        # Of others the whole history is read: her first order, a return, measures of the project.
        known = set() if self.model.spec.custom else before.keys() - anew
        added = self._added(lines, events, anew, as_of)
        mine = of_customers(added, known)
        touched = {name: streams.rows_at(name, mine[name]) for name in ("orders", "order_days")}
        for name, rows in added.items():
            streams.add(name, rows)
        if anew:
            self.rebuild(streams, sorted(anew), as_of)
        rest = [who for who in of if who not in known]
        moves = self.evaluate(streams, rest, before, now) if rest else []
        if known:
            some = {who: before[who] for who in sorted(known)}
            moves += self._evaluate_added(streams, some, touched, mine, now)
        return moves

    def _evaluate_added(
        self,
        streams: Streams,
        before: Mapping[str, tuple[Any, ...]],
        touched: Mapping[str, Rows],
        added: Mapping[str, Rows],
        now: Now,
    ) -> list[tuple[Any, ...]]:
        """Bring measures up to date by what was added; place those whose segment may change."""
        spec, packed = self.model.spec, _STATE["measures"]
        known = unpack([row[packed] for row in before.values()], list(before), spec, now.as_of)
        add_up(self.db, spec, known, touched, added, now.as_of)
        return self._place(streams, before, now)

    def _place(
        self, streams: Streams, before: Mapping[str, tuple[Any, ...]], now: Now
    ) -> list[tuple[Any, ...]]:
        """Place everybody in ``state``, write it, and return what is to be told."""
        scored = score(self.db, self.model, now.as_of)
        states, moves = find_moves(scored, before, self.model, now)
        streams.put_states(states)
        return moves

    def measures(self, streams: Streams, states: Mapping[str, bytes], as_of: int) -> pa.Table:
        """Return the measures of customers, those too that are not kept with their states.

        Parameters
        ----------
        streams : Streams
            In a transaction.
        states : mapping of str to bytes
            Packed measures by customer.
        as_of : int
            The day up to which the stream sees.

        Returns
        -------
        pa.Table
            As the table ``state``.
        """
        spec, ids = self.model.spec, list(states)
        known = unpack(list(states.values()), ids, spec, as_of)
        if not self.model.blank:
            return known
        rows: dict[str, Rows] = {name: [] for name in LEVEL1}
        rows["event_days"] = streams.level1("event_days", ids)
        make_state(self.db, spec, rows | {"order_days": blank_days(ids, as_of)}, as_of)
        self.db.load("state_known", known)
        made = ", ".join(f"s.{identifier(n)} AS {identifier(n)}" for n in sorted(self.model.blank))
        return self.db.query(
            f"SELECT k.* REPLACE ({made}) FROM state_known AS k "
            "JOIN state AS s ON s.customer_id = k.customer_id ORDER BY k.customer_id"
        )

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

    def _added(
        self, lines: Rows, events: Rows, anew: set[str], as_of: int
    ) -> dict[str, list[tuple[Any, ...]]]:
        """Return what is added to level 1 without a look at other lines."""
        plain = [row for row in lines if row[_CUSTOMER] not in anew]
        self.db.load("new_lines", lines_of(plain))
        self.db.load("new_events", events_of(events))
        rules = self.model.spec.rules
        return level1_of(self.db, rules, as_of, lines="new_lines", events="new_events")

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
        self._gather_lines(streams, customers)
        if self.model.spec.rules.returns == "net":
            match_returns(self.db)
            self.db.drop("pairs")
        found = level1_of(self.db, self.model.spec.rules, as_of, lines="lines", events="")
        for name in sorted(_PAIRS):
            streams.replace(name, customers, found[name])

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
        rows = {name: streams.level1(name, customers) for name in LEVEL1}
        self.see_raw(streams, customers)
        make_state(self.db, self.model.spec, rows, now.as_of)
        return self._place(streams, before, now)

    def see_raw(self, streams: Streams, customers: Sequence[str]) -> None:
        """Make the canonical tables that measures of the project ask for, of some customers."""
        if not self.model.raw_tables:
            return
        self._gather_lines(streams, customers)
        if self.model.spec.rules.returns == "net":
            match_returns(self.db)
            self.db.drop("pairs")
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
