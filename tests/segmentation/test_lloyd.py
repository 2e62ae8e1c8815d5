from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import DataError, ParameterError
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.lloyd import Sums, refine, refit

TWO = KMeansModel(np.array([[0.0], [10.0]]))


def test_one_pass_gives_the_means_worked_out_by_hand():
    # 1 and 3 go to 0, 8 and 12 to 10
    rows = np.array([[1.0], [8.0], [3.0], [12.0]])
    sums = Sums.of(TWO, rows)
    assert (sums.sums.tolist(), sums.counts.tolist()) == ([[4.0], [20.0]], [2, 2])
    assert sums.inertia == 1 + 4 + 9 + 4
    assert refine(TWO, lambda: [rows], passes=1).centroids.tolist() == [[2.0], [10.0]]


def test_a_segment_that_lost_its_customers_keeps_its_centre():
    far = KMeansModel(np.array([[0.0], [99.0]]))
    assert refine(far, lambda: [np.array([[1.0], [2.0]])]).centroids.tolist() == [[1.5], [99.0]]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 10_000))
def test_no_pass_raises_the_inertia(k: int, d: int, seed: int):
    random = np.random.default_rng(seed)
    rows = random.normal(size=(200, d))
    model = KMeansModel(random.normal(size=(k, d)))
    before = Sums.of(model, rows).inertia
    for _ in range(4):
        model = refine(model, lambda: [rows], passes=1)
        after = Sums.of(model, rows).inertia
        assert after <= before * (1 + 1e-12)
        before = after


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 500), max_size=6), st.integers(0, 10_000))
def test_sums_do_not_depend_on_how_the_rows_are_split(cuts: list[int], seed: int):
    random = np.random.default_rng(seed)
    rows = random.normal(size=(500, 3))
    model = KMeansModel(random.normal(size=(4, 3)))
    whole = Sums.of(model, rows)
    parts = [Sums.of(model, part) for part in np.split(rows, sorted(cuts)) if len(part)]
    merged = parts[0]
    for part in parts[1:]:
        merged += part
    np.testing.assert_array_equal(merged.counts, whole.counts)
    np.testing.assert_allclose(merged.sums, whole.sums, rtol=0, atol=1e-10)


def test_batch_borders_leave_no_trace_in_the_bytes():
    random = np.random.default_rng(5)
    rows = random.normal(size=(150_000, 3))
    model = KMeansModel(rows[:4].copy())
    cuts = np.sort(random.integers(0, len(rows), 23))
    once = refine(model, lambda: [rows])
    split = refine(model, lambda: iter(np.split(rows, cuts)))
    assert once.centroids.tobytes() == split.centroids.tobytes()


def test_a_sample_fit_comes_to_the_optimum_of_all_rows():
    random = np.random.default_rng(0)
    rows = np.vstack([random.normal(m, 1.0, size=(5_000, 2)) for m in (0.0, 7.0, 14.0)])
    rough = KMeansModel(np.array([[1.0, 0.0], [6.0, 6.0], [13.0, 16.0]]))
    means = np.vstack([part.mean(axis=0) for part in np.split(rows, 3)])
    np.testing.assert_allclose(refine(rough, lambda: [rows], passes=5).centroids, means, atol=0.02)


def test_a_refit_goes_only_part_of_the_way_and_keeps_the_numbers():
    rows = np.array([[10.0], [12.0], [-4.0], [-2.0]])
    moved = refit(TWO, rows, blend=0.3)  # new centres -3 and 11
    np.testing.assert_allclose(moved.centroids, [[-0.9], [10.3]])
    assert refit(TWO, rows, blend=0.0).centroids.tolist() == TWO.centroids.tolist()


def test_a_stream_without_rows_is_an_error():
    with pytest.raises(DataError, match="no rows to refine"):
        refine(TWO, list)
    with pytest.raises(ParameterError, match="passes is 1 or more"):
        refine(TWO, lambda: [np.ones((1, 1))], passes=0)
    with pytest.raises(ParameterError, match="blend is 0 to 1"):
        refit(TWO, np.ones((1, 1)), blend=1.5)
