"""Descriptions of segments: two sentences whose every number is one of the profile's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coterie.profiling import format as fmt
from coterie.profiling.composition import OTHER
from coterie.profiling.contrasts import Contrast
from coterie.profiling.profile import Profile, SegmentProfile

CLEAR_EFFECT = 0.147
STRONG_EFFECT = 0.33
"""Cliff's deltas below which a difference is negligible, and small (Romano et al. 2006)."""

MOSTLY = 0.6
MOSTLY_LIFT = 1.25
"""A level held by this share of a segment, and so much above all, may name it."""


@dataclass(frozen=True)
class Telling:
    """One thing that sets a segment apart, in words, with the strength of its effect."""

    feature: str
    text: str
    strength: float
    is_median: bool


def describe(
    profile: Profile, segment: SegmentProfile, told: Sequence[str] = (), *, by_orders: bool
) -> str:
    """Return two sentences in which every number is one of the profile's.

    Parameters
    ----------
    profile : Profile
        Gives currency and ranges.
    segment : SegmentProfile
        The segment to describe.
    told : sequence of str
        Features that its name speaks of; they come first.
    by_orders : bool
        Describe by orders and their gaps; otherwise by what sets it apart.

    Returns
    -------
    str
        What they are, then how many they are and what they brought.
    """
    first = _orders_sentence(segment) if by_orders else _contrast_sentence(profile, segment, told)
    return f"{first}{fmt.THEY_ARE}{_share_sentence(segment)}"


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


def _contrast_sentence(profile: Profile, segment: SegmentProfile, told: Sequence[str]) -> str:
    found = telling(profile, segment)
    found.sort(key=lambda item: told.index(item.feature) if item.feature in told else len(told))
    parts = found[:2]
    if not parts:
        return "In everything measured they are close to the others."
    if all(part.is_median for part in parts) and len(parts) > 1:
        return f"{'; '.join(part.text for part in parts)} (medians)."
    texts = [f"{part.text} (median)" if part.is_median else part.text for part in parts]
    return f"{'; '.join(texts)}."


def differs(contrast: Contrast, currency: str = "") -> bool:
    """Say if a median clearly differs from the others', as it is written and in its effect."""
    here, rest, effect = contrast.median, contrast.rest, contrast.effect or 0.0
    if here is None or rest is None or abs(effect) < CLEAR_EFFECT or (here - rest) * effect <= 0:
        return False
    return fmt.quantity(here, contrast.unit, currency) != fmt.quantity(
        rest, contrast.unit, currency
    )


def telling(profile: Profile, segment: SegmentProfile) -> list[Telling]:
    """Return what sets a segment apart, most telling first.

    Numbers whose medians differ clearly, and levels that most of the segment and clearly
    fewer of the others share; columns the segments were built from come first. Of levels
    that the same customers share, only one is told.
    """
    clustered, currency = set(profile.params.clustered), profile.params.currency
    categories = {attribute.name for attribute in profile.attributes}
    found = [
        Telling(
            c.feature,
            f"{c.label} {fmt.quantity(c.median or 0.0, c.unit, currency)} against "
            f"{fmt.quantity(c.rest or 0.0, c.unit, currency)} for the others",
            abs(c.effect or 0.0),
            is_median=True,
        )
        for c in strongest(profile, segment.contrasts)
        if c.feature not in categories and differs(c, currency)
    ]
    found += _telling_levels(profile, segment)
    return sorted(
        found, key=lambda item: (item.feature not in clustered, -item.strength, item.feature)
    )


def _telling_levels(profile: Profile, segment: SegmentProfile) -> list[Telling]:
    """Return the levels most share; those of the same words and share are told once."""
    labels = {attribute.name: attribute.label or attribute.name for attribute in profile.attributes}
    silent = set(profile.protected) - set(profile.params.clustered)
    found: dict[tuple[str, float], Telling] = {}
    for level in segment.levels:
        known = (level.level, level.share)
        enough = level.share >= MOSTLY and level.lift >= MOSTLY_LIFT
        if level.attribute in silent or not enough or level.level == OTHER or known in found:
            continue
        here, of_all = (fmt.share(x, sentence=True) for x in (level.share, level.share_all))
        text = f"{labels[level.attribute]}: {level.level} for {here} ({of_all} of all)"
        effect = level_effect(level.share, level.share_all, segment.share)
        found[known] = Telling(level.attribute, text, effect, is_median=False)
    return list(found.values())


def level_effect(share: float, share_all: float, size: float) -> float:
    """Return Cliff's delta of having a level: its share here less its share in the rest.

    Parameters
    ----------
    share, share_all : float
        Share of the level in the segment and among all.
    size : float
        Share of the segment among all.

    Returns
    -------
    float
        −1 to 1; 0 if the segment is all.

    Examples
    --------
    >>> level_effect(0.5, 0.25, 0.25), level_effect(1.0, 1.0, 1.0)
    (0.333333, 0.0)
    """
    if size >= 1:
        return 0.0
    rest = max((share_all - size * share) / (1 - size), 0.0)
    return round(share - rest, 6)


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
        return f"{customers} of customers."
    wide = value.high - value.low > 0.1 * abs(value.share)
    return (
        f"{customers} of customers and brought {'about ' if wide else ''}"
        f"{fmt.share(value.share, sentence=True)} of spend "
        f"({fmt.share_range(value.low, value.high)})."
    )
