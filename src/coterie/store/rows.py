"""Rows of the operational database as JSON lines, to be carried to another one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, TextIO

import sqlalchemy as sa

from coterie.errors import ParameterError
from coterie.store.database import Database
from coterie.store.tables import (
    API_KEYS,
    AUDIT,
    CONNECTIONS,
    HISTORY,
    JOBS,
    MEMBERSHIPS,
    NAMES,
    PUBLISHED,
    RUNS,
    SCHEDULES,
    USERS,
    Moment,
)

OF_PROJECTS = (RUNS, PUBLISHED, NAMES, JOBS, SCHEDULES, HISTORY)
OF_SERVER = (CONNECTIONS, USERS, MEMBERSHIPS, API_KEYS, AUDIT)
CARRIED = (*OF_PROJECTS, *OF_SERVER)
"""What cannot be made again, each after what it refers to; lists of customers can."""
_BATCH = 1_000


def write_rows(database: Database, out: TextIO, projects: Sequence[str] | None) -> int:
    """Write rows as JSON lines, as they all were at one moment.

    Parameters
    ----------
    database : Database
        A PostgreSQL database.
    out : text file
        Gets a line for each row.
    projects : sequence of str or None
        Whose rows; None for all, with those of the server: connections, accounts, audit log.

    Returns
    -------
    int
        How many there were.
    """
    with database.transaction():
        pass  # brought up to date, so that the snapshot can be the first thing that is asked for
    number = 0
    with database.transaction() as connection:
        connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        for line in _lines(connection, projects):
            out.write(line)
            number += 1
    return number


def _lines(connection: sa.Connection, projects: Sequence[str] | None) -> Iterator[str]:
    for table in CARRIED if projects is None else OF_PROJECTS:
        query = sa.select(table).order_by(*table.primary_key.columns)
        if projects is not None:
            query = query.where(table.c.project.in_(projects))
        rows = connection.execution_options(yield_per=_BATCH).execute(query)
        for row in rows.mappings():
            told = {name: _plain(value) for name, value in row.items()}
            yield json.dumps([table.name, told], ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def read_rows(database: Database, lines: Iterable[str], renamed: Mapping[str, str]) -> None:
    """Insert rows, all or none; rows that are there already, and the same, stay.

    Parameters
    ----------
    database : Database
        A PostgreSQL database.
    lines : iterable of str
        As ``write_rows`` wrote them.
    renamed : mapping of str to str
        Projects that go by another name now.

    Raises
    ------
    ParameterError
        If there are other rows of these projects.
    """
    tables = {table.name: table for table in CARRIED}
    given = (json.loads(line) for line in lines)
    carried: Counter[str] = Counter()
    projects: set[str] = set()
    with database.transaction(writes=True) as connection:
        for name, group in groupby(given, itemgetter(0)):
            table = tables[name]
            for part in _parts(row for _, row in group):
                for row in part:
                    if table in OF_PROJECTS:
                        row["project"] = renamed.get(row["project"], row["project"])
                        projects.add(row["project"])
                _insert(connection, table, part)
                carried[name] += len(part)
        for table in OF_PROJECTS:
            count = sa.select(sa.func.count()).where(table.c.project.in_(projects))
            if connection.execute(count).scalar_one() != carried[table.name]:
                raise _others(table)


def _parts(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while part := list(islice(rows, _BATCH)):
        yield part


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows that are not there; those that are must be the same."""
    keys = list(table.primary_key.columns)
    wanted = [tuple(row[column.name] for column in keys) for row in rows]
    query = sa.select(table).where(sa.tuple_(*keys).in_(wanted))
    there = {
        tuple(found[column.name] for column in keys): {n: _plain(v) for n, v in found.items()}
        for found in connection.execute(query).mappings()
    }
    fresh = []
    for key, row in zip(wanted, rows, strict=True):
        if key not in there:
            fresh.append({name: _value(table.c[name], value) for name, value in row.items()})
        elif there[key] != row:
            raise _others(table)
    if fresh:
        connection.execute(table.insert(), fresh)


def _value(column: sa.Column[Any], value: Any) -> Any:
    moment = value is not None and isinstance(column.type, Moment)
    return datetime.fromisoformat(value) if moment else value


def _others(table: sa.Table) -> ParameterError:
    return ParameterError(
        f"The database has other rows of these projects already ({table.name}).",
        hint="Restore into an empty database.",
    )
