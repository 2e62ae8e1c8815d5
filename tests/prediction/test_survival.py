"""Kaplan and Meier's curve against the textbook and against plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import DataError
from coterie.prediction.survival import kaplan_meier


def test_the_curve_matches_the_hand_calculation() -> None:
    # Days 3, 5+, 5, 8, 10+ (+: watched in vain). At risk 5, 4, 2: 4/5, 4/5 · 3/4, .6 · 1/2.
    days = np.array([3.0, 5.0, 5.0, 8.0, 10.0])
    ordered = np.array([True, False, True, True, False])
    curve = kaplan_meier(days, ordered)
    assert curve.days.tolist() == [3.0, 5.0, 8.0]
    np.testing.assert_allclose(curve.away, [0.8, 0.6, 0.3])
    assert curve.median == 8.0
    assert (curve.at(2), curve.at(5), curve.at(100)) == (
        1.0,
        pytest.approx(0.6),
        pytest.approx(0.3),
    )
    # Greenwood at day 5: 1/(5·4) + 1/(4·3) = .1333; ends .6 ** exp(± 1.96 · .3651 / .5108)
    reach = 1.959964 * np.sqrt(2 / 15) / -np.log(0.6)
    assert curve.low[1] == pytest.approx(0.6 ** np.exp(reach))
    assert curve.high[1] == pytest.approx(0.6 ** np.exp(-reach))


@given(st.lists(st.integers(1, 20), min_size=1, max_size=60))
def test_without_censoring_it_is_the_share_that_is_left(days: list[int]) -> None:
    times = np.array(days, dtype=np.float64)
    curve = kaplan_meier(times, np.ones(len(days), dtype=bool))
    left = [(times > day).mean() for day in curve.days]
    np.testing.assert_allclose(curve.away, left, atol=1e-12)
    assert curve.away[-1] == 0.0
    assert (curve.low <= curve.away + 1e-12).all()
    assert (curve.away <= curve.high + 1e-12).all()


def test_if_nobody_orders_the_curve_stays_at_one() -> None:
    curve = kaplan_meier(np.array([5.0, 5.0]), np.array([False, False]))
    assert (curve.days.size, curve.at(5), curve.median) == (0, 1.0, None)


@pytest.mark.parametrize("days", [[], [-1.0], [np.nan]])
def test_times_that_cannot_be_are_refused(days: list[float]) -> None:
    with pytest.raises(DataError):
        kaplan_meier(np.array(days), np.ones(len(days), dtype=bool))
