"""Ranges around what a customer is expected to spend, as wide as the last window was off.

A tenth of the customers by expectation shares one pair of factors: split conformal
prediction by group. It needs no law of errors, and says nothing of a future unlike the past.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

COVERAGE = 0.8
GROUPS = 10
MIN_GROUP = 20
"""Customers that a group needs, or its ends are chance."""
_LEAST = 1e-9


@dataclass(frozen=True, eq=False)
class Ranges:
    """Factors on expected money, by group of expectation, lowest first.

    Parameters
    ----------
    low, high : tuple of float
        Of each group.
    coverage : float
        Share of customers within their range in the half of the window that the factors
        were not taken from.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    coverage: float

    def around(self, expected: Floats) -> tuple[Floats, Floats]:
        """Return the lower and the upper end for each customer.

        Parameters
        ----------
        expected : float64 array, shape (n,)
            Of all customers: their ranks tell the group. Equals share a group.

        Returns
        -------
        low, high : float64 arrays, shape (n,)
            Money, in the order of ``expected``.
        """
        group = groups(expected, len(self.low))
        return expected * np.array(self.low)[group], expected * np.array(self.high)[group]


def groups(expected: Floats, n: int) -> NDArray[np.int64]:
    """Return the group of each customer by mid-rank, 0 the lowest; equals share one.

    Examples
    --------
    >>> groups(np.array([5.0, 1.0, 1.0, 9.0]), 2).tolist()
    [1, 0, 0, 1]
    """
    _, group, count = np.unique(expected, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - count / 2
    return np.asarray(np.floor(middle / max(expected.size, 1) * n).astype(np.int64)[group])


def fit_ranges(actual: Floats, expected: Floats) -> Ranges | None:
    """Take the factors from a window that has passed.

    Parameters
    ----------
    actual, expected : float64 arrays, shape (n,)
        Money of each customer, and what was expected before the window.

    Returns
    -------
    Ranges or None
        Ranges that hold at least 80 % of these customers, and always what is expected.
        None with fewer than 400 customers, half of whom would be fewer than 20 a group.

    References
    ----------
    Vovk (2012). Conditional validity of inductive conformal predictors.
    """
    if actual.size < 2 * GROUPS * MIN_GROUP:
        return None
    even = np.arange(actual.size) % 2 == 0
    half = _factors(actual[even], expected[even], 0.0)
    low, high = half.around(expected[~even])
    held = float(((low <= actual[~even]) & (actual[~even] <= high)).mean())
    return _factors(actual, expected, held)


def _factors(actual: Floats, expected: Floats, coverage: float) -> Ranges:
    ratio = actual / np.maximum(expected, _LEAST)
    group = groups(expected, GROUPS)
    low, high = [], []
    tail = (1 - COVERAGE) / 2
    for number in range(GROUPS):
        own = np.sort(ratio[group == number])
        if not own.size:  # all customers are equals
            own = np.sort(ratio)
        reach = int(np.ceil((own.size + 1) * (1 - tail)))
        bottom = float(own[max(own.size - reach, 0)])
        if bottom <= 0:  # nothing can lie below, so the upper end alone cuts
            reach = int(np.ceil((own.size + 1) * COVERAGE))
        low.append(min(bottom, 1.0))
        high.append(max(float(own[min(reach, own.size) - 1]), 1.0))
    return Ranges(tuple(low), tuple(high), coverage)
