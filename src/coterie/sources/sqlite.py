"""Rows of an SQLite file, opened so that nothing can be changed or attached.

SQLite types belong to values, not columns; a column's type here is what all its
values are.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError
from coterie.sources.cells import CellTable
from coterie.sources.limits import LIMITS
from coterie.sources.names import column_names
from coterie.sources.parts import Loaded

_READING = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)


def load(db: DuckDB, relation: str, path: Path, query: str) -> Loaded:
    """Read the rows of ``query`` into table ``relation``, in their order.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    relation : str
        Name of the table to fill.
    path : Path
        The database file; opened read-only.
    query : str
        One SELECT.

    Returns
    -------
    Loaded
        Header and notes.
    """
    with _rows(path, query) as cursor:
        header = tuple(column[0] for column in cursor.description)
        table = CellTable(db, relation, column_names(header, path.name))
        try:
            table.append(_bounded(cursor, path.name))
            table.finish()
        finally:
            table.discard()
    return Loaded(header, notes=(f"{path.name}: SQLite, read-only",))


def fingerprint(path: Path, query: str) -> str:
    """Return the SHA-256 of column names and rows in their order, as hex."""
    digest = hashlib.sha256()
    with _rows(path, query) as cursor:
        digest.update(repr([column[0] for column in cursor.description]).encode())
        for row in cursor:
            # repr tells 1 from '1' and 1.0, and gives doubles exactly.
            digest.update(repr(row).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _bounded(cursor: sqlite3.Cursor, name: str) -> Iterator[tuple[object, ...]]:
    for number, row in enumerate(cursor, start=1):
        if number > LIMITS.rows:
            raise DataError(f"{name} gives more than {LIMITS.rows:,} rows.", where=name)
        yield row


@contextmanager
def _rows(path: Path, query: str) -> Iterator[sqlite3.Cursor]:
    uri = path.resolve().as_uri() + "?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.text_factory = _decode
            connection.set_authorizer(_authorize)
            with closing(_execute(connection, query)) as cursor:
                yield cursor
    except sqlite3.Error as error:
        raise DataError(
            f"{path.name} cannot be read: {error}.",
            hint=_hint(path, str(error)),
            where="database",
        ) from error


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _authorize(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _execute(connection: sqlite3.Connection, query: str) -> sqlite3.Cursor:
    if query.startswith('SELECT * FROM "'):
        try:
            return connection.execute(f"{query} ORDER BY rowid")
        except sqlite3.OperationalError as error:
            # Views and tables WITHOUT ROWID; the latter come in the order of their key.
            if "rowid" not in str(error):
                raise
    return connection.execute(query)


def _hint(path: Path, message: str) -> str:
    if "not a database" in message:
        return "Is it an SQLite file?"
    if "no such table" not in message:
        return "Check relation or query."
    with closing(sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        )
        return f"It holds: {', '.join(str(name) for (name,) in names)}."
