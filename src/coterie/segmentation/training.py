"""What a fit is given, put in order: sorted rows, weights of mean 1, and no more k than rows.

Sorting comes first, so that no algorithm can depend on the order of the customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coterie.errors import DataError, ParameterError
from coterie.segmentation.base import Floats
from coterie.segmentation.nearest import check_matrix

_WEIGHTED_DRAWS = 1_000
"""Fewest rows drawn when weights differ, so that few rows still show their weights."""


@dataclass(frozen=True, eq=False)
class Training:
    """The rows of a fit, sorted by their columns.

    Parameters
    ----------
    rows : float64 array, shape (n, n_columns)
        Sorted by the first column, then the second …, then the weight.
    weights : float64 array, shape (n,)
        Of mean 1.
    distinct : int array, shape (n,)
        Number of each row among the distinct ones, from 0.
    k : int
        Segments asked for, at most the number of distinct rows.
    """

    rows: Floats
    weights: Floats
    distinct: NDArray[np.int64]
    k: int

    @classmethod
    def of(cls, matrix: Floats, k: int, weights: Floats | None = None) -> Training:
        """Check and sort what came.

        Parameters
        ----------
        matrix : float64 array, shape (n, n_columns)
            Finite values.
        k : int
            Number of segments, 1 or more.
        weights : float64 array, shape (n,), optional
            Default 1 for each row.

        Returns
        -------
        Training
            The same for the same rows in any order.

        Raises
        ------
        ParameterError
            If ``k`` is below 1, or a weight is not a number above 0.
        DataError
            If there are no rows or a value is not finite.

        Examples
        --------
        >>> Training.of(np.array([[3.0], [1.0], [3.0]]), 5).k
        2
        """
        if k < 1:
            raise ParameterError(f"k={k}.", allowed="k is 1 or more.", where="k")
        check_matrix(matrix, matrix.shape[-1])
        n = len(matrix)
        if not n:
            raise DataError("There are no rows to segment.")
        given = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
        if given.shape != (n,) or not (np.isfinite(given) & (given > 0)).all():
            raise ParameterError("A weight is missing or not a number above 0.", where="weights")
        order = np.lexsort((given, *matrix.T[::-1]))
        rows = np.ascontiguousarray(matrix[order], dtype=np.float64)
        new = (rows[1:] != rows[:-1]).any(axis=1)
        distinct = np.concatenate([[0], np.cumsum(new)])
        return cls(rows, given[order] / given.mean(), distinct, min(k, 1 + int(distinct[-1])))

    @property
    def n_distinct(self) -> int:
        """Number of distinct rows."""
        return 1 + int(self.distinct[-1])

    def merged(self) -> tuple[Floats, Floats]:
        """Return the distinct rows with the sum of their weights."""
        first = np.searchsorted(self.distinct, np.arange(self.n_distinct))
        weights = np.bincount(self.distinct, weights=self.weights)
        return self.rows[first], weights.astype(np.float64)

    def drawn(self, most: int, *, seed: int) -> Training:
        """Return at most ``most`` rows of weight 1, drawn with chances in proportion to weights.

        The draw is systematic (every n-th unit of weight of the sorted rows, from a seeded
        start), so with equal weights and few enough rows it is every row once.
        """
        equal = bool((self.weights == self.weights[0]).all())
        n = len(self.rows)
        size = min(most, n if equal else max(n, _WEIGHTED_DRAWS))
        total = np.cumsum(self.weights)
        start: Any = np.random.default_rng(seed).random()
        at = (np.arange(size) + start) * (total[-1] / size)
        taken = np.minimum(np.searchsorted(total, at, side="right"), n - 1)
        return Training.of(self.rows[taken], self.k)
