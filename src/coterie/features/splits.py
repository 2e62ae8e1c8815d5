"""Binary trees of questions about columns, in numpy and as nested CASE.

Thresholds are compared in double precision on both sides, and a missing value goes the
way of "no", so a customer ends at the same leaf wherever she is placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coterie.features.column import double


@dataclass(frozen=True)
class Split:
    """A question of a tree, whether a column is at most the threshold.

    Parameters
    ----------
    column : int
        Column of the matrix.
    threshold : float
    yes, no : int
        The next split, by its place in the list; below 0 the leaf, as ``-1 - leaf``.
    """

    column: int
    threshold: float
    yes: int
    no: int


def leaves_of(splits: Sequence[Split], matrix: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the leaf of each row.

    Parameters
    ----------
    splits : sequence of Split
        The first is the root, and parents stand before their children; none is one leaf.
    matrix : float64 array, shape (n, n_columns)
        Its rows; NaN is above every threshold.

    Returns
    -------
    int32 array, shape (n,)
        Numbers from 0.

    Examples
    --------
    >>> splits = (Split(0, 0.5, -1, 1), Split(0, 9.0, -2, -3))
    >>> leaves_of(splits, np.array([[0.5], [9.0], [np.nan]])).tolist()
    [0, 1, 2]
    """
    at = np.full(len(matrix), 0 if splits else -1, dtype=np.int32)
    for number, split in enumerate(splits):
        here = np.flatnonzero(at == number)
        below = matrix[here, split.column] <= split.threshold
        at[here] = np.where(below, split.yes, split.no)
    return -1 - at


def case_sql(
    splits: Sequence[Split], columns: Sequence[str], leaves: Sequence[str], at: int = 0
) -> str:
    """Return ``leaves_of`` as a portable SQL expression.

    Parameters
    ----------
    splits : sequence of Split
        See ``leaves_of``.
    columns : sequence of str
        SQL of each column.
    leaves : sequence of str
        SQL of what each leaf gives.
    at : int, default 0
        Where to begin, as ``Split.yes`` says it.

    Returns
    -------
    str
        Nested CASE.

    Examples
    --------
    >>> case_sql((Split(0, 0.5, -1, -2),), ['"x"'], ["1", "2"])
    'CASE WHEN "x" <= CAST(0.5e0 AS DOUBLE) THEN 1 ELSE 2 END'
    """
    if not splits or at < 0:
        return leaves[-1 - at if splits else 0]
    split = splits[at]
    test = f"{columns[split.column]} <= {double(split.threshold)}"
    yes = case_sql(splits, columns, leaves, split.yes)
    no = case_sql(splits, columns, leaves, split.no)
    return f"CASE WHEN {test} THEN {yes} ELSE {no} END"
