"""Why a customer is in her segment and not in the next nearest, in two short phrases.

A column speaks for a segment by as much as it brings the customer nearer to its
centre than to the centre of the runner-up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.features.matrix import Matrix
from coterie.segmentation.base import Floats, Model, Placement
from coterie.segmentation.centroids import KMeansModel

N_REASONS = 2


def reasons(
    table: pa.Table,
    matrix: Matrix,
    model: Model,
    labels: Mapping[str, str],
    *,
    say: Callable[[str, Any], str] | None = None,
    known: tuple[Floats, Placement] | None = None,
) -> list[list[str]]:
    """Return at most two phrases a customer, the strongest first.

    Parameters
    ----------
    table : pa.Table
        The columns the matrix reads, one row a customer.
    matrix, model : Matrix and Model
        As fitted. Models without centres (a grid) give no reasons.
    labels : mapping of str to str
        Words for the columns.
    say : callable, optional
        Writes a value of a column; by default four figures of a number.
    known : (float64 array, Placement), optional
        What ``matrix`` makes of the table, and where ``model`` places that, if it is known.

    Returns
    -------
    list of list of str
        In the order of the rows, such as ``["Days since last order: 3"]``.

    Examples
    --------
    >>> from coterie.features.matrix import Wanted
    >>> table = pa.table({"visits": [0.0, 1.0, 9.0, 10.0]})
    >>> matrix = Matrix.fit(table, [Wanted("visits", transform="none")])
    >>> reasons(table, matrix, KMeansModel(np.array([[-1.0], [1.0]])), {})[3]
    ['visits: 10']
    """
    if not isinstance(model, KMeansModel) or model.n_segments < 2:
        return [[] for _ in range(table.num_rows)]
    if known is None:
        rows = matrix.transform(table)
        known = rows, model.place(rows)
    rows, placed = known
    own, other = model.centroids[placed.segment], model.centroids[placed.second]
    speaks: Floats = (rows - other) ** 2 - (rows - own) ** 2
    # a column never speaks by less than nothing, and ties keep the order of the columns
    order = np.argsort(-speaks, axis=1, kind="stable")[:, :N_REASONS]
    speaking = {int(j) for j in order.ravel()}
    sources = [column.source for column in matrix.columns]
    values = {sources[j]: table.column(sources[j]).to_pylist() for j in speaking}
    write = say or _written
    return [
        list(
            dict.fromkeys(
                f"{labels.get(sources[j], sources[j])}: {write(sources[j], values[sources[j]][i])}"
                for j in columns
                if speaks[i, j] > 0
            )
        )
        for i, columns in enumerate(order)
    ]


def _written(_: str, value: object) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
