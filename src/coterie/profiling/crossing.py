"""The matrix of moves from segments to segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coterie.profiling.migration import ABSENT

Step = Literal["all", "behaviour", "model"]
STEPS: dict[Step, tuple[str, str]] = {
    "all": ("from_id", "to_id"),
    "behaviour": ("from_id", "via_id"),
    "model": ("via_id", "to_id"),
}
"""Between which columns of a migration each step lies."""


@dataclass(frozen=True)
class Crossing:
    """How many customers went from which segment to which.

    Parameters
    ----------
    rows, columns : tuple of str
        Segment ids; ``none`` and ``absent`` come last.
    counts : int64 array, shape (n_rows, n_columns)
        Customers.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: NDArray[np.int64]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Where the customers of each row went: every row adds up to 1, or to 0 if empty."""
        shares: NDArray[np.float64] = self.counts / np.maximum(
            self.counts.sum(axis=1, keepdims=True), 1
        )
        return shares

    def to_dict(
        self, hidden: NDArray[np.bool_] | None = None, sums: NDArray[np.bool_] | None = None
    ) -> dict[str, Any]:
        """Return it as JSON.

        Parameters
        ----------
        hidden : bool array, shape (n_rows, n_columns), optional
            Cells that are None.
        sums : bool array, shape (n_rows,), optional
            Rows whose sum must not follow from a share.

        Returns
        -------
        dict
            rows, columns, customers, shares.
        """
        counts, shares = self.counts.astype(object), self.shares.astype(object)
        if hidden is not None:
            counts[hidden], shares[hidden] = None, None
        if sums is not None:
            shares[sums] = None
        return {
            "rows": list(self.rows),
            "columns": list(self.columns),
            "customers": counts.tolist(),
            "shares": shares.tolist(),
        }


def crossing(
    migration: pa.Table, step: Step = "all", causes: Sequence[str] = (), order: Sequence[str] = ()
) -> Crossing:
    """Return the matrix of a migration, or of one step of it.

    Parameters
    ----------
    migration : pa.Table
        Columns of ``MIGRATION``.
    step : {"all", "behaviour", "model"}
        From before to now; to where the old model puts them now; or on from there.
    causes : sequence of str, optional
        Only these; empty for all.
    order : sequence of str, optional
        Segment ids in the order wanted; others follow by id.

    Returns
    -------
    Crossing
        Every customer counted is in exactly one cell.

    Examples
    --------
    >>> from coterie.profiling.migration import MIGRATION
    >>> rows = [{"from_id": "a", "via_id": "a", "to_id": "b", "cause": "border", "customers": 3}]
    >>> found = crossing(pa.Table.from_pylist(rows, schema=MIGRATION))
    >>> found.rows, found.columns, found.counts.tolist()
    (('a',), ('b',), [[3]])
    """
    start, end = STEPS[step]
    rows = [
        row
        for row in migration.to_pylist()
        if (not causes or row["cause"] in causes) and row[start] is not None and row[end]
    ]
    froms = _in_order({row[start] for row in rows}, order)
    tos = _in_order({row[end] for row in rows}, order)
    counts = np.zeros((len(froms), len(tos)), dtype=np.int64)
    for row in rows:
        counts[froms.index(row[start]), tos.index(row[end])] += row["customers"]
    return Crossing(froms, tos, counts)


def _in_order(ids: set[str], order: Sequence[str]) -> tuple[str, ...]:
    last = ("none", ABSENT)
    wanted = list(order)
    place = {name: i for i, name in enumerate(wanted)}
    return tuple(
        sorted(ids, key=lambda n: (last.index(n) + 1 if n in last else 0, place.get(n, 999), n))
    )
