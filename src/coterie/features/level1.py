"""Level 1: keyed rows of integer sums, made from the lines as of a day.

A sale and its return cancel out only from the day of the return on, so level 1
depends on ``as_of``; adding the rows of two parts of the lines gives the rows of
the whole, because only sums and minima are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from coterie.engine.base import Engine

VOCABULARY_SIZE = 12
"""Values of a dimension that get a measure of their own; the rest is ``other``."""

_SUMS = (
    "net_micros",
    "gross_micros",
    "returned_micros",
    "discount_micros",
    "units_milli",
    "lines",
    "free_lines",
)
KEYED: dict[str, tuple[str, ...]] = {
    "orders": ("order_id", "day", "hour", "channel", *_SUMS),
    "order_days": ("day", "orders", *_SUMS),
    "order_mix": ("day", "dimension", "value", "net_micros", "lines"),
    "event_days": ("day", "type", "n", "value_micros"),
}
"""Columns of each level-1 table after ``customer_id``."""


@dataclass(frozen=True)
class Rules:
    """How lines are counted; part of what ``measures_hash`` covers."""

    returns: Literal["net", "drop"] = "net"
    free_orders: bool = False
    timezone: str = "UTC"

    @property
    def counts(self) -> str:
        """SQL condition on an ``order_days`` row: it counts as an order day."""
        return "(net_micros > 0 OR free_lines > 0)" if self.free_orders else "(net_micros > 0)"


def visible(table: str, as_of: int, rules: Rules) -> str:
    """Return the condition on the rows of a canonical table that count as of a day.

    Parameters
    ----------
    table : str
        Canonical name of the table.
    as_of : int
        Rows on or after this day are not read.
    rules : Rules
        Whether returns are netted or dropped.

    Returns
    -------
    str
        A condition in portable SQL; guests are left out.
    """
    seen = f"customer_id IS NOT NULL AND day < {as_of}"
    if table != "lines":
        return seen
    return (
        f"{seen} AND kind <> 'return'"
        if rules.returns == "drop"
        else f"{seen} AND NOT ({netted(as_of)})"
    )


def netted(as_of: int) -> str:
    """Return the condition on a line: its sale and its return cancel out as of a day."""
    return f"net_day IS NOT NULL AND net_day < {as_of}"


def build_level1(
    engine: Engine,
    rules: Rules,
    as_of: int,
    *,
    lines: str = "lines",
    events: str = "",
    mix: bool = True,
) -> None:
    """Make ``orders``, ``order_days``, ``order_mix`` and ``event_days`` as of a day.

    Rows of guests and rows on or after ``as_of`` are not read. ``events`` empty
    leaves ``event_days`` empty.

    Parameters
    ----------
    engine : Engine
        Holds the canonical tables; gets the four of level 1.
    rules : Rules
        How lines are counted.
    as_of : int
        Rows on or after this day are not read.
    lines : str
        Table of order lines.
    events : str
        Table of events; empty leaves ``event_days`` empty.
    mix : bool, default True
        Without it ``order_mix``, the longest of them, is not made.
    """
    engine.create("order_parts", _order_parts(rules, as_of, lines))
    sums = ", ".join(f"CAST(SUM({name}) AS BIGINT) AS {name}" for name in _SUMS)
    engine.create(
        "orders",
        "SELECT customer_id, order_id, MIN(day) AS day, "
        "CAST(MIN(day * 24 + hour) - 24 * MIN(day) AS INTEGER) AS hour, MIN(channel) AS channel, "
        f"{sums} FROM order_parts GROUP BY customer_id, order_id",
    )
    engine.create(
        "order_days",
        "SELECT d.customer_id, d.day, CAST(COALESCE(o.orders, 0) AS INTEGER) AS orders, "
        + ", ".join(f"d.{name}" for name in _SUMS)
        + f" FROM (SELECT customer_id, day, {sums} FROM order_parts GROUP BY customer_id, day) AS d"
        " LEFT JOIN (SELECT customer_id, day, SUM(CASE WHEN net_micros > 0 THEN 1 ELSE 0 END) "
        "AS orders FROM orders GROUP BY customer_id, day) AS o "
        "ON o.customer_id = d.customer_id AND o.day = d.day",
    )
    engine.drop("order_parts")
    if mix:
        mixes = " UNION ALL ".join(
            f"SELECT customer_id, day, '{dimension}' AS dimension, {dimension} AS value, "
            "CAST(SUM(amount_micros) AS BIGINT) AS net_micros, CAST(COUNT(*) AS INTEGER) AS lines "
            f"FROM {lines} WHERE {visible('lines', as_of, rules)} AND kind = 'sale' "
            f"AND {dimension} IS NOT NULL GROUP BY customer_id, day, {dimension}"
            for dimension in ("category", "channel")
        )
        engine.create("order_mix", mixes)
    source = events or (
        "(SELECT customer_id, day, 'none' AS type, amount_micros AS value_micros "
        f"FROM {lines} WHERE 1 = 0) AS none"
    )
    engine.create(
        "event_days",
        "SELECT customer_id, day, type, CAST(COUNT(*) AS INTEGER) AS n, "
        "CAST(COALESCE(SUM(value_micros), 0) AS BIGINT) AS value_micros "
        f"FROM {source} WHERE customer_id IS NOT NULL AND day < {as_of} "
        "GROUP BY customer_id, day, type",
    )


def days_only(rules: Rules, as_of: int, *, lines: str = "lines") -> str:
    """Return a SELECT of what ``order_days`` needs to tell which days count, and no more.

    Parameters
    ----------
    rules : Rules
        How lines are counted.
    as_of : int
        Rows on or after this day are not read.
    lines : str
        Table of order lines.

    Returns
    -------
    str
        customer_id, day, net_micros and free_lines, as ``build_level1`` makes them.
    """
    return (
        "SELECT customer_id, day, CAST(SUM(net_micros) AS BIGINT) AS net_micros, "
        "CAST(SUM(free_lines) AS BIGINT) AS free_lines "
        f"FROM ({_order_parts(rules, as_of, lines)}) AS parts GROUP BY customer_id, day"
    )


def _order_parts(rules: Rules, as_of: int, lines: str) -> str:
    """Return the SELECT of sums by customer, order and day, from which both levels roll up."""
    live = "TRUE" if rules.returns == "drop" else f"NOT ({netted(as_of)})"
    sums = {
        "net_micros": f"CASE WHEN {live} THEN amount_micros ELSE 0 END",
        "gross_micros": f"CASE WHEN {live} AND amount_micros > 0 THEN amount_micros ELSE 0 END",
        "returned_micros": "CASE WHEN kind = 'return' THEN -amount_micros ELSE 0 END",
        "discount_micros": f"CASE WHEN {live} THEN discount_micros ELSE 0 END",
        "units_milli": f"CASE WHEN {live} AND kind <> 'service' THEN quantity_milli ELSE 0 END",
        "lines": f"CASE WHEN {live} AND kind <> 'return' THEN 1 ELSE 0 END",
        "free_lines": f"CASE WHEN {live} AND kind = 'free' THEN 1 ELSE 0 END",
    }
    columns = ", ".join(f"CAST(SUM({expr}) AS BIGINT) AS {name}" for name, expr in sums.items())
    kept = " AND kind <> 'return'" if rules.returns == "drop" else ""
    return (
        "SELECT customer_id, order_id, day, MIN(hour) AS hour, MIN(channel) AS channel, "
        f"{columns} FROM {lines} WHERE customer_id IS NOT NULL AND day < {as_of}{kept} "
        "GROUP BY customer_id, order_id, day"
    )


def find_vocabularies(engine: Engine) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the most frequent values of each dimension of level 1, ties by name.

    Dimensions with no value at all are left out. Event types are ranked by count,
    categories and channels by money.
    """
    found = []
    for dimension in ("category", "channel", "event"):
        query = (
            "SELECT type AS value, SUM(n) AS weight FROM event_days GROUP BY type"
            if dimension == "event"
            else "SELECT value, SUM(net_micros) AS weight FROM order_mix "
            f"WHERE dimension = '{dimension}' GROUP BY value"
        )
        top = engine.query(f"{query} ORDER BY weight DESC, value LIMIT {VOCABULARY_SIZE}")
        if top.num_rows:
            found.append((dimension, tuple(top.column("value").to_pylist())))
    return tuple(found)
