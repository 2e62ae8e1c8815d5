"""Lists of products: by hand, and laws that hold for whatever was bought."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import ParameterError
from coterie.offers import products
from coterie.offers.ease import Ease
from coterie.offers.history import History
from coterie.offers.neighbours import Neighbours
from coterie.offers.products import Lists, Model, Recommender
from coterie.segmentation.parallel import at_most

CUSTOMERS, PRODUCTS, AS_OF = 40, 30, 200


def _rows(seed: int, n: int = 300) -> np.ndarray:
    random = np.random.default_rng(seed)
    tops = (CUSTOMERS, PRODUCTS, AS_OF)
    return np.stack([random.integers(0, top, n) for top in tops]).astype(np.int32)


def _history(rows: np.ndarray) -> History:
    return History.of(tuple(rows), n_customers=CUSTOMERS, n_products=PRODUCTS, as_of=AS_OF)


def _bytes(lists: Lists) -> list[bytes]:
    return [getattr(lists, field.name).tobytes() for field in fields(Lists)]


def test_a_list_matches_the_hand_calculation() -> None:
    # customer 0: product 0 a year ago and today, product 1 today; customer 1: product 2 today
    rows = (np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2]), np.array([0, 365, 365, 365]))
    history = History.of(rows, n_customers=2, n_products=3, as_of=366)
    weights = np.array([[0, 0.4, 0.3], [0.2, 0, 0.1], [0.1, 0, 0]], dtype=np.float32)
    lists = Recommender(history, Ease(np.arange(3, dtype=np.int32), weights)).lists()
    # again = own + weight of her others + popularity (all sold once today; product 0 a little
    # more a year ago: 2 ** (-365 / 14), nothing); new = weights of hers
    assert lists.customer.tolist() == [0, 0, 0, 1, 1, 1]
    assert lists.product.tolist() == [0, 1, 2, 2, 0, 1]
    assert lists.again.tolist() == [True, True, False, True, False, False]
    np.testing.assert_allclose(lists.score, [2.7, 2.4, 0.4, 2.0, 0.1, 0.0], atol=1e-5)
    assert lists.rank.tolist() == [1, 2, 3, 1, 2, 3]
    assert lists.times.tolist() == [2, 1, 0, 1, 0, 0]
    assert lists.because.tolist() == [-1, -1, 0, -1, 2, -1]
    assert lists.top(2, 2).tolist() == [[0, 1], [2, 0]]
    assert lists.top(2, 2, "new").tolist() == [[2, -1], [0, 1]]


@settings(max_examples=40)
@given(st.integers(0, 2**20), st.integers(1, 12), st.sampled_from([Ease, Neighbours]))
def test_tracks_keep_apart_and_scores_fall(seed: int, n: int, model: type[Model]) -> None:
    history = _history(_rows(seed))
    lists = Recommender(history, model, n=n).lists()
    bought = set(zip(history.customer.tolist(), history.product.tolist(), strict=True))
    pairs = list(zip(lists.customer.tolist(), lists.product.tolist(), strict=True))
    assert [pair in bought for pair in pairs] == lists.again.tolist()
    assert len(set(pairs)) == len(pairs)
    for customer in range(CUSTOMERS):
        mine = lists.customer == customer
        assert lists.rank[mine].tolist() == list(range(1, mine.sum() + 1))
        assert (np.diff(lists.score[mine]) <= 0).all()
        own = sum(who == customer for who, _ in bought)
        assert lists.again[mine].sum() == min(own, n)
        assert (~lists.again[mine]).sum() <= (n if own else 0)


@settings(max_examples=20)
@given(st.integers(0, 2**20))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    rows = _rows(seed)
    shuffled = rows[:, np.random.default_rng(seed + 1).permutation(rows.shape[1])]
    assert _bytes(Recommender(_history(rows)).lists()) == _bytes(
        Recommender(_history(shuffled)).lists()
    )


@pytest.mark.parametrize("model", [Ease, Neighbours])
def test_parts_and_threads_give_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, model: type[Model]
) -> None:
    history = _history(_rows(5))
    whole = _bytes(Recommender(history, model).lists())
    monkeypatch.setattr(products, "_CELLS", 7 * PRODUCTS)
    for threads in (1, 2):
        with at_most(threads):
            assert _bytes(Recommender(history, model).lists()) == whole
    halves = [Recommender(history, model).lists(0, 20), Recommender(history, model).lists(20)]
    assert b"".join(half.score.tobytes() for half in halves) == whole[4]


def test_a_product_not_learned_from_is_still_bought_again() -> None:
    history = _history(_rows(6))
    model = Ease(np.arange(5, dtype=np.int32), np.zeros((5, 5), dtype=np.float32))
    own = Recommender(history).own
    lists = Recommender(history, model, n=PRODUCTS).lists()
    assert lists.again.sum() == len(own.product)
    assert set(lists.product[~lists.again].tolist()) <= set(model.products.tolist())


@given(st.integers(0, 2**20), st.integers(1, 400), st.integers(1, 12), st.integers(1, 9))
def test_the_highest_scores_are_those_of_a_full_sort(
    seed: int, columns: int, n: int, levels: int
) -> None:
    # few levels make many ties, which go to the lower column
    random = np.random.default_rng(seed)
    scores = random.integers(-levels, levels, (5, columns)).astype(np.float32)
    n = min(n, columns)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :n]
    np.testing.assert_array_equal(products._top(scores, n), expected)


@given(st.integers(0, 2**20))
def test_reasons_are_the_products_that_speak_most(seed: int) -> None:
    history = _history(_rows(seed))
    own = Recommender(history).own
    found = Neighbours.fit(own.matrix((CUSTOMERS, PRODUCTS)), n=3)
    lists = Recommender(history, found).lists()
    weights = np.zeros((PRODUCTS, PRODUCTS))
    weights[np.ix_(found.products, found.products)] = found.matrix.toarray()
    for who, product, because in zip(
        lists.customer[~lists.again],
        lists.product[~lists.again],
        lists.because[~lists.again],
        strict=True,
    ):
        mine = own.product[own.customer == who]
        most = weights[mine, product].max()
        assert (because == -1) == (most == 0)
        assert because == -1 or weights[because, product] == most


def test_a_list_of_nothing_is_refused() -> None:
    with pytest.raises(ParameterError, match="n is 1 or more"):
        Recommender(_history(_rows(1)), n=0)
