"""Topics that are fed and read, and events of which every number follows from the row's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from coterie.pipeline.streaming import Stream
from coterie.store.stream_tables import LEVEL1

PARTS = 4
RETENTION = {"retention.ms": "86400000"}


def event(n: int) -> dict[str, Any]:
    """Return the n-th order line: of one of 200 customers, of whom the run knows 150 or less."""
    day, hour = 1 + n % 19, n % 24
    return {
        "id": f"e{n}",
        "type": "order",
        "customer_id": f"c{1 + n * 7 % 200:06d}",
        "timestamp": f"2025-09-{day:02d}T{hour:02d}:00:00Z",
        "order_id": f"o{n // 3}",
        "product_id": f"P{n % 11:05d}",
        "quantity": 1 + n % 3,
        "unit_price": 1 + n % 17,
    }


def events(n: int) -> list[bytes]:
    """Return the first n events."""
    return [json.dumps(event(number)).encode() for number in range(n)]


class Topic:
    """A topic, made when it is first named.

    Parameters
    ----------
    servers : str
        Where.
    name : str
        Its name.
    """

    def __init__(self, servers: str, name: str) -> None:
        self.servers, self.name = {"bootstrap.servers": servers}, name
        self.make(name)

    def make(self, name: str) -> str:
        """Make a topic beside it."""
        new = NewTopic(name, PARTS, 1, config=RETENTION)
        admin = AdminClient(self.servers)
        (made,) = admin.create_topics([new]).values()
        made.result()
        return name

    def feed(self, values: Sequence[bytes | None], keys: Sequence[str] | None = None) -> None:
        """Write values, in order; without keys each goes to the partition of its customer."""
        producer = Producer(self.servers)
        failed: list[str] = []
        for number, value in enumerate(values):
            key = keys[number] if keys else _customer(value)
            producer.produce(
                self.name,
                value,
                key,
                on_delivery=lambda error, _: failed.append(str(error)) if error else None,
            )
            producer.poll(0)
        assert producer.flush(30) == 0
        assert not failed

    def read(self, name: str) -> list[tuple[str | None, dict[str, Any]]]:
        """Return keys and values of all that a topic holds, partition after partition."""
        consumer = Consumer({**self.servers, "group.id": "look", "enable.partition.eof": True})
        consumer.assign([TopicPartition(name, part, 0) for part in range(PARTS)])
        found: dict[int, list[tuple[str | None, dict[str, Any]]]] = {p: [] for p in range(PARTS)}
        ends = 0
        while ends < PARTS:
            for record in consumer.consume(1000, 1.0):
                if record.error() is not None:
                    ends += 1
                    continue
                key = record.key()
                row = json.loads(record.value() or b"null")
                found[record.partition() or 0].append((key.decode() if key else None, row))
        consumer.close()
        return [pair for part in found.values() for pair in part]

    def settings(self, project: Path, *, batch: int = 200, **more: str) -> None:
        """Let a project read it."""
        given = {"kafka": self.servers["bootstrap.servers"], "topic": self.name, **more}
        lines = [f'{name} = "{value}"\n' for name, value in given.items()]
        text = (project / "coterie.toml").read_text().partition("[stream]")[0]
        words = f"[stream]\nbatch = {batch}\n{''.join(lines)}"
        (project / "coterie.toml").write_text(text + words)


def _customer(value: bytes | None) -> str:
    return str(json.loads(value or b"{}").get("customer_id", ""))


def level1(stream: Stream) -> dict[str, list[Any]]:
    """Return what a stream has counted, in the order of its keys."""
    registry = stream.registry
    with registry.database.transaction() as connection:
        return {
            name: connection.execute(
                sa.select(*(c for c in table.c if c.name != "project"))
                .filter_by(project=registry.project)
                .order_by(*table.primary_key)
            ).fetchall()
            for name, table in LEVEL1.items()
        }


def money(stream: Stream) -> int:
    """Return the micros of all days from the first of September on, from level 1."""
    return sum(row.net_micros for row in level1(stream)["order_days"] if row.day >= 20332)
