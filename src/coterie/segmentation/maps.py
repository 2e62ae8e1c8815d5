"""Self-organising map: a net of units laid over the customers, whose parts are the segments.

It learns in batches, from all rows at once: the usual way, one row after the other, would
give other segments for another order of the customers, and takes no weights.
"""

from __future__ import annotations

import numpy as np

from coterie.features.threads import one_thread
from coterie.segmentation.base import Floats, Traits
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.exemplars import ExemplarModel
from coterie.segmentation.hierarchy import merge
from coterie.segmentation.training import Training

EPOCHS = 30
NARROWEST = 0.5
"""Last radius of the neighbourhood, in units of the net."""
SIDES = (3, 10)
"""Fewest and most units along a side of the net."""


class SelfOrganisingMap:
    """A square net of units, drawn to the customers and merged to k parts by Ward's method.

    The net starts in the plane of the two main directions of the data. Its number of
    units is about five times the root of the number of rows, 9 to 100.

    References
    ----------
    Kohonen (2001), Self-organizing maps, 3rd ed. (batch map); Vesanto & Alhoniemi (2000),
    Clustering of the self-organizing map.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> SelfOrganisingMap().fit(rows, 2, seed=0).assign(np.array([[2.0], [8.0]])).tolist()
    [0, 1]
    """

    name = "som"
    traits = Traits("a map of customers on which neighbours are alike")
    models = (ExemplarModel,)

    def fit(
        self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None
    ) -> ExemplarModel:
        """Fit at most ``k`` segments; see ``Algorithm``. Nothing is drawn at random."""
        del seed
        training = Training.of(matrix, k, weights)
        with one_thread():
            units = _learn(training)
        nearest = KMeansModel(units).assign(training.rows)
        hits = np.bincount(nearest, training.weights, len(units)).astype(np.float64)
        used = np.flatnonzero(hits)
        part = merge(units[used], hits[used], min(training.k, len(used)), "ward")
        return _model(units[used], hits[used], part)


def _learn(training: Training) -> Floats:
    """Return the units after the last epoch, shape (side * side, n_columns)."""
    rows, weights = training.rows, training.weights
    side = int(np.clip(round(np.sqrt(5.0 * np.sqrt(len(rows)))), *SIDES))
    places = np.stack(np.meshgrid(range(side), range(side), indexing="ij"), -1).reshape(-1, 2)
    apart = ((places[:, None] - places) ** 2).sum(axis=2)
    units = _plane(rows, weights, places / (side - 1) - 0.5)
    weighted = rows * weights[:, None]
    for radius in np.geomspace(side / 2, NARROWEST, EPOCHS):
        nearest = KMeansModel(units).assign(rows)
        pull = np.exp(apart / (-2.0 * radius**2))
        hits = np.bincount(nearest, weights=weights, minlength=len(units))
        sums = np.column_stack(
            [np.bincount(nearest, weights=column, minlength=len(units)) for column in weighted.T]
        )
        units = np.einsum("ij,jc->ic", pull, sums) / np.einsum("ij,j->i", pull, hits)[:, None]
    return np.asarray(units)


def _plane(rows: Floats, weights: Floats, places: Floats) -> Floats:
    """Lay the units over the plane of the two main directions, two deviations to each side."""
    mean = np.average(rows, axis=0, weights=weights)
    centred = rows - mean
    spread = np.einsum("ni,n,nj->ij", centred, weights / weights.sum(), centred, optimize=False)
    size, direction = np.linalg.eigh(spread)
    axes = (direction * np.sqrt(np.maximum(size, 0.0)))[:, ::-1][:, :2]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.where(axes[largest, np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    return np.asarray(mean + 4.0 * places[:, : axes.shape[1]] @ axes.T)


def _model(
    units: Floats, hits: Floats, part: np.ndarray[tuple[int], np.dtype[np.int32]]
) -> ExemplarModel:
    """Return the parts of the net as segments numbered by their means."""
    means = np.array(
        [
            np.average(units[part == i], axis=0, weights=hits[part == i])
            for i in range(part.max() + 1)
        ]
    )
    number = np.argsort(np.lexsort(means.T[::-1]))[part].astype(np.int32)
    order = np.lexsort((*units.T[::-1], number))
    return ExemplarModel(np.ascontiguousarray(units[order]), number[order])
