"""Segments of any shape: each is known by exemplars, and a customer goes to the nearest one.

An exemplar is the mean of at least ten customers of one segment (or of all, where a
segment has fewer), never a customer: models hold nobody's row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from coterie.errors import ParameterError
from coterie.features.threads import one_thread
from coterie.segmentation.base import NOISE, Floats, Labels, Placement
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.nearest import CHUNK, place_by_cost
from coterie.segmentation.training import Training

FLOOR = 10
"""Fewest customers behind an exemplar where its segment has as many."""
MOST = 120
"""Most exemplars of a model."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ExemplarModel:
    """Exemplars with the segment of each; a customer is in that of the nearest one.

    Parameters
    ----------
    points : float64 array, shape (n_exemplars, n_columns)
        Sorted by segment; each segment has one or more.
    owner : int32 array, shape (n_exemplars,)
        Segment of each exemplar.
    reach : float64 array, shape (n_exemplars,), optional
        Squared distance from which on a customer is in no segment; default no limit.
    fidelity : float
        Share of the fitted rows that come to their own segment.

    Examples
    --------
    >>> points, owner = np.array([[0.0], [2.0], [9.0]]), np.array([0, 0, 1], np.int32)
    >>> model = ExemplarModel(points, owner, np.array([1.0, 1.0, 1.0]))
    >>> model.assign(np.array([[2.5], [5.0], [8.5]])).tolist()
    [0, -1, 1]
    """

    points: Floats
    owner: Labels
    reach: Floats | None = None
    fidelity: float = 1.0
    kind: ClassVar[str] = "exemplars"

    def __post_init__(self) -> None:
        k = int(self.owner.max(initial=-1)) + 1
        every = np.unique(self.owner).tolist() == list(range(k))
        if not (every and (np.diff(self.owner) >= 0).all() and len(self.owner) == len(self.points)):
            raise ParameterError("Exemplars must be sorted by segment, and each segment needs one.")

    @property
    def n_segments(self) -> int:
        """Number of segments; no segment is not counted."""
        return int(self.owner[-1]) + 1

    def distances(self, matrix: Floats) -> Floats:
        """Return the squared distance to the nearest exemplar of each segment.

        Parameters
        ----------
        matrix : float64 array, shape (n, n_columns)
            Finite values.

        Returns
        -------
        float64 array, shape (n, n_segments)
            In the order of the rows. Whether a row is within reach is not in it.
        """
        return np.concatenate([costs.T for costs, _ in self._chunks(matrix)])

    def assign(self, matrix: Floats) -> Labels:
        """Return the segment of the nearest exemplar, or ``NOISE`` beyond its reach."""
        return np.concatenate(
            [
                np.where(outside, NOISE, np.argmin(costs, axis=0)).astype(np.int32)
                for costs, outside in self._chunks(matrix)
            ]
        )

    def place(self, matrix: Floats) -> Placement:
        """Return segment, runner-up and margin ``(second - best) / second`` of each row.

        Out of reach the segment is ``NOISE``, the runner-up the nearest segment and the
        margin 0.
        """
        parts = []
        for costs, outside in self._chunks(matrix):
            segment, second, margin = place_by_cost(costs)
            second = np.where(outside, segment, second)
            margin = np.where(outside, 0.0, margin)
            parts.append((np.where(outside, np.int32(NOISE), segment), second, margin))
        return Placement(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def sql(self, columns: Sequence[str]) -> str:
        """Raise: hundreds of exemplars make no SQL that anyone would run.

        Raises
        ------
        ParameterError
            Always, with what has SQL.
        """
        raise ParameterError(
            f"A model of {len(self.points)} exemplars over {len(columns)} columns has no SQL.",
            allowed="kmeans, bisecting-kmeans, gaussian-mixture, latent-class, tree and rules do.",
            hint="Find segments by one of them, or place customers with coterie assign.",
            where="sql",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON; numbers come back bit for bit."""
        return {
            "kind": self.kind,
            "points": self.points.tolist(),
            "owner": self.owner.tolist(),
            "reach": None if self.reach is None else self.reach.tolist(),
            "fidelity": self.fidelity,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ExemplarModel:
        """Return the model that ``to_dict`` wrote."""
        reach = None if data["reach"] is None else np.asarray(data["reach"], dtype=np.float64)
        points = np.asarray(data["points"], dtype=np.float64)
        return cls(points, np.asarray(data["owner"], np.int32), reach, float(data["fidelity"]))

    def _chunks(self, matrix: Floats) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
        """Yield squared distances of shape (n_segments, rows), and which rows are out of reach."""
        starts = np.searchsorted(self.owner, np.arange(self.n_segments))
        points = KMeansModel(self.points)
        for start in range(0, max(len(matrix), 1), CHUNK):
            costs = points.distances(matrix[start : start + CHUNK]).T
            outside = np.zeros(costs.shape[1], dtype=np.bool_)
            if self.reach is not None:
                outside = costs.min(axis=0) > self.reach[np.argmin(costs, axis=0)]
            yield np.minimum.reduceat(costs, starts, axis=0), outside


def exemplify(
    training: Training, own: Labels, *, seed: int, bounded: bool = False
) -> ExemplarModel:
    """Return the model that places customers as an algorithm labelled its rows.

    Parameters
    ----------
    training : Training
        The rows.
    own : int array, shape (n,)
        The algorithm's label of each, or ``NOISE``; at least one row is in a segment.
    seed : int
        Of the search for exemplars.
    bounded : bool, default False
        Whether customers far from all exemplars are in no segment.

    Returns
    -------
    ExemplarModel
        Segments are numbered by their means: first column, then the second …
    """
    rows, weights = training.rows, training.weights
    inside = np.unique(own[own != NOISE])
    means = np.array(
        [np.average(rows[own == i], axis=0, weights=weights[own == i]) for i in inside]
    )
    inside = inside[np.lexsort(means.T[::-1])]
    points, owner = [], []
    for number, label in enumerate(inside):
        mine = own == label
        found = _exemplars(rows[mine], weights[mine], MOST // len(inside), seed=seed)
        points.append(found)
        owner += [number] * len(found)
    known = np.full(len(own), NOISE, dtype=np.int32)
    for number, label in enumerate(inside):
        known[own == label] = number
    model = ExemplarModel(np.concatenate(points), np.asarray(owner, np.int32))
    if bounded:
        model = ExemplarModel(model.points, model.owner, _reach(model.points, rows, known))
    same = model.assign(rows) == known
    fidelity = float(np.average(same, weights=weights))
    return ExemplarModel(model.points, model.owner, model.reach, fidelity)


def micro_clusters(training: Training, most: int, *, seed: int) -> tuple[Floats, Floats, Ints]:
    """Return small groups of rows: the distinct rows, or about ``most`` means if those are more.

    Parameters
    ----------
    training : Training
        The rows.
    most : int
        Most groups.
    seed : int
        Of k-means.

    Returns
    -------
    (points, weights, member)
        Means of shape (m, n_columns), weights (m,), and the group of each row (n,).
    """
    if training.n_distinct <= most:
        points, weights = training.merged()
        return points, weights, training.distinct
    member = _means(training.rows, training.weights, most, seed=seed)
    groups, member = np.unique(member, return_inverse=True)
    points = _averages(training.rows, training.weights, member, len(groups))
    return points, np.bincount(member, weights=training.weights).astype(np.float64), member


def _exemplars(rows: Floats, weights: Floats, most: int, *, seed: int) -> Floats:
    """Return means of at least ``FLOOR`` rows each, or the one mean of fewer."""
    m = max(1, min(most, len(rows) // (2 * FLOOR)))
    member = _means(rows, weights, m, seed=seed)
    while True:
        groups, member, counts = np.unique(member, return_inverse=True, return_counts=True)
        points = _averages(rows, weights, member, len(groups))
        small = int(np.argmin(counts))
        if len(groups) == 1 or counts[small] >= FLOOR:
            return np.ascontiguousarray(points[np.lexsort(points.T[::-1])])
        kept = np.delete(np.arange(len(groups)), small)
        lost = member == small
        member[lost] = kept[KMeansModel(points[kept]).assign(rows[lost])]


def _means(rows: Floats, weights: Floats, m: int, *, seed: int) -> Ints:
    """Return the k-means group of each row, for at most ``m`` groups."""
    import sklearn.cluster

    distinct = 1 + int((rows[1:] != rows[:-1]).any(axis=1).sum())
    learner = sklearn.cluster.KMeans(min(m, distinct), n_init=1, max_iter=50, random_state=seed)
    with one_thread():
        return np.asarray(learner.fit(rows, sample_weight=weights).labels_, dtype=np.int64)


def _averages(rows: Floats, weights: Floats, member: Ints, m: int) -> Floats:
    total = np.bincount(member, weights=weights, minlength=m)
    columns = [np.bincount(member, weights=weights * column, minlength=m) for column in rows.T]
    return np.asarray(np.column_stack(columns) / total[:, None])


def _reach(points: Floats, rows: Floats, known: Labels) -> Floats:
    """Return the squared distance around each exemplar that best parts members from noise.

    The outermost of m members is not the border, which lies about an m-th farther out;
    but never nearer to noise than half the way.
    """
    nearest, distance = KMeansModel(points).nearest(rows)
    reach = np.zeros(len(points))
    for i in range(len(points)):
        near = nearest == i
        order = np.argsort(distance[near], kind="stable")
        far, inside = distance[near][order], (known[near] != NOISE)[order]
        if inside.any():
            gain = np.cumsum(np.where(inside, 1, -1))
            gain[:-1][far[1:] == far[:-1]] = -1  # a border never runs between equal distances
            last = len(gain) - 1 - int(np.argmax(gain[::-1]))
            edge, beyond = np.sqrt(far[last]), np.sqrt(far[last + 1 : last + 2])
            wider = edge * (1.0 + 1.0 / inside[: last + 1].sum())
            reach[i] = min(wider, *((edge + beyond) / 2)) ** 2 if len(beyond) else wider**2
            reach[i] = max(reach[i], far[last])  # squaring a root must not lose the outermost
    return reach
