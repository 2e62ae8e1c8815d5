"""Churn where nobody gives notice: no order within the horizon.

BG/NBD's P(alive) is 1 for every one-time buyer, so it is never shown as churn. Beside the
chance stands a plain rule for people: a customer lapses once she has been away longer than
nine in ten of her own gaps, those few gaps drawn towards everybody's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from coterie.prediction.evaluate import log_odds

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

GAP_QUANTILE = 0.9
MIN_ORDERS = 3
"""Days with orders below which a customer has no habit to break."""
SHRINKAGE = 3.0
"""So many gaps does everybody's quantile count for beside a customer's own."""
_PRIOR = 1e-3


def usual_gap(own: Floats, gaps: Floats, everybody: float) -> Floats:
    """Return the days away that would be unusual for each customer.

    Parameters
    ----------
    own : float64 array, shape (n,)
        90 % quantile of a customer's days between orders; not read where ``gaps`` is 0.
    gaps : float64 array, shape (n,)
        Number of those gaps.
    everybody : float
        The same quantile of all gaps of all customers.

    Returns
    -------
    float64 array, shape (n,)
        Weighted mean of both: a customer's own counts for each gap, everybody's for three.

    Examples
    --------
    >>> usual_gap(np.array([10.0, 0.0]), np.array([3.0, 0.0]), 70.0).tolist()
    [40.0, 70.0]
    """
    known = np.where(gaps > 0, own, 0.0)
    return np.asarray((gaps * known + SHRINKAGE * everybody) / (gaps + SHRINKAGE))


def lapsing(recency: Floats, frequency: Floats, usual: Floats) -> tuple[Flags, Flags]:
    """Return who is away longer than usual, and of whom that can be said.

    Parameters
    ----------
    recency : float64 array, shape (n,)
        Days since the last order.
    frequency : float64 array, shape (n,)
        Days with orders.
    usual : float64 array, shape (n,)
        As ``usual_gap`` gives it.

    Returns
    -------
    lapsing, known : bool arrays, shape (n,)
        Known with at least three days of orders.

    Examples
    --------
    >>> flags, known = lapsing(np.array([50.0, 50.0]), np.array([3.0, 2.0]), np.array([40.0, 40.0]))
    >>> flags.tolist(), known.tolist()
    ([True, False], [True, False])
    """
    known = frequency >= MIN_ORDERS
    return known & (recency > usual), known


@dataclass(frozen=True)
class Calibration:
    """A straight line on the log-odds: Platt's scaling.

    Parameters
    ----------
    slope, shift : float
        Of the log-odds; 1 and 0 change nothing.
    """

    slope: float = 1.0
    shift: float = 0.0

    def of(self, chance: Floats) -> Floats:
        """Return calibrated chances; customers keep their order while ``slope`` is above 0."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * log_odds(chance) + self.shift))))


def calibrate(happened: Flags, chance: Floats) -> Calibration:
    """Fit the line on a window that has passed.

    Parameters
    ----------
    happened : bool array, shape (n,)
        What happened.
    chance : float64 array, shape (n,)
        What had been foretold.

    Returns
    -------
    Calibration
        The identity if all outcomes are the same.

    References
    ----------
    Platt (1999). Probabilistic outputs for support vector machines.
    """
    if happened.all() or not happened.any():
        return Calibration()
    odds, one = log_odds(chance), happened.astype(np.float64)

    def loss(line: Floats) -> tuple[float, Floats]:
        told = line[0] * odds + line[1]
        away = 1 / (1 + np.exp(-told)) - one
        pull = np.array([line[0] - 1.0, line[1]])  # keeps few customers from a wild line
        value = float((np.logaddexp(0.0, told) - one * told).mean() + _PRIOR * pull @ pull / 2)
        return value, np.array([away @ odds, away.sum()]) / odds.size + _PRIOR * pull

    found = optimize.minimize(
        loss, [1.0, 0.0], jac=True, method="L-BFGS-B", bounds=[(0.1, 10.0), (-10.0, 10.0)]
    )
    return Calibration(*(round(float(value), 9) for value in found.x))
