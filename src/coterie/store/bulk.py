"""Many rows at once into and out of the operational database, the same on both kinds.

SQLite takes rows one by one through its own driver, PostgreSQL by COPY into a temporary table;
SQLAlchemy's own way would spend more time on each row than the database does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

Rows = Sequence[tuple[Any, ...]]
_MANY = 20_000
"""Rows or keys that one statement takes."""


def put(
    connection: sa.Connection,
    table: sa.Table,
    rows: Rows,
    *,
    merge: Mapping[str, str] | None = None,
) -> None:
    """Insert rows; those whose key is there are merged, or replaced.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    table : sqlalchemy.Table
        Where to.
    rows : sequence of tuple
        In the order of the table's columns, no key twice.
    merge : mapping of str to str, optional
        Column -> SQL over ``t`` (what is there) and ``excluded`` (what comes). By default what
        comes replaces what is there.
    """
    if not rows:
        return
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key]
    changed = merge or {n: f"excluded.{_q(n)}" for n in names if n not in keys}
    sets = ", ".join(f"{_q(name)} = {value}" for name, value in changed.items())
    then = f"ON CONFLICT ({_listed(keys)}) DO UPDATE SET {sets}"
    raw = connection.connection.cursor()
    into = f"INSERT INTO {_q(table.name)} AS t ({_listed(names)})"
    if connection.dialect.name == "postgresql":
        _copy(raw, table, names, rows)
        raw.execute(f"{into} SELECT {_listed(names)} FROM {_q('in_' + table.name)} {then}")
        raw.execute(f"DROP TABLE {_q('in_' + table.name)}")
        return
    marks = ", ".join("?" * len(names))
    # In the order of their key: each page of the table is then looked at once.
    raw.executemany(
        f"{into} VALUES ({marks}) {then}", sorted(rows, key=itemgetter(*range(len(keys))))
    )


def insert(connection: sa.Connection, table: sa.Table, rows: Rows, names: Sequence[str]) -> None:
    """Insert rows that are new.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    table : sqlalchemy.Table
        Where to.
    rows : sequence of tuple
        In the order of ``names``.
    names : sequence of str
        Columns.
    """
    if not rows:
        return
    raw = connection.connection.cursor()
    if connection.dialect.name == "postgresql":
        with raw.copy(f"COPY {_q(table.name)} ({_listed(names)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(names))
    raw.executemany(f"INSERT INTO {_q(table.name)} ({_listed(names)}) VALUES ({marks})", rows)


def fetch(
    connection: sa.Connection,
    table: sa.Table,
    project: str,
    key: str,
    values: Sequence[str],
    names: Sequence[str],
) -> list[tuple[Any, ...]]:
    """Return rows of a project by one column of their key.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    table : sqlalchemy.Table
        Where from.
    project : str
        Whose rows.
    key : str
        A column of text.
    values : sequence of str
        What it may hold.
    names : sequence of str
        Columns to read.

    Returns
    -------
    list of tuple
        In no order.
    """
    found: list[tuple[Any, ...]] = []
    select = f"SELECT {_listed(names)} FROM {_q(table.name)} WHERE project ="
    for raw, some in _portions(connection, values):
        if connection.dialect.name == "postgresql":
            raw.execute(f"{select} %s AND {_q(key)} = ANY(%s)", (project, some))
        else:
            inside = f"{_q(key)} IN (SELECT value FROM json_each(?))"
            raw.execute(f"{select} ? AND {inside}", (project, json.dumps(some)))
        found += raw.fetchall()
    return found


def fetch_pairs(
    connection: sa.Connection,
    table: sa.Table,
    project: str,
    keys: tuple[str, str],
    pairs: Sequence[tuple[str, Any]],
    names: Sequence[str],
) -> list[tuple[Any, ...]]:
    """Return rows of a project by two columns of their key, the first of text.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    table : sqlalchemy.Table
        Where from.
    project : str
        Whose rows.
    keys : (str, str)
        The columns.
    pairs : sequence of (str, str or int)
        What they may hold, no pair twice.
    names : sequence of str
        Columns to read.

    Returns
    -------
    list of tuple
        In no order.
    """
    found: list[tuple[Any, ...]] = []
    listed = ", ".join(f"t.{_q(name)}" for name in names)
    raw = connection.connection.cursor()
    for start in range(0, len(pairs), _MANY):
        some = pairs[start : start + _MANY]
        if connection.dialect.name == "postgresql":
            kind = "text" if isinstance(some[0][1], str) else "int"
            raw.execute(
                f"SELECT {listed} FROM unnest(%s::text[], %s::{kind}[]) AS j(a, b) "
                f"JOIN {_q(table.name)} AS t ON t.{_q(keys[0])} = j.a AND t.{_q(keys[1])} = j.b "
                "WHERE t.project = %s",
                ([a for a, _ in some], [b for _, b in some], project),
            )
        else:
            raw.execute(
                f"SELECT {listed} FROM json_each(?) AS j CROSS JOIN {_q(table.name)} AS t "
                f"ON t.project = ? AND t.{_q(keys[0])} = json_extract(j.value, '$[0]') "
                f"AND t.{_q(keys[1])} = json_extract(j.value, '$[1]')",
                (json.dumps(some), project),
            )
        found += raw.fetchall()
    return found


def remove(
    connection: sa.Connection, table: sa.Table, project: str, key: str, values: Sequence[str]
) -> None:
    """Delete rows of a project by one column of their key.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    table : sqlalchemy.Table
        Where from.
    project : str
        Whose rows.
    key : str
        A column of text.
    values : sequence of str
        What it may hold.
    """
    for raw, some in _portions(connection, values):
        gone = f"DELETE FROM {_q(table.name)} WHERE project ="
        if connection.dialect.name == "postgresql":
            raw.execute(f"{gone} %s AND {_q(key)} = ANY(%s)", (project, some))
        else:
            inside = f"{_q(key)} IN (SELECT value FROM json_each(?))"
            raw.execute(f"{gone} ? AND {inside}", (project, json.dumps(some)))


def read_all(connection: sa.Connection, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    """Return all rows of a query as the driver reads them: for columns that need no conversion."""
    compiled = query.compile(connection, compile_kwargs={"literal_binds": False})
    raw = connection.connection.cursor()
    raw.execute(str(compiled), _values(connection, compiled))
    return list(raw.fetchall())


def _values(connection: sa.Connection, compiled: Any) -> Any:
    if connection.dialect.name == "postgresql":
        return compiled.params
    return [compiled.params[name] for name in compiled.positiontup]


def moment(connection: sa.Connection, time: datetime) -> datetime | str:
    """Return a time as the database's own driver takes it for a column of ``Moment``."""
    if connection.dialect.name == "postgresql":
        return time
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _portions(connection: sa.Connection, values: Sequence[str]) -> Iterator[tuple[Any, list[str]]]:
    raw = connection.connection.cursor()
    for start in range(0, len(values), _MANY):
        yield raw, list(values[start : start + _MANY])


def _copy(raw: Any, table: sa.Table, names: Sequence[str], rows: Rows) -> None:
    place = _q("in_" + table.name)
    raw.execute(f"CREATE TEMPORARY TABLE {place} (LIKE {_q(table.name)}) ON COMMIT DROP")
    with raw.copy(f"COPY {place} ({_listed(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_q, names))


def _q(name: str) -> str:
    """Quote a name of ours."""
    return f'"{name}"'
