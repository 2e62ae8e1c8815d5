"""Moves between segments, counted and foretold."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.errors import DataError
from coterie.prediction.next_segment import Moves, fit_next, judge_next, markov
from coterie.segmentation.parallel import at_most

START = np.array([0, 0, 0, 0, 1, 1], dtype=np.int32)
END = np.array([0, 0, 1, 2, 1, 1], dtype=np.int32)


def test_the_matrix_matches_the_hand_calculation() -> None:
    found = markov(START, END, 3)
    assert found.counts.tolist() == [[2, 1, 1], [0, 2, 0], [0, 0, 0]]
    assert found.shares.tolist() == [[0.5, 0.25, 0.25], [0, 1, 0], [0, 0, 1]]


def test_a_move_never_seen_is_unlikely_and_not_impossible() -> None:
    chances = markov(START, END, 3).chances(np.array([1, 2], dtype=np.int32))
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    # one customer added: half stays, half is spread evenly: 1/6, 2 + 1/2 + 1/6, 1/6 of 3
    np.testing.assert_allclose(chances[0], [1 / 18, 16 / 18, 1 / 18])
    assert chances[1].argmax() == 2


def test_log_loss_matches_the_hand_calculation() -> None:
    judged = judge_next(np.array([0, 1]), np.array([[0.5, 0.5], [0.75, 0.25]]))
    assert judged.accuracy == 0.5
    assert judged.log_loss == pytest.approx(-(np.log(0.5) + np.log(0.25)) / 2)


def _moves(n: int = 3_000) -> Moves:
    """Customers move to the next segment if the first feature is above 0, else they stay."""
    random = np.random.default_rng(3)
    features = random.normal(size=(n, 3))
    start = random.integers(0, 4, n).astype(np.int32)
    end = np.where(features[:, 0] > 0, (start + 1) % 4, start).astype(np.int32)
    return Moves(features, start, end)


def test_trees_see_what_the_matrix_cannot() -> None:
    moves = _moves()
    half = slice(0, 1_500)
    trained = fit_next(
        [Moves(*(v[half] for v in (moves.features, moves.start, moves.end)))], 4, seed=0
    )
    rest = slice(1_500, None)
    chances = trained.chances(moves.features[rest], moves.start[rest])
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    assert judge_next(moves.end[rest], chances).accuracy > 0.95
    plain = markov(moves.start[half], moves.end[half], 4).chances(moves.start[rest])
    assert judge_next(moves.end[rest], plain).accuracy < 0.6


def test_any_number_of_threads_gives_the_same_chances() -> None:
    moves, found = _moves(), []
    for threads in (1, 2):
        with at_most(threads):
            model = fit_next([moves], 4, seed=0)
            found.append(model.chances(moves.features, moves.start).tobytes())
    assert found[0] == found[1]


def test_one_segment_leaves_nothing_to_foretell() -> None:
    moves = Moves(np.ones((5, 1)), np.zeros(5, np.int32), np.zeros(5, np.int32))
    with pytest.raises(DataError, match="one segment"):
        fit_next([moves], 2, seed=0)
