"""What is known of every offer, and what one more contact is therefore expected to bring.

A segment's own evidence comes first, then that of all segments together, then the user's
guess, which is called untested and never shown as an effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from coterie.offers.catalogue import CREDIT, Offer
from coterie.offers.explore import Sent, count
from coterie.offers.uplift import Effect, Flags, Floats, Ints, Qini, Trials, effect, qini

Basis = Literal["segment", "overall", "guess", "unknown"]
"""Whose figures an expectation rests on."""


@dataclass(frozen=True)
class Contacts:
    """Touches of offers in the catalogue, a row each.

    Parameters
    ----------
    offer : int64 array
        Number of the offer.
    segment : int64 array
        Number of the segment that the customer was in when she was contacted.
    answers : Trials
        Outcome 1 for an answer, 0 for none, NaN where it is not known.
    money : float64 array
        Money of the answer, 0 without one, NaN where it is not known.
    """

    offer: Ints
    segment: Ints
    answers: Trials
    money: Floats

    def of(self, rows: Flags) -> tuple[Trials, Trials]:
        """Return the trials of some rows, with answers and with money as outcome."""
        one = self.answers.only(rows)
        return one, Trials(one.customer, one.treated, self.money[rows], one.propensity)


@dataclass(frozen=True)
class Proof:
    """What contacts with one offer changed.

    Parameters
    ----------
    answers : Effect
        What one contact adds to the answers, over all segments.
    margin : Effect, optional
        What it adds in money, its cost taken off; None if no money is known.
    by_segment : tuple of (Effect, Effect or None)
        The same in each segment.
    qini : Qini, optional
        Of contacting the segments of most effect first; None if untested.
    worth : float, optional
        Margin of one answer: as the catalogue has it, else the mean money of answers; None if
        neither is known.
    """

    answers: Effect
    margin: Effect | None
    by_segment: tuple[tuple[Effect, Effect | None], ...]
    qini: Qini | None = None
    worth: float | None = None


def prove(
    contacts: Contacts, offers: Sequence[Offer], n_segments: int, *, seed: int
) -> list[Proof]:
    """Measure what contacts with each offer changed, overall and in each segment.

    Parameters
    ----------
    contacts : Contacts
        The touches.
    offers : sequence of Offer
        The catalogue.
    n_segments : int
        Segments, numbered from 0.
    seed : int
        Of the bootstrap of the Qini curve.

    Returns
    -------
    list of Proof
        In the order of ``offers``.
    """
    proofs = []
    for number, offer in enumerate(offers):
        rows = contacts.offer == number
        answers, margin = _effects(contacts, rows, offer)
        parts = tuple(
            _effects(contacts, rows & (contacts.segment == segment), offer)
            for segment in range(n_segments)
        )
        curve = None
        if answers.uplift is not None:
            curve = _curve(contacts, rows, n_segments, seed=seed)
        proofs.append(Proof(answers, margin, parts, curve, _worth(contacts, rows, offer)))
    return proofs


def _effects(contacts: Contacts, rows: Flags, offer: Offer) -> tuple[Effect, Effect | None]:
    trials, money = contacts.of(rows)
    answers = effect(trials)
    if answers.uplift is None:
        return answers, None
    if offer.value is not None:
        return answers, answers.scaled(offer.value, -offer.cost)
    if np.isnan(money.outcome[trials.outcome == 1]).any():
        return answers, None  # without the money of some answers the rest says too little
    return answers, effect(money).scaled(1.0, -offer.cost)


def _worth(contacts: Contacts, rows: Flags, offer: Offer) -> float | None:
    if offer.value is not None:
        return offer.value
    money = contacts.money[rows & (contacts.answers.outcome == 1)]
    known = money[np.isfinite(money)]
    return float(known.mean()) if known.size else None


def _curve(contacts: Contacts, rows: Flags, n_segments: int, *, seed: int) -> Qini | None:
    """Order the segments by one half of the customers, and judge the order by the other half."""
    trials, segment = contacts.answers.only(rows), contacts.segment[rows]
    score = np.zeros(segment.size)
    half = trials.customer % 2 == 0
    for own in (half, ~half):
        for number in range(n_segments):
            found = effect(trials.only(~own & (segment == number)))
            score[own & (segment == number)] = found.uplift or 0.0
    # Scores of the two halves are on one scale: both are answers a contact.
    return qini(trials, score, seed=seed) if trials.usable.outcome.size else None


@dataclass(frozen=True)
class Promise:
    """What one contact with an offer is expected to bring in a segment.

    Parameters
    ----------
    expected : float, optional
        Margin, its cost taken off; None if no money is known.
    basis : str
        ``segment`` or ``overall`` if it was measured, ``guess`` if it is the user's, else
        ``unknown``.
    score : float
        What the plan goes by; above 0 if it is worth a contact at all.
    effect : Effect
        What was measured, in answers: of the segment, or overall where the segment's is none.
    """

    expected: float | None
    basis: Basis
    score: float
    effect: Effect


_TINY = 1e-6
"""Worth of an answer of unknown margin: such offers go to whom no other suits."""


def promise(offer: Offer, proof: Proof, segment: int, *, blind: bool = False) -> Promise:
    """Return what to expect of an offer in a segment.

    Parameters
    ----------
    offer : Offer
        One of the catalogue.
    proof : Proof
        What is known of it.
    segment : int
        Number of the segment.
    blind : bool, default False
        Whether only what holds for all segments may count.

    Returns
    -------
    Promise
        A guess that the interval rules out is cut to the interval's upper end.

    Examples
    --------
    >>> none = Effect("untested", 0, 0, reason="it was never tried")
    >>> offer = Offer(id="a", value=10, cost=0.1, response=0.05)
    >>> found = promise(offer, Proof(none, None, ((none, None),), worth=10.0), 0)
    >>> found.expected, found.basis
    (0.4, 'guess')
    """
    own, own_margin = (proof.answers, proof.margin) if blind else proof.by_segment[segment]
    for basis, answers, margin in (
        ("segment", own, own_margin),
        ("overall", proof.answers, proof.margin),
    ):
        if answers.status == "evidence" and answers.uplift is not None:
            expected = margin.uplift if margin else None
            score = _TINY * answers.uplift if expected is None else expected
            kind: Basis = "overall" if basis == "overall" or blind else "segment"
            return Promise(expected, kind, score, answers)
    known = own if own.uplift is not None else proof.answers
    if offer.response is None:
        return Promise(None, "unknown", _TINY * _TINY, known)
    guess = offer.response if known.high is None else min(offer.response, max(known.high, 0.0))
    if proof.worth is None:
        return Promise(None, "guess", _TINY * guess, known)
    expected = round(guess * proof.worth - offer.cost, 9)
    return Promise(expected, "guess", expected, known)


def promises(
    offers: Sequence[Offer], proofs: Sequence[Proof], n_segments: int, *, sensitive: bool
) -> list[list[Promise]]:
    """Return what to expect of every offer in every segment.

    Parameters
    ----------
    offers : sequence of Offer
        The catalogue.
    proofs : sequence of Proof
        What is known of each.
    n_segments : int
        Segments, numbered from 0.
    sensitive : bool
        Whether the segments were made from protected attributes; offers of credit then go by
        what holds for all.

    Returns
    -------
    list of list of Promise
        By segment, then in the order of ``offers``.
    """
    return [
        [
            promise(offer, proof, segment, blind=sensitive and offer.kind == CREDIT)
            for offer, proof in zip(offers, proofs, strict=True)
        ]
        for segment in range(n_segments)
    ]


def scores(found: Sequence[Sequence[Promise]]) -> Floats:
    """Return what the plan goes by, shape (n_segments, n_offers).

    Offers of which nothing is known are taken in the order of the catalogue.
    """
    return np.array(
        [
            [
                p.score * (1 - _TINY * i) if p.basis == "unknown" else p.score
                for i, p in enumerate(row)
            ]
            for row in found
        ]
    )


def in_money(uplifts: Floats, offers: Sequence[Offer], proofs: Sequence[Proof]) -> Floats:
    """Return uplifts of answers as margins of a contact.

    Parameters
    ----------
    uplifts : float64 array, shape (…, n_offers)
        What a contact adds to the answers.
    offers : sequence of Offer
        The catalogue.
    proofs : sequence of Proof
        With what an answer is worth; where that is not known, almost nothing.

    Returns
    -------
    float64 array, of the same shape
        In units of money, the cost taken off.

    Examples
    --------
    >>> none = Effect("untested", 0, 0)
    >>> proof = Proof(none, None, (), worth=10.0)
    >>> in_money(np.array([[0.2]]), [Offer(id="a", cost=0.5)], [proof]).tolist()
    [[1.5]]
    """
    money = np.array([np.nan if proof.worth is None else proof.worth for proof in proofs])
    cost = np.array([offer.cost for offer in offers])
    return np.where(np.isnan(money), _TINY * uplifts, uplifts * np.nan_to_num(money) - cost)


def sent(contacts: Contacts, n_segments: int, n_offers: int) -> tuple[Sent, Sent]:
    """Count contacts and control rows, and their answers, by segment and offer.

    Parameters
    ----------
    contacts : Contacts
        The touches.
    n_segments, n_offers : int
        How many of each there are.

    Returns
    -------
    (Sent, Sent)
        Of the contacts and of the control.
    """
    arms = []
    for contacted in (True, False):
        one = Sent.none(n_segments, n_offers)
        for segment in range(n_segments):
            for offer in range(n_offers):
                rows = (contacts.offer == offer) & (contacts.segment == segment)
                n, answers = count(contacts.answers.only(rows), contacted=contacted)
                one.n[segment, offer], one.answers[segment, offer] = n, answers
        arms.append(one)
    return arms[0], arms[1]


def effect_json(found: Effect | None) -> dict[str, Any] | None:
    """Return an effect as JSON, rounded to what its interval bears."""
    if found is None:
        return None
    figures = ("uplift", "low", "high", "with_contact", "without")
    return {
        "status": found.status,
        "treated": found.treated,
        "control": found.control,
        **{n: None if (v := getattr(found, n)) is None else round(v, 9) for n in figures},
        "reason": found.reason,
    }


def evidence_rows(
    offers: Sequence[Offer],
    proofs: Sequence[Proof],
    contacts: Contacts,
    segments: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return what is known of every offer, overall and in each segment it was tried in.

    Parameters
    ----------
    offers : sequence of Offer
        The catalogue.
    proofs : sequence of Proof
        What is known of each.
    contacts : Contacts
        The touches.
    segments : mapping of str to str
        Id -> name, in the order of their numbers.

    Returns
    -------
    list of dict
        JSON, in the order of the catalogue.
    """
    rows = []
    for number, (offer, proof) in enumerate(zip(offers, proofs, strict=True)):
        tried = set(contacts.segment[contacts.offer == number].tolist())
        curve = asdict(proof.qini) if proof.qini else None
        rows.append(
            {
                "id": offer.id,
                "name": offer.title,
                "answers": effect_json(proof.answers),
                "margin": effect_json(proof.margin),
                "qini": curve,
                "segments": [
                    {
                        "id": key,
                        "name": name,
                        "answers": effect_json(proof.by_segment[place][0]),
                        "margin": effect_json(proof.by_segment[place][1]),
                    }
                    for place, (key, name) in enumerate(segments.items())
                    if place in tried
                ],
            }
        )
    return rows
