from __future__ import annotations

import numpy as np
import pytest

from coterie.errors import DataError, ParameterError
from coterie.segmentation.training import Training


def test_rows_are_sorted_and_weights_have_mean_1():
    training = Training.of(np.array([[2.0, 1.0], [1.0, 5.0], [2.0, 0.0]]), 9, np.array([1, 2, 3.0]))
    assert training.rows.tolist() == [[1.0, 5.0], [2.0, 0.0], [2.0, 1.0]]
    assert training.weights.tolist() == [1.0, 1.5, 0.5]
    assert training.k == training.n_distinct == 3


def test_equal_rows_are_merged_with_their_weights():
    rows, weights = Training.of(np.array([[1.0], [0.0], [1.0]]), 2).merged()
    assert rows.tolist() == [[0.0], [1.0]]
    assert weights.tolist() == [1.0, 2.0]


def test_a_draw_of_enough_rows_is_every_row_once():
    rows = np.random.default_rng(0).normal(size=(200, 2))
    drawn = Training.of(rows, 3).drawn(200, seed=5)
    np.testing.assert_array_equal(drawn.rows, rows[np.lexsort(rows.T[::-1])])


def test_a_draw_takes_rows_in_proportion_to_their_weights():
    rows = np.arange(4.0)[:, None]
    drawn = Training.of(rows, 4, np.array([1.0, 2.0, 3.0, 4.0])).drawn(5_000, seed=0)
    counts = np.unique(drawn.rows, return_counts=True)[1]
    np.testing.assert_allclose(counts, [100, 200, 300, 400], atol=1)


def test_a_draw_of_fewer_rows_keeps_the_shares():
    rows = np.repeat([[0.0], [1.0]], [300, 700], axis=0)
    drawn = Training.of(rows, 2).drawn(100, seed=1)
    assert drawn.rows.sum() == pytest.approx(70, abs=1)


@pytest.mark.parametrize("weights", [[1.0, 0.0], [1.0, np.nan], [1.0, -1.0], [1.0]])
def test_weights_that_are_none_are_refused(weights: list[float]):
    with pytest.raises(ParameterError, match="not a number above 0"):
        Training.of(np.zeros((2, 1)), 1, np.array(weights))


def test_nothing_cannot_be_fitted():
    with pytest.raises(DataError, match="no rows to segment"):
        Training.of(np.empty((0, 2)), 2)
    with pytest.raises(ParameterError, match=r"k=0\. k is 1 or more"):
        Training.of(np.zeros((3, 2)), 0)
