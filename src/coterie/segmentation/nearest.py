"""Least cost wins: the rule by which every model places customers, in Python and in SQL.

Ties go to the lower number in both, so neither has to break them otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from coterie.engine.sql import identifier
from coterie.errors import DataError, ParameterError
from coterie.segmentation.base import Floats, Labels, Placement

Number = TypeVar("Number", bound=np.floating[Any])

CHUNK = 4_096
"""Rows whose costs fit in the processor's cache."""


def least(costs: NDArray[Number]) -> tuple[Labels, NDArray[Number]]:
    """Return the number of the least cost of each row, the lowest if several are, and the cost.

    Parameters
    ----------
    costs : array of floats, shape (n_segments, n)
        Cost of each segment for each row.

    Returns
    -------
    (int32 array, array like ``costs``)
        Both of shape (n,).

    Examples
    --------
    >>> number, cost = least(np.array([[4.0, 1.0], [2.0, 1.0]]))
    >>> number.tolist(), cost.tolist()
    ([1, 0], [2.0, 1.0])
    """
    cost = costs[0].copy()
    number = np.zeros(cost.size, dtype=np.int32)
    less, mine = np.empty(cost.size, dtype=np.bool_), np.empty_like(number)
    # A masked write goes row by row. The last number that was less is the greatest one.
    for i in range(1, len(costs)):
        np.less(costs[i], cost, out=less)
        np.multiply(less, np.int32(i), out=mine)
        np.maximum(number, mine, out=number)
        np.minimum(cost, costs[i], out=cost)
    return number, cost


def place_by_cost(costs: Floats) -> Placement:
    """Return segment, runner-up and margin from costs of 0 or more.

    Parameters
    ----------
    costs : float64 array, shape (n_segments, n)
        Cost of each segment for each row; it is overwritten.

    Returns
    -------
    Placement
        The margin is ``(second - best) / second``; 1 with a single segment.

    Examples
    --------
    >>> place_by_cost(np.array([[1.0], [4.0]])).margin.tolist()
    [0.75]
    """
    label, best = least(costs)
    if len(costs) == 1:
        return Placement(label, label, np.ones(label.size))
    costs[label, np.arange(label.size)] = np.inf
    second, then = least(costs)
    margin = np.divide(then - best, then, out=np.zeros(label.size), where=then > 0)
    return Placement(label, second, margin)


def check_matrix(matrix: Floats, n_columns: int) -> None:
    """Refuse a matrix that a model of ``n_columns`` columns cannot place.

    Raises
    ------
    DataError
        If a value is not finite or the number of columns differs.
    """
    check_shape(matrix, n_columns)
    if not all_finite(matrix):
        bad = int((~np.isfinite(matrix)).sum())
        raise DataError(f"{bad:,} of {matrix.size:,} values are not finite; fill or drop them.")


def check_shape(matrix: Floats, n_columns: int) -> None:
    """Refuse what is not a matrix of ``n_columns`` columns.

    Raises
    ------
    DataError
        If the number of columns differs.
    """
    if matrix.ndim != 2 or matrix.shape[1] != n_columns:
        raise DataError(
            f"The matrix has shape {matrix.shape}; the model needs {n_columns} columns."
        )


def all_finite(values: NDArray[np.floating[Any]]) -> bool:
    """Return whether no value is infinite or NaN, without an array as large as the values.

    Examples
    --------
    >>> all_finite(np.array([1.0, 2.0])), all_finite(np.array([1.0, np.nan]))
    (True, False)
    """
    return not values.size or (math.isfinite(values.min()) and math.isfinite(values.max()))


def check_names(columns: Sequence[str], n_columns: int) -> None:
    """Refuse column names for SQL that are not as many as the model's columns.

    Raises
    ------
    ParameterError
        If the number of names differs.
    """
    if len(columns) != n_columns:
        raise ParameterError(f"{len(columns)} column names for a model of {n_columns} columns.")


def least_sql(terms: Sequence[str]) -> str:
    """Return SQL for the least of the terms.

    Examples
    --------
    >>> least_sql(["a"]), least_sql(["a", "b"])
    ('a', 'LEAST(a, b)')
    """
    return terms[0] if len(terms) == 1 else f"LEAST({', '.join(terms)})"


def nearest_sql(terms: Sequence[str], names: Sequence[str] = ()) -> str:
    """Return SQL for the number of the least term: its place in ``names``, else in ``terms``.

    Examples
    --------
    >>> nearest_sql(["a", "b"])
    'CASE LEAST(a, b) WHEN a THEN 0 WHEN b THEN 1 END'
    """
    numbers = [names.index(term) for term in terms] if names else list(range(len(terms)))
    if len(terms) == 1:
        return str(numbers[0])
    whens = " ".join(f"WHEN {term} THEN {i}" for term, i in zip(terms, numbers, strict=True))
    return f"CASE {least_sql(terms)} {whens} END"


def place_sql(
    relation: str, costs: Sequence[str], keep: Sequence[str], *, margin: str, more: str = ""
) -> str:
    """Return a SELECT of ``keep``, ``segment``, ``second`` and ``margin`` over a relation.

    Each cost is worked out once, in a sub-select, where a single expression repeats it.

    Parameters
    ----------
    relation : str
        Name of the table that holds the matrix; it is quoted here.
    costs : sequence of str
        SQL for the cost of each segment.
    keep : sequence of str
        Columns handed through; they are quoted here.
    margin : str
        SQL for the margin over ``d2__best``, ``d2__next`` and what ``more`` names.
    more : str
        Further columns over ``d2__best`` and the costs ``d2__0``, ``d2__1`` …, each with a
        comma before it.

    Returns
    -------
    str
        Portable SQL; ties go to the lower number.
    """
    kept = "".join(f"{identifier(name)}, " for name in keep)
    if len(costs) == 1:
        one = "0 AS segment, 0 AS second, CAST(1 AS DOUBLE) AS margin"
        return f"SELECT {kept}{one} FROM {identifier(relation)}"
    names = [f"d2__{i}" for i in range(len(costs))]
    each = ", ".join(f"{d} AS {name}" for d, name in zip(costs, names, strict=True))
    others = [[name for name in names if name != mine] for mine in names]
    second = _cases([nearest_sql(rest, names) for rest in others])
    value = _cases([least_sql(rest) for rest in others])
    each_distance = f"SELECT {kept}{each} FROM {identifier(relation)}"
    nearest = (
        f"SELECT {kept}{', '.join(names)}, {nearest_sql(names)} AS segment, "
        f"{least_sql(names)} AS d2__best FROM ({each_distance}) AS d"
    )
    runner_up = (
        f"SELECT {kept}segment, d2__best, {second} AS second, {value} AS d2__next{more} "
        f"FROM ({nearest}) AS s"
    )
    return f"SELECT {kept}segment, second, {margin} AS margin FROM ({runner_up}) AS n"


def _cases(values: Sequence[str]) -> str:
    whens = " ".join(f"WHEN {i} THEN {value}" for i, value in enumerate(values))
    return f"CASE segment {whens} END"
