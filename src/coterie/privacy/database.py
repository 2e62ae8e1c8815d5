"""Tables of the operational database that may hold something of a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from coterie.privacy.person import Person
from coterie.privacy.scope import Scope
from coterie.privacy.sifting import GONE, Found, sift_json
from coterie.store.database import Database
from coterie.store.stream_tables import CAME, DEAD, LEVEL1, MOVES, STATES
from coterie.store.tables import CUSTOMERS, HISTORY, JOBS, LOADED, MOVED, REPLIES

Find = Callable[[Person], Mapping[str, Found]]
Erase = Callable[[Person], None]
STREAMED = (*CAME.values(), *LEVEL1.values(), STATES, MOVES)
"""What a stream holds of customers, by their id."""
HOLDING = (CUSTOMERS, MOVED, HISTORY, JOBS, REPLIES, *STREAMED, DEAD)
"""All that holds rows of people, or words of requests about them."""
_JOB = ("params", "result", "error")


def database_places(scope: Scope) -> Iterator[tuple[str, Find, Erase]]:
    """Yield name, search and removal of each table of each database of a project.

    Parameters
    ----------
    scope : Scope
        The project.

    Yields
    ------
    (str, callable, callable)
        As ``Place`` wants them.
    """
    seen: set[str] = set()
    for database, project in scope.databases():
        for table in HOLDING:
            name = f"table {table.name}"
            called = name if name not in seen else f"server {name}"
            seen.add(name)
            find, erase = _WAYS[table.name]
            yield (
                called,
                partial(_ask, called, find, database, project),
                partial(_rid, erase, database, project),
            )


def _ask(
    name: str,
    find: Callable[[Database, str | None, Person], list[dict[str, Any]]],
    database: Database,
    project: str | None,
    person: Person,
) -> dict[str, Found]:
    rows = find(database, project, _asked_by_id(person))
    return {name: Found(tuple(rows))} if rows else {}


def _rid(
    erase: Callable[[Database, str | None, Person], None],
    database: Database,
    project: str | None,
    person: Person,
) -> None:
    erase(database, project, _asked_by_id(person))


def _asked_by_id(person: Person) -> Person:
    """Return the person as requests and answers name her."""
    return replace(person, columns=person.columns | {"id"})


def _mine(table: sa.Table, project: str | None) -> list[sa.ColumnElement[bool]]:
    return [] if project is None else [table.c.project == project]


def _loaded(project: str | None) -> sa.Select[Any]:
    return sa.select(LOADED.c.number).where(*_mine(LOADED, project))


def _rows(database: Database, query: sa.Select[Any]) -> list[dict[str, Any]]:
    with database.transaction() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _find_members(database: Database, project: str | None, person: Person) -> list[dict[str, Any]]:
    theirs = CUSTOMERS.c.loaded.in_(_loaded(project)), CUSTOMERS.c.customer_id.in_(person.ids)
    return _rows(database, sa.select(CUSTOMERS).where(*theirs))


def _erase_members(database: Database, project: str | None, person: Person) -> None:
    """Remove her from the lists, and from the numbers of their segments."""
    with database.transaction(writes=True) as connection:
        theirs = CUSTOMERS.c.loaded.in_(_loaded(project)), CUSTOMERS.c.customer_id.in_(person.ids)
        for row in connection.execute(sa.select(CUSTOMERS).where(*theirs)).all():
            where = LOADED.c.number == row.loaded
            counts = dict(
                connection.execute(sa.select(LOADED.c.segments).where(where)).scalar_one()
            )
            counts[row.segment_id] -= 1
            connection.execute(LOADED.update().where(where).values(segments=counts))
        connection.execute(CUSTOMERS.delete().where(*theirs))


def _find_moved(database: Database, project: str | None, person: Person) -> list[dict[str, Any]]:
    theirs = MOVED.c.loaded.in_(_loaded(project)), MOVED.c.customer_id.in_(person.ids)
    return _rows(database, sa.select(MOVED).where(*theirs))


def _erase_moved(database: Database, project: str | None, person: Person) -> None:
    theirs = MOVED.c.loaded.in_(_loaded(project)), MOVED.c.customer_id.in_(person.ids)
    with database.transaction(writes=True) as connection:
        connection.execute(MOVED.delete().where(*theirs))


def _find_history(database: Database, project: str | None, person: Person) -> list[dict[str, Any]]:
    query = sa.select(HISTORY).where(
        *_mine(HISTORY, project), HISTORY.c.customer_id.in_(person.ids)
    )
    return _rows(database, query)


def _erase_history(database: Database, project: str | None, person: Person) -> None:
    theirs = *_mine(HISTORY, project), HISTORY.c.customer_id.in_(person.ids)
    with database.transaction(writes=True) as connection:
        connection.execute(HISTORY.delete().where(*theirs))


def _find_jobs(database: Database, project: str | None, person: Person) -> list[dict[str, Any]]:
    rows = _rows(database, sa.select(JOBS).where(*_mine(JOBS, project)))
    return [row for row in rows if any(sift_json(row[name], person)[1] for name in _JOB)]


def _erase_jobs(database: Database, project: str | None, person: Person) -> None:
    for row in _find_jobs(database, project, person):
        left = {name: sift_json(row[name], person)[0] for name in _JOB}
        if left["params"] is GONE or left["params"] is None:
            left["params"] = {}
        left = {name: None if part is GONE else part for name, part in left.items()}
        with database.transaction(writes=True) as connection:
            connection.execute(JOBS.update().where(JOBS.c.id == row["id"]).values(**left))


def _find_replies(database: Database, project: str | None, person: Person) -> list[dict[str, Any]]:
    rows = _rows(database, sa.select(REPLIES).where(*_mine(REPLIES, project)))
    return [row for row in rows if _replies_of(row, person)]


def _replies_of(row: Mapping[str, Any], person: Person) -> bool:
    try:
        body = json.loads(row["body"] or "null")
    except ValueError:
        body = row["body"]
    return bool(sift_json([body, row["key"]], person)[1])


def _erase_replies(database: Database, project: str | None, person: Person) -> None:
    for row in _find_replies(database, project, person):
        one = {name: row[name] for name in ("project", "key")}
        with database.transaction(writes=True) as connection:
            connection.execute(REPLIES.delete().filter_by(**one))


def _find_streamed(
    table: sa.Table, database: Database, project: str | None, person: Person
) -> list[dict[str, Any]]:
    query = sa.select(table).where(*_mine(table, project), table.c.customer_id.in_(person.ids))
    return [
        {n: _numbers(v) if isinstance(v, bytes) else v for n, v in row.items()}
        for row in _rows(database, query)
    ]


def _numbers(packed: bytes) -> list[int]:
    """Return measures as they are packed: 64-bit integers."""
    parts = range(0, len(packed), 8)
    return [int.from_bytes(packed[at : at + 8], "little", signed=True) for at in parts]


def _erase_streamed(
    table: sa.Table, database: Database, project: str | None, person: Person
) -> None:
    theirs = *_mine(table, project), table.c.customer_id.in_(person.ids)
    with database.transaction(writes=True) as connection:
        connection.execute(table.delete().where(*theirs))


def _find_dead(database: Database, project: str | None, person: Person) -> list[dict[str, Any]]:
    rows = _rows(database, sa.select(DEAD).where(*_mine(DEAD, project)))
    return [row for row in rows if any(one in row["raw"] for one in person.ids)]


def _erase_dead(database: Database, project: str | None, person: Person) -> None:
    """Remove letters that may be about her: what could not be read is not looked into."""
    gone = [row["seq"] for row in _find_dead(database, project, person)]
    with database.transaction(writes=True) as connection:
        connection.execute(DEAD.delete().where(DEAD.c.seq.in_(gone)))


_WAYS: dict[str, tuple[Any, Any]] = {
    CUSTOMERS.name: (_find_members, _erase_members),
    MOVED.name: (_find_moved, _erase_moved),
    HISTORY.name: (_find_history, _erase_history),
    JOBS.name: (_find_jobs, _erase_jobs),
    REPLIES.name: (_find_replies, _erase_replies),
    DEAD.name: (_find_dead, _erase_dead),
    **{t.name: (partial(_find_streamed, t), partial(_erase_streamed, t)) for t in STREAMED},
}


def forget_free_pages(database: Database) -> str:
    """Leave nothing of deleted rows in the file of a SQLite database.

    Parameters
    ----------
    database : Database
        It may be in use.

    Returns
    -------
    str
        What may still be there, in a sentence; empty if nothing is.
    """
    if database.path is None:
        return (
            "PostgreSQL keeps deleted rows in its files until it vacuums: VACUUM FULL, "
            "and its own archives and backups by rotation."
        )
    with closing(database.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("VACUUM")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return (
        "A reader held the database: its journal is emptied when the last one closes it."
        if busy
        else ""
    )
