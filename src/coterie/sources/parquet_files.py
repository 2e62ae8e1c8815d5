"""Parquet files, with the types they have; what a footer claims is checked before reading."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import CoterieError, DataError
from coterie.sources.base import Source
from coterie.sources.limits import LIMITS, Limits, reading
from coterie.sources.names import column_names
from coterie.sources.parts import Loaded, flat_select, same_header

_CELLS_PER_BYTE = 1_000
_CELLS_FREE = 1_000_000_000


def load_parquet(
    db: DuckDB, relation: str, files: Sequence[Path], source: Source, scratch: Path
) -> Loaded:
    """Read Parquet files into ``relation``; nested columns become JSON text.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    relation : str
        Name of the table to fill.
    files : sequence of Path
        All of one source, in the order of their names.
    source : Source
        Not used.
    scratch : Path
        Folder for unpacked copies; emptied by the caller.

    Returns
    -------
    Loaded
        Header, what could not be read, and notes on how the files are written.
    """
    del source
    header: tuple[str, ...] = ()
    for i, path in enumerate(files):
        names = check_parquet(path)
        if not names:
            raise DataError(f"{path.name} has no columns.", hint="Check the export.")
        same_header(header, names, files[0], path)
        header = names
        target = identifier(relation)
        columns = column_names(header, path.name)
        with_names = ", ".join(identifier(name) for name in columns)
        readable = _plain_name(path, scratch / f"{i}.parquet")
        try:
            select = flat_select(
                db, f"read_parquet([{literal(str(readable))}]) AS file({with_names})"
            )
            start = f"CREATE TABLE {target} AS" if i == 0 else f"INSERT INTO {target}"
            db.execute(f"{start} {select}")
        except CoterieError:
            raise
        except Exception as error:
            raise _damaged(path, error) from error
    return Loaded(header, tuple((path.name, ()) for path in files))


def _plain_name(path: Path, link: Path) -> Path:
    """Return a path without the characters that the engine takes for a pattern."""
    if not set("*?[]") & set(str(path)):
        return path
    link.symlink_to(path.resolve())
    return link


def check_parquet(path: Path, limits: Limits = LIMITS) -> tuple[str, ...]:
    """Return the column names of a Parquet file after a look at its footer.

    Raises
    ------
    DataError
        If the file is damaged, or claims more than can be in so few bytes.
    """
    with reading(path):
        try:
            with pq.ParquetFile(path) as file:
                meta, schema = file.metadata, file.schema_arrow
        except pa.ArrowException as error:
            raise _damaged(path, error) from error
        size = path.stat().st_size
    unpacked = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    cells = meta.num_rows * max(1, meta.num_columns)
    if (
        meta.num_rows > limits.rows
        or unpacked > limits.unpacked_bytes
        or cells > max(_CELLS_FREE, _CELLS_PER_BYTE * size)
    ):
        raise DataError(
            f"{path.name} claims {meta.num_rows:,} rows and {unpacked:,} bytes in {size:,} bytes.",
            allowed=f"Up to {limits.rows:,} rows and {limits.unpacked_bytes:,} bytes are read.",
            hint="Split it into several files.",
            where=path.name,
        )
    return tuple(schema.names)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path.name} cannot be read as Parquet: {str(error).splitlines()[0]}",
        hint="Write or fetch the file again.",
        where=path.name,
    )
