"""Names of segments: an RFM lexicon, and contrasts in the data's own words.

The order of the lexicon is part of the method: segments are asked in descending value
per customer, and the first matching name not yet taken wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from coterie.profiling.composition import OTHER
from coterie.profiling.describe import MOSTLY, MOSTLY_LIFT, describe
from coterie.profiling.profile import Profile, SegmentProfile

MAX_WORDS = 4

CLEAR = 0.5
"""A contrast below this many robust deviations is no reason for a name."""

PLAIN = "Average customers"

PHRASES: dict[str, tuple[str, str]] = {
    "recency": ("inactive", "recent"),
    "frequency": ("many orders", "few orders"),
    "monetary": ("high spend", "low spend"),
    "tenure": ("long-standing", "newly won"),
    "avg_order": ("large baskets", "small baskets"),
    "max_order": ("large orders", "small orders"),
    "mean_gap": ("rare orders", "frequent orders"),
    "overdue": ("overdue", "on schedule"),
    "orders_30d": ("busy month", "quiet month"),
    "spend_30d": ("strong month", "weak month"),
    "orders_90d": ("busy quarter", "quiet quarter"),
    "spend_90d": ("strong quarter", "weak quarter"),
    "rate": ("frequent orders", "rare orders"),
    "momentum": ("gaining pace", "losing pace"),
    "return_share": ("many returns", "few returns"),
    "discount_share": ("discount buyers", "full price"),
    "weekend_share": ("weekend buyers", "weekday buyers"),
    "night_share": ("night buyers", "never nights"),
    "morning_share": ("morning buyers", "never mornings"),
    "afternoon_share": ("afternoon buyers", "never afternoons"),
    "evening_share": ("evening buyers", "never evenings"),
    "category_entropy": ("many categories", "few categories"),
    "channel_entropy": ("many channels", "one channel"),
    "clv": ("high value", "low value"),
}
"""Words for the built-in features: above and below the others, at most two words each."""

_EMPTY = frozenset(
    [
        "a",
        "an",
        "and",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "of",
        "on",
        "or",
        "per",
        "since",
        "the",
        "to",
        "with",
    ]
)
_GENERIC = frozenset(
    [
        "amount",
        "annual",
        "average",
        "avg",
        "count",
        "mean",
        "monthly",
        "no",
        "num",
        "number",
        "rate",
        "ratio",
        "score",
        "total",
        "trx",
        "value",
        "yearly",
    ]
)


@dataclass(frozen=True)
class _Facts:
    """What the lexicon looks at, all from medians."""

    recency: float
    """Place of the median recency, 1 for the most recent."""
    frequency: float
    orders: float
    tenure: float
    value: float
    """Share of value over share of customers."""
    overdue: float
    window: int

    @property
    def multi(self) -> bool:
        return self.orders >= 2


def lexicon(facts: _Facts) -> list[str]:
    """Return the names that match, in the order in which they are tried."""
    r, f, v, o, multi = facts.recency, facts.frequency, facts.value, facts.overdue, facts.multi
    rules = (
        ("New", facts.tenure <= facts.window / 6 and facts.orders <= 2),
        ("Champions", r >= 0.65 and f >= 0.65 and v >= 2.5),
        ("Loyal", r >= 0.5 and f >= 0.6 and v >= 1),
        ("Cannot lose", multi and r < 0.5 and o >= 2 and v >= 1.5),
        ("At risk", multi and r < 0.5 and o >= 1.5),
        ("Potential loyalists", r >= 0.5 and multi),
        ("Promising", r >= 0.5),
        ("Needs attention", 0.35 <= r < 0.5),
        ("Hibernating", 0.2 <= r < 0.35),
        ("Lost", r < 0.2),
    )
    return [name for name, matches in rules if matches]


def _facts(profile: Profile, segment: SegmentProfile) -> _Facts | None:
    recency, frequency, tenure = (
        segment.contrast(name) for name in ("recency", "frequency", "tenure")
    )
    share = segment.value.share if segment.value else None
    if not (recency and frequency and tenure) or share is None or segment.overdue is None:
        return None
    if recency.place is None or frequency.place is None or not profile.window_days:
        return None
    if frequency.median is None or tenure.median is None:
        return None
    return _Facts(
        1 - recency.place,
        frequency.place,
        frequency.median,
        tenure.median,
        share / segment.share,
        segment.overdue,
        profile.window_days,
    )


def short_label(label: str) -> str:
    """Return the words of a label that carry it, small, at most three.

    Examples
    --------
    >>> short_label("Annual Income (k$)"), short_label("CASH_ADVANCE"), short_label("Days to pay")
    ('income', 'cash advance', 'days pay')
    """
    bare = re.sub(r"\(.*?\)|\[.*?\]", " ", label)
    bare = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare)  # NumWebPurchases
    words = [word for word in re.split(r"[\s_/.,:;]+", bare.lower()) if word not in _EMPTY and word]
    telling = [word for word in words if word not in _GENERIC] or words
    return " ".join(telling[:3]) or "unnamed"


@dataclass(frozen=True)
class _Phrase:
    """One thing to say of a segment: ``high`` (or ``low``, or neither) and its words."""

    feature: str
    strength: float
    direction: str
    words: str

    @property
    def text(self) -> str:
        return f"{self.direction} {self.words}".strip()


def _phrases(profile: Profile, segment: SegmentProfile) -> list[_Phrase]:
    """Return what stands out, strongest first; protected attributes only if clustered on."""
    clustered = set(profile.params.clustered)
    inner = {info.name for info in profile.features[: profile.n_features]}
    shown = inner or {info.name for info in profile.features}
    allowed = clustered or shown - set(profile.protected)
    labels = _unique_labels(profile, allowed)
    found = []
    for contrast in segment.contrasts:
        if contrast.feature not in allowed or contrast.z is None or contrast.z == 0:
            continue
        high = contrast.z > 0
        if contrast.feature in PHRASES and contrast.feature in inner:
            direction, words = "", PHRASES[contrast.feature][0 if high else 1]
        else:
            direction, words = ("high" if high else "low"), labels[contrast.feature]
        found.append(_Phrase(contrast.feature, abs(contrast.z), direction, words))
    found += _level_phrases(profile, segment, clustered)
    return sorted(found, key=lambda phrase: (-round(phrase.strength, 4), phrase.feature))


def _unique_labels(profile: Profile, allowed: Iterable[str]) -> dict[str, str]:
    """Shorten labels as far as they stay different from each other."""
    names = set(allowed)
    labels = {info.name: info.label for info in profile.features if info.name in names}
    short = {name: short_label(label) for name, label in labels.items()}
    told = list(short.values())
    return {
        name: words
        if told.count(words) == 1
        else " ".join(re.split(r"[\s_]+", labels[name].lower())[:3])
        for name, words in short.items()
    }


def _level_phrases(profile: Profile, segment: SegmentProfile, clustered: set[str]) -> list[_Phrase]:
    kinds = {attribute.name: attribute for attribute in profile.attributes}
    found = []
    for level in segment.levels:
        attribute = kinds[level.attribute]
        usable = level.attribute in clustered or (not clustered and not attribute.protected)
        if not usable or level.level == OTHER or level.share < MOSTLY or level.lift < MOSTLY_LIFT:
            continue
        plain = level.level in ("yes", "no") or not re.search(r"[^\W\d]", level.level)
        words = short_label(attribute.label or attribute.name) if plain else level.level.lower()
        words = f"{words} {level.level}" if plain and level.level != "yes" else words
        found.append(_Phrase(level.attribute, level.lift, "mostly", words))
    return found


def _related(profile: Profile, one: str, other: str) -> bool:
    names = profile.correlations.features
    if one not in names or other not in names:
        return False
    rho = profile.correlations.rho[names.index(one)][names.index(other)]
    return rho is not None and abs(rho) > 0.8


def _contrast_names(profile: Profile, segment: SegmentProfile, base: str = "") -> Iterable[str]:
    """Yield names from the strongest contrasts, best first, all within four words."""
    phrases = _phrases(profile, segment)
    strong = [phrase for phrase in phrases if phrase.strength > CLEAR]
    room = MAX_WORDS - len(base.split())
    start = f"{base}, " if base else ""
    for index, first in enumerate(strong):
        if not base:
            for second in strong[index + 1 :]:
                repeats = set(first.words.split()) & set(second.words.split())
                if repeats or _related(profile, first.feature, second.feature):
                    continue
                shared = first.direction and first.direction == second.direction
                tail = second.words if shared else second.text
                if len(f"{first.text} {tail}".split()) <= room:
                    yield _sentence_case(f"{first.text}, {tail}")
        if len(first.text.split()) <= room:
            yield _sentence_case(f"{start}{first.text}")
    if not strong and not base:
        yield PLAIN
    for phrase in phrases[len(strong) :]:
        if len(phrase.text.split()) <= room:
            yield _sentence_case(f"{start}{phrase.text}")


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _first_free(names: Iterable[str], taken: set[str], fallback: str) -> str:
    for name in names:
        if name.casefold() not in taken:
            return name
    number = 2
    while f"{fallback} {number}".casefold() in taken:
        number += 1
    return f"{fallback} {number}"


def name_segments(profile: Profile) -> Profile:
    """Give every segment a name and a description.

    Segments whose identity carries a name keep it (``name_source`` too). Others get the
    lexicon's, if the segments are about recency and frequency and value is known, else
    one from their strongest contrasts.

    Parameters
    ----------
    profile : Profile
        As ``profile_segments`` makes it.

    Returns
    -------
    Profile
        With unique names (whatever the case of letters) of at most four words.
    """
    taken = {segment.name.casefold() for segment in profile.segments if segment.name}
    about_orders = not profile.params.clustered or {"recency", "frequency"} <= set(
        profile.params.clustered
    )
    facts = {s.id: _facts(profile, s) if about_orders else None for s in profile.segments}
    asked = sorted(
        profile.segments,
        key=lambda s: (-(found.value if (found := facts[s.id]) else 0.0), -s.n, s.id),
    )
    named: dict[str, tuple[str, str]] = {}
    for segment in asked:
        if segment.name:
            named[segment.id] = (segment.name, segment.identity.name_source or "user")
            continue
        name, source = _name(profile, segment, facts[segment.id], taken)
        taken.add(name.casefold())
        named[segment.id] = (name, source)
    return replace(
        profile,
        segments=tuple(
            replace(
                segment,
                identity=replace(
                    segment.identity, name=named[segment.id][0], name_source=named[segment.id][1]
                ),
                description=describe(profile, segment, by_orders=facts[segment.id] is not None),
            )
            for segment in profile.segments
        ),
    )


def _name(
    profile: Profile, segment: SegmentProfile, facts: _Facts | None, taken: set[str]
) -> tuple[str, str]:
    if len(profile.segments) == 1:
        return _first_free(["All customers"], taken, "All customers"), "lexicon"
    matches = lexicon(facts) if facts else []
    free = [name for name in matches if name.casefold() not in taken]
    if free:
        return free[0], "lexicon"
    base = matches[0] if matches else ""
    options = list(_contrast_names(profile, segment, base))
    fallback = base or (options[0] if options else PLAIN)
    if len(fallback.split()) == MAX_WORDS:
        fallback = "Segment"
    return _first_free(options, taken, fallback), "contrast"
