"""Descriptions of segments: two sentences whose every number is one of the profile's."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.profiling import format as fmt
from coterie.profiling.contrasts import Contrast
from coterie.profiling.profile import Profile, SegmentProfile

CLEAR_EFFECT = 0.147
"""Cliff's delta below this counts as negligible (Romano et al. 2006)."""

MOSTLY = 0.6
MOSTLY_LIFT = 1.25
"""A level held by this share of a segment, and so much above all, may name it."""


def describe(profile: Profile, segment: SegmentProfile, *, by_orders: bool) -> str:
    """Return two sentences in which every number is one of the profile's.

    Parameters
    ----------
    profile : Profile
        Gives currency and ranges.
    segment : SegmentProfile
        The segment to describe.
    by_orders : bool
        Describe by orders and their gaps; otherwise by the strongest contrasts.
    """
    first = _orders_sentence(segment) if by_orders else _contrast_sentence(profile, segment)
    return f"{first} {_share_sentence(segment)}"


def _orders_sentence(segment: SegmentProfile) -> str:
    frequency, recency, gap = (
        segment.contrast(name) for name in ("frequency", "recency", "mean_gap")
    )
    last = recency.median if recency and recency.median is not None else 0.0
    ago = f"last order {fmt.days(last)} ago"
    if frequency and frequency.median is not None and frequency.median < 2:
        return f"Ordered once; {ago} (medians)."
    if gap and gap.median is not None:
        return f"Order about every {fmt.days(gap.median)}; {ago} (medians)."
    return f"Their {ago} (median)."


def _contrast_sentence(profile: Profile, segment: SegmentProfile) -> str:
    parts = level_parts(profile, segment)[:1]
    n_medians = 0
    for c in strongest(profile, segment.contrasts)[: 2 - len(parts)]:
        if c.median is None or c.rest is None or abs(c.effect or 0.0) < CLEAR_EFFECT:
            continue
        here, rest = (
            fmt.quantity(value, c.unit, profile.params.currency) for value in (c.median, c.rest)
        )
        parts.append(f"{c.label} {here} against {rest} for the others")
        n_medians += 1
    if not parts:
        return "In everything measured they are close to the others."
    note = ("", " (median)", " (medians)")[n_medians]
    return f"{'; '.join(parts)}{note}."


def level_parts(profile: Profile, segment: SegmentProfile) -> list[str]:
    """Return what most of the segment and clearly fewer of all share, most telling first."""
    clustered = set(profile.params.clustered)
    labels = {attribute.name: attribute.label or attribute.name for attribute in profile.attributes}
    telling = [
        level
        for level in segment.levels
        if level.share >= MOSTLY
        and level.lift >= MOSTLY_LIFT
        and (level.attribute in clustered or level.attribute not in profile.protected)
    ]
    telling.sort(key=lambda level: (level.attribute not in clustered, -level.lift, level.attribute))
    return [
        f"{labels[level.attribute]} {level.level}: {fmt.share(level.share, sentence=True)} "
        f"against {fmt.share(level.share_all, sentence=True)} of all"
        for level in telling
    ]


def strongest(profile: Profile, contrasts: Sequence[Contrast]) -> list[Contrast]:
    """Sort contrasts by what tells the segment apart: clustered features first, then effect."""
    clustered = set(profile.params.clustered)
    silent = set(profile.protected) - clustered
    return sorted(
        (c for c in contrasts if c.effect is not None and c.feature not in silent),
        key=lambda c: (c.feature not in clustered, -abs(c.effect or 0.0), c.feature),
    )


def _share_sentence(segment: SegmentProfile) -> str:
    customers = fmt.share(segment.share, sentence=True)
    value = segment.value
    if value is None or value.share is None or value.low is None or value.high is None:
        return f"They are {customers} of customers."
    wide = value.high - value.low > 0.1 * abs(value.share)
    return (
        f"They are {customers} of customers and brought {'about ' if wide else ''}"
        f"{fmt.share(value.share, sentence=True)} of spend "
        f"({fmt.share_range(value.low, value.high)})."
    )
