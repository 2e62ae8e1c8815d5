"""Neighbours are those of the whole table of cosines, at any size of the parts and of threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from coterie.errors import ParameterError
from coterie.offers import neighbours
from coterie.offers.neighbours import Neighbours
from coterie.segmentation.parallel import at_most


def _bought(seed: int, customers: int = 60, products: int = 25) -> np.ndarray:
    return np.random.default_rng(seed).random((customers, products)) < 0.2


def _dense(bought: np.ndarray, n: int, shrink: float) -> np.ndarray:
    """Work all weights out at once, neighbours by a full sort."""
    both = bought.T.astype(float) @ bought
    buyers = np.diag(both)
    alike = both / (np.sqrt(np.outer(buyers, buyers)) + shrink)
    np.fill_diagonal(alike, 0)
    place = np.argsort(np.argsort(-alike, axis=1, kind="stable"), axis=1)
    alike[place >= n] = 0
    told = bought @ alike
    square = (told**2).sum()
    return alike * ((bought * told).sum() / square if square else 1)


def _bytes(found: Neighbours) -> list[bytes]:
    return [part.tobytes() for part in (found.products, found.near, found.weights)]


def test_weights_match_the_hand_calculation() -> None:
    # buyers 3, 2, 1; both 2 (products 0, 1) and 1 (0, 2); cosines 2 / (√6 + 1), 1 / (√3 + 1)
    bought = csr_array(np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1]]))
    found = Neighbours.fit(bought, n=2, shrink=1.0)
    assert found.near.tolist() == [[1, 2], [0, -1], [0, -1]]
    a, b = 2 / (np.sqrt(6) + 1), 1 / (np.sqrt(3) + 1)
    # told of the first two: a, a, b; of the third: b, a, b; what was bought of it: 2a twice, 2b
    scale = (4 * a + 2 * b) / (2 * (2 * a**2 + b**2) + (2 * b**2 + a**2))
    np.testing.assert_allclose(found.weights, scale * np.array([[a, b], [a, 0], [b, 0]]), rtol=1e-6)
    liked = found.affinity(csr_array(np.array([[1, 0, 1]])))
    np.testing.assert_allclose(liked, scale * np.array([[b, a, b]]), rtol=1e-6)
    between = found.between(np.array([1, 2]), np.array([0, 1], dtype=np.int32))
    np.testing.assert_allclose(between, scale * np.array([[a, 0], [b, 0]]), rtol=1e-6)


@given(st.integers(0, 2**20), st.integers(1, 30), st.sampled_from([0.0, 0.5, 5.0]))
def test_weights_are_those_of_a_full_table(seed: int, n: int, shrink: float) -> None:
    bought = _bought(seed, customers=20)
    bought = bought[:, bought.any(axis=0)]
    found = Neighbours.fit(csr_array(bought), n=n, shrink=shrink)
    expected = _dense(bought, n, shrink)
    np.testing.assert_allclose(found.matrix.toarray(), expected, rtol=1e-5, atol=1e-7)
    everything = np.arange(bought.shape[1])
    between = found.between(everything, everything.astype(np.int32))
    np.testing.assert_array_equal(between, found.matrix.toarray())


@settings(max_examples=20)
@given(st.integers(0, 2**20), st.integers(1, 200))
def test_threads_do_not_change_a_bit_at_any_size_of_the_parts(seed: int, cells: int) -> None:
    bought = csr_array(_bought(seed, 30, 15))
    whole, found = Neighbours.fit(bought), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "_CELLS", cells)
        for threads in (1, 2):
            with at_most(threads):
                found.append(Neighbours.fit(bought))
    assert _bytes(found[0]) == _bytes(found[1])
    np.testing.assert_array_equal(found[0].near, whole.near)
    np.testing.assert_allclose(found[0].weights, whole.weights, rtol=1e-6)


def test_products_that_nobody_bought_and_customers_without_any_are_no_harm() -> None:
    bought = csr_array(np.array([[0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 1, 0]]))
    found = Neighbours.fit(bought)
    assert found.products.tolist() == [1, 2]
    assert found.near[:, 0].tolist() == [1, 0]
    nothing = Neighbours.fit(csr_array((3, 4)))
    assert (nothing.products.tolist(), nothing.affinity(csr_array((2, 0))).shape) == ([], (2, 0))
    alone = Neighbours.fit(csr_array(np.eye(3)))
    assert (alone.near == -1).all()
    assert not alone.affinity(csr_array(np.eye(3))).any()


@pytest.mark.parametrize(("n", "shrink"), [(0, 1.0), (1, -1.0), (1, float("nan"))])
def test_no_neighbours_and_negative_shrinking_are_refused(n: int, shrink: float) -> None:
    with pytest.raises(ParameterError, match="n from 1, shrink from 0"):
        Neighbours.fit(csr_array(np.eye(2)), n=n, shrink=shrink)
