"""Agglomerative clustering: the two nearest groups become one, until k are left.

It starts from at most 500 weighted micro-clusters, so a sample of 50,000 is merged in
seconds. The merging is ours because SciPy's and scikit-learn's take no weights.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coterie.segmentation.base import Floats, Labels, Traits
from coterie.segmentation.exemplars import ExemplarModel, exemplify, micro_clusters
from coterie.segmentation.training import Training

MICRO = 500
"""Most groups to start from."""

Linkage = Literal["ward", "average"]


class _Hierarchy:
    linkage: ClassVar[Linkage]

    def fit(
        self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None
    ) -> ExemplarModel:
        """Fit at most ``k`` segments; see ``Algorithm``."""
        training = Training.of(matrix, k, weights)
        points, heavy, member = micro_clusters(training, MICRO, seed=seed)
        own = merge(points, heavy, training.k, self.linkage)[member]
        return exemplify(training, own, seed=seed)


class Ward(_Hierarchy):
    """Ward's method: merges what adds least to the spread within segments.

    References
    ----------
    Ward (1963), Hierarchical grouping to optimize an objective function.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> Ward().fit(rows, 2, seed=0).assign(np.array([[2.0], [8.0]])).tolist()
    [0, 1]
    """

    name = "ward"
    traits = Traits("groups within groups, of similar spread")
    models = (ExemplarModel,)
    linkage = "ward"


class Agglomerative(_Hierarchy):
    """Average linkage: merges the groups whose customers are nearest on average.

    It sets single far customers apart before it parts the crowd, so it shows what is
    unusual rather than what is common.

    References
    ----------
    Sokal & Michener (1958), A statistical method for evaluating systematic relationships.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> Agglomerative().fit(rows, 2, seed=0).assign(np.array([[2.0], [8.0]])).tolist()
    [0, 1]
    """

    name = "agglomerative"
    traits = Traits("unusual groups that stand far off (average linkage)")
    models = (ExemplarModel,)
    linkage = "average"


def merge(points: Floats, weights: Floats, k: int, linkage: Linkage) -> Labels:
    """Merge the nearest pair of weighted groups until ``k`` are left.

    Parameters
    ----------
    points : float64 array, shape (m, n_columns)
        Mean of each group.
    weights : float64 array, shape (m,)
        How many customers each stands for.
    k : int
        Groups to leave, at most ``m``.
    linkage : {"ward", "average"}
        Which pair is nearest. Among equals the first.

    Returns
    -------
    int32 array, shape (m,)
        Group of each point, numbered by first appearance.

    References
    ----------
    Lance & Williams (1967), A general theory of classificatory sorting strategies.

    Examples
    --------
    >>> merge(np.array([[0.0], [4.0], [9.0]]), np.array([9.0, 9.0, 1.0]), 2, "ward").tolist()
    [0, 1, 1]
    """
    weight = weights.astype(np.float64)
    cost = _costs(points, weight, linkage)
    group = np.arange(len(points))
    for _ in range(len(points) - k):
        i, j = sorted(divmod(int(np.argmin(cost)), len(cost)))
        wi, wj = weight[i], weight[j]
        if linkage == "ward":
            joined = (wi + weight) * cost[i] + (wj + weight) * cost[j] - weight * cost[i, j]
            joined /= wi + wj + weight
        else:
            joined = (wi * cost[i] + wj * cost[j]) / (wi + wj)
        cost[i], cost[:, i] = joined, joined
        cost[i, i] = cost[j] = cost[:, j] = np.inf
        weight[i] = wi + wj
        group[group == j] = i
    _, first, label = np.unique(group, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[label].astype(np.int32)


def _costs(points: Floats, weight: Floats, linkage: Linkage) -> Floats:
    squared = np.zeros((len(points), len(points)))
    for column in points.T:
        squared += (column[:, None] - column) ** 2
    if linkage == "ward":
        cost = squared * (weight[:, None] * weight / (weight[:, None] + weight))
    else:
        cost = np.sqrt(squared)
    np.fill_diagonal(cost, np.inf)
    return cost
