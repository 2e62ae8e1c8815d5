"""Dense regions: segments of any shape, and customers who are in none.

Density finds its own number of segments; ``k`` is the most that are kept, the largest
first. Without any dense region there is nothing to tell apart: all are in one segment.
"""

from __future__ import annotations

import numpy as np

from coterie.features.threads import one_thread
from coterie.segmentation.base import NOISE, Floats, Labels, Traits
from coterie.segmentation.exemplars import ExemplarModel, exemplify
from coterie.segmentation.training import Training

DBSCAN_ROWS = 5_000
"""DBSCAN holds every neighbourhood at once, up to the square of this."""
HDBSCAN_ROWS = 20_000
LEAST_SHARE, LEAST = 0.02, 10
"""A region of fewer customers is not a segment (the gate of substance asks the same)."""


class DBSCAN:
    """Regions where each customer has enough neighbours within one radius.

    Neighbours: twice the number of columns, and 5 at least. Radius: the knee of the
    sorted distances to that neighbour, which is where they rise from dense to sparse.

    References
    ----------
    Ester, Kriegel, Sander & Xu (1996), A density-based algorithm for discovering clusters;
    Sander et al. (1998) for the number of neighbours; Satopää et al. (2011) for the knee.

    Examples
    --------
    >>> dense = np.linspace(0, 1, 50)
    >>> rows = np.concatenate([dense, dense + 9, [5.0]])[:, None]
    >>> DBSCAN().fit(rows, 12, seed=0).assign(np.array([[0.5], [5.0], [9.5]])).tolist()
    [0, -1, 1]
    """

    name = "dbscan"
    traits = Traits("dense regions of one density, with outliers", noise=True, takes_k=False)
    models = (ExemplarModel,)

    def fit(
        self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None
    ) -> ExemplarModel:
        """Fit at most ``k`` segments; see ``Algorithm``. At most 5,000 rows are drawn."""
        import sklearn.cluster
        from sklearn.neighbors import NearestNeighbors

        training = Training.of(matrix, k, weights).drawn(DBSCAN_ROWS, seed=seed)
        rows = training.rows
        neighbours = max(5, 2 * rows.shape[1])
        if len(rows) <= neighbours:
            return _largest(training, np.full(len(rows), NOISE, np.int32), seed=seed)
        with one_thread():
            finder = NearestNeighbors(n_neighbors=neighbours).fit(rows)
            radius = knee(np.sort(finder.kneighbors(rows)[0][:, -1]))
            own = sklearn.cluster.DBSCAN(eps=radius, min_samples=neighbours).fit(rows).labels_
        return _largest(training, own.astype(np.int32), seed=seed)


class HDBSCAN:
    """Regions that stay dense over many radii, each at its own density.

    A region holds at least 2 % of the customers, and 10.

    References
    ----------
    Campello, Moulavi & Sander (2013), Density-based clustering based on hierarchical
    density estimates.

    Examples
    --------
    >>> dense = np.linspace(0, 1, 50)
    >>> rows = np.concatenate([dense, dense + 9, [30.0]])[:, None]
    >>> HDBSCAN().fit(rows, 12, seed=0).assign(np.array([[0.5], [30.0], [9.5]])).tolist()
    [0, -1, 1]
    """

    name = "hdbscan"
    traits = Traits("dense regions of several densities, with outliers", noise=True, takes_k=False)
    models = (ExemplarModel,)

    def fit(
        self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None
    ) -> ExemplarModel:
        """Fit at most ``k`` segments; see ``Algorithm``. At most 20,000 rows are drawn."""
        import sklearn.cluster

        training = Training.of(matrix, k, weights).drawn(HDBSCAN_ROWS, seed=seed)
        n = len(training.rows)
        least = _least(n)
        own = np.full(n, NOISE, dtype=np.int32)
        if n >= 2 * least:
            learner = sklearn.cluster.HDBSCAN(min_cluster_size=least, min_samples=LEAST, copy=True)
            with one_thread():
                own = learner.fit(training.rows).labels_.astype(np.int32)
        return _largest(training, own, seed=seed)


def knee(rising: Floats) -> float:
    """Return the value at which a rising curve bends upwards most.

    Parameters
    ----------
    rising : float64 array, shape (n,)
        Sorted, the least first.

    Returns
    -------
    float
        The value farthest below the straight line from the first to the last; above 0.

    Examples
    --------
    >>> knee(np.array([1.0, 1.0, 1.1, 1.2, 5.0]))
    1.2
    """
    span = rising[-1] - rising[0]
    if span <= 0:
        return max(float(rising[-1]), float(np.finfo(np.float64).tiny))
    below = np.linspace(0.0, 1.0, len(rising)) - (rising - rising[0]) / span
    found = float(rising[int(np.argmax(below))])
    return found if found > 0 else float(rising[rising > 0][0])


def _least(n: int) -> int:
    return max(LEAST, int(np.ceil(LEAST_SHARE * n)))


def _largest(training: Training, own: Labels, *, seed: int) -> ExemplarModel:
    """Keep the ``k`` largest regions that are large enough, or put all into one segment."""
    least = _least(len(own))
    sizes = np.bincount(own[own != NOISE], minlength=1)
    kept = [i for i in np.argsort(-sizes, kind="stable")[: training.k] if sizes[i] >= least]
    if not kept:
        return exemplify(training, np.zeros(len(own), dtype=np.int32), seed=seed)
    return exemplify(training, np.where(np.isin(own, kept), own, NOISE), seed=seed, bounded=True)
