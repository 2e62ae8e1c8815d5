"""Exact Lloyd passes over all customers, batch by batch, from a model fitted on a sample.

A pass keeps sums and counts alone, so it can be split over batches and machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from coterie.errors import DataError, ParameterError
from coterie.segmentation.base import Floats
from coterie.segmentation.centroids import KMeans, KMeansModel

BLEND = 0.3
"""How far a refit goes from the old centres to the new ones."""
_BLOCK = 65_536
"""Rows summed at a time, whatever the caller's batches."""
N_GROWTH = 10_000
"""Customers on whom one more segment is tried."""
_MOST_PASSES = 300
_LEAST_TO_PART = 4


@dataclass(frozen=True, eq=False)
class Sums:
    """What one Lloyd pass keeps of the rows: mergeable over batches and partitions.

    Parameters
    ----------
    sums : float64 array, shape (n_segments, n_columns)
    counts : int64 array, shape (n_segments,)
    inertia : float
        Sum of squared distances to the nearest centre.
    """

    sums: Floats
    counts: np.ndarray[Any, np.dtype[np.int64]]
    inertia: float

    @classmethod
    def of(cls, model: KMeansModel, matrix: Floats) -> Sums:
        """Assign the rows of ``matrix`` and add them up per segment.

        Examples
        --------
        >>> Sums.of(KMeansModel(np.array([[0.0], [9.0]])), np.array([[1.0], [8.0]])).inertia
        2.0
        """
        k = model.n_segments
        label, distance = model.nearest(matrix)
        sums = [np.bincount(label, weights=column, minlength=k) for column in matrix.T]
        return cls(np.column_stack(sums), np.bincount(label, minlength=k), float(distance.sum()))

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.sums + other.sums, self.counts + other.counts, self.inertia + other.inertia
        )

    def centroids(self, before: KMeansModel) -> KMeansModel:
        """Return the means; a segment without rows keeps its centre of ``before``."""
        counts = self.counts[:, None]
        means = np.divide(self.sums, counts, out=before.centroids.copy(), where=counts > 0)
        return KMeansModel(means)


def refine(
    model: KMeansModel, batches: Callable[[], Iterable[Floats]], *, passes: int = 2
) -> KMeansModel:
    """Improve a model fitted on a sample by exact Lloyd passes over all rows.

    Parameters
    ----------
    model : KMeansModel
        Where to start.
    batches : callable
        Opens the stream of float64 arrays of shape (rows, n_columns) anew for each pass.
        Only the order of the rows matters: other batch borders give the same bytes.
    passes : int, default 2
        Most passes to make, 1 or more; it ends early when nothing moves.

    Returns
    -------
    KMeansModel
        Inertia over all rows is never above that of ``model``. Segments keep their numbers.

    Raises
    ------
    ParameterError
        If ``passes`` is below 1.
    DataError
        If a pass meets no rows, a wrong number of columns or a value that is not finite.

    Examples
    --------
    >>> rows = np.array([[0.0], [2.0], [8.0]])
    >>> refine(KMeansModel(np.array([[0.0], [9.0]])), lambda: [rows]).centroids.tolist()
    [[1.0], [8.0]]
    """
    if passes < 1:
        raise ParameterError(f"passes={passes}.", allowed="passes is 1 or more.", where="passes")
    for _ in range(passes):
        total: Sums | None = None
        for block in _blocks(batches()):
            part = Sums.of(model, block)
            total = part if total is None else total + part
        if total is None:
            raise DataError("There are no rows to refine the segments on.")
        moved = total.centroids(model)
        if np.array_equal(moved.centroids, model.centroids):
            break
        model = moved
    return model


def refit(model: KMeansModel, matrix: Floats, *, blend: float = BLEND) -> KMeansModel:
    """Refit from the old centres and move only part of the way, so that few labels change.

    Parameters
    ----------
    model : KMeansModel
        The released model.
    matrix : float64 array, shape (n, n_columns)
        Today's customers in the old model's columns and scaling.
    blend : float, default 0.3
        Share of the way to the new centres, 0 (stay) to 1 (a plain refit).

    Returns
    -------
    KMeansModel
        Centres ``(1 - blend) * old + blend * new``, numbered as in ``model``.

    Raises
    ------
    ParameterError
        If ``blend`` is outside 0 to 1.
    DataError
        If there are no rows, a wrong number of columns or a value that is not finite.

    References
    ----------
    Chakrabarti, Kumar & Tomkins (2006), Evolutionary clustering.

    Examples
    --------
    >>> old = KMeansModel(np.array([[0.0], [9.0]]))
    >>> refit(old, np.array([[1.0], [9.0]]), blend=0.5).centroids.tolist()
    [[0.5], [9.0]]
    """
    if not 0 <= blend <= 1:
        raise ParameterError(f"blend={blend}.", allowed="blend is 0 to 1.", where="blend")
    new = settle(model, matrix)
    return KMeansModel((1 - blend) * model.centroids + blend * new.centroids)


def settle(model: KMeansModel, matrix: Floats) -> KMeansModel:
    """Return the model after Lloyd passes over the rows until nothing moves."""
    return refine(model, lambda: [matrix], passes=_MOST_PASSES)


@dataclass(frozen=True)
class Growth:
    """What one more segment would do.

    Parameters
    ----------
    gain : float
        Share by which the inertia within the segments as they are would fall, 0 to 1.
    model : KMeansModel
        Each old segment has the centre nearest to its own; the one left over is the last.
    """

    gain: float
    model: KMeansModel


def grow(model: KMeansModel, matrix: Floats, *, seed: int) -> Growth | None:
    """Return the best way to have one more segment: by parting one of them in two.

    Parameters
    ----------
    model : KMeansModel
        The segments so far.
    matrix : float64 array, shape (n, n_columns)
        Rows in the model's columns; of more than 10,000 a seeded sample is looked at.
    seed : int
        Of the sample and the halves.

    Returns
    -------
    Growth or None
        None if no segment has rows enough to part.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [10.0], [11.0], [90.0], [91.0]])
    >>> found = grow(KMeansModel(np.array([[5.0], [90.5]])), rows, seed=0)
    >>> found.model.centroids.tolist(), round(found.gain, 2)
    ([[0.5], [90.5], [10.5]], 0.99)
    """
    if len(matrix) > N_GROWTH:
        kept = np.random.default_rng(seed).choice(len(matrix), N_GROWTH, replace=False)
        matrix = matrix[np.sort(kept)]
    label, _ = model.nearest(matrix)
    # The segments as they are: settled, an old centre would go over to a new group.
    means = Sums.of(model, matrix).centroids(model).centroids[label]
    before = float(((matrix - means) ** 2).sum())
    found: list[tuple[float, KMeansModel]] = []
    for i in range(model.n_segments):
        rows = matrix[label == i]
        if len(rows) < _LEAST_TO_PART or not np.ptp(rows, axis=0).any():
            continue
        halves = KMeans().fit(rows, 2, seed=seed).centroids
        start = np.vstack([np.delete(model.centroids, i, axis=0), halves])
        parted = settle(KMeansModel(start), matrix)
        found.append((float(parted.nearest(matrix)[1].sum()), parted))
    if not found or before <= 0:
        return None
    after, best = min(found, key=lambda item: item[0])
    return Growth(1 - after / before, _numbered_as(model, best))


def _numbered_as(old: KMeansModel, new: KMeansModel) -> KMeansModel:
    """Give centres the numbers of the old ones that lie nearest in all; the rest come last."""
    apart = new.distances(old.centroids)
    _, places = scipy.optimize.linear_sum_assignment(apart)
    rest = np.setdiff1d(np.arange(new.n_segments), places)
    return KMeansModel(new.centroids[np.concatenate([places, rest])])


def _blocks(batches: Iterable[Floats]) -> Iterator[Floats]:
    """Cut the stream into blocks of a fixed size, so that batch borders leave no trace."""
    kept: list[Floats] = []
    size = 0
    for batch in batches:
        start = 0
        while size + len(batch) - start >= _BLOCK:
            stop = start + _BLOCK - size
            yield np.concatenate([*kept, batch[start:stop]])
            kept, size, start = [], 0, stop
        if start < len(batch):
            kept.append(batch[start:])
            size += len(batch) - start
    if size:
        yield np.concatenate(kept)
