"""Customers as they were known on any day of the past, and what they did afterwards.

What followed an origin is read as it was known at the end that is looked from, never later:
so what is learnt for a day cannot see past that day, returns included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coterie.engine.base import scalar
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.features.asof import Sources, build_features
from coterie.features.catalogue import VALUE_FEATURES
from coterie.features.column import to_floats
from coterie.features.level1 import Rules, days_only
from coterie.prediction.churn import GAP_QUANTILE, usual_gap
from coterie.prediction.forecast import Known, Past
from coterie.segmentation.base import Labels
from coterie.segmentation.evidence import SAMPLE_LINES, draw_lines
from coterie.segmentation.placing import labels_of, make_frame
from coterie.segmentation.released import Released
from coterie.validation.moment import see_people

Floats = NDArray[np.float64]

MICROS = 1_000_000
_MEASURES = "s.order_days AS order_days, s.first_day, s.last_day, s.net, s.first_day_net"


@dataclass(frozen=True, eq=False)
class Day:
    """The customers with orders before a day, by id.

    Parameters
    ----------
    ids : pyarrow.Array
        Their ids, ascending.
    known : Known
        What was known of them.
    usual_gap : float64 array, shape (n,)
        Days away that would have been unusual for each (``churn.usual_gap``).
    """

    ids: pa.Array
    known: Known
    usual_gap: Floats


def read_known(db: DuckDB, day: int, *, features: str, state: str) -> tuple[pa.Array, Known]:
    """Read what is known of every customer with orders, by id.

    Parameters
    ----------
    db : DuckDB
        Holds both tables as of ``day``.
    day : int
        Rows on or after it were not read.
    features, state : str
        Names of the tables.

    Returns
    -------
    (pyarrow.Array, Known)
        Ids, ascending, and what is known.
    """
    listed = ", ".join(f"f.{identifier(name)}" for name in VALUE_FEATURES)
    table = db.query(
        f"SELECT f.customer_id, {listed}, {_MEASURES} FROM {features} AS f JOIN {state} AS s "
        "ON s.customer_id = f.customer_id WHERE f.status = 'ok' AND s.order_days > 0 "
        "ORDER BY f.customer_id"
    )
    column = {name: to_floats(table.column(name)) for name in table.column_names[1:]}
    x = column["order_days"] - 1
    return table.column(0).combine_chunks().cast(pa.string()), Known(
        features=np.column_stack([column[name] for name in VALUE_FEATURES]),
        x=x,
        t_x=column["last_day"] - column["first_day"],
        tenure=day - 1 - column["first_day"],
        zbar=(column["net"] - column["first_day_net"]) / MICROS / np.maximum(x, 1.0),
    )


class History:
    """Looks at the lines of at most 50,000 customers from several days.

    Parameters
    ----------
    db : DuckDB
        Holds ``lines`` of days before the last one alone, and perhaps ``events`` and
        ``customers``.
    released : Released
        The published segmentation, by whose features and segments customers are looked at.
    seed : int
        Of the sample.
    """

    def __init__(self, db: DuckDB, released: Released, *, seed: int) -> None:
        if released.features is None:
            raise ValueError("There are no orders.")
        draw_lines(db, seed)
        self._db = db
        self._released = released
        self._features = released.features
        self._days: dict[int, Day] = {}
        self._places: dict[int, Labels] = {}
        self._seen: set[int] = set()

    @property
    def rules(self) -> Rules:
        """How lines are counted."""
        return self._features.catalogue.state.rules

    def first_day(self) -> int:
        """Return the first day of the data."""
        return int(scalar(self._db, "SELECT MIN(day) FROM lines WHERE customer_id IS NOT NULL"))

    def on(self, day: int) -> Day:
        """Return the customers as they were known on a day.

        Parameters
        ----------
        day : int
            Rows on or after it are not read.

        Returns
        -------
        Day
            Those of the sample who had ordered, by id.
        """
        if day not in self._days:
            self._look(day)
        return self._days[day]

    def places(self, day: int) -> Labels:
        """Return where customers were on a day, by today's model.

        Parameters
        ----------
        day : int
            Rows on or after it are not read.

        Returns
        -------
        int32 array, shape (n,)
            Segment number of each customer of ``on(day)``, or ``NOISE``.
        """
        if day not in self._days:
            self._look(day)
        return self._places[day]

    def past(self, day: int, days: int, *, now: int) -> Past:
        """Return the customers of a day, and what they then did.

        Parameters
        ----------
        day : int
            Rows on or after it are not known of them.
        days : int
            Length of the window that begins on it.
        now : int
            What they did is read as it was known on this day, at or after the window's end.

        Returns
        -------
        Past
            By id.
        """
        if now not in self._seen:
            self._look(now)
        found = self.on(day)
        spend, orders = self.followed(found.ids, f"seen_{now}", day, day + days)
        return Past(found.known, days, np.maximum(spend, 0.0), orders)

    def until_order(self, day: int, *, now: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Return how long each customer took to order again.

        Parameters
        ----------
        day : int
            From which they are watched; it is the first day.
        now : int
            Until which they are watched.

        Returns
        -------
        days, ordered : float64 and bool arrays, shape (n,)
            Days to the next order, or watched in vain; and whether there was one.
        """
        if now not in self._seen:
            self._look(now)
        self._db.load("asked", pa.table({"customer_id": self.on(day).ids}))
        table = self._db.query(
            f"SELECT MIN(o.day) - {day} + 1 AS until FROM asked AS a LEFT JOIN seen_{now} AS o "
            f"ON o.customer_id = a.customer_id AND o.day >= {day} AND o.counts "
            "GROUP BY a.customer_id ORDER BY a.customer_id"
        )
        until = to_floats(table.column("until"))
        ordered = ~np.isnan(until)
        return np.where(ordered, until, float(now - day)), ordered

    def followed(self, ids: pa.Array, seen: str, start: int, end: int) -> tuple[Floats, Floats]:
        """Return what customers did within ``[start, end)``.

        Parameters
        ----------
        ids : pyarrow.Array
            The customers, ascending.
        seen : str
            Table as ``keep_days`` makes it.
        start, end : int
            Days.

        Returns
        -------
        spend, orders : float64 arrays, shape (n,)
            Net money, below 0 where more was sent back, and days with orders.
        """
        self._db.load("asked", pa.table({"customer_id": ids}))
        table = self._db.query(
            "SELECT COALESCE(SUM(o.net_micros), 0) AS net, "
            "COALESCE(SUM(CASE WHEN o.counts THEN 1 ELSE 0 END), 0) AS orders "
            f"FROM asked AS a LEFT JOIN {seen} AS o ON o.customer_id = a.customer_id "
            f"AND o.day >= {start} AND o.day < {end} GROUP BY a.customer_id ORDER BY a.customer_id"
        )
        return to_floats(table.column("net")) / MICROS, to_floats(table.column("orders"))

    def _look(self, day: int) -> None:
        """Keep the customers as known on a day, where they were, and their days with orders."""
        db, released = self._db, self._released
        see = "customers" in db.tables()
        if see:
            see_people(db, day)
        events = "events" if "events" in db.tables() else ""
        build_features(
            db, self._features, as_of=day, sources=Sources(lines=SAMPLE_LINES, events=events)
        )
        keep_days(db, f"seen_{day}", self.rules)
        self._seen.add(day)
        ids, known = read_known(db, day, features="features", state="state")
        self._days[day] = Day(ids, known, read_gaps(db, ids, f"seen_{day}"))
        make_frame(db, released.matrix)
        self._places[day] = labels_of(db, released.matrix, released.model)


def see_days(db: DuckDB, rules: Rules, day: int, name: str) -> None:
    """Make a table of all customers' days with orders.

    Parameters
    ----------
    db : DuckDB
        Holds ``lines``.
    rules : Rules
        How lines are counted.
    day : int
        Rows on or after it are not read.
    name : str
        Of the table.
    """
    keep_days(db, name, rules, f"({days_only(rules, day)})")


def keep_days(db: DuckDB, name: str, rules: Rules, days: str = "order_days") -> None:
    """Keep of ``order_days`` what later questions need.

    Parameters
    ----------
    db : DuckDB
        Holds ``order_days``.
    name : str
        Of the table that is made.
    rules : Rules
        What counts as a day with an order.
    days : str
        ``order_days``, or a subquery in brackets with its columns.
    """
    db.create(name, f"SELECT customer_id, day, net_micros, {rules.counts} AS counts FROM {days}")


def read_gaps(db: DuckDB, ids: pa.Array, seen: str) -> Floats:
    """Return the days away that would be unusual for each customer.

    Parameters
    ----------
    db : DuckDB
        Holds ``seen``.
    ids : pyarrow.Array
        Customers, ascending.
    seen : str
        Table as ``keep_days`` makes it.

    Returns
    -------
    float64 array, shape (n,)
        As ``churn.usual_gap`` draws them together; infinite if nobody ever came back.
    """
    db.create(
        "gaps",
        "SELECT customer_id, day - LAG(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap "
        f"FROM {seen} WHERE counts QUALIFY gap IS NOT NULL",
    )
    everybody = scalar(db, f"SELECT quantile_cont(gap, {GAP_QUANTILE}) FROM gaps")
    if everybody is None:
        return np.full(len(ids), np.inf)
    db.load("asked", pa.table({"customer_id": ids}))
    table = db.query(
        f"SELECT COALESCE(quantile_cont(g.gap, {GAP_QUANTILE}), 0) AS own, COUNT(g.gap) AS n "
        "FROM asked AS a LEFT JOIN gaps AS g ON g.customer_id = a.customer_id "
        "GROUP BY a.customer_id ORDER BY a.customer_id"
    )
    own, n = (to_floats(table.column(name)) for name in ("own", "n"))
    return usual_gap(own, n, float(everybody))
