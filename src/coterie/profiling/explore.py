"""What an analyst looks at first: distributions, correlations, gaps, far values, a map.

No customer can be found in it: quantiles instead of single values, map points drawn
from a sample, shuffled and moved a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from coterie.engine.duckdb import DuckDB
from coterie.profiling.composition import Columns
from coterie.profiling.contrasts import MAD_TO_SD, FeatureInfo, Floats, on_scale, uses_log
from coterie.profiling.drivers import MAX_SAMPLE
from coterie.profiling.scatter import axis_words, directions

MAX_POINTS = 2_000
"""Points on the map."""

_BINS = 24
_CLIP = 4.0
"""Standard deviations at which the matrix of the map is clipped, as in clustering."""
_FAR = 4.0
_JITTER = 0.04


@dataclass(frozen=True)
class Sample:
    """Seeded sample of placed customers, in a random order and without ids.

    ``numbers`` has shape (n, numbers), with NaN for unknown; ``categories`` (n, categories)
    holds codes from 0, or −1 for unknown; ``codes`` (n,) the segments.
    """

    codes: NDArray[np.int32]
    numbers: Floats
    categories: NDArray[np.int32]
    n_all: int


@dataclass(frozen=True)
class Distribution:
    """Histogram of a feature before and after its transform, up to the 99.5 % quantile before."""

    feature: str
    label: str
    unit: str
    log: bool
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    scaled_edges: tuple[float, ...]
    scaled_counts: tuple[int, ...]
    beyond: int
    """Customers above the last edge of the first histogram."""


@dataclass(frozen=True)
class Correlations:
    """Spearman correlations: labels and a symmetric matrix; None where a column is constant."""

    features: tuple[str, ...]
    labels: tuple[str, ...]
    rho: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class Missing:
    """How many values of a column are unknown among all placed customers."""

    column: str
    label: str
    n: int
    share: float


@dataclass(frozen=True)
class Far:
    """Quantiles of a feature and how many values lie more than 4 robust deviations out.

    None where it must not leave.
    """

    feature: str
    label: str
    unit: str
    median: float | None
    q95: float | None
    q99: float | None
    q999: float | None
    n_far: int | None
    n: int


@dataclass(frozen=True)
class Map:
    """Two principal components: points (x, y, segment), shown variation, words for the axes."""

    points: tuple[tuple[float, float, int], ...]
    centres: tuple[tuple[float, float, int], ...]
    explained: tuple[float, float]
    x_words: str
    y_words: str


def draw(db: DuckDB, joined: str, columns: Columns, *, seed: int) -> Sample:
    """Draw at most 50,000 rows of the joined table, the same for the same ids and seed.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    joined : str
        The table that ``join_columns`` made.
    columns : Columns
        What the joined table holds.
    seed : int
        Same seed, same result.

    Returns
    -------
    Sample
        In a random order, without ids.
    """
    names = [f"x{i}" for i in range(len(columns.numbers))]
    coded = [
        f"CASE WHEN c{i} IS NULL THEN -1 ELSE "
        f"(DENSE_RANK() OVER (ORDER BY c{i} NULLS LAST) - 1)::INTEGER END AS c{i}"
        for i in range(len(columns.categories))
    ]
    n_all = int(db.rows(f"SELECT COUNT(*) FROM {joined}")[0][0])
    table = db.query(
        f"""SELECT segment{"".join(", " + item for item in [*names, *coded])} FROM {joined}
        JOIN (SELECT customer_id, md5(customer_id || ':{int(seed)}') AS draw FROM {joined}
        ORDER BY draw LIMIT {MAX_SAMPLE}) USING (customer_id) ORDER BY draw"""
    )
    numbers = [
        np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=float) for name in names
    ]
    levels = [
        np.asarray(table.column(f"c{i}").to_numpy(), dtype=np.int32)
        for i in range(len(columns.categories))
    ]
    shape = (table.num_rows, 0)
    return Sample(
        np.asarray(table.column("segment").to_numpy(), dtype=np.int32),
        np.column_stack(numbers) if numbers else np.empty(shape),
        np.column_stack(levels) if levels else np.empty(shape, np.int32),
        n_all,
    )


def _known(values: Floats) -> Floats:
    return np.sort(values[np.isfinite(values)])


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)


def distributions(sample: Sample, features: Sequence[FeatureInfo]) -> list[Distribution]:
    """Return the histograms of every feature that has more than one value."""
    found = []
    for number, info in enumerate(features):
        values = _known(sample.numbers[:, number])
        if values.size < 2 or values[0] == values[-1]:
            continue
        log = uses_log(info.transform, values)
        top = float(np.quantile(values, 0.995))
        top = top if top > values[0] else float(values[-1])
        counts, edges = np.histogram(values[values <= top], _BINS, (float(values[0]), top))
        scaled = on_scale(values, log=log)
        scaled_counts, scaled_edges = np.histogram(scaled, _BINS)
        found.append(
            Distribution(
                info.name,
                info.label,
                info.unit,
                log,
                _rounded(edges),
                tuple(int(c) for c in counts),
                _rounded(scaled_edges),
                tuple(int(c) for c in scaled_counts),
                int((values > top).sum()),
            )
        )
    return found


def correlations(sample: Sample, features: Sequence[FeatureInfo]) -> Correlations:
    """Return Spearman's correlations of all pairs; unknown values count as the median rank."""
    ranks = np.empty((sample.codes.size, len(features)), order="F")
    for number in range(len(features)):
        values = sample.numbers[:, number]
        usable = np.isfinite(values)
        ranks[:, number] = 0.0
        if usable.any():
            own = scipy.stats.rankdata(values[usable])
            ranks[usable, number] = own - own.mean()
    length = np.sqrt((ranks**2).sum(axis=0))
    rho: list[list[float | None]] = [[None] * len(features) for _ in features]
    for i in range(len(features)):
        for j in range(i + 1):
            both = float(length[i] * length[j])
            if both > 0:
                product = float(np.sum(ranks[:, i] * ranks[:, j]))
                rho[i][j] = rho[j][i] = round(min(1.0, max(-1.0, product / both)), 4)
    return Correlations(
        tuple(info.name for info in features),
        tuple(info.label for info in features),
        tuple(map(tuple, rho)),
    )


def missing(db: DuckDB, joined: str, columns: Columns) -> list[Missing]:
    """Count unknown values per column among all placed customers, most first.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    joined : str
        The table that ``join_columns`` made.
    columns : Columns
        What the joined table holds.

    Returns
    -------
    list of Missing
        One a column, also where nothing is missing; ties by name.
    """
    named = [(f"x{i}", info.name, info.label) for i, info in enumerate(columns.numbers)]
    named += [(f"c{i}", a.name, a.label or a.name) for i, a in enumerate(columns.categories)]
    if not named:
        return []
    counts = ", ".join(f"COUNT({column})" for column, _, _ in named)
    n, *known = db.rows(f"SELECT COUNT(*), {counts} FROM {joined}")[0]
    found = [
        Missing(name, label, n - count, round((n - count) / n, 6) if n else 0.0)
        for (_, name, label), count in zip(named, known, strict=True)
    ]
    return sorted(found, key=lambda item: (-item.n, item.column))


def far_values(sample: Sample, features: Sequence[FeatureInfo]) -> list[Far]:
    """Return the upper quantiles of each feature and how many values lie far out on its scale."""
    found = []
    for number, info in enumerate(features):
        values = _known(sample.numbers[:, number])
        if not values.size:
            continue
        scaled = on_scale(values, log=uses_log(info.transform, values))
        centre = float(np.median(scaled))
        away = np.abs(scaled - centre)
        spread = MAD_TO_SD * float(np.median(away)) or float(scaled.std())
        middle, q95, q99, q999 = (float(q) for q in np.quantile(values, (0.5, 0.95, 0.99, 0.999)))
        n_far = int((away > _FAR * spread).sum()) if spread > 0 else 0
        found.append(
            Far(info.name, info.label, info.unit, middle, q95, q99, q999, n_far, values.size)
        )
    return sorted(found, key=lambda item: (-(item.n_far or 0), item.feature))


_SQUARABLE = 1e150
"""Larger numbers have no square that a double holds, nor have smaller ones than its inverse."""


def _standardised(sample: Sample, picked: Sequence[int], features: Sequence[FeatureInfo]) -> Floats:
    columns = []
    for number in picked:
        values = sample.numbers[:, number]
        ordered = _known(values)
        if ordered.size < 2 or ordered[0] == ordered[-1]:
            columns.append(np.zeros(values.size))
            continue
        log = uses_log(features[number].transform, ordered)
        centre = float(np.median(ordered))
        filled = on_scale(np.where(np.isfinite(values), values, centre), log=log)
        largest = float(np.abs(filled).max())
        if largest > 0 and not 1 / _SQUARABLE < largest < _SQUARABLE:
            filled = filled / largest
        spread = filled.std()
        scores = (filled - filled.mean()) / spread if spread > 0 else np.zeros(values.size)
        columns.append(np.clip(scores, -_CLIP, _CLIP))
    return np.column_stack(columns)


def draw_map(
    sample: Sample, features: Sequence[FeatureInfo], picked: Sequence[int], *, seed: int
) -> Map | None:
    """Project the sample on its two principal components.

    Parameters
    ----------
    sample : Sample
        Customers without ids.
    features : sequence of FeatureInfo
        Features of the sample's columns.
    picked : sequence of int
        Columns to use: those the segments were built from, if known.
    seed : int
        Seed of the jitter.

    Returns
    -------
    Map or None
        None with fewer than two columns or three customers. Components point to where
        their largest weight is positive; points are rounded.
    """
    if len(picked) < 2 or sample.codes.size < 3:
        return None
    matrix = _standardised(sample, picked, features)
    matrix = matrix - matrix.mean(axis=0)
    axes, explained = directions(matrix)
    if explained[0] <= 0:
        return None
    spots = matrix @ axes.T
    present = np.unique(sample.codes)
    centres = [np.median(spots[sample.codes == code], axis=0) for code in present]
    rng = np.random.default_rng(seed)
    shown = spots[:MAX_POINTS]  # the sample is in random order already
    moved = shown + rng.normal(0, _JITTER * spots.std(axis=0), shown.shape)
    labels = [features[number].label for number in picked]
    return Map(
        tuple(
            (round(float(x), 3), round(float(y), 3), int(code))
            for (x, y), code in zip(moved, sample.codes, strict=False)
        ),
        tuple(
            (round(float(x), 3), round(float(y), 3), int(code))
            for (x, y), code in zip(centres, present, strict=True)
        ),
        (round(explained[0], 4), round(explained[1], 4)),
        axis_words(axes[0], labels),
        axis_words(axes[1], labels),
    )
