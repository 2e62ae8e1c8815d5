"""How long it takes until customers order again, by the estimator of Kaplan and Meier.

Those who have not ordered by the end count as long as they were watched, and not as lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coterie.errors import DataError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Curve:
    """Share of customers who have not ordered again by each day.

    Parameters
    ----------
    days : float64 array, shape (n_times,)
        Days on which somebody ordered again, ascending.
    away : float64 array, shape (n_times,)
        Share who have not ordered by the end of that day, falling.
    low, high : float64 arrays, shape (n_times,)
        95 % interval, between 0 and 1.
    customers : int
        Customers at the start.
    """

    days: Floats
    away: Floats
    low: Floats
    high: Floats
    customers: int

    def at(self, day: float) -> float:
        """Return the share who have not ordered by the end of a day."""
        before = np.searchsorted(self.days, day, side="right")
        return float(self.away[before - 1]) if before else 1.0

    @property
    def median(self) -> float | None:
        """Day by which half have ordered; None if fewer have."""
        found = np.flatnonzero(self.away <= 0.5)
        return float(self.days[found[0]]) if found.size else None


def kaplan_meier(days: Floats, ordered: Flags) -> Curve:
    """Estimate the curve of not having ordered yet.

    Parameters
    ----------
    days : float64 array, shape (n,)
        Days until the order, or until watching ended.
    ordered : bool array, shape (n,)
        Whether it was an order. Those watched to a day count on that day, as they might
        have ordered on it.

    Returns
    -------
    Curve
        With Greenwood's interval on the scale of log(-log).

    Raises
    ------
    DataError
        If the arrays are empty or differ in length, or a time is negative or not finite.

    References
    ----------
    Kaplan, Meier (1958). Nonparametric estimation from incomplete observations.
    Kalbfleisch, Prentice (1980), for the interval.

    Examples
    --------
    >>> curve = kaplan_meier(np.array([1.0, 2.0, 2.0, 3.0]), np.array([True, True, False, True]))
    >>> curve.days.tolist(), curve.away.tolist()
    ([1.0, 2.0, 3.0], [0.75, 0.5, 0.0])
    """
    if not days.size or days.shape != ordered.shape or not np.isfinite(days).all():
        raise DataError(f"{days.size:,} times for {ordered.size:,} customers, or some not finite.")
    if days.min() < 0:
        raise DataError("A time until the next order is negative.", allowed="Days from 0.")
    times, at = np.unique(days, return_inverse=True)
    left = np.bincount(at)
    events = np.bincount(at, weights=ordered.astype(np.float64))
    watched = days.size - np.cumsum(left) + left
    happened = events > 0
    d, n = events[happened], watched[happened].astype(np.float64)
    away = np.asarray(np.cumprod(1 - d / n), dtype=np.float64)
    inside = (away > 0) & (away < 1)
    growth = np.cumsum(np.divide(d, n * (n - d), out=np.zeros_like(d), where=n > d))
    logs = np.log(away, out=np.full_like(away, -1.0), where=inside)
    reach = 1.959964 * np.sqrt(growth) / np.abs(logs)
    low: Floats = np.where(inside, np.exp(logs * np.exp(reach)), away)
    high: Floats = np.where(inside, np.exp(logs * np.exp(-reach)), away)
    return Curve(times[happened], away, low, high, int(days.size))
