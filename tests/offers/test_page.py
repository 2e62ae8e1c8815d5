"""The pages say what is known and what is not, in words, and escape what comes from outside."""

from __future__ import annotations

from typing import Any

from coterie.offers.page import evidence_page, plan_page

NONE = {
    "status": "untested", "treated": 0, "control": 0, "uplift": None, "low": None, "high": None,
    "with_contact": None, "without": None, "reason": "it was never tried",
}  # fmt: skip
SHOWN = NONE | {
    "status": "evidence", "treated": 900, "control": 100, "uplift": 0.05, "low": 0.02,
    "high": 0.08, "with_contact": 0.15, "without": 0.1, "reason": "",
}  # fmt: skip
HARM = SHOWN | {"uplift": -0.05, "low": -0.08, "high": -0.02}
MARGIN = {"uplift": 0.4, "low": 0.1, "high": 0.7}


def offer(**changes: Any) -> dict[str, Any]:
    return {
        "id": "a", "name": "<b>Loan", "kind": "credit", "channel": "", "eligible": 50, "waits": 3,
        "guarded": 7, "guards": {"payments": 7, "utilisation": 0}, "guards_lifted": [],
        "guards_unchecked": [], "capacity": 40, "planned": 45, "contacts": 40, "control": 5,
        "cost": 4.0, "runs": True, "answers": NONE, "margin": None, **changes,
    }  # fmt: skip


def summary(**changes: Any) -> dict[str, Any]:
    chosen = {
        "offer_id": "a", "name": "<b>Loan", "planned": 45, "contacts": 40, "share": 0.45,
        "expected": 1.5, "basis": "guess", "reason": "Pays. Untested: it was never tried.",
    }  # fmt: skip
    without = {"no_room": 5, "contacted_lately": 3, "guarded": 7, "no_condition": 40}
    segment = {"id": "seg-001", "name": "Big", "n": 100, "planned": 45, "offers": [chosen]}
    return {
        "day": "2025-03-01", "explore": False, "customers": 100, "planned": 45, "contacts": 40,
        "control": 5, "cost": 4.0, "expected": None, "guessed": 60.0, "offers": [offer()],
        "segments": [segment | {"without": without}],
        "before_it_starts": {"verdict": None, "verdict_reason": "nothing was sent"},
        "notes": [], "touches": 0, **changes,
    }  # fmt: skip


def plan(**changes: Any) -> str:
    return plan_page(summary(**changes), project="shop", currency="GBP")


def test_a_guess_is_called_one_and_names_are_escaped() -> None:
    html = plan()
    assert "They are untested: £60 after their cost is your own guess." in html
    assert "£1.50 (your guess)" in html
    assert "<b>" not in html
    assert "kept from more debt (7 where she pays less than the minimum that is due)" in html
    assert "55 of them get no offer: " in html
    assert "contacted lately (3)" in html
    assert "Not known: nothing was sent." in html


def test_measured_and_guessed_are_told_apart() -> None:
    html = plan(expected=1234.0)
    assert "Those whose effect was measured bring £1,200 after their cost." in html
    assert "The others are untested: £60" in html
    assert "What they bring is not known" in plan(guessed=None)


def test_the_past_gives_a_verdict_only_with_enough_of_it() -> None:
    past = {
        "verdict": "better", "contacts": 4000, "ess": 812.4, "gain": 0.25,
        "gain_interval": [0.1, 0.4],
    }  # fmt: skip
    assert "would have brought more than what was done: £0.25 for each (£0.10 to £0.40" in plan(
        before_it_starts=past
    )
    few = plan(before_it_starts=past | {"verdict": "too little data", "ess": 12.0})
    assert "(effective sample 12; 500 are needed)" in few
    assert "£0.25" not in few


def test_the_report_tells_effects_harm_and_what_is_untested() -> None:
    curve = {"coefficient": -0.001, "low": -0.004, "high": 0.002, "share": [], "gain": []}
    parts = [{"id": "seg-001", "name": "Big", "answers": HARM, "margin": MARGIN}]
    row = offer(answers=SHOWN, margin=MARGIN, segments=parts, qini=curve, name="Voucher")
    other = offer(segments=[], qini=None)
    given = summary(offers=[row, other], notes=["Look at this."], touches=1000)
    html = evidence_page(given, project="shop", currency="GBP")
    assert "Of 2 offers 1 were tested against a control drawn by lot, and 1 of them show" in html
    assert "Of 100 contacted, 5.0 more answer (2.0 to 8.0)." in html
    assert "Of 100 contacted, 5.0 fewer answer (2.0 to 8.0)." in html
    assert "£0.40 (£0.10 to £0.70)" in html
    assert "Qini coefficient −0.10 answers per 100 customers (−0.40 to 0.20); no evidence" in html
    assert "Untested: it was never tried." in html
    assert "Look at this." in html
    row["qini"] = {**curve, "low": -0.004, "high": -0.0001}
    html = evidence_page(given, project="shop", currency="GBP")
    assert "the order of segments is worse than none." in html
