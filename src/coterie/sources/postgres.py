"""Rows of a PostgreSQL database over ADBC, in one read-only transaction.

PostgreSQL promises no order of rows; here they are ordered by all their values,
so the same content gives the same row numbers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.errors import CoterieError, DataError, MissingExtraError
from coterie.sources.names import column_names
from coterie.sources.parts import Loaded

_AS_THEY_ARE = frozenset(
    {"bool", "int2", "int4", "int8", "float4", "float8"}
    | {"text", "varchar", "bpchar", "name", "date", "timestamp", "timestamptz"}
)
_SETTINGS = (
    "SET TRANSACTION READ ONLY",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
)
_CONNECTING = {
    "password authentication failed": "the server refuses user and password.",
    "no password supplied": "the server asks for a password.",
    "pg_hba.conf": "the server does not let this user connect from here.",
    "Connection refused": "no server answers at that host and port.",
    "could not translate host name": "the host is not known.",
    "timeout": "the server does not answer in time.",
    "does not exist": "there is no such database or user.",
}
_MAX_DIGITS = 38
"""Digits of the widest DECIMAL; numbers that need more become doubles."""


def load(db: DuckDB, relation: str, url: str, query: str) -> Loaded:
    """Stream the rows of ``query`` into table ``relation``.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    relation : str
        Name of the table to fill.
    url : str
        Where the server is, and who asks; never shown.
    query : str
        One SELECT.

    Returns
    -------
    Loaded
        Header and notes.
    """
    staging = f"{relation}__rows"
    with _session(url) as cursor:
        types = _types(cursor, query)
        header = tuple(name for name, _ in types)
        columns = column_names(header, "The relation")
        cursor.execute(f"SELECT {_expressions(types)} FROM (\n{query}\n) AS coterie_row")
        try:
            with cursor.fetch_record_batch() as reader:
                db.load(staging, reader)
            casts = [
                _number(db, staging, name) if kind in {"numeric", "money"} else identifier(name)
                for name, (_, kind) in zip(columns, types, strict=True)
            ]
            db.create(
                relation, f"SELECT {', '.join(casts)} FROM {identifier(staging)} ORDER BY ALL"
            )
        finally:
            db.drop(staging)
    return Loaded(header, notes=("PostgreSQL, read-only; rows in the order of their values",))


def fingerprint(url: str, query: str) -> str:
    """Return a SHA-256 over names, types, count and the sum of all rows' SHA-256, as hex."""
    with _session(url) as cursor:
        types = _types(cursor, query)
        lanes = ", ".join(
            # Four 64-bit lanes of each row's hash; numeric sums cannot overflow.
            f"sum(('x' || substr(hash, {start}, 16))::bit(64)::bigint::numeric)::text"
            for start in (1, 17, 33, 49)
        )
        cursor.execute(
            f"SELECT count(*)::text, {lanes} FROM (SELECT encode(sha256(convert_to("
            f"coterie_row::text, 'UTF8')), 'hex') AS hash FROM (\n{query}\n) AS coterie_row) AS h"
        )
        sums = cursor.fetchone()
    return hashlib.sha256(repr((types, sums)).encode()).hexdigest()


def _types(cursor: Any, query: str) -> list[tuple[str, str]]:
    """Return name and PostgreSQL type of each column."""
    cursor.execute(f"SELECT * FROM (\n{query}\n) AS coterie_row LIMIT 0")
    with cursor.fetch_record_batch() as reader:
        return [
            (field.name, (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode())
            for field in reader.schema
        ]


def _expressions(types: list[tuple[str, str]]) -> str:
    parts = []
    for name, kind in types:
        column = '"' + name.replace('"', '""') + '"'
        cast = "" if kind in _AS_THEY_ARE else "::numeric" * (kind == "money") + "::text"
        parts.append(f"{column}{cast} AS {column}")
    return ", ".join(parts)


def _number(db: DuckDB, staging: str, name: str) -> str:
    """Return the cast of a text column of numbers to the narrowest exact type."""
    column = identifier(name)
    whole, fraction, special = db.rows(
        f"SELECT coalesce(max(length(ltrim(split_part({column}, '.', 1), '-'))), 1), "
        f"coalesce(max(length(split_part({column}, '.', 2))), 0), "
        f"coalesce(bool_or({column} IN ('NaN', 'Infinity', '-Infinity')), false) "
        f"FROM {identifier(staging)}"
    )[0]
    exact = not special and whole + fraction <= _MAX_DIGITS
    kind = f"DECIMAL({_MAX_DIGITS}, {fraction})" if exact else "DOUBLE"
    return f"CAST({column} AS {kind}) AS {column}"


@contextmanager
def _session(url: str) -> Iterator[Any]:
    try:
        import adbc_driver_postgresql.dbapi as adbc
    except ImportError as error:
        raise MissingExtraError.of("postgres", "A PostgreSQL source") from error
    told = ""
    try:
        with adbc.connect(url) as connection, connection.cursor() as cursor:
            # The text of a row, and so its hash, must not depend on the server's settings.
            for statement in _SETTINGS:
                cursor.execute(statement)
            yield cursor
    except CoterieError:
        raise
    except Exception as error:
        # Errors of a stream come as those of its reader, so no one class covers them.
        if not re.search(r"SQLSTATE|libpq|adbc", f"{type(error).__module__} {error}"):
            raise
        told = _told(str(error))
    if told:
        # Raised here, so that the driver's error, which may show the URL, is no context of it.
        raise DataError(
            f"PostgreSQL: {told}",
            hint="Check the URL, the relation or query, and the rights of the user.",
            where="database",
        )


def _told(message: str) -> str:
    """Return what went wrong without anything that may come from the URL.

    Examples
    --------
    >>> _told("[libpq] Failed to connect: could not translate host name 'pass@host'")
    'the host is not known.'
    """
    found = re.search(r"ERROR:\s*(.*)", message)
    if found and ("SQLSTATE" in message or "Execution error" in message):
        return f"{found[1].strip()}."
    for phrase, words in _CONNECTING.items():
        if phrase in message:
            return words
    return "there is no connection."
