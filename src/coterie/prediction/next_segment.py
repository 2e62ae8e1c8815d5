"""In which segment a customer will be in four weeks.

The matrix of past moves is for people to look at; the segment of a single customer is
foretold by boosted trees, which also see how she has been buying.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from coterie.errors import DataError
from coterie.features.threads import one_thread
from coterie.prediction.boosted import drawn
from coterie.prediction.quick import chances
from coterie.segmentation.boosting import tree_settings

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]

STEP_DAYS = 28
_FASTER = {"max_iter": 40, "learning_rate": 0.08}
"""A tree a segment and round makes these the slowest trees of all."""
_LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Moves:
    """Customers on a day: what is known of them, where they are, and where they are later.

    Parameters
    ----------
    features : float64 array, shape (n, n_features)
        Known before the day.
    start, end : int32 arrays, shape (n,)
        Segment number on the day, and 28 days later.
    """

    features: Floats
    start: Labels
    end: Labels


@dataclass(frozen=True, eq=False)
class Markov:
    """How often customers of one segment were in each segment four weeks later.

    Parameters
    ----------
    counts : float64 array, shape (k, k)
        Customers by segment before (rows) and after (columns).
    """

    counts: Floats

    @property
    def shares(self) -> Floats:
        """Share of each row, shape (k, k); a segment without customers stays as it is."""
        total = self.counts.sum(axis=1, keepdims=True)
        stay = np.eye(len(self.counts))
        shares: Floats = np.divide(self.counts, total, out=stay, where=total > 0)
        return shares

    def chances(self, start: Labels) -> Floats:
        """Return the chance of each segment, shape (n, k), one customer added to each that stays.

        The one more keeps a move that was never seen from being impossible.
        """
        k = len(self.counts)
        spread = self.counts + (np.eye(k) + 1 / k) / 2
        return np.asarray((spread / spread.sum(axis=1, keepdims=True))[start])


def markov(start: Labels, end: Labels, k: int) -> Markov:
    """Count moves between segments.

    Parameters
    ----------
    start, end : int32 arrays, shape (n,)
        Segment number, from 0, before and after.
    k : int
        Number of segments.

    Returns
    -------
    Markov
        First order: the segment before is all that counts.

    Examples
    --------
    >>> found = markov(np.array([0, 0, 1, 0]), np.array([0, 1, 1, 0]), 2)
    >>> found.counts.tolist(), found.shares.round(2).tolist()
    ([[2.0, 1.0], [0.0, 1.0]], [[0.67, 0.33], [0.0, 1.0]])
    """
    cells = np.bincount(start.astype(np.int64) * k + end, minlength=k * k)
    return Markov(cells.reshape(k, k).astype(np.float64))


@dataclass(frozen=True, eq=False)
class NextSegment:
    """Fitted trees that foretell the segment of a customer in 28 days.

    Parameters
    ----------
    model : HistGradientBoostingClassifier
        Of the features and the segment now.
    k : int
        Number of segments.
    """

    model: Any
    k: int

    def chances(self, features: Floats, start: Labels) -> Floats:
        """Return the chance of each segment, shape (n, k); one never moved to has 0."""
        result = np.zeros((len(features), self.k))
        told = chances(self.model, np.column_stack([features, start]))
        result[:, self.model.classes_] = told
        return result


def fit_next(moves: Sequence[Moves], k: int, *, seed: int) -> NextSegment:
    """Fit the trees on past moves.

    Parameters
    ----------
    moves : sequence of Moves
        At least one; customers of all together.
    k : int
        Number of segments.
    seed : int
        Of rows and trees.

    Returns
    -------
    NextSegment
        The same at any number of threads.

    Raises
    ------
    DataError
        If all customers ended in one segment.
    """
    known = np.vstack([np.column_stack([one.features, one.start]) for one in moves])
    end = np.concatenate([one.end for one in moves])
    rows = drawn(len(end), seed)
    known, end = known[rows], end[rows]
    if np.unique(end).size < 2:
        raise DataError("All customers ended in one segment; there is nothing to foretell.")
    settings = tree_settings(len(end), seed) | _FASTER
    now = [False] * (known.shape[1] - 1) + [True]
    with one_thread():  # the same bytes whatever the machine
        model = HistGradientBoostingClassifier(categorical_features=now, **settings)
        return NextSegment(model.fit(known, end), k)


@dataclass(frozen=True)
class Hits:
    """How often the likeliest segment was right, and the mean negative log of its chance."""

    accuracy: float
    log_loss: float | None
    """None where a rule gives no chances."""


def judge_next(end: Labels, chances: Floats) -> Hits:
    """Compare foretold segments with those that came.

    Parameters
    ----------
    end : int32 array, shape (n,)
        Where customers were.
    chances : float64 array, shape (n, k)
        Foretold; of equal chances the first counts.

    Returns
    -------
    Hits

    Examples
    --------
    >>> judge_next(np.array([0, 1]), np.array([[0.5, 0.5], [1.0, 0.0]])).accuracy
    0.5
    """
    own = chances[np.arange(len(end)), end]
    right = float((chances.argmax(axis=1) == end).mean())
    return Hits(right, float(-np.log(np.maximum(own, _LEAST)).mean()))
