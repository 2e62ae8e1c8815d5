"""Seconds and memory of every algorithm at a million customers by twelve features.

Each is fitted on the sample of 50,000 that a selection sees, then places everybody in
batches, as a run does. No bar hangs on it; it is there to choose by:
``python -m benchmarks.bench_algorithms [NAME ...]``.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits

from coterie.segmentation.algorithms import algorithm
from coterie.segmentation.base import BUILT_IN, NOISE, Algorithm

CUSTOMERS, FEATURES, SEGMENTS, SAMPLE, BATCH = 1_000_000, 12, 8, 50_000, 122_880
SEED = 0


def customers() -> np.ndarray:
    """Make customers in eight overlapping groups of unequal size and spread, as z-scores."""
    random = np.random.default_rng(SEED)
    share = random.dirichlet(np.full(SEGMENTS, 4.0))
    group = random.choice(SEGMENTS, CUSTOMERS, p=share)
    centres = random.normal(scale=2.0, size=(SEGMENTS, FEATURES))
    spread = random.uniform(0.5, 1.5, size=(SEGMENTS, FEATURES))
    rows = centres[group] + spread[group] * random.normal(size=(CUSTOMERS, FEATURES))
    return np.clip((rows - rows.mean(axis=0)) / rows.std(axis=0), -4.0, 4.0)


def measure(found: Algorithm, rows: np.ndarray) -> str:
    """Fit on the sample, place everybody, and write one line of a table."""
    sample = np.random.default_rng(SEED).choice(len(rows), SAMPLE, replace=False)
    seen = rows[np.sort(sample)]
    start = time.perf_counter()
    with threadpool_limits(1):
        model = found.fit(seen, SEGMENTS, seed=SEED)
    fitted = time.perf_counter()
    noise = 0
    for first in range(0, len(rows), BATCH):
        noise += int((model.assign(rows[first : first + BATCH]) == NOISE).sum())
    placed = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"{found.name:<17} {fitted - start:8.1f} {placed - fitted:8.1f} {model.n_segments:8} "
        f"{model.fidelity:8.3f} {noise / len(rows):7.1%} {peak:7.2f}"
    )


def main() -> None:
    """Print the table."""
    rows = customers()
    print(f"{CUSTOMERS:,} customers x {FEATURES} features, k = {SEGMENTS}, sample {SAMPLE:,}")
    print(
        f"{'algorithm':<17} {'fit s':>8} {'place s':>8} {'segments':>8} {'fidelity':>8} "
        f"{'noise':>7} {'peak GB':>7}"
    )
    for name in sys.argv[1:] or BUILT_IN:
        print(measure(algorithm(name), rows), flush=True)


if __name__ == "__main__":
    main()
