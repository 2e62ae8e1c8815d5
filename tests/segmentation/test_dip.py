from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from coterie.errors import DataError
from coterie.segmentation.dip import dip, p_value

some_values = st.lists(st.integers(-6, 6), min_size=2, max_size=12).map(
    lambda numbers: np.array(numbers, dtype=np.float64)
)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4, 5], 1 / 10),  # evenly spread: half a step
        ([0, 0, 1, 1], 1 / 4),  # two heaps: half of the smaller one
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 1 / 20),
        ([7, 7, 7], 1 / 6),
        # D of 6 off at most: a falling slope passes 2 at 3 - D and 12 at 6 - D or higher,
        # so 10 at .2 (3 - D) + .8 (6 - D), which may be 3 + D at most: D = 1.2
        ([0, 1, 2, 10, 11, 12], 1.2 / 6),
    ],
)
def test_the_dip_of_known_samples(values: list[float], expected: float):
    values = np.array(values, dtype=np.float64)
    assert dip(values) == pytest.approx(expected)
    assert dip(values) == pytest.approx(max(nearest_single_peak(values), 0.5 / len(values)))


@settings(max_examples=40)
@given(some_values)
def test_the_dip_is_the_distance_to_the_nearest_single_peak(values: np.ndarray):
    expected = max(nearest_single_peak(values), 0.5 / len(values))
    assert dip(values) == pytest.approx(expected, abs=1e-7)


@given(some_values, st.sampled_from([0.5, 2.0, 8.0]), st.integers(-50, 50))
def test_the_dip_knows_neither_unit_nor_order_nor_direction(
    values: np.ndarray, scale: float, shift: int
):
    assert dip(values[::-1] * scale + shift) == pytest.approx(dip(values))
    assert dip(-values) == pytest.approx(dip(values))


@pytest.mark.parametrize(
    ("n", "chance", "published"),
    [
        # Table of 1,000,001 samples a size (R package diptest, qDiptab)
        (10, 0.05, 0.1396),
        (20, 0.01, 0.1206),
        (50, 0.05, 0.0703),
        (100, 0.01, 0.0590),
        (200, 0.05, 0.0368),
        (200, 0.01, 0.0427),
        (1000, 0.05, 0.01693),
        (1000, 0.01, 0.01961),
        (5000, 0.01, 0.00886),
    ],
)
def test_chances_are_the_published_ones(n: int, chance: float, published: float):
    assert p_value(published, n) == pytest.approx(chance, rel=0.12)


def test_the_chances_hold_between_the_sizes_of_the_table():
    random = np.random.default_rng(11)
    found = [p_value(dip(random.uniform(size=70)), 70) for _ in range(600)]
    assert np.mean(np.array(found) < 0.1) == pytest.approx(0.1, abs=0.035)
    assert np.mean(np.array(found) < 0.01) <= 0.025


def test_one_bell_has_no_dip_and_two_have():
    random = np.random.default_rng(0)
    bell = random.normal(size=400)
    assert p_value(dip(bell), 400) > 0.5
    bell[:200] += 5
    assert p_value(dip(bell), 400) <= 0.001


def test_few_values_never_show_two_peaks():
    assert p_value(dip(np.array([0.0, 0.0, 9.0, 9.0])), 4) == 1.0


def test_values_that_are_not_there_are_refused():
    with pytest.raises(DataError, match="finite"):
        dip(np.array([1.0, np.nan]))
    with pytest.raises(DataError, match="finite"):
        dip(np.array([]))


def nearest_single_peak(values: np.ndarray) -> float:
    """Find the distance by one linear programme for each place of the peak."""
    at, counts = np.unique(values, return_counts=True)
    upto = np.cumsum(counts) / len(values)
    return min(_with_peak_at(k, at, upto - counts / len(values), upto) for k in range(len(at)))


def _with_peak_at(k: int, at: np.ndarray, below: np.ndarray, upto: np.ndarray) -> float:
    """Solve for D, G left of the peak (rising ever faster) and H from it on (ever slower)."""
    m = len(at)
    size = 2 + m  # D, G_0 .. G_k, H_k .. H_m-1
    rows: list[np.ndarray] = []
    limits: list[float] = []

    def add(limit: float, **weights: float) -> None:
        row = np.zeros(size)
        for name, weight in weights.items():
            place = 0 if name == "D" else int(name[1:]) + (1 if name[0] == "G" else 2)
            row[place] += weight
        rows.append(row)
        limits.append(limit)

    def near(name: str, value: float) -> None:
        add(value, **{name: 1, "D": -1})
        add(-value, **{name: -1, "D": -1})

    for i in range(m):
        side = "G" if i <= k else "H"
        near(f"{side}{i}", below[i])
        near(f"{'H' if i == k else side}{i}", upto[i])
    add(0, **{f"G{k}": 1, f"H{k}": -1})
    for side, first, last, sign in (("G", 0, k, 1), ("H", k, m - 1, -1)):
        for i in range(first, last):
            add(0, **{f"{side}{i}": 1, f"{side}{i + 1}": -1})
        for i in range(first + 1, last):
            before, after = at[i] - at[i - 1], at[i + 1] - at[i]
            slopes = {
                f"{side}{i}": sign * (1 / before + 1 / after),
                f"{side}{i - 1}": -sign / before,
                f"{side}{i + 1}": -sign / after,
            }
            add(0, **slopes)
    target = np.zeros(size)
    target[0] = 1
    solved = linprog(target, A_ub=np.array(rows), b_ub=limits, bounds=[(0, 1)] * size)
    return float(solved.fun)
