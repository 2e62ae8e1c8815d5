"""Scores are those of the textbook, on a few rows by hand and on many by a second way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, log_loss, roc_auc_score

from coterie.errors import DataError
from coterie.prediction.scores import auc, distance, score, wilson


def test_scores_match_the_hand_calculation():
    # answers 0, 0, 1, 0 for 0, 0, 1, 1: three of four; F1 .8 and .667
    came = np.array([0, 0, 1, 1])
    chances = np.array([[0.9, 0.1], [0.6, 0.4], [0.4, 0.6], [0.7, 0.3]])
    found = score(came, chances)
    assert found.accuracy == 0.75
    assert found.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    # (.1² + .4² + .4² + .7²) · 2 / 4
    assert found.brier == pytest.approx(0.41)
    # bins .6 (twice: sure .6, right 2 of 2), .7 (0 of 1), .9 (1 of 1): (2·.4 + .7 + .1) / 4
    assert found.ece == pytest.approx(0.4)
    assert [one.n for one in found.bins] == [2, 1, 1]
    assert found.auc == 0.75


def test_perfect_chances_have_no_error():
    found = score(np.array([0, 1, 2]), np.eye(3))
    assert (found.accuracy, found.macro_f1, found.brier, found.ece) == (1.0, 1.0, 0.0, 0.0)
    assert found.log_loss == 0.0


@given(st.integers(0, 10_000))
def test_scores_agree_with_scikit_learn(seed):
    random = np.random.default_rng(seed)
    chances = random.dirichlet(np.ones(3), 60)
    came = np.concatenate([[0, 1, 2], random.integers(0, 3, 57)])
    found = score(came, chances)
    answer = chances.argmax(axis=1)
    assert found.macro_f1 == pytest.approx(f1_score(came, answer, average="macro"))
    assert found.log_loss == pytest.approx(log_loss(came, chances))
    assert found.auc == pytest.approx(roc_auc_score(came, chances, multi_class="ovr"))


def test_one_class_alone_has_no_auc():
    assert auc(np.array([True, True]), np.array([0.1, 0.2])) is None


def test_nothing_cannot_be_scored():
    with pytest.raises(DataError, match="nothing to score"):
        score(np.array([], dtype=np.int64), np.empty((0, 2)))


def test_an_interval_holds_the_share_and_stays_within_0_and_1():
    for hits in (0, 3, 10):
        low, high = wilson(hits, 10)
        assert 0 <= low <= hits / 10 <= high <= 1


def test_distances_take_classes_for_numbers():
    found = distance(np.array([0, 1, 2]), np.array([0, 1, 1]), [10, 20, 30])
    assert (found.mae, found.mse) == (pytest.approx(10 / 3), pytest.approx(100 / 3))
    assert found.r2 == pytest.approx(1 - (100 / 3) / (200 / 3))
    assert "evenly spaced" in found.to_dict()["worth"]
    assert distance(np.array([1, 1]), np.array([1, 1]), [1, 2]).r2 is None
