"""What every engine can do: hold tables, and answer one portable SQL.

SQL is handed over in the portable subset, written the DuckDB way; each engine
translates it for itself.
"""

from __future__ import annotations

from typing import Any, Protocol

import pyarrow as pa


class Engine(Protocol):
    """A place where tables are computed."""

    dialect: str
    """Name of the SQL dialect as sqlglot spells it."""

    def create(self, name: str, select: str) -> None:
        """Make (or replace) table ``name`` from a SELECT in the portable subset."""
        ...

    def load(self, name: str, data: pa.Table | pa.RecordBatchReader) -> None:
        """Make (or replace) table ``name`` from Arrow data."""
        ...

    def drop(self, name: str) -> None:
        """Remove table ``name`` if it is there."""
        ...

    def query(self, select: str) -> pa.Table:
        """Run a SELECT in the portable subset and return all rows as Arrow."""
        ...

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the column names of table ``name`` in order."""
        ...


def scalar(engine: Engine, select: str) -> Any:
    """Return the single value of a one-row, one-column SELECT."""
    return engine.query(select).column(0)[0].as_py()
