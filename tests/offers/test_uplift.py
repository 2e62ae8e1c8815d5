"""Effects, intervals and Qini against sums done by hand, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.errors import ParameterError
from coterie.offers.uplift import Trials, effect, qini


def trials(treated: list[int], outcome: list[float], chance: list[float]) -> Trials:
    return Trials(
        np.arange(len(treated)),
        np.array(treated, dtype=bool),
        np.array(outcome, dtype=float),
        np.array(chance),
    )


def drawn(n: int, seed: int, *, lift: float = 0.0) -> Trials:
    random = np.random.default_rng(seed)
    chance = np.where(random.random(n) < 0.5, 0.3, 0.7)
    treated = random.random(n) < chance
    # Whoever is contacted more often answers more in any case.
    outcome = random.random(n) < 0.1 + 0.3 * (chance > 0.5) + lift * treated
    return Trials(np.arange(n), treated, outcome.astype(float), chance)


def test_weights_take_away_what_the_choice_of_whom_to_contact_adds() -> None:
    # Readers (contacted with chance 3/4): 3 of 4 contacted, all 4 answer; others (1/4): 1 of 4
    # contacted, nobody answers. Plain means: 3/4 against 1/4; weighted both are 1/2.
    treated = [1, 1, 1, 0, 1, 0, 0, 0] * 30
    outcome = [1.0, 1, 1, 1, 0, 0, 0, 0] * 30
    found = effect(trials(treated, outcome, ([0.75] * 4 + [0.25] * 4) * 30))
    assert found.with_contact == pytest.approx(0.5)
    assert found.without == pytest.approx(0.5)
    assert found.uplift == pytest.approx(0)
    assert found.status == "no evidence"


def test_the_interval_is_student_s_of_the_two_means() -> None:
    # 40 of 100 against 20 of 100 at chance 1/2: variance .24/100 + .16/100 = .004, times
    # 100/99; t of 99 degrees at 97.5 % is 1.98422.
    found = effect(
        trials([1] * 100 + [0] * 100, [1] * 40 + [0] * 60 + [1] * 20 + [0] * 80, [0.5] * 200)
    )
    half = 1.98422 * (0.004 * 100 / 99) ** 0.5
    assert found.status == "evidence"
    assert found.low == pytest.approx(0.2 - half, abs=1e-6)
    assert found.high == pytest.approx(0.2 + half, abs=1e-6)


def test_rows_of_one_customer_are_not_independent() -> None:
    one = drawn(400, 1)
    twice = Trials(
        *(np.tile(a, 2) for a in (one.customer, one.treated, one.outcome, one.propensity))
    )
    found, doubled = effect(one), effect(twice)
    assert doubled.uplift == pytest.approx(found.uplift)
    assert doubled.low == pytest.approx(found.low)


def test_there_is_no_figure_without_something_to_compare_with() -> None:
    none = np.full(200, np.nan)
    one = drawn(200, 2)
    always = np.ones(200, dtype=bool)
    assert effect(Trials(one.customer, always, one.outcome, none)).reason == (
        "there is no control group"
    )
    assert "propensity" in effect(Trials(one.customer, one.treated, one.outcome, none)).reason
    assert effect(Trials(one.customer, one.treated, none, one.propensity)).reason == (
        "no answer is known yet"
    )
    assert "too few" in effect(one.only(np.arange(40))).reason
    assert effect(one.only(np.arange(0))).reason == "it was never tried"
    found = effect(one.only(np.arange(0)))
    assert (found.status, found.uplift) == ("untested", None)


def test_a_control_that_was_not_drawn_as_it_says_is_not_believed() -> None:
    one = drawn(2000, 3)
    wrong = Trials(one.customer, one.treated, one.outcome, np.full(2000, 0.9))
    assert "not drawn as they say" in effect(wrong).reason


def test_rows_that_were_certain_to_be_contacted_do_not_count() -> None:
    one = drawn(500, 4)
    sure = Trials(np.arange(500, 600), np.ones(100, bool), np.ones(100), np.ones(100))
    both = Trials(
        *(
            np.concatenate(pair)
            for pair in zip(
                (one.customer, one.treated, one.outcome, one.propensity),
                (sure.customer, sure.treated, sure.outcome, sure.propensity),
                strict=True,
            )
        )
    )
    assert effect(both) == effect(one)


def test_qini_is_the_area_worked_out_by_hand() -> None:
    # Chance 1/2, so each contacted answer counts 2, each control answer -2, over 6 rows.
    # Score 3: one contacted answer, one silent control: gain 2/6 at a share of 2/6.
    # Score 2: both answer: gain stays 2/6 at 4/6. Score 1: the control answers: 0 at the end.
    one = trials([1, 0, 1, 0, 1, 0], [1, 0, 1, 1, 0, 1], [0.5] * 6)
    found = qini(one, np.array([3.0, 3, 2, 2, 1, 1]), seed=0)
    assert found.gain == pytest.approx((0, 1 / 3, 1 / 3, 0))
    # Area: 1/3 * (1/6 + 1/3 + 1/6) = 2/9; the line ends at 0.
    assert found.coefficient == pytest.approx(2 / 9)
    assert found.low <= found.coefficient <= found.high


def test_qini_of_an_order_that_says_nothing_holds_zero() -> None:
    one = drawn(3000, 5, lift=0.2)
    found = qini(one, np.random.default_rng(6).random(3000), seed=0)
    assert found.low < 0 < found.high
    same = qini(one, np.zeros(3000), seed=0)
    assert same.coefficient == pytest.approx(0, abs=1e-12)


def test_qini_finds_an_order_that_says_something() -> None:
    random = np.random.default_rng(7)
    moved = random.random(3000) < 0.3
    treated = random.random(3000) < 0.5
    outcome = random.random(3000) < 0.1 + 0.5 * moved * treated
    one = Trials(np.arange(3000), treated, outcome.astype(float), np.full(3000, 0.5))
    assert qini(one, moved.astype(float), seed=0).low > 0
    with pytest.raises(ParameterError, match="2 scores for 3000 rows"):
        qini(one, np.zeros(2), seed=0)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = [
        found.low <= 0.1 <= found.high
        for found in (effect(drawn(600, seed, lift=0.1)) for seed in range(200))
        if found.low is not None and found.high is not None
    ]
    assert len(held) == 200
    assert 0.9 <= np.mean(held) <= 0.98
