"""Canaries: people with ids and e-mails that nobody could guess, sent through every path.

After their erasure every store is decoded, since compressed bytes hide what they hold.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import sqlite3
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from coterie import Project
from coterie.pipeline.streaming import Stream
from coterie.privacy.identities import FILE as SEALED_PEOPLE
from coterie.privacy.identities import Identities
from coterie.privacy.keys import existing_keys
from coterie.privacy.pseudonyms import FILE as SEALED_NAMES
from coterie.privacy.pseudonyms import Pseudonyms
from coterie.profiling.export import write_table
from coterie.store.database import Database
from coterie.store.home import Home
from coterie.store.jobs import Jobs
from coterie.store.places import REGISTRY, SERVER, STORE, UPLOADS
from coterie.store.replies import Replies
from coterie.store.uploads import Uploads

VARIABLE = "CANARIES_URL"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMED = 5
"""People whom others name."""
OFFERS = """
[[offers]]
id = "voucher"
value = 9.0
response = 0.1
contact_days = 1
"""
MEASURE = """
[[measures]]
name = "mixed"
over = "order_mix"
expr = "lines"
"""
"""With a measure of the project a stream keeps every table of level 1."""


@dataclass(frozen=True)
class Canary:
    """Somebody who must leave no trace."""

    id: str
    email: str
    alias: str = ""
    """Her pseudonym, if customers go by any."""

    @property
    def traces(self) -> tuple[str, ...]:
        """What is searched for."""
        return tuple(filter(None, (self.id, self.email, self.alias)))


def canaries(number: int, seed: int) -> list[Canary]:
    """Return people with ids of 128 random bits and e-mail addresses of as many."""
    chance = random.Random(seed)
    return [
        Canary(uuid.UUID(int=chance.getrandbits(128)).hex, f"{chance.getrandbits(128):032x}@ex.org")
        for _ in range(number)
    ]


def make(
    home: Path,
    people: Iterable[Canary],
    *,
    others: int,
    ahead: bool = True,
    database: str = "",
    privacy: str = "",
) -> Project:
    """Make a project of a server and send people and others through every path.

    Parameters
    ----------
    home : Path
        Folder of the server; the project is ``shop`` in it.
    people : iterable of Canary
        Who will be erased.
    others : int
        Customers who stay.
    ahead : bool, default True
        Whether value, product lists and offers are worked out too.
    database : str, optional
        URL of a PostgreSQL database for the registry; default SQLite.
    privacy : str, optional
        Settings of ``[privacy]``.

    Returns
    -------
    Project
        With two runs, a stream of events, uploads, feedback, exports, jobs, replies and logs.
    """
    people = list(people)
    folder = home / "shop"
    folder.mkdir(parents=True)
    ids = [*(person.id for person in people), *(f"c{n:05}" for n in range(others))]
    mails = [*(person.email for person in people), *(f"c{n}@example.com" for n in range(others))]
    sources = _write_sources(folder, ids, mails)
    store = ""
    if database:
        os.environ[VARIABLE] = database
        store = f'[store]\ndatabase = "env:{VARIABLE}"\n'
    (folder / "coterie.toml").write_text(
        f'[project]\nname = "Shop"\n{store}{sources}{OFFERS}{MEASURE}[privacy]\n{privacy}\n'
    )
    project = Project(folder)
    project.run(as_of=date(2025, 6, 1))
    with Home(folder).registry() as registry:
        row = registry.published()
        assert row is not None
        registry.serve(row)
    project.run()
    _stream(project, ids, mails)
    touches = folder / "answers.csv"
    rows = [f"{one},2025-06-0{1 + n % 9},voucher,true" for n, one in enumerate(ids)]
    touches.write_text("\n".join(["customer_id,timestamp,offer_id,responded", *rows]))
    project.feedback(touches)
    if ahead:
        project.value()
        project.products()
        project.plan_offers()
    _export(folder, project, ids, mails)
    _serve(home, people)
    return project


def _write_sources(folder: Path, ids: list[str], mails: list[str]) -> str:
    """Write orders as CSV and packed, customers as Excel, events, texts and touches."""
    orders = ["customer,date,amount,order,item,note"]
    for who, one in enumerate(ids):
        for n in range(3 + who % 5):
            day = date(2025, 1, 1) + timedelta((who * 7 + n * (19 + who % 13)) % 200)
            orders.append(f"{one},{day},{5 + who % 11}.{n}5,O{who}-{n},item{(who + n) % 4},")
        if who % 3 == 0:
            orders.append(f'{one},2025-03-01,cheap,O{who}-x,item1,"ask {mails[who]}"')
            orders.append(f"{one},{mails[who]},1.0,O{who}-y,item1,")
    uploads = Uploads(folder)
    kept = uploads.add("orders.csv", [("\n".join(orders) + "\n").encode()]).file
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "email", "plan", "age"])
    for who, one in enumerate(ids):
        sheet.append([one, mails[who], ["gold", "basic"][who % 2], 20 + who % 50])
        if who % 4 == 0:
            sheet.append([None, mails[who], "gold", 30])
    book.save(folder / "people.xlsx")
    with gzip.open(folder / "events.jsonl.gz", "wt", encoding="utf-8") as file:
        for who, one in enumerate(ids):
            told = {"who": one, "at": f"2025-04-{1 + who % 28:02}T10:00:00", "type": "view"}
            file.write(json.dumps(told) + "\n")
    texts = [f"{one},2025-05-{1 + who % 28:02},fine" for who, one in enumerate(ids)]
    texts += [f"{ids[-1]},2025-05-03,my friend {mail} said so" for mail in mails[:NAMED]]
    (folder / "texts.csv").write_text("\n".join(["customer_id,timestamp,text", *texts]) + "\n")
    touched = {
        "customer_id": ids,
        "timestamp": [f"2025-05-{1 + who % 28:02}" for who in range(len(ids))],
        "offer_id": ["voucher"] * len(ids),
    }
    pq.write_table(pa.table(touched), folder / "touches.parquet")
    place = kept.relative_to(folder).as_posix()
    return (
        f'[sources.orders]\nfile = "{place}"\n# such as {ids[0]} of {mails[0]}\n'
        'columns = { customer_id = "customer", timestamp = "date", amount = "amount", '
        'order_id = "order", product_id = "item" }\n'
        '[sources.customers]\nfile = "people.xlsx"\nkey = "id"\n'
        '[sources.events]\nfile = "events.jsonl.gz"\n'
        'columns = { customer_id = "who", timestamp = "at", type = "type" }\n'
        '[sources.texts]\nfile = "texts.csv"\n[sources.touches]\nfile = "touches.parquet"\n'
    )


def _stream(project: Project, ids: list[str], mails: list[str]) -> None:
    """Send orders, views and contacts, some that name others, and some that cannot be read."""
    told: list[dict[str, object]] = []
    for who, one in enumerate(ids):
        at = f"2026-02-{1 + who % 28:02}T10:00:00Z"
        line = {"id": f"l{who}", "type": "order", "customer_id": one, "order_id": f"s{who}"}
        told.append(line | {"timestamp": at, "amount": 400 + who, "product_id": "item1"})
        told.append({"id": f"v{who}", "type": "view", "customer_id": one, "timestamp": at})
        told.append({**told[-1], "id": f"t{who}", "type": "touch", "offer_id": "voucher"})
        told.append({"id": f"x{who}", "type": "view", "customer_id": one, "timestamp": "never"})
        told.append({"id": f"y{who}", "type": "view", "contact": mails[who].upper()})
        if who < NAMED:
            words = f"card for my friend {mails[who].upper()}"
            about = {"product_name": words, "category": words, "amount": 3}
            other = {"customer_id": ids[-1], "timestamp": at, "order_id": f"c{who}"}
            told.append({"id": f"c{who}", "type": "order"} | other | about)
            guest = {"visitor_id": mails[who], "timestamp": at}
            told.append({"id": f"g{who}", "type": "view"} | guest)
    with Stream(project.settings, project.folder, lambda: NOW) as stream:
        stream.take([json.dumps(one).encode() for one in told])


def _export(folder: Path, project: Project, ids: list[str], mails: list[str]) -> None:
    """Write lists into the project folder, as users do."""
    placed = project.latest.table("assignments")
    write_table(placed, folder / "members.csv")
    write_table(placed, folder / "members.parquet")
    mailing = {"email": mails, "n": list(range(len(mails)))}
    pyarrow.csv.write_csv(pa.table(mailing), folder / "mailing.csv")
    answers = [{"customer_id": one, "segment_id": "seg-001"} for one in ids]
    (folder / "answers.json").write_text(json.dumps({"rows": answers}))
    with (project.latest.folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"event": "asked", "of": ids[0], "mail": mails[0]}) + "\n")


def _serve(home: Path, people: list[Canary]) -> None:
    """Leave jobs and answers that name people, as a server keeps them."""
    database = Database(home / SERVER / REGISTRY)
    jobs, replies = Jobs(database), Replies(database)
    for number, person in enumerate(people):
        jobs.add(f"j{number}", "shop", "run", {"customer_ids": [person.id]}, now=NOW)
        replies.begin("shop", f"key {number}", "hash", now=NOW)
        body = {"rows": [{"id": person.id, "email": person.email, "segment_id": "seg-001"}]}
        replies.end("shop", f"key {number}", (200, json.dumps(body)))
    database.close()


def texts_of(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file below a folder, decoded: what it says, in whatever format.

    Parameters
    ----------
    root : Path
        Folder of a server or a project.

    Yields
    ------
    (Path, str)
        The bytes as they are, then what Parquet, Excel, gzip, JSON and SQLite make of them.
    """
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        yield path, path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            yield path, repr(table.to_pylist()) + repr(table.schema.metadata)
        elif path.suffix == ".gz":
            yield path, gzip.decompress(path.read_bytes()).decode()
        elif path.suffix == ".json":
            yield path, repr(json.loads(path.read_text(encoding="utf-8")))
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                yield path, "".join(archive.read(n).decode("latin-1") for n in archive.namelist())
        elif path.suffix == ".db":
            with closing(sqlite3.connect(path)) as connection:
                yield path, "".join(connection.iterdump())


def opened(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield what the sealed files of a project hold: the key lies beside them.

    Parameters
    ----------
    root : Path
        Folder of a project.

    Yields
    ------
    (Path, str)
        Pseudonyms, and names.
    """
    folder = root / STORE
    keys = existing_keys(folder)
    if keys is None:
        return
    yield folder / SEALED_NAMES, repr(Pseudonyms(folder, keys).all())
    for table in Identities(folder, keys).tables():
        yield folder / SEALED_PEOPLE, repr(table.to_pylist())


def named(root: Path, people: Iterable[Canary]) -> list[Canary]:
    """Return people with the pseudonyms by which they go in a project."""
    keys = existing_keys(root / STORE)
    known = Pseudonyms(root / STORE, keys).all() if keys else {}
    return [replace(person, alias=known.get(person.id, "")) for person in people]


def dump_of(url: str) -> Iterator[tuple[Path, str]]:
    """Yield every table of a PostgreSQL database as ``COPY`` writes it."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
        for (table,) in tables:
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:  # type: ignore[arg-type] # our own names
                yield Path(table), b"".join(bytes(part) for part in copy).decode()


def hits(texts: Iterable[tuple[Path, str]], people: Iterable[Canary]) -> list[str]:
    """Name the files in which somebody is found, upper or lower case, once for each trace."""
    traces = [trace for person in people for trace in person.traces]
    return [
        f"{path.name}: {trace}" for path, text in texts for trace in traces if trace in text.lower()
    ]


def rows_of_others(root: Path, people: Iterable[Canary]) -> dict[str, list[str]]:
    """Return all rows of Parquet files that are not theirs, to be compared before and after."""
    gone = {trace for person in people for trace in person.traces}
    return {
        path.relative_to(root).as_posix(): [
            repr(row) for row in pq.read_table(path).to_pylist() if row["customer_id"] not in gone
        ]
        for path in sorted(root.rglob("*.parquet"))
        if "customer_id" in pq.read_schema(path).names and UPLOADS not in path.parts
    }
