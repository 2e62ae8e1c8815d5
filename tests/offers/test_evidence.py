"""What to expect of an offer: own evidence, then everybody's, then a guess that is called one."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.offers.catalogue import Offer
from coterie.offers.evidence import Contacts, promise, promises, prove, scores, sent
from coterie.offers.uplift import Effect, Trials

OFFER = Offer(id="a", value=10, cost=0.5, response=0.2)


def contacts(lifts: tuple[float, ...], n: int = 1000, money: float = 20.0) -> Contacts:
    """Contacts of one offer in several segments, half of them control, of a known uplift each."""
    random = np.random.default_rng(3)
    rows = n * len(lifts)
    segment = np.repeat(np.arange(len(lifts)), n)
    treated = random.random(rows) < 0.5
    answer = (random.random(rows) < 0.1 + np.array(lifts)[segment] * treated).astype(float)
    trials = Trials(np.arange(rows), treated, answer, np.full(rows, 0.5))
    return Contacts(np.zeros(rows, np.int64), segment, trials, answer * money)


def test_a_segment_s_own_evidence_comes_first_then_that_of_all() -> None:
    (proof,) = prove(contacts((0.3, 0.3, 0.0)), [OFFER], 4, seed=0)
    own, _, none, untried = (promise(OFFER, proof, segment) for segment in range(4))
    assert (own.basis, none.basis, untried.basis) == ("segment", "overall", "overall")
    assert own.expected == pytest.approx(10 * own.effect.uplift - 0.5)
    assert own.expected > none.expected > 0
    assert none.expected == pytest.approx(10 * proof.answers.uplift - 0.5)


def test_the_blind_see_only_what_holds_for_all() -> None:
    (proof,) = prove(contacts((0.4, 0.0)), [OFFER], 2, seed=0)
    assert {promise(OFFER, proof, s, blind=True).expected for s in (0, 1)} == {proof.margin.uplift}
    credit = Offer(id="a", kind="credit", value=10)
    found = promises([credit], [proof], 2, sensitive=True)
    assert {row[0].basis for row in found} == {"overall"}


def test_a_harm_that_is_shown_is_not_sent() -> None:
    (proof,) = prove(contacts((-0.09,)), [OFFER], 1, seed=0)
    assert promise(OFFER, proof, 0).score < 0


def test_money_of_answers_stands_in_for_a_value_that_is_not_given() -> None:
    offer = Offer(id="a", cost=0.5, response=0.05)
    given = contacts((0.0,), money=20.0)
    (proof,) = prove(given, [offer], 1, seed=0)
    assert proof.worth == 20
    assert proof.answers.status == "no evidence"
    found = promise(offer, proof, 0)
    assert (found.basis, found.effect.status) == ("guess", "no evidence")
    assert found.expected == pytest.approx(20 * min(0.05, proof.answers.high) - 0.5)
    # Without the money of some answers the measured margin would be wrong.
    lost = np.where(np.arange(1000) % 7 == 0, np.nan, given.money)
    (proof,) = prove(Contacts(given.offer, given.segment, given.answers, lost), [offer], 1, seed=0)
    assert (proof.margin, proof.worth) == (None, 20)


def test_nothing_known_is_said_to_be_and_keeps_the_order_of_the_catalogue() -> None:
    offers = [Offer(id="a"), Offer(id="b"), Offer(id="c", response=0.01)]
    empty = Trials(*(np.zeros(0, kind) for kind in (np.int64, bool, float, float)))
    nothing = Contacts(np.zeros(0, np.int64), np.zeros(0, np.int64), empty, np.zeros(0))
    proofs = prove(nothing, offers, 1, seed=0)
    found = promises(offers, proofs, 1, sensitive=False)
    assert [p.expected for p in found[0]] == [None] * 3
    assert [p.basis for p in found[0]] == ["unknown", "unknown", "guess"]
    score = scores(found)[0]
    assert score[2] > score[0] > score[1] > 0
    assert found[0][0].effect == Effect("untested", 0, 0, reason="it was never tried")


def test_both_arms_are_counted_by_segment() -> None:
    given = contacts((0.3, 0.0))
    there, control = sent(given, 2, 1)
    assert (there.n + control.n).sum() == pytest.approx(2000)
    assert there.answers.sum() == given.answers.outcome[given.answers.treated].sum()


def test_the_order_of_segments_is_judged_by_other_customers() -> None:
    (useful,) = prove(contacts((0.4, 0.0, 0.0)), [OFFER], 3, seed=0)
    (useless,) = prove(contacts((0.1, 0.1, 0.1)), [OFFER], 3, seed=0)
    assert useful.qini.low > 0
    assert useless.qini.low < 0 < useless.qini.high
