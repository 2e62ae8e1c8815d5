"""What must stay hidden of counts and sums that leave, so that nobody can work it out.

A number under the floor is hidden, and others with it until every hidden one could, for all
that is shown, be anything from 0 to the floor: not only not known exactly, as is usual.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import scipy
from numpy.typing import NDArray

from coterie.errors import DataError, ParameterError

FLOOR = 25
"""Least customers of a number that leaves the tool or reaches a viewer."""
LEAST = 10
"""Least floor that may be set."""
ONE, TWO = 0.5, 0.8
"""Parts of a sum of money that one customer and two may make at most."""
FEW = "Under {floor} customers, or such a number would follow from it: hidden to protect them."
DOMINATED = "One or two customers make most of it, or such a sum would follow: hidden."

Key = TypeVar("Key", bound=Hashable)
_ENOUGH = 1e-6
_FREE = 1e-3
"""What it costs to move a customer of a hidden cell; of a shown one its customers."""


def check_floor(floor: int) -> int:
    """Return a floor that is allowed.

    Raises
    ------
    ParameterError
        If it is under 10.
    """
    if floor < LEAST:
        raise ParameterError(f"floor={floor}.", allowed=f"floor is {LEAST} or more.", where="floor")
    return floor


def suppress(
    counts: Mapping[Key, int],
    sums: Sequence[tuple[Key, Collection[Key]]],
    floor: int = FLOOR,
    *,
    also: Collection[Key] = (),
) -> frozenset[Key]:
    """Return which counts must be hidden.

    Whoever sees the others, knows which are sums of which and that none is negative, can say
    of a hidden count under the floor no more than that it is some number from 0 to at
    least ``floor - 1``. This holds for real numbers; where counts form tables of rows and
    columns it holds for whole ones, too.

    Parameters
    ----------
    counts : mapping of key to int
        All that would be published: cells, and the sums of rows, columns and tables. 0 or more.
    sums : sequence of (key, keys)
        A count, and those of which it is the sum. Tables that share a row or a sum share its
        key, and are protected together.
    floor : int, default 25
        Counts under it are hidden, 0 like all others: nobody is seen to be nowhere.
    also : collection of keys, optional
        Hidden as well, whatever they are; each can be told no better than to
        ``floor - 1`` customers.

    Returns
    -------
    frozenset of keys
        Those under the floor and ``also``, and with them as few other customers as a linear
        program, solved for one of these after the other, finds.

    Raises
    ------
    DataError
        If a count is negative, or a sum is not that of its parts.
    ParameterError
        If the floor is under 10.

    References
    ----------
    Fischetti, M., Salazar, J.-J. (2000). Models and algorithms for optimizing cell suppression
    in tabular data with linear constraints. JASA 95. The order of the cells is ours, and that
    intervals found for one cell count for all.

    Examples
    --------
    Three segments and all customers: 7 would follow from the others, so 40 is hidden with it.

    >>> counts = {"a": 300, "b": 40, "c": 7, "all": 347}
    >>> sorted(suppress(counts, [("all", "abc")]))
    ['b', 'c']
    """
    check_floor(floor)
    keys = list(counts)
    n = np.array([counts[key] for key in keys], dtype=np.float64)
    rows = _equations(keys, n, sums)
    at = {key: place for place, key in enumerate(keys)}
    hidden = n < floor
    hidden[[at[key] for key in also]] = True
    least = np.where(n < floor, 0.0, n)  # how low and high each must be able to be
    most = np.where(n < floor, floor - 1.0, n)
    for key in also:
        most[at[key]] = max(most[at[key]], n[at[key]] + floor - 1)
    low, high = n.copy(), n.copy()  # how low and high each is known to be able to be
    for cell in np.flatnonzero(hidden).tolist():
        for goal in (most[cell], least[cell]):
            if low[cell] - _ENOUGH <= goal <= high[cell] + _ENOUGH:
                continue
            other = n + _moved(rows, n, hidden, cell, goal - n[cell])
            hidden |= np.abs(other - n) > _ENOUGH
            low, high = np.minimum(low, other), np.maximum(high, other)
    return frozenset(key for key, hides in zip(keys, hidden.tolist(), strict=True) if hides)


def _equations(
    keys: Sequence[Key],
    n: NDArray[np.float64],
    sums: Sequence[tuple[Key, Collection[Key]]],
) -> NDArray[np.float64]:
    """Return a row for each sum: 1 for its parts, −1 for itself."""
    at = {key: place for place, key in enumerate(keys)}
    sums = [(whole, parts) for whole, parts in sums if parts]
    rows = np.zeros((len(sums), len(keys)))
    for row, (whole, parts) in zip(rows, sums, strict=True):
        row[[at[key] for key in parts]] += 1
        row[at[whole]] -= 1
    if (n < 0).any() or np.abs(rows @ n).max(initial=0.0) > _ENOUGH:
        raise DataError("A count is negative, or a sum is not that of its parts.")
    return rows


def _moved(
    rows: NDArray[np.float64],
    n: NDArray[np.float64],
    hidden: NDArray[np.bool_],
    cell: int,
    by: float,
) -> NDArray[np.float64]:
    """Return the change of all counts that moves one and no sum, by the fewest shown customers.

    There always is one: the sums that a count is in can move with it.
    """
    cost = np.where(hidden, _FREE, n)
    up = np.column_stack([np.zeros_like(n), np.full_like(n, np.inf)])
    down = np.column_stack([np.zeros_like(n), n])
    up[cell] = max(by, 0.0)
    down[cell] = max(-by, 0.0)
    found: Any = scipy.optimize.linprog(
        np.concatenate([cost, cost]),
        A_eq=np.hstack([rows, -rows]) if len(rows) else None,
        b_eq=np.zeros(len(rows)) if len(rows) else None,
        bounds=np.vstack([up, down]),
        method="highs",
    )
    if not found.success:  # pragma: no cover  see above
        raise DataError(f"What must be hidden cannot be worked out: {found.message}")
    change: NDArray[np.float64] = found.x[: len(n)] - found.x[len(n) :]
    return change


@dataclass(frozen=True, eq=False)
class Hidden:
    """Which numbers of a table of rows and columns are hidden: True where they are.

    Parameters
    ----------
    cells : bool array, shape (n_rows, n_columns)
        The table itself.
    rows, columns : bool array, shape (n_rows,), (n_columns,)
        Its sums.
    whole : bool
        The sum of all.
    """

    cells: NDArray[np.bool_]
    rows: NDArray[np.bool_]
    columns: NDArray[np.bool_]
    whole: bool

    @property
    def any(self) -> bool:
        """Whether anything is hidden."""
        return self.whole or bool(self.cells.any() or self.rows.any() or self.columns.any())


def hide(counts: NDArray[np.int64], floor: int = FLOOR) -> Hidden:
    """Return what must be hidden of a table that is shown with the sums of rows and columns.

    Parameters
    ----------
    counts : int64 array, shape (n_rows, n_columns)
        Customers.
    floor : int, default 25
        As for ``suppress``, whose law holds.

    Returns
    -------
    Hidden
        The same for the same table.

    Examples
    --------
    >>> hide(np.array([[3, 100, 40], [50, 60, 70], [80, 90, 30]])).cells.tolist()
    [[True, False, True], [False, False, False], [True, False, True]]
    """
    n, m = counts.shape
    whole = (-1, -1)
    table = {(i, j): int(counts[i, j]) for i in range(n) for j in range(m)}
    table |= {(i, -1): int(counts[i].sum()) for i in range(n)}
    table |= {(-1, j): int(counts[:, j].sum()) for j in range(m)}
    table[whole] = int(counts.sum())
    sums = [((i, -1), [(i, j) for j in range(m)]) for i in range(n)]
    sums += [((-1, j), [(i, j) for i in range(n)]) for j in range(m)]
    sums.append((whole, [(i, -1) for i in range(n)]))
    hidden = suppress(table, sums, floor)
    return Hidden(
        np.array([[(i, j) in hidden for j in range(m)] for i in range(n)], bool).reshape(n, m),
        np.array([(i, -1) in hidden for i in range(n)], bool),
        np.array([(-1, j) in hidden for j in range(m)], bool),
        whole in hidden,
    )


def dominated(largest: float | None, top_two: float | None) -> bool:
    """Tell whether one customer makes more than half of a sum of money, or two four fifths.

    Parameters
    ----------
    largest, top_two : float or None
        Parts of the sum that the largest one and two customers make; None if the sum is
        not above 0, which tells of nobody's spend by itself but may be one customer's debt:
        it counts as dominated.

    Examples
    --------
    >>> dominated(0.12, 0.2), dominated(0.51, 0.6), dominated(0.45, 0.81), dominated(None, None)
    (False, True, True, True)
    """
    if largest is None or top_two is None:
        return True
    return largest > ONE or top_two > TWO


def hide_money(sums: Sequence[float], hidden: Sequence[bool]) -> list[bool]:
    """Return which parts of a known whole are hidden so that no hidden one follows from the rest.

    Parameters
    ----------
    sums : sequence of float
        Money of each part.
    hidden : sequence of bool
        Those that must be.

    Returns
    -------
    list of bool
        If only one must be, the smallest other one with it; ties go to the first.

    Examples
    --------
    >>> hide_money([900.0, 40.0, 60.0], [True, False, False])
    [True, True, False]
    """
    found = list(hidden)
    if sum(found) == 1 and len(found) > 1:
        others = [place for place, hides in enumerate(found) if not hides]
        found[min(others, key=lambda place: (sums[place], place))] = True
    return found
