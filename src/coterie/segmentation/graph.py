"""Spectral clustering: segments as parts of a graph with few and weak ties between them.

The graph joins at most 2,000 distinct rows; all others go to the nearest exemplar.
"""

from __future__ import annotations

import numpy as np

from coterie.features.threads import one_thread
from coterie.segmentation.base import Floats, Labels, Traits
from coterie.segmentation.exemplars import ExemplarModel, exemplify
from coterie.segmentation.training import Training

SPECTRAL_ROWS = 2_000
NEIGHBOUR = 7
"""The neighbour whose distance is the scale of a row."""
FAINTEST = 1e-9
"""Tie of rows that are far apart: without it the graph falls apart and has no one answer."""


class Spectral:
    """Cuts a graph of similar customers where its ties are weakest.

    How alike two rows are is measured against the distance to the seventh neighbour of
    each, so dense and sparse regions count alike and no radius has to be chosen.

    References
    ----------
    Shi & Malik (2000), Normalized cuts and image segmentation; Zelnik-Manor & Perona
    (2004), Self-tuning spectral clustering; Damle, Minden & Ying (2019) for the labels.

    Examples
    --------
    >>> dense = np.linspace(0, 1, 30)
    >>> rows = np.concatenate([dense, dense + 9])[:, None]
    >>> Spectral().fit(rows, 2, seed=0).assign(np.array([[0.5], [9.5]])).tolist()
    [0, 1]
    """

    name = "spectral"
    traits = Traits("curved and nested groups")
    models = (ExemplarModel,)

    def fit(
        self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None
    ) -> ExemplarModel:
        """Fit at most ``k`` segments; see ``Algorithm``. At most 2,000 rows are drawn."""
        training = Training.of(matrix, k, weights).drawn(SPECTRAL_ROWS, seed=seed)
        distinct, _ = training.merged()
        own = _cut(distinct, training.k, seed=seed)[training.distinct]
        return exemplify(training, own, seed=seed)


def _cut(rows: Floats, k: int, *, seed: int) -> Labels:
    n = len(rows)
    if k == 1:
        return np.zeros(n, dtype=np.int32)
    if n <= k + 1:  # too few for an eigenvalue solver; merging ends the same way
        return np.minimum(np.arange(n), k - 1).astype(np.int32)
    import sklearn.cluster

    learner = sklearn.cluster.SpectralClustering(
        k, affinity="precomputed", assign_labels="cluster_qr", random_state=seed
    )
    with one_thread():
        return np.asarray(learner.fit(_alike(rows)).labels_, dtype=np.int32)


def _alike(rows: Floats) -> Floats:
    """Return how alike the rows are, 1 for the same and near 0 for far apart."""
    from sklearn.metrics import pairwise_distances

    distance = pairwise_distances(rows)
    at = min(NEIGHBOUR, len(rows) - 1)
    scale = np.partition(distance, at, axis=1)[:, at]
    alike = np.exp(-(distance**2) / (scale[:, None] * scale))
    return np.asarray(np.maximum((alike + alike.T) / 2, FAINTEST))
