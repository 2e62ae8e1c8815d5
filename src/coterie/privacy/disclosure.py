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
from scipy.sparse import csr_array, hstack

from coterie.errors import DataError, ParameterError

FLOOR = 25
"""Least customers of a number that leaves the tool or reaches a viewer."""
LEAST = 10
"""Least floor that may be set."""
ONE, TWO = 0.5, 0.8
"""Parts of a sum of money that one customer and two may make at most."""
FEW = "Under {floor} customers, or such a number would follow from it: hidden to protect them."
DIFFERENCE = "Fewer than {floor} customers came or went since it was shown: hidden to protect them."
DOMINATED = "One or two customers make most of it, or such a sum would follow: hidden."

Key = TypeVar("Key", bound=Hashable)
_ENOUGH = 1e-6
_FREE = 1e-3
"""What it costs to move a customer of a hidden cell; of a shown one its customers."""


def suppress(
    counts: Mapping[Key, int],
    sums: Sequence[tuple[Key, Collection[Key]]],
    floor: int = FLOOR,
    *,
    also: Collection[Key] = (),
    unsaid: Collection[Key] = (),
    said: Collection[Key] = (),
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
    unsaid : collection of keys, optional
        Counts that are not published at all, however large; what is known of them does not
        matter, but others are sums of them.
    said : collection of keys, optional
        Counts at or above the floor that are told elsewhere anyway. What is small is hidden
        as far as they leave it.

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
    if floor < LEAST:
        raise ParameterError(f"floor={floor}.", allowed=f"floor is {LEAST} or more.", where="floor")
    keys = list(counts)
    n = np.array([counts[key] for key in keys], dtype=np.float64)
    at = {key: place for place, key in enumerate(keys)}
    secret, told, wide = (np.zeros(len(keys), bool) for _ in range(3))
    secret[[at[key] for key in unsaid]] = True
    told[[at[key] for key in said]] = True
    wide[[at[key] for key in also]] = True
    search = _Search(n, _equations(keys, n, sums), (n < floor) | secret | wide, told)
    low, high = np.where(n < floor, 0.0, n), np.where(n < floor, floor - 1.0, n)
    high = np.where(wide, np.maximum(high, n + floor - 1), high)
    search.reach(np.where(secret, n, low), np.where(secret, n, high))
    return frozenset(key for key, hides in zip(keys, search.hidden.tolist(), strict=True) if hides)


def _equations(
    keys: Sequence[Key],
    n: NDArray[np.float64],
    sums: Sequence[tuple[Key, Collection[Key]]],
) -> csr_array:
    """Return a row for each sum: 1 for its parts, −1 for itself."""
    at = {key: place for place, key in enumerate(keys)}
    sums = [(whole, parts) for whole, parts in sums if parts]
    rows = np.zeros((len(sums), len(keys)))
    for row, (whole, parts) in zip(rows, sums, strict=True):
        row[[at[key] for key in parts]] += 1
        row[at[whole]] -= 1
    if (n < 0).any() or np.abs(rows @ n).max(initial=0.0) > _ENOUGH:
        raise DataError("A count is negative, or a sum is not that of its parts.")
    return csr_array(rows)


class _Search:
    """Looks for other counts that agree with all that is shown, and hides what it takes.

    Parameters
    ----------
    n : float64 array, shape (n_counts,)
        The counts.
    rows : sparse array, shape (n_sums, n_counts)
        Sums, each of which is 0.
    hidden : bool array, shape (n_counts,)
        What is hidden at first.
    told : bool array, shape (n_counts,)
        What cannot be hidden.
    """

    def __init__(
        self,
        n: NDArray[np.float64],
        rows: csr_array,
        hidden: NDArray[np.bool_],
        told: NDArray[np.bool_],
    ) -> None:
        self.n, self.hidden, self._told = n, hidden, told
        self._rows = hstack([rows, -rows], format="csr")  # what is added, what is taken away
        self._low, self._high = n.copy(), n.copy()  # what each is known to be able to be

    def reach(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
        """Let each count be able to be as low and as high as is asked."""
        for cell in range(len(self.n)):
            for goals in (high, low):
                if not self._low[cell] - _ENOUGH <= goals[cell] <= self._high[cell] + _ENOUGH:
                    before = self.hidden.sum()
                    self._move(cell, goals[cell] - self.n[cell])
                    while self.hidden.sum() > before and self._spread(goals):
                        pass

    def _spread(self, goals: NDArray[np.float64]) -> bool:
        """Move as many as can move at once with what is hidden; say whether any came there."""
        up = goals > self.n
        lacks = (goals > self._high + _ENOUGH) | (goals < self._low - _ENOUGH)
        bounds, price = self._bounds(np.where(self.hidden & ~self._told, 0.0, np.inf))
        for one, way in ((lacks & up, 0), (lacks & ~up, 1)):
            cells = np.flatnonzero(one)
            there, back = cells + way * len(self.n), cells + (1 - way) * len(self.n)
            bounds[there, 1], bounds[back, 1] = np.abs(goals - self.n)[cells], 0.0
            price[there] = -1.0
        if not lacks.any():
            return False
        self._take(self._cheapest(price, bounds))
        left = (goals > self._high + _ENOUGH) | (goals < self._low - _ENOUGH)
        return bool(left.sum() < lacks.sum())

    def _move(self, cell: int, by: float) -> None:
        """Move one count, hiding as few customers as it takes; at least as far as it can."""
        cost = np.where(self._told, np.inf, np.where(self.hidden, _FREE, self.n))
        bounds, price = self._bounds(cost)
        way, back = (cell, len(cost) + cell) if by > 0 else (len(cost) + cell, cell)
        bounds[back], bounds[way] = 0.0, abs(by)
        change = self._cheapest(price, bounds)
        if change is None:
            bounds[way] = 0.0, abs(by)
            far = np.zeros_like(price)
            far[way] = -1.0
            most = self._cheapest(far, bounds)
            bounds[way] = 0.0 if most is None else abs(most[cell])
            change = self._cheapest(price, bounds)
        self._take(change)

    def _bounds(self, cost: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how far each may move up and then down, and its price; what is dear stays."""
        free = np.isfinite(cost)
        most = np.concatenate([np.where(free, np.inf, 0.0), np.where(free, self.n, 0.0)])
        return np.column_stack([np.zeros_like(most), most]), np.tile(np.where(free, cost, 0.0), 2)

    def _cheapest(
        self, price: NDArray[np.float64], bounds: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """Return the change of least price that breaks no sum; None if there is none."""
        found: Any = scipy.optimize.linprog(
            price, A_eq=self._rows, b_eq=np.zeros(self._rows.shape[0]), bounds=bounds
        )
        if found.x is None:
            return None
        change: NDArray[np.float64] = np.subtract(*np.split(found.x, 2))
        return change

    def _take(self, change: NDArray[np.float64] | None) -> None:
        """Remember other counts that agree with what is shown."""
        if change is None:
            return
        self.hidden = self.hidden | (np.abs(change) > _ENOUGH)
        self._low = np.minimum(self._low, self.n + change)
        self._high = np.maximum(self._high, self.n + change)


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


def hide_parts(counts: Sequence[int], floor: int = FLOOR) -> list[bool]:
    """Return what must be hidden of counts whose sum is known, and of which nothing else is told.

    Parameters
    ----------
    counts : sequence of int
        Parts of a whole.
    floor : int, default 25
        As for ``suppress``; with one sum its law needs no program: those under the floor, and
        the smallest others until two are hidden that are at least ``floor - 1`` together.

    Returns
    -------
    list of bool
        True where a count is hidden; ties go to the first. All, if the whole is under the floor.

    Examples
    --------
    >>> hide_parts([300, 40, 7]), hide_parts([20, 20, 90]), hide_parts([3, 4])
    ([False, True, True], [True, True, False], [True, True])
    """
    found = [n < floor or sum(counts) < floor for n in counts]
    others = sorted((n, place) for place, n in enumerate(counts) if not found[place])
    while others and any(found):
        hidden = [n for n, hides in zip(counts, found, strict=True) if hides]
        if len(hidden) > 1 and sum(hidden) >= floor - 1:
            break
        found[others.pop(0)[1]] = True
    return found


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
