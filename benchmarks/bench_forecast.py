"""What customers were expected to spend and do against what they then did, and how fast.

The forecast is that of ``coterie value`` on the published run; the window after its day is read
from the same file once it is made, by the product's own rules of counting.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.bench_choice import MASTER, SAMPLE, SUMMER, Trial
from benchmarks.figures import Outcome, at_least, at_most, figure
from benchmarks.timing import Spread
from coterie import Project
from coterie.engine.duckdb import DuckDB
from coterie.features.asof import Custom, fit_features
from coterie.features.value import ValueModel
from coterie.features.windows import to_day
from coterie.prediction.evaluate import judge_chances, judge_spend
from coterie.sources.read import read
from coterie.validation.build import build_tables

CUSTOMERS = int(os.environ.get("COTERIE_BENCH_VALUED") or 1_000_000)
PAIRS = int(os.environ.get("COTERIE_BENCH_PAIRS") or 5)
AHEAD = 90
SEED = 0

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Foretold:
    """The customers of a run, what was expected of them, and what came; rows by id."""

    table: pd.DataFrame
    summary: dict[str, Any]
    spend: Floats
    orders: Floats

    def told(self) -> str:
        """Say what was used, and what the last window had shown."""
        choices = {
            name: "BG/NBD"
            if not one["joined"]
            else "joined" + (", total of BG/NBD" if one["classic_total"] else "")
            for name, one in self.summary["model"]["choices"].items()
            if name != "reason"
        }
        last, low, high = self.summary["last_window"], self.table.spend_low, self.table.spend_high
        within = ((low <= self.spend) & (self.spend <= high)).mean()
        hits = ", ".join(
            f"{name} {one['accuracy']:.1%}"
            for name, one in self.summary["next_segment"]["judged"].items()
        )
        churn = judge_chances(self.orders == 0, self.table.churn.to_numpy())
        return (
            f"{len(self.table):,} customers; {choices}; on the window before: nGini "
            f"{last['spend']['chosen']['gini']:.3f}, total "
            f"{last['spend']['chosen']['total_error']:+.1%}; {within:.1%} within their 80 % range; "
            f"churn: AUC {churn.auc:.3f}, Brier {churn.brier:.4f}, ECE {churn.ece:.3f}; segment in "
            f"28 days: {hits}"
        )


@cache
def foretell(trial: Trial) -> Foretold:
    """Let the product foretell from the day, then look at what came after it."""
    settings = trial.settings(k=7)
    with tempfile.TemporaryDirectory() as folder:
        project = Project(folder, settings)
        project.run(as_of=trial.as_of)
        found = project.value()
        table, summary = found.table().to_pandas().set_index("customer_id"), found.summary
    table = table[table.spend.notna()]
    after = followed(trial).reindex(table.index).fillna(0.0)
    return Foretold(table, summary, np.maximum(after.net, 0.0).to_numpy(), after.orders.to_numpy())


def followed(trial: Trial) -> pd.DataFrame:
    """Return net money and days with orders of each customer in the window ahead."""
    settings, start = trial.settings(), to_day(trial.as_of)
    with DuckDB() as db:
        source = settings.sources["orders"]
        raws = {"orders": (read(db, "orders", source, Path()), source)}
        build_tables(db, raws, {}, timezone="UTC")
        end = start + trial.days
        fit_features(db, settings.rules, Custom(), as_of=end, horizon=trial.days)
        table = db.query(
            "SELECT customer_id, SUM(net_micros) / 1e6 AS net, "
            f"SUM(CASE WHEN {settings.rules.counts} THEN 1.0 ELSE 0.0 END) AS orders "
            f"FROM order_days WHERE day >= {start} AND day < {end} GROUP BY customer_id"
        ).to_pandas()
    return table.set_index("customer_id").astype(float)


@figure("Q15")
def retail_value() -> Outcome:
    """Compare expected with actual spend on Online Retail."""
    found = foretell(SUMMER)
    judged = judge_spend(found.spend, found.table.spend.to_numpy())
    return Outcome(
        f"as of {SUMMER.as_of}, {SUMMER.days} days ahead; money above its 99.5 % quantile cut; "
        f"MAE {judged.mae:.0f}, deciles off by {judged.decile_error:.1%}; {found.told()}",
        (
            at_least("normalised Gini", judged.gini, 0.78),
            at_least("R²", judged.r2, 0.67),
            at_most("|bias|", 100 * abs(judged.bias), 15, unit="%"),
        ),
    )


@figure("Q16")
def cdnow_value() -> Outcome:
    """Compare expected with actual spend on the CDNOW master."""
    found = foretell(MASTER)
    judged = judge_spend(found.spend, found.table.spend.to_numpy())
    auc = float(roc_auc_score(found.orders > 0, found.table.active))
    return Outcome(
        f"as of {MASTER.as_of}, {MASTER.days} days ahead; money above its 99.5 % quantile cut; "
        f"R² {judged.r2:.3f}, MAE {judged.mae:.1f}; {found.told()}",
        (
            at_least("normalised Gini", judged.gini, 0.68),
            at_least("AUC of who orders", auc, 0.76),
            at_most("|bias|", 100 * abs(judged.bias), 15, unit="%"),
        ),
    )


@figure("Q17")
def cdnow_orders() -> Outcome:
    """Count expected and actual repeat purchases of the CDNOW sample."""
    found = foretell(SAMPLE)
    expected = found.table.orders.to_numpy()
    total = expected.sum() / found.orders.sum() - 1
    error = float(np.abs(expected - found.orders).mean())
    return Outcome(
        f"39 weeks, 39 weeks ahead; expected {expected.sum():,.1f} of {found.orders.sum():,.0f} "
        f"purchases; MAE {error:.5f}, compared in the three digits in which it is published; "
        f"{found.told()}",
        (
            at_most("|total error|", 100 * abs(total), 12.5, unit="%"),
            at_most("MAE", round(error, 3), 0.785),
        ),
    )


def simulated(n: int) -> dict[str, Floats]:
    """Draw customers of BG/NBD with about the parameters of CDNOW, in days."""
    random = np.random.default_rng(SEED)
    rate, leaves = random.gamma(0.3, 1 / 40.0, n), random.beta(0.8, 2.5, n)
    tenure = random.integers(60, 730, n).astype(np.float64)
    x, t_x, now = np.zeros(n), np.zeros(n), np.zeros(n)
    here = np.arange(n)
    while here.size:
        now[here] += random.exponential(1.0, here.size) / np.maximum(rate[here], 1e-12)
        here = here[np.ceil(now[here]) <= tenure[here]]
        x[here] += 1
        t_x[here] = np.ceil(now[here])
        here = here[random.random(here.size) > leaves[here]]
    money = random.gamma(6.0, 1.0, n) * 5 / random.gamma(4.0, 1.0, n) * 15
    return {"x": x, "t_x": t_x, "tenure": tenure, "zbar": money}


@figure("S9")
def value_speed() -> Outcome:
    """Time fit and score of both value models against the orders alone by lifetimes."""
    given = simulated(CUSTOMERS)
    python = os.environ.get("COTERIE_BENCH_LIFETIMES")
    with tempfile.TemporaryDirectory() as folder:
        python = python or peer_python(Path(folder))
        np.savez(Path(folder, "given.npz"), **given)
        ratios, theirs, mine = [], {}, 0.0
        for _ in range(PAIRS):
            start = time.perf_counter()
            model = ValueModel.fit(**given, horizon_days=AHEAD)
            orders = model.expected_orders(given["x"], given["t_x"], given["tenure"])
            model.expected_spend(given["x"], given["t_x"], given["tenure"], given["zbar"])
            mine = time.perf_counter() - start
            theirs = peer(python, Path(folder))
            ratios.append(theirs["seconds"] / mine)
        told = np.load(Path(folder, "told.npy"))
    apart = max(abs(getattr(model, name) / theirs[name] - 1) for name in ("r", "alpha", "a", "b"))
    ratio = Spread.of(ratios)
    return Outcome(
        f"{CUSTOMERS:,} customers drawn from BG/NBD, {PAIRS} pairs; ours fits and scores orders "
        f"and money ({mine:.1f} s in the last pair), lifetimes orders alone "
        f"({theirs['seconds']:.1f} s); expected orders differ by at most "
        f"{np.abs(orders - told).max():.2g}",
        (
            at_least("times faster", ratio.median, 5, interval=ratio.interval),
            at_most("largest relative difference of a parameter", apart, 1e-3),
        ),
    )


def peer(python: str, folder: Path) -> dict[str, float]:
    """Fit and score once by lifetimes."""
    script = Path(__file__).with_name("peer_lifetimes.py")
    command = [python, str(script), str(folder / "given.npz"), str(AHEAD), str(folder / "told.npy")]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def peer_python(folder: Path) -> str:
    """Install lifetimes for itself, since it asks for older ways of pandas."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = str(folder / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "lifetimes==0.11.3"], check=True)
    return python
