"""Rows of the operational database as JSON lines, to be carried to another one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    TOMBSTONES,
    USERS,
    Moment,
)

OF_PROJECTS = (RUNS, PUBLISHED, NAMES, JOBS, SCHEDULES, HISTORY, TOMBSTONES)
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

    Tombstones that the backup lacks stay too, and are pending: who was erased since is in it.

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
        stones: set[tuple[str, str]] = set()
        for name, group in groupby(given, itemgetter(0)):
            table = tables[name]
            for part in _parts(row for _, row in group):
                for row in part:
                    if table in OF_PROJECTS:
                        row["project"] = renamed.get(row["project"], row["project"])
                        projects.add(row["project"])
                if table is TOMBSTONES:
                    stones |= {(row["project"], row["mac"]) for row in part}
                    _bury(connection, part)
                else:
                    _insert(connection, table, part)
                carried[name] += len(part)
        _wake(connection, projects, stones)
        for table in OF_PROJECTS:
            if table is TOMBSTONES:
                continue
            count = sa.select(sa.func.count()).where(table.c.project.in_(projects))
            if connection.execute(count).scalar_one() != carried[table.name]:
                raise _others(table)


def _bury(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Insert tombstones; one that is there already is pending if the backup's is."""
    for row in rows:
        one = {name: row[name] for name in ("project", "mac")}
        if connection.execute(sa.select(TOMBSTONES.c.mac).filter_by(**one)).first() is None:
            told = {name: _value(TOMBSTONES.c[name], value) for name, value in row.items()}
            connection.execute(TOMBSTONES.insert().values(**told))
        elif row["pending"]:
            again = TOMBSTONES.update().filter_by(**one)
            connection.execute(again.values(pending=True, sealed=row["sealed"]))


def _wake(
    connection: sa.Connection, projects: Collection[str], known: Collection[tuple[str, str]]
) -> None:
    """Let tombstones that the backup does not know be pending."""
    mine = TOMBSTONES.c.project.in_(projects)
    for row in connection.execute(sa.select(TOMBSTONES.c.project, TOMBSTONES.c.mac).where(mine)):
        if (row.project, row.mac) not in known:
            one = {"project": row.project, "mac": row.mac}
            connection.execute(TOMBSTONES.update().filter_by(**one).values(pending=True))


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
