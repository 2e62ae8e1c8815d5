"""Whether the lens ``behaviour`` finds what people are like where value says nothing.

The simulated shop draws what a customer is worth and what she buys, where and when apart
from each other, so its five tastes are personas equal in value; that is measured too.
"""

from __future__ import annotations

import os
import tempfile
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from pyarrow import parquet as pq
from sklearn.metrics import adjusted_rand_score

from benchmarks.bench_choice import small_segments
from benchmarks.figures import Outcome, at_least, at_most, figure
from coterie import Project
from coterie.config import make_settings
from coterie.segmentation.separation import eps2
from coterie.sources.shop import write_shop

CUSTOMERS = int(os.environ.get("COTERIE_BENCH_CUSTOMERS") or 8_000)
DAYS = 365
END = date(2025, 12, 31)
SHOPS = (1, 2, 3)
"""Seeds of the shops."""
SPEND = ("monetary", "spend_next_90d")
"""What the personas must be equal in: the window's spend, and that after it."""
_COLUMNS = (
    "customer_id",
    "order_id",
    "timestamp",
    "product_id",
    "category",
    "channel",
    "quantity",
    "unit_price",
    "discount",
)


class Found(NamedTuple):
    """What was found in one shop."""

    ari: float
    """With the planted personas, over all customers with orders."""
    k: int
    once: float
    """The same over those with a single order day, of whom little is known."""
    told: float
    """Largest share of the variance of log spend that the personas explain."""
    verdict: str
    small: int
    """Segments under the gate of substance."""


@cache
def find(seed: int) -> Found:
    """Let the product choose behaviour segments in a shop, and compare with what was planted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shop = write_shop(
            folder, customers=CUSTOMERS, days=DAYS, end=END, seed=seed, tables=("orders", "truth")
        )
        orders = {"file": str(shop.paths["orders"]), "columns": {c: c for c in _COLUMNS}}
        settings = make_settings(
            {"sources": {"orders": orders}, "segmentation": {"lens": "behaviour"}}
        )
        run = Project(folder / "project", settings).run(as_of=END + timedelta(days=1))
        truth = pq.read_table(shop.paths["truth"]).to_pandas()
        tables = (run.table(table).to_pandas() for table in ("assignments", "features"))
        placed, features = (table.set_index("customer_id") for table in tables)
        verdict = str(run.choice["verdict"])
    placed = placed[placed.status == "ok"]
    table = truth.set_index("customer_id").join(features[["monetary", "frequency"]])
    table = table.loc[placed.index].assign(segment=placed.segment_id)
    once = table[table.frequency == 1]
    _, taste = np.unique(table.taste, return_inverse=True)
    spend = np.log1p(table[list(SPEND)].clip(lower=0).to_numpy(dtype=np.float64))
    return Found(
        _agreement(table),
        int(table.segment.nunique()),
        _agreement(once),
        float(eps2(taste.astype(np.int32), spend).max()),
        verdict,
        small_segments(table.segment.to_numpy(), table.monetary.to_numpy(dtype=np.float64)),
    )


def _agreement(table: pd.DataFrame) -> float:
    return float(adjusted_rand_score(table.taste, table.segment))


@figure("Q26")
def finds_tastes() -> Outcome:
    """Agreement of the lens ``behaviour`` with personas that are equal in value."""
    found = [find(seed) for seed in SHOPS]
    aris = [one.ari for one in found]
    shown = "; ".join(f"{f.ari:.3f} ({f.k} segments, {f.verdict})" for f in found)
    once = ", ".join(f"{one.once:.3f}" for one in found)
    return Outcome(
        f"simulated shop, seeds {SHOPS}, {CUSTOMERS:,} customers, {DAYS} days, orders alone; "
        f'lens "behaviour", all else by default; the five tastes: {shown}; customers with a '
        f"single order day {once}",
        (
            at_least(
                "ARI, mean of shops", float(np.mean(aris)), 0.8, interval=(min(aris), max(aris))
            ),
            at_most("log spend told by the planted personas", max(f.told for f in found), 0.005),
        ),
    )
