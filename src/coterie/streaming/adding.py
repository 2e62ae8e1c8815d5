"""Measures brought up to date by what was added, without reading a customer's whole history.

The statement of the batch runs over the touched rows of level 1 as they were and as they are: what
a sum gains is the difference, and as long as only sales are added a largest or smallest value can
only be passed. So the result is that of the statement over everything, which tests compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.features.measures import Measure, StateSpec
from coterie.streaming.measuring import LEVEL1, Rows, make_state, to_rows, to_table

_SUMS = {
    name: [n for n in LEVEL1[name].names if n.endswith(("_micros", "_milli", "lines"))]
    for name in ("orders", "order_days")
}


def add_up(
    db: DuckDB,
    spec: StateSpec,
    state: pa.Table,
    before: Mapping[str, Rows],
    added: Mapping[str, Rows],
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
    before : mapping of str to rows
        Of ``orders`` and ``order_days``: the touched rows as they were.
    added : mapping of str to rows
        By table of level 1: what is added, of these customers.
    as_of : int
        The day.

    Notes
    -----
    ``order_mix`` and ``event_days`` need not be read: their measures are plain sums over rows
    that are chosen by their keys.
    """
    empty = blank_days(state.column("customer_id").to_pylist(), as_of)
    was = {name: before.get(name, []) for name in LEVEL1}
    now = {name: added[name] for name in ("order_mix", "event_days")}
    for name in _SUMS:
        now[name] = _merged(db, name, before[name], added[name])
    for name, rows in (("before", was), ("after", now)):
        make_state(db, spec, {**rows, "order_days": [*rows["order_days"], *empty]}, as_of)
        db.create(f"state_{name}", "SELECT * FROM state")
    db.load("state_known", state)
    columns = ", ".join(f"{_together(one)} AS {identifier(one.name)}" for one in spec.measures)
    db.create(
        "state",
        f"SELECT k.customer_id, k.as_of, k.measures_hash, {columns} FROM state_known AS k "
        "JOIN state_before AS b ON b.customer_id = k.customer_id "
        "JOIN state_after AS a ON a.customer_id = k.customer_id",
    )


def blank_days(ids: Sequence[str], as_of: int) -> list[tuple[Any, ...]]:
    """Return a row of ``order_days`` without any order for each of some customers.

    Parameters
    ----------
    ids : sequence of str
        Who: the measures are those of customers with a row.
    as_of : int
        The day after that of the rows.

    Returns
    -------
    list of tuple
        In the same order.
    """
    return [(who, as_of - 1, *(0,) * len(_SUMS["order_days"])) for who in ids]


def _merged(db: DuckDB, name: str, before: Rows, added: Rows) -> list[tuple[Any, ...]]:
    """Return the touched rows as they are now."""
    if not before:
        return list(added)
    schema = LEVEL1[name]
    db.load("touched_rows", to_table([*before, *added], schema))
    made = {n: f"CAST(SUM({n}) AS BIGINT)" for n in _SUMS[name]}
    if name == "orders":
        first = "CAST(MIN(day * 24 + hour) - 24 * MIN(day) AS INTEGER)"
        made |= {"day": "MIN(day)", "hour": first, "channel": "MIN(channel)"}
    columns = ", ".join(f"{made[n]} AS {n}" if n in made else n for n in schema.names)
    keys = ", ".join(n for n in schema.names if n not in made)
    return to_rows(db.query(f"SELECT {columns} FROM touched_rows GROUP BY {keys}"))


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


def of_customers(rows: Mapping[str, Rows], who: Sequence[str] | set[str]) -> dict[str, Rows]:
    """Return the rows of some customers, by table of level 1."""
    return {name: [row for row in some if row[0] in who] for name, some in rows.items()}
