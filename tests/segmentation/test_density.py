from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.metrics import adjusted_rand_score

from coterie.segmentation.base import NOISE
from coterie.segmentation.centroids import KMeans
from coterie.segmentation.density import DBSCAN, HDBSCAN, knee
from coterie.segmentation.graph import Spectral

MOONS, MOON = make_moons(1_500, noise=0.05, random_state=0)
BOTH = pytest.mark.parametrize("algorithm", [DBSCAN(), HDBSCAN()], ids=lambda a: a.name)


def groups(sizes: tuple[int, ...], *, spread: float = 0.3) -> np.ndarray:
    """Customers around 0, 10, 20 …, in two columns."""
    random = np.random.default_rng(1)
    parts = [10.0 * i + spread * random.normal(size=(n, 2)) for i, n in enumerate(sizes)]
    return np.concatenate(parts)


@pytest.mark.parametrize("algorithm", [DBSCAN(), HDBSCAN(), Spectral()], ids=lambda a: a.name)
def test_two_moons_are_told_apart_where_k_means_cannot(algorithm: DBSCAN | HDBSCAN | Spectral):
    model = algorithm.fit(MOONS, 2, seed=0)
    labels = model.assign(MOONS)
    inside = labels != NOISE
    assert inside.mean() > 0.95
    assert adjusted_rand_score(MOON[inside], labels[inside]) > 0.97
    assert model.fidelity > 0.97
    plain = KMeans().fit(MOONS, 2, seed=0).assign(MOONS)
    assert adjusted_rand_score(MOON, plain) < 0.5


@pytest.mark.parametrize("algorithm", [DBSCAN(), HDBSCAN(), Spectral()], ids=lambda a: a.name)
def test_new_customers_come_to_their_moon(algorithm: DBSCAN | HDBSCAN | Spectral):
    new, moon = make_moons(600, noise=0.05, random_state=7)
    labels = algorithm.fit(MOONS, 2, seed=0).assign(new)
    inside = labels != NOISE
    assert inside.mean() > 0.9
    assert adjusted_rand_score(moon[inside], labels[inside]) > 0.97


def test_the_knee_is_where_a_curve_bends_upwards():
    # the line from 1 to 9 passes 1, 3, 5, 7, 9; the curve is 0, 2, 3.5, 1, 0 below it
    assert knee(np.array([1.0, 1.0, 1.5, 6.0, 9.0])) == 1.5
    assert knee(np.array([0.0, 0.0, 0.0, 2.0])) == 2.0
    assert knee(np.zeros(3)) > 0


@BOTH
def test_who_is_far_from_all_is_in_no_segment_and_near_one(algorithm: DBSCAN | HDBSCAN):
    model = algorithm.fit(groups((200, 200)), 12, seed=0)
    placement = model.place(np.array([[0.0, 0.0], [30.0, 30.0], [10.0, 10.0]]))
    assert placement.segment.tolist() == [0, NOISE, 1]
    assert placement.second.tolist() == [1, 1, 0]
    assert placement.margin[1] == 0.0


@BOTH
def test_the_largest_regions_are_kept_and_the_rest_is_noise(algorithm: DBSCAN | HDBSCAN):
    rows = groups((200, 100, 150))
    labels = algorithm.fit(rows, 2, seed=0).assign(rows)
    assert labels.max() == 1
    assert (labels[200:300] == NOISE).all()
    assert (labels[:200] == 0).mean() > 0.9
    assert (labels[300:] == 1).mean() > 0.9


@BOTH
def test_without_a_dense_region_all_are_in_one_segment(algorithm: DBSCAN | HDBSCAN):
    rows = np.random.default_rng(0).uniform(size=(9, 3))
    model = algorithm.fit(rows, 4, seed=0)
    assert model.n_segments == 1
    assert model.assign(np.array([[90.0, 0.0, 0.0]])).tolist() == [0]


def test_hdbscan_finds_regions_of_unequal_density_that_one_radius_does_not():
    random = np.random.default_rng(0)
    parts = [
        random.normal(0.0, 0.1, (300, 2)),
        random.normal(1.2, 0.1, (300, 2)),
        random.normal(12.0, 2.0, (300, 2)),
    ]
    rows, truth = np.concatenate(parts), np.repeat([0, 1, 2], 300)
    labels = HDBSCAN().fit(rows, 12, seed=0).assign(rows)
    inside = labels != NOISE
    assert adjusted_rand_score(truth[inside], labels[inside]) > 0.95
