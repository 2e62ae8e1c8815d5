"""Latent classes of mixed columns: numbers are Gaussian, categories are drawn by level.

The matrix codes a category as columns of two values, at most one of them above 0 (rare
levels are already one, see ``features.column``); here they become one category again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from coterie.features.threads import one_thread
from coterie.segmentation.base import Floats, Traits
from coterie.segmentation.centroids import KMeans, KMeansModel
from coterie.segmentation.mixtures import VARIANCE_FLOOR, Category, MixtureModel
from coterie.segmentation.training import Training

PRIOR = 0.5
"""Customers that each class has of each level before any is counted (Dirichlet)."""
TOLERANCE = 1e-6
"""Rise of the mean log likelihood at which EM ends."""
MAX_STEPS = 300


class LatentClass:
    """Gaussian × categorical mixture by EM from a k-means start.

    Within a class, columns are independent. Weights of columns change the start alone.
    Where EM leaves a class without customers, the k-means start is returned, so that k
    classes stay k segments; k-means on such a matrix (indicators over the root of two)
    is the next best for mixed columns.

    References
    ----------
    Vermunt & Magidson (2002), Latent class cluster analysis; Hunt & Jorgensen (2011),
    Clustering mixed data.

    Examples
    --------
    >>> rows = np.array([[0.0, 1.0], [0.2, 1.0], [0.1, 0.0], [0.3, 0.0]])
    >>> LatentClass().fit(rows, 2, seed=0).assign(np.array([[0.2, 1.0], [0.2, 0.0]])).tolist()
    [0, 1]
    """

    name = "latent-class"
    traits = Traits("numbers and categories together", soft=True, sql=True)
    models = (MixtureModel, KMeansModel)

    def fit(
        self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None
    ) -> MixtureModel | KMeansModel:
        """Fit at most ``k`` segments; see ``Algorithm``."""
        training = Training.of(matrix, k, weights)
        start = KMeans().fit(training.rows, training.k, seed=seed, weights=training.weights)
        with one_thread():
            model = _maximise(training, start)
        return start if model.n_segments < start.n_segments else model


@dataclass(frozen=True, eq=False)
class _Columns:
    """The columns by kind; ``hits`` has one 0/1 column for each level of each category."""

    numbers: tuple[int, ...]
    categories: tuple[tuple[int, ...], ...]
    borders: dict[int, float]
    hits: tuple[Floats, ...]


def _maximise(training: Training, start: KMeansModel) -> MixtureModel:
    rows, weights = training.rows, training.weights
    columns = _columns(rows)
    x = rows[:, list(columns.numbers)]
    share = np.eye(start.n_segments)[start.assign(rows)]
    before = -np.inf
    for _ in range(MAX_STEPS):
        model = _fit_classes(x, columns, share * weights[:, None])
        joint = _joint(model, x, columns)
        total = logsumexp(joint, axis=1)
        share = np.exp(joint - total[:, None])
        now = float(np.average(total, weights=weights))
        if now - before < TOLERANCE:
            break
        before = now
    return model.fitted_to(training, joint.argmax(axis=1))


def _fit_classes(x: Floats, columns: _Columns, share: Floats) -> MixtureModel:
    """Return the likeliest classes for given shares of each row, shape (n, k)."""
    size = np.maximum(share.sum(axis=0), 1e-12)[:, None]
    means = share.T @ x / size
    variance = np.maximum(share.T @ x**2 / size - means**2, VARIANCE_FLOOR)
    factors = np.einsum("kd,de->kde", 1.0 / np.sqrt(variance), np.eye(x.shape[1]))
    constants = -2.0 * np.log(size[:, 0] / size.sum()) + np.log(variance).sum(axis=1)
    categories = []
    for names, hits in zip(columns.categories, columns.hits, strict=True):
        counted = share.T @ hits + PRIOR
        costs = -2.0 * np.log(counted / counted.sum(axis=1, keepdims=True))
        if hits.shape[1] == len(names):  # everybody has a level: to have none tells nothing
            costs = np.column_stack([costs, np.zeros(len(costs))])
        borders = tuple(columns.borders[i] for i in names)
        categories.append(Category(names, borders, tuple(map(tuple, costs.tolist()))))
    return MixtureModel(constants, means, factors, columns.numbers, tuple(categories))


def _joint(model: MixtureModel, x: Floats, columns: _Columns) -> Floats:
    """Return the log of share times density, up to a constant, shape (n, k)."""
    precision = np.diagonal(model.factors, axis1=1, axis2=2) ** 2
    cost = model.constants + (precision * model.means**2).sum(axis=1)
    cost = cost + x**2 @ precision.T - 2.0 * x @ (precision * model.means).T
    for category, hits in zip(model.categories, columns.hits, strict=True):
        cost = cost + hits @ np.array(category.costs)[:, : hits.shape[1]].T
    return np.asarray(cost / -2.0)


def _columns(rows: Floats) -> _Columns:
    """Tell numbers from categories: a column of two values, one of them 0, is a level.

    Neighbouring levels that no customer has together are of one category.
    """
    low, high = rows.min(axis=0), rows.max(axis=0)
    two = ((rows == low) | (rows == high)).all(axis=0) & (low < high) & ((low == 0) | (high == 0))
    above: NDArray[np.bool_] = rows > (low + high) / 2
    groups: list[list[int]] = []
    taken = np.zeros(len(rows), dtype=np.bool_)
    for i in np.flatnonzero(two).tolist():
        if groups and groups[-1][-1] == i - 1 and not (taken & above[:, i]).any():
            groups[-1].append(i)
            taken = taken | above[:, i]
        else:
            groups.append([i])
            taken = above[:, i].copy()
    hits = []
    for group in groups:
        table = above[:, group]
        none = ~table.any(axis=1, keepdims=True)
        hits.append(np.hstack([table, none] if none.any() else [table]).astype(np.float64))
    return _Columns(
        tuple(np.flatnonzero(~two).tolist()),
        tuple(map(tuple, groups)),
        {i: float((low[i] + high[i]) / 2) for i in np.flatnonzero(two).tolist()},
        tuple(hits),
    )
