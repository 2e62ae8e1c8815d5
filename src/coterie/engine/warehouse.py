"""Databases that hold the data and compute in place, reached over ADBC: PostgreSQL.

Tables are temporary: they belong to the session and leave no trace in the database.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from coterie.engine.sql import identifier, translate
from coterie.errors import MissingExtraError


class PostgreSQL:
    """An engine over one PostgreSQL session.

    Parameters
    ----------
    uri : str
        Connection URI, ``postgresql://…``; it is never repeated in an error.

    Raises
    ------
    MissingExtraError
        If the extra ``postgres`` is not installed.
    """

    dialect = "postgres"

    def __init__(self, uri: str) -> None:
        try:
            import adbc_driver_postgresql.dbapi as adbc
        except ImportError as error:
            raise MissingExtraError.of("postgres", "Computing in PostgreSQL") from error
        self._connection = adbc.connect(uri)
        self._connection.adbc_connection.set_autocommit(True)

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
        """End the session and with it all tables."""
        self._connection.close()

    def create(self, name: str, select: str) -> None:
        """Make (or replace) table ``name`` from a SELECT in the portable subset."""
        made = identifier(f"{name}__new")
        self._execute(f"CREATE TEMPORARY TABLE {made} AS {translate(select, self.dialect)}")
        self.drop(name)
        self._execute(f"ALTER TABLE {made} RENAME TO {identifier(name)}")

    def load(self, name: str, data: pa.Table | pa.RecordBatchReader) -> None:
        """Make (or replace) table ``name`` from Arrow data."""
        self.drop(name)
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(name, data, mode="create", temporary=True)

    def drop(self, name: str) -> None:
        """Remove table ``name`` if it is there."""
        self._execute(f"DROP TABLE IF EXISTS {identifier(name)}")

    def query(self, select: str) -> pa.Table:
        """Run a SELECT in the portable subset and return all rows as Arrow."""
        with self._connection.cursor() as cursor:
            cursor.execute(translate(select, self.dialect))
            table: pa.Table = cursor.fetch_arrow_table()
            return table

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the column names of table ``name`` in order."""
        return tuple(self.query(f"SELECT * FROM {identifier(name)} LIMIT 0").column_names)

    def _execute(self, statement: str) -> None:
        cursor: Any
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
