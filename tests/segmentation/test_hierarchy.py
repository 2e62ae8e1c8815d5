from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.metrics import adjusted_rand_score

from coterie.segmentation.hierarchy import Agglomerative, Ward, merge


def test_ward_merges_what_costs_least_by_hand():
    # 0-4 costs 1/2 * 16 = 8 and 4-9 costs 1/2 * 25 = 12.5: so 0 and 4 become one
    points = np.array([[0.0], [4.0], [9.0]])
    assert merge(points, np.ones(3), 2, "ward").tolist() == [0, 0, 1]
    # with 9 customers each at 0 and 4: 9/2 * 16 = 72 against 9/10 * 25 = 22.5
    assert merge(points, np.array([9.0, 9.0, 1.0]), 2, "ward").tolist() == [0, 1, 1]


def test_average_linkage_weighs_the_mean_by_hand():
    # after 0 and 1 are one, 4.4 is 4.4 and 3.4 from them: 3.9 on average, 3.5 if the latter
    # stands for nine; and 8.1 is 3.7 away
    points = np.array([[0.0], [1.0], [4.4], [8.1]])
    assert merge(points, np.ones(4), 2, "average").tolist() == [0, 0, 1, 1]
    assert merge(points, np.array([1.0, 9.0, 1.0, 1.0]), 2, "average").tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("method", ["ward", "average"])
@given(st.integers(0, 10_000), st.integers(2, 8))
@settings(max_examples=25)
def test_equal_weights_give_what_scipy_gives(method: str, seed: int, k: int):
    points = np.random.default_rng(seed).normal(size=(40, 3))
    theirs = fcluster(linkage(points, method), k, "maxclust")
    assert adjusted_rand_score(theirs, merge(points, np.ones(40), k, method)) == 1.0


@pytest.mark.parametrize("method", ["ward", "average"])
def test_a_weight_is_as_many_equal_points(method: str):
    random = np.random.default_rng(3)
    points, weights = random.normal(size=(30, 2)), random.integers(1, 5, 30)
    twice = merge(np.repeat(points, weights, axis=0), np.ones(weights.sum()), 5, method)
    once = merge(points, weights.astype(float), 5, method)
    assert adjusted_rand_score(twice, np.repeat(once, weights)) == 1.0


@pytest.mark.parametrize("algorithm", [Ward(), Agglomerative()])
def test_planted_groups_are_found_among_more_rows_than_are_merged(algorithm: Ward | Agglomerative):
    random = np.random.default_rng(0)
    truth = random.integers(0, 4, 3_000)
    rows = np.array([[0, 0], [9, 0], [0, 9], [9, 9]])[truth] + random.normal(size=(3_000, 2))
    model = algorithm.fit(rows, 4, seed=0)
    assert adjusted_rand_score(truth, model.assign(rows)) > 0.99
    assert model.fidelity > 0.99


def test_average_linkage_sets_the_unusual_apart_and_ward_does_not():
    random = np.random.default_rng(0)
    crowd, few = random.normal(size=(500, 2)), np.array([9.0, 9.0]) + random.normal(size=(15, 2))
    crowd[:250, 0] += 4.0
    rows = np.concatenate([crowd, few])
    sizes = [
        np.bincount(a.fit(rows, 2, seed=0).assign(rows)).min() for a in (Agglomerative(), Ward())
    ]
    assert sizes[0] == 15
    assert sizes[1] > 100
