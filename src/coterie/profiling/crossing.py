"""The matrix of moves from segments to segments, and which of its cells must stay hidden.

Hiding a small cell is not enough where the sums of rows and columns are shown: a second,
third and fourth cell are hidden with it, so that none of them can be worked out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse.csgraph import csgraph_from_dense, dijkstra

from coterie.profiling.migration import ABSENT, causes_of

FLOOR = 25
"""Least customers of a cell that leaves the tool."""
Step = Literal["all", "behaviour", "model"]
_STEPS: dict[Step, tuple[str, str]] = {
    "all": ("from_id", "to_id"),
    "behaviour": ("from_id", "via_id"),
    "model": ("via_id", "to_id"),
}


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

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "rows": list(self.rows),
            "columns": list(self.columns),
            "customers": self.counts.tolist(),
            "shares": self.shares.tolist(),
        }

    def hidden(self, floor: int = FLOOR) -> NDArray[np.bool_]:
        """Return which cells must not leave the tool; see ``hidden_cells``."""
        return hidden_cells(self.counts, floor)


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
    start, end = _STEPS[step]
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


def flows_dict(
    migration: pa.Table, segments: Mapping[str, Mapping[str, Any]], start: str, end: str
) -> dict[str, Any]:
    """Return a migration as JSON, with the matrices of its steps.

    Parameters
    ----------
    migration : pa.Table
        Columns of ``MIGRATION``.
    segments : mapping of str to mapping
        Segment id to its ``name`` and ``slot``, in the order wanted.
    start, end : str
        What the two moments are called.

    Returns
    -------
    dict
        from, to, causes, segments, items (the rows), total, customers, and the matrices ``all``,
        ``by_behaviour`` and ``by_model``.

    Examples
    --------
    >>> from coterie.profiling.migration import MIGRATION
    >>> flows_dict(MIGRATION.empty_table(), {}, "r1", "r2")["customers"]
    0
    """
    order = list(segments)
    return {
        "from": start,
        "to": end,
        "causes": causes_of(migration),
        "segments": [{"id": name, **known} for name, known in segments.items()],
        "items": migration.to_pylist(),
        "total": migration.num_rows,
        "customers": sum(migration["customers"].to_pylist()),
        "all": crossing(migration, order=order).to_dict(),
        "by_behaviour": crossing(migration, "behaviour", order=order).to_dict(),
        "by_model": crossing(migration, "model", order=order).to_dict(),
    }


def _in_order(ids: set[str], order: Sequence[str]) -> tuple[str, ...]:
    last = ("none", ABSENT)
    wanted = list(order)
    place = {name: i for i, name in enumerate(wanted)}
    return tuple(
        sorted(ids, key=lambda n: (last.index(n) + 1 if n in last else 0, place.get(n, 999), n))
    )


def hidden_cells(counts: NDArray[np.int64], floor: int = FLOOR) -> NDArray[np.bool_]:
    """Return which cells must be hidden so that none below the floor can be worked out.

    Cells of 1 to ``floor - 1`` are hidden, and others with them until no hidden cell
    follows from the sums of rows and columns, which may be shown.

    Parameters
    ----------
    counts : int64 array, shape (n_rows, n_columns)
        Customers.
    floor : int, default 25
        Least customers that may be shown.

    Returns
    -------
    bool array, shape (n_rows, n_columns)
        True where the cell is hidden; the smallest neighbour is hidden with it.

    References
    ----------
    Hundepool et al. (2012), Statistical Disclosure Control: complementary suppression.

    Examples
    --------
    >>> hidden_cells(np.array([[3, 100, 40], [50, 60, 70], [80, 90, 30]])).tolist()
    [[True, False, True], [False, False, False], [True, False, True]]
    """
    hidden = (counts > 0) & (counts < floor)
    while (known := _worked_out(hidden)) is not None:
        way = _cheapest_ring(counts, hidden, known)
        if not way:  # a single row or column: its sum says all
            return np.ones_like(hidden)
        for cell in way:
            hidden[cell] = True
    return hidden


def _cheapest_ring(
    counts: NDArray[np.int64], hidden: NDArray[np.bool_], known: tuple[int, int]
) -> list[tuple[int, int]]:
    """Return the cells that close a ring of hidden cells through ``known``, the fewest customers.

    A ring runs along rows and columns in turn; its cells can change without changing a sum.
    """
    n_rows = len(counts)
    cost = np.where(hidden, 0.0, counts + 1.0)
    cost[~hidden & (counts == 0)] = float(counts.sum()) + 1.0  # an empty cell hides little
    cost[known] = np.inf
    links = np.full((sum(counts.shape),) * 2, np.inf)
    links[:n_rows, n_rows:] = cost
    links[n_rows:, :n_rows] = cost.T
    graph = csgraph_from_dense(links, null_value=np.inf)
    row, column = known[0], n_rows + known[1]
    length, before = dijkstra(graph, indices=row, return_predecessors=True)
    if not np.isfinite(length[column]):
        return []
    way = []
    at = column
    while at != row:
        back = int(before[at])
        way.append((min(at, back), max(at, back) - n_rows))
        at = back
    return way


def _worked_out(hidden: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Return a hidden cell that follows from the sums of its row and column, if one does."""
    cells = np.argwhere(hidden)
    if not len(cells):
        return None
    n_rows = hidden.shape[0]
    equations = np.zeros((sum(hidden.shape), len(cells)))
    equations[cells[:, 0], np.arange(len(cells))] = 1
    equations[n_rows + cells[:, 1], np.arange(len(cells))] = 1
    _, sizes, right = np.linalg.svd(equations)
    rank = int((sizes > 1e-9).sum())
    free = np.abs(right[rank:]).max(axis=0, initial=0.0) > 1e-9
    if free.all():
        return None
    row, column = cells[np.flatnonzero(~free)[0]].tolist()
    return row, column
