"""Hartigan's dip: whether values have one peak or more, and so whether segments are apart.

Ties are kept as steps of the distribution: a heap of equal values away from the peak
is itself a dip of half its share, so columns full of zeros show up and must be named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coterie.errors import DataError
from coterie.segmentation.base import Floats, Labels

Indices = NDArray[np.int64]

MAX_P = 0.01
"""A dip that chance makes less often sets a segment apart."""
MIN_VALUES = 10
"""Fewer values than this never show two peaks."""
_CHANCES = np.array([1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001])
_TABLE_N = np.array([10, 20, 50, 100, 200, 500, 1000, 2000])
_TABLE = np.array(
    [
        [0.1581, 0.3088, 0.3763, 0.4133, 0.4418, 0.4768, 0.507, 0.5284, 0.5575, 0.5733],
        [0.1118, 0.328, 0.3956, 0.4354, 0.4685, 0.5097, 0.5374, 0.5644, 0.593, 0.6124],
        [0.0707, 0.3457, 0.4161, 0.4591, 0.4972, 0.5399, 0.5704, 0.5953, 0.6305, 0.6648],
        [0.05, 0.355, 0.4273, 0.4724, 0.5112, 0.5562, 0.5911, 0.6223, 0.659, 0.6956],
        [0.0354, 0.3609, 0.4359, 0.4796, 0.52, 0.5702, 0.6035, 0.6328, 0.6732, 0.7065],
        [0.0224, 0.368, 0.4433, 0.4896, 0.5289, 0.5801, 0.6135, 0.6496, 0.6949, 0.7349],
        [0.0158, 0.371, 0.447, 0.4946, 0.5346, 0.5847, 0.6179, 0.6505, 0.6891, 0.7109],
        [0.0112, 0.3737, 0.4496, 0.4958, 0.5391, 0.588, 0.6214, 0.6557, 0.7052, 0.7394],
    ]
)
"""Dip times root of n that evenly spread values pass with these chances, by n (rows)."""


@dataclass(frozen=True)
class Dip:
    """Whether a segment is set apart from its nearest neighbour.

    Parameters
    ----------
    segment, neighbour : int
        Numbers of the two segments.
    p : float
        Chance of a dip as deep on the line between their centres if there is one peak.
    feature : str
        What the line mostly runs along.
    share : float
        How much of the line that is, 0 to 1.
    spike : float
        Share of the two segments' customers who have the commonest value of it.
    """

    segment: int
    neighbour: int
    p: float
    feature: str
    share: float
    spike: float

    @property
    def apart(self) -> bool:
        """Whether there is a dip between the two."""
        return self.p < MAX_P


class _Steps(NamedTuple):
    """Distinct values, and how many values lie below each and up to each."""

    at: Floats
    below: Floats
    upto: Floats


def dip(values: Floats) -> float:
    """Return how far values are from having one peak.

    Parameters
    ----------
    values : float64 array, shape (n,)
        Finite values in any order, ties allowed.

    Returns
    -------
    float
        The largest difference between their distribution function and the nearest one
        with a single peak: ``1 / (2 n)`` at least, 1/4 at most.

    Raises
    ------
    DataError
        If there are no values or one is not finite.

    References
    ----------
    Hartigan & Hartigan (1985), The dip test of unimodality.

    Examples
    --------
    >>> dip(np.array([1.0, 2.0, 3.0, 4.0]))
    0.125
    >>> dip(np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]))
    0.25
    """
    if not values.size or not np.isfinite(values).all():
        raise DataError("The dip needs values, and all of them finite.")
    at, counts = np.unique(values, return_counts=True)
    upto = np.cumsum(counts).astype(np.float64)
    steps = _Steps(at, upto - counts, upto)
    low, high, largest = 0, len(at) - 1, 1.0
    while low < high:
        part = _Steps(*(column[low : high + 1] for column in steps))
        under, over = _hull(part.at, part.below), _hull(part.at, -part.upto)
        convex = np.interp(part.at, part.at[under], part.below[under])
        concave = np.interp(part.at, part.at[over], part.upto[over])
        # the difference is concave, so a vertex of one of the two holds its maximum
        gap = concave - convex
        first, last = _modal(gap, under, over)
        if gap[[first, last]].max() <= largest:
            break
        left = part.upto[:first] - convex[:first]
        right = concave[last + 1 :] - part.below[last + 1 :]
        largest = max(largest, float(left.max(initial=0.0)), float(right.max(initial=0.0)))
        low, high = low + first, low + last
    return largest / (2 * values.size)


def p_value(value: float, n: int) -> float:
    """Return the chance of a dip at least this large among n values spread evenly.

    Parameters
    ----------
    value : float
        What ``dip`` gave.
    n : int
        Number of values; with fewer than 10 the answer is 1.

    Returns
    -------
    float
        .001 (or less) to 1, interpolated in a table of 20,000 simulated samples a size.

    Notes
    -----
    Even spread is the hardest case of one peak, so the chance is never understated for
    values without ties.

    Examples
    --------
    >>> round(p_value(0.0427, 200), 2), p_value(0.0025, 200), p_value(0.25, 5)
    (0.01, 1.0, 1.0)
    """
    if n < MIN_VALUES:
        return 1.0
    scaled = value * np.sqrt(n)
    sizes = np.log(_TABLE_N)
    at = [float(np.interp(np.log(n), sizes, column)) for column in _TABLE.T]
    return float(np.interp(scaled, at, _CHANCES))


def dips(matrix: Floats, labels: Labels, features: Sequence[str]) -> tuple[Dip, ...]:
    """Look for a dip between each segment and its nearest neighbour.

    Parameters
    ----------
    matrix : float64 array, shape (n, n_columns)
        Finite values.
    labels : int32 array, shape (n,)
        The segments; numbers without customers are left out.
    features : sequence of str
        Name of each column.

    Returns
    -------
    tuple of Dip
        In the order of the segments' numbers; empty with fewer than two.
    """
    numbers = np.unique(labels)
    if len(numbers) < 2:
        return ()
    names, behind = np.unique(list(features), return_inverse=True)
    centres = np.array([matrix[labels == number].mean(axis=0) for number in numbers])
    found = []
    for i, number in enumerate(numbers):
        distance = ((centres - centres[i]) ** 2).sum(axis=1)
        distance[i] = np.inf
        j = int(np.argmin(distance))
        both = matrix[(labels == number) | (labels == numbers[j])]
        line = centres[j] - centres[i]
        parts = np.bincount(behind, weights=line * line)
        most = int(np.argmax(parts))
        column = int(np.argmax(np.where(behind == most, line * line, -1.0)))
        counts = np.unique(both[:, column], return_counts=True)[1]
        found.append(
            Dip(
                int(number),
                int(numbers[j]),
                p_value(dip((both * line).sum(axis=1)), len(both)),
                str(names[most]),
                float(parts[most] / max(parts.sum(), 1e-300)),
                float(counts.max() / len(both)),
            )
        )
    return tuple(found)


def share_apart(found: Sequence[Dip]) -> float:
    """Return the share of the segments that are set apart from their neighbour."""
    return sum(dip.apart for dip in found) / max(len(found), 1)


def _hull(at: Floats, height: Floats) -> Indices:
    """Return the vertices of the greatest convex function under the points, by place."""
    x, y = at.tolist(), height.tolist()
    kept: list[int] = []
    for i in range(len(x)):
        while len(kept) > 1:
            a, b = kept[-2], kept[-1]
            if (y[b] - y[a]) * (x[i] - x[b]) < (y[i] - y[b]) * (x[b] - x[a]):
                break
            kept.pop()
        kept.append(i)
    return np.array(kept, dtype=np.int64)


def _modal(gap: Floats, under: Indices, over: Indices) -> tuple[int, int]:
    """Return the ends of the interval that must hold the peak: where the gap is widest."""
    i, j = under[np.argmax(gap[under])], over[np.argmax(gap[over])]
    if gap[i] > gap[j]:
        return int(i), int(over[np.searchsorted(over, i)])
    return int(under[np.searchsorted(under, j, side="right") - 1]), int(j)
