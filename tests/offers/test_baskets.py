"""Support, confidence and lift of pairs: by hand, and counted a second way."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from coterie.offers.baskets import Baskets, find_pairs


def _orders(*parts: tuple[int, list[int]]) -> csr_array:
    return csr_array(np.array([row for times, row in parts for _ in range(times)]))


def test_pairs_match_the_hand_calculation() -> None:
    # of 100 orders 50 hold A, 20 hold B, 15 both: .15; .75 of those with B; .75 / .5
    held = _orders((15, [1, 1]), (35, [1, 0]), (5, [0, 1]), (45, [0, 0]))
    found = find_pairs(held)
    assert (found.first.tolist(), found.second.tolist()) == ([1], [0])
    assert found.orders.tolist() == [15]
    assert found.support.tolist() == [0.15]
    assert found.confidence.tolist() == [0.75]
    assert found.lift.tolist() == [1.5]


def test_a_pair_in_few_orders_or_within_chance_is_left_out() -> None:
    assert not len(find_pairs(_orders((9, [1, 1]), (91, [0, 0]))).first)
    # 11 of 20 against a share of one half: the range of the confidence holds .5
    assert not len(find_pairs(_orders((11, [1, 1]), (39, [1, 0]), (9, [0, 1]), (41, [0, 0]))).first)


def test_what_is_met_more_often_leads_at_equal_lift() -> None:
    held = _orders((40, [1, 1, 0, 0]), (12, [0, 0, 1, 1]), (948, [0, 0, 0, 0]))
    found = find_pairs(held)
    assert found.orders[np.argsort(found.lift)].tolist() == [40, 12]  # 25 and 83.3 times
    assert found.first.tolist() == [2, 0]


@settings(max_examples=40)
@given(st.integers(0, 2**20))
def test_counts_are_those_of_a_loop_over_orders(seed: int) -> None:
    held = np.random.default_rng(seed).random((80, 6)) < 0.4
    orders, product = np.nonzero(np.repeat(held, 2, axis=0))  # every line twice
    baskets = Baskets(
        (orders // 2).astype(np.int32), product.astype(np.int32), np.arange(80) % 2, n_products=6
    )
    for segment, rows in [(None, held), (0, held[::2]), (1, held[1::2])]:
        found = find_pairs(baskets.matrix(segment), top=99, least=1)
        for a, b, n, lift in zip(found.first, found.second, found.orders, found.lift, strict=True):
            together = sum(bool(row[a] and row[b]) for row in rows)
            assert n == together
            chance = rows[:, a].sum() * rows[:, b].sum() / len(rows)
            np.testing.assert_allclose(lift, together / chance)
        listed = {tuple(sorted(pair)) for pair in zip(found.first, found.second, strict=True)}
        assert listed <= set(combinations(range(6), 2))
