"""Births and deaths of segments at a refit."""

import numpy as np
import pytest

from coterie.segmentation.centroids import KMeans, KMeansModel
from coterie.segmentation.continuity import match
from coterie.segmentation.lloyd import grow
from coterie.segmentation.renewal import Limits, Rows, renew

ANY = Limits(2, 12)


def blobs(centres, sizes, seed=0, d=4):
    random = np.random.default_rng(seed)
    at = np.zeros((len(centres), d))
    at[:, :2] = centres
    return np.vstack([random.normal(c, 1, (n, d)) for c, n in zip(at, sizes, strict=True)])


HOME = [(0, 0), (9, 0), (0, 9), (9, 9)]


@pytest.fixture(scope="module")
def released():
    rows = blobs(HOME, [300] * 4)
    model = KMeans().fit(rows, 4, seed=0)
    return rows, model, grow(model, rows, seed=0).gain


def test_a_refit_worked_out_by_hand_goes_three_tenths_of_the_way():
    rows = np.array([[1.0], [3.0], [10.0], [14.0]] * 30)  # means 2 and 12
    found = renew(KMeansModel(np.array([[0.0], [10.0]])), Rows(rows), ANY, usual=None, seed=0)
    np.testing.assert_allclose(found.model.centroids, [[0.6], [10.6]])
    assert (found.carried, found.born) == ((0, 1), ())


def test_nothing_is_born_and_nobody_dies_on_a_bootstrap(released):
    rows, model, gain = released
    for seed in range(5):
        drawn = rows[np.random.default_rng(seed).integers(len(rows), size=len(rows))]
        found = renew(model, Rows(drawn), ANY, usual=gain, seed=0)
        assert (found.carried, found.born) == ((0, 1, 2, 3), ())
        assert (found.model.assign(rows) == model.assign(rows)).mean() > 0.99


@pytest.mark.parametrize("place", [(20, 0), (4.5, 4.5), (30, 30), (-8, 0)])
def test_a_new_group_gets_an_id_of_its_own_and_no_old_one(released, place):
    rows, model, gain = released
    today = np.vstack([rows[::10].repeat(9, axis=0), blobs([place], [130], seed=1)])
    found = renew(model, Rows(today), ANY, usual=gain, seed=0)
    assert found.born == (4,)
    new, old = found.model.assign(today), model.assign(today)
    assert (new[-130:] == 4).mean() > 0.95
    ids = ("seg-001", "seg-002", "seg-003", "seg-004")
    matching = match(old, new, ids, n_new=5, next_id=5, born=found.born)
    assert matching.ids == (*ids, "seg-005")
    assert matching.born == ("seg-005",)


def test_a_new_group_larger_than_the_segment_it_fell_into_does_not_take_its_id():
    # old: customers 0 to 1 in segment 0, the rest in 1; then four new ones come near 0
    old = np.array([0, 0, 1, 1, 0, 0, 0, 0])
    new = np.array([0, 0, 1, 1, 2, 2, 2, 2])
    plain = match(old, new, ["a", "b"], n_new=3, next_id=7)
    assert plain.ids == ("seg-007", "b", "a")
    known = match(old, new, ["a", "b"], n_new=3, next_id=7, born=[2])
    assert known.ids == ("a", "b", "seg-007")
    assert known.parents == {"seg-007": ("a",)}
    assert known.splits == {"a": ("a", "seg-007")}


def test_with_all_places_taken_a_birth_merges_the_two_that_are_nearest(released):
    rows = blobs([(0, 0), (6, 0), (0, 20), (20, 20)], [300] * 4)
    model = KMeansModel(np.array([[0.0, 0, 0, 0], [6, 0, 0, 0], [0, 20, 0, 0], [20, 20, 0, 0]]))
    usual = grow(model, rows, seed=0).gain
    today = np.vstack([rows, blobs([(20, -20)], [200], seed=1)])
    found = renew(model, Rows(today), Limits(4, 4), usual=usual, seed=0)
    assert found.model.n_segments == 4
    assert found.born == (3,)
    assert found.carried == (-1, 2, 3, -1)
    np.testing.assert_allclose(found.model.centroids[0][:2], [3, 0], atol=0.3)


def test_a_segment_whose_customers_are_gone_dies_and_the_others_keep_their_numbers(released):
    rows, model, gain = released
    label = model.assign(rows)
    today = np.vstack([rows[label != 1], rows[label == 1][:5]])
    found = renew(model, Rows(today), ANY, usual=gain, seed=0)
    assert found.carried == (0, 2, 3)
    assert renew(model, Rows(today), Limits(4, 4), usual=gain, seed=0).carried == (0, 1, 2, 3)


def test_never_fewer_segments_than_the_least(released):
    rows, model, gain = released
    assert renew(model, Rows(rows[:40]), Limits(3, 9), usual=gain, seed=0).model.n_segments >= 3


def test_without_a_usual_gain_nothing_is_born(released):
    rows, model, _ = released
    today = np.vstack([rows, blobs([(30, 30)], [150], seed=1)])
    assert renew(model, Rows(today), ANY, usual=None, seed=0).born == ()


def test_equal_customers_are_no_reason_to_grow():
    assert grow(KMeansModel(np.array([[0.0]])), np.ones((9, 1)), seed=0) is None
