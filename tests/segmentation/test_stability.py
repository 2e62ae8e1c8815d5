from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from coterie.errors import ParameterError
from coterie.segmentation.base import Labels
from coterie.segmentation.centroids import KMeans
from coterie.segmentation.stability import best_overlap, stability

segments = st.lists(st.integers(0, 4), min_size=2, max_size=40).map(
    lambda numbers: np.unique(numbers, return_inverse=True)[1].astype(np.int32)
)


def test_overlap_of_six_customers_by_hand():
    labels = np.array([0, 0, 0, 1, 1, 2])
    again = np.array([7, 7, 3, 3, 3, 3])
    # {1,2,3} and {1,2}: 2/3; {4,5} and {3,4,5,6}: 2/4; {6} and {3,4,5,6}: 1/4
    assert best_overlap(labels, again).tolist() == pytest.approx([2 / 3, 1 / 2, 1 / 4])


def test_stability_of_six_customers_by_hand():
    labels = np.array([0, 0, 0, 1, 1, 2], dtype=np.int32)
    answers = iter([np.array([7, 7, 3, 3, 3, 3]), labels])
    found = stability(labels, lambda _rows, _seed: next(answers), seed=0, n=2)
    # means of (2/3, 1), (1/2, 1) and (1/4, 1); weights 3, 2 and 1 of 6
    assert [s.mean for s in found.segments] == pytest.approx([5 / 6, 3 / 4, 5 / 8])
    assert found.weighted == pytest.approx((3 * 5 / 6 + 2 * 3 / 4 + 5 / 8) / 6)
    assert found.least == pytest.approx(5 / 8)
    assert found.segments[2].low == pytest.approx(0.25 + 0.025 * 0.75)
    assert (found.n, found.passed) == (2, None)


@given(segments)
def test_what_always_comes_back_is_whole(labels: np.ndarray):
    found = stability(labels, lambda _rows, _seed: labels[::-1][::-1] + 3, seed=1, n=3)
    assert (found.weighted, found.least) == pytest.approx((1.0, 1.0))


@given(segments, st.randoms(use_true_random=False))
def test_the_numbers_of_the_refit_do_not_matter(labels: np.ndarray, random):
    again = np.roll(labels, 1)
    names = list(range(10, 20))
    random.shuffle(names)
    renamed = np.array(names)[again]
    np.testing.assert_array_equal(best_overlap(labels, again), best_overlap(labels, renamed))


@given(segments, segments)
def test_overlap_is_between_none_and_all(labels: np.ndarray, other: np.ndarray):
    again = np.resize(other, labels.shape)
    overlap = best_overlap(labels, again)
    assert ((overlap > 0) & (overlap <= 1)).all()


def test_samples_are_drawn_with_repeats_and_by_the_seed():
    labels = np.zeros(500, dtype=np.int32)
    seen: list[np.ndarray] = []

    def refit(rows: np.ndarray, _seed: int) -> Labels:
        seen.append(rows)
        return labels

    stability(labels, refit, seed=3, n=2)
    stability(labels, refit, seed=3, n=2)
    assert 0.6 < len(np.unique(seen[0])) / 500 < 0.67  # 1 - 1/e
    first, second = ({rows.tobytes() for rows in found} for found in (seen[:2], seen[2:]))
    assert len(first) == 2
    assert first == second


@pytest.mark.parametrize("gate", [(0.75, 0.6), (0.97, 0.9), (0.1, 0.1)])
@pytest.mark.parametrize("k", [3, 6])
def test_stopping_early_never_changes_who_passes(gate: tuple[float, float], k: int):
    random = np.random.default_rng(5)
    rows = random.normal(size=(90, 2)) + 6 * random.integers(0, 3, 90)[:, None]
    labels = KMeans().fit(rows, k, seed=0).assign(rows)

    def refit(sample: np.ndarray, seed: int) -> Labels:
        return KMeans().fit(rows[sample], k, seed=seed).assign(rows)

    whole = stability(labels, refit, seed=0)
    early = stability(labels, refit, seed=0, gate=gate)
    assert early.passed == (whole.weighted >= gate[0] and whole.least >= gate[1])
    assert early.n == 20 or not early.passed


def test_the_same_bytes_at_any_number_of_threads():
    rows = np.random.default_rng(0).normal(size=(400, 3))
    labels = KMeans().fit(rows, 4, seed=0).assign(rows)

    def refit(sample: np.ndarray, seed: int) -> Labels:
        return KMeans().fit(rows[sample], 4, seed=seed).assign(rows)

    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(repr(stability(labels, refit, seed=0, n=4)))
    assert found[0] == found[1]


def test_a_refit_must_label_everybody():
    labels = np.zeros(6, dtype=np.int32)
    with pytest.raises(ParameterError, match="not all 6 customers"):
        stability(labels, lambda rows, _seed: labels[:3], seed=0)
    with pytest.raises(ParameterError, match="0 customers"):
        stability(labels[:0], lambda rows, _seed: labels, seed=0)
