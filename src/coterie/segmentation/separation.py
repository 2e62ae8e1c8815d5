"""P: how much of what can be told apart in customers' behaviour the segments tell apart.

P is a share of a ceiling, what a model of each single customer reaches on the same
data, so 1 means that the segments lose nothing. Every figure is worked out for the data
and for 200 bootstraps of the customers at once: the data are just the draw of all ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from coterie.segmentation.base import Floats, Labels
from coterie.segmentation.boosting import tree_settings
from coterie.segmentation.parallel import each

N_BOOTSTRAP = 200
FLOOR = 0.01
"""A ceiling below this means that nothing can be told apart; the part is left out."""
MOST = 1.1
"""A part counts at most this much: chance may lift segments above the model."""
N_CEILING = 20_000
"""Customers of the ceiling; 50,000 raise it by less than 2 %."""
_CEILING_FOLDS = 5
CUTS = 2
"""Cuts into folds whose predictions are averaged: one alone is lucky or not by .01."""
_CEILING_FEATURES = 64
"""Columns that the ceiling's trees look at; more make them slow, and mostly add noise."""
_RATE_FOLDS = 10
_CAP = 0.99


@dataclass(frozen=True)
class Score:
    """P of one segmentation with its 95 % bootstrap interval over customers."""

    p: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Yardstick:
    """Outcomes, and how well a model of single customers foretells them.

    Parameters
    ----------
    targets : float64 array, shape (n, n_targets)
        Outcomes whose variance the segments should explain.
    active : bool array, shape (n,), optional
        Outcome that the segments should rank (did she buy at all).
    folds : int array, shape (n,)
        Fold of each customer for the cross-fitted rates of ``active``.
    draws : float64 array, shape (n, 1 + n_bootstraps)
        How often each customer is drawn; the first column is all ones.
    ceilings : float64 array, shape (1 + n_bootstraps, n_parts)
        Of each target, then of ``active`` if given; 0 where it is not defined.
    """

    targets: Floats
    active: NDArray[np.bool_] | None
    folds: NDArray[np.int64]
    draws: Floats
    ceilings: Floats

    @classmethod
    def of_spend(
        cls, spend: Floats, features: Floats, *, draws: Floats, seed: int, cuts: int = CUTS
    ) -> Yardstick:
        """Make the yardstick of a timeline: capped spend, log spend and who buys again.

        Parameters
        ----------
        spend : float64 array, shape (n,)
            Net spend in the window after the features' date; below 0 counts as 0.
        features : float64 array, shape (n, n_features)
            What is known of each customer before that date, for the ceiling.
        draws : float64 array, shape (n, 1 + n_bootstraps)
            See ``bootstrap``.
        seed : int
            Of folds and trees.
        cuts : int, optional
            Cuts into folds for the ceiling. It takes as long as all else: one will do where
            nothing is chosen by it.

        Returns
        -------
        Yardstick
            With the ceilings of the data and of every bootstrap.
        """
        spend = np.maximum(spend, 0.0)
        capped = np.minimum(spend, np.quantile(spend, _CAP))
        targets = np.column_stack([capped, np.log1p(spend)])
        active = spend > 0
        rows = _some(len(spend), seed)
        bought, drawn = active[rows], draws[rows]
        told = min(bought.sum(), (~bought).sum()) >= 2 * _CEILING_FOLDS
        wanted = [*targets[rows].T, *([bought] if told else [])]
        known = features[rows]
        tells = [_foretell(wanted, known, seed + cut, amounts={0}) for cut in range(cuts)]
        foretold = np.mean(tells, axis=0)
        ceilings = [_explained(targets[rows], foretold[:, :2], drawn)]
        ranked = _auc(foretold[:, 2], bought, drawn) - 0.5 if told else np.zeros(draws.shape[1])
        ceilings.append(ranked[:, None])
        folds = _folds(len(spend), _RATE_FOLDS, seed)
        return cls(targets, active, folds, draws, np.hstack(ceilings))

    @classmethod
    def of_columns(
        cls, columns: Floats, features: Floats, *, draws: Floats, seed: int
    ) -> Yardstick:
        """Make the yardstick of a static table: the mid-ranks of outcome columns.

        Parameters
        ----------
        columns : float64 array, shape (n, n_targets)
            A named outcome or a feature that was left out; one indicator a category.
        features : float64 array, shape (n, n_features)
            All else that is known, for the ceiling.
        draws : float64 array, shape (n, 1 + n_bootstraps)
            See ``bootstrap``.
        seed : int
            Of folds and trees.

        Returns
        -------
        Yardstick
            With the ceilings of the data and of every bootstrap.
        """
        targets = np.asarray(scipy.stats.rankdata(columns, axis=0), dtype=np.float64)
        rows = _some(len(targets), seed)
        foretold = _foretell([*targets[rows].T], features[rows], seed)
        ceilings = _explained(targets[rows], foretold, draws[rows])
        return cls(targets, None, np.zeros(len(targets), dtype=np.int64), draws, ceilings)

    def parts(self, labels: Labels) -> Floats:
        """Return each part of P for the data and for every bootstrap.

        Parameters
        ----------
        labels : int32 array, shape (n,)
            Segment of each customer.

        Returns
        -------
        float64 array, shape (1 + n_bootstraps, n_usable_parts)
            Share of the ceiling, 0 to 1.1. A part whose ceiling on the data is below
            ``FLOOR`` is left out.
        """
        reached = eps2(labels, self.targets, self.draws)
        if self.active is not None:
            ranked = rate_auc(labels, self.active, self.folds, self.draws) - 0.5
            reached = np.column_stack([reached, ranked])
        usable = self.ceilings[0] >= FLOOR
        ceilings = np.maximum(self.ceilings[:, usable], FLOOR)
        return np.clip(reached[:, usable] / ceilings, 0.0, MOST)


def bootstrap(n: int, *, seed: int) -> Floats:
    """Return how often each customer is drawn in the data (once) and in each bootstrap.

    Examples
    --------
    >>> draws = bootstrap(50, seed=0)
    >>> draws.shape, bool((draws.sum(axis=0) == 50).all())
    ((50, 201), True)
    """
    random = np.random.default_rng(seed)
    draws = np.ones((n, 1 + N_BOOTSTRAP))
    for b in range(1, 1 + N_BOOTSTRAP):
        draws[:, b] = np.bincount(random.integers(0, n, n), minlength=n)
    return draws


def score(parts: Sequence[Floats]) -> Score | None:
    """Return P from the parts of one or several yardsticks, each counting the same.

    Parameters
    ----------
    parts : sequence of float64 arrays, shape (1 + n_bootstraps, n_usable_parts)
        As ``Yardstick.parts`` gives them.

    Returns
    -------
    Score or None
        None if no yardstick has a usable part: nothing can be told apart at all.

    Examples
    --------
    >>> score([np.array([[0.75, 0.25], [0.5, 0.25], [1.0, 0.25]])]).p
    0.5
    """
    means = [part.mean(axis=1) for part in parts if part.shape[1]]
    if not means:
        return None
    p = np.mean(means, axis=0)
    low, high = np.quantile(p[1:], [0.025, 0.975])
    return Score(float(p[0]), float(low), float(high))


def eps2(labels: Labels, targets: Floats, draws: Floats | None = None) -> Floats:
    """Return the share of variance that segments explain, adjusted for their number.

    ``1 - (SSE / (n - K)) / (SST / (n - 1))``, so that many small segments do not win by
    chance. In a bootstrap a customer drawn twice adds her chance twice, so K and 1 are
    taken as often as customers repeat.

    Parameters
    ----------
    labels : int32 array, shape (n,)
        Segment of each customer, from 0; segments without customers do not count.
    targets : float64 array, shape (n, n_targets)
        Outcomes.
    draws : float64 array, shape (n, n_draws), optional
        How often each customer is drawn; default once.

    Returns
    -------
    float64 array, shape (n_draws, n_targets)
        1 if segments explain all, about 0 if nothing; 0 for a constant target and
        where segments are as many as customers.

    References
    ----------
    Kelley (1935), An unbiased correlation ratio measure.

    Examples
    --------
    >>> eps2(np.array([0, 0, 1, 1]), np.array([[0.0], [2.0], [4.0], [6.0]])).round(3).tolist()
    [[0.7]]
    """
    draws = np.ones((len(labels), 1)) if draws is None else draws
    centred = targets - targets.mean(axis=0)  # keeps the sums of squares from cancelling
    members = _members(labels)
    counts = members @ draws
    n, repeat = draws.sum(axis=0), (draws * draws).sum(axis=0) / draws.sum(axis=0)
    free = n - repeat * (counts > 0).sum(axis=0)
    result = np.zeros((draws.shape[1], targets.shape[1]))
    for j, target in enumerate(centred.T):
        squares, total = (target * target) @ draws, target @ draws
        sums = _members(labels, target) @ draws
        between = np.divide(sums * sums, counts, out=np.zeros_like(sums), where=counts > 0)
        within, whole = squares - between.sum(axis=0), squares - total * total / n
        ok = (free > 0) & (whole > 1e-12 * np.maximum(squares, 1e-300))
        ratio = np.divide(within * (n - repeat), whole * free, out=np.ones_like(n), where=ok)
        result[:, j] = 1 - ratio
    return result


def _members(labels: Labels, values: Floats | None = None) -> Any:
    n, k = len(labels), int(labels.max(initial=0)) + 1
    data = np.ones(n) if values is None else values
    return scipy.sparse.csr_array((data, (labels, np.arange(n))), shape=(k, n))


def _explained(targets: Floats, foretold: Floats, draws: Floats) -> Floats:
    """Return squared correlations, shape (n_draws, n_targets); a negative one counts as 0."""
    n = draws.sum(axis=0)[:, None]
    t, q = targets - targets.mean(axis=0), foretold - foretold.mean(axis=0)
    mean_t, mean_q = draws.T @ t / n, draws.T @ q / n
    cross = draws.T @ (t * q) / n - mean_t * mean_q
    spread = (draws.T @ (t * t) / n - mean_t**2) * (draws.T @ (q * q) / n - mean_q**2)
    ok = (spread > 0) & (cross > 0)
    squared: Floats = np.divide(cross * cross, spread, out=np.zeros_like(cross), where=ok)
    return squared


def rate_auc(
    labels: Labels, active: NDArray[np.bool_], folds: NDArray[np.int64], draws: Floats
) -> Floats:
    """Return the AUC of segment rates taken from the other folds, with pseudo-count 1.

    Parameters
    ----------
    labels : int32 array, shape (n,)
        Segment of each customer, from 0.
    active : bool array, shape (n,)
        What is to be ranked.
    folds : int array, shape (n,)
        Fold of each customer, from 0.
    draws : float64 array, shape (n, n_draws)
        How often each customer is drawn; see ``bootstrap``.

    Returns
    -------
    float64 array, shape (n_draws,)
        .5 if segments tell nothing; equal rates count half.
    """
    k = int(labels.max(initial=0)) + 1
    cell = (folds * k + labels).astype(np.int32)
    shape = (int(folds.max(initial=0)) + 1, k, draws.shape[1])
    drawn, bought = np.zeros(shape), np.zeros(shape)
    there = np.arange(int(cell.max()) + 1)
    drawn.reshape(-1, shape[2])[there] = _members(cell) @ draws
    bought.reshape(-1, shape[2])[there] = _members(cell, active.astype(np.float64)) @ draws
    others, others_bought = drawn.sum(axis=0) - drawn, bought.sum(axis=0) - bought
    base = others_bought.sum(axis=1) / np.maximum(others.sum(axis=1), 1)
    rate = (others_bought + base[:, None]) / (others + 1)
    return np.array(
        [
            _auc_of(rate[..., b].ravel(), bought[..., b].ravel(), (drawn - bought)[..., b].ravel())
            for b in range(shape[2])
        ]
    )


def _auc(chances: Floats, active: NDArray[np.bool_], draws: Floats) -> Floats:
    values, group = np.unique(chances, return_inverse=True)
    members = _members(group.astype(np.int32))
    bought, idle = members @ (draws * active[:, None]), members @ (draws * ~active[:, None])
    return np.array([_auc_of(values, bought[:, b], idle[:, b]) for b in range(draws.shape[1])])


def _auc_of(values: Floats, yes: Floats, no: Floats) -> float:
    """Return the chance that a yes is above a no; equal values count half."""
    _, group = np.unique(values, return_inverse=True)
    ups, downs = np.bincount(group, weights=yes), np.bincount(group, weights=no)
    pairs = float(ups.sum() * downs.sum())
    below = np.cumsum(downs) - downs / 2
    return float((ups * below).sum()) / pairs if pairs else 0.5


def _some(n: int, seed: int) -> NDArray[np.int64]:
    """Return the rows that the ceiling is worked out on."""
    if n <= N_CEILING:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, N_CEILING, replace=False))


def _foretell(
    wanted: Sequence[Floats | NDArray[np.bool_]],
    features: Floats,
    seed: int,
    *,
    amounts: Collection[int] = (),
) -> Floats:
    """Return cross-fitted predictions of each outcome, the chance where it is yes or no.

    Amounts of money grow by factors, so trees foretell those better behind a logarithm
    (Poisson's loss): capped spend by a hundredth more of its variance.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    n = len(features)

    def fold(task: tuple[int, NDArray[np.int64], NDArray[np.int64]]) -> Floats:
        outcome, train, test = wanted[task[0]], task[1], task[2]
        telling = _telling(features[train], outcome[train])
        known, asked = features[np.ix_(train, telling)], features[np.ix_(test, telling)]
        if outcome.dtype == np.bool_:
            chooser = HistGradientBoostingClassifier(**tree_settings(n, seed))
            chances: Floats = chooser.fit(known, outcome[train]).predict_proba(asked)
            return chances[:, -1]
        mean = outcome[train].mean()
        amount = task[0] in amounts and mean > 0
        loss, unit = ("poisson", mean) if amount else ("squared_error", 1.0)
        model = HistGradientBoostingRegressor(loss=loss, **tree_settings(n, seed))
        told: Floats = model.fit(known, outcome[train] / unit).predict(asked) * unit
        return told

    tasks = [(j, *split) for j in range(len(wanted)) for split in _splits(n, seed)]
    result = np.zeros((n, len(wanted)))
    for (j, _, test), told in zip(tasks, each(fold, tasks), strict=True):
        result[test, j] = told
    return result


def _telling(features: Floats, outcome: Floats | NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the columns to foretell by: all, or of many those most correlated with the outcome."""
    if features.shape[1] <= _CEILING_FEATURES:
        return np.arange(features.shape[1])
    centred, target = features - features.mean(axis=0), outcome - outcome.mean()
    spread = np.sqrt((centred * centred).sum(axis=0) * (target * target).sum())
    # Rounded, because the last bits of a product depend on the threads.
    strength = np.round(np.abs(target @ centred) / np.where(spread > 0, spread, 1.0), 10)
    return np.sort(np.argsort(-strength, kind="stable")[:_CEILING_FEATURES])


def _folds(n: int, n_folds: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).permutation(n) % n_folds


def _splits(n: int, seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    fold = _folds(n, _CEILING_FOLDS, seed)
    for f in range(_CEILING_FOLDS):
        yield np.flatnonzero(fold != f), np.flatnonzero(fold == f)
