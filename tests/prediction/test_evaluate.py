"""Figures of quality against sums done by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import DataError
from coterie.prediction.evaluate import (
    deciles,
    gini,
    judge_chances,
    judge_spend,
    normalised_gini,
)

SPENT = np.array([0.0, 10.0, 0.0, 30.0])


def test_gini_matches_the_hand_calculation() -> None:
    # By score 4, 3, 2, 1 customers spent 30, 0, 10, 0: gains 3/4, 3/4, 1, 1 after each quarter.
    # Area under the broken line: (.75 + 1.5 + 1.75 + 2) / 8 = .75.
    assert gini(SPENT, np.array([3.0, 2.0, 1.0, 4.0])) == pytest.approx(2 * 0.75 - 1)
    # The best order spends 30, 10, 0, 0: (.75 + 1.75 + 2 + 2) / 8 = .8125.
    assert gini(SPENT, SPENT) == pytest.approx(2 * 0.8125 - 1)
    assert normalised_gini(SPENT, np.array([3.0, 2.0, 1.0, 4.0])) == pytest.approx(0.5 / 0.625)


def test_customers_of_equal_score_share_their_gains() -> None:
    assert gini(SPENT, np.ones(4)) == pytest.approx(0.0)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=40), st.randoms())
def test_no_order_ranks_better_than_what_was_spent(spent: list[int], random: object) -> None:
    actual = np.array(spent, dtype=np.float64)
    score = np.array(spent, dtype=np.float64)
    random.shuffle(score)  # type: ignore[attr-defined]  hypothesis gives a random.Random
    assert gini(actual, score) <= gini(actual, actual) + 1e-12
    assert gini(actual, -score) == pytest.approx(-gini(actual, score))


def test_deciles_hold_everybody_and_end_at_the_whole() -> None:
    random = np.random.default_rng(0)
    actual, expected = random.exponential(10, 103), random.exponential(10, 103)
    found = deciles(actual, expected)
    assert len(found) == 10
    assert sum(one.customers for one in found) == 103
    assert found[-1].gain == pytest.approx(1.0)
    assert all(a.expected >= b.expected for a, b in itertools.pairwise(found))
    total = sum(one.customers * one.actual for one in found)
    assert total == pytest.approx(actual.sum())


def test_spend_is_judged_as_by_hand() -> None:
    # two customers: off by -2 and +1, so 1.5 on average; 11 of 12 expected
    judged = judge_spend(np.array([10.0, 2.0]), np.array([8.0, 3.0]))
    cut = 2 + 0.995 * 8  # the 99.5 % quantile of 2 and 10
    assert judged.mae == pytest.approx((cut - 8 + 1) / 2)
    assert judged.bias == pytest.approx(11 / (cut + 2) - 1)
    assert judged.total_error == pytest.approx(11 / 12 - 1)
    assert judged.decile_error == pytest.approx((cut - 8 + 1) / (cut + 2))
    assert judged.gini == pytest.approx(1.0)
    variance = 2 * ((cut - 2) / 2) ** 2
    assert judged.r2 == pytest.approx(1 - ((cut - 8) ** 2 + 1) / variance)


def test_a_window_without_money_is_refused() -> None:
    with pytest.raises(DataError, match="Nobody spent anything"):
        judge_spend(np.zeros(3), np.ones(3))


def test_chances_are_judged_as_by_hand() -> None:
    happened, chance = np.array([True, False, True, False]), np.array([0.9, 0.2, 0.4, 0.6])
    judged = judge_chances(happened, chance)
    assert judged.auc == pytest.approx(3 / 4)  # .9 above both, .4 above .2 alone
    assert judged.brier == pytest.approx((0.01 + 0.04 + 0.36 + 0.36) / 4)
    assert judged.ece == pytest.approx((0.1 + 0.2 + 0.6 + 0.6) / 4)  # four groups of one
    assert judge_chances(np.array([True, True]), np.array([0.5, 0.6])).auc is None


def test_chances_that_are_right_are_calibrated() -> None:
    random = np.random.default_rng(1)
    chance = random.random(40_000)
    assert judge_chances(random.random(40_000) < chance, chance).ece < 0.01
