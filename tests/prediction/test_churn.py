"""The rule of unusual gaps, and calibrated chances."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.features.value import ValueModel
from coterie.prediction.churn import Calibration, calibrate, lapsing, usual_gap
from coterie.prediction.evaluate import judge_chances


def test_few_own_gaps_are_drawn_towards_everybodys() -> None:
    found = usual_gap(np.array([10.0, 10.0, np.nan]), np.array([3.0, 27.0, 0.0]), 60.0)
    np.testing.assert_allclose(found, [(3 * 10 + 3 * 60) / 6, (27 * 10 + 3 * 60) / 30, 60.0])


def test_lapsing_is_said_of_customers_with_a_habit_alone() -> None:
    flags, known = lapsing(
        np.array([41.0, 40.0, 500.0]), np.array([3.0, 3.0, 1.0]), np.full(3, 40.0)
    )
    assert flags.tolist() == [True, False, False]
    assert known.tolist() == [True, True, False]


def test_calibration_finds_the_line_that_chances_were_bent_by() -> None:
    random = np.random.default_rng(0)
    odds = random.normal(size=60_000)
    happened = random.random(odds.size) < 1 / (1 + np.exp(-odds))
    bent = 1 / (1 + np.exp(-(2 * odds + 1)))
    line = calibrate(happened, bent)
    assert line.slope == pytest.approx(0.5, abs=0.02)
    assert line.shift == pytest.approx(-0.5, abs=0.03)
    before, after = judge_chances(happened, bent), judge_chances(happened, line.of(bent))
    assert after.ece < 0.01 < before.ece
    assert after.auc == pytest.approx(before.auc)


def test_without_both_outcomes_chances_stay_as_they_are() -> None:
    assert calibrate(np.ones(5, dtype=bool), np.full(5, 0.5)) == Calibration(1.0, 0.0)
    np.testing.assert_allclose(Calibration().of(np.array([0.2, 0.7])), [0.2, 0.7])


def test_the_chance_of_an_order_is_that_of_simulated_customers() -> None:
    # A one-time buyer seen T days ago who has not come back: her rate has the density
    # Gamma(r, alpha + T), and she is surely active, so the chance follows by drawing rates.
    model = ValueModel(0.243, 30.9, 0.793, 2.426, 6.25, 3.74, 15.4, horizon_days=90)
    rates = np.random.default_rng(0).gamma(model.r, 1 / (model.alpha + 100), 2_000_000)
    simulated = -np.expm1(-rates * 90).mean()
    found = model.probability_of_order([0], [0], [100])
    assert found[0] == pytest.approx(simulated, abs=1e-3)
    assert model.probability_alive([0], [0], [100])[0] == 1.0


def test_the_chance_of_an_order_is_below_the_expected_orders() -> None:
    model = ValueModel(0.243, 30.9, 0.793, 2.426, 6.25, 3.74, 15.4, horizon_days=90)
    x, last, age = (
        np.array([0, 1, 5, 20]),
        np.array([0, 50, 200, 300]),
        np.array([10, 90, 210, 301]),
    )
    chance, orders = model.probability_of_order(x, last, age), model.expected_orders(x, last, age)
    assert ((chance > 0) & (chance < 1) & (chance < orders)).all()
