from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench_choice import small_segments
from coterie.segmentation.validity import too_small


@pytest.mark.parametrize(
    ("sizes", "revenue", "small"),
    [
        ((980, 20), (1.0, 1.0), 1),  # 2 % of the customers, but under 25
        ((1_960, 40), (1.0, 1.0), 0),
        ((1_970, 30), (1.0, 1.0), 1),  # 1.5 % of customers and of revenue
        ((1_970, 30), (1.0, 10.0), 0),  # 1.5 % of customers with 300 of 2,270
        ((91, 9), (1.0, 9.0), 1),  # nine are never enough
    ],
)
def test_the_gate_of_substance_by_hand(
    sizes: tuple[int, int], revenue: tuple[float, float], small: int
) -> None:
    assert small_segments(np.repeat([0, 1], sizes), np.repeat(revenue, sizes)) == small


@given(
    st.lists(st.tuples(st.integers(1, 120), st.integers(-2, 90)), min_size=1, max_size=8),
)
def test_the_product_and_the_figure_agree_on_what_is_small(groups: list[tuple[int, int]]) -> None:
    sizes, money = zip(*groups, strict=True)
    labels = np.repeat(np.arange(len(groups)), sizes).astype(np.int32)
    spent = np.repeat(np.array(money, dtype=np.float64), sizes)
    assert small_segments(labels, spent) == too_small(labels, spent).sum()
