"""How a feature of one segment lies against the rest: medians, middle halves, places, z.

Everything is an order statistic of one column at a time, so the answer does not
depend on the order of the rows, and memory holds one column, whatever the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.profiling.words import readable
from coterie.segmentation.parallel import each

Floats = NDArray[np.float64]

MAD_TO_SD = 1.4826
"""The median absolute deviation of a normal distribution times this is its standard deviation."""

SKEWED = 1.0
"""Above this skewness a column without negatives is looked at on the log scale."""


class FeatureLike(Protocol):
    """What a profile needs to know of a feature; ``features.catalogue.Feature`` has it."""

    @property
    def name(self) -> str:
        """Column name."""
        ...

    @property
    def label(self) -> str:
        """Words a marketer understands."""
        ...

    @property
    def unit(self) -> str:
        """``money``, ``days``, ``share`` … or empty."""
        ...

    @property
    def higher_is_better(self) -> bool:
        """False for days since the last order and the like."""
        ...

    @property
    def transform(self) -> str:
        """``log``, ``none`` or ``auto`` (log if skewed and never negative)."""
        ...


@dataclass(frozen=True)
class FeatureInfo:
    """A feature's name and words, as a plain record."""

    name: str
    label: str
    unit: str = ""
    higher_is_better: bool = True
    transform: str = "auto"

    @classmethod
    def of(cls, feature: FeatureLike) -> FeatureInfo:
        """Take what a profile needs from any feature object."""
        return cls(
            feature.name,
            readable(feature.label or feature.name),
            feature.unit,
            feature.higher_is_better,
            feature.transform,
        )


@dataclass(frozen=True)
class Contrast:
    """One feature in one segment against all other placed customers.

    ``median``, ``low``, ``high`` (quartiles: spread of people, no range of an
    estimate) and ``rest`` (median of the others) are in the feature's own unit;
    ``place``, ``place_low``, ``place_high`` say where those lie among all placed
    customers (mid-rank, 0 to 1); ``z`` is the robust standardised distance of the
    segment's median from that of all, on the log scale where the feature is.
    ``effect`` is Cliff's delta and ``p`` the adjusted p-value (see ``drivers``).
    None means unknown: no values, or nothing to compare with.
    """

    feature: str
    label: str
    unit: str
    n: int
    median: float | None
    rest: float | None
    low: float | None = None
    high: float | None = None
    place: float | None = None
    place_low: float | None = None
    place_high: float | None = None
    z: float | None = None
    effect: float | None = None
    p: float | None = None


def on_scale(values: Floats, *, log: bool) -> Floats:
    """Return ``values`` or their signed log1p, which keeps order and sign.

    Examples
    --------
    >>> on_scale(np.array([-1.0, 0.0, 1.0]), log=True).round(3).tolist()
    [-0.693, 0.0, 0.693]
    """
    return np.sign(values) * np.log1p(np.abs(values)) if log else values


def uses_log(transform: str, ordered: Floats) -> bool:
    """Say whether a column is looked at on the log scale."""
    if transform != "auto":
        return transform in ("log", "log1p")
    if ordered.size < 3 or ordered[0] < 0:
        return False
    thin = ordered[:: max(1, ordered.size // 50_000)]  # sorted, so this keeps the shape
    centred = thin - thin.mean()
    squares = centred * centred
    spread = float(np.sqrt(squares.mean()))
    return bool(spread > 0 and float((squares * centred).mean()) / spread**3 > SKEWED)


def place(ordered: Floats, value: float) -> float:
    """Return the mid-rank position of ``value`` in sorted values, 0 to 1.

    Examples
    --------
    >>> place(np.array([1.0, 2.0, 2.0, 5.0]), 2.0)
    0.5
    """
    below = np.searchsorted(ordered, value, "left")
    upto = np.searchsorted(ordered, value, "right")
    return float(below + upto) / 2 / ordered.size


def _rest_at(ordered: Floats, part: Floats, rank: int) -> float:
    """Return the value of this rank (from 0) among ``ordered`` without ``part``, both sorted."""
    low, high = 0, ordered.size - 1
    while low < high:
        middle = (low + high) // 2
        value = ordered[middle]
        upto = np.searchsorted(ordered, value, "right") - np.searchsorted(part, value, "right")
        low, high = (low, middle) if upto > rank else (middle + 1, high)
    return float(ordered[low])


def rest_median(ordered: Floats, part: Floats) -> float | None:
    """Return the median of the sorted ``ordered`` without its sorted subset ``part``.

    Examples
    --------
    >>> rest_median(np.array([1.0, 2.0, 3.0, 4.0, 9.0]), np.array([3.0]))
    3.0
    """
    n = ordered.size - part.size
    if n == 0:
        return None
    return (_rest_at(ordered, part, (n - 1) // 2) + _rest_at(ordered, part, n // 2)) / 2


@dataclass(frozen=True)
class _Whole:
    """One column of all placed customers: sorted, and its centre and spread on its scale."""

    ordered: Floats
    log: bool
    centre: float
    spread: float

    @classmethod
    def of(cls, values: Floats, transform: str) -> _Whole:
        ordered = np.sort(values)
        log = uses_log(transform, ordered)
        if not ordered.size:
            return cls(ordered, log, 0.0, 0.0)
        scaled = on_scale(ordered, log=log)
        centre = float(np.median(scaled))
        spread = MAD_TO_SD * float(np.median(np.abs(scaled - centre))) or float(scaled.std())
        return cls(ordered, log, centre, spread)


def _contrast(info: FeatureInfo, whole: _Whole, part: Floats) -> Contrast:
    if not part.size:
        return Contrast(info.name, info.label, info.unit, 0, None, None)
    low, median, high = (float(q) for q in np.quantile(part, (0.25, 0.5, 0.75)))
    ordered = whole.ordered
    rest = rest_median(ordered, part)
    here = float(np.median(on_scale(part, log=whole.log)))
    known = whole.spread > 0 and rest is not None
    return Contrast(
        info.name,
        info.label,
        info.unit,
        int(part.size),
        median,
        rest,
        low,
        high,
        round(place(ordered, median), 6),
        round(place(ordered, low), 6),
        round(place(ordered, high), 6),
        round((here - whole.centre) / whole.spread, 6) if known else None,
    )


def contrasts(
    db: DuckDB, relation: str, features: Sequence[FeatureInfo], n_segments: int
) -> list[list[Contrast]]:
    """Compare every segment with the rest in every feature.

    Parameters
    ----------
    db : DuckDB
        Holds ``relation`` with a column ``segment`` (0 to ``n_segments`` - 1) and DOUBLE
        columns ``x0``, ``x1`` … in the order of ``features`` (names of attributes may be
        any text, so they do not name columns). NULL, NaN and infinities are left out.
    relation : str
        Name of that table.
    features : sequence of FeatureInfo
        Features to compare, in the order of the answer.
    n_segments : int
        Number of segments.

    Returns
    -------
    list of list of Contrast
        For each segment the contrasts in the order of ``features``, without tests.
    """

    def of_feature(number: int) -> list[Contrast]:
        table = db.query(
            f"SELECT segment, x{number} AS value FROM {identifier(relation)} "
            f"WHERE isfinite(x{number})"
        )
        codes = table.column("segment").to_numpy()
        values: Floats = table.column("value").to_numpy()
        whole = _Whole.of(values, features[number].transform)
        return [
            _contrast(features[number], whole, np.sort(values[codes == code]))
            for code in range(n_segments)
        ]

    found = each(of_feature, range(len(features)))
    return [[contrasts[code] for contrasts in found] for code in range(n_segments)]
