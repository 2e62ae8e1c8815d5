"""k-means: segments as the customers nearest to a centre, in Python and in SQL alike.

Distances are summed column by column without BLAS, so a row's distance never depends
on its neighbours, on threads or on the batch, and equals the engine's to the last bit.
A product in single precision finds the nearest centre of nearly everybody first; only where
its rounding could matter are the distances themselves compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from coterie.engine.sql import identifier
from coterie.errors import DataError, ParameterError
from coterie.features.column import double
from coterie.features.threads import one_thread
from coterie.segmentation.base import Floats, Labels, Placement, Traits
from coterie.segmentation.nearest import (
    all_finite,
    check_matrix,
    check_names,
    check_shape,
    least,
    nearest_sql,
    place_by_cost,
    place_sql,
)

_N_INIT = 5
_ROWS = 8_192
"""Rows worked on at a time: their distances to a dozen centres stay in the cache."""
_ROUNDING = 8 * float(np.finfo(np.float32).eps)
"""More than two scores can be off in single precision, for each term and its largest square."""
_UNDERFLOW = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class KMeansModel:
    """Centres, and the rule that a customer belongs to the nearest one.

    Parameters
    ----------
    centroids : float64 array, shape (n_segments, n_columns)
        One centre a segment, in the units of the matrix.
    fidelity : float, default 1
        Share of the fitted rows whose nearest centre is that of their segment.

    Examples
    --------
    >>> model = KMeansModel(np.array([[0.0], [4.0]]))
    >>> model.assign(np.array([[1.0], [2.0], [9.0]])).tolist()
    [0, 0, 1]
    """

    centroids: Floats
    fidelity: float = 1.0
    """1 for k-means, whose own labels are the nearest centres."""
    kind: ClassVar[str] = "kmeans"

    def __post_init__(self) -> None:
        if self.centroids.ndim != 2 or not self.centroids.size:
            raise ParameterError(
                f"Centroids of shape {self.centroids.shape}.", allowed="Give (segments, columns)."
            )
        if not np.isfinite(self.centroids).all():
            raise ParameterError("A centroid is not finite.")

    @property
    def n_segments(self) -> int:
        """Number of segments."""
        return len(self.centroids)

    def distances(self, matrix: Floats) -> Floats:
        """Return the squared distance of each row to each centre.

        Parameters
        ----------
        matrix : float64 array, shape (n, n_columns)
            Finite values.

        Returns
        -------
        float64 array, shape (n, n_segments)
            Squared Euclidean distances in the order of the rows.

        Raises
        ------
        DataError
            If a value is not finite or the number of columns differs from the model's.
        """
        out = np.empty((len(matrix), self.n_segments))
        for rows, part, room in self._chunks(matrix):
            out[part] = self._costs(rows, room).T
        return out

    def assign(self, matrix: Floats) -> Labels:
        """Return the nearest centre of each row, int32 of shape (n,); ties to the lower number.

        Raises
        ------
        DataError
            If a value is not finite or the number of columns differs from the model's.
        """
        check_shape(matrix, self.centroids.shape[1])
        labels = np.empty(len(matrix), dtype=np.int32)
        unsure = self._guess(matrix, labels)
        for rows, part, room in self._chunks(matrix[unsure]):
            labels[unsure[part]] = least(self._costs(rows, room))[0]
        return labels

    def nearest(self, matrix: Floats) -> tuple[Labels, Floats]:
        """Return ``assign`` and the squared distance to that centre, both of shape (n,).

        Raises
        ------
        DataError
            If a value is not finite or the number of columns differs from the model's.
        """
        labels = self.assign(matrix)
        distances = np.zeros(len(matrix))
        for start in range(0, len(matrix), _ROWS):
            part = slice(start, start + _ROWS)
            for values, centre in zip(matrix[part].T, self.centroids.T, strict=True):
                apart = values - centre[labels[part]]
                distances[part] += np.multiply(apart, apart, out=apart)
        return labels, distances

    def place(self, matrix: Floats) -> Placement:
        """Return segment, runner-up and margin of each row.

        The margin is ``(second - best) / second`` in squared distances: 0 on the
        border, 1 at the centre. With one segment the runner-up is the segment itself
        and the margin 1.

        Raises
        ------
        DataError
            If a value is not finite or the number of columns differs from the model's.

        Examples
        --------
        >>> KMeansModel(np.array([[0.0], [4.0]])).place(np.array([[1.0]])).margin.round(3).tolist()
        [0.889]
        """
        n = len(matrix)
        out = Placement(np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n))
        for rows, part, room in self._chunks(matrix):
            found = place_by_cost(self._costs(rows, room))
            out.segment[part], out.second[part], out.margin[part] = found
        return out

    def sql(self, columns: Sequence[str]) -> str:
        """Return an SQL expression for ``assign`` over matrix columns of these names.

        Parameters
        ----------
        columns : sequence of str
            Names in the order of the matrix; they are quoted here.

        Returns
        -------
        str
            Portable SQL that gives the same integer as ``assign``.

        Raises
        ------
        ParameterError
            If the number of names differs from the model's columns.

        Examples
        --------
        >>> KMeansModel(np.array([[0.0]])).sql(["a"])
        '0'
        """
        return nearest_sql(self._distance_sql(columns))

    def sql_select(self, relation: str, columns: Sequence[str], keep: Sequence[str]) -> str:
        """Return a SELECT of ``keep``, ``segment``, ``second`` and ``margin`` over a relation.

        Parameters
        ----------
        relation : str
            Name of the table that holds the matrix; it is quoted here.
        columns : sequence of str
            Matrix columns in order.
        keep : sequence of str
            Columns handed through, such as the customer id.

        Returns
        -------
        str
            Portable SQL; the values are those of ``place``.

        Raises
        ------
        ParameterError
            If the number of names differs from the model's columns.
        """
        margin = "(d2__next - d2__best) / d2__next"
        return place_sql(
            relation,
            self._distance_sql(columns),
            keep,
            margin=f"CASE WHEN d2__next > 0 THEN {margin} ELSE CAST(0 AS DOUBLE) END",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON; numbers come back bit for bit."""
        return {"kind": self.kind, "centroids": self.centroids.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> KMeansModel:
        """Return the model that ``to_dict`` wrote."""
        return cls(np.asarray(data["centroids"], dtype=np.float64))

    def _chunks(self, matrix: Floats) -> Iterator[tuple[Floats, slice, Floats]]:
        """Yield runs of rows as (n_columns, rows), where they stand, and room to work in.

        The room is the same each time: to ask for fresh memory takes as long as the work.
        """
        check_shape(matrix, self.centroids.shape[1])
        room = np.empty((2, self.n_segments, min(len(matrix), _ROWS)))
        for start in range(0, len(matrix), _ROWS):
            part = slice(start, start + _ROWS)
            rows = np.ascontiguousarray(matrix[part].T, dtype=np.float64)
            if not all_finite(rows):
                check_matrix(matrix, self.centroids.shape[1])  # tells how many are not
            yield rows, part, room[:, :, : rows.shape[1]]

    def _costs(self, rows: Floats, room: Floats) -> Floats:
        """Return squared distances, shape (n_segments, rows), in ``room``."""
        total: Floats = room[0]
        part = room[1]
        for i, (values, centre) in enumerate(zip(rows, self.centroids.T, strict=True)):
            into = part if i else total
            np.subtract(values, centre[:, None], out=into)
            np.multiply(into, into, out=into)
            if i:
                np.add(total, part, out=total)
        return total

    def _guess(self, matrix: Floats, labels: Labels) -> NDArray[np.intp]:
        """Write the nearest centre of each row, and return the rows that need a closer look.

        |c|² - 2xc is |x - c|² less what all centres share. Whose second least comes within
        the rounding errors of this way and of ``_costs`` may have another nearest there.
        """
        n_columns = matrix.shape[1]
        unsure = [np.empty(0, dtype=np.intp)]
        rows = np.ones((n_columns + 1, min(len(matrix), _ROWS)), dtype=np.float32)
        scores = np.empty((self.n_segments, rows.shape[1]), dtype=np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            squares = (self.centroids**2).sum(axis=1)
            centres = np.column_stack([-2 * self.centroids, squares]).astype(np.float32)
            for start in range(0, len(matrix), _ROWS):
                part = slice(start, start + _ROWS)
                m = len(labels[part])
                rows[:-1, :m] = matrix[part].T
                if not all_finite(rows[:-1, :m]):
                    check_matrix(matrix, n_columns)  # tells how many are not
                np.matmul(centres, rows[:, :m], out=scores[:, :m])
                labels[part], best = least(scores[:, :m])
                size = float(np.abs(self.centroids).max()) + max(
                    float(rows[:-1, :m].max()), -float(rows[:-1, :m].min())
                )
                best += _ROUNDING * (n_columns + 1) * n_columns * size * size + _UNDERFLOW
                rivals = (scores[:, :m] <= best).sum(axis=0, dtype=np.int16)
                unsure.append(start + np.flatnonzero(rivals != 1))
        return np.concatenate(unsure)

    def _distance_sql(self, columns: Sequence[str]) -> list[str]:
        check_names(columns, self.centroids.shape[1])
        names = [identifier(name) for name in columns]
        return [
            " + ".join(
                f"({name} - {number}) * ({name} - {number})"
                for name, number in zip(names, map(double, centre), strict=True)
            )
            for centre in self.centroids.tolist()
        ]


class KMeans:
    """Lloyd's k-means from five k-means++ starts, seeded, on one thread.

    Rows are sorted first, so their order does not matter, and segments are numbered by
    their centres (first column, then the second …), so equal data gives equal numbers.

    References
    ----------
    Lloyd (1982), Least squares quantization in PCM; Arthur & Vassilvitskii (2007),
    k-means++: the advantages of careful seeding.
    """

    name = "kmeans"
    traits = Traits("round groups of any data; the default", sql=True)
    models = (KMeansModel,)

    def fit(
        self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None
    ) -> KMeansModel:
        """Fit at most ``k`` segments to the rows of ``matrix``.

        Parameters
        ----------
        matrix : float64 array, shape (n, n_columns)
            Finite values; a sample of 50,000 rows is enough, see ``lloyd.refine``.
        k : int
            Number of segments, 1 or more. There are fewer if fewer distinct rows exist.
        seed : int
            Of the starts.
        weights : float64 array, shape (n,), optional
            Weight of each row.

        Returns
        -------
        KMeansModel
            The best of the starts by within-segment sum of squares.

        Raises
        ------
        ParameterError
            If ``k`` is below 1.
        DataError
            If there are no rows or a value is not finite.

        Examples
        --------
        >>> rows = np.array([[9.0], [0.0], [1.0], [10.0]])
        >>> KMeans().fit(rows, 2, seed=0).centroids.tolist()
        [[0.5], [9.5]]
        """
        if k < 1:
            raise ParameterError(f"k={k}.", allowed="k is 1 or more.", where="k")
        check_matrix(matrix, matrix.shape[1])
        if not len(matrix):
            raise DataError("There are no rows to segment.")
        order = np.lexsort(matrix.T[::-1])
        rows = np.ascontiguousarray(matrix[order], dtype=np.float64)
        distinct = 1 + int((rows[1:] != rows[:-1]).any(axis=1).sum())
        import sklearn.cluster

        fitted = sklearn.cluster.KMeans(min(k, distinct), n_init=_N_INIT, random_state=seed)
        with one_thread():
            fitted.fit(rows, sample_weight=None if weights is None else weights[order])
        return _numbered(fitted.cluster_centers_)


def _numbered(centroids: Floats) -> KMeansModel:
    return KMeansModel(np.ascontiguousarray(centroids[np.lexsort(centroids.T[::-1])]))
