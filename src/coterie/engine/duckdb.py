"""DuckDB: the embedded engine. It also reads files, so it is locked once they are read.

A working database is held in memory and spills to its folder, so tables can be larger
than memory. On disk from the start it would take a third more CPU time, to compress
what is read once or twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from coterie.engine.sql import identifier, literal
from coterie.errors import DataError

BATCH_ROWS = 122_880
"""Rows per streamed Arrow batch: one DuckDB row group."""


class DuckDB:
    """An embedded DuckDB database.

    Parameters
    ----------
    folder : Path, optional
        Folder for what spills from memory.
    threads : int, optional
        Threads to use; all cores by default. The results do not depend on it.
    memory_limit : str, optional
        For example ``"4GB"``; half of the machine's memory otherwise.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     db.query("SELECT 1 + 1 AS two").to_pylist()
    [{'two': 2}]
    """

    dialect = "duckdb"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        threads: int | None = None,
        memory_limit: str | None = None,
    ) -> None:
        config: dict[str, Any] = {"TimeZone": "UTC", "autoinstall_known_extensions": False}
        config["allocator_background_threads"] = True  # memory of dropped tables is given back
        # Else a long IN list becomes a join, and a join on many threads loses the order of rows.
        config["disabled_optimizers"] = "in_clause"
        if threads:
            config["threads"] = threads
        config["memory_limit"] = memory_limit or "50%"
        if folder:
            config["temp_directory"] = str(folder / "spill")
        with _clear_errors():
            self._con = duckdb.connect(":memory:", config=config)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; its tables are gone if it had no folder."""
        self._con.close()

    def execute(self, sql: str, params: Sequence[object] = ()) -> None:
        """Run one statement and drop its result."""
        with self._cursor() as cursor, _clear_errors():
            cursor.execute(sql, list(params))

    def query(self, select: str, params: Sequence[object] = ()) -> pa.Table:
        """Run a SELECT and return all rows as an Arrow table."""
        with self._cursor() as cursor, _clear_errors():
            return cursor.sql(select, params=list(params)).to_arrow_table()

    def rows(self, select: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a SELECT with a small result and return its rows as tuples."""
        table = self.query(select, params)
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def stream(self, select: str, batch_rows: int = BATCH_ROWS) -> pa.RecordBatchReader:
        """Run a SELECT and return a reader over its batches, in bounded memory."""
        with _clear_errors():
            reader = self._cursor().sql(select).to_arrow_reader(batch_rows)
        return pa.RecordBatchReader.from_batches(reader.schema, _read(reader))

    def create(self, name: str, select: str) -> None:
        """Make (or replace) table ``name`` from a SELECT."""
        self.execute(f"CREATE OR REPLACE TABLE {identifier(name)} AS {select}")

    def view(self, name: str, select: str) -> None:
        """Make (or replace) view ``name`` of a SELECT."""
        self.execute(f"CREATE OR REPLACE VIEW {identifier(name)} AS {select}")

    def load(self, name: str, data: pa.Table | pa.RecordBatchReader) -> None:
        """Make (or replace) table ``name`` from Arrow data, in its order until ``lock``."""
        with self._cursor() as cursor, _clear_errors():
            cursor.register("arrow_in", data)
            cursor.execute(f"CREATE OR REPLACE TABLE {identifier(name)} AS SELECT * FROM arrow_in")
            cursor.unregister("arrow_in")

    def drop(self, name: str) -> None:
        """Remove table ``name`` if it is there."""
        self.execute(f"DROP TABLE IF EXISTS {identifier(name)}")

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the column names of table or view ``name`` in order."""
        return tuple(self.query(f"SELECT * FROM {identifier(name)} LIMIT 0").column_names)

    def tables(self) -> frozenset[str]:
        """Return the names of all tables and views."""
        known = self.rows("SELECT table_name FROM information_schema.tables")
        return frozenset(name for (name,) in known)

    def lock(self, folders: Sequence[Path]) -> None:
        """Forbid files outside ``folders``, extensions and any further change of settings.

        From here on rows come in any order unless one is asked for: to keep the order of
        what has none would leave all but one thread idle while a table is made.
        """
        allowed = ", ".join(literal(str(folder.resolve())) for folder in folders)
        self.execute(f"SET allowed_directories = [{allowed}]")
        self.execute("SET preserve_insertion_order = false")
        self.execute("SET enable_external_access = false")
        self.execute("SET lock_configuration = true")

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        return self._con.cursor()


_KINDS: dict[str, type[duckdb.Error]] = {
    "Conversion Error": duckdb.ConversionException,
    "Out of Range Error": duckdb.OutOfRangeException,
    "Out of Memory Error": duckdb.OutOfMemoryException,
    "IO Error": duckdb.IOException,
    "nterrupted": duckdb.InterruptException,
}
"""What the engine says -> its error: Arrow, and a signal, keep the words alone."""


def _read(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Read all batches; errors that come up half-way are those of a query that is run at once."""
    with _clear_errors():
        yield from reader


@contextmanager
def _engine_errors() -> Iterator[None]:
    """Give errors that reach us as words alone the class that the engine has for them."""
    try:
        yield
    except (OSError, RuntimeError, pa.ArrowException) as error:
        said = str(error)
        kind = next((kind for words, kind in _KINDS.items() if words in said), None)
        if kind is None:
            raise
        raise kind(said) from error


_DISK_FULL = ("no space left", "disk quota", "file too large")


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn what a user can mend into our own errors."""
    try:
        with _engine_errors():
            yield
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error  # the engine replaces it by an error of its own
    except duckdb.OutOfMemoryException as error:
        raise DataError(
            "The data does not fit into the memory and disk that are allowed.",
            hint="Free disk space, or raise the memory limit (COTERIE_MEMORY_LIMIT).",
        ) from error
    except duckdb.OutOfRangeException as error:
        raise DataError(
            f"A sum or a number is larger than 64 bits hold: {_said(error)}",
            hint="Check the amounts and quantities for impossible values.",
        ) from error
    except duckdb.ConversionException as error:
        raise DataError(
            f"A value is not what it should be: {_said(error)}",
            hint="Expressions of [[measures]] and [[features]] must give numbers.",
        ) from error
    except duckdb.Error as error:
        if not any(words in str(error).lower() for words in _DISK_FULL):
            raise
        raise DataError(
            "The disk is full, or a file grew larger than is allowed here.",
            hint="Free some space and run again; nothing was left half-written.",
        ) from error


def _said(error: Exception) -> str:
    """Return the first line of what the engine said; the others repeat our SQL."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
