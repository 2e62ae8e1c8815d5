"""Customers of a run as rows to be handed on, some at a time, so that a million need no memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coterie.profiling.moved import Mask
from coterie.profiling.publication import published_segments
from coterie.store.results import Run

_BATCH = 50_000
_SEGMENT = (
    "id",
    "slot",
    "name",
    "status",
    "n",
    "share",
    "value_share",
    "verdict",
    "description",
)
_RULE = ("text", "sql", "precision", "recall")
_KINDS = {"slot": pa.int64(), "n": pa.int64(), "suppressed": pa.bool_()} | dict.fromkeys(
    ("share", "value_share", "rule_precision", "rule_recall"), pa.float64()
)
_SEGMENTS = pa.schema(
    [
        (name, _KINDS.get(name, pa.string()))
        for name in (*_SEGMENT, *(f"rule_{name}" for name in _RULE), "suppressed")
    ]
)


def customer_rows(
    run: Run,
    only: Sequence[Mask] = (),
    *,
    features: bool = False,
    segment_id: str = "",
    held: pa.Array | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the customers of a run, by id.

    Parameters
    ----------
    run : Run
        A finished run.
    only : sequence of callable
        Each takes a table of some customers and tells who is wanted; all must want her.
    features : bool, default False
        Also what is known of each.
    segment_id : str, optional
        Only those of a segment; "none" for those in none.
    held : pyarrow.Array, optional
        Ids of those who are left out.

    Yields
    ------
    pyarrow.RecordBatch
        customer_id, segment_id, segment_name, second_id, margin, status, and the features; one
        without rows, if there is nobody.
    """
    names = pa.array([segment["id"] for segment in run.segments], pa.string())
    called = pa.array([segment["name"] for segment in run.segments], pa.string())
    placed = pq.ParquetFile(run.folder / "assignments.parquet").iter_batches(_BATCH)
    known = pq.ParquetFile(run.folder / "features.parquet").iter_batches(_BATCH)
    empty = True
    for mine, theirs in zip(placed, known, strict=True):
        table = pa.Table.from_batches([mine])
        name = called.take(pc.index_in(mine["segment_id"], value_set=names))
        table = table.add_column(2, "segment_name", name)
        if features:
            for field in theirs.schema:
                if field.name not in table.column_names:
                    table = table.append_column(field, theirs[field.name])
        if segment_id:
            own = pc.fill_null(table["segment_id"], "none")
            table = table.filter(pc.equal(own, segment_id))
        for wants in only:
            table = table.filter(wants(table))
        if held is not None:
            table = table.filter(pc.invert(pc.is_in(table["customer_id"], held)))
        empty = False
        yield from table.combine_chunks().to_batches() or [_nobody(table.schema)]
    if empty:
        yield _nobody(pq.read_schema(run.folder / "assignments.parquet"))


def _nobody(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=schema)


def segment_rows(run: Run) -> pa.RecordBatch:
    """Return the segments of a run as they may leave, a row each, by value falling.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    pyarrow.RecordBatch
        What they are, and their rules; unknown and hidden are null.
    """
    rows = [
        {
            **{name: segment.get(name) for name in _SEGMENT},
            "suppressed": segment["suppressed"],
            **{f"rule_{name}": (segment.get("rule") or {}).get(name) for name in _RULE},
        }
        for segment in published_segments(run)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=_SEGMENTS)
