"""A profile as it may leave: no count of few customers, no money of one, and nothing that tells.

What is hidden is taken out here, so that a page cannot show it by mistake: counts are 0, texts
and medians are gone. ``Hiding`` says where a page has to say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from coterie.privacy.disclosure import FLOOR, dominated, hide_money, hide_parts, suppress
from coterie.profiling.composition import Level
from coterie.profiling.explore import Distribution, Far
from coterie.profiling.format import without_shares
from coterie.profiling.products import Bought, Seller
from coterie.profiling.profile import Profile, SegmentProfile
from coterie.profiling.publication import Hiding, find_hiding
from coterie.profiling.shares import Month

_ALL, _KNOWN, _OTHERS = "all", "known", "others"
_QUANTILES = (("median", 0.5), ("q95", 0.05), ("q99", 0.01), ("q999", 0.001))


def hiding_of_profile(profile: Profile, floor: int = FLOOR) -> Hiding:
    """Return what must be hidden of the segments of a profile.

    Parameters
    ----------
    profile : Profile
        Named or not.
    floor : int, default 25
        Least customers.

    Returns
    -------
    Hiding
        As ``find_hiding`` finds it.
    """
    sizes = {segment.id: segment.n for segment in profile.segments}
    values = {segment.id: segment.value for segment in profile.segments if segment.value}
    shares = {name: value.share for name, value in values.items() if value.share is not None}
    poor = [name for name, v in values.items() if dominated(v.largest, v.top_two)]
    return find_hiding(sizes, shares, floor, dominated_ids=poor)


def published_profile(profile: Profile, hiding: Hiding) -> Profile:
    """Return a profile without what must not leave.

    Parameters
    ----------
    profile : Profile
        Named and described.
    hiding : Hiding
        Of its segments.

    Returns
    -------
    Profile
        Segments in the same order; lists of them are shorter.
    """
    levels, missing = _levels(profile, hiding)
    bought = _bought(profile, hiding)
    months = _months(profile, hiding)
    segments = tuple(
        _segment(segment, hiding, levels[code], bought[code])
        for code, segment in enumerate(profile.segments)
    )
    return replace(
        profile,
        n=0 if hiding.whole else profile.n,
        n_unplaced=profile.n_unplaced if profile.n_unplaced >= hiding.floor else 0,
        value=None if hiding.whole else profile.value,
        segments=segments,
        medians=dict.fromkeys(profile.medians) if hiding.whole else profile.medians,
        # a country is named, whoever bought there
        countries=tuple(
            told[0] if (told := _sellers([s], hiding.floor)) else _nameless(s)
            for s in profile.countries
        ),
        months=months,
        distributions=tuple(
            found for d in profile.distributions if (found := _distribution(d, hiding.floor))
        ),
        missing=tuple(item for item in profile.missing if item.column in missing),
        far=tuple(_far(item, hiding.floor) for item in profile.far),
        map=_map(profile, hiding),
    )


def _segment(
    segment: SegmentProfile,
    hiding: Hiding,
    levels: Sequence[Level],
    bought: Mapping[str, tuple[Bought, ...]],
) -> SegmentProfile:
    floor, name = hiding.floor, segment.id
    if name in hiding.none:
        return replace(
            segment,
            description=hiding.why,
            n=0,
            share=0.0,
            value=None,
            overdue=None,
            contrasts=tuple(_silent(c) for c in segment.contrasts),
            products=(),
            bought={},
            sellers=(),
            levels=(),
        )
    size, money = name in hiding.sizes, name in hiding.money
    return replace(
        segment,
        description=without_shares(segment.description) if size or money else segment.description,
        n=0 if size else segment.n,
        share=0.0 if size else segment.share,
        value=None if money else segment.value,
        contrasts=tuple(c if c.n >= floor else _silent(c) for c in segment.contrasts),
        # buyers of a product follow from shares that are written out, not from a lift in words
        products=tuple(
            replace(item, n=0, share=0.0, share_all=0.0, lift=round(item.lift, 1))
            for item in segment.products
        ),
        bought=bought,
        sellers=() if money else _sellers(segment.sellers, floor),
        levels=tuple(levels),
    )


def _silent(contrast: Any) -> Any:
    """Return a contrast that says nothing."""
    names = ("median", "rest", "low", "high", "place", "place_low", "place_high", "z")
    return replace(contrast, n=0, effect=None, p=None, **dict.fromkeys(names))


def _sellers(sellers: Sequence[Seller], floor: int) -> tuple[Seller, ...]:
    """Return what enough customers bought, without how much if one or two bought most."""
    return tuple(
        replace(s, quantity=None, amount=None) if dominated(s.largest, s.top_two) else s
        for s in sellers
        if s.customers >= floor
    )


def _nameless(seller: Seller) -> Seller:
    return replace(seller, product_id="", name="", quantity=None, amount=None, customers=0)


def _levels(profile: Profile, hiding: Hiding) -> tuple[list[list[Level]], set[str]]:
    """Return what may be told of categories in each segment, and the columns with gaps told."""
    found: list[list[Level]] = [[] for _ in profile.segments]
    gaps = {item.column: item.n for item in profile.missing}
    told = {name for name, n in gaps.items() if n >= hiding.floor}
    for attribute in profile.attributes:
        cells = {
            (level.level, code): level
            for code, segment in enumerate(profile.segments)
            for level in segment.levels
            if level.attribute == attribute.name
        }
        hidden = _hidden_levels(
            profile, {key: level.n for key, level in cells.items()}, gaps, attribute.name, hiding
        )
        if (_KNOWN, _ALL) in hidden:
            told.discard(attribute.name)
        for (name, code), level in cells.items():
            if not {(name, code), (name, _ALL)} & hidden:
                found[code].append(level)
    return found, told


def _hidden_levels(
    profile: Profile,
    cells: Mapping[tuple[str, int], int],
    gaps: Mapping[str, int],
    attribute: str,
    hiding: Hiding,
) -> frozenset[tuple[str, int | str]]:
    """Return the levels, by segment or of all, that must be hidden; sizes of segments are told.

    Of a segment whose size is hidden nothing of this is told: then each attribute can be
    looked at on its own.
    """
    counts: dict[tuple[str, int | str], int] = {}
    parts: dict[tuple[str, int | str], list[tuple[str, int | str]]] = {}
    names = sorted({name for name, _ in cells})
    for code, segment in enumerate(profile.segments):
        row = {name: cells.get((name, code), 0) for name in names}
        if gaps.get(attribute):
            row[""] = segment.n - sum(row.values())
        for name, n in row.items():
            counts[name, code] = n
            parts.setdefault((_KNOWN, code), []).append((name, code))
            parts.setdefault((name, _ALL), []).append((name, code))
        counts[_KNOWN, code] = sum(row.values())
    for key, mine in parts.items():
        counts[key] = sum(counts[part] for part in mine)
    secret = {code for code, s in enumerate(profile.segments) if s.id in hiding.sizes}
    unsaid = [key for key in counts if key[1] in secret]
    said = [key for key in counts if key[0] == _KNOWN and key[1] not in secret]
    hidden = suppress(counts, list(parts.items()), hiding.floor, unsaid=unsaid, said=said)
    # a page says how many of all are missing, by the name of the column
    return hidden | ({(_KNOWN, _ALL)} if ("", _ALL) in hidden else frozenset())


def _bought(profile: Profile, hiding: Hiding) -> list[dict[str, tuple[Bought, ...]]]:
    """Return what may be told of categories, channels and countries that customers bought in."""
    found: list[dict[str, tuple[Bought, ...]]] = [{} for _ in profile.segments]
    for dimension in sorted({name for s in profile.segments for name in s.bought}):
        listed = {
            (item.key, code): item
            for code, segment in enumerate(profile.segments)
            for item in segment.bought.get(dimension, ())
        }
        hidden = {
            (key, code)
            for key in sorted({key for key, _ in listed})
            for code in _hidden_buyers(profile, key, listed, hiding)
        }
        for (key, code), item in listed.items():
            if (key, code) not in hidden and profile.segments[code].id not in hiding.none:
                found[code][dimension] = (*found[code].get(dimension, ()), item)
    return found


def _hidden_buyers(
    profile: Profile, key: str, listed: Mapping[tuple[str, int], Bought], hiding: Hiding
) -> list[int]:
    """Return the segments in which who bought here, or did not, must not be counted."""
    mine = {code: item for (name, code), item in listed.items() if name == key}
    if all(item.n < hiding.floor for item in mine.values()):
        return list(mine)
    everybody = round(next(iter(mine.values())).share_all * sum(s.n for s in profile.segments))
    counts: dict[Any, int] = {code: item.n for code, item in mine.items()}
    counts[_OTHERS] = max(everybody - sum(counts.values()), 0)
    counts[_ALL] = sum(counts.values())
    sums: list[tuple[Any, list[Any]]] = [(_ALL, [*mine, _OTHERS])]
    for code in mine:
        counts["not", code] = max(profile.segments[code].n - counts[code], 0)
        counts["size", code] = counts["not", code] + counts[code]
        sums.append((("size", code), [code, ("not", code)]))
    # where nobody else is there to buy, nobody is hidden
    unsaid: list[Any] = [_OTHERS] if len(mine) == len(profile.segments) else []
    secret = [code for code in mine if profile.segments[code].id in hiding.sizes]
    said = [("size", code) for code in mine if code not in secret]
    unsaid += [("size", code) for code in secret]
    hidden = suppress(counts, sums, hiding.floor, unsaid=unsaid, said=said)
    return list(mine) if _ALL in hidden else [code for code in mine if code in hidden]


def _months(profile: Profile, hiding: Hiding) -> tuple[Month, ...]:
    """Return what was spent by month, without months in which a few spent it."""
    kept: list[Month] = []
    for code, segment in enumerate(profile.segments):
        mine = [month for month in profile.months if month.segment == code]
        must = [m.customers < hiding.floor or dominated(m.largest, m.top_two) for m in mine]
        if segment.id in hiding.none | hiding.money:
            continue
        hidden = hide_money([month.value or 0.0 for month in mine], must)
        if not all(hidden):
            kept += [
                replace(month, value=None) if hides else month
                for month, hides in zip(mine, hidden, strict=True)
            ]
    return tuple(sorted(kept, key=lambda month: (month.month, month.segment)))


def _distribution(found: Distribution, floor: int) -> Distribution | None:
    """Return a histogram without its small bars, cut at the last one that is large."""
    counts, edges = _bars(found.counts, found.edges, floor, found.beyond)
    scaled, scaled_edges = _bars(found.scaled_counts, found.scaled_edges, floor)
    if not any(counts) or not any(scaled):
        return None
    return replace(
        found,
        counts=counts,
        edges=edges,
        scaled_counts=scaled,
        scaled_edges=scaled_edges,
        beyond=found.beyond if found.beyond >= floor else 0,
    )


def _bars(
    counts: Sequence[int], edges: Sequence[float], floor: int, beyond: int = 0
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the bars and their edges from the first told to the last; hidden ones are 0."""
    hidden = hide_parts([*counts, beyond], floor)
    shown = [place for place in range(len(counts)) if not hidden[place]]
    if not shown:
        return (), ()
    first, last = shown[0], shown[-1]
    bars = tuple(0 if hidden[place] else counts[place] for place in range(first, last + 1))
    return bars, tuple(edges[first : last + 2])


def _far(found: Far, floor: int) -> Far:
    """Return the quantiles beyond which enough customers lie; no value of one is told."""
    gone: dict[str, Any] = {name: None for name, past in _QUANTILES if found.n * past < floor}
    if (found.n_far or 0) < floor:
        gone["n_far"] = None
    return replace(found, **gone)


def _map(profile: Profile, hiding: Hiding) -> Any:
    """Return the map without customers of segments of few."""
    if profile.map is None or hiding.whole:
        return None
    gone = {code for code, s in enumerate(profile.segments) if s.id in hiding.none}
    points = tuple(point for point in profile.map.points if point[2] not in gone)
    if not points:
        return None
    return replace(
        profile.map,
        points=points,
        centres=tuple(point for point in profile.map.centres if point[2] not in gone),
    )
