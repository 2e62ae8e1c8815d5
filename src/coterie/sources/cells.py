"""Rows of Python values into a typed table, batch by batch, in bounded memory.

The type of a column is what all its values are, not what the first ones are:
values wait as exact text and are cast once all of them have been seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier

BATCH_CELLS = 500_000
_EXACT = 1 << 53
"""Beyond this a double does not hold every integer."""
_INT64 = 1 << 63


class CellTable:
    """A table in the making.

    Parameters
    ----------
    db : DuckDB
        The working database.
    relation : str
        Table to make.
    columns : sequence of str
        Column names.
    """

    def __init__(self, db: DuckDB, relation: str, columns: Sequence[str]) -> None:
        self._db = db
        self._relation = relation
        self._columns = tuple(columns)
        self._kinds: list[set[str]] = [set() for _ in columns]
        self._staging = f"{relation}__cells"
        self._schema = pa.schema([(name, pa.string()) for name in columns])
        texts = ", ".join(f"{identifier(name)} VARCHAR" for name in columns)
        db.execute(f"CREATE OR REPLACE TABLE {identifier(self._staging)} ({texts})")

    def append(self, rows: Iterable[Sequence[object]]) -> None:
        """Add rows, each as long as there are columns; None and empty text become NULL."""
        size = max(1, BATCH_CELLS // max(1, len(self._columns)))
        batch: list[Sequence[object]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == size:
                self._flush(batch)
                batch = []
        if batch:
            self._flush(batch)

    def _flush(self, batch: list[Sequence[object]]) -> None:
        part = f"{self._relation}__part"
        columns = [
            pa.array([_text(value, kinds) for value in values], pa.string())
            for values, kinds in zip(zip(*batch, strict=True), self._kinds, strict=True)
        ]
        self._db.load(part, pa.Table.from_arrays(columns, schema=self._schema))
        self._db.execute(
            f"INSERT INTO {identifier(self._staging)} SELECT * FROM {identifier(part)}"
        )
        self._db.drop(part)

    def finish(self) -> None:
        """Make the table with the types that hold all values of each column."""
        select = ", ".join(
            f"CAST({identifier(name)} AS {column_type(kinds)}) AS {identifier(name)}"
            for name, kinds in zip(self._columns, self._kinds, strict=True)
        )
        self._db.create(self._relation, f"SELECT {select} FROM {identifier(self._staging)}")
        self.discard()

    def discard(self) -> None:
        """Remove what was put aside for ``finish``."""
        self._db.drop(self._staging)
        self._db.drop(f"{self._relation}__part")


def column_type(kinds: set[str]) -> str:
    """Return the SQL type that holds all kinds of values seen in a column.

    Examples
    --------
    >>> column_type({"int", "float"}), column_type({"int", "text"}), column_type(set())
    ('DOUBLE', 'VARCHAR', 'VARCHAR')
    """
    if kinds == {"bool"}:
        return "BOOLEAN"
    if kinds == {"time"}:
        return "TIMESTAMP"
    if kinds and kinds <= {"int", "long"}:
        return "BIGINT"
    if kinds and kinds <= {"int", "float"}:
        return "DOUBLE"
    return "VARCHAR"


def _int(value: int) -> tuple[str, str]:
    if -_EXACT <= value <= _EXACT:
        return "int", str(value)
    return ("long" if -_INT64 <= value < _INT64 else "text"), str(value)


_WRITERS: dict[type, Callable[..., tuple[str, str]]] = {
    bool: lambda value: ("bool", "true" if value else "false"),
    int: _int,
    # repr is the shortest text that gives the same double again.
    float: lambda value: ("float", repr(value)),
    str: lambda value: ("text", value.replace("\0", "")),
    dt.datetime: lambda value: ("time", value.isoformat(sep=" ")),
    dt.date: lambda value: ("time", value.isoformat()),
    bytes: lambda value: ("text", value.hex()),
}


def _text(value: object, kinds: set[str]) -> str | None:
    if value is None or value == "":
        return None
    writer = _WRITERS.get(type(value))
    kind, text = writer(value) if writer else ("text", str(value))
    kinds.add(kind)
    return text
