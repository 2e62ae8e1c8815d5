"""Two forecasts joined, chosen and brought to a total, on customers drawn from BG/NBD."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import NotReadyError
from coterie.prediction.forecast import (
    Choice,
    Choices,
    Expected,
    Forecaster,
    Known,
    Past,
    choose,
    chosen,
    plan_origins,
    too_few,
)
from coterie.segmentation.parallel import at_most

HORIZON = 90


def customers(seed: int, n: int = 1_200, days: int = 300) -> tuple[Known, Past]:
    """Draw customers as known on a day, and what they do in the 90 days after."""
    random = np.random.default_rng(seed)
    rate, level = random.gamma(0.8, 1 / 60.0, n), random.gamma(4.0, 15.0, n)
    born, gone = random.integers(0, days - 60, n), random.exponential(400.0, n)
    end = days + HORIZON
    steps = random.exponential(1.0, (n, 80)) / rate[:, None]
    at = np.floor(np.minimum(born[:, None] + np.cumsum(steps, axis=1), 1e6))
    at = np.where(at - born[:, None] < gone[:, None], at, 1e6)
    before, after = (at < days), (at >= days) & (at < end)
    x = before.sum(axis=1).astype(np.float64)
    last = np.where(before, at, born[:, None]).max(axis=1)
    tenure = (days - 1 - born).astype(np.float64)
    t_x = np.minimum(last - born, tenure)
    zbar = level * random.gamma(6.0, 1 / 6.0, n)
    orders = after.sum(axis=1).astype(np.float64)
    spend = orders * level * random.gamma(6.0, 1 / 6.0, n)
    recency = days - 1 - born - t_x
    plain = np.column_stack([recency, x + 1, level * (x + 1), tenure, level, zbar])
    known = Known(np.hstack([plain, np.zeros((n, 7))]), x, t_x, tenure, zbar)
    return known, Past(known, HORIZON, spend, orders)


@given(st.integers(1, 2_000), st.integers(1, 730))
def test_no_window_to_learn_from_passes_today(history: int, horizon: int) -> None:
    plan = plan_origins(0, history, horizon)
    assert all(start >= 28 and start + plan.days <= history for start in plan.starts)
    assert not plan.starts or 28 <= plan.days <= horizon
    assert list(plan.starts) == sorted(plan.starts, reverse=True)


def test_a_total_is_brought_to_that_of_the_other() -> None:
    joined, classic = np.array([2.0, 6.0]), np.array([1.0, 3.0])
    assert chosen(joined, classic, Choice()).tolist() == [1.0, 3.0]
    assert chosen(joined, classic, Choice(joined=True)).tolist() == [2.0, 6.0]
    both = Choice(joined=True, classic_total=True)
    assert chosen(joined, classic, both).tolist() == [1.0, 3.0]
    assert chosen(np.zeros(2), classic, both).tolist() == [0.0, 0.0]


def test_what_is_joined_is_the_geometric_mean_over_the_horizon() -> None:
    known, past = customers(0)
    forecaster = Forecaster.fit(known, [past], horizon=HORIZON, seed=0)
    joined, classic = forecaster.joined(known)
    assert forecaster.boosted is not None
    told = forecaster.boosted.tell(known.features)
    np.testing.assert_allclose(joined.spend, told.spend**0.75 * classic.spend**0.25)
    np.testing.assert_allclose(joined.orders, np.sqrt(told.orders * classic.orders))
    odds = [p / (1 - p) for p in (joined.active, told.active, classic.active)]
    np.testing.assert_allclose(odds[0], np.sqrt(odds[1] * odds[2]))


def test_what_was_learnt_over_half_the_horizon_is_stretched() -> None:
    known, past = customers(0)
    short = Forecaster.fit(known, [past], horizon=HORIZON, seed=0)
    long = Forecaster.fit(known, [past], horizon=2 * HORIZON, seed=0)
    (one, few), (two, many) = short.joined(known), long.joined(known)
    np.testing.assert_allclose(two.orders / one.orders, np.sqrt(2 * many.orders / few.orders))
    assert (two.active >= one.active).all()
    assert (two.active < 1).all()


class _Fixed(Forecaster):
    """Foretells what it was given."""

    def __init__(self, joined: Expected, classic: Expected) -> None:
        self.boosted = cast("Any", True)
        self._both = joined, classic

    def joined(self, known: Known) -> tuple[Expected, Expected]:
        return self._both


def test_what_did_better_on_the_window_is_chosen() -> None:
    known, past = customers(0)
    half = np.full(known.size, 0.5)
    came, flat = past.spend + 0.01, np.full(known.size, past.spend.mean())
    right, plain = Expected(came, past.orders, half), Expected(flat, past.orders + 1, half)
    found = choose(_Fixed(right, plain), past)
    assert (found.spend, found.orders) == (Choice(joined=True), Choice(joined=True))
    turned = choose(_Fixed(plain, right), past)
    assert (turned.spend, turned.orders, turned.active) == (Choice(), Choice(), Choice())


@pytest.mark.parametrize(
    ("joined", "classic", "taken"),
    [(1.3, 1.1, True), (1.3, 0.6, False), (1.08, 1.0, False), (0.85, 0.95, True)],
)
def test_a_total_more_than_a_tenth_off_is_taken_from_the_nearer(
    joined: float, classic: float, taken: bool
) -> None:
    known, past = customers(0)
    half, flat = np.full(known.size, 0.5), np.full(known.size, past.spend.mean())
    ours = Expected(past.spend * joined, past.orders, half)
    found = choose(_Fixed(ours, Expected(flat * classic, past.orders, half)), past)
    assert found.spend == Choice(joined=True, classic_total=taken)


def test_without_an_origin_of_enough_customers_bg_nbd_stands_alone() -> None:
    known, past = customers(0)
    few = Past(
        Known(
            *(part[:150] for part in (known.features, known.x, known.t_x, known.tenure, known.zbar))
        ),
        HORIZON,
        past.spend[:150],
        past.orders[:150],
    )
    assert "200 are needed" in too_few(few)
    forecaster = Forecaster.fit(known, [few], horizon=HORIZON, seed=0)
    assert forecaster.boosted is None
    found = choose(forecaster, past)
    assert "enough customers" in found.reason
    expected = forecaster.expect(known, found)
    np.testing.assert_array_equal(expected.spend, forecaster.classic(known).spend)


def test_too_little_data_is_refused_with_what_is_there_and_what_is_needed() -> None:
    known, _ = customers(0, n=60, days=80)
    with pytest.raises(NotReadyError, match=r"repeat buyers .* 100 needed, and .* 90 needed"):
        Forecaster.fit(known, [], horizon=HORIZON, seed=0)


def test_any_number_of_threads_gives_the_same_bytes() -> None:
    known, past = customers(1, n=500)
    found = []
    for threads in (1, 2):
        with at_most(threads):
            expected = Forecaster.fit(known, [past], horizon=HORIZON, seed=0).expect(
                known, Choices(Choice(joined=True), Choice(joined=True), Choice(joined=True))
            )
        found.append(
            b"".join(a.tobytes() for a in (expected.spend, expected.orders, expected.active))
        )
    assert found[0] == found[1]


def test_customers_in_another_order_are_foretold_alike() -> None:
    known, past = customers(2)
    forecaster = Forecaster.fit(known, [past], horizon=HORIZON, seed=0)
    turned = np.random.default_rng(0).permutation(known.size)
    other = Known(
        known.features[turned],
        known.x[turned],
        known.t_x[turned],
        known.tenure[turned],
        known.zbar[turned],
    )
    np.testing.assert_array_equal(
        forecaster.joined(other)[0].spend, forecaster.joined(known)[0].spend[turned]
    )
