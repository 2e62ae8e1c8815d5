"""The profile of a segmentation: all that is shown, counted and compared of its segments.

Whole tables are read by SQL alone; tests, correlations and the map look at a seeded
sample of at most 50,000 customers. Money is None, with the reason, where no orders are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError
from coterie.profiling.composition import Columns, Level, choose_columns, compose, join_columns
from coterie.profiling.contrasts import Contrast, FeatureInfo, FeatureLike, contrasts
from coterie.profiling.drivers import (
    MAX_SAMPLE,
    Test,
    benjamini_hochberg,
    chi_squared,
    compare_number,
)
from coterie.profiling.explore import (
    Correlations,
    Distribution,
    Far,
    Map,
    Missing,
    Sample,
    correlations,
    distributions,
    draw,
    draw_map,
    far_values,
    missing,
)
from coterie.profiling.money import Money, measure_money
from coterie.profiling.products import Bought, Seller
from coterie.profiling.shares import Month, Value
from coterie.schema import Attribute
from coterie.segmentation.released import SegmentIdentity

__all__ = ["FeatureInfo", "Profile", "ProfileParams", "SegmentIdentity", "SegmentProfile"]

_PLACED, _JOINED = "profile__placed", "profile__joined"


@dataclass(frozen=True)
class ProfileParams:
    """What a profile depends on besides the tables.

    ``as_of`` is the exclusive day; ``clustered`` names the features from which the
    segments were built (empty: not known), which then lead names, drivers and the map.
    """

    as_of: int | None
    """None: the data has no dates."""
    seed: int = 0
    currency: str = ""
    clustered: tuple[str, ...] = ()
    top: int = 8
    """Products and levels listed for each segment."""


@dataclass(frozen=True)
class SegmentProfile:
    """One segment: what it is, holds, brings, buys, and how it differs from the rest."""

    identity: SegmentIdentity
    description: str
    n: int
    share: float
    value: Value | None
    overdue: float | None
    """Median of days since the last order over the usual gap (at least 7 days)."""
    contrasts: tuple[Contrast, ...]
    products: tuple[Bought, ...]
    bought: Mapping[str, tuple[Bought, ...]]
    """By category, channel and country; those without values are left out."""
    sellers: tuple[Seller, ...]
    levels: tuple[Level, ...]

    @property
    def id(self) -> str:
        """Id of the segment."""
        return self.identity.id

    @property
    def name(self) -> str:
        """Name of the segment, empty until it is named."""
        return self.identity.name

    def contrast(self, feature: str) -> Contrast | None:
        """Return the contrast of a feature, or None if it is not there."""
        return next((c for c in self.contrasts if c.feature == feature), None)


@dataclass(frozen=True)
class Profile:
    """All segments, by value falling (without value by size), and what surrounds them."""

    params: ProfileParams
    n: int
    """Placed customers."""
    n_unplaced: int
    """Customers in ``assignments`` without a segment: without orders."""
    value: float | None
    """Net spend of all placed customers in units of money."""
    value_reason: str
    value_method: str
    """``bootstrap`` or ``normal``: how the ranges of value shares were made."""
    window_days: int | None
    """Days from the first order to ``as_of``."""
    features: tuple[FeatureInfo, ...]
    n_features: int
    """How many of ``features``, from the start, are features; the others are attributes."""
    attributes: tuple[Attribute, ...]
    """Attributes that are categories."""
    protected: tuple[str, ...]
    """Names of protected attributes: shown, and told of only if clustered on."""
    segments: tuple[SegmentProfile, ...]
    tests: tuple[Test, ...]
    medians: Mapping[str, float | None]
    """Median of every feature over all placed customers of the sample."""
    countries: tuple[Seller, ...]
    months: tuple[Month, ...]
    """Its segments are positions in ``segments``."""
    n_sample: int
    distributions: tuple[Distribution, ...]
    correlations: Correlations
    missing: tuple[Missing, ...]
    far: tuple[Far, ...]
    map: Map | None

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as plain data for JSON."""
        return asdict(self)


def profile_segments(
    db: DuckDB,
    params: ProfileParams,
    *,
    catalogue: Sequence[FeatureLike],
    attributes: Sequence[Attribute] = (),
    ids: Mapping[str, SegmentIdentity],
) -> Profile:
    """Profile the segments in table ``assignments``.

    Parameters
    ----------
    db : DuckDB
        Holds ``assignments`` (customer_id, segment_id; NULL and ``none`` are not placed),
        ``features`` (customer_id and one DOUBLE column a feature), perhaps ``lines`` and,
        with ``attributes``, ``people`` (one row a customer). Tables ``profile__…`` come and go.
    params : ProfileParams
        Day, seed, currency, and the features the segments were built from.
    catalogue : sequence of FeatureLike
        Features to compare; those without a column in ``features`` are left out.
    attributes : sequence of Attribute
        Attributes in ``customers``; protected ones are shown, never used in names unless
        the segments were built from them.
    ids : mapping of str to SegmentIdentity
        Identity by segment id; every id in ``assignments`` must be there.

    Returns
    -------
    Profile
        Still without names and descriptions: see ``names.name_segments``.

    Raises
    ------
    DataError
        If a segment has no identity or nobody is placed.
    """
    order = _place(db, ids)
    present = set(db.columns("features"))
    infos = [FeatureInfo.of(f) for f in catalogue if f.name in present]
    columns = choose_columns(infos, attributes)
    try:
        return _profile(db, params, columns, [ids[key] for key in order])
    finally:
        for name in (_PLACED, _JOINED):
            db.drop(name)


def _place(db: DuckDB, ids: Mapping[str, SegmentIdentity]) -> list[str]:
    order = [
        str(key)
        for (key,) in db.rows(
            "SELECT DISTINCT segment_id FROM assignments "
            "WHERE segment_id IS NOT NULL AND segment_id <> 'none' ORDER BY 1"
        )
    ]
    unknown = [key for key in order if key not in ids]
    if unknown or not order:
        raise DataError(
            f"Segment {unknown[0]!r} has no identity." if unknown else "No customer has a segment.",
            hint="Profile segments after they are placed and matched.",
            where="assignments",
        )
    db.create(
        _PLACED,
        "SELECT customer_id, (DENSE_RANK() OVER (ORDER BY segment_id) - 1)::INTEGER AS segment "
        "FROM assignments WHERE segment_id IS NOT NULL AND segment_id <> 'none'",
    )
    return order


def _overdue(db: DuckDB) -> dict[int, float]:
    if not {"recency", "mean_gap"} <= set(db.columns("features")):
        return {}
    rows = db.rows(
        f"SELECT segment, median(recency / GREATEST(mean_gap, 7)) FROM {_PLACED} "
        "JOIN features USING (customer_id) WHERE isfinite(recency) "
        "AND isfinite(mean_gap) GROUP BY 1"
    )
    return {int(segment): float(value) for segment, value in rows}


def _tests(sample: Sample, columns: Columns) -> tuple[list[Test], dict[tuple[int, str], float]]:
    """Return all tests, adjusted, and Cliff's delta by segment and feature."""
    tests: list[Test] = []
    effects: dict[tuple[int, str], float] = {}
    for number, info in enumerate(columns.numbers):
        test, deltas = compare_number(
            info.name, info.label, sample.numbers[:, number], sample.codes
        )
        tests += [test] if test else []
        effects |= {(code, info.name): delta for code, delta in deltas.items()}
    for number, attribute in enumerate(columns.categories):
        known = sample.categories[:, number] >= 0
        found = chi_squared(sample.categories[known, number], sample.codes[known])
        if found:
            statistic, p, effect = found
            label = attribute.label or attribute.name
            tests.append(
                Test(
                    attribute.name,
                    label,
                    "chi2",
                    int(known.sum()),
                    round(statistic, 6),
                    round(effect, 6),
                    p,
                )
            )
    adjusted = benjamini_hochberg([test.p for test in tests])
    return [replace(test, p_adjusted=p) for test, p in zip(tests, adjusted, strict=True)], effects


def _segments(
    db: DuckDB,
    columns: Columns,
    identities: Sequence[SegmentIdentity],
    sample: Sample,
    money: Money,
) -> tuple[list[SegmentProfile], list[Test]]:
    sizes = dict(db.rows(f"SELECT segment, COUNT(*) FROM {_PLACED} GROUP BY segment"))
    total = sum(sizes.values())
    tests, effects = _tests(sample, columns)
    p_of = {test.feature: test.p_adjusted for test in tests}
    compared = contrasts(db, _JOINED, columns.numbers, len(identities))
    levels = compose(db, _JOINED, columns)
    overdue = _overdue(db)
    found = []
    for code, identity in enumerate(identities):
        own = [
            replace(c, effect=effects.get((code, c.feature)), p=p_of.get(c.feature))
            for c in compared[code]
        ]
        found.append(
            SegmentProfile(
                identity,
                "",
                sizes[code],
                round(sizes[code] / total, 6),
                money.values[code] if money.values else None,
                overdue.get(code),
                tuple(own),
                tuple(item for item in money.products if item.segment == code),
                {
                    column: tuple(item for item in items if item.segment == code)
                    for column, items in (money.dimensions or {}).items()
                },
                tuple(item for item in money.sellers if item.group == str(code)),
                tuple(item for item in levels if item.segment == code),
            )
        )
    return found, tests


def _median(values: np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else None


def _profile(
    db: DuckDB, params: ProfileParams, columns: Columns, identities: Sequence[SegmentIdentity]
) -> Profile:
    # Money first: its tables are gone again before there are those of the columns.
    money = measure_money(
        db, _PLACED, len(identities), as_of=params.as_of, seed=params.seed, top=params.top
    )
    join_columns(db, _PLACED, _JOINED, columns)
    sample = draw(db, _JOINED, columns, seed=params.seed)
    segments, tests = _segments(db, columns, identities, sample, money)
    order = sorted(
        range(len(segments)),
        key=lambda i: (-(money.values[i].value if money.values else segments[i].n), segments[i].id),
    )
    position = {code: rank for rank, code in enumerate(order)}
    features = columns.numbers[: columns.n_features] or columns.numbers
    clustered = [i for i, info in enumerate(columns.numbers) if info.name in params.clustered]
    spots = draw_map(
        sample,
        columns.numbers,
        clustered if len(clustered) > 1 else range(len(features)),
        seed=params.seed,
    )
    return Profile(
        params,
        sum(segment.n for segment in segments),
        int(db.rows("SELECT COUNT(*) FROM assignments")[0][0]) - sum(s.n for s in segments),
        round(sum(value.value for value in money.values), 6) if money.values else None,
        money.reason,
        money.method,
        money.window,
        columns.numbers,
        columns.n_features,
        columns.categories,
        columns.protected,
        tuple(_renumbered(segments[code], position) for code in order),
        tuple(tests),
        {info.name: _median(sample.numbers[:, i]) for i, info in enumerate(columns.numbers)},
        tuple(money.countries),
        tuple(replace(month, segment=position[month.segment]) for month in money.months),
        min(sample.codes.size, MAX_SAMPLE),
        tuple(distributions(sample, columns.numbers)),
        correlations(sample, columns.numbers),
        tuple(missing(db, _JOINED, columns)),
        tuple(far_values(sample, columns.numbers)),
        _renumbered_map(spots, position),
    )


def _renumbered(segment: SegmentProfile, position: Mapping[int, int]) -> SegmentProfile:
    """Let every part say the position of its segment in the order shown."""
    return replace(
        segment,
        products=tuple(replace(item, segment=position[item.segment]) for item in segment.products),
        bought={
            column: tuple(replace(item, segment=position[item.segment]) for item in items)
            for column, items in segment.bought.items()
        },
        sellers=tuple(
            replace(item, group=str(position[int(item.group)])) for item in segment.sellers
        ),
        levels=tuple(replace(item, segment=position[item.segment]) for item in segment.levels),
    )


def _renumbered_map(spots: Map | None, position: Mapping[int, int]) -> Map | None:
    if spots is None:
        return None
    return replace(
        spots,
        points=tuple((x, y, position[code]) for x, y, code in spots.points),
        centres=tuple((x, y, position[code]) for x, y, code in spots.centres),
    )
