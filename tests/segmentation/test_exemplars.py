from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import ParameterError
from coterie.segmentation.base import NOISE
from coterie.segmentation.exemplars import FLOOR, MOST, ExemplarModel, exemplify, micro_clusters
from coterie.segmentation.training import Training

TWO = ExemplarModel(
    np.array([[0.0], [4.0], [10.0]]), np.array([0, 0, 1], np.int32), np.array([1.0, 4.0, 9.0])
)


def test_a_customer_is_placed_by_hand():
    # 6.9: exemplars at squared distances 47.61, 8.41, 9.61; the second reaches 4, so noise
    assert TWO.distances(np.array([[6.9]])).round(2).tolist() == [[8.41, 9.61]]
    placement = TWO.place(np.array([[6.9], [5.0], [7.5]]))
    assert placement.segment.tolist() == [NOISE, 0, 1]
    assert placement.second.tolist() == [0, 1, 0]
    # 5: 1 against 25; 7.5: 6.25 against 12.25
    np.testing.assert_allclose(placement.margin, [0.0, 24 / 25, 6 / 12.25])


def test_the_reach_parts_members_from_noise_with_fewest_errors():
    # one exemplar at 0; members at 0 ... 3 and one at 6, noise at 4, 5, 7: best is up to 3
    rows = np.array(
        [[-1.0]] * 5 + [[1.0]] * 5 + [[3.0], [-3.0], [4.0], [5.0], [6.0], [-6.0], [7.0]]
    )
    training = Training.of(rows, 1)
    own = np.where(np.isin(np.abs(training.rows[:, 0]), (4.0, 5.0, 7.0)), NOISE, 0)
    model = exemplify(training, own, seed=0, bounded=True)
    assert model.points.tolist() == [[0.0]]
    assert model.reach is not None
    # up to 3: two members lost; up to 6: two of noise taken in; the wider is kept, and a
    # 14th more for its 14 members, which is less than half the way to 7
    assert model.reach.tolist() == pytest.approx([(6 * 15 / 14) ** 2])
    assert model.fidelity == 15 / 17


def test_exemplars_without_order_or_gaps_are_refused():
    with pytest.raises(ParameterError, match="sorted by segment"):
        ExemplarModel(np.zeros((2, 1)), np.array([1, 0], np.int32))
    with pytest.raises(ParameterError, match="each segment needs one"):
        ExemplarModel(np.zeros((2, 1)), np.array([0, 2], np.int32))


def test_sql_is_refused_with_what_has_it():
    with pytest.raises(ParameterError, match=r"has no SQL\. kmeans.*tree and rules do"):
        TWO.sql(["a"])


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(20, 400))
@settings(max_examples=30)
def test_no_exemplar_is_a_customer_and_their_number_is_bounded(seed: int, k: int, n: int):
    rows = np.random.default_rng(seed).standard_t(2, size=(n, 2))
    training = Training.of(rows, k)
    own = np.arange(n) * k // n
    model = exemplify(training, own, seed=0)
    assert len(model.points) <= MOST
    customers = {tuple(row) for row in rows.tolist()}
    sizes = np.bincount(own)
    for point, owner in zip(model.points.tolist(), model.owner, strict=True):
        assert tuple(point) not in customers or sizes[owner] == 1
    # there are never more exemplars of a segment than tens of customers in it
    assert (np.bincount(model.owner) <= np.maximum(sizes // FLOOR, 1)).all()


def test_an_outlier_is_never_an_exemplar_of_its_own():
    rows = np.concatenate([np.random.default_rng(0).normal(size=(200, 2)), [[500.0, 500.0]]])
    model = exemplify(Training.of(rows, 1), np.zeros(201, dtype=np.int32), seed=0)
    assert model.points.max() < 60  # the mean of ten or more


def test_few_distinct_rows_are_their_own_micro_clusters():
    rows = np.array([[2.0], [1.0], [2.0]])
    points, weights, member = micro_clusters(Training.of(rows, 2), 5, seed=0)
    assert points.tolist() == [[1.0], [2.0]]
    assert weights.tolist() == [1.0, 2.0]
    assert member.tolist() == [0, 1, 1]


def test_micro_clusters_keep_the_mean_and_the_weight():
    rows = np.random.default_rng(0).normal(size=(500, 3))
    training = Training.of(rows, 2, np.random.default_rng(1).uniform(0.5, 2, 500))
    points, weights, member = micro_clusters(training, 20, seed=0)
    assert len(points) == len(weights) == member.max() + 1 <= 20
    np.testing.assert_allclose(weights.sum(), 500)
    whole = np.average(training.rows, axis=0, weights=training.weights)
    np.testing.assert_allclose(np.average(points, axis=0, weights=weights), whole)
