"""How good chances are: hits, errors weighed by class, and whether 70% means seven in ten.

Accuracy alone flatters whoever always names the largest class, so every score stands beside
that of a majority answer, and the macro F1 weighs small classes like large ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coterie.errors import DataError

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

BINS = 10
"""Groups of equal width into which chances are put to be compared with what happened."""
LEAST = 1e-15
"""A chance of 0 counts as this, so that one mistake does not make the log loss infinite."""
Z = 1.96
"""Standard errors to each side of a 95% interval."""


@dataclass(frozen=True)
class Bin:
    """Answers that were about equally sure.

    Parameters
    ----------
    n : int
        How many.
    said : float
        Mean chance of the answer given.
    came : float
        Share of them that were right.
    """

    n: int
    said: float
    came: float


@dataclass(frozen=True)
class Scores:
    """What chances were worth on customers that they were not made from.

    Parameters
    ----------
    n : int
        Customers.
    accuracy : float
        Share of right answers, the likeliest class being the answer.
    accuracy_ci : tuple of two floats
        Its 95% interval (Wilson).
    macro_f1 : float
        Mean over the classes of the harmonic mean of precision and recall.
    log_loss : float
        Mean of −ln of the chance given to what came; less is better.
    brier : float
        Mean over customers of the squared errors of all chances, summed over the classes;
        0 to 2, less is better. With two classes half of it is the one-class form.
    ece : float
        Expected calibration error: mean distance of ``said`` and ``came`` over ``bins``.
    auc : float or None
        Chance that a customer of the second class gets more than one of the first; with more
        classes the mean over them against the rest. None if only one class came.
    confusion : tuple of tuple of int
        Customers by class that came (rows) and answer (columns).
    bins : tuple of Bin
        Of the answers, by their chance rising; empty ones are left out.
    """

    n: int
    accuracy: float
    accuracy_ci: tuple[float, float]
    macro_f1: float
    log_loss: float
    brier: float
    ece: float
    auc: float | None
    confusion: tuple[tuple[int, ...], ...]
    bins: tuple[Bin, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as plain JSON."""
        return asdict(self)


def score(came: Codes, chances: Floats) -> Scores:
    """Compare chances with what came.

    Parameters
    ----------
    came : int array, shape (n,)
        Class of each customer, from 0.
    chances : float64 array, shape (n, n_classes)
        Of every class; rows sum to 1. The first of equal chances is the answer.

    Returns
    -------
    Scores
        Over all customers; they do not depend on the order of the rows beyond the last bits.

    Raises
    ------
    DataError
        If there is no row, or the chances are not finite.

    References
    ----------
    Brier (1950), Verification of forecasts expressed in terms of probability. Naeini, Cooper,
    Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning.

    Examples
    --------
    >>> found = score(np.array([0, 0, 1, 1]), np.array([[.9, .1], [.6, .4], [.4, .6], [.7, .3]]))
    >>> found.accuracy, round(found.brier, 3), found.confusion, found.auc
    (0.75, 0.41, ((2, 0), (1, 1)), 0.75)
    """
    if not len(came) or not np.isfinite(chances).all():
        raise DataError(f"{len(came)} customers, or chances that are no numbers: nothing to score.")
    n, k = chances.shape
    answer = chances.argmax(axis=1)
    hit = answer == came
    confusion = np.bincount(came * k + answer, minlength=k * k).reshape(k, k)
    truth = np.eye(k)[came]
    bins = _bins(chances.max(axis=1), hit)
    return Scores(
        n=n,
        accuracy=float(hit.mean()),
        accuracy_ci=wilson(int(hit.sum()), n),
        macro_f1=_macro_f1(confusion),
        log_loss=float(-np.log(np.maximum(chances[np.arange(n), came], LEAST)).mean()),
        brier=float(((chances - truth) ** 2).sum(axis=1).mean()),
        ece=sum(one.n * abs(one.said - one.came) for one in bins) / n,
        auc=_mean_auc(came, chances),
        confusion=tuple(tuple(map(int, row)) for row in confusion),
        bins=bins,
    )


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95% interval of a share.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    """
    p = hits / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * np.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def auc(yes: NDArray[np.bool_], values: Floats) -> float | None:
    """Return the chance that a yes has a larger value than a no; equal values count half.

    Parameters
    ----------
    yes : bool array, shape (n,)
        What came.
    values : float64 array, shape (n,)
        By which the rows are ranked.

    Returns
    -------
    float or None
        None if there are no yes or no no.

    Examples
    --------
    >>> auc(np.array([True, False, True, False]), np.array([3.0, 1.0, 1.0, 0.0]))
    0.875
    """
    n_yes, n_no = int(yes.sum()), int((~yes).sum())
    if not n_yes or not n_no:
        return None
    _, group, count = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[group]
    return float((rank[yes].sum() - n_yes * (n_yes + 1) / 2) / (n_yes * n_no))


@dataclass(frozen=True)
class Distance:
    """How far answers are from what came, classes being taken for numbers.

    Parameters
    ----------
    mae, mse : float
        Mean absolute and mean squared error, in steps between classes.
    r2 : float or None
        Share of the variance explained; None if all classes are equal.
    """

    mae: float
    mse: float
    r2: float | None

    WORTH = (
        "Errors as distances take classes for evenly spaced numbers. They say how far wrong "
        "answers are off, not how good the chances are; R² near 1 on a label made from the "
        "same columns is no achievement."
    )

    def to_dict(self) -> dict[str, Any]:
        """Return the three numbers and what they are worth, as plain JSON."""
        return {**asdict(self), "worth": self.WORTH}


def distance(came: Codes, answers: Codes, values: Sequence[float]) -> Distance:
    """Measure answers by their distance from what came.

    Parameters
    ----------
    came, answers : int array, shape (n,)
        Classes, from 0.
    values : sequence of float
        The number that each class stands for.

    Returns
    -------
    Distance
        In the unit of ``values``.

    Examples
    --------
    >>> found = distance(np.array([0, 1, 2, 2]), np.array([0, 1, 2, 0]), [1, 2, 3])
    >>> found.mae, found.mse, round(found.r2, 3)
    (0.5, 1.0, -0.455)
    """
    number = np.asarray(values, dtype=np.float64)
    error = number[answers] - number[came]
    spread = float(number[came].var())
    mse = float((error**2).mean())
    return Distance(float(np.abs(error).mean()), mse, 1 - mse / spread if spread else None)


def _bins(said: Floats, hit: NDArray[np.bool_]) -> tuple[Bin, ...]:
    place = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    return tuple(
        Bin(int(inside.sum()), float(said[inside].mean()), float(hit[inside].mean()))
        for inside in (place == number for number in range(BINS))
        if inside.any()
    )


def _macro_f1(confusion: NDArray[np.int64]) -> float:
    """Return the mean F1 of the classes that came or were answered."""
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    there = both > 0
    return float((2 * np.diag(confusion)[there] / both[there]).mean())


def _mean_auc(came: Codes, chances: Floats) -> float | None:
    numbers = [1] if chances.shape[1] == 2 else range(chances.shape[1])
    found = [auc(came == number, chances[:, number]) for number in numbers]
    known = [value for value in found if value is not None]
    return float(np.mean(known)) if known else None
