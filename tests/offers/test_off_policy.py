"""IPS, SNIPS, DR and the effective sample against sums done by hand; verdicts only with data."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.errors import DataError, ParameterError
from coterie.offers.catalogue import Offer
from coterie.offers.evidence import Contacts
from coterie.offers.off_policy import Logged, off_policy
from coterie.offers.policy import Groups
from coterie.offers.replay import contact_rates, replay
from coterie.offers.uplift import Trials


def test_all_estimators_are_as_worked_out_by_hand() -> None:
    # Weights w = policy / chance: 1/.5 = 2, .5/.25 = 2, 0/.5 = 0, .2/.8 = .25; sum 4.25.
    logged = Logged(
        reward=np.array([1.0, 0, 1, 2]),
        chance=np.array([0.5, 0.25, 0.5, 0.8]),
        policy=np.array([1.0, 0.5, 0.0, 0.2]),
        expected_taken=np.array([0.5, 0.5, 0.5, 1]),
        expected_policy=np.array([0.5, 0.25, 0, 1]),
    )
    found = off_policy(logged)
    assert found.ips == pytest.approx((2 + 0 + 0 + 0.5) / 4)
    assert found.snips == pytest.approx(2.5 / 4.25)
    # .5 + 2 * .5, .25 - 2 * .5, 0, 1 + .25 * 1
    assert found.dr == pytest.approx((1.5 - 0.75 + 0 + 1.25) / 4)
    assert found.ess == pytest.approx(4.25**2 / (4 + 4 + 0.0625))
    assert found.gain == pytest.approx(0.5 - 1.0)
    assert found.verdict == "too little data"


def logs(n: int, lift: float, seed: int, contact: float) -> Logged:
    random = np.random.default_rng(seed)
    treated = random.random(n) < 0.5
    reward = (random.random(n) < 0.1 + lift * treated).astype(float)
    taken = np.where(treated, contact, 1 - contact)
    flat = np.full(n, 0.1)
    return Logged(reward, np.full(n, 0.5), taken, flat, flat)


@pytest.mark.parametrize(
    ("lift", "contact", "verdict"),
    [(0.2, 1.0, "better"), (0.2, 0.0, "worse"), (0.0, 1.0, "no difference shown")],
)
def test_the_verdict_follows_the_interval(lift: float, contact: float, verdict: str) -> None:
    assert off_policy(logs(4000, lift, 1, contact)).verdict == verdict


def test_below_an_effective_sample_of_500_there_is_no_verdict() -> None:
    found = off_policy(logs(900, 0.9, 1, 1.0))
    assert found.ess < 500
    assert found.verdict == "too little data"


def test_a_policy_that_was_never_tried_has_no_value_of_its_own() -> None:
    one = Logged(np.ones(3), np.full(3, 0.5), np.zeros(3), np.ones(3), np.ones(3))
    assert (off_policy(one).ess, off_policy(one).verdict) == (0.0, "too little data")


def test_chances_that_are_none_are_refused() -> None:
    with pytest.raises(ParameterError, match="above 0"):
        Logged(np.ones(1), np.zeros(1), np.ones(1), np.ones(1), np.ones(1))
    with pytest.raises(ParameterError, match="between 0 and 1"):
        Logged(np.ones(1), np.ones(1), np.full(1, 1.5), np.ones(1), np.ones(1))
    with pytest.raises(DataError, match="no past decision"):
        Logged(*(np.zeros(0) for _ in range(5)))


def test_a_plan_is_put_to_past_contacts_by_how_often_it_contacts_a_segment() -> None:
    # 40 customers of segment 0 may get it, 20 are picked, 2 of them the control: 18 / 40.
    groups = Groups.of(np.repeat([0, 1], [40, 10]), np.repeat([1, 0], [40, 10]), 1)
    offer = Offer(id="a", value=10, cost=1)
    plan = np.array([[20], [0]])
    rates = contact_rates(plan, groups, [offer], 2)
    assert rates.tolist() == [[0.45], [0.0]]
    trials = Trials(
        np.arange(4),
        np.array([True, False, True, False]),
        np.array([1.0, 0, 0, 1]),
        np.full(4, 0.5),
    )
    contacts = Contacts(np.zeros(4, int), np.array([0, 0, 1, 1]), trials, np.zeros(4))
    found = replay(contacts, [offer], plan, groups, 2)
    assert not isinstance(found, str)
    # Rewards 10 - 1, 0, -1, 10; weights .9, 1.1, 0, 2.
    assert found.logged == pytest.approx(18 / 4)
    assert found.ips == pytest.approx((9 * 0.9 + 0 + 0 + 20) / 4)
    certain = Trials(trials.customer, trials.treated, trials.outcome, np.ones(4))
    lost = Contacts(contacts.offer, contacts.segment, certain, contacts.money)
    assert replay(lost, [offer], plan, groups, 2) == (
        "no past contact was left to chance with its money known"
    )
