"""What is measured of a segmentation besides P: substance, and the textbook indices.

The indices (silhouette, Davies-Bouldin, Calinski-Harabasz, inertia) are shown and never
decide: on real customers the best silhouette is two segments that say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coterie.segmentation.base import Floats, Labels

N_SILHOUETTE = 4_000
"""Customers of the silhouette, which needs all pairs; its error is then below .01."""


@dataclass(frozen=True)
class Indices:
    """Textbook indices; None where they are not defined (fewer than two segments)."""

    silhouette: float | None
    davies_bouldin: float | None
    calinski_harabasz: float | None
    inertia: float


class Textbook:
    """The textbook indices over one matrix, its distances worked out once.

    Parameters
    ----------
    matrix : float64 array, shape (n, n_columns)
        What was clustered.
    seed : int
        Of the sub-sample for the silhouette.
    """

    def __init__(self, matrix: Floats, *, seed: int) -> None:
        from sklearn.metrics import pairwise_distances

        self._matrix = matrix
        random = np.random.default_rng(seed)
        size = min(len(matrix), N_SILHOUETTE)
        self._rows = np.sort(random.choice(len(matrix), size, replace=False))
        self._distances = pairwise_distances(matrix[self._rows])

    def indices(self, labels: Labels) -> Indices:
        """Return the indices of a segmentation of the matrix, labels of shape (n,)."""
        from sklearn import metrics

        within = inertia(self._matrix, labels)
        shown = labels[self._rows]
        if not 2 <= len(np.unique(shown)) < len(shown):
            return Indices(None, None, None, within)
        return Indices(
            float(metrics.silhouette_score(self._distances, shown, metric="precomputed")),
            float(metrics.davies_bouldin_score(self._matrix, labels)),
            float(metrics.calinski_harabasz_score(self._matrix, labels)),
            within,
        )


def inertia(matrix: Floats, labels: Labels) -> float:
    """Return the sum of squared distances to the means of the segments.

    Examples
    --------
    >>> inertia(np.array([[0.0], [2.0], [9.0]]), np.array([0, 0, 1]))
    2.0
    """
    counts = np.bincount(labels)
    total = 0.0
    for column in matrix.T:
        means = np.bincount(labels, weights=column) / np.maximum(counts, 1)
        total += float(((column - means[labels]) ** 2).sum())
    return total


def unsubstantial(labels: Labels, revenue: Floats | None) -> str:
    """Say which segment is too small to be worth a campaign; empty if none is.

    A segment must hold max(10, min(25, 5 % of customers)) customers, and 2 % of
    customers or 5 % of revenue.

    Parameters
    ----------
    labels : int32 array, shape (n,)
        Segment of each customer; numbers without customers do not count, and whoever is
        in no segment (``NOISE``) counts as a customer but not as a segment.
    revenue : float64 array, shape (n,), optional
        What each customer spent so far; below 0 counts as 0.

    Returns
    -------
    str
        Words about the smallest segment that fails.

    Examples
    --------
    >>> unsubstantial(np.array([0] * 99 + [1]), None)
    'a segment of 1 customer'
    >>> unsubstantial(np.array([0] * 50 + [1] * 50), None)
    ''
    """
    counts = np.bincount(labels[labels >= 0])
    fails = too_small(labels, revenue)
    if not fails.any():
        return ""
    size = int(counts[fails].min())
    return f"a segment of {size:,} customer{'' if size == 1 else 's'}"


def least_customers(n: int) -> float:
    """Return how many of ``n`` customers a segment must hold, whatever they spend.

    Examples
    --------
    >>> least_customers(4_334), least_customers(300), least_customers(40)
    (25.0, 15.0, 10.0)
    """
    return max(10.0, min(25.0, 0.05 * n))


def too_small(labels: Labels, revenue: Floats | None) -> NDArray[np.bool_]:
    """Return for each segment whether it fails ``unsubstantial``; one without customers does not.

    Examples
    --------
    >>> too_small(np.array([0] * 99 + [1]), None).tolist()
    [False, True]
    """
    inside = labels >= 0
    counts = np.bincount(labels[inside])
    n = len(labels)
    least = least_customers(n)
    spent = np.zeros(n) if revenue is None else np.maximum(revenue, 0.0)
    money = np.bincount(labels[inside], weights=spent[inside]).astype(np.float64)
    share = money / max(float(money.sum() + spent[~inside].sum()), 1e-300)
    return (counts > 0) & ((counts < least) | ((counts < 0.02 * n) & (share < 0.05)))
