"""Boosted trees that learn what customers like these did next, from origins in the past.

scikit-learn's trees have no Tweedie loss, so money is foretold twice, by a Poisson loss (which
has its mean right) and by a hurdle, chance times money given an order; orders by a Poisson loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from coterie.prediction.evaluate import CAP
from coterie.prediction.quick import chances, predict
from coterie.segmentation.boosting import tree_settings
from coterie.segmentation.parallel import each

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

N_TRAINED = 40_000
"""Rows that trees are fitted on, drawn evenly; twice as many rank customers no better."""
_FEW = 20_000
"""Rows below which each model is fitted twice and averaged: one alone is lucky or not by .01."""
_SMALL = 1e-6


@dataclass(frozen=True, eq=False)
class Lesson:
    """Customers as they were known on a day, and what they did in the days after it.

    Parameters
    ----------
    features : float64 array, shape (n, n_features)
        Known before the day.
    spend : float64 array, shape (n,)
        Net money in the days after it, at least 0.
    orders : float64 array, shape (n,)
        Days with orders in the days after it.
    """

    features: Floats
    spend: Floats
    orders: Floats


@dataclass(frozen=True, eq=False)
class Told:
    """What trees expect of each customer, over as many days as they learnt."""

    spend: Floats
    """Geometric mean of the Poisson loss and, counted twice, the hurdle."""
    orders: Floats
    active: Floats
    """Chance of at least one order."""


@dataclass(frozen=True, eq=False)
class Boosted:
    """Fitted trees.

    Parameters
    ----------
    money, amount, count, chance : tuple of models
        Poisson loss of money; log money given an order; orders; whether there is one.
    spread : float
        Factor from the mean of logs to the mean of money given an order.
    rows, origins : int
        What they were fitted on.
    """

    money: tuple[Any, ...]
    amount: tuple[Any, ...]
    count: tuple[Any, ...]
    chance: tuple[Any, ...]
    spread: float
    rows: int
    origins: int

    def tell(self, features: Floats) -> Told:
        """Return what is expected of each customer.

        Parameters
        ----------
        features : float64 array, shape (n, n_features)
            As in the lessons.

        Returns
        -------
        Told
            The same at any number of threads.
        """
        money, amount, count, chance = averages(
            [self.money, self.amount, self.count, self.chance], features
        )
        hurdle = chance * np.exp(amount) * self.spread
        ranked = np.exp((np.log(money + _SMALL) + 2 * np.log(hurdle + _SMALL)) / 3)
        return Told(ranked, count, chance)


def fit_boosted(lessons: Sequence[Lesson], *, seed: int) -> Boosted:
    """Fit the trees on the customers of all lessons together.

    Parameters
    ----------
    lessons : sequence of Lesson
        At least one, all over the same number of days.
    seed : int
        Of rows and trees.

    Returns
    -------
    Boosted
        The same at any number of threads.
    """
    features = np.vstack([one.features for one in lessons])
    spend = np.concatenate([one.spend for one in lessons])
    orders = np.concatenate([one.orders for one in lessons])
    rows = drawn(len(features), seed)
    features, spend, orders = features[rows], spend[rows], orders[rows]
    spend = np.minimum(spend, np.quantile(spend, CAP))
    back = (orders > 0) & (spend > 0)
    logs = np.log(spend[back])
    turns = 2 if len(rows) < _FEW else 1
    jobs = [
        (kind, turn) for turn in range(turns) for kind in ("money", "amount", "count", "chance")
    ]

    def fit(job: tuple[str, int]) -> Any:
        kind, turn = job
        given, wanted = {
            "money": (features, spend),
            "amount": (features[back], logs),
            "count": (features, orders),
            "chance": (features, orders > 0),
        }[kind]
        settings = tree_settings(len(given), seed + turn)
        if kind == "chance":
            return HistGradientBoostingClassifier(**settings).fit(given, wanted)
        loss = "squared_error" if kind == "amount" else "poisson"
        return HistGradientBoostingRegressor(loss=loss, **settings).fit(given, wanted)

    found = dict(zip(jobs, each(fit, jobs), strict=True))
    models = {
        kind: tuple(found[kind, turn] for turn in range(turns))
        for kind in ("money", "amount", "count", "chance")
    }
    left = logs - averages([models["amount"]], features[back])[0]
    return Boosted(
        **models, spread=float(np.exp(left.var() / 2)), rows=len(rows), origins=len(lessons)
    )


def averages(models: Sequence[Sequence[Any]], features: Floats) -> list[Floats]:
    """Return the mean prediction of each group of models, in pieces on all cores."""
    result = [np.zeros(len(features)) for _ in models]
    for group, some in enumerate(models):
        for model in some:
            chance = hasattr(model, "predict_proba")
            told = chances(model, features)[:, -1] if chance else predict(model, features)
            result[group] += told / len(some)
    return result


def drawn(n: int, seed: int) -> Ints:
    """Return the rows to fit on, ascending: all, or ``N_TRAINED`` of them."""
    if n <= N_TRAINED:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, N_TRAINED, replace=False))
