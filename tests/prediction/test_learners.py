"""What is kept of a classifier answers as the library that fitted it does."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from coterie.prediction.learners import RECIPES, Calibration, as_seen, fit, keep, restore


def rows(n_classes: int, n: int = 240):
    random = np.random.default_rng(n_classes)
    matrix = as_seen(random.normal(size=(n, 4)))
    scores = matrix[:, :1] * np.arange(n_classes) + random.gumbel(size=(n, n_classes))
    return matrix, scores.argmax(axis=1)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_logistic_regression_answers_as_scikit_learn_does(n_classes):
    matrix, labels = rows(n_classes)
    theirs = LogisticRegression(C=1.0, max_iter=2_000).fit(matrix, labels).predict_proba(matrix)
    ours = softmax(fit("logistic", matrix, labels, seed=0).scores(matrix), axis=1)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_boosted_trees_answer_as_scikit_learn_does(n_classes):
    matrix, labels = rows(n_classes)
    theirs = HistGradientBoostingClassifier(
        learning_rate=0.08,
        max_iter=100,
        max_leaf_nodes=4,
        l2_regularization=5.0,
        max_features=0.3,
        min_samples_leaf=12,
        early_stopping=False,
        random_state=0,
    ).fit(matrix, labels)
    scores = fit("boosted-short", matrix, labels, seed=0).scores(matrix)
    ours = expit(scores[:, 1]) if n_classes == 2 else softmax(scores, axis=1)
    found = theirs.predict_proba(matrix)
    np.testing.assert_allclose(ours, found[:, 1] if n_classes == 2 else found, atol=1e-9)


def test_a_forest_answers_as_scikit_learn_does():
    matrix, labels = rows(3)
    theirs = RandomForestClassifier(100, min_samples_leaf=10, random_state=0).fit(matrix, labels)
    ours = np.exp(fit("forest", matrix, labels, seed=0).scores(matrix))
    np.testing.assert_allclose(ours, np.maximum(theirs.predict_proba(matrix), 1e-4), atol=1e-9)


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_is_kept_answers_the_same_after_json(recipe):
    matrix, labels = rows(3)
    scorer = fit(recipe, matrix, labels, seed=0)
    data, nodes = keep(scorer)
    again = restore(json.loads(json.dumps(data)), nodes)
    np.testing.assert_array_equal(again.scores(matrix), scorer.scores(matrix))


def test_calibration_takes_back_what_is_too_sure():
    random = np.random.default_rng(0)
    truth = random.normal(size=20_000)
    labels = (random.random(20_000) < expit(truth)).astype(np.int64)
    boasting = np.column_stack([np.zeros(20_000), 3 * truth + 1])
    found = Calibration.fit(boasting, labels)
    assert found.slope == pytest.approx(1 / 3, abs=0.02)
    chances = found.chances(boasting)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    assert np.abs(chances[:, 1] - expit(truth)).max() < 0.02
