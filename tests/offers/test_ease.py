"""EASE gives the weights that can be worked out by hand, and the same for any order of rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from coterie.errors import ParameterError
from coterie.offers import ease
from coterie.offers.ease import Ease
from coterie.segmentation.parallel import at_most


def _bought(seed: int, customers: int = 60, products: int = 25) -> np.ndarray:
    return np.random.default_rng(seed).random((customers, products)) < 0.2


def test_weights_match_the_hand_calculation() -> None:
    # X'X + 1 = [[4, 2, 1], [2, 3, 0], [1, 0, 2]], its inverse [[6, -4, -3], [-4, 7, 2],
    # [-3, 2, 8]] / 13; a weight is -inverse / inverse of the column's own
    bought = csr_array(np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1]]))
    expected = [[0, 4 / 7, 3 / 8], [4 / 6, 0, -2 / 8], [3 / 6, -2 / 7, 0]]
    found = Ease.fit(bought, strength=1.0)
    np.testing.assert_allclose(found.weights, expected, atol=1e-6)
    # who bought the first and the third: 3/6 for what she has, 4/7 - 2/7 for the second
    liked = found.affinity(csr_array(np.array([[1, 0, 1]])))
    np.testing.assert_allclose(liked, [[3 / 6, 4 / 7 - 2 / 7, 3 / 8]], atol=1e-6)


@given(st.integers(0, 2**20))
def test_weights_are_those_of_the_inverse_in_double_floats(seed: int) -> None:
    bought = _bought(seed)
    gram = bought.T.astype(float) @ bought + 300 * np.eye(bought.shape[1])
    inverse = np.linalg.inv(gram)
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    found = Ease.fit(csr_array(bought))
    kept = found.products
    assert kept.tolist() == np.flatnonzero(bought.any(axis=0)).tolist()
    np.testing.assert_allclose(found.weights, expected[np.ix_(kept, kept)], atol=1e-6)


def test_blocks_of_any_size_and_any_order_of_customers_give_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bought = _bought(1)
    whole = Ease.fit(csr_array(bought)).weights
    monkeypatch.setattr(ease, "_BLOCK", 7)
    shuffled = csr_array(bought[np.random.default_rng(2).permutation(len(bought))])
    np.testing.assert_array_equal(Ease.fit(shuffled).weights, whole)


def test_threads_do_not_change_a_bit() -> None:
    bought = csr_array(_bought(3, 400, 300))
    with at_most(1):
        one = Ease.fit(bought).weights.tobytes()
    with at_most(2):
        assert Ease.fit(bought).weights.tobytes() == one


def test_products_that_nobody_bought_are_not_learned_from() -> None:
    bought = csr_array(np.array([[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 1, 0]]))
    assert Ease.fit(bought).products.tolist() == [1, 2]


def test_a_strength_of_nothing_is_refused() -> None:
    with pytest.raises(ParameterError, match="strength is above 0"):
        Ease.fit(csr_array(np.eye(2)), strength=0.0)
