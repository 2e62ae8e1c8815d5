"""What a choice costs: its k-means sweep against scikit-learn's, a whole choice, a budget."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.cluster import KMeans as PeerKMeans

from benchmarks.bench_choice import SEED
from benchmarks.bench_run import make_project
from benchmarks.children import COTERIE, run_child
from benchmarks.figures import Outcome, at_least, at_most, figure
from benchmarks.timing import Spread, wall_seconds
from coterie.features.matrix import Matrix, Wanted
from coterie.segmentation.base import Floats, Labels
from coterie.segmentation.centroids import KMeans
from coterie.segmentation.lloyd import refine
from coterie.segmentation.parallel import each
from coterie.segmentation.select import N_SAMPLE
from coterie.terminal import STAGES

CUSTOMERS = int(os.environ.get("COTERIE_BENCH_CUSTOMERS") or 1_000_000)
PAIRS = int(os.environ.get("COTERIE_BENCH_PAIRS") or 1)
"""The peer takes a quarter of an hour, and no noise makes tenfold of threefold."""
KS = range(2, 13)
COLUMNS, PERSONAS, STARTS = 12, 9, 10
DAYS = 30
BUDGET, BUDGET_CUSTOMERS, BUDGET_DAYS = 60, 100_000, 365

Sweep = dict[int, tuple[float, Labels]]
"""Number of segments -> inertia over all customers, and their labels."""


@figure("S3")
def sweep() -> Outcome:
    """Sweep both ways in turn; then time the choice of a whole run, and one on a budget."""
    rows = customers()
    ratios, ours, theirs = [], Sweep(), Sweep()
    for pair in range(PAIRS):
        work = [lambda: ours.update(our_sweep(rows)), lambda: theirs.update(peer_sweep(rows))]
        spent = [0.0, 0.0]
        for who in (0, 1)[:: -1 if pair % 2 else 1]:
            spent[who] = wall_seconds(work[who])
        ratios.append(spent[1] / spent[0])
        print(f"sweep {spent[0]:.1f} s, scikit-learn {spent[1]:.1f} s", flush=True)
    for k in KS:
        print(f"k = {k}: inertia ÷ the peer's {ours[k][0] / theirs[k][0]:.5f}", flush=True)
    faster = Spread.of(ratios)
    worse = max(100 * (ours[k][0] / theirs[k][0] - 1) for k in KS)
    whole, budget = whole_choice(), on_a_budget()
    return Outcome(
        f"{len(rows):,} customers x {COLUMNS}, k = {KS[0]} to {KS[-1]}: ours on {N_SAMPLE:,}, two "
        f"exact passes and labels for each k; scikit-learn with n_init = {STARTS}; {PAIRS} pairs. "
        f"Choice of a run: {CUSTOMERS:,} customers; with a budget of {BUDGET} s: "
        f"{BUDGET_CUSTOMERS:,}, {BUDGET_DAYS} days",
        (
            at_least("times faster", faster.median, 3, interval=faster.interval),
            at_most("inertia above the peer's, at most", worse, 0.5, unit="%"),
            at_most("whole choice", whole / 60, 10, unit="min"),
            at_most("choice ÷ its budget", budget / BUDGET, 1.1),
            at_least("customers", len(rows), 1_000_000),
        ),
    )


def customers() -> Floats:
    """Return the matrix of customers of nine kinds that overlap, with long tails."""
    random = np.random.default_rng(SEED)
    kinds = random.normal(0.0, 1.0, size=(PERSONAS, COLUMNS))
    kind = random.integers(0, PERSONAS, CUSTOMERS)
    amounts = np.exp(3.0 + kinds[kind] + random.normal(size=(CUSTOMERS, COLUMNS)))
    names = [f"x{i}" for i in range(COLUMNS)]
    table = pa.table({name: amounts[:, i] for i, name in enumerate(names)})
    matrix = Matrix.fit(table.slice(0, N_SAMPLE), [Wanted(name, transform="log") for name in names])
    return matrix.transform(table)


def our_sweep(rows: Floats) -> Sweep:
    """Fit on the sample, pass twice over all, and label all, for every number of segments."""
    random = np.random.default_rng(SEED)
    n = min(N_SAMPLE, len(rows))
    sample = rows[np.sort(random.choice(len(rows), n, replace=False))]

    def one(k: int) -> tuple[float, Labels]:
        model = refine(KMeans().fit(sample, k, seed=SEED), lambda: [rows])
        labels, distances = model.nearest(rows)
        return float(distances.sum()), labels

    return dict(zip(KS, each(one, KS), strict=True))


def peer_sweep(rows: Floats) -> Sweep:
    """Fit on all, from ten starts, for every number of segments."""
    found: Sweep = {}
    for k in KS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = PeerKMeans(k, n_init=STARTS, random_state=SEED).fit(rows)
        found[k] = fitted.inertia_, fitted.labels_
    return found


def whole_choice() -> float:
    """Return the seconds that a run of as many customers takes to choose."""
    return choosing(customers=CUSTOMERS, days=DAYS, horizon="7d")


def on_a_budget() -> float:
    """Return the seconds that a run takes to choose when it is given a minute."""
    budget = ["--budget", f"{BUDGET}s"]
    return choosing(*budget, customers=BUDGET_CUSTOMERS, days=BUDGET_DAYS, horizon="90d")


def choosing(*options: str, customers: int, days: int, horizon: str) -> float:
    """Return the seconds from the first word about the choice to the first about what follows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, customers=customers, days=days, kind="parquet", horizon=horizon)
        settings = folder / "coterie.toml"
        free = settings.read_text(encoding="utf-8").replace("k = 6\n", "")
        settings.write_text(free, encoding="utf-8")
        used = run_child([COTERIE, "run", "--project", str(folder), *options])
    print(f"{customers:,} customers: {used.seconds:.1f} s ({used.cpu:.1f} s CPU)")
    print("\n".join(used.breakdown()), flush=True)
    start = next(second for second, text in used.said if text.startswith(STAGES["choose"]))
    return next(second for second, _ in used.said if second > start) - start
