"""A plan worked out by hand, and limits that hold for any catalogue and any customers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.offers.catalogue import Offer
from coterie.offers.policy import NOBODY, Floats, Groups, draw, share_out, spent, whole


def test_the_best_plan_gives_up_the_best_offer_where_another_does_nearly_as_well() -> None:
    # Two segments of 10. Offer a is worth 5 and 4, b 4 and 1; a has room for 10. Greedy by
    # segment would give a to the first (5 * 10 + 1 * 10 = 60); the best is b to the first and
    # a to the second (4 * 10 + 4 * 10 = 80).
    groups = Groups.of(np.repeat([0, 1], 10), np.full(20, 3), 2)
    offers = [Offer(id="a", capacity=10, control_share=0), Offer(id="b", control_share=0)]
    score = np.array([[5.0, 4.0], [4.0, 1.0]])
    plan = whole(share_out(groups, offers, score), groups, offers, score)
    assert plan.tolist() == [[0, 10], [10, 0]]


def test_who_is_worth_no_contact_gets_none_and_the_unknown_comes_last() -> None:
    groups = Groups.of(np.zeros(6, int), np.array([1, 1, 3, 3, 7, 4]), 3)
    offers = [Offer(id=name, control_share=0) for name in "abc"]
    score = np.array([[-1.0, 2.0, 1e-12]])
    plan = whole(share_out(groups, offers, score), groups, offers, score)
    drawn = draw(plan, groups, offers, seed=0)
    assert drawn.offer.tolist() == [NOBODY, NOBODY, 1, 1, 1, 2]


def test_a_budget_goes_to_whom_it_brings_most() -> None:
    # 10 contacts at 1 each; budget 6, the control of 10 % among 7 is 1: 6 contacts.
    groups = Groups.of(np.zeros(10, int), np.ones(10, int), 1)
    offers = [Offer(id="a", cost=1.0)]
    score = np.array([[3.0]])
    plan = whole(share_out(groups, offers, score, budget=6), groups, offers, score, budget=6)
    assert spent(plan, offers) <= 6
    assert plan.sum() >= 6
    nothing = share_out(groups, offers, score, budget=0)
    assert whole(nothing, groups, offers, score, budget=0).sum() == 0


def test_chances_are_those_of_the_draw() -> None:
    groups = Groups.of(np.zeros(40, int), np.ones(40, int), 1)
    offers = [Offer(id="a", control_share=0.25)]
    rounds = [draw(np.array([[20]]), groups, offers, seed=seed) for seed in range(400)]
    picked = np.mean([one.offer == 0 for one in rounds], axis=0)
    treated = np.mean([one.treated for one in rounds], axis=0)
    assert rounds[0].chance.tolist() == [0.5] * 40
    # 400 draws of chance 1/2 and 3/8: four standard errors are .1.
    assert np.abs(picked - 0.5).max() < 0.1
    assert np.abs(treated - 0.375).max() < 0.1
    chosen = rounds[0].offer == 0
    assert set(rounds[0].propensity[chosen].tolist()) == {0.75}
    assert np.isnan(rounds[0].propensity[~chosen]).all()


def test_another_seed_draws_others_and_the_same_seed_the_same() -> None:
    groups = Groups.of(np.zeros(100, int), np.ones(100, int), 1)
    one, same, other = (
        draw(np.array([[50]]), groups, [Offer(id="a")], seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.offer, same.offer)
    np.testing.assert_array_equal(one.treated, same.treated)
    assert (one.offer != other.offer).any()


@st.composite
def markets(draw_: st.DrawFn) -> tuple[list[Offer], np.ndarray, np.ndarray, Floats, float | None]:
    several, segments = draw_(st.integers(1, 5)), draw_(st.integers(1, 4))
    n = draw_(st.integers(0, 60))
    random = np.random.default_rng(draw_(st.integers(0, 2**32)))
    offers = [
        Offer(
            id=str(i),
            capacity=draw_(st.none() | st.integers(0, 30)),
            cost=draw_(st.sampled_from([0.0, 0.3, 2.0])),
            control_share=draw_(st.sampled_from([0.0, 0.1, 0.5])),
        )
        for i in range(several)
    ]
    score = np.round(random.normal(0.5, 1, (segments, several)), 2)
    budget = draw_(st.none() | st.floats(0, 30))
    return offers, random.integers(0, segments, n), random.integers(0, 2**several, n), score, budget


@given(markets())
@settings(max_examples=80, deadline=None)
def test_no_limit_is_ever_exceeded(
    market: tuple[list[Offer], np.ndarray, np.ndarray, Floats, float | None],
) -> None:
    offers, segment, may, score, budget = market
    groups = Groups.of(segment, may, len(offers))
    shared = share_out(groups, offers, score, budget=budget)
    plan = whole(shared, groups, offers, score, budget=budget)
    drawn = draw(plan, groups, offers, seed=0)
    cost = 0.0
    for number, offer in enumerate(offers):
        contacts = int((drawn.treated & (drawn.offer == number)).sum())
        assert contacts <= (len(segment) if offer.capacity is None else offer.capacity)
        cost += contacts * offer.cost
    assert budget is None or cost <= budget + 1e-9
    for customer, number in enumerate(drawn.offer.tolist()):
        if number != NOBODY:
            assert may[customer] >> number & 1
            assert score[segment[customer], number] > 0
            assert 0 < drawn.chance[customer] <= 1


@given(markets())
@settings(max_examples=40, deadline=None)
def test_without_a_budget_no_other_plan_is_worth_more_by_a_single_move(
    market: tuple[list[Offer], np.ndarray, np.ndarray, Floats, float | None],
) -> None:
    offers, segment, may, score, _ = market
    groups = Groups.of(segment, may, len(offers))
    plan = whole(share_out(groups, offers, score), groups, offers, score)
    worth = score[groups.segment]
    room = [o.most(len(segment)) - int(n) for o, n in zip(offers, plan.sum(axis=0), strict=True)]
    for group in range(len(plan)):
        idle = groups.size[group] - plan[group].sum()
        for offer in range(len(offers)):
            if groups.may[group, offer] and room[offer] > 0:
                assert not idle or worth[group, offer] <= 0
                for other in np.flatnonzero(plan[group]):
                    assert worth[group, offer] <= worth[group, other] + 1e-6


def test_as_many_groups_as_customers_are_planned_too() -> None:
    random = np.random.default_rng(0)
    groups = Groups.of(random.integers(0, 5, 2000), random.integers(0, 2**10, 2000), 10)
    offers = [Offer(id=str(i), capacity=20 * i) for i in range(10)]
    score = random.random((5, 10))
    plan = whole(share_out(groups, offers, score), groups, offers, score)
    for number, offer in enumerate(offers):
        assert plan[:, number].sum() <= offer.most(2000)
    assert plan.sum(axis=1).tolist() <= groups.size.tolist()
    assert plan[:, 1:].sum() == pytest.approx(sum(o.most(2000) for o in offers), abs=1)
