"""Bisecting k-means: the segment with the most spread is cut in two, again and again.

New customers go to the nearest centre, which is not always the side of the cut they
would have come to; ``fidelity`` says how often it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from coterie.features.threads import one_thread
from coterie.segmentation.base import Floats, Traits
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.training import Training

_N_INIT = 5


@dataclass(frozen=True, eq=False)
class BisectingModel(KMeansModel):
    """Centres found by cutting in two, placed by the nearest as k-means does."""

    kind: ClassVar[str] = "bisecting-kmeans"

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON; numbers come back bit for bit."""
        return {**super().to_dict(), "fidelity": self.fidelity}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BisectingModel:
        """Return the model that ``to_dict`` wrote."""
        return cls(np.asarray(data["centroids"], dtype=np.float64), float(data["fidelity"]))


class BisectingKMeans:
    """Cuts the segment of greatest spread in two by k-means until there are k.

    References
    ----------
    Steinbach, Karypis & Kumar (2000), A comparison of document clustering techniques.

    Examples
    --------
    >>> rows = np.array([[9.0], [0.0], [1.0], [10.0]])
    >>> BisectingKMeans().fit(rows, 2, seed=0).centroids.tolist()
    [[0.5], [9.5]]
    """

    name = "bisecting-kmeans"
    traits = Traits("many segments that are parts of larger ones", sql=True)
    models = (BisectingModel,)

    def fit(
        self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None
    ) -> BisectingModel:
        """Fit at most ``k`` segments; see ``Algorithm``."""
        import sklearn.cluster

        training = Training.of(matrix, k, weights)
        learner = sklearn.cluster.BisectingKMeans(
            training.k, n_init=_N_INIT, random_state=seed, bisecting_strategy="biggest_inertia"
        )
        with one_thread():
            learner.fit(training.rows, sample_weight=training.weights)
        order = np.lexsort(learner.cluster_centers_.T[::-1])
        centroids = np.ascontiguousarray(learner.cluster_centers_[order])
        own = np.argsort(order)[learner.labels_]
        same = BisectingModel(centroids).assign(training.rows) == own
        return BisectingModel(centroids, float(np.average(same, weights=training.weights)))
