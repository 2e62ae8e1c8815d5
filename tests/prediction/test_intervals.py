"""Ranges hold what they promise on customers like those that they were taken from."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.prediction.intervals import COVERAGE, fit_ranges, groups


def _customers(seed: int, n: int = 8_000) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    expected = random.gamma(1.0, 100.0, n)
    buys = random.random(n) < np.clip(expected / 200, 0.1, 0.98)
    return buys * expected * random.gamma(2.0, 1.0, n), expected


@pytest.mark.parametrize("seed", range(3))
def test_four_in_five_new_customers_lie_within(seed: int) -> None:
    ranges = fit_ranges(*_customers(seed))
    assert ranges is not None
    actual, expected = _customers(seed + 100)
    low, high = ranges.around(expected)
    inside = ((low <= actual) & (actual <= high)).mean()
    assert COVERAGE - 0.02 < inside < COVERAGE + 0.1
    assert ranges.coverage == pytest.approx(inside, abs=0.04)
    assert (low <= expected).all()
    assert (high >= expected).all()


def test_too_few_customers_have_no_ranges() -> None:
    actual, expected = _customers(0, 399)
    assert fit_ranges(actual, expected) is None


def test_equal_expectations_share_a_group() -> None:
    assert set(groups(np.full(50, 3.0), 10)) == {5}
    assert groups(np.arange(10.0), 10).tolist() == list(range(10))
