"""Whether segments stand in for a protected attribute, though it was left out of them.

Two questions for each attribute: is a group more frequent in a segment than elsewhere, and how
well does the segment alone tell who belongs to it? Groups under the floor are pooled, so
nothing is said of a few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from coterie.errors import ParameterError
from coterie.privacy.disclosure import FLOOR, hide

ALARM = 0.60
"""AUC of telling a group by the segment alone above which segments may stand in for it."""
FOUR_FIFTHS = 0.80
"""Least ratio of the rates at which groups are chosen for an offer."""
OTHER = "other"
DRAWS = 1_000
FOLDS = 5
BANDS = 4
"""Bands of equal size into which an attribute of numbers is cut."""
_LEVEL = 0.05
_HALF = 0.5


@dataclass(frozen=True)
class Cell:
    """A group within a segment.

    Parameters
    ----------
    segment, group : str
        Which.
    share, elsewhere : float or None
        Share of the group in the segment and in all others together; None where hidden.
    ratio, low, high : float or None
        The one divided by the other, with its 95 % interval.
    """

    segment: str
    group: str
    share: float | None
    elsewhere: float | None
    ratio: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Told:
    """How well the segment tells one group from all others: .5 is chance, 1 is always."""

    group: str
    n: int
    auc: float
    low: float
    high: float

    def rounded(self) -> Told:
        """Return the same with two digits."""
        figures = (round(one, 2) for one in (self.auc, self.low, self.high))
        return Told(self.group, self.n, *figures)


@dataclass(frozen=True)
class Rate:
    """How many of a group were chosen for an offer; the rate is None where it tells of a few."""

    group: str
    n: int
    rate: float | None


@dataclass(frozen=True)
class Parity:
    """An offer, by the groups of an attribute.

    Parameters
    ----------
    offer : str
        Its id.
    rates : tuple of Rate
        By group.
    difference, ratio : float or None
        Highest rate less the lowest, and the lowest divided by it; None if nobody was chosen or a
        rate is hidden.
    difference_range, ratio_range : tuple of float or None
        95 % ranges, by drawing who is chosen anew.
    alarm : bool
        Whether the ratio is under ``FOUR_FIFTHS``.
    """

    offer: str
    rates: tuple[Rate, ...]
    difference: float | None
    difference_range: tuple[float, float] | None
    ratio: float | None
    ratio_range: tuple[float, float] | None
    alarm: bool


@dataclass(frozen=True)
class Audit:
    """One protected attribute against the segments.

    Parameters
    ----------
    attribute : str
        Its name.
    n, unknown, pooled : int
        Customers with a value, without one, and in groups that were pooled.
    cramers_v : float
        Strength of the association, 0 to 1, corrected for bias.
    told : tuple of Told
        By group, the best told first.
    cells : tuple of Cell
        Segment by segment.
    proxy : bool
        Whether a group is told by more than ``ALARM``, beyond chance.
    """

    attribute: str
    n: int
    unknown: int
    pooled: int
    cramers_v: float
    told: tuple[Told, ...]
    cells: tuple[Cell, ...]
    proxy: bool


def audit(
    attribute: str,
    groups: Sequence[str | None],
    segments: Sequence[str],
    *,
    floor: int = FLOOR,
    seed: int = 0,
) -> Audit | None:
    """Compare the make-up of segments by one attribute.

    Parameters
    ----------
    attribute : str
        Its name.
    groups : sequence of str or None
        The value of each customer; None where it is not known.
    segments : sequence of str
        The segment of each customer.
    floor : int, default 25
        Groups with fewer customers are pooled as ``other``; what would tell of fewer in a
        segment is hidden.
    seed : int, default 0
        Of the folds.

    Returns
    -------
    Audit or None
        None if fewer than two groups are left, or fewer than two segments.

    Notes
    -----
    A group's AUC is that of the order of segments by its share, learned from the customers
    of other folds; its interval is Hanley and McNeil's, wide enough for all groups of the attribute
    together (Bonferroni). The interval of a ratio is that of its logarithm (Katz).

    Examples
    --------
    >>> sex, segment = ["f"] * 300 + ["m"] * 300, ["a"] * 250 + ["b"] * 50 + ["a", "b"] * 150
    >>> found = audit("sex", sex, segment)
    >>> found.proxy, round(found.told[0].auc, 3), round(found.cells[0].ratio, 2)
    (True, 0.667, 2.48)
    """
    if len(groups) != len(segments):
        raise ParameterError(f"{len(groups)} values of {attribute} for {len(segments)} customers.")
    unknown = sum(group is None for group in groups)
    large, pooled = _pooled(groups, floor)
    known = [(g, s) for g, s in zip(large, segments, strict=True) if g is not None]
    kinds, of = np.unique([g for g, _ in known], return_inverse=True)
    places, within = np.unique([s for _, s in known], return_inverse=True)
    if len(kinds) < 2 or len(places) < 2:
        return None
    counts = np.bincount(within * len(kinds) + of, minlength=len(places) * len(kinds))
    counts = counts.reshape(len(places), len(kinds)).astype(np.int64)
    told = _told(of, within, kinds.tolist(), seed)
    cells = _cells(counts, kinds.tolist(), places.tolist(), floor)
    proxy = any(one.auc > ALARM and one.low > _HALF for one in told)
    strength = _cramers_v(counts)
    if any(cell.share is None for cell in cells):  # all digits would tell what is hidden
        strength, told = round(strength, 2), tuple(one.rounded() for one in told)
    return Audit(attribute, len(known), unknown, pooled, strength, told, cells, proxy)


def _pooled(groups: Sequence[str | None], floor: int) -> tuple[list[str | None], int]:
    """Return groups with small ones as one, and how many customers are in such."""
    sizes = Counter(group for group in groups if group is not None)
    few = {group for group, n in sizes.items() if n < floor}
    pooled = sum(sizes[group] for group in few)
    name = OTHER if pooled >= floor else None  # too few even together: nothing is said of them
    return [name if group in few else group for group in groups], pooled


def parity(
    offer: str,
    groups: Sequence[str | None],
    chosen: NDArray[np.bool_],
    *,
    floor: int = FLOOR,
    seed: int = 0,
) -> Parity | None:
    """Compare how often the groups of an attribute are chosen for an offer.

    Parameters
    ----------
    offer : str
        Its id.
    groups : sequence of str or None
        The value of each customer; None where it is not known.
    chosen : bool array, shape (n_customers,)
        Who was chosen.
    floor : int, default 25
        As for ``audit``. If of any group fewer are chosen, or not, no rate is told: how many are
        chosen in all is known by the plan.
    seed : int, default 0
        Of the draws.

    Returns
    -------
    Parity or None
        None if fewer than two groups are left.

    Examples
    --------
    >>> picked = np.array([True] * 50 + [False] * 50 + [True] * 30 + [False] * 70)
    >>> found = parity("o", ["f"] * 100 + ["m"] * 100, picked)
    >>> round(found.difference, 2), round(found.ratio, 2), found.alarm
    (0.2, 0.6, True)
    """
    large, _ = _pooled(groups, floor)
    kinds = sorted({group for group in large if group is not None})
    if len(kinds) < 2:
        return None
    place = {kind: number for number, kind in enumerate(kinds)}
    of = np.array([-1 if group is None else place[group] for group in large])
    n = np.bincount(of[of >= 0], minlength=len(kinds))
    picked = np.bincount(of[(of >= 0) & chosen], minlength=len(kinds))
    rates = picked / n
    secret = bool((np.minimum(picked, n - picked) < floor).any())
    told = tuple(
        Rate(kind, int(size), None if secret else float(rate))
        for kind, size, rate in zip(kinds, n, rates, strict=True)
    )
    if not picked.any():
        return Parity(offer, told, None, None, None, None, alarm=False)
    ratio = float(rates.min() / rates.max())
    alarm = ratio < FOUR_FIFTHS
    if secret:
        return Parity(offer, told, None, None, None, None, alarm)
    drawn = np.random.default_rng(seed).binomial(n, rates, (DRAWS, len(kinds))) / n
    high, low = drawn.max(axis=1), drawn.min(axis=1)
    return Parity(
        offer,
        told,
        float(rates.max() - rates.min()),
        _range(high - low),
        ratio,
        _range(low / np.where(high > 0, high, 1.0)),
        alarm,
    )


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, [_LEVEL / 2, 1 - _LEVEL / 2])
    return float(low), float(high)


def banded(numbers: NDArray[np.float64]) -> list[str | None]:
    """Cut numbers into four bands of about equal size; None where there is no number.

    Examples
    --------
    >>> banded(np.array([18.0, 30.0, 44.0, 71.0, np.nan]))
    ['18 to 18', '30 to 30', '44 to 44', '71 to 71', None]
    """
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        return [None] * numbers.size
    edges = np.quantile(known, np.arange(1, BANDS) / BANDS)
    band = np.searchsorted(edges, numbers)
    names = {}
    for number in np.unique(band[np.isfinite(numbers)]):
        inside = numbers[(band == number) & np.isfinite(numbers)]
        names[int(number)] = f"{inside.min():g} to {inside.max():g}"
    return [names[int(b)] if np.isfinite(x) else None for b, x in zip(band, numbers, strict=True)]


def _cramers_v(counts: NDArray[np.int64]) -> float:
    """Return Cramér's V, corrected for bias (Bergsma 2013)."""
    n = counts.sum()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    phi = float(((counts - expected) ** 2 / expected).sum() / n)
    rows, columns = counts.shape
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(phi / least)) if least > 0 else 0.0


def _told(
    of: NDArray[np.int64], within: NDArray[np.int64], kinds: Sequence[str], seed: int
) -> tuple[Told, ...]:
    fold = np.random.default_rng(seed).permutation(of.size) % FOLDS
    z = float(norm.isf(_LEVEL / 2 / len(kinds)))
    places = int(within.max()) + 1
    at = fold * places + within
    sizes = np.bincount(at, minlength=FOLDS * places).reshape(FOLDS, places)
    found = []
    for number, kind in enumerate(kinds):
        mine = of == number
        hers = np.bincount(at[mine], minlength=FOLDS * places).reshape(FOLDS, places)
        others, all_others = hers.sum(axis=0) - hers, sizes.sum(axis=0) - sizes
        # A share learned of other folds, drawn to that of all where a segment has few. Its place
        # among segments counts: shares themselves differ by who was left out.
        base = others.sum(axis=1, keepdims=True) / all_others.sum(axis=1, keepdims=True)
        auc = _auc(rankdata((others + base) / (all_others + 1), axis=1)[fold, within], mine)
        n = int(mine.sum())
        wide = z * _hanley(auc, n, of.size - n)
        found.append(Told(kind, n, auc, max(0.0, auc - wide), min(1.0, auc + wide)))
    return tuple(sorted(found, key=lambda one: (-one.auc, one.group)))


def _auc(score: NDArray[np.float64], mine: NDArray[np.bool_]) -> float:
    ranks, n, rest = rankdata(score), mine.sum(), (~mine).sum()
    return float((ranks[mine].sum() - n * (n + 1) / 2) / (n * rest))


def _hanley(auc: float, n: int, rest: int) -> float:
    """Return the standard error of an AUC (Hanley and McNeil 1982)."""
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (n - 1) * (one - auc**2) + (rest - 1) * (two - auc**2)
    return float(np.sqrt(max(spread, 0.0) / (n * rest)))


def _cells(
    counts: NDArray[np.int64], kinds: list[str], places: list[str], floor: int
) -> tuple[Cell, ...]:
    hidden, sizes = hide(counts, floor).cells, counts.sum(axis=1)
    found = []
    for i, place in enumerate(places):
        rest = counts.sum(axis=0) - counts[i]
        for j, kind in enumerate(kinds):
            if hidden[i, j]:
                found.append(Cell(place, kind, None, None, None, None, None))
                continue
            share, elsewhere = counts[i, j] / sizes[i], rest[j] / rest.sum()
            found.append(
                Cell(
                    place,
                    kind,
                    float(share),
                    float(elsewhere),
                    *_ratio(int(counts[i, j]), int(sizes[i]), int(rest[j]), int(rest.sum())),
                )
            )
    return tuple(found)


def _ratio(a: int, n: int, b: int, m: int) -> tuple[float, float, float]:
    """Return the ratio of two shares and its 95 % interval; half a customer is added to each."""
    one, two = (a + _HALF) / (n + _HALF), (b + _HALF) / (m + _HALF)
    wide = norm.isf(_LEVEL / 2) * np.sqrt(
        1 / (a + _HALF) - 1 / (n + _HALF) + 1 / (b + _HALF) - 1 / (m + _HALF)
    )
    ratio = one / two
    return float(ratio), float(ratio * np.exp(-wide)), float(ratio * np.exp(wide))
