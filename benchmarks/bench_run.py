"""A whole run: against a notebook on the same file, and as customers grow more.

Every run is a process of its own on an empty project, so that nothing is kept from
the one before.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.children import COTERIE, Used, run_child
from benchmarks.figures import Outcome, at_least, at_most, figure
from benchmarks.timing import Spread
from coterie.sources.shop import SCHEMAS, Format, write_shop

NOTEBOOK = Path(__file__).with_name("notebook.py")
CUSTOMERS = int(os.environ.get("COTERIE_BENCH_CUSTOMERS") or 1_000_000)
DAYS, HORIZON = int(os.environ.get("COTERIE_BENCH_DAYS") or 30), "7d"
"""Thirty days give four lines a customer. The notebook is helped by more lines, which it
does not check, and hindered by more customers, all of whom it clusters again and again."""
PAIRS = int(os.environ.get("COTERIE_BENCH_PAIRS") or 5)
LINES = 4_000_000
"""Order lines of a million customers; with fewer the figure falls short."""

EMPTY = 20
"""Customers of a run that is as good as empty: too few to segment."""
SAMPLE = 50_000
"""Customers of whom all is done that does not grow with more of them."""
SIZES = (1_000_000, 3_000_000, 10_000_000)
LIMIT = "10GB"
LIMIT_MEGABYTES = 10_000


def make_project(folder: Path, *, customers: int, days: int, kind: Format, horizon: str) -> int:
    """Write the orders of a simulated shop and a project with six segments; return the lines."""
    shop = write_shop(folder, customers=customers, days=days, tables=["orders"], format=kind)
    columns = "\n".join(f'{name} = "{name}"' for name in SCHEMAS["orders"].names)
    (folder / "coterie.toml").write_text(
        f'[sources.orders]\nfile = "{shop.paths["orders"].name}"\n'
        f'[sources.orders.columns]\n{columns}\n[segmentation]\nk = 6\nhorizon = "{horizon}"\n',
        encoding="utf-8",
    )
    return shop.rows["orders"]


def run_project(folder: Path, **environment: str) -> Used:
    """Run a project from nothing."""
    shutil.rmtree(folder / ".coterie", ignore_errors=True)
    return run_child([COTERIE, "run", "--project", str(folder)], environment)


@figure("S2")
def against_a_notebook() -> Outcome:
    """Take turns; the first pair tells where our time goes."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = make_project(folder, customers=CUSTOMERS, days=DAYS, kind="csv", horizon=HORIZON)
        peer = [sys.executable, NOTEBOOK, folder / "orders.csv", folder / "segments.csv"]
        for pair in range(PAIRS):
            for who in ("us", "peer")[:: -1 if pair % 2 else 1]:
                if who == "us":
                    ours.append(run_project(folder))
                else:
                    theirs.append(run_child([str(part) for part in peer]))
            print(_pair(ours[-1], theirs[-1]), flush=True)
    print("\n".join(ours[0].breakdown()))
    faster = Spread.of([b.seconds / a.seconds for a, b in zip(ours, theirs, strict=True)])
    memory = Spread.of([a.megabytes / b.megabytes for a, b in zip(ours, theirs, strict=True)])
    return Outcome(
        f"coterie run with k = 6 and the notebook on the same CSV of {lines:,} order lines, "
        f"processes in turn, {PAIRS} pairs",
        (
            at_least("times faster", faster.median, 2, interval=faster.interval),
            at_most("peak of memory ÷ the peer's", memory.median, 1, interval=memory.interval),
            at_least("order lines", lines, LINES),
            at_least("pairs", PAIRS, 5),
        ),
    )


def _pair(ours: Used, peer: Used) -> str:
    told = [
        f"{who} {used.seconds:.1f} s ({used.cpu:.1f} s CPU), {used.megabytes:.0f} MB"
        for who, used in (("run", ours), ("notebook", peer))
    ]
    return "; ".join(told)


@figure("S10")
def growth() -> Outcome:
    """Fit how time grows with customers, less what a run takes that has none to speak of."""
    most = int(os.environ.get("COTERIE_BENCH_CUSTOMERS") or SIZES[-1])
    sizes = [size for size in SIZES if size <= most]
    empty, sample, *grown = [_timed(customers) for customers in (EMPTY, SAMPLE, *sizes)]
    wall = _exponent(sizes, [used.seconds - empty.seconds for used in grown])
    cpu = _exponent(sizes, [used.cpu - empty.cpu for used in grown])
    beyond = [size - SAMPLE for size in sizes]
    print(
        "for comparison, on the customers beyond the sample, less a run of the sample: "
        f"time {_exponent(beyond, [used.seconds - sample.seconds for used in grown]):.3f}, "
        f"CPU time {_exponent(beyond, [used.cpu - sample.cpu for used in grown]):.3f}"
    )
    peak = max(used.megabytes for used in grown)
    return Outcome(
        f"coterie run with k = 6 on the orders of 30 days, DuckDB limited to {LIMIT}; "
        f"a run of {EMPTY} customers is taken off",
        (
            at_most("exponent of time on customers", wall, 1.05),
            at_most("exponent of CPU time, which busy neighbours move less", cpu, 1.05),
            at_most("peak of memory ÷ DuckDB's limit", peak / LIMIT_MEGABYTES, 1.25),
            at_least("customers of the largest run", sizes[-1], SIZES[-1]),
        ),
    )


def _timed(customers: int) -> Used:
    """Run an empty project on so many customers, and print what it took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = make_project(folder, customers=customers, days=30, kind="parquet", horizon=HORIZON)
        used = run_project(folder, COTERIE_MEMORY_LIMIT=LIMIT)
    print(
        f"{customers:,} customers, {lines:,} lines: {used.seconds:.1f} s "
        f"({used.cpu:.1f} s CPU), {used.megabytes:.0f} MB",
        *used.breakdown(),
        sep="\n",
        flush=True,
    )
    return used


def _exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the slope of log time on log customers; NaN with one size."""
    if len(sizes) < 2:
        return float("nan")
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
