"""Whether groups that are there are found, and groups that are not there are not.

The choice of k is handed in as a function, so that any rule can be put to the same sets.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr

from benchmarks.figures import Outcome, at_least, at_most, figure
from coterie.segmentation.base import Floats, Labels
from coterie.segmentation.centroids import KMeans, KMeansModel
from coterie.segmentation.describability import describability
from coterie.segmentation.gates import RELAXED, Entry, Proof, choose
from coterie.segmentation.judges import judge
from coterie.segmentation.stability import Rows, stability
from coterie.segmentation.structure import is_natural, structure
from coterie.segmentation.validity import Textbook, unsubstantial

DATA = Path(os.environ.get("COTERIE_DATA") or Path(__file__).parents[2] / "shared" / "data")
PLANTED = int(os.environ.get("COTERIE_BENCH_PLANTED") or 100)
NULL = int(os.environ.get("COTERIE_BENCH_NULL") or 200)
KS = range(2, 13)
APART = 5.0
"""Least distance of two centres, in standard deviations of a group."""

Chooser = Callable[[Floats, int], int]
"""Gives the number of segments for a scaled matrix and a seed; 1 if none will do."""


class Found(NamedTuple):
    """What was said of one set."""

    planted: int
    k: int
    natural: bool
    gap: float


def mixture(seed: int) -> tuple[Floats, int]:
    """Draw 1,200 rows of 3 to 8 round groups in 5 columns, and the number of groups.

    Centres are drawn around 0 one after the other, standard deviation 3, and drawn again
    if another is nearer than ``APART``: the silhouette then finds about 86 %.
    """
    random = np.random.default_rng(seed)
    k = 3 + seed % 6
    centres = [random.normal(0, 3, 5)]
    while len(centres) < k:
        new = random.normal(0, 3, 5)
        if min(float(np.linalg.norm(new - old)) for old in centres) >= APART:
            centres.append(new)
    shares = 0.03 + (1 - 0.03 * k) * random.dirichlet(np.full(k, 5.0))
    group = random.choice(k, 1_200, p=shares)
    return np.array(centres)[group] + random.normal(size=(1_200, 5)), k


def retail_rfm() -> Floats:
    """Return log recency, frequency and money of Online Retail before 2011-06-01."""
    lines = pd.read_csv(DATA / "online_retail" / "online_retail.csv.gz").dropna(
        subset=["CustomerID"]
    )
    lines = lines[lines.InvoiceDate < "2011-06-01"]
    day = pd.to_datetime(lines.InvoiceDate.str[:10])
    net = (lines.Quantity * lines.UnitPrice).groupby([lines.CustomerID, day]).sum()
    days = net[net > 0].rename("net").reset_index()
    one = days.groupby("CustomerID")
    recency = (pd.Timestamp("2011-06-01") - one.InvoiceDate.max()).dt.days - 1
    return np.log1p(np.column_stack([recency, one.net.size(), one.net.sum()]).astype(np.float64))


def null_set(seed: int, margins: Floats) -> Floats:
    """Draw 1,000 rows from a Gaussian copula: lognormal margins, or retail's (odd seeds)."""
    random = np.random.default_rng(seed)
    if seed % 2 == 0:
        latent = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
        normal = random.multivariate_normal(np.zeros(4), latent, 1_000)
        return np.log1p(np.exp(normal))
    latent = np.corrcoef(margins, rowvar=False)
    normal = random.multivariate_normal(np.zeros(len(latent)), latent, 1_000)
    places = np.floor(ndtr(normal) * len(margins)).astype(np.int64)
    return np.take_along_axis(np.sort(margins, axis=0), places, axis=0)


def scaled(matrix: Floats) -> Floats:
    """Bring every column to mean 0 and standard deviation 1."""
    result: Floats = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    return result


def fit(k: int, matrix: Floats, seed: int) -> KMeansModel:
    """Fit k-means with ``k`` segments."""
    return KMeans().fit(matrix, k, seed=seed)


def by_silhouette(matrix: Floats, seed: int) -> int:
    """Choose as most do: the number of segments with the best silhouette."""
    textbook = Textbook(matrix, seed=seed)
    found = {k: textbook.indices(fit(k, matrix, seed).assign(matrix)).silhouette for k in KS}
    return max(found, key=lambda k: found[k] or -1.0)


def by_rule(matrix: Floats, seed: int) -> int:
    """Choose as the product does for a table without a timeline."""
    names = tuple(f"column {i}" for i in range(matrix.shape[1]))
    rule = judge({"table": (names, matrix)}, None, matrix, None, seed=seed)
    labels = [fit(k, matrix, seed).assign(matrix) for k in KS]
    entries = []
    for k, given in zip(KS, labels, strict=True):
        p = rule.of_fit(KMeans(), "table", k, given, seed)
        entries.append(Entry(k, p.p if p else 0.0, not unsubstantial(given, None)))

    def prove(place: int) -> Proof:
        def refit(rows: Rows, seed: int) -> Labels:
            drawn, times = np.unique(rows, return_counts=True)
            weights = times.astype(np.float64)
            again = KMeans().fit(matrix[drawn], KS[place], seed=seed, weights=weights)
            return again.assign(matrix)

        back = stability(labels[place], refit, seed=seed, gate=RELAXED[:2])
        told = describability(labels[place], matrix, seed=seed).accuracy if back.passed else 0.0
        return Proof(back.weighted, back.least, told)

    def natural(place: int) -> bool:
        others = partial(fit, KS[place])
        return is_natural(matrix, labels[place], others, features=names, seed=seed)

    chosen = choose(entries, prove, natural=natural).index
    return 1 if chosen is None else KS[chosen]


def look(chooser: Chooser, matrix: Floats, planted: int) -> Found:
    """Choose k for one set and look for structure there."""
    k = chooser(matrix, 0)
    if k < 2:
        return Found(planted, k, natural=False, gap=0.0)
    names = [str(i) for i in range(matrix.shape[1])]
    labels = fit(k, matrix, 0).assign(matrix)
    found = structure(matrix, labels, partial(fit, k), features=names, seed=0)
    return Found(planted, k, found.natural, found.gap_z)


def look_at_planted(chooser: Chooser, seed: int) -> Found:
    """Look at one mixture."""
    matrix, planted = mixture(seed)
    return look(chooser, scaled(matrix), planted)


def look_at_null(chooser: Chooser, margins: Floats, seed: int) -> Found:
    """Look at one set without groups."""
    return look(chooser, scaled(null_set(seed, margins)), 1)


def share(hits: Iterable[bool]) -> tuple[float, tuple[float, float]]:
    """Return a percentage with its 95 % interval (Wilson)."""
    found = np.array(list(hits))
    n, p, z = len(found), float(found.mean()), 1.96
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (100 * (middle + sign * half) / (1 + z * z / n) for sign in (-1, 1))
    return 100 * p, (float(low), float(high))


def every(work: Callable[[int], Found], n: int) -> list[Found]:
    """Do the work for the seeds 0 to ``n`` on all cores."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, range(n)))


@figure("Q6")
def null_and_power() -> Outcome:
    """Count null sets called structured, and planted sets called natural."""
    null = every(partial(look_at_null, by_rule, retail_rfm()), NULL)
    planted = every(partial(look_at_planted, by_rule), PLANTED)
    false, false_at = share(found.natural or found.gap > 3 for found in null)
    power, power_at = share(found.natural for found in planted)
    return Outcome(
        f"{NULL} Gaussian copulas, n = 1,000, half lognormal (4 columns, r = .5), half with the "
        f"margins of Online Retail's log RFM before 2011-06-01; power on the {PLANTED} mixtures "
        "of Q7; at the k of the product's rule; natural, or a gap above 3, is structured",
        (
            at_most("null sets called structured", false, 5, unit="%", interval=false_at),
            at_least("planted sets called natural", power, 80, unit="%", interval=power_at),
        ),
    )


def planted_outcome(chooser: Chooser) -> Outcome:
    """Count the mixtures whose number of groups a rule finds, beside the silhouette."""
    hits, between = share(
        f.k == f.planted for f in every(partial(look_at_planted, chooser), PLANTED)
    )
    usual, _ = share(
        f.k == f.planted for f in every(partial(look_at_planted, by_silhouette), PLANTED)
    )
    return Outcome(
        f"{PLANTED} mixtures of 3 to 8 round groups, n = 1,200, 5 columns, centres at least "
        f"{APART:g} sd apart, k from 2 to 12; the best silhouette finds {usual:.3g} %",
        (at_least("planted k found", hits, 90, unit="%", interval=between),),
    )


@figure("Q7")
def planted() -> Outcome:
    """Put the product's rule to the mixtures."""
    return planted_outcome(by_rule)
