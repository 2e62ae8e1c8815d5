"""Databases as sources: SQLite files and PostgreSQL, read-only.

A URL with a password never stands in the project file, only the name of the
environment variable that holds it; and no error repeats it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.sources import postgres, sqlite
from coterie.sources.base import Source
from coterie.sources.parts import Loaded

_ALLOWED = "database is 'sqlite:PATH', or 'env:NAME' of a variable that holds a PostgreSQL URL."


def read_database(db: DuckDB, relation: str, source: Source, folder: Path) -> Loaded:
    """Read the relation or query of a database into table ``relation``.

    SQLite rows come in the order of the query, for a table in that of its rowid.
    PostgreSQL promises no order, so its rows are put in the order of all their values.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    relation : str
        Name of the table to fill.
    source : Source
        Names the database and the relation or query.
    folder : Path
        The project folder; SQLite files are relative to it.

    Returns
    -------
    Loaded
        Header and notes.
    """
    kind, place = _place(source)
    query = _query(source, kind)
    if kind == "sqlite":
        return sqlite.load(db, relation, _sqlite_file(place, folder), query)
    return postgres.load(db, relation, _url(place), query)


def fingerprint_database(source: Source, folder: Path) -> str:
    """Return a SHA-256 over the rows a source would give, as hex.

    For SQLite over the rows in order; for PostgreSQL the sum of the SHA-256 of each
    row, so that it does not depend on the order of the rows.
    """
    kind, place = _place(source)
    query = _query(source, kind)
    if kind == "sqlite":
        return sqlite.fingerprint(_sqlite_file(place, folder), query)
    return postgres.fingerprint(_url(place), query)


def _place(source: Source) -> tuple[str, str]:
    kind, _, place = source.database.partition(":")
    if kind in {"sqlite", "env"} and place and not place.startswith("//"):
        return kind, place
    if "://" in source.database:
        raise ParameterError(
            f"database is a {kind} URL, and URLs hold passwords."
            if re.fullmatch(r"[a-z0-9+]+", kind)
            else "database is a URL, and URLs hold passwords.",
            allowed=_ALLOWED,
            hint="Put the URL into an environment variable and write database = 'env:NAME'.",
            where="database",
        )
    raise ParameterError(
        f"database={kind + ':…' if place else kind!r} is not known.",
        allowed=_ALLOWED,
        where="database",
    )


def _query(source: Source, kind: str) -> str:
    if bool(source.relation) == bool(source.query):
        raise ParameterError(
            "A database source needs either relation or query.",
            hint='Write relation = "orders", or query = "SELECT …".',
            where="relation",
        )
    if source.relation:
        parts = source.relation.split(".") if kind == "env" else [source.relation]
        quoted = ".".join('"' + part.replace('"', '""') + '"' for part in parts)
        return f"SELECT * FROM {quoted}"
    return check_query(source.query, "sqlite" if kind == "sqlite" else "postgres")


def check_query(query: str, dialect: str) -> str:
    """Return a query without its semicolon if it is one SELECT, else raise.

    Examples
    --------
    >>> check_query("SELECT a FROM t;", "sqlite")
    'SELECT a FROM t'
    >>> check_query("DELETE FROM t", "sqlite")
    Traceback (most recent call last):
    coterie.errors.ParameterError: query is not a SELECT. One SELECT (or WITH … SELECT) is allowed.
    """
    allowed = "One SELECT (or WITH … SELECT) is allowed."
    try:
        parsed = [part for part in sqlglot.parse(query, read=dialect) if part is not None]
    except (SqlglotError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise ParameterError(
            f"query cannot be parsed: {first}", allowed=allowed, where="query"
        ) from error
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        what = f"{len(parsed)} statements" if len(parsed) != 1 else "not a SELECT"
        raise ParameterError(f"query is {what}.", allowed=allowed, where="query")
    if found := parsed[0].find(exp.Insert, exp.Update, exp.Delete, exp.Into, exp.Command):
        raise ParameterError(f"query holds {found.key.upper()}.", allowed=allowed, where="query")
    return query.strip().rstrip(";").rstrip()


def _sqlite_file(place: str, folder: Path) -> Path:
    path = folder / place
    if path.is_file():
        return path
    raise DataError(
        f"There is no SQLite file {place}.",
        hint="The path is relative to the project folder.",
        where="database",
    )


def _url(name: str) -> str:
    url = os.environ.get(name, "")
    if not url:
        raise ParameterError(
            f"The environment variable {name} is not set.",
            hint=f"Set it to the PostgreSQL URL: export {name}=postgresql://user:password@host/db",
            where="database",
        )
    if not url.startswith(("postgresql://", "postgres://")):
        raise ParameterError(
            f"The environment variable {name} holds no PostgreSQL URL.",
            allowed="It begins with postgresql:// .",
            where="database",
        )
    return url
