"""Whether ids last: refits on bootstraps and by the month, and a persona that comes anew.

A refit is the product's own: released matrix, value fitted anew, centres blended, ids
matched. The same customers are then placed by both models on the same features.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.figures import Outcome, at_least, at_most, figure
from coterie import Project
from coterie.engine.duckdb import DuckDB
from coterie.features.asof import Sources
from coterie.features.windows import to_day
from coterie.segmentation.placing import place
from coterie.segmentation.refit import Today, refit_released
from coterie.segmentation.released import Released, keep_labels, load_released, prepare
from coterie.segmentation.renewal import Limits
from coterie.store.home import Home
from coterie.validation.ingest import ingest

DATA = Path(os.environ.get("COTERIE_DATA") or Path(__file__).parents[2] / "shared" / "data")
DRAWS = int(os.environ.get("COTERIE_BENCH_DRAWS") or 20)
END = date(2011, 12, 10)
MONTHS = [date(2011, month, 9) for month in range(5, 13)]
WINDOW = timedelta(days=120)
ANY = Limits(2, 12)
SHARE = 0.1
"""Share of the customers whom the persona replaces."""
SETTINGS = """
[project]
name = "retail"
currency = "GBP"
[sources.orders]
file = "orders.parquet"
columns = { customer_id = "CustomerID", order_id = "InvoiceNo", timestamp = "InvoiceDate", \
product_id = "StockCode", product_name = "Description", quantity = "Quantity", \
unit_price = "UnitPrice", country = "Country" }
service_codes = ["POST", "DOT", "M", "C2", "D", "BANK CHARGES"]
[segmentation]
k = 7
"""
_DRAWN = Sources(lines="drawn_lines")


def retail() -> pd.DataFrame:
    """Return the lines of Online Retail with a customer."""
    table = pd.read_csv(
        DATA / "online_retail" / "online_retail.csv.gz", dtype={"CustomerID": str, "InvoiceNo": str}
    )
    table = table.dropna(subset=["CustomerID"])
    table["InvoiceDate"] = pd.to_datetime(table["InvoiceDate"])
    return table


@contextmanager
def project(lines: pd.DataFrame) -> Iterator[Project]:
    """Give a project of these lines, with seven segments."""
    with tempfile.TemporaryDirectory(prefix="coterie-bench-") as folder:
        place_lines(Path(folder), lines)
        Path(folder, "coterie.toml").write_text(SETTINGS, encoding="utf-8")
        yield Project(folder)


def place_lines(folder: Path, lines: pd.DataFrame) -> None:
    """Put these lines in the place of those a project had."""
    lines.to_parquet(folder / "orders.parquet", index=False)


class Bench(NamedTuple):
    """A released model and the lines it was fitted on."""

    db: DuckDB
    released: Released
    day: int

    def refit(self, seed: int) -> Released:
        """Refit on ``drawn_lines``."""
        parent = keep_labels(self.db, self.released, (), as_of=self.day, sources=_DRAWN)
        assert parent is not None
        today = Today(self.day, 90, _DRAWN, ANY, seed, f"r{seed:012d}", parent.last_number)
        return refit_released(self.db, parent, today, "not asked")

    def places(self, model: Released, sources: Sources) -> pd.Series:
        """Return the segment id of each customer of some lines by a model."""
        prepare(self.db, model, (), as_of=self.day, sources=sources)
        place(self.db, model.matrix, model.model, model.ids)
        rows = self.db.query("SELECT customer_id, segment_id FROM assignments WHERE status = 'ok'")
        return rows.to_pandas().set_index("customer_id")["segment_id"]


@contextmanager
def bench() -> Iterator[Bench]:
    """Fit Online Retail, and open its lines."""
    with project(retail()) as made, tempfile.TemporaryDirectory() as work:
        released = load_released(made.run(as_of=END).folder)
        with DuckDB(Path(work)) as db:
            ingest(
                db,
                made.settings.sources,
                made.settings.columns,
                timezone="UTC",
                home=Home(made.folder),
                tell=lambda _: None,
            )
            yield Bench(db, released, to_day(END))


def kept_on_bootstraps(found: Bench) -> list[float]:
    """Return for each bootstrap the share of all customers who keep their id."""
    before = found.places(found.released, Sources())
    shares = []
    for seed in range(DRAWS):
        random = np.random.default_rng(seed)
        drawn = random.integers(len(before), size=len(before))
        ids = pa.table({"customer_id": before.index.to_numpy()[drawn], "copy": range(len(drawn))})
        found.db.load("drawn", ids)
        found.db.create(
            "drawn_lines",
            "SELECT l.* REPLACE (l.customer_id || '#' || d.copy AS customer_id) "
            "FROM lines AS l JOIN drawn AS d USING (customer_id)",
        )
        after = found.places(found.refit(seed), Sources())
        shares.append(float((before == after.reindex(before.index)).mean()))
    return shares


class Birth(NamedTuple):
    """What became of a planted persona and of the others at one refit."""

    born: float
    """Share of the persona with an id that is new."""
    old: float
    """Share of the persona in its own segment, if that has an old id; else 0."""
    kept: float
    """Share of the other customers who keep their id."""


def births(found: Bench) -> list[Birth]:
    """Replace a tenth of the customers by customers of one huge order, and refit."""
    everybody = found.places(found.released, Sources()).index.to_numpy()
    results = []
    for seed in range(DRAWS):
        random = np.random.default_rng(seed)
        gone = random.choice(everybody, int(SHARE * len(everybody)), replace=False)
        found.db.load("gone", pa.table({"customer_id": gone}))
        found.db.load("planted", planted(len(gone), found.day, random))
        found.db.create(
            "drawn_lines",
            "SELECT * FROM lines ANTI JOIN gone USING (customer_id) UNION ALL BY NAME "
            "SELECT l.* REPLACE (p.customer_id AS customer_id, p.line_id AS line_id, "
            "p.line_id AS order_id, p.day AS day, make_timestamp(p.day * 86400000000) AS ts, "
            "p.micros AS amount_micros, 'sale' AS kind, NULL AS net_day) FROM planted AS p, "
            "(SELECT * FROM lines WHERE kind = 'sale' AND customer_id IS NOT NULL "
            "ORDER BY line_id LIMIT 1) AS l",
        )
        before = found.places(found.released, _DRAWN)
        refitted = found.refit(seed)
        after = found.places(refitted, _DRAWN)
        new = after.index.str.startswith("persona-")
        born = after.isin((refitted.changes or {})["born"])
        own = after[new].mode()[0]
        others = (before == after.reindex(before.index))[~before.index.str.startswith("persona-")]
        results.append(
            Birth(
                float(born[new].mean()),
                float((after[new] == own).mean()) if own in found.released.ids else 0.0,
                float(others.mean()),
            )
        )
    return results


def planted(n: int, day: int, random: np.random.Generator) -> pa.Table:
    """Return one order each of n customers who bought once, for tens of thousands."""
    then = day - 1 - random.integers(0, 150, n)
    return pa.table(
        {
            "customer_id": [f"persona-{number}" for number in range(n)],
            "line_id": [f"p{number}" for number in range(n)],
            "day": pa.array(then, pa.int32()),
            "micros": (random.uniform(20_000, 60_000, n) * 1e6).astype(np.int64),
        }
    )


@figure("Q8")
def ids_last() -> Outcome:
    """Refit on bootstraps, and with a new persona."""
    with bench() as found:
        kept, born = kept_on_bootstraps(found), births(found)
    half = 1.96 * float(np.std(kept, ddof=1)) / np.sqrt(len(kept))
    mean = float(np.mean(kept))
    told = [b.born >= 0.9 for b in born]
    others = [b.kept for b in born]
    return Outcome(
        f"Online Retail to {END}, k = 7; {DRAWS} bootstraps of customers, refitted (warm, .3, "
        "value anew), all customers placed by both models; "
        f"{DRAWS} times {SHARE:.0%} of customers replaced by those of one order of £20,000 to "
        "£60,000: born if "
        "90% of them have a new id; the others' ids are kept by "
        f"{np.mean(others):.1%} (worst {min(others):.1%})",
        (
            at_least("customers keeping their id", mean, 0.95, interval=(mean - half, mean + half)),
            at_least("personas born within one refit", float(np.mean(told)), 1.0),
            at_most("personas given an old id", float(np.mean([b.old > 0 for b in born])), 0.0),
        ),
    )


@figure("Q9")
def routine_refits() -> Outcome:
    """Refit by the month on the last 120 days, and on all days so far."""
    lines = retail()
    rolling = monthly(lines, WINDOW)
    growing = monthly(lines, None)
    return Outcome(
        f"Online Retail, k = 7, {len(MONTHS) - 1} monthly refits to {MONTHS[-1]}; share of "
        "customers whom old and new model put into different ids on the same day's features; "
        "interval: least and most",
        (
            at_most(
                "churn, 120 days",
                float(np.mean(rolling)),
                0.1,
                interval=(min(rolling), max(rolling)),
            ),
            at_most(
                "churn, all days",
                float(np.mean(growing)),
                0.1,
                interval=(min(growing), max(growing)),
            ),
        ),
    )


def monthly(lines: pd.DataFrame, window: timedelta | None) -> list[float]:
    """Return the churn of each monthly refit on the days before it, all or the last ones."""
    churn = []
    with project(lines) as made:
        for moment in MONTHS:
            shown = lines[lines["InvoiceDate"] < pd.Timestamp(moment)]
            if window is not None:
                shown = shown[shown["InvoiceDate"] >= pd.Timestamp(moment - window)]
            place_lines(made.folder, shown)
            if moment == MONTHS[0]:
                made.run(as_of=moment)
            else:
                churn.append(float(made.train(as_of=moment).changes["churn"]))
    return churn
