"""Exact Lloyd passes over all customers, batch by batch, from a model fitted on a sample.

A pass keeps sums and counts alone, so it can be split over batches and machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from coterie.errors import DataError, ParameterError
from coterie.segmentation.base import Floats
from coterie.segmentation.centroids import KMeansModel

_BLOCK = 65_536
"""Rows summed at a time, whatever the caller's batches."""


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


def refit(model: KMeansModel, matrix: Floats, *, blend: float = 0.3) -> KMeansModel:
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
    new = refine(model, lambda: [matrix], passes=300)
    return KMeansModel((1 - blend) * model.centroids + blend * new.centroids)


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
