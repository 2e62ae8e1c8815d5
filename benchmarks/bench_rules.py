"""Whether the rules for people are right on others, and what-ifs hold when scored again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.bench_choice import RETAIL, SEED, cdnow
from benchmarks.figures import Outcome, at_least, figure
from coterie import Project, Run
from coterie.config import make_settings
from coterie.engine.duckdb import DuckDB
from coterie.features.asof import Sources
from coterie.features.windows import to_day
from coterie.schema import CANONICAL
from coterie.segmentation.placing import place
from coterie.segmentation.released import load_released, prepare

ASKED = 1_000
"""Customers who are asked what would move them."""


@contextmanager
def segmented(source: Mapping[str, Any]) -> Iterator[Run]:
    """Yield the default segmentation of all orders of a file, seven segments."""
    chosen = {"sources": {"orders": source}, "segmentation": {"k": 7, "seed": SEED}}
    with tempfile.TemporaryDirectory() as folder:
        yield Project(folder, make_settings(chosen)).run()


@figure("Q10")
def fidelity() -> Outcome:
    """Ask for the share of customers whom rules made from others put where they belong."""
    parts = []
    for name, source in (("Online Retail", RETAIL), ("CDNOW sample", cdnow("sample"))):
        with segmented(source) as run:
            found = run.explain()["fidelity"]
        parts.append(at_least(f"held-out fidelity, {name}", found, 0.88))
    return Outcome("default segmentation, k = 7, trees of at most 14 leaves, 5 folds", tuple(parts))


@figure("Q12")
def what_ifs() -> Outcome:
    """Carry out what is offered to 1,000 customers, and place them again as a run does."""
    with segmented(RETAIL) as run:
        placed = run.table("assignments").to_pylist()
        best = run._values.index(max(run._values))
        outside = [
            row["customer_id"]
            for row in placed
            if row["status"] == "ok" and row["segment_id"] != run._released.ids[best]
        ]
        drawn = np.random.default_rng(SEED).permutation(outside)[:ASKED].tolist()
        start = time.perf_counter()
        found = run.what_ifs(drawn)
        seconds = (time.perf_counter() - start) / len(drawn)
        offered = [one for one in found if one["action"]]
        again = scored_again(run, offered)
    share = 100 * len(offered) / len(drawn)
    flipped = np.mean([again[one["customer_id"]] == one["reaches"]["id"] for one in offered])
    return Outcome(
        f"Online Retail, k = 7, {len(drawn):,} customers outside the segment of the highest "
        f"expected value; {1000 * seconds:.1f} ms a customer, all at once",
        (
            at_least("what-ifs that flip when scored again", 100 * float(flipped), 100, unit="%"),
            at_least("customers who are offered one", share, 80, unit="%"),
        ),
    )


def scored_again(run: Run, offered: list[dict[str, Any]]) -> dict[str, str]:
    """Return the segment of each customer after her action, by the way of every run."""
    day = to_day(date.fromisoformat(str(run.as_of)))
    folder = run.folder.parents[1] / "data" / run.manifest["data"] / "lines"
    lines, schema = pq.read_table(folder).select(CANONICAL["lines"].names), CANONICAL["lines"]
    released = load_released(run.folder)
    found: dict[str, str] = {}
    for days in sorted({one["action"]["days"] for one in offered}):
        some = [one for one in offered if one["action"]["days"] == days]
        rows = [row for one in some for row in new_lines(one["customer_id"], one["action"], day)]
        ids = pa.array([one["customer_id"] for one in some])
        kept = lines.filter(pa.compute.is_in(lines["customer_id"], ids)).cast(schema)
        with DuckDB() as db:
            db.load("lines", pa.concat_tables([kept, pa.Table.from_pylist(rows, schema=schema)]))
            prepare(db, released, (), as_of=day + days, sources=Sources())
            place(db, released.matrix, released.model, released.ids)
            found |= dict(db.rows("SELECT customer_id, segment_id FROM assignments"))
    return found


def new_lines(customer: str, action: Mapping[str, Any], day: int) -> list[dict[str, Any]]:
    """Return the order lines of an action, spread over its days, the last on the last day."""
    empty = dict.fromkeys(CANONICAL["lines"].names)
    return [
        empty
        | {
            "line_id": f"{customer}-new-{i}",
            "order_id": f"{customer}-new-{i}",
            "customer_id": customer,
            "ts": 0,
            "day": day + round(action["days"] * (i + 1) / action["orders"]) - 1,
            "hour": 12,
            "quantity_milli": 1000,
            "amount_micros": round(action["amount"] * 1e6),
            "discount_micros": 0,
            "kind": "sale",
        }
        for i in range(action["orders"])
    ]
