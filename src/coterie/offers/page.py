"""The pages about offers: who gets what and why, and what contacts have changed so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from coterie.offers.guards import WORDS
from coterie.offers.planned import WITHOUT, evidence_words, money_words
from coterie.offers.uplift import Effect
from coterie.profiling import format as fmt
from coterie.profiling.page import Section, Table, page

NOT_KNOWN = "not known"


def plan_page(summary: Mapping[str, Any], *, project: str, currency: str) -> str:
    """Return the page of a plan.

    Parameters
    ----------
    summary : mapping
        The summary of the plan, as JSON.
    project : str
        Name of the project.
    currency : str
        ISO code, or empty.

    Returns
    -------
    str
        Self-contained HTML.
    """
    contacts, control = fmt.count(summary["contacts"]), fmt.count(summary["control"])
    lead = (
        f"{contacts} of {fmt.count(summary['customers'])} customers are contacted, and {control} "
        "more who suit an offer are not, drawn by lot: they show what the contacts change. "
    )
    money = fmt.money(summary["cost"], currency)
    lead += f"The contacts cost {money}. " if summary["cost"] else ""
    if summary["explore"]:
        lead += "Offers are drawn as often as they may well be the best, to learn. "
    lead += _expected(summary, currency)
    return page(
        project=project,
        heading="Who is offered what next",
        until=_until(summary),
        lead=lead,
        sections=[
            Section("Segments", _segment_parts(summary["segments"], currency)),
            Section("Offers", _offer_parts(summary["offers"], currency)),
            Section("What is known", [_known_table(summary["offers"], currency)]),
            Section("Before it starts", [_past_words(summary["before_it_starts"], currency)]),
            *_note_sections(summary["notes"]),
        ],
    )


def evidence_page(summary: Mapping[str, Any], *, project: str, currency: str) -> str:
    """Return the page of what contacts have changed.

    Parameters
    ----------
    summary : mapping
        The summary of the report, as JSON.
    project : str
        Name of the project.
    currency : str
        ISO code, or empty.

    Returns
    -------
    str
        Self-contained HTML.
    """
    shown = sum(row["answers"]["status"] == "evidence" for row in summary["offers"])
    tested = sum(row["answers"]["status"] != "untested" for row in summary["offers"])
    lead = (
        f"Of {len(summary['offers'])} offers {tested} were tested against a control drawn by lot, "
        f"and {shown} of them show an effect. {fmt.count(summary['touches'])} touches are known. "
        "Effects are differences to that control, with 95 % intervals; where the interval holds "
        "0 there is no evidence."
    )
    sections = [Section("All offers", [_known_table(summary["offers"], currency)])]
    for row in summary["offers"]:
        if row["segments"]:
            parts: list[str | Table] = [_segment_effects(row, currency)]
            if row["qini"]:
                parts.append(_qini_words(row["qini"]))
            sections.append(Section(row["name"], parts))
    return page(
        project=project,
        heading="What the offers brought",
        until=_until(summary),
        lead=lead,
        sections=[*sections, *_note_sections(summary["notes"])],
    )


def _until(summary: Mapping[str, Any]) -> str:
    if summary["day"] is None:
        return "customers as they are now"
    return f"as of {fmt.long_date(date.fromisoformat(summary['day']))}"


def _expected(summary: Mapping[str, Any], currency: str) -> str:
    """Say what the contacts bring by what is measured, and apart from it by the user's guesses."""
    measured, guessed = summary["expected"], summary["guessed"]
    said = []
    if measured is not None:
        money = fmt.money(measured, currency, about=True)
        said.append(f"Those whose effect was measured bring {money} after their cost.")
    if guessed is not None:
        money = fmt.money(guessed, currency, about=True)
        others = "The others" if said else "They"
        said.append(f"{others} are untested: {money} after their cost is your own guess.")
    return " ".join(said) or "What they bring is not known: nothing was tested yet."


def _segment_parts(rows: Sequence[Mapping[str, Any]], currency: str) -> list[str | Table]:
    parts: list[str | Table] = []
    for row in rows:
        none = sum(row["without"].values())
        table = Table(
            f"{row['name']}: {fmt.count(row['n'])} customers, {fmt.count(row['planned'])} chosen.",
            ["Offer", "Why", "Chosen", "Share", "Expected of a contact"],
            [
                [
                    one["name"],
                    one["reason"],
                    fmt.count(one["planned"]),
                    fmt.share(one["share"]),
                    _money(one["expected"], currency)
                    + (" (your guess)" if one["basis"] == "guess" else ""),
                ]
                for one in row["offers"]
            ],
            numbers=2,
            empty=f"{row['name']}: none of {fmt.count(row['n'])} customers is chosen.",
        )
        parts.append(table)
        why = "; ".join(
            f"{WITHOUT[key]} ({fmt.count(n)})" for key, n in row["without"].items() if n
        )
        if none:
            parts.append(f"{fmt.count(none)} of them get no offer: {why}.")
    return parts


def _money(value: float | None, currency: str) -> str:
    return NOT_KNOWN if value is None else fmt.money(value, currency)


def _offer_parts(rows: Sequence[Mapping[str, Any]], currency: str) -> list[str | Table]:
    table = Table(
        "How far capacities are used, and who is the control.",
        ["Offer", "Suit it", "Contacted lately", "Capacity", "Contacts", "Control", "Cost"],
        [
            [
                row["name"] if row["runs"] else f"{row['name']} (not on this day)",
                fmt.count(row["eligible"]),
                fmt.count(row["waits"]),
                "no limit" if row["capacity"] is None else fmt.count(row["capacity"]),
                fmt.count(row["contacts"]),
                fmt.count(row["control"]),
                _money(row["cost"], currency),
            ]
            for row in rows
        ],
    )
    return [table, *filter(None, map(_guard_words, rows))]


def _guard_words(row: Mapping[str, Any]) -> str:
    """Say whom the guards of credit keep from an offer."""
    said = []
    if row["guarded"]:
        each = "; ".join(
            f"{fmt.count(n)} where she {WORDS[name]}" for name, n in row["guards"].items() if n
        )
        said.append(
            f"{row['name']}: {fmt.count(row['guarded'])} customers meet its condition and are kept "
            f"from more debt ({each})."
        )
    if row["guards_lifted"]:
        said.append(f"{row['name']} lifts the guard {' and '.join(row['guards_lifted'])}.")
    return " ".join(said)


def _known_table(rows: Sequence[Mapping[str, Any]], currency: str) -> Table:
    return Table(
        "What one contact changes, with 95 % intervals.",
        ["Offer", "Evidence", "Margin of a contact", "Contacts", "Control"],
        [[row["name"], *_effect_cells(row, currency)] for row in rows],
        numbers=2,
    )


def _segment_effects(row: Mapping[str, Any], currency: str) -> Table:
    return Table(
        f"{row['name']} in each segment.",
        ["Segment", "Evidence", "Margin of a contact", "Contacts", "Control"],
        [[one["name"], *_effect_cells(one, currency)] for one in row["segments"]],
        numbers=2,
    )


def _effect_cells(row: Mapping[str, Any], currency: str) -> list[str]:
    answers = row["answers"]
    return [
        evidence_words(Effect(**answers)),
        money_words(row["margin"], currency),
        fmt.count(answers["treated"]),
        fmt.count(answers["control"]),
    ]


def _qini_words(qini: Mapping[str, Any]) -> str:
    between = f"{100 * qini['low']:.2f} to {100 * qini['high']:.2f}".replace("-", "−")
    value = f"{100 * qini['coefficient']:.2f}".replace("-", "−")
    said = "the order of segments is worth something"
    if qini["high"] < 0:
        said = "the order of segments is worse than none"
    elif qini["low"] <= 0 <= qini["high"]:
        said = "no evidence that the order of segments is worth anything"
    return (
        "If the segments that promise most, judged by the other half of the customers, were "
        f"contacted first: Qini coefficient {value} answers per 100 customers ({between}); {said}."
    )


def _past_words(past: Mapping[str, Any], currency: str) -> str:
    """Say what the plan would have brought on past contacts."""
    if past["verdict"] is None:
        return f"Not known: {past['verdict_reason']}."
    gain, low, high = (fmt.money(v, currency) for v in (past["gain"], *past["gain_interval"]))
    words = {
        "better": "the plan would have brought more than what was done",
        "worse": "the plan would have brought less than what was done",
        "no difference shown": "no difference to what was done is shown",
        "too little data": "too few of them are like what is planned to say more",
    }[past["verdict"]]
    said = f"On {fmt.count(past['contacts'])} past contacts and control rows {words}"
    if past["verdict"] == "too little data":
        return f"{said} (effective sample {past['ess']:,.0f}; 500 are needed)."
    return (
        f"{said}: {gain} for each ({low} to {high}; doubly robust, effective sample "
        f"{past['ess']:,.0f}). The plan was made from the same answers, which flatters it a little."
    )


def _note_sections(notes: Sequence[str]) -> list[Section]:
    return [Section("Please note", list(notes))] if notes else []
