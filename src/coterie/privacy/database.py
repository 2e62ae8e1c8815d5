"""Tables of the operational database that may hold something of a person."""

from __future__ import annotations

import json
import re
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
from coterie.store.stream_tables import CAME, DEAD, LEVEL1, MOVES, STATES, STREAMS
from coterie.store.tables import CUSTOMERS, HISTORY, JOBS, LOADED, MOVED, REPLIES

Find = Callable[[Person], Mapping[str, Found]]
Erase = Callable[[Person], None]
STREAMED = (*CAME.values(), *LEVEL1.values(), STATES, MOVES)
"""What a stream holds of customers, by their id."""
HOLDING = (CUSTOMERS, MOVED, HISTORY, JOBS, REPLIES, *STREAMED, DEAD, STREAMS)
"""All that holds rows of people, or words of requests about them."""
_JOB = ("params", "result", "error")
_OTHER, _KEYS = {"project", "customer_id"}, {"order_id", "value", "type"}
"""Texts that are no words of whoever sent an event; words by which level 1 is summed."""
_NO_SUMS = {"day", "hour"}
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
Held = Found | list[dict[str, Any]]


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
    find: Callable[[Database, str | None, Person], Held],
    database: Database,
    project: str | None,
    person: Person,
) -> dict[str, Found]:
    held = find(database, project, _asked_by_id(person))
    found = held if isinstance(held, Found) else Found(tuple(held))
    return {name: found} if found else {}


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
) -> Found:
    query = sa.select(table).where(*_mine(table, project), table.c.customer_id.in_(person.ids))
    rows = [
        {n: _numbers(v) if isinstance(v, bytes) else v for n, v in row.items()}
        for row in _rows(database, query)
    ]
    told = _telling(table, database, project, person)
    rows += [row for row in told if row["customer_id"] is None]
    texts = [text for row in told if row["customer_id"] for text, _ in _said(table, row, person)]
    return Found(tuple(rows), tuple(texts))


def _telling(
    table: sa.Table, database: Database, project: str | None, person: Person
) -> list[dict[str, Any]]:
    """Return events of others, or of nobody known, whose words name her."""
    if table not in {*CAME.values(), *LEVEL1.values()} or not person.marks:
        return []
    may = sa.or_(
        sa.false(),
        *(
            found
            for column in _words(table)
            for mark in sorted(person.marks)
            for found in (
                column.contains(mark, autoescape=True),
                sa.func.lower(column).contains(mark.lower(), autoescape=True),
            )
        ),
    )
    own = sa.func.coalesce(table.c.customer_id, "").in_(person.ids)
    rows = _rows(database, sa.select(table).where(*_mine(table, project), may, ~own))
    return [row for row in rows if any(True for _ in _said(table, row, person))]


def _words(table: sa.Table) -> list[sa.Column[Any]]:
    """Return columns of texts that came with events; in level 1 they may be part of the key."""
    return [
        column
        for column in table.c
        if isinstance(column.type, sa.String)
        and column.name not in _OTHER
        and (not column.primary_key or column.name in _KEYS)
    ]


def _said(table: sa.Table, row: Mapping[str, Any], person: Person) -> Iterator[tuple[str, str]]:
    """Yield each text of a row that names her, and the column in which it stands."""
    for column in _words(table):
        text = row[column.name]
        if text and person.redacted(text, foreign=True) != text:
            yield text, column.name


def _numbers(packed: bytes) -> list[int]:
    """Return measures as they are packed: 64-bit integers."""
    parts = range(0, len(packed), 8)
    return [int.from_bytes(packed[at : at + 8], "little", signed=True) for at in parts]


def _erase_streamed(
    table: sa.Table, database: Database, project: str | None, person: Person
) -> None:
    """Remove her events, and those of nobody known that name her; of others her name goes."""
    theirs = *_mine(table, project), table.c.customer_id.in_(person.ids)
    told = _telling(table, database, project, person)
    with database.transaction(writes=True) as connection:
        connection.execute(table.delete().where(*theirs))
        for row in told:
            one = [column == row[column.name] for column in table.primary_key.columns]
            if row["customer_id"] is None:
                connection.execute(table.delete().where(*one))
                continue
            left = {n: person.redacted(t, foreign=True) for t, n in _said(table, row, person)}
            if not left.keys() & _KEYS or table in CAME.values():
                connection.execute(table.update().where(*one).values(**left))
                continue
            connection.execute(table.delete().where(*one))
            _add(connection, table, row | left)


def _add(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    """Add a row of level 1 to the one of the same key, if there is one."""
    same = [column == row[column.name] for column in table.primary_key.columns]
    sums = [
        column
        for column in table.c
        if isinstance(column.type, sa.Integer)
        and not column.primary_key
        and column.name not in _NO_SUMS
    ]
    more = {column.name: column + row[column.name] for column in sums}
    if not connection.execute(table.update().where(*same).values(**more)).rowcount:
        connection.execute(table.insert().values(**row))


def _find_dead(database: Database, project: str | None, person: Person) -> list[dict[str, Any]]:
    rows = _rows(database, sa.select(DEAD).where(*_mine(DEAD, project)))
    return [row for row in rows if _may_name(f"{row['raw']} {row['message']}", person)]


def _may_name(text: str, person: Person) -> bool:
    """Return whether a text that cannot be read may be about her: her id stands in it anywhere."""
    if any(one in text for one in person.ids):
        return True
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return person.redacted(plain, foreign=True) != plain


def _erase_dead(database: Database, project: str | None, person: Person) -> None:
    """Remove letters that may be about her: what could not be read is not looked into."""
    gone = [row["seq"] for row in _find_dead(database, project, person)]
    with database.transaction(writes=True) as connection:
        connection.execute(DEAD.delete().where(DEAD.c.seq.in_(gone)))


def _find_swept(database: Database, project: str | None, person: Person) -> list[dict[str, Any]]:
    query = sa.select(STREAMS).where(*_mine(STREAMS, project), STREAMS.c.swept.in_(person.ids))
    return _rows(database, query)


def _erase_swept(database: Database, project: str | None, person: Person) -> None:
    """Let a change of day that was stopped at her go on after whoever comes before her."""
    for row in _find_swept(database, project, person):
        mine = STREAMS.c.project == row["project"]
        before = sa.select(sa.func.max(STATES.c.customer_id)).where(
            STATES.c.project == row["project"], STATES.c.customer_id < row["swept"]
        )
        with database.transaction(writes=True) as connection:
            last = connection.execute(before).scalar_one() or ""
            connection.execute(STREAMS.update().where(mine).values(swept=last))


_WAYS: dict[str, tuple[Any, Any]] = {
    CUSTOMERS.name: (_find_members, _erase_members),
    MOVED.name: (_find_moved, _erase_moved),
    HISTORY.name: (_find_history, _erase_history),
    JOBS.name: (_find_jobs, _erase_jobs),
    REPLIES.name: (_find_replies, _erase_replies),
    DEAD.name: (_find_dead, _erase_dead),
    STREAMS.name: (_find_swept, _erase_swept),
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
