"""The kinds of classifiers that are tried, and how a fitted one is kept and asked again.

What was fitted is kept as plain numbers (a line's weights, the splits of trees) and asked by
our own few lines, so that no pickle is read and an answer never depends on a library's version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from coterie.prediction.scores import Codes, Floats

TREES = 100
LEAST_LEAF = 10
"""Customers in a leaf of a forest: fewer would be a note about single persons."""
AT_ONCE = 1_000_000
"""Pairs of row and tree that are walked at a time."""
RIDGE = 1e-3
"""Keeps the offsets of a calibration from running away where a class is rare."""


class Scorer(Protocol):
    """A fitted classifier: gives every class a score, the higher the likelier."""

    def scores(self, matrix: Floats) -> Floats:
        """Return one score a row and class, shape (n, n_classes)."""
        ...


@dataclass(frozen=True)
class Linear:
    """Scores that are weighted sums of the columns.

    Parameters
    ----------
    weights : float64 array, shape (n_columns, n_classes)
        Of each column for each class.
    start : float64 array, shape (n_classes,)
        Score of a row of zeros.
    """

    weights: Floats
    start: Floats

    def scores(self, matrix: Floats) -> Floats:
        """Return one score a row and class, shape (n, n_classes)."""
        found: Floats = np.asarray(matrix @ self.weights + self.start, dtype=np.float64)
        return found


@dataclass(frozen=True)
class Trees:
    """Scores that are sums over trees, which lie one after the other in a list of nodes.

    Parameters
    ----------
    roots : int array, shape (n_trees,)
        Place of the first node of each tree.
    feature, left, right : int array, shape (n_nodes,)
        The column asked for, and where a row goes; a leaf goes to itself.
    threshold : float64 array, shape (n_nodes,)
        Up to this a row goes left.
    value : float64 array, shape (n_nodes, n_classes)
        What a leaf adds.
    start : float64 array, shape (n_classes,)
        Score before any tree.
    depth : int
        Steps after which every row is in a leaf.
    shares : bool
        Whether the sums are shares of votes, of which the score is the logarithm.
    """

    roots: Codes
    feature: Codes
    left: Codes
    right: Codes
    threshold: Floats
    value: Floats
    start: Floats
    depth: int
    shares: bool

    def scores(self, matrix: Floats) -> Floats:
        """Return one score a row and class, shape (n, n_classes)."""
        rows = max(1, AT_ONCE // len(self.roots))
        parts = [self._sums(matrix[at : at + rows]) for at in range(0, len(matrix), rows)]
        sums = np.concatenate(parts) if parts else np.empty((0, len(self.start)))
        return np.log(np.maximum(sums, 1e-4)) if self.shares else sums

    def _sums(self, matrix: Floats) -> Floats:
        node = np.tile(self.roots, (len(matrix), 1))
        row = np.arange(len(matrix))[:, None]
        for _ in range(self.depth):
            goes_left = matrix[row, self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return np.asarray(self.value[node].sum(axis=1) + self.start, dtype=np.float64)

    def table(self) -> pa.Table:
        """Return the nodes as a table, one column a fact and class."""
        columns = {
            "feature": self.feature,
            "left": self.left,
            "right": self.right,
            "threshold": self.threshold,
        }
        columns |= {f"value_{k}": self.value[:, k] for k in range(self.value.shape[1])}
        return pa.table(columns)


def keep(scorer: Linear | Trees) -> tuple[dict[str, Any], pa.Table]:
    """Return what a scorer is as plain JSON, and its nodes (a table without rows if it has none).

    Parameters
    ----------
    scorer : Linear or Trees
        As fitted.

    Returns
    -------
    (dict, pa.Table)
        ``restore`` makes the same scorer of them.
    """
    if isinstance(scorer, Linear):
        data = {"weights": scorer.weights.tolist(), "start": scorer.start.tolist()}
        return data, pa.table({"feature": pa.array([], pa.int64())})
    return {
        "roots": scorer.roots.tolist(),
        "start": scorer.start.tolist(),
        "depth": scorer.depth,
        "shares": scorer.shares,
    }, scorer.table()


def restore(data: Mapping[str, Any], nodes: pa.Table) -> Linear | Trees:
    """Make the scorer that ``keep`` took apart."""
    start = np.asarray(data["start"], dtype=np.float64)
    if "weights" in data:
        return Linear(np.asarray(data["weights"], dtype=np.float64), start)
    named = {name: nodes.column(name).to_numpy() for name in nodes.column_names}
    value = np.column_stack([named[f"value_{k}"] for k in range(len(start))])
    return Trees(
        np.asarray(data["roots"], dtype=np.int64),
        named["feature"],
        named["left"],
        named["right"],
        named["threshold"],
        value,
        start,
        data["depth"],
        data["shares"],
    )


def _linear(weights: Floats, start: Floats) -> Linear:
    if len(start) == 1:  # of two classes only the second has a score
        weights, start = np.vstack([0 * weights, weights]), np.array([0.0, start[0]])
    return Linear(np.ascontiguousarray(weights.T), np.asarray(start, dtype=np.float64))


def _fit_logistic(matrix: Floats, labels: Codes, seed: int, *, strength: float) -> Linear:
    del seed
    model = LogisticRegression(C=strength, max_iter=2_000).fit(matrix, labels)
    return _linear(model.coef_, model.intercept_)


def _fit_margin(matrix: Floats, labels: Codes, seed: int) -> Linear:
    model = LinearSVC(C=0.1, random_state=seed, max_iter=20_000, dual=False).fit(matrix, labels)
    return _linear(model.coef_, model.intercept_)


def _fit_forest(matrix: Floats, labels: Codes, seed: int) -> Trees:
    leaf = max(LEAST_LEAF, len(labels) // 500)
    model = RandomForestClassifier(TREES, min_samples_leaf=leaf, random_state=seed, n_jobs=1)
    model.fit(matrix, labels)
    found = [tree.tree_ for tree in model.estimators_]
    parts = [
        (
            np.maximum(tree.feature, 0),
            tree.children_left,
            tree.children_right,
            tree.threshold,
            tree.value[:, 0, :] / TREES,
            tree.children_left < 0,
        )
        for tree in found
    ]
    depth = max(int(tree.max_depth) for tree in found)
    start = np.zeros(found[0].value.shape[2])
    return _joined(parts, start, depth, shares=True)


def _fit_boosted(matrix: Floats, labels: Codes, seed: int, *, leaves: int) -> Trees:
    model = HistGradientBoostingClassifier(
        learning_rate=0.32 / leaves,
        max_iter=100,
        max_leaf_nodes=leaves,
        l2_regularization=5.0,
        max_features=0.3,
        min_samples_leaf=max(LEAST_LEAF, min(20, len(labels) // 20)),
        early_stopping=False,
        random_state=seed,
    ).fit(matrix, labels)
    n_classes = len(model.classes_)
    parts = []
    # scikit-learn shows the splits nowhere else; a test holds that we answer as it does.
    for step in model._predictors:
        for k, tree in enumerate(step):
            nodes = tree.nodes
            leaf = nodes["is_leaf"].astype(bool)
            value = np.zeros((len(nodes), n_classes))
            value[:, k if n_classes > 2 else 1] = np.where(leaf, nodes["value"], 0.0)
            left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
            feature, limit = nodes["feature_idx"], nodes["num_threshold"]
            parts.append((feature, left, right, limit, value, leaf))
    base = np.ravel(model._baseline_prediction)
    start = base if n_classes > 2 else np.array([0.0, base[0]])
    return _joined(parts, start, leaves - 1, shares=False)


def _joined(parts: list[tuple[Any, ...]], start: Floats, depth: int, *, shares: bool) -> Trees:
    """Put trees one after the other; a leaf leads to itself."""
    sizes = [len(part[0]) for part in parts]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    features, lefts, rights, thresholds, values = [], [], [], [], []
    for root, (feature, left, right, threshold, value, leaf) in zip(roots, parts, strict=True):
        own = np.arange(len(feature)) + root
        features.append(np.where(leaf, 0, feature).astype(np.int64))
        lefts.append(np.where(leaf, own, left + root).astype(np.int64))
        rights.append(np.where(leaf, own, right + root).astype(np.int64))
        thresholds.append(np.where(leaf, 0.0, threshold))
        values.append(np.where(leaf[:, None], value, 0.0))
    return Trees(
        roots,
        np.concatenate(features),
        np.concatenate(lefts),
        np.concatenate(rights),
        np.concatenate(thresholds),
        np.concatenate(values),
        np.asarray(start, dtype=np.float64),
        depth,
        shares,
    )


Fit = Callable[[Floats, Codes, int], "Linear | Trees"]

RECIPES: dict[str, tuple[str, Fit]] = {
    "logistic": (
        "logistic regression",
        lambda matrix, labels, seed: _fit_logistic(matrix, labels, seed, strength=1.0),
    ),
    "logistic-held": (
        "logistic regression, held back",
        lambda matrix, labels, seed: _fit_logistic(matrix, labels, seed, strength=0.1),
    ),
    "margin": ("linear support vectors", _fit_margin),
    "boosted-short": (
        "boosted trees of 4 leaves",
        lambda matrix, labels, seed: _fit_boosted(matrix, labels, seed, leaves=4),
    ),
    "boosted": (
        "boosted trees of 8 leaves",
        lambda matrix, labels, seed: _fit_boosted(matrix, labels, seed, leaves=8),
    ),
    "forest": ("random forest", _fit_forest),
}
"""Name -> (words, how it is fitted); from the simplest to what is hardest to follow."""


def fit(recipe: str, matrix: Floats, labels: Codes, *, seed: int) -> Linear | Trees:
    """Fit a classifier.

    Parameters
    ----------
    recipe : str
        A name of ``RECIPES``.
    matrix : float64 array, shape (n, n_columns)
        Finite numbers, as ``as_seen`` gives them.
    labels : int array, shape (n,)
        Classes from 0; each occurs.
    seed : int
        Of whatever is drawn at random.

    Returns
    -------
    Linear or Trees
        The same for the same rows in the same order.
    """
    return RECIPES[recipe][1](matrix, labels, seed)


def as_seen(matrix: Floats) -> Floats:
    """Return a matrix at the precision at which forests compare: that of 32 bits."""
    return matrix.astype(np.float32).astype(np.float64)


@dataclass(frozen=True)
class Calibration:
    """What turns scores into chances that mean what they say.

    Parameters
    ----------
    slope : float
        Above 0; below 1 it makes answers less sure.
    offsets : tuple of float
        Added to the score of each class.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines; Guo et al. (2017), On
    calibration of modern neural networks, whose one temperature we give an offset a class.
    """

    slope: float
    offsets: tuple[float, ...]

    @classmethod
    def fit(cls, scores: Floats, labels: Codes) -> Calibration:
        """Fit to scores of customers that the scorer was not fitted to.

        Parameters
        ----------
        scores : float64 array, shape (n, n_classes)
            Out of fold.
        labels : int array, shape (n,)
            What came.

        Returns
        -------
        Calibration
            Of the least log loss.
        """
        n, k = scores.shape
        truth = np.eye(k)[labels]

        def loss(wanted: Floats) -> tuple[float, Floats]:
            slope, offsets = np.exp(wanted[0]), wanted[1:]
            logs = log_softmax(slope * scores + offsets, axis=1)
            gap = np.exp(logs) - truth
            value = -float((logs * truth).sum()) / n + RIDGE * float(offsets @ offsets)
            by_slope = slope * float((gap * scores).sum()) / n
            return value, np.concatenate([[by_slope], gap.sum(axis=0) / n + 2 * RIDGE * offsets])

        bounds = [(-5.0, 5.0)] + [(None, None)] * k
        found = minimize(loss, np.zeros(k + 1), jac=True, method="L-BFGS-B", bounds=bounds)
        return cls(float(np.exp(found.x[0])), tuple(map(float, found.x[1:])))

    def chances(self, scores: Floats) -> Floats:
        """Return chances, shape (n, n_classes); rows sum to 1."""
        found: NDArray[np.float64] = softmax(self.slope * scores + np.array(self.offsets), axis=1)
        return found
