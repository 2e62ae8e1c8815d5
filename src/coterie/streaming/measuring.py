"""From rows to segments, by the statements of the batch: nothing is counted here in another way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.features.asof import Sources, create_features
from coterie.features.level1 import KEYED, Rules, build_level1
from coterie.features.measures import StateSpec
from coterie.schema import CANONICAL
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.placing import FRAME, make_frame, place
from coterie.segmentation.released import Released
from coterie.streaming.canonical import EVENT, LINE
from coterie.streaming.model import StreamModel

Rows = Sequence[tuple[Any, ...]]
Ints = NDArray[np.int64]
NULL = np.iinfo(np.int64).min
"""Stands for null among packed measures: no sum of ours can be the least 64-bit integer."""
_TEXT = {"order_id", "channel", "dimension", "value", "type"}
_SMALL = {"day", "hour", "orders", "n"}


def _kind(table: str, name: str) -> pa.DataType:
    if name in _TEXT:
        return pa.string()
    small = name in _SMALL or (table == "order_mix" and name == "lines")
    return pa.int32() if small else pa.int64()


LEVEL1 = {
    table: pa.schema(
        [("customer_id", pa.string())]
        + [(n, _kind(table, n)) for n in names if (table, n) != ("order_days", "orders")]
    )
    for table, names in KEYED.items()
}
"""Columns of level 1 as they are kept: how many orders a day has is counted when it is asked."""


def to_table(rows: Rows, schema: pa.Schema) -> pa.Table:
    """Return rows as an Arrow table."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [
        pa.array(column, pa.int64()).cast(field.type)
        if pa.types.is_timestamp(field.type)
        else pa.array(column, field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def to_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    """Return the rows of an Arrow table as tuples."""
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def lines_of(rows: Rows) -> pa.Table:
    """Return order lines as the canonical table, none of them netted."""
    canonical = CANONICAL["lines"]
    table = to_table(rows, pa.schema([canonical.field(name) for name in LINE]))
    blank = pa.nulls(len(rows), canonical.field("net_day").type)
    return table.append_column(canonical.field("net_day"), blank).select(canonical.names)


def events_of(rows: Rows) -> pa.Table:
    """Return events as the canonical table."""
    canonical = CANONICAL["events"]
    return to_table(rows, pa.schema([canonical.field(name) for name in EVENT])).select(
        canonical.names
    )


def level1_of(
    db: DuckDB, rules: Rules, as_of: int, names: AbstractSet[str], *, lines: str, events: str
) -> dict[str, pa.Table]:
    """Return level 1 of tables, with the columns that are kept.

    Parameters
    ----------
    db : DuckDB
        Holds the tables.
    rules : Rules
        How lines are counted.
    as_of : int
        Rows on or after this day are not read.
    names : set of str
        Which tables of level 1.
    lines, events : str
        Names of the tables; "" for no events.

    Returns
    -------
    dict of str to pa.Table
        By table of level 1.
    """
    build_level1(db, rules, as_of, lines=lines, events=events, mix="order_mix" in names)
    return {name: db.query(f"SELECT {', '.join(LEVEL1[name].names)} FROM {name}") for name in names}


def make_state(db: DuckDB, spec: StateSpec, rows: Mapping[str, pa.Table], as_of: int) -> None:
    """Make table ``state`` of kept rows of level 1.

    Parameters
    ----------
    db : DuckDB
        Gets the tables of level 1 and ``state``.
    spec : StateSpec
        The measures.
    rows : mapping of str to pa.Table
        By table of level 1; those that no measure reads may lack, but ``order_days``.
    as_of : int
        Windows end before this day.
    """
    counted = "orders" in rows
    for name, table in rows.items():
        db.load("kept_days" if counted and name == "order_days" else name, table)
    if counted:
        count_orders(db)
    db.create("state", spec.sql(as_of))


def count_orders(db: DuckDB) -> None:
    """Make ``order_days`` of ``kept_days``, with the number of ``orders`` of each."""
    db.create(
        "order_days",
        "SELECT d.customer_id, d.day, CAST(COALESCE(o.orders, 0) AS INTEGER) AS orders, "
        "d.* EXCLUDE (customer_id, day) FROM kept_days AS d LEFT JOIN (SELECT customer_id, day, "
        "count(*) FILTER (net_micros > 0) AS orders FROM orders GROUP BY ALL) AS o "
        "ON o.customer_id = d.customer_id AND o.day = d.day",
    )


@dataclass(frozen=True)
class Scored:
    """Customers as they are now, ordered by id.

    Parameters
    ----------
    ids : list of str
        Who.
    measures : list of bytes
        Their measures, packed.
    segments : list of str
        The segment of each.
    margins : list of float or None
        How clear it is.
    values : list of float or None
        Expected value of each; None without a model of it.
    frame : pa.Table
        What the model reads of each.
    """

    ids: list[str]
    measures: list[bytes]
    segments: list[str]
    margins: list[float | None]
    values: list[float | None]
    frame: pa.Table

    def without(self, customers: AbstractSet[str]) -> Scored:
        """Return all others.

        Parameters
        ----------
        customers : set of str
            Who is left out.

        Returns
        -------
        Scored
            In the same order.
        """
        rows = [row for row, who in enumerate(self.ids) if who not in customers]
        return Scored(
            [self.ids[row] for row in rows],
            [self.measures[row] for row in rows],
            [self.segments[row] for row in rows],
            [self.margins[row] for row in rows],
            [self.values[row] for row in rows],
            self.frame.take(pa.array(rows, pa.int64())),
        )


def score(db: DuckDB, model: StreamModel, as_of: int) -> Scored:
    """Place everybody in ``state``.

    Parameters
    ----------
    db : DuckDB
        Holds ``state``, and ``people`` if the model knows attributes.
    model : StreamModel
        The published run.
    as_of : int
        The day of ``state``.

    Returns
    -------
    Scored
        As they are on that day.
    """
    released, features = model.released, model.placing
    create_features(db, features, as_of, Sources())
    make_frame(db, released.matrix)
    place(db, released.matrix, released.model, released.ids)
    clv = "f.clv" if features.value else "CAST(NULL AS DOUBLE)"
    names = ", ".join(f"s.{identifier(name)}" for name in model.kept.names)
    table = db.query(
        f"SELECT a.customer_id, a.segment_id, a.margin, {clv} AS clv__, {names} "
        "FROM assignments AS a JOIN state AS s ON s.customer_id = a.customer_id "
        "JOIN features AS f ON f.customer_id = a.customer_id ORDER BY a.customer_id"
    )
    frame = db.query(f"SELECT * FROM {FRAME} ORDER BY customer_id")
    return Scored(
        table.column(0).to_pylist(),
        pack(table, model.kept.names),
        table.column(1).to_pylist(),
        table.column(2).to_pylist(),
        table.column(3).to_pylist(),
        frame,
    )


def clearly_nearer(
    scored: Scored, released: Released, rows: Sequence[int], former: Sequence[str], h: float
) -> list[bool]:
    """Say of customers whether their segment is clearly nearer than the former one.

    Parameters
    ----------
    scored : Scored
        Everybody.
    released : Released
        The segmentation.
    rows : sequence of int
        Who is asked about.
    former : sequence of str
        The segment by which each was called.
    h : float
        The square of the distance to the former must be more than ``1 + h`` times that to the
        present one (METHODS 5); where a model knows no distances, every change is clear.

    Returns
    -------
    list of bool
        For each.
    """
    model = released.model
    if not rows or h <= 0 or not isinstance(model, KMeansModel):
        return [True] * len(rows)
    some = released.matrix.transform(scored.frame.take(pa.array(rows)))
    cost = model.distances(some)
    number = {name: n for n, name in enumerate(released.ids)}
    told = []
    for at, (row, old) in enumerate(zip(rows, former, strict=True)):
        new = scored.segments[row]
        if old not in number or new not in number:
            told.append(True)
            continue
        told.append(bool(cost[at, number[old]] > (1 + h) * cost[at, number[new]]))
    return told


def pack(table: pa.Table, names: Sequence[str]) -> list[bytes]:
    """Return the measures of each row as bytes: little-endian 64-bit integers."""
    columns = [table.column(name).fill_null(NULL).to_numpy() for name in names]
    whole = np.ascontiguousarray(np.stack(columns, axis=1), dtype="<i8") if len(table) else None
    if whole is None:
        return []
    width, data = whole.shape[1] * 8, whole.tobytes()
    return [data[start : start + width] for start in range(0, len(data), width)]


def unpack(packed: Sequence[bytes], ids: Sequence[str], spec: StateSpec, as_of: int) -> pa.Table:
    """Return packed measures as the table ``state`` of a day.

    Parameters
    ----------
    packed : sequence of bytes
        As ``pack`` made them.
    ids : sequence of str
        Whose they are.
    spec : StateSpec
        The measures.
    as_of : int
        The day.

    Returns
    -------
    pa.Table
        customer_id, as_of, measures_hash and the measures.
    """
    n = len(packed)
    whole = np.frombuffer(b"".join(packed), dtype="<i8").reshape(n, len(spec.names))
    columns = [pa.array(ids, pa.string()), pa.array(np.full(n, as_of, np.int32))]
    columns.append(pa.array([spec.hash]).take(pa.array(np.zeros(n, np.int32))))
    for number in range(len(spec.names)):
        column = np.ascontiguousarray(whole[:, number])
        columns.append(pa.array(column, mask=column == NULL))
    return pa.table(columns, names=["customer_id", "as_of", "measures_hash", *spec.names])
