"""Which customers moved: kept with a run, so that every count of its flows opens its customers.

Only who did not stay is written; the others are all who are not in the file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coterie.engine.duckdb import DuckDB
from coterie.profiling.migration import MOVES

MOVES_FILE = "moves.parquet"
"""File of a run; the first one has none."""
STAYED, MOVED = "stayed", "moved"
"""Causes beside those of the file: no move, and any move of whom both moments know."""
_ENDS = pa.array(["new", "gone"])
Mask = Callable[[pa.Table], pa.Array]


def moved_customers(db: DuckDB) -> pa.Table:
    """Return who did not stay, of the table ``moves``, by customer id.

    Parameters
    ----------
    db : DuckDB
        Holds ``moves``.

    Returns
    -------
    pa.Table
        customer_id, from_id, to_id, cause.
    """
    return db.query(
        f"SELECT customer_id, from_id, to_id, cause FROM {MOVES} WHERE cause <> '{STAYED}' "
        "ORDER BY customer_id"
    )


def who_went(folder: Path, cause: str = "", moved_from: str = "") -> Mask:
    """Return what tells, of customers of a run, who came where they are so.

    Parameters
    ----------
    folder : Path
        Of the run; it has a ``MOVES_FILE``.
    cause : str, optional
        A cause of ``migration.CAUSES``, or ``MOVED``; empty: all who did not stay.
    moved_from : str, optional
        Only those whom the run before had in this segment.

    Returns
    -------
    callable
        Takes a table with customer_id and segment_id, returns True for each who is meant.
    """
    moves = pq.read_table(folder / MOVES_FILE)
    if cause == STAYED:
        gone = moves["customer_id"].combine_chunks()

        def stayed(table: pa.Table) -> pa.Array:
            found = pc.invert(pc.is_in(table["customer_id"], value_set=gone))
            own = pc.fill_null(table["segment_id"], "none")
            return pc.and_(found, pc.equal(own, moved_from)) if moved_from else found

        return stayed
    if cause == MOVED:
        moves = moves.filter(pc.invert(pc.is_in(moves["cause"], value_set=_ENDS)))
    elif cause:
        moves = moves.filter(pc.equal(moves["cause"], cause))
    if moved_from:
        moves = moves.filter(pc.equal(moves["from_id"], moved_from))
    ids = moves["customer_id"].combine_chunks()
    return lambda table: pc.is_in(table["customer_id"], value_set=ids)
