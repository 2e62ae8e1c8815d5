"""Measures brought up to date by what was added, without reading a customer's whole history.

The statement of the batch runs once over the touched rows of level 1 as they were and as they are,
as if each customer were two: what a sum gains is the difference, and as long as only sales are
added a largest or smallest value can only be passed. So the result is that of the statement over
everything, which tests compare.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.features.measures import Measure, StateSpec
from coterie.streaming.measuring import LEVEL1, count_orders

_SUMS = {
    name: [n for n in LEVEL1[name].names if n.endswith(("_micros", "_milli", "lines"))]
    for name in ("orders", "order_days")
}
_WAS, _IS = "'<'", "'>'"
"""What stands before the id of a customer as she was and as she is."""


def add_up(
    db: DuckDB,
    spec: StateSpec,
    state: pa.Table,
    before: Mapping[str, pa.Table],
    added: Mapping[str, pa.Table],
    as_of: int,
) -> None:
    """Make table ``state`` of customers to whom sales and events were added.

    Parameters
    ----------
    db : DuckDB
        Gets ``state``.
    spec : StateSpec
        The measures: those of the catalogue alone.
    state : pa.Table
        Of these customers until now, as of the same day.
    before : mapping of str to pa.Table
        Of ``order_days``, and of ``orders`` if a measure reads them: the touched rows as they
        were.
    added : mapping of str to pa.Table
        By table of level 1 that is read: what is added, perhaps of others too.
    as_of : int
        The day.

    Notes
    -----
    ``order_mix`` and ``event_days`` need not be read: their measures are plain sums over rows
    that are chosen by their keys.
    """
    db.load("state_known", state)
    for name, table in added.items():
        db.load(f"added_{name}", table)
        if name in before:
            db.load(f"touched_{name}", before[name])
    if "orders" in added:
        db.create("orders", _both("orders"))
        db.create("kept_days", f"{_both('order_days')} {_blank_days(as_of)}")
        count_orders(db)
    else:
        db.create("order_days", f"{_both('order_days')} {_blank_days(as_of)}")
    for name in added.keys() - before.keys():
        columns = ", ".join(LEVEL1[name].names[1:])
        db.create(name, f"SELECT {_IS} || customer_id AS customer_id, {columns} FROM added_{name}")
    db.create("state_twice", spec.sql(as_of))
    columns = ", ".join(f"{_together(one)} AS {identifier(one.name)}" for one in spec.measures)
    db.create(
        "state",
        f"SELECT k.customer_id, k.as_of, k.measures_hash, {columns} FROM state_known AS k "
        f"JOIN state_twice AS b ON b.customer_id = {_WAS} || k.customer_id "
        f"JOIN state_twice AS a ON a.customer_id = {_IS} || k.customer_id",
    )


def _blank_days(as_of: int) -> str:
    """Return the end of a SELECT: a row without any order, for measures are of those with a row."""
    zeros = ", ".join("0" for _ in _SUMS["order_days"])
    return (
        f"UNION ALL SELECT t.mark || k.customer_id, {as_of - 1}, {zeros} "
        f"FROM state_known AS k, (VALUES ({_WAS}), ({_IS})) AS t(mark)"
    )


def _both(name: str) -> str:
    """Return the SELECT of the touched rows as they were, and as they are."""
    columns = ", ".join(LEVEL1[name].names[1:])
    made = {n: f"CAST(SUM({n}) AS BIGINT)" for n in _SUMS[name]}
    if name == "orders":
        first = "CAST(MIN(day * 24 + hour) - 24 * MIN(day) AS INTEGER)"
        made |= {"day": "MIN(day)", "hour": first, "channel": "MIN(channel)"}
    now = ", ".join(f"{made[n]} AS {n}" if n in made else n for n in LEVEL1[name].names[1:])
    keys = ", ".join(n for n in LEVEL1[name].names if n not in made)
    return (
        f"SELECT {_WAS} || customer_id AS customer_id, {columns} FROM touched_{name} "
        f"UNION ALL SELECT {_IS} || customer_id, {now} FROM (SELECT * FROM touched_{name} "
        f"UNION ALL SELECT * FROM added_{name}) AS together GROUP BY {keys}"
    )


def _together(one: Measure) -> str:
    """Return the SQL of a measure now, of what it was and of what became of the touched rows."""
    name = identifier(one.name)
    if one.reduce == "min":
        return f"LEAST(k.{name}, a.{name})"
    if one.reduce == "max":
        return f"GREATEST(k.{name}, a.{name})"
    if one.reduce == "first":
        earlier = "k.first_day IS NULL OR a.first_day <= k.first_day"
        return f"CASE WHEN a.first_day IS NOT NULL AND ({earlier}) THEN a.{name} ELSE k.{name} END"
    return f"k.{name} + a.{name} - b.{name}"
