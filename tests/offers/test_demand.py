"""Months, forecasts and trends: by hand, and laws of the calendar."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.features.windows import to_date, to_day
from coterie.offers.demand import forecast, held, month_starts, shift, trend


@given(st.dates(date(1990, 1, 1), date(2050, 1, 1)), st.integers(0, 2_000))
def test_months_follow_one_another_and_none_is_cut(as_of: date, history: int) -> None:
    end = to_day(as_of)
    found = month_starts(end - history, end)
    assert found[-1] == end
    assert found == [shift(end, -back) for back in range(len(found))][::-1]
    assert {28, 29, 30, 31} >= set(np.diff(found).tolist())
    assert found[0] >= end - history or len(found) == 1
    assert shift(end, -len(found)) < end - history


def test_a_month_from_the_last_day_stays_on_the_last_day() -> None:
    found = month_starts(to_day(date(2024, 1, 1)), to_day(date(2024, 3, 31)))
    days = [to_date(day).isoformat() for day in found]
    assert days == ["2024-01-31", "2024-02-29", "2024-03-31"]


def test_with_two_seasons_the_same_month_a_year_before_is_expected() -> None:
    year = np.arange(10.0, 22.0)
    found = forecast(np.array([np.concatenate([year, year + 2])]))
    assert found.method == "seasonal naive"
    assert found.expected.tolist() == [12.0]
    # errors of 2 in each of 12 months; 1.3562 is Student's 90 % point with 12
    np.testing.assert_allclose(found.low, 12 - 1.3562 * 2, atol=1e-3)
    np.testing.assert_allclose(found.high, 12 + 1.3562 * 2, atol=1e-3)


def test_with_fewer_a_steady_rise_goes_on_and_ups_and_downs_do_not() -> None:
    assert forecast(np.array([[2.0, 4.0, 6.0, 8.0]])).expected.tolist() == [10.0]
    found = forecast(np.array([[5.0, 9.0, 4.0, 8.0, 5.0]]))
    assert (found.method, found.expected.tolist()) == ("naive", [5.0])
    # steps of 4, -5, 4, -3: root of 66 / 4, times 1.5332
    np.testing.assert_allclose(found.high, 5 + 1.5332 * np.sqrt(16.5), atol=1e-3)
    assert found.low.tolist() == [0.0]


def test_too_few_months_give_no_range() -> None:
    found = forecast(np.array([[7.0]]))
    assert (found.method, found.expected.tolist()) == ("naive", [7.0])
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()
    nothing = forecast(np.zeros((2, 0)))
    assert (nothing.method, nothing.expected.tolist()) == ("none", [0.0, 0.0])


def test_a_method_chosen_on_all_is_used_on_parts() -> None:
    series = np.array([[5.0, 9.0, 4.0, 8.0, 6.0]])
    assert forecast(series, "drift").expected.tolist() == [6.25]


@given(st.lists(st.lists(st.integers(0, 50), min_size=9, max_size=9), min_size=1, max_size=5))
def test_a_range_holds_what_is_expected_and_nothing_is_below_zero(rows: list[list[int]]) -> None:
    found = forecast(np.array(rows, dtype=float))
    assert (found.low >= 0).all()
    assert (found.low <= found.expected).all()
    assert (found.expected <= found.high).all()


def test_ranges_of_noise_hold_about_as_often_as_they_say() -> None:
    walks = 500 + np.random.default_rng(0).normal(size=(2_000, 13)).cumsum(axis=1)
    share = held(walks, "naive")
    assert share == pytest.approx(0.8, abs=0.03)
    assert held(walks[:, :3], "naive") is None
    assert held(walks, "seasonal naive") is None


def test_a_trend_is_more_than_chance() -> None:
    # 109 against 13: 96 / sqrt(122) = 8.7 errors; 26 against 27 is nothing
    change, words = trend(np.array([[4, 5, 4, 34, 40, 35], [9, 9, 9, 9, 9, 8], [0, 0, 0, 3, 3, 4]]))
    assert words == ["rising", "steady", "rising"]
    np.testing.assert_allclose(change, [109 / 13 - 1, 26 / 27 - 1, np.nan])
    assert trend(np.array([[20, 20, 20, 2, 2, 2]]))[1] == ["falling"]
    assert trend(np.array([[1, 2, 3]]))[1] == ["unknown"]
