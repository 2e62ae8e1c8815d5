"""A small world for streams: a history that a run has seen, and what comes after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from coterie.engine.duckdb import DuckDB
from coterie.features.asof import Custom, Sources, fit_features
from coterie.features.level1 import Rules, build_level1
from coterie.features.matrix import Matrix
from coterie.features.measures import Measure
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.placing import place
from coterie.segmentation.released import Released, SegmentIdentity, prepare
from coterie.store.database import Database
from coterie.store.streams import STATE, Streams
from coterie.streaming.canonical import Reading
from coterie.streaming.measuring import LEVEL1, events_of, lines_of, unpack
from coterie.streaming.messages import read_batch
from coterie.streaming.model import StreamModel
from coterie.streaming.params import StreamParams
from coterie.streaming.processor import Processor
from coterie.validation.netting import match_returns

CUT = datetime(2026, 3, 1, tzinfo=UTC)
"""The day of the run: it has seen all before."""
DAY = CUT.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
NETTED, AT_ONCE = Rules(), StreamParams(hysteresis=0)
READING = Reading("UTC", frozenset({"POST"}))


def at(days: float) -> str:
    """Return a time so many days after the day of the run."""
    return (CUT + timedelta(days=days)).isoformat()


def sale(key: str, who: str | None, days: float, amount: float = 10.0, **more: Any) -> bytes:
    """Return an order line."""
    row = {"id": key, "type": "order", "customer_id": who, "timestamp": at(days), "quantity": 1}
    return json.dumps(row | {"amount": amount} | more).encode()


def click(key: str, who: str, days: float, kind: str = "view") -> bytes:
    """Return another event."""
    row = {"id": key, "type": kind, "customer_id": who, "timestamp": at(days)}
    return json.dumps(row).encode()


PAST = [
    sale("p1", "anna", -40.0, 20, product_id="mug", order_id="o1", category="home"),
    sale("p2", "anna", -5.5, 30, product_id="cup", order_id="o2", channel="web"),
    sale("p3", "bert", -90.0, 500, product_id="sofa", order_id="o3", category="home"),
    sale("p4", "cleo", -364.0, 15, product_id="mug", order_id="o4"),
    sale("p5", "cleo", -30.0, 15, product_id="mug", order_id="o5"),
    sale("p6", "cleo", -29.0, -15, quantity=-1, product_id="mug", order_id="o6"),
    sale("p7", "dora", -2.0, 8, product_id="POST", order_id="o7"),
    click("q1", "anna", -3.0),
    click("q2", "bert", -60.0, "cart"),
]
"""What the run has seen."""


@dataclass
class World:
    """A run, and the processor of its stream.

    Parameters
    ----------
    processor : Processor
        Not opened yet.
    model : StreamModel
        Of the run.
    """

    processor: Processor
    model: StreamModel
    now: list[datetime]

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """Return a table of level 1, in order."""
        names = ", ".join(LEVEL1[name].names)
        with self.processor.database.transaction() as connection:
            project = self.processor.project
            found = connection.exec_driver_sql(
                f"SELECT {names} FROM level1_{name} WHERE project = '{project}'"
            )
            return sorted((tuple(row) for row in found), key=repr)

    def states(self) -> dict[str, dict[str, Any]]:
        """Return the state of each customer by id."""
        with self.processor.database.transaction() as connection:
            streams = Streams(connection, self.processor.project)
            row = streams.opened()
            found = streams.next_states("", 10_000)
            as_of = int(row["sweeping"] or row["as_of"])
            table = self.processor.counting.measures(streams, [r[0] for r in found], as_of)
        kept = self.processor.model.kept
        stored = unpack([r[1] for r in found], [r[0] for r in found], kept, as_of)
        assert stored.select(kept.names).to_pylist() == table.select(kept.names).to_pylist()
        segment = STATE.index("segment_id")
        return {
            r[0]: measures | {"segment_id": r[segment]}
            for r, measures in zip(found, table.to_pylist(), strict=True)
        }

    def moves(self) -> list[tuple[Any, ...]]:
        """Return what is told: customer, type, cause, from, to."""
        with self.processor.database.transaction() as connection:
            rows = Streams(connection, self.processor.project).moves_after(0, 10_000)
        names = ("customer_id", "type", "cause", "from_id", "to_id")
        return [tuple(row[name] for name in names) for row in rows]


def make_world(
    folder: Path,
    database: Database,
    *,
    project: str = "shop",
    past: Sequence[bytes] = PAST,
    rules: Rules = NETTED,
    measures: Sequence[Measure] = (),
    own_ids: bool = True,
    third: str = "monetary",
    params: StreamParams = AT_ONCE,
) -> World:
    """Fit a small model on a past, and return the processor of a stream after it."""
    data = folder / "data"
    with DuckDB() as db:
        write_tables(db, data, past, rules)
        fitted = fit_features(
            db,
            rules,
            Custom(tuple(measures)),
            as_of=DAY,
            horizon=90,
            sources=Sources(events="events"),
        )
    centres = np.array([[10.0, 1.0, 20.0], [80.0, 1.0, 400.0], [5.0, 3.0, 100.0]])
    released = Released(
        "m1",
        "s1",
        "value",
        "rfm",
        fitted,
        Matrix.plain(["recency", "frequency", third]),
        KMeansModel(centres),
        ("seg-001", "seg-002", "seg-003"),
        tuple(SegmentIdentity(f"seg-00{n}", n, f"S{n}") for n in (1, 2, 3)),
    )
    ids = frozenset({"lines", "events"}) if own_ids else frozenset()
    model = StreamModel(
        "r1", released, DAY, data, frozenset({"lines", "events"}), ids, READING, params
    )
    now = [CUT + timedelta(hours=1)]
    processor = Processor(database, project, model, DuckDB(), lambda: now[0])
    return World(processor, model, now)


def write_tables(db: DuckDB, data: Path, messages: Sequence[bytes], rules: Rules) -> None:
    """Make the canonical tables of messages, as a run would, in the engine and on disk."""
    batch = read_batch(list(messages), READING)
    assert not batch.refused
    db.load("lines", lines_of(list(batch.rows["lines"].values())))
    if rules.returns == "net":
        match_returns(db)
        db.drop("pairs")
    db.load("events", events_of(list(batch.rows["events"].values())))
    for name in ("lines", "events"):
        (data / name).mkdir(parents=True, exist_ok=True)
        pq.write_table(db.query(f"SELECT * FROM {name}"), data / name / "part-0000.parquet")


def batch_of(
    world: World, messages: Sequence[bytes], as_of: int, folder: Path
) -> tuple[dict[str, list[tuple[Any, ...]]], dict[str, dict[str, Any]]]:
    """Return level 1 and states as a run over all messages makes them on a day."""
    rules = world.model.spec.rules
    with DuckDB() as db:
        write_tables(db, folder, messages, rules)
        build_level1(db, rules, as_of, events="events")
        level1 = {
            name: sorted(
                zip(
                    *(c.to_pylist() for c in db.query(_select(name)).columns),
                    strict=True,
                ),
                key=repr,
            )
            for name in LEVEL1
        }
        released = world.model.released
        prepare(db, released, (), as_of=as_of, sources=Sources(events="events"))
        place(db, released.matrix, released.model, released.ids)
        rows = db.query(
            "SELECT s.*, a.segment_id FROM state AS s JOIN assignments AS a USING (customer_id)"
        ).to_pylist()
    return level1, {row["customer_id"]: row for row in rows}


def _select(name: str) -> str:
    return f"SELECT {', '.join(LEVEL1[name].names)} FROM {name}"
