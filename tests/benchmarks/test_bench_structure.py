from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from benchmarks.bench_structure import (
    look,
    mixture,
    null_set,
    scaled,
    share,
)


@pytest.mark.parametrize("seed", range(6))
def test_a_mixture_has_as_many_rows_columns_and_groups_as_promised(seed: int) -> None:
    rows, k = mixture(seed)
    assert rows.shape == (1_200, 5)
    assert k == 3 + seed


def test_a_null_set_has_the_margins_it_is_given() -> None:
    margins = np.column_stack([np.arange(50.0), np.repeat([0.0, 7.0], 25)])
    drawn = null_set(1, margins)
    assert set(np.unique(drawn[:, 1])) == {0.0, 7.0}
    assert drawn[:, 1].mean() == pytest.approx(3.5, abs=0.5)
    assert null_set(0, margins).shape == (1_000, 4)


def test_columns_are_brought_to_one_scale() -> None:
    found = scaled(np.array([[1.0, 10.0], [3.0, 30.0]]))
    assert found.tolist() == [[-1.0, -1.0], [1.0, 1.0]]


def test_the_interval_of_a_share_by_hand() -> None:
    # Wilson for 9 of 10: (.9 + .19208) / 1.38416 -+ 1.96 sqrt(.009 + .009604) / 1.38416
    value, (low, high) = share([True] * 9 + [False])
    assert value == 90
    assert (low, high) == pytest.approx((59.585, 98.213), abs=0.02)


def test_a_set_is_looked_at_where_the_rule_puts_it() -> None:
    rows, k = mixture(0)
    assert look(lambda _matrix, _seed: 1, rows, k).natural is False
    found = look(partial(lambda k, _matrix, _seed: k, k), scaled(rows), k)
    assert found.natural
    assert found.gap > 3
