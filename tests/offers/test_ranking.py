"""Recall and NDCG of lists, by hand."""

from __future__ import annotations

import numpy as np

from coterie.offers.ranking import judge, mean_interval, pairs_of, unseen

N = 100


def test_recall_is_of_what_a_list_could_hold() -> None:
    # customer 0 wants three of which two are listed in two places; customer 1 wants nothing
    wanted = pairs_of(np.array([0, 0, 0, 2]), np.array([1, 2, 3, 9]), N)
    found = judge(np.array([[3, 1], [5, 6], [8, -1]]), wanted, N)
    assert found.customers.tolist() == [0, 2]
    assert found.recall.tolist() == [1.0, 0.0]
    assert found.ndcg.tolist() == [1.0, 0.0]


def test_a_hit_further_down_gains_less() -> None:
    wanted = pairs_of(np.array([0]), np.array([4]), N)
    gains = [judge(np.array([row]), wanted, N).ndcg[0] for row in ([4, 1, 2], [1, 2, 4])]
    np.testing.assert_allclose(gains, [1.0, 1 / np.log2(4)])


def test_an_empty_place_is_no_hit() -> None:
    # -1 behind customer 1 must not be read as the last product of customer 0
    wanted = pairs_of(np.array([0, 1]), np.array([N - 1, 5]), N)
    assert judge(np.array([[3], [-1]]), wanted, N).recall.tolist() == [0.0, 0.0]


def test_what_was_bought_is_left_out_of_the_best_sellers() -> None:
    own = pairs_of(np.array([0, 0, 1]), np.array([2, 0, 1]), 3)
    ranked = [np.array([2, 0, 1]), np.array([1, 2, 0])]
    found = unseen(ranked, np.array([0, 1, 1]), own, 3, n=2)
    assert found.tolist() == [[1, -1], [2, 0], [1, 2]]


def test_an_interval_holds_its_mean_and_comes_again() -> None:
    values = np.random.default_rng(0).normal(1, 1, 400)
    mean, (low, high) = mean_interval(values, seed=1)
    assert low < mean == values.mean() < high
    # 1.96 standard errors of 0.05 on either side
    np.testing.assert_allclose(high - low, 4 * 0.98 * values.std() / 20, rtol=0.1)
    assert mean_interval(values, seed=1) == (mean, (low, high))
