from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from coterie.segmentation.validity import Textbook, inertia, unsubstantial


def sizes(*counts: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts).astype(np.int32)


@pytest.mark.parametrize(
    ("labels", "passes"),
    [
        (sizes(990, 10), False),  # 25 of 1,000 are needed
        (sizes(975, 25), True),  # 2.5 %
        (sizes(91, 9), False),  # never under 10
        (sizes(90, 10), True),
        (sizes(190, 10), True),  # 5 % of 200
        (sizes(9_900, 100), False),  # 1 % of customers
        (sizes(9_800, 200), True),
    ],
)
def test_the_gate_of_substance_without_revenue(labels: np.ndarray, passes: bool):
    assert (unsubstantial(labels, None) == "") is passes


def test_a_small_segment_with_money_has_substance():
    labels = sizes(9_900, 100)
    revenue = np.ones(10_000)
    assert unsubstantial(labels, revenue) == "a segment of 100 customers"
    revenue[-100:] = 5.3  # 530 of 10,430
    assert unsubstantial(labels, revenue) == ""


def test_refunds_and_empty_numbers_do_not_count():
    labels = sizes(500, 0, 500)
    assert unsubstantial(labels, np.full(1_000, -3.0)) == ""


def test_inertia_by_hand():
    assert inertia(np.array([[0.0, 0.0], [2.0, 0.0], [5.0, 5.0]]), np.array([1, 1, 0])) == 2.0


def test_the_indices_are_scikit_learns():
    matrix = np.random.default_rng(0).normal(size=(200, 3))
    labels = (matrix[:, 0] > 0).astype(np.int32)
    found = Textbook(matrix, seed=0).indices(labels)
    assert found.silhouette == pytest.approx(silhouette_score(matrix, labels))
    assert found.inertia == pytest.approx(inertia(matrix, labels))


def test_one_segment_has_no_silhouette():
    found = Textbook(np.ones((9, 1)), seed=0).indices(np.zeros(9, np.int32))
    assert (found.silhouette, found.davies_bouldin, found.calinski_harabasz) == (None, None, None)


def test_who_is_in_no_segment_is_a_customer_but_no_segment_too_small():
    labels = np.array([0] * 60 + [1] * 37 + [-1] * 3, dtype=np.int32)
    assert unsubstantial(labels, None) == ""
    # 2 % of all 1,000 customers are 20: the segment of 12 fails though it is a third of 36
    few = np.array([-1] * 964 + [0] * 24 + [1] * 12, dtype=np.int32)
    assert unsubstantial(few, None) == "a segment of 12 customers"
    # it has 5 % of the revenue of those in segments, but not of all
    spent = np.where(few == 1, 1.0, np.where(few == 0, 3.0, 9.0))
    assert unsubstantial(few, spent) == "a segment of 12 customers"
