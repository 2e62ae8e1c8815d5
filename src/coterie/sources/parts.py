"""What the readers of the file formats share: what they take and what they give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.errors import DataError
from coterie.sources.base import Source

BAD_ROW = "bad_row"
MAX_RAW = 10_000
"""Characters kept of a rejected row."""


@dataclass(frozen=True)
class Rejected:
    """One row that could not be split; ``row`` is its line in the file, the first being 1."""

    row: int
    message: str
    raw: str


@dataclass(frozen=True)
class Loaded:
    """What a reader gives besides the table: the header, rejected rows by file, and notes."""

    header: tuple[str, ...]
    rejected: tuple[tuple[str, Sequence[Rejected]], ...] = ()
    notes: tuple[str, ...] = ()


Loader = Callable[[DuckDB, str, Sequence[Path], Source, Path], Loaded]
"""(database, table to make, files, source, folder for copies) -> Loaded."""


def same_header(header: tuple[str, ...], other: tuple[str, ...], first: Path, path: Path) -> None:
    """Raise a DataError unless the file ``path`` has the header of the first one.

    Parameters
    ----------
    header : tuple of str
        Of the first file; empty if there was none yet.
    other : tuple of str
        Of the file at hand.
    first, path : Path
        The two files, for the message.
    """
    if not header or header == other:
        return
    differing = sorted(set(header) ^ set(other))
    named = f" They differ in: {', '.join(differing[:10])}." if differing else ""
    raise DataError(
        f"{path.name} has another header than {first.name}.{named}",
        hint="Files read together need the same columns in the same order.",
        where=path.name,
    )


def flat_select(db: DuckDB, relation: str) -> str:
    """Return a SELECT of all columns of ``relation``, nested values as JSON text.

    ``relation`` is SQL that can follow FROM.
    """
    described = db.rows(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {relation})")
    columns = []
    for name, kind in described:
        column = identifier(name)
        nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "JSON"))
        columns.append(f"CAST(to_json({column}) AS VARCHAR) AS {column}" if nested else column)
    return f"SELECT {', '.join(columns)} FROM {relation}"


def rejected_table(bad: Sequence[tuple[str, Rejected]]) -> pa.Table:
    """Return rejected rows as the table that ``Raw.rejected`` holds."""
    messages = [f"{file}: {row.message}" if file else row.message for file, row in bad]
    return pa.table(
        {
            "row": pa.array([row.row for _, row in bad], pa.int64()),
            "reason": pa.array([BAD_ROW] * len(bad), pa.string()),
            "message": pa.array(messages, pa.string()),
            "raw": pa.array([row.raw for _, row in bad], pa.string()),
        }
    )
