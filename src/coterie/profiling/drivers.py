"""What tells segments apart: effect sizes and p-values on a seeded sample.

The effect is Cliff's delta, P(a member is higher) − P(a member is lower): it needs no
scale or transform, is bounded, is not moved by outliers, and comes from the very ranks
of the Kruskal–Wallis test. Where segments were built from a feature its p-value is
small by construction, so p describes and proves nothing; the report says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]

MAX_SAMPLE = 50_000
"""Customers that tests, correlations and the map look at."""


@dataclass(frozen=True)
class Test:
    """One test of one column across all segments.

    ``effect`` is epsilon squared for Kruskal–Wallis and Cramér's V for χ²; ``p_adjusted``
    is Benjamini–Hochberg over all tests of the profile.
    """

    __test__ = False  # not a test class for pytest

    feature: str
    label: str
    kind: str
    """``kruskal_wallis`` or ``chi2``."""
    n: int
    statistic: float
    effect: float
    p: float
    p_adjusted: float = float("nan")


def cliffs_delta(ranks: Floats, member: NDArray[np.bool_]) -> float | None:
    """Return Cliff's delta of the members against the rest from mid-ranks of all.

    Parameters
    ----------
    ranks : float64 array, shape (n,)
        Mid-ranks from 1 of all values.
    member : bool array, shape (n,)
        Who belongs to the segment.

    Returns
    -------
    float or None
        −1 (every member lower) to 1 (every member higher); None if one side is empty.

    References
    ----------
    Cliff, N. (1993). Dominance statistics. Psychological Bulletin 114.

    Examples
    --------
    >>> cliffs_delta(np.array([1.0, 2.0, 3.5, 3.5]), np.array([False, False, True, True]))
    1.0
    """
    n = int(member.sum())
    others = member.size - n
    if not n or not others:
        return None
    u = float(ranks[member].sum()) - n * (n + 1) / 2
    return 2 * u / (n * others) - 1


def kruskal_wallis(ranks: Floats, codes: Codes) -> tuple[float, float, float] | None:
    """Return H with correction for ties, its p-value and epsilon squared.

    Returns
    -------
    tuple of float or None
        None with fewer than two groups, or if all values are equal.

    References
    ----------
    Kruskal, W. and Wallis, A. (1952). JASA 47; epsilon squared as Kelley (1935).

    Examples
    --------
    >>> h, p, effect = kruskal_wallis(np.array([1., 2., 3., 4.]), np.array([0, 0, 1, 1], np.int32))
    >>> round(h, 3), round(p, 3), round(effect, 3)
    (2.4, 0.121, 0.7)
    """
    n = ranks.size
    counts = np.bincount(codes)
    counts, sums = counts[counts > 0], np.bincount(codes, ranks)[counts > 0]
    _, ties = np.unique(ranks, return_counts=True)
    correction = 1 - float((ties.astype(float) ** 3 - ties).sum()) / (n**3 - n) if n > 1 else 0.0
    if counts.size < 2 or correction <= 0:
        return None
    h = (12 / (n * (n + 1)) * float((sums**2 / counts).sum()) - 3 * (n + 1)) / correction
    k = counts.size
    effect = max(0.0, (h - k + 1) / (n - k)) if n > k else 0.0
    return h, float(scipy.stats.chi2.sf(h, k - 1)), effect


def chi_squared(values: Codes, codes: Codes) -> tuple[float, float, float] | None:
    """Return Pearson's χ² of two coded columns, its p-value and Cramér's V.

    Examples
    --------
    >>> both = np.array([0, 0, 1, 1] * 5, np.int32)
    >>> statistic, p, v = chi_squared(both, both)
    >>> round(statistic, 3), round(v, 3)
    (20.0, 1.0)
    """
    table = np.zeros((int(values.max(initial=-1)) + 1, int(codes.max(initial=-1)) + 1))
    np.add.at(table, (values, codes), 1)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    rows, columns = table.shape
    if rows < 2 or columns < 2:
        return None
    n = table.sum()
    expected = np.outer(table.sum(1), table.sum(0)) / n
    statistic = float(((table - expected) ** 2 / expected).sum())
    p = float(scipy.stats.chi2.sf(statistic, (rows - 1) * (columns - 1)))
    return statistic, p, float(np.sqrt(statistic / n / (min(rows, columns) - 1)))


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Return the adjusted p-values in the order of ``p``.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). JRSS B 57.

    Examples
    --------
    >>> [round(q, 3) for q in benjamini_hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(-values, kind="stable")
    scaled = values[order] * values.size / np.arange(values.size, 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return [float(q) for q in adjusted]


def compare_number(
    feature: str, label: str, values: Floats, codes: Codes
) -> tuple[Test | None, dict[int, float]]:
    """Test one number across segments and give each segment's Cliff's delta.

    Parameters
    ----------
    feature, label : str
        Name and words of the column.
    values : float64 array, shape (n,)
        Values; those that are not finite are left out.
    codes : int32 array, shape (n,)
        Segment of each value.

    Returns
    -------
    Test or None, dict
        None and no effects if there is nothing to tell apart.
    """
    usable = np.isfinite(values)
    ranks, groups = scipy.stats.rankdata(values[usable]), codes[usable]
    found = kruskal_wallis(ranks, groups)
    if found is None:
        return None, {}
    effects = {
        int(code): round(delta, 6)
        for code in np.unique(groups)
        if (delta := cliffs_delta(ranks, groups == code)) is not None
    }
    h, p, effect = found
    return Test(
        feature, label, "kruskal_wallis", int(usable.sum()), round(h, 6), round(effect, 6), p
    ), effects
