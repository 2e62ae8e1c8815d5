"""Names of segments: the RFM lexicon's, or contrasts in the data's own words.

Segments are asked in descending value per customer. Contrasts are told in the
order of their effect, the one that the drivers show, because a robust distance of medians
is 0 wherever more than half of all customers have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from coterie.profiling.composition import OTHER
from coterie.profiling.contrasts import Contrast
from coterie.profiling.describe import (
    CLEAR_EFFECT,
    MOSTLY,
    MOSTLY_LIFT,
    STRONG_EFFECT,
    describe,
    differs,
    level_effect,
)
from coterie.profiling.lexicon import Facts, facts_of, lexicon
from coterie.profiling.profile import FeatureInfo, Profile, SegmentProfile
from coterie.profiling.words import (
    COLUMN_PHRASES,
    COUNTING,
    PHRASES,
    Wording,
    level_words,
    readable,
    wording_of,
)
from coterie.segmentation.wishes import MAX_WORDS

CLEAR = 0.5
"""A contrast below this many robust deviations is no reason for a name."""

NEARLY_ALL = 0.8
"""A level held by this share of a segment needs no "mostly"."""

RELATED = 0.8
"""Two features that correlate so highly make one phrase, not two."""

_MAX_CODE = 9
"""Whole numbers up to this may be codes of answers."""

_PAIRED = 8
"""Phrases that are tried with each other."""

_TELLING = 0.6
"""A name that fits no other segment is preferred if it is at least so strong as the strongest."""

PLAIN = "Average customers"


@dataclass(frozen=True)
class _Phrase:
    """One thing to say of a segment: ``direction`` (high, no, mostly, or nothing) and words."""

    feature: str
    strength: float
    direction: str
    words: str
    strong: bool

    @property
    def text(self) -> str:
        return f"{self.direction} {self.words}".strip()


def _phrases(profile: Profile, segment: SegmentProfile) -> list[_Phrase]:
    """Return what stands out, strongest first; protected attributes only if clustered on."""
    clustered = set(profile.params.clustered)
    inner = {info.name for info in profile.features[: profile.n_features]}
    shown = inner or {info.name for info in profile.features}
    allowed = clustered or shown - set(profile.protected)
    allowed = allowed - {attribute.name for attribute in profile.attributes}
    infos = [info for info in profile.features if info.name in allowed]
    by_orders = profile.params.as_of is not None and bool(inner)
    told = {info.name: info for info in infos}
    doubtful = _same_words(infos)
    found = [
        _number_phrase(
            profile,
            contrast,
            told[contrast.feature],
            PHRASES.get(contrast.feature) if by_orders and contrast.feature in inner else None,
            full=contrast.feature in doubtful,
        )
        for contrast in segment.contrasts
        if contrast.feature in told and differs(contrast, profile.params.currency)
    ]
    found += _level_phrases(profile, segment, clustered)
    return sorted(found, key=lambda phrase: (-round(phrase.strength, 4), phrase.feature))


def _same_words(infos: Iterable[FeatureInfo]) -> set[str]:
    """Return the features whose short words are those of another feature."""
    by_words: dict[tuple[str, str], list[str]] = {}
    for info in infos:
        wording = wording_of(info.label, info.unit)
        by_words.setdefault((wording.high, wording.words), []).append(info.name)
    return {name for names in by_words.values() if len(names) > 1 for name in names}


def _number_phrase(
    profile: Profile,
    contrast: Contrast,
    info: FeatureInfo,
    fixed: tuple[str, str] | None,
    *,
    full: bool,
) -> _Phrase:
    """Say a number's contrast: by fixed words, by its one value, or as high, low or none."""
    effect, z = contrast.effect or 0.0, contrast.z or 0.0
    strong = abs(effect) >= STRONG_EFFECT or (abs(z) > CLEAR and abs(effect) >= CLEAR_EFFECT)
    fixed = fixed or COLUMN_PHRASES.get(info.name.lower())
    wording = wording_of(info.label, info.unit)
    direction, words = wording.phrase("high" if effect > 0 else "low")
    if fixed:
        direction, words = "", fixed[0 if effect > 0 else 1]
    elif contrast.high == 0 == contrast.low and effect < 0 and not _coded(profile, info, wording):
        direction, words = wording.phrase("no")
    elif _between(profile, contrast):
        direction, words = "", f"{readable(info.label).lower()} {contrast.median:.0f}"
    elif wording.high == "many" and contrast.rest == 0 and (contrast.median or 0) <= 1:
        direction = "with"
    elif full:
        direction = "high" if effect > 0 else "low"
        words = " ".join(readable(info.label).lower().split()[:3])
    return _Phrase(contrast.feature, abs(effect), direction, words, strong)


def _coded(profile: Profile, info: FeatureInfo, wording: Wording) -> bool:
    """Say if 0 may be a code and not nothing: few whole numbers, and not things one counts."""
    if wording.high in COUNTING:
        return False
    found = [s.contrast(info.name) for s in profile.segments]
    quartiles = [q for c in found if c is not None for q in (c.low, c.median, c.high)]
    return all(q is None or (q % 1 == 0 and 0 <= q <= _MAX_CODE) for q in quartiles)


def _between(profile: Profile, contrast: Contrast) -> bool:
    """Say if at least half of a segment share one code and other segments lie beyond it."""
    median = contrast.median
    if median is None or not contrast.low == median == contrast.high or median % 1:
        return False
    others = [s.contrast(contrast.feature) for s in profile.segments]
    medians = [c.median for c in others if c is not None and c.median is not None]
    return len(set(medians)) > 2 and min(medians) < median < max(medians)


def _level_phrases(profile: Profile, segment: SegmentProfile, clustered: set[str]) -> list[_Phrase]:
    kinds = {attribute.name: attribute for attribute in profile.attributes}
    found: dict[str, _Phrase] = {}
    for level in segment.levels:
        attribute = kinds[level.attribute]
        usable = level.attribute in clustered or (not clustered and not attribute.protected)
        if not usable or level.level == OTHER or level.share < MOSTLY or level.lift < MOSTLY_LIFT:
            continue
        effect = level_effect(level.share, level.share_all, segment.share)
        direction, words = level_words(
            attribute.label or attribute.name, level.level, is_place=attribute.role == "geography"
        )
        if level.share < NEARLY_ALL:
            direction = f"mostly {direction}".strip()
        phrase = _Phrase(level.attribute, effect, direction, words, effect >= CLEAR_EFFECT)
        known = found.get(phrase.words)
        if known is None or known.strength < effect:
            found[phrase.words] = phrase
    return list(found.values())


def _related(profile: Profile, one: _Phrase, other: _Phrase) -> bool:
    if set(one.words.lower().split()) & set(other.words.lower().split()):
        return True
    names = profile.correlations.features
    if one.feature not in names or other.feature not in names:
        return False
    rho = profile.correlations.rho[names.index(one.feature)][names.index(other.feature)]
    return rho is not None and abs(rho) > RELATED


@dataclass(frozen=True)
class _Option:
    """A name that could be given, and the phrases it is made of."""

    text: str
    phrases: tuple[_Phrase, ...] = ()

    @property
    def said(self) -> frozenset[str]:
        """What it says, whatever the order."""
        return frozenset(phrase.text for phrase in self.phrases)

    @property
    def strength(self) -> float:
        """Effect of what it says first."""
        return self.phrases[0].strength if self.phrases else 0.0


def _together(one: _Phrase, other: _Phrase) -> str:
    """Join two phrases within four words; empty if they do not fit."""
    ways = [f"{one.text}, {other.text}"]
    if one.direction and one.direction == other.direction:
        ways.insert(0, f"{one.text} and {other.words}")
    return next((way for way in ways if len(way.split()) <= MAX_WORDS), "")


def _contrast_names(profile: Profile, segment: SegmentProfile, base: str = "") -> list[_Option]:
    """Return names from the strongest contrasts, best first, all within four words."""
    phrases = _phrases(profile, segment)
    strong = [phrase for phrase in phrases if phrase.strong]
    room = MAX_WORDS - len(base.split())
    start = f"{base}, " if base else ""
    found = []
    for index, first in enumerate(strong):
        if not base:
            for second in strong[index + 1 : _PAIRED]:
                text = _together(first, second)
                weak = second.strength < STRONG_EFFECT
                if text and not weak and not _related(profile, first, second):
                    found.append(_Option(_sentence_case(text), (first, second)))
        if len(first.text.split()) <= room:
            found.append(_Option(_sentence_case(f"{start}{first.text}"), (first,)))
    if not strong and not base:
        found.append(_Option(PLAIN))
    found += [
        _Option(_sentence_case(f"{start}{phrase.text}"), (phrase,))
        for phrase in phrases
        if not phrase.strong and len(phrase.text.split()) <= room
    ]
    return found


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pick(
    options: Sequence[_Option], taken: Mapping[str, frozenset[str]], rivals: Sequence[set[str]]
) -> _Option | None:
    """Return the first free name that is true of no other segment, if it tells enough.

    Failing that, the first that says neither more nor less than a name that is taken;
    failing that, the first that is free.
    """
    free = [option for option in options if option.text.casefold() not in taken]
    least = _TELLING * max((option.strength for option in options), default=0.0)
    alone = [
        o
        for o in free
        if o.said and o.strength >= least and not any(o.said <= rival for rival in rivals)
    ]
    told = [said for said in taken.values() if said]
    apart = [o for o in free if not any(o.said <= said or said <= o.said for said in told)]
    return next(iter([*alone, *apart, *free]), None)


def _numbered(fallback: str, taken: Iterable[str]) -> str:
    known = set(taken)
    if fallback.casefold() not in known:
        return fallback
    number = 2
    while f"{fallback} {number}".casefold() in known:
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
    taken: dict[str, frozenset[str]] = {
        segment.name.casefold(): frozenset() for segment in profile.segments if segment.name
    }
    about_orders = not profile.params.clustered or {"recency", "frequency"} <= set(
        profile.params.clustered
    )
    facts = {s.id: facts_of(profile, s) if about_orders else None for s in profile.segments}
    asked = sorted(
        profile.segments,
        key=lambda s: (-(found.value if (found := facts[s.id]) else 0.0), -s.n, s.id),
    )
    named: dict[str, SegmentProfile] = {}
    for segment in asked:
        name, source, option = _name(profile, segment, facts[segment.id], taken)
        taken[name.casefold()] = option.said
        by_orders = facts[segment.id] is not None
        told = [phrase.feature for phrase in option.phrases]
        named[segment.id] = replace(
            segment,
            identity=replace(segment.identity, name=name, name_source=source),
            description=describe(profile, segment, told, by_orders=by_orders),
        )
    return replace(profile, segments=tuple(named[segment.id] for segment in profile.segments))


def _name(
    profile: Profile,
    segment: SegmentProfile,
    facts: Facts | None,
    taken: Mapping[str, frozenset[str]],
) -> tuple[str, str, _Option]:
    """Return the name, where it is from, and what it says of the contrasts."""
    if segment.name:
        return segment.name, segment.identity.name_source or "user", _Option("")
    if len(profile.segments) == 1:
        return _numbered("All customers", taken), "lexicon", _Option("")
    matches = lexicon(facts) if facts else []
    free = [name for name in matches if name.casefold() not in taken]
    if free:
        return free[0], "lexicon", _Option("")
    base = matches[0] if matches else ""
    options = _contrast_names(profile, segment, base)
    rivals = [
        {phrase.text for phrase in _phrases(profile, other) if phrase.strong}
        for other in profile.segments
        if other.id != segment.id
    ]
    picked = _pick(options, taken, rivals)
    if picked:
        return picked.text, "contrast", picked
    fallback = base or (options[0].text if options else PLAIN)
    if len(fallback.split()) == MAX_WORDS:
        fallback = "Segment"
    return _numbered(fallback, taken), "contrast", _Option("")
