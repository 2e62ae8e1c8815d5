"""How good a forecast was: ranks, level and chances, each measured on a window that has passed.

Money is judged with the largest 0.5 % of what was spent cut to their smallest, because the
total error alone keeps them: one customer would otherwise decide every figure.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

from coterie.errors import DataError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CAP = 0.995
"""Quantile at which money is cut before it is compared."""
GROUPS = 10
_NEAR_CERTAIN = 1e-6


def gini(actual: Floats, score: Floats) -> float:
    """Return how unevenly ``actual`` is spread when customers are ordered by ``score``.

    Twice the area between the curve of gains, customers with the highest score first, and
    the diagonal. Customers of equal score share their gains evenly.

    Parameters
    ----------
    actual : float64 array, shape (n,)
        What each customer spent, at least 0.
    score : float64 array, shape (n,)
        What orders them; only the order counts.

    Returns
    -------
    float
        0 if the order tells nothing or nobody spent; negative if it is the wrong way round.

    Examples
    --------
    >>> gini(np.array([0.0, 0.0, 1.0, 3.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    0.625
    """
    n, total = actual.size, float(actual.sum())
    if total <= 0:
        return 0.0
    _, group = np.unique(score, return_inverse=True)
    size, sums = np.bincount(group), np.bincount(group, weights=actual)
    below = np.cumsum(size) - size / 2  # customers under the middle of each group of equals
    return float((sums @ below) / (total * n) * 2 - 1)


def normalised_gini(actual: Floats, score: Floats) -> float:
    """Return ``gini`` as a share of that of the perfect order.

    Parameters
    ----------
    actual, score : float64 arrays, shape (n,)
        As for ``gini``.

    Returns
    -------
    float
        1 if customers are in the order of what they spent; 0 if all spent the same.

    References
    ----------
    Wang, Liu, Miao (2019). A deep probabilistic model for customer lifetime value prediction.

    Examples
    --------
    >>> spent = np.array([0.0, 0.0, 1.0, 3.0])
    >>> normalised_gini(spent, np.array([1.0, 2.0, 4.0, 3.0])).__round__(2)
    0.6
    """
    best = gini(actual, actual)
    return gini(actual, score) / best if best > 0 else 0.0


@dataclass(frozen=True)
class Decile:
    """A tenth of the customers by what was expected, the highest first, per customer."""

    customers: int
    expected: float
    actual: float
    gain: float
    """Share of all that was spent by this tenth and those before it."""


def deciles(actual: Floats, expected: Floats) -> tuple[Decile, ...]:
    """Return expected against actual means of ten equal groups.

    Parameters
    ----------
    actual, expected : float64 arrays, shape (n,)
        In the same unit and order. Equals are cut in the order in which they come.

    Returns
    -------
    tuple of Decile
        Highest expectation first; fewer than ten for fewer than ten customers.

    Examples
    --------
    >>> found = deciles(np.array([4.0, 2.0]), np.array([3.0, 1.0]))
    >>> [(one.expected, one.actual, round(one.gain, 2)) for one in found]
    [(3.0, 4.0, 0.67), (1.0, 2.0, 1.0)]
    """
    order = np.argsort(-expected, kind="stable")
    total, sofar, found = float(actual.sum()), 0.0, []
    for part in np.array_split(order, min(GROUPS, max(order.size, 1))):
        if not part.size:
            continue
        sofar += float(actual[part].sum())
        means = float(expected[part].mean()), float(actual[part].mean())
        found.append(Decile(int(part.size), *means, sofar / total if total > 0 else 0.0))
    return tuple(found)


@dataclass(frozen=True)
class Spend:
    """How well money was foretold.

    Parameters
    ----------
    gini : float
        Normalised Gini: 1 is the perfect order of customers.
    r2 : float
        1 less squared error over variance; negative if the mean would have done better.
    mae : float
        Mean absolute error of a customer, in money.
    bias : float
        Expected over actual total, less 1, the largest 0.5 % cut.
    total_error : float
        The same of all money, nothing cut.
    decile_error : float
        Sum over deciles of |actual − expected| as a share of what was spent.
    """

    gini: float
    r2: float
    mae: float
    bias: float
    total_error: float
    decile_error: float

    def to_dict(self) -> dict[str, float]:
        """Return the figures by name."""
        return asdict(self)


def judge_spend(actual: Floats, expected: Floats) -> Spend:
    """Compare expected money with what was spent.

    Parameters
    ----------
    actual, expected : float64 arrays, shape (n,)
        At least 0, in the same unit and order.

    Returns
    -------
    Spend
        All but ``total_error`` with actual money cut at its 99.5 % quantile.

    Raises
    ------
    DataError
        If nobody spent anything: then there is nothing to compare with.
    """
    if not actual.size or actual.sum() <= 0:
        raise DataError("Nobody spent anything in the window, so no forecast can be judged.")
    cut = np.minimum(actual, np.quantile(actual, CAP))
    error, centred = cut - expected, cut - cut.mean()
    variance = float(centred @ centred)
    tenths = deciles(cut, expected)
    apart = sum(one.customers * abs(one.actual - one.expected) for one in tenths)
    return Spend(
        gini=normalised_gini(cut, expected),
        r2=1 - float(error @ error) / variance if variance > 0 else 0.0,
        mae=float(np.abs(error).mean()),
        bias=float(expected.sum() / cut.sum() - 1),
        total_error=float(expected.sum() / actual.sum() - 1),
        decile_error=apart / float(cut.sum()),
    )


@dataclass(frozen=True)
class Chances:
    """How well chances were foretold.

    Parameters
    ----------
    auc : float or None
        Chance that a yes stands above a no; None if all are the same.
    brier : float
        Mean squared difference of chance and outcome (0 or 1).
    ece : float
        Mean difference of chance and rate over ten groups of equal size.
    log_loss : float
        Mean negative log-likelihood.
    rate, expected : float
        Share of yes, and the mean chance.
    """

    auc: float | None
    brier: float
    ece: float
    log_loss: float
    rate: float
    expected: float

    def to_dict(self) -> dict[str, float | None]:
        """Return the figures by name."""
        return asdict(self)


def judge_chances(happened: Flags, chance: Floats) -> Chances:
    """Compare chances with what happened.

    Parameters
    ----------
    happened : bool array, shape (n,)
        Outcomes.
    chance : float64 array, shape (n,)
        Between 0 and 1.

    Returns
    -------
    Chances
        Brier score, expected calibration error and the rest.

    References
    ----------
    Brier (1950). Naeini, Cooper, Hauskrecht (2015) for the calibration error, here with
    groups of equal size.

    Examples
    --------
    >>> found = judge_chances(np.array([True, False]), np.array([0.8, 0.4]))
    >>> found.auc, round(found.brier, 2), round(found.ece, 2)
    (1.0, 0.1, 0.3)
    """
    tenths = deciles(happened.astype(np.float64), chance)
    apart = sum(one.customers * abs(one.actual - one.expected) for one in tenths)
    mixed = bool(happened.any() and not happened.all())
    inside = np.clip(chance, 1e-12, 1 - 1e-12)
    return Chances(
        auc=float(roc_auc_score(happened, chance)) if mixed else None,
        brier=float(((chance - happened) ** 2).mean()),
        ece=apart / happened.size,
        log_loss=float(log_loss(happened, inside, labels=[False, True])),
        rate=float(happened.mean()),
        expected=float(chance.mean()),
    )


def log_odds(chance: Floats) -> Floats:
    """Return the logarithm of the odds of chances, kept from 0 and 1 by a millionth.

    Examples
    --------
    >>> log_odds(np.array([0.5, 0.0])).round(1).tolist()
    [0.0, -13.8]
    """
    inside = np.clip(chance, _NEAR_CERTAIN, 1 - _NEAR_CERTAIN)
    return np.asarray(np.log(inside / (1 - inside)))
