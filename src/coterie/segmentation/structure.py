"""Whether segments are found or made: the verdict natural, reproducible or constructed.

None of the three tests is enough alone. Stability is high for a cigar cut in two, a cube
shows dips, and any correlation makes clusters tighter than in a round cloud; so "natural"
asks for all three, and the comparison is with data of the same margins and correlations.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coterie.errors import ParameterError
from coterie.features.threads import one_thread
from coterie.segmentation.base import Floats, Labels
from coterie.segmentation.copula import Copula
from coterie.segmentation.dip import Dip, dips, share_apart
from coterie.segmentation.validity import inertia

N_STRUCTURE = 3_000
"""Customers looked at: with more, the faintest departure would count as structure."""
N_STRENGTH = 10_000
"""Customers for prediction strength, which is understated where halves are small."""
N_COLUMNS = 64
"""Features whose correlations data without groups are given; of more a seeded sample."""
N_NULL = 20
N_SPLITS = 5
MIN_ROWS = 4
MIN_STRENGTH, MIN_GAP, MIN_DIP_SHARE = 0.8, 3.0, 0.5


class Placer(Protocol):
    """A fitted segmentation, as far as it is needed here."""

    def assign(self, matrix: Floats) -> Labels:
        """Return the segment of each row."""
        ...


Fit = Callable[[Floats, int], Placer]
"""Fits the same algorithm with the same number of segments to other rows, with a seed."""


@dataclass(frozen=True)
class Structure:
    """What speaks for groups that are there without our drawing them.

    Parameters
    ----------
    strength : float
        Prediction strength, 0 to 1: two customers who are together in one half of the
        data are together by the other half too, in the worst segment.
    gap_z : float
        By how many standard errors segments are tighter than in data that have nothing
        but the same margins and correlations.
    dips : tuple of Dip
        One for each segment; empty for a single one.
    evenness : float
        Entropy of the shares, 0 (all in one) to 1 (all the same size).
    n : int
        Customers looked at.
    """

    strength: float
    gap_z: float
    dips: tuple[Dip, ...]
    evenness: float
    n: int

    @property
    def dip_share(self) -> float:
        """Share of the segments that are set apart from their neighbour."""
        return share_apart(self.dips)

    @property
    def more_than_correlation(self) -> bool:
        """Whether there is more structure than the margins and correlations explain."""
        return self.gap_z > MIN_GAP

    @property
    def natural(self) -> bool:
        """Whether all three tests speak for groups."""
        return (
            self.strength >= MIN_STRENGTH
            and self.more_than_correlation
            and self.dip_share >= MIN_DIP_SHARE
        )


def structure(
    matrix: Floats,
    labels: Labels,
    fit: Fit,
    *,
    features: Sequence[str],
    derived: Collection[str] = (),
    seed: int,
) -> Structure:
    """Look for groups in the space that was segmented.

    Parameters
    ----------
    matrix : float64 array, shape (n, n_columns)
        What was segmented, all values finite.
    labels : int32 array, shape (n,)
        The segments.
    fit : callable
        Given rows of the matrix (or rows like them, or some of its columns) and a seed, a
        fit by the same algorithm with the same number of segments.
    features : sequence of str
        What each column is called in a sentence; a name may come several times.
    derived : collection of str, optional
        Features worked out from the others, as customer value is from recency, frequency
        and money. They are left out of the gap: a formula is no group, but it is more
        than a correlation.
    seed : int
        Of the sample, the splits and the null data.

    Returns
    -------
    Structure
        From at most 3,000 customers (10,000 for the strength), drawn by the seed; the same
        at any number of threads.

    Raises
    ------
    ParameterError
        If rows or columns do not match, or there are fewer than 4 rows.

    References
    ----------
    Tibshirani & Walther (2005), Cluster validation by prediction strength; Tibshirani,
    Walther & Hastie (2001), the gap statistic; Hartigan & Hartigan (1985), the dip test;
    Dolnicar & Leisch (2010) for natural, reproducible and constructive segmentation.

    Examples
    --------
    >>> from coterie.segmentation.centroids import KMeans
    >>> rows = np.random.default_rng(0).normal(size=(200, 2))
    >>> rows[:100] += 9
    >>> labels = np.repeat(np.array([0, 1], dtype=np.int32), 100)
    >>> found = structure(
    ...     rows, labels, lambda m, s: KMeans().fit(m, 2, seed=s), features=("a", "b"), seed=0
    ... )
    >>> found.natural, round(found.strength, 2), found.evenness
    (True, 1.0, 1.0)
    """
    look = _Look(matrix, labels, fit, tuple(features), frozenset(derived), seed)
    with one_thread():
        return Structure(look.strength(), look.gap_z(), look.dips(), evenness(labels), look.n)


def is_natural(
    matrix: Floats,
    labels: Labels,
    fit: Fit,
    *,
    features: Sequence[str],
    derived: Collection[str] = (),
    seed: int,
) -> bool:
    """Return ``structure(...).natural``, looking no further than the first test that fails.

    Parameters
    ----------
    matrix, labels, fit, features, derived, seed
        See ``structure``.

    Returns
    -------
    bool
        Much faster than ``structure`` where the answer is no.

    Raises
    ------
    ParameterError
        As ``structure``.
    """
    look = _Look(matrix, labels, fit, tuple(features), frozenset(derived), seed)
    with one_thread():
        return (
            look.strength() >= MIN_STRENGTH
            and share_apart(look.dips()) >= MIN_DIP_SHARE
            and look.gap_z() > MIN_GAP
        )


@dataclass(frozen=True, eq=False)
class _Look:
    """The rows that are looked at, drawn the same way for every test."""

    matrix: Floats
    labels: Labels
    fit: Fit
    features: tuple[str, ...]
    derived: frozenset[str]
    seed: int

    def __post_init__(self) -> None:
        n, d = self.matrix.shape
        if n != len(self.labels) or d != len(self.features) or n < MIN_ROWS:
            raise ParameterError(
                f"A matrix of {n} x {d}, {len(self.labels)} labels, {len(self.features)} features.",
                allowed=f"One label a row, one feature a column, {MIN_ROWS} rows or more.",
            )

    @property
    def n(self) -> int:
        return min(len(self.matrix), N_STRUCTURE)

    def strength(self) -> float:
        rows = self._rows(N_STRENGTH)
        return prediction_strength(self.matrix[rows], self.fit, seed=self.seed)

    def gap_z(self) -> float:
        own = np.array([name not in self.derived for name in self.features])
        columns = own if own.any() else ~own
        names = sorted(set(compress(self.features, columns)))
        if len(names) > N_COLUMNS:  # correlations of all would take hours to fit
            drawn = np.random.default_rng(self.seed).choice(len(names), N_COLUMNS, replace=False)
            kept = {names[i] for i in drawn}
            columns = columns & np.array([name in kept for name in self.features])
        rows = self.matrix[self._rows(N_STRUCTURE)][:, columns]
        names = list(compress(self.features, columns))
        return gap_z(rows, self.fit, features=names, seed=self.seed)

    def dips(self) -> tuple[Dip, ...]:
        rows = self._rows(N_STRUCTURE)
        return dips(self.matrix[rows], self.labels[rows], self.features)

    def _rows(self, most: int) -> NDArray[np.int64]:
        order = np.random.default_rng(self.seed).permutation(len(self.matrix))
        return np.sort(order[:most])


def prediction_strength(matrix: Floats, fit: Fit, *, seed: int) -> float:
    """Return how well one half of the customers foretells who belongs together in the other.

    Parameters
    ----------
    matrix : float64 array, shape (n, n_columns)
        Finite values, 4 rows or more.
    fit : callable
        See ``structure``.
    seed : int
        Of the splits and the fits.

    Returns
    -------
    float
        Mean over 5 splits, each used both ways, of the share of pairs of the worst
        segment that the other half's fit keeps together. Segments of one customer do
        not count.

    Examples
    --------
    >>> from coterie.segmentation.centroids import KMeans
    >>> rows = np.repeat([[0.0], [9.0]], 20, axis=0)
    >>> prediction_strength(rows, lambda m, s: KMeans().fit(m, 2, seed=s), seed=0)
    1.0
    """
    random = np.random.default_rng(seed)
    found = []
    for split in range(N_SPLITS):
        order = random.permutation(len(matrix))
        halves = [matrix[order[: len(order) // 2]], matrix[order[len(order) // 2 :]]]
        models = [fit(half, seed + split) for half in halves]
        for mine, other in ((0, 1), (1, 0)):
            half = halves[mine]
            found.append(_kept_together(models[mine].assign(half), models[other].assign(half)))
    return float(np.mean(found))


def gap_z(matrix: Floats, fit: Fit, *, features: Sequence[str] | None = None, seed: int) -> float:
    """Return by how many standard errors segments are tighter than without any groups.

    Parameters
    ----------
    matrix : float64 array, shape (n, n_columns)
        Finite values.
    fit : callable
        See ``structure``.
    features : sequence of str, optional
        What each column is made from, so that a category's indicators stay together.
    seed : int
        Of the null data and the fits.

    Returns
    -------
    float
        ``(mean log W0 - log W) / (sd log W0 * sqrt(1 + 1 / 20))`` with W the sum of
        squares within segments and W0 that of 20 sets with the same margins and rank
        correlations; 0 if W or all W0 are 0 or never vary.
    """
    copula = Copula.fit(matrix, features=features, seed=seed)
    within = inertia(matrix, fit(matrix, seed).assign(matrix))
    random = np.random.default_rng(seed + 1)
    null = []
    for b in range(N_NULL):
        rows = copula.draw(random)
        null.append(inertia(rows, fit(rows, seed + b).assign(rows)))
    if min(within, *null) <= 0.0:
        return 0.0
    logs = np.log(null)
    spread = float(logs.std(ddof=1)) * np.sqrt(1 + 1 / N_NULL)
    return float((logs.mean() - np.log(within)) / spread) if spread > 1e-12 else 0.0


def evenness(labels: Labels) -> float:
    """Return the entropy of the segments' shares over the largest it could be.

    Examples
    --------
    >>> evenness(np.array([0, 0, 1, 1])), evenness(np.zeros(4, dtype=np.int32))
    (1.0, 0.0)
    """
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    if len(shares) < 2:
        return 0.0
    return float(-(shares * np.log(shares)).sum() / np.log(len(shares)))


def _kept_together(own: Labels, others: Labels) -> float:
    """Return the share of pairs of ``own`` that are together in ``others``, in the worst segment.

    Worked out from counts: a pair of one segment is together if both go the same way.
    """
    shared = np.zeros((int(own.max()) + 1, int(others.max()) + 1))
    np.add.at(shared, (own, others), 1)
    sizes = shared.sum(axis=1)
    told = sizes > 1
    together = (shared * (shared - 1)).sum(axis=1)[told]
    return float((together / (sizes * (sizes - 1))[told]).min(initial=1.0))
