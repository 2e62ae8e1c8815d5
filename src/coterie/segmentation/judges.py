"""Who measures P: a window of later behaviour, a named outcome, or each feature left out.

A reference has no P when features are left out in turn: it cannot be made without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from coterie.segmentation.base import Algorithm, Floats, Labels, as_groups
from coterie.segmentation.separation import CUTS, Score, Yardstick, bootstrap, score

N_LEFT_OUT = 4_000
"""Customers of the leave-one-out rule, which clusters once for every feature left out."""
N_FEATURES_OUT = 24
"""Features left out in turn: P is their mean, and of more a seeded sample stands for all."""

Method = Literal["out-of-time", "outcome", "leave-one-out", "profile"]


class Judge(Protocol):
    """Measures P of a candidate by one rule."""

    method: Method
    ceiling: dict[str, float]
    """What a model of single customers reaches, by part."""

    def of_labels(self, labels: Labels) -> Score | None:
        """Return P of given labels; None if nothing can be foretold or the rule cannot say."""
        ...

    def of_fit(
        self, algorithm: Algorithm, space: str, k: int, labels: Labels, seed: int
    ) -> Score | None:
        """Return P of what an algorithm finds in a space.

        Parameters
        ----------
        algorithm : Algorithm
            What was fitted, to be fitted again where the rule needs it.
        space : str
            Name of the space.
        k : int
            Number of segments asked for.
        labels : int32 array, shape (n,)
            What it found with all features.
        seed : int
            Of the fits.

        Returns
        -------
        Score or None
            None if nothing can be foretold.
        """
        ...


class OutcomeJudge:
    """Measures labels by an outcome that took no part in making them.

    Parameters
    ----------
    yardstick : Yardstick
        The outcome and its ceiling.
    names : sequence of str
        Of the parts of P.
    method : {"out-of-time", "outcome"}
        Whether the outcome lies after the features or beside them.
    """

    def __init__(self, yardstick: Yardstick, names: tuple[str, ...], method: Method) -> None:
        self.method: Method = method
        self.ceiling = dict(zip(names, map(float, yardstick.ceilings[0]), strict=True))
        self._yardstick = yardstick

    @classmethod
    def of_spend(
        cls, spend: Floats, features: Floats, *, seed: int, cuts: int = CUTS
    ) -> OutcomeJudge:
        """Judge by later spend.

        Parameters
        ----------
        spend : float64 array, shape (n,)
            Net spend of each customer in the window.
        features : float64 array, shape (n, n_features)
            What was known of her before, for the ceiling.
        seed : int
            Of folds, trees and bootstraps.
        cuts : int, optional
            See ``Yardstick.of_spend``.

        Returns
        -------
        OutcomeJudge
            By the method "out-of-time".
        """
        draws = bootstrap(len(spend), seed=seed)
        yardstick = Yardstick.of_spend(spend, features, draws=draws, seed=seed, cuts=cuts)
        return cls(yardstick, ("spend", "log_spend", "active_auc"), "out-of-time")

    @classmethod
    def of_columns(cls, outcome: Floats, features: Floats, *, seed: int) -> OutcomeJudge:
        """Judge by the ranks of a static outcome.

        Parameters
        ----------
        outcome : float64 array, shape (n,) or (n, n_outcomes)
            A number, or one indicator for each category.
        features : float64 array, shape (n, n_features)
            All else that is known, for the ceiling.
        seed : int
            Of folds, trees and bootstraps.

        Returns
        -------
        OutcomeJudge
            By the method "outcome".
        """
        columns = outcome.reshape(len(outcome), -1)
        draws = bootstrap(len(columns), seed=seed)
        yardstick = Yardstick.of_columns(columns, features, draws=draws, seed=seed)
        names = tuple(f"outcome_{i}" for i in range(columns.shape[1]))
        return cls(yardstick, names, "outcome")

    def of_labels(self, labels: Labels) -> Score | None:
        """Return P of the labels."""
        return score([self._yardstick.parts(labels)])

    def of_fit(
        self, algorithm: Algorithm, space: str, k: int, labels: Labels, seed: int
    ) -> Score | None:
        """Return P of the labels."""
        del algorithm, space, k, seed
        return self.of_labels(labels)


class LeaveOneOutJudge:
    """Clusters without each feature in turn and asks how well that feature is told.

    Parameters
    ----------
    spaces : mapping of str to (features, matrix)
        For each space the feature that each column is made from, and the matrix.
    seed : int
        Of the sub-sample, folds, trees and bootstraps.
    """

    method: Method = "leave-one-out"

    def __init__(self, spaces: dict[str, tuple[tuple[str, ...], Floats]], *, seed: int) -> None:
        self.ceiling: dict[str, float] = {}
        self._parts: dict[str, list[tuple[NDArray[np.bool_], Yardstick]]] = {}
        self._matrices: dict[str, Floats] = {}
        n = len(next(iter(spaces.values()))[1])
        rows = np.arange(n)
        if n > N_LEFT_OUT:
            rows = np.sort(np.random.default_rng(seed).choice(n, N_LEFT_OUT, replace=False))
        draws = bootstrap(len(rows), seed=seed)
        for name, (features, matrix) in spaces.items():
            self._parts[name] = []
            self._matrices[name] = kept = matrix[rows]
            for feature in _sample(tuple(dict.fromkeys(features)), seed):
                left = np.array([other == feature for other in features])
                if left.all():  # a single feature: nothing remains to cluster
                    continue
                out, rest = np.compress(left, kept, axis=1), np.compress(~left, kept, axis=1)
                yardstick = Yardstick.of_columns(out, rest, draws=draws, seed=seed)
                self.ceiling.setdefault(feature, float(yardstick.ceilings[0].mean()))
                self._parts[name].append((left, yardstick))

    def of_labels(self, labels: Labels) -> Score | None:
        """Return None: labels that are only given cannot be made again without a feature."""
        del labels
        return None

    def of_fit(
        self, algorithm: Algorithm, space: str, k: int, labels: Labels, seed: int
    ) -> Score | None:
        """Return the mean over features of how well the clusters without it tell it."""
        del labels
        parts = []
        for left, yardstick in self._parts[space]:
            if (yardstick.ceilings[0] > 0).any():
                # Made anew each time: kept for every feature they would fill the memory.
                rest = np.compress(~left, self._matrices[space], axis=1)
                model = algorithm.fit(rest, k, seed=seed)
                parts.append(yardstick.parts(as_groups(model.assign(rest))))
        return score(parts)


def mean_of(scores: Sequence[Score | None]) -> Score | None:
    """Return P over several windows: the mean, and the mean of the intervals' ends.

    Customers of two windows are mostly the same, so the interval gets no narrower.

    Examples
    --------
    >>> mean_of([Score(0.5, 0.25, 0.75), Score(1.0, 0.75, 1.25)])
    Score(p=0.75, low=0.5, high=1.0)
    >>> mean_of([None]) is None
    True
    """
    known = [found for found in scores if found]
    if not known:
        return None
    ends = np.array([[found.p, found.low, found.high] for found in known]).mean(axis=0)
    return Score(float(ends[0]), float(ends[1]), float(ends[2]))


def _sample(features: tuple[str, ...], seed: int) -> tuple[str, ...]:
    """Return the features to leave out, in their order: all, or a seeded sample of many."""
    if len(features) <= N_FEATURES_OUT:
        return features
    drawn = np.random.default_rng(seed).choice(len(features), N_FEATURES_OUT, replace=False)
    return tuple(features[i] for i in np.sort(drawn))


def judge(
    spaces: dict[str, tuple[tuple[str, ...], Floats]],
    outcome: Floats | None,
    known: Floats,
    window: tuple[int, int] | None,
    *,
    seed: int,
    cuts: int = CUTS,
) -> Judge:
    """Return who can judge: later spend, a static outcome, or the features themselves.

    Parameters
    ----------
    spaces : dict of str to (features, matrix)
        For each space the feature that each column is made from, and the matrix.
    outcome : float64 array, shape (n,) or (n, n_outcomes), or None
        Spend in the window if there is one, else a static outcome.
    known : float64 array, shape (n, n_features)
        What a model of single customers may use.
    window : (int, int) or None
        Days of the outcome.
    seed : int
        Of samples, folds, trees and bootstraps.
    cuts : int, optional
        See ``Yardstick.of_spend``.

    Returns
    -------
    Judge
        By the methods "leave-one-out", "outcome" and "out-of-time".
    """
    if outcome is None:
        return LeaveOneOutJudge(spaces, seed=seed)
    if window is None:
        return OutcomeJudge.of_columns(outcome, known, seed=seed)
    return OutcomeJudge.of_spend(outcome, known, seed=seed, cuts=cuts)
