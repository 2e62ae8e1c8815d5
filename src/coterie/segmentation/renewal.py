"""Centres of k-means moved on: part of the way to today's, with births and deaths of segments.

A segment is born only if one more segment would tell clearly more than it would have when
the model was released: on customers without clear groups one more always tells a little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from coterie.segmentation.base import Floats, Labels
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.lloyd import BLEND, grow, settle
from coterie.segmentation.validity import too_small

MORE_TIMES, MORE = 1.5, 0.05
"""A birth needs a gain by one more segment this many times, and by so much, above the usual."""
_MOST_BIRTHS = 3


@dataclass(frozen=True)
class Limits:
    """How many segments there may be, and whether that number may change at all."""

    least: int
    most: int

    @property
    def fixed(self) -> bool:
        """Whether the user asked for one number of segments."""
        return self.least == self.most


@dataclass(frozen=True, eq=False)
class Rows:
    """Today's customers, or a sample of them.

    Parameters
    ----------
    matrix : float64 array, shape (n, n_columns)
        In the released columns and scaling.
    before : float64 array, shape (n, n_columns), optional
        The same customers today as the released features measure them, if ``matrix`` has
        some measured anew. Births are looked for there first, and old centres are shifted
        as their members are.
    revenue : float64 array, shape (n,), optional
        What each customer spent, for the gate of substance.
    """

    matrix: Floats
    before: Floats | None = None
    revenue: Floats | None = None


@dataclass(frozen=True)
class Renewed:
    """A refitted model, and where its segments are from.

    Parameters
    ----------
    model : KMeansModel
        Carried segments first, in their old order; those born last.
    carried : tuple of int
        The old number of each segment; -1 for one that is new or merged from two.
    born : tuple of int
        Numbers of the segments that hold what the old model had no place for.
    gain : float or None
        Share of inertia that one more segment takes away now, as ``grow`` measures it;
        None if that was not measured.
    """

    model: KMeansModel
    carried: tuple[int, ...]
    born: tuple[int, ...]
    gain: float | None


def renew(
    model: KMeansModel,
    rows: Rows,
    limits: Limits,
    *,
    usual: float | None,
    seed: int,
    exact: Callable[[KMeansModel], KMeansModel] = lambda model: model,
) -> Renewed:
    """Refit a released model, blended with the old, with births and deaths of segments.

    Parameters
    ----------
    model : KMeansModel
        As released.
    rows : Rows
        Today's customers.
    limits : Limits
        How many segments there may be. With the most reached, a birth merges the two
        segments that cost least to merge; with a fixed number none dies.
    usual : float or None
        Gain by one more segment when the model was released; None allows no births.
    seed : int
        Of the halves that are tried.
    exact : callable, optional
        Improves centres found on a sample by all customers.

    Returns
    -------
    Renewed
        Carried centres are ``0.7 * old + 0.3 * new``; those born or merged are new.

    References
    ----------
    Chakrabarti, Kumar & Tomkins (2006), Evolutionary clustering.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [2.0], [9.0], [10.0], [11.0]] * 30)
    >>> old = KMeansModel(np.array([[0.0], [10.0]]))
    >>> renew(old, Rows(rows), Limits(2, 2), usual=None, seed=0).model.centroids.round(2).tolist()
    [[0.3], [10.0]]
    """
    matrix, revenue = rows.matrix, rows.revenue
    before = matrix if rows.before is None else rows.before
    current = _Centres(model, tuple(range(model.n_segments)), ())
    gain = None
    if usual is not None:
        current, gain = _births(current, before, limits, usual, revenue, seed)
    labels = current.model.assign(before)
    shifted = _shifted(_at_rest(model, current), labels, matrix - before)
    current = replace(current, model=shifted)
    if usual is not None and not current.born and before is not matrix:
        grown, gain = _births(current, matrix, limits, usual, revenue, seed)
        current = replace(grown, model=_at_rest(shifted, grown))
    while True:
        settled = exact(settle(current.model, matrix))
        blended = _blend(current.model, settled, current.carried)
        dying = _dying(blended, matrix, revenue)
        if limits.fixed or dying is None or blended.n_segments <= limits.least:
            return Renewed(blended, current.carried, current.born, gain)
        current = current.without(dying)


def _at_rest(old: KMeansModel, current: _Centres) -> KMeansModel:
    """Put carried centres back where they were; looking for births has moved them."""
    pairs = zip(current.carried, current.model.centroids, strict=True)
    return KMeansModel(np.array([old.centroids[i] if i >= 0 else centre for i, centre in pairs]))


def _shifted(model: KMeansModel, labels: Labels, by: Floats) -> KMeansModel:
    """Move each centre as far as its members moved on average; without members not at all."""
    k = model.n_segments
    counts = np.maximum(np.bincount(labels, minlength=k), 1)[:, None]
    sums = np.column_stack([np.bincount(labels, weights=column, minlength=k) for column in by.T])
    return KMeansModel(model.centroids + sums / counts)


@dataclass(frozen=True)
class _Centres:
    model: KMeansModel
    carried: tuple[int, ...]
    born: tuple[int, ...]

    def without(self, number: int) -> _Centres:
        """Return the same with one segment less; those after it move up."""
        kept = [i for i in range(self.model.n_segments) if i != number]
        return _Centres(
            KMeansModel(self.model.centroids[kept]),
            tuple(self.carried[i] for i in kept),
            tuple(i - (i > number) for i in self.born if i != number),
        )


def _births(
    current: _Centres,
    matrix: Floats,
    limits: Limits,
    usual: float,
    revenue: Floats | None,
    seed: int,
) -> tuple[_Centres, float | None]:
    """Return the centres with those that are born, and the gain that one more would bring."""
    for _ in range(_MOST_BIRTHS):
        growth = grow(current.model, matrix, seed=seed)
        if growth is None:
            return current, None
        if growth.gain < max(MORE_TIMES * usual, usual + MORE):
            return current, growth.gain
        new = growth.model.n_segments - 1
        small = too_small(growth.model.assign(matrix), revenue)
        if new >= len(small) or small[new]:
            return current, growth.gain
        current = _Centres(growth.model, (*current.carried, -1), (*current.born, new))
        if current.model.n_segments > limits.most:  # the two merged would only part again
            return _merged(current, matrix), None
    growth = grow(current.model, matrix, seed=seed)
    return current, growth.gain if growth else None


def _merged(current: _Centres, matrix: Floats) -> _Centres:
    """Merge the two carried segments whose merging adds least to the inertia (Ward)."""
    model = current.model
    counts = np.bincount(model.assign(matrix), minlength=model.n_segments)
    old = [i for i in range(model.n_segments) if i not in current.born]
    cost = {
        (i, j): counts[i]
        * counts[j]
        / max(counts[i] + counts[j], 1)
        * float(((model.centroids[i] - model.centroids[j]) ** 2).sum())
        for i in old
        for j in old
        if i < j
    }
    if not cost:
        return current.without(old[0]) if old else current
    first, second = min(cost, key=lambda pair: (cost[pair], pair))
    weights = counts[[first, second]] if counts[[first, second]].any() else None
    centroids = model.centroids.copy()
    centroids[first] = np.average(centroids[[first, second]], axis=0, weights=weights)
    carried = tuple(-1 if i == first else old for i, old in enumerate(current.carried))
    return replace(current, model=KMeansModel(centroids), carried=carried).without(second)


def _blend(old: KMeansModel, new: KMeansModel, carried: Sequence[int]) -> KMeansModel:
    """Move the centres that are carried only part of the way."""
    part = np.where(np.array(carried) >= 0, BLEND, 1.0)[:, None]
    return KMeansModel((1 - part) * old.centroids + part * new.centroids)


def _dying(model: KMeansModel, matrix: Floats, revenue: Floats | None) -> int | None:
    """Return the smallest segment that is too small, or empty; None if all have substance."""
    labels = model.assign(matrix)
    counts = np.bincount(labels, minlength=model.n_segments)
    fails = np.zeros(model.n_segments, dtype=np.bool_)
    small = too_small(labels, revenue)
    fails[: len(small)] = small
    fails |= counts == 0
    if not fails.any():
        return None
    return int(min(np.flatnonzero(fails), key=lambda i: (counts[i], i)))
