"""Least cost wins: the rule by which every model places customers, in Python and in SQL.

Ties go to the lower number in both, so neither has to break them otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coterie.engine.sql import identifier
from coterie.errors import DataError, ParameterError
from coterie.segmentation.base import Floats, Placement

CHUNK = 4_096
"""Rows whose costs fit in the processor's cache."""


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
    label = np.argmin(costs, axis=0)
    if len(costs) == 1:
        return Placement(label.astype(np.int32), label.astype(np.int32), np.ones(label.size))
    row = np.arange(label.size)
    best = costs[label, row]
    costs[label, row] = np.inf
    second = np.argmin(costs, axis=0)
    then = costs[second, row]
    margin = np.divide(then - best, then, out=np.zeros(label.size), where=then > 0)
    return Placement(label.astype(np.int32), second.astype(np.int32), margin)


def check_matrix(matrix: Floats, n_columns: int) -> None:
    """Refuse a matrix that a model of ``n_columns`` columns cannot place.

    Raises
    ------
    DataError
        If a value is not finite or the number of columns differs.
    """
    if matrix.ndim != 2 or matrix.shape[1] != n_columns:
        raise DataError(
            f"The matrix has shape {matrix.shape}; the model needs {n_columns} columns."
        )
    if not np.isfinite(matrix).all():
        bad = int((~np.isfinite(matrix)).sum())
        raise DataError(f"{bad:,} of {matrix.size:,} values are not finite; fill or drop them.")


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
