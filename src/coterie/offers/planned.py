"""A plan as it is handed on: a row for each planned customer, with the reason in plain words.

Figures in reasons are measured effects with their interval, or the word untested; the user's
guess is never dressed up as one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.offers.eligibility import Suits
from coterie.offers.evidence import Promise, Proof, effect_json
from coterie.offers.policy import NOBODY, Drawn, Ints
from coterie.offers.uplift import Effect
from coterie.profiling import format as fmt

ARMS = ("control", "treated")


@dataclass(frozen=True)
class Asked:
    """What was asked of every customer, in the order of their ids.

    Parameters
    ----------
    customers : pyarrow.Array
        Ids.
    segment : int64 array
        Number of the segment of each.
    may, guarded, waits : int64 array
        As ``eligibility`` gives them.
    """

    customers: pa.Array
    segment: Ints
    may: Ints
    guarded: Ints
    waits: Ints


def evidence_words(found: Effect) -> str:
    """Say what was measured, as a sentence.

    Examples
    --------
    >>> evidence_words(Effect("evidence", 500, 500, 0.042, 0.029, 0.055))
    'Of 100 contacted, 4.2 more answer (2.9 to 5.5).'
    >>> evidence_words(Effect("no evidence", 500, 500, 0.002, -0.011, 0.015))
    'No effect is shown: of 100 contacted, between −1.1 and 1.5 more answer.'
    >>> evidence_words(Effect("untested", 0, 0, reason="it was never tried"))
    'Untested: it was never tried.'
    """
    if found.uplift is None or found.low is None or found.high is None:
        return f"Untested: {found.reason}."
    middle, low, high = (_per_100(x) for x in (found.uplift, found.low, found.high))
    if found.status == "no evidence":
        return f"No effect is shown: of 100 contacted, between {low} and {high} more answer."
    if found.uplift < 0:
        less, most, least = (_per_100(-x) for x in (found.uplift, found.low, found.high))
        return f"Of 100 contacted, {less} fewer answer ({least} to {most})."
    return f"Of 100 contacted, {middle} more answer ({low} to {high})."


def _per_100(share: float) -> str:
    text = f"{abs(100 * share):.1f}"
    return f"−{text}" if share < 0 and text != "0.0" else text


def reason_words(why: str, found: Promise, segment: str, *, learning: bool = False) -> str:
    """Say why a customer of a segment gets an offer.

    Parameters
    ----------
    why : str
        Whom the offer suits.
    found : Promise
        What it is expected to bring in the segment.
    segment : str
        The segment's name.
    learning : bool, default False
        Whether offers were drawn to learn.

    Returns
    -------
    str
        Why it suits her, and what is known of it.

    Examples
    --------
    >>> none = Effect("untested", 0, 0, reason="it was never tried")
    >>> reason_words("She left", Promise(None, "guess", 1.0, none), "Lapsed")
    'She left. Untested: it was never tried.'
    """
    where = f"In the segment {segment}: " if found.basis == "segment" else ""
    if found.basis == "overall":
        where = "Over all segments: "
    said = evidence_words(found.effect)
    learned = " Drawn to learn what suits whom." if learning else ""
    return f"{why}. {where}{said}{learned}"


def plan_table(
    asked: Asked,
    drawn: Drawn,
    suits: Sequence[Suits],
    found: Sequence[Sequence[Promise]],
    segments: Mapping[str, str],
    *,
    learning: bool = False,
) -> pa.Table:
    """Return a row for each customer who was planned, the control included.

    Parameters
    ----------
    asked : Asked
        The customers.
    drawn : Drawn
        Who gets what.
    suits : sequence of Suits
        The offers, checked.
    found : sequence of sequence of Promise
        What to expect, by segment and offer.
    segments : mapping of str to str
        Id -> name, in the order of their numbers.
    learning : bool, default False
        Whether offers were drawn to learn.

    Returns
    -------
    pyarrow.Table
        By customer_id: customer_id, segment_id, offer_id, channel, arm, chance (of being picked
        for the offer), propensity (of being contacted once picked), expected (margin of the
        contact; null if no money is known), basis (of the expectation: segment and overall are
        measured, guess is the user's), reason.
    """
    rows, offers = np.flatnonzero(drawn.offer != NOBODY), [one.offer for one in suits]
    offer, segment = drawn.offer[rows], asked.segment[rows]
    pair = segment * len(offers) + offer
    expected = [p.expected for row in found for p in row]
    reasons = [
        reason_words(one.why, p, name, learning=learning)
        for row, name in zip(found, segments.values(), strict=True)
        for one, p in zip(suits, row, strict=True)
    ]
    basis = [p.basis for row in found for p in row]
    money = pa.array(expected, pa.float64()).take(pa.array(pair))
    return pa.table(
        {
            "customer_id": asked.customers.take(pa.array(rows)),
            "segment_id": _coded(list(segments), segment),
            "offer_id": _coded([o.id for o in offers], offer),
            "channel": _coded([o.channel for o in offers], offer),
            "arm": _coded(list(ARMS), drawn.treated[rows].astype(np.int64)),
            "chance": pa.array(drawn.chance[rows]),
            "propensity": pa.array(drawn.propensity[rows]),
            "expected": money,
            "basis": _coded(basis, pair),
            "reason": _coded(reasons, pair),
        }
    )


def _coded(words: Sequence[str], code: Ints) -> pa.Array:
    return pa.array(list(words), pa.string()).take(pa.array(code))


def offer_rows(
    asked: Asked,
    drawn: Drawn,
    suits: Sequence[Suits],
    proofs: Sequence[Proof],
    kept_back: Mapping[str, Mapping[str, int]],
) -> list[dict[str, Any]]:
    """Return what became of every offer.

    Parameters
    ----------
    asked : Asked
        The customers.
    drawn : Drawn
        Who gets what.
    suits : sequence of Suits
        The offers, checked.
    proofs : sequence of Proof
        What is known of each.
    kept_back : mapping
        As ``guard_counts`` gives it.

    Returns
    -------
    list of dict
        JSON, in the order of the catalogue.
    """
    rows = []
    for number, one in enumerate(suits):
        offer, chosen = one.offer, drawn.offer == number
        planned, contacts = int(chosen.sum()), int((chosen & drawn.treated).sum())
        bit = np.int64(1 << number)
        may, guarded, waits = (
            int(((mask & bit) != 0).sum()) for mask in (asked.may, asked.guarded, asked.waits)
        )
        rows.append(
            {
                "id": offer.id,
                "name": offer.title,
                "kind": offer.kind,
                "channel": offer.channel,
                "eligible": may + waits,
                "waits": waits,
                "guarded": guarded,
                "guards": dict(kept_back.get(offer.id, {})),
                "guards_lifted": list(offer.allow),
                "guards_unchecked": list(one.unchecked),
                "capacity": offer.capacity,
                "planned": planned,
                "contacts": contacts,
                "control": planned - contacts,
                "propensity": round(contacts / planned, 9) if planned else None,
                "cost": round(contacts * offer.cost, 6),
                "answers": effect_json(proofs[number].answers),
                "margin": effect_json(proofs[number].margin),
            }
        )
    return rows


def segment_rows(
    asked: Asked,
    drawn: Drawn,
    suits: Sequence[Suits],
    found: Sequence[Sequence[Promise]],
    segments: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return who gets what and why in every segment.

    Parameters
    ----------
    asked : Asked
        The customers.
    drawn : Drawn
        Who gets what.
    suits : sequence of Suits
        The offers, checked.
    found : sequence of sequence of Promise
        What to expect, by segment and offer.
    segments : mapping of str to str
        Id -> name, in the order of their numbers.

    Returns
    -------
    list of dict
        JSON, in the order of the segments; offers by customers falling. ``without`` counts those
        who get none, by what is in the way.
    """
    rows, offers = [], [one.offer for one in suits]
    for number, (key, name) in enumerate(segments.items()):
        own = asked.segment == number
        planned = np.bincount(drawn.offer[own & (drawn.offer != NOBODY)], minlength=len(offers))
        contacts = np.bincount(drawn.offer[own & drawn.treated], minlength=len(offers))
        order = sorted(np.flatnonzero(planned).tolist(), key=lambda i: (-planned[i], i))
        total = int(own.sum())
        rows.append(
            {
                "id": key,
                "name": name,
                "n": total,
                "planned": int(planned.sum()),
                "offers": [
                    {
                        "offer_id": offers[i].id,
                        "name": offers[i].title,
                        "planned": int(planned[i]),
                        "contacts": int(contacts[i]),
                        "share": round(int(planned[i]) / total, 9),
                        "expected": found[number][i].expected,
                        "basis": found[number][i].basis,
                        "reason": reason_words(suits[i].why, found[number][i], name),
                    }
                    for i in order
                ],
                "without": _without(asked, own & (drawn.offer == NOBODY)),
            }
        )
    return [row for row in rows if row["n"]]


def _without(asked: Asked, rows: Any) -> dict[str, int]:
    may, waits, guarded = asked.may[rows] != 0, asked.waits[rows] != 0, asked.guarded[rows] != 0
    return {
        "no_room": int(may.sum()),
        "contacted_lately": int((~may & waits).sum()),
        "guarded": int((~may & ~waits & guarded).sum()),
        "no_condition": int((~may & ~waits & ~guarded).sum()),
    }


WITHOUT = {
    "no_room": "capacity or budget is used up, or no contact is worth its cost",
    "contacted_lately": "contacted lately",
    "guarded": "kept from more debt by a guard",
    "no_condition": "meets the condition of no offer",
}
"""Why a customer gets no offer, in words."""


def totals(rows: Sequence[Mapping[str, Any]], table: pa.Table) -> dict[str, Any]:
    """Return the sums of a plan.

    Parameters
    ----------
    rows : sequence of mapping
        As ``offer_rows`` gives them.
    table : pyarrow.Table
        As ``plan_table`` gives it.

    Returns
    -------
    dict
        planned, contacts, control, cost; ``expected``, the margin of all contacts whose effect was
        measured, and ``guessed``, that of the others by the user's guess: null if there are none.
    """
    treated = pc.equal(table.column("arm"), ARMS[1]).to_numpy()
    money = table.column("expected").to_numpy()
    measured = pc.is_in(table.column("basis"), pa.array(["segment", "overall"])).to_numpy()
    sums = {}
    for name, rows_of in (("expected", measured), ("guessed", ~measured)):
        known = treated & rows_of & np.isfinite(money)
        sums[name] = round(float(money[known].sum()), 6) if known.any() else None
    return {
        "planned": sum(row["planned"] for row in rows),
        "contacts": sum(row["contacts"] for row in rows),
        "control": sum(row["control"] for row in rows),
        "cost": round(sum(row["cost"] for row in rows), 6),
        **sums,
    }


def money_words(found: Mapping[str, Any] | None, currency: str) -> str:
    """Write a margin of one contact with its interval.

    Parameters
    ----------
    found : mapping or None
        As ``effect_json`` gives it.
    currency : str
        ISO code, or empty.

    Examples
    --------
    >>> money_words({"uplift": 1.25, "low": -0.5, "high": 3.0}, "GBP"), money_words(None, "GBP")
    ('£1.25 (−£0.50 to £3.00)', 'not known')
    """
    if found is None or found["uplift"] is None:
        return "not known"
    middle, low, high = (fmt.money(found[n], currency) for n in ("uplift", "low", "high"))
    return f"{middle} ({low} to {high})"
