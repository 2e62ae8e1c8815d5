"""The report: one HTML file that can be mailed and printed, without scripts or requests.

It holds no customer ids: findings whose words may quote one are told by their count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from altair.utils.schemapi import debug_mode
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from coterie.privacy.disclosure import DOMINATED, FLOOR
from coterie.profiling import format as fmt
from coterie.profiling import palette
from coterie.profiling.charts_choice import MEASURED, TOO_SMALL, Candidate, Measured
from coterie.profiling.charts_flows import HIDDEN, FlowSection
from coterie.profiling.choice import Choice
from coterie.profiling.describe import strongest, telling
from coterie.profiling.figures import Figures
from coterie.profiling.products import Seller
from coterie.profiling.profile import Profile, SegmentProfile
from coterie.profiling.publication import Hiding, hide_segments
from coterie.profiling.published_profile import hiding_of_profile, published_profile

MAX_CANDIDATES = 12
"""Candidates in the chart of the choice; the table has the best of each kind and the references."""
MAX_ATTRIBUTES = 6
"""Categories in the card of a segment."""
_QUOTES_IDS = ("duplicate_key", "missing_key", "ids_")
"""Findings whose examples may hold a customer id."""

GRID_LIMITS = (0.2, 0.4, 0.6, 0.8)
"""Places among all customers at which the tints of the profile grid change."""


@dataclass(frozen=True)
class ReportData:
    """All that a report shows.

    Parameters
    ----------
    title : str
        Name of the project.
    profile : Profile
        Named.
    segments : sequence of mapping
        The contract's objects in the order of the profile (``segments.segment_objects``).
    choice : Choice
        How the segmentation was chosen.
    quality : mapping of str to mapping
        By input table: rows_in, accepted, quarantined, findings.
    run : mapping of str to str
        Facts of the run in the order shown: run id, versions, seed, settings.
    flows : FlowSection, optional
        Who moved since the run before.
    floor : int, default 25
        Least customers of a number on the page.
    """

    title: str
    profile: Profile
    segments: Sequence[Mapping[str, Any]]
    choice: Choice = field(default_factory=Choice)
    quality: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    run: Mapping[str, str] = field(default_factory=dict)
    flows: FlowSection | None = None
    floor: int = FLOOR


def render(report: ReportData) -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    report : ReportData
        What to show. All texts are escaped.

    Returns
    -------
    str
        HTML; the same for the same data. A page leaves: what would tell of few customers is
        hidden.
    """
    hiding = hiding_of_profile(report.profile, report.floor)
    profile = published_profile(report.profile, hiding)
    given = hide_segments(report.segments, hiding)
    figures = Figures(profile, hiding)
    measured = MEASURED.get(report.choice.method, MEASURED["out-of-time"])
    shown = shown_candidates(report.choice.candidates)
    with debug_mode(False):  # our charts are tested; checking their schema takes half the time
        return _template().render(
            report=report,
            profile=profile,
            lead=lead(profile, hiding),
            until=until(profile.params.as_of),
            style=Markup(style()),  # noqa: S704  our own file
            figures=figures,
            choice_figures=figures.choice(
                shown, report.choice.sweep, report.choice.chosen_k, measured
            ),
            measured=measured,
            several=len({c.features for c in report.choice.candidates if not c.reference}) > 1,
            candidates=_listed(report.choice.candidates),
            hiding=hiding,
            dominated=DOMINATED,
            gaps=any(item.n for item in report.profile.missing),
            cards=[_card(profile, *pair) for pair in zip(profile.segments, given, strict=True)],
            why_lost=lambda candidate: why_lost(candidate, measured),
            grid=_grid(profile),
            same=_same_everywhere(profile),
            pairs=_strong_pairs(profile),
            tables=_tables(report.quality),
            money=lambda amount: fmt.money(amount, profile.params.currency),
            value=lambda amount, unit: fmt.quantity(amount, unit, profile.params.currency),
            mark=lambda slot: Markup(palette.mark(slot)),  # noqa: S704  a number from our own palette
            fmt=fmt,
            countries=_countries(profile),
            mathematics=_method(profile),
            flows=report.flows,
            drawn_flows=Markup(report.flows.svg if report.flows else ""),  # noqa: S704  drawn and escaped by us
        )


def until(as_of: int | None) -> str:
    """Return the words for the moment that all figures hold for.

    Examples
    --------
    >>> until(15318), until(None)
    ('as of the end of 9 Dec 2011', 'without dates')
    """
    if as_of is None:
        return "without dates"
    return f"as of the end of {fmt.long_date(date(1970, 1, 1) + timedelta(days=as_of - 1))}"


def lead(profile: Profile, hiding: Hiding) -> str:
    """Return the sentence that a marketer can repeat.

    It names the segment with the largest share of spend, or the largest one where
    spend is not known.
    """
    first = profile.segments[0]
    value = first.value
    if hiding.whole:
        return f"Fewer than {hiding.floor} customers: too few to tell of them here."
    if first.id in hiding.sizes:
        many = len(profile.segments)
        return f"{fmt.count(profile.n)} customers fall into {many} segments."
    if len(profile.segments) == 1:
        return f"All {fmt.count(profile.n)} customers are in one segment."
    if value is None or value.share is None or value.low is None or value.high is None:
        return (
            f"{fmt.count(profile.n)} customers fall into {len(profile.segments)} segments; "
            f"the largest, {first.name}, holds {fmt.share(first.share, sentence=True)}."
        )
    about = "about " if value.high - value.low > 0.1 * abs(value.share) else ""
    return (
        f"{first.name} are {fmt.share(first.share, sentence=True)} of customers and {about}"
        f"{fmt.share(value.share, sentence=True)} of spend "
        f"({fmt.share_range(value.low, value.high)})."
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("coterie.profiling").joinpath("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source)


@cache
def style() -> str:
    """Return the style sheet of all pages, with the colours of both themes."""
    source = files("coterie.profiling").joinpath("report.css").read_text(encoding="utf-8")
    light, dark = palette.variables("light"), palette.variables("dark")
    return source.replace("/*light*/", light).replace("/*dark*/", dark)


def _card(profile: Profile, segment: SegmentProfile, given: Mapping[str, Any]) -> dict[str, Any]:
    ranked = strongest(profile, segment.contrasts)
    found = telling(profile, segment)
    levels = _top_levels(profile, segment)
    value = segment.value
    dominated = value is not None and value.largest is not None and value.largest > 0.5
    return {
        "segment": segment,
        "given": given,
        "drivers": [c for c in ranked if c.median is not None][:6],
        "stands_out": found[0].text if found else "",
        "facts": {name: segment.contrast(name) for name in ("recency", "frequency", "monetary")},
        "dominated": dominated,
        "levels": levels[:MAX_ATTRIBUTES],
        "n_levels_more": max(0, len(levels) - MAX_ATTRIBUTES),
        "best": _named_apart([s for s in segment.sellers if s.by == "amount"]),
        "bought": {name: items[:5] for name, items in segment.bought.items() if items},
    }


def _named_apart(sellers: Sequence[Seller]) -> list[tuple[str, float | None]]:
    """Return name and amount of best sellers, with the id where two have one name."""
    names = [seller.name.strip() for seller in sellers]
    return [
        (f"{name} ({seller.product_id})" if names.count(name) > 1 else name, seller.amount)
        for name, seller in zip(names, sellers, strict=True)
    ]


def _top_levels(profile: Profile, segment: SegmentProfile) -> list[tuple[str, str, list[Any]]]:
    """Return label, note and first levels of each category, those that differ most first."""
    found = []
    for attribute in profile.attributes:
        levels = [level for level in segment.levels if level.attribute == attribute.name]
        if levels:
            note = "protected" if attribute.name in profile.protected else ""
            apart = max(abs(level.share - level.share_all) for level in levels)
            found.append((-round(apart, 6), attribute.label or attribute.name, note, levels[:4]))
    found.sort(key=lambda item: item[:2])
    return [(label, note, levels) for _, label, note, levels in found]


def _same_everywhere(profile: Profile) -> list[str]:
    """Return the labels of features whose median is the same in every segment."""
    if len(profile.segments) < 2:
        return []
    return [
        info.label
        for index, info in enumerate(profile.features)
        if len({segment.contrasts[index].median for segment in profile.segments}) == 1
    ]


def _grid(profile: Profile) -> list[dict[str, Any]]:
    """Return the rows of the profile grid: a feature, and a tinted cell for each segment."""
    tints = ("less2", "less1", "", "more1", "more2")
    rows = []
    silent = set(_same_everywhere(profile))
    for index, info in enumerate(profile.features):
        if info.label in silent:
            continue
        cells = []
        for segment in profile.segments:
            contrast = segment.contrasts[index]
            place = contrast.place
            tint = "" if place is None else tints[sum(place >= limit for limit in GRID_LIMITS)]
            cells.append((contrast.median, tint))
        rows.append({"info": info, "cells": cells, "all": profile.medians.get(info.name)})
    return rows


def _strong_pairs(profile: Profile) -> list[tuple[str, str, float]]:
    found = profile.correlations
    pairs = [
        (found.labels[i], found.labels[j], rho)
        for i, row in enumerate(found.rho)
        for j in range(i)
        if (rho := row[j]) is not None and abs(rho) >= 0.5
    ]
    return sorted(pairs, key=lambda pair: (-abs(pair[2]), pair[0], pair[1]))[:10]


def shown_candidates(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates that are charted: the chosen, the references, the best others."""
    known = [item for item in candidates if item.p is not None]
    fixed = [item for item in known if item.chosen or item.reference]
    others = [item for item in known if not (item.chosen or item.reference)]
    others.sort(key=lambda item: (-(item.p or 0.0), item.k, item.label))
    kept = fixed + others[: max(0, MAX_CANDIDATES - len(fixed))]
    return sorted(kept, key=lambda item: (-(item.p or 0.0), item.k, item.label))


def why_lost(candidate: Candidate, measured: Measured) -> str:
    """Return the words for why a candidate was not chosen.

    Parameters
    ----------
    candidate : Candidate
        Not the chosen one.
    measured : Measured
        What its P means.

    Returns
    -------
    str
        As the choice recorded it, in words that fit what was measured.
    """
    if candidate.reference:
        return "shown for comparison"
    reason = candidate.reason_lost
    if reason.startswith(TOO_SMALL):
        return f"has {told_reason(reason)}: too few"
    if measured is not MEASURED["out-of-time"]:
        reason = reason.replace("holds less", "tells less")
    return reason or "not recorded"


def told_reason(reason: str, floor: int = FLOOR) -> str:
    """Return why a candidate lost, without how few customers a segment of it had.

    Examples
    --------
    >>> told_reason("a segment of 21 customers"), told_reason("a segment of 40 customers")
    ('a segment of under 25 customers', 'a segment of 40 customers')
    """
    found = re.fullmatch(rf"{TOO_SMALL}(\d[\d,]*)( .*)", reason)
    if found is None or int(found[1].replace(",", "")) >= floor:
        return reason
    return f"{TOO_SMALL}under {floor}{found[2]}"


def _listed(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return all candidates for the table: the chosen one first, then by P, unknown last."""
    return sorted(
        candidates,
        key=lambda c: (not c.chosen, c.p is None, -(c.p or 0.0), c.k, c.label),
    )


def _tables(quality: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for name, account in quality.items():
        findings = []
        for finding in account.get("findings", ()):
            code = str(finding.get("code", ""))
            secret = code.startswith(_QUOTES_IDS)
            rows = finding.get("rows")
            message = str(finding.get("message", code))
            if secret:
                message = f"{fmt.count(rows or 0)} rows: {code.replace('_', ' ')}"
            examples = [
                f"row {example.get('row')}"
                if secret or example.get("value") is None
                else f"row {example.get('row')}: {example.get('value')}"
                for example in list(finding.get("examples") or ())[:3]
            ]
            part = finding.get("share")
            if part is None and rows and account.get("rows_in"):
                part = rows / account["rows_in"]
            told = {"message": message, "examples": examples, "rows": rows, "share": part}
            findings.append({**finding, **told})
        notes = [f["message"] for f in findings if not f["rows"]]
        counted = [f for f in findings if f["rows"]]
        found.append({"name": name, **account, "findings": counted, "notes": notes})
    return found


def _countries(profile: Profile) -> list[tuple[str, str, str]]:
    """Return for each country its first best seller by pieces and by money."""
    firsts = {(s.group, s.by): s for s in profile.countries if s.rank == 1}
    names = sorted({group for group, _ in firsts})
    currency = profile.params.currency

    def words(name: str, by: str) -> str:
        first = firsts.get((name, by))
        if first is None or not first.name:
            return HIDDEN
        many = first.quantity if by == "quantity" else first.amount
        said = HIDDEN
        if many is not None:
            said = fmt.count(many) if by == "quantity" else fmt.money(many, currency)
        return f"{first.name.strip()} ({said})"

    return [(name, words(name, "quantity"), words(name, "amount")) for name in names]


def _method(profile: Profile) -> list[str]:
    interval = {
        "bootstrap": "Ranges of value shares are 95% percentile ranges of 1,000 Poisson "
        "bootstrap samples of customers.",
        "normal": "Ranges of value shares are 95% normal ranges by the delta method, which "
        "agree with a bootstrap at this number of customers.",
    }.get(profile.value_method, "")
    return [
        line
        for line in (
            interval,
            "Effects are Cliff's delta: how much likelier a member is above than below a "
            "customer outside the segment, from −1 to +1. It needs no scale and is not moved by "
            "single large customers.",
            "p-values come from Kruskal–Wallis tests for numbers and χ² tests for categories "
            f"across all segments, on {fmt.count(profile.n_sample)} customers, adjusted after "
            "Benjamini and Hochberg. Segments were built from some of these very features, so a "
            "small p describes them and proves nothing.",
            "Best sellers are products that clearly more of the segment's customers bought than "
            "of all customers; lift is the one share over the other. Free and service lines do "
            "not count, nor sales that a netted return took back.",
        )
        if line
    ]
