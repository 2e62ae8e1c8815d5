"""The RFM lexicon: names that marketers give to customers by recency, frequency and value.

The order of its rules is part of the method: the first matching name not yet taken wins.
Places among all customers are not enough for a true name: where nearly everybody has left,
who left a little later is no promise, and where everybody comes weekly, who comes every
other week does not hibernate. So the usual gap between orders has a word too.
"""

from __future__ import annotations

from dataclasses import dataclass

from coterie.profiling.profile import Profile, SegmentProfile

LAPSED = 3.0
"""Who ordered repeatedly and is away for so many usual gaps is not present any more."""

AWAKE_DAYS = 30
"""Who ordered so recently, and within the usual gap, is not away."""


@dataclass(frozen=True)
class Facts:
    """What the lexicon looks at, all from medians; places among all customers, 0 to 1."""

    recency: float
    """Place of the median recency, 1 for the most recent."""
    frequency: float
    orders: float
    tenure: float
    value: float
    """Share of value over share of customers."""
    overdue: float
    """Days since the last order over the usual gap of at least a week."""
    window: int
    days: float = 365.0
    """Days since the last order."""

    @property
    def multi(self) -> bool:
        """Whether half of them ordered more than once."""
        return self.orders >= 2


def lexicon(facts: Facts) -> list[str]:
    """Return the names that match, in the order in which they are tried.

    Parameters
    ----------
    facts : Facts
        Of one segment.

    Returns
    -------
    list of str
        At least one name, because the places cover 0 to 1.

    Examples
    --------
    >>> lexicon(Facts(0.9, 0.9, 12.0, 300.0, 3.0, 0.5, 360))[0]
    'Champions'
    """
    r, f, v, o, multi = facts.recency, facts.frequency, facts.value, facts.overdue, facts.multi
    if multi and o >= LAPSED:
        r = min(r, 0.49)
    awake = multi and o < 1 and facts.days < AWAKE_DAYS
    rules = (
        ("New", facts.tenure <= facts.window / 6 and facts.orders <= 2),
        ("Champions", r >= 0.65 and f >= 0.65 and v >= 2.5),
        ("Loyal", r >= 0.5 and f >= 0.6 and v >= 1),
        ("Cannot lose", multi and r < 0.5 and o >= 2 and v >= 1.5),
        ("At risk", multi and r < 0.5 and o >= 1.5),
        ("Potential loyalists", r >= 0.5 and multi),
        ("Promising", r >= 0.5),
        ("Occasional", r < 0.35 and awake),
        ("Needs attention", 0.35 <= r < 0.5),
        ("Hibernating", 0.2 <= r < 0.35),
        ("Lost", r < 0.2),
    )
    return [name for name, matches in rules if matches]


def facts_of(profile: Profile, segment: SegmentProfile) -> Facts | None:
    """Return what the lexicon looks at, or None where orders do not tell it."""
    recency, frequency, tenure = (
        segment.contrast(name) for name in ("recency", "frequency", "tenure")
    )
    share = segment.value.share if segment.value else None
    if not (recency and frequency and tenure) or share is None or segment.overdue is None:
        return None
    if recency.place is None or frequency.place is None or not profile.window_days:
        return None
    if recency.median is None or frequency.median is None or tenure.median is None:
        return None
    return Facts(
        1 - recency.place,
        frequency.place,
        frequency.median,
        tenure.median,
        share / segment.share,
        segment.overdue,
        profile.window_days,
        recency.median,
    )
