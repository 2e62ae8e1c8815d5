"""The alarm fires on labels made from the fields, and is silent on what is drawn by lot."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.features.matrix import Wanted
from coterie.prediction.leakage import find_leaks
from coterie.prediction.prospects import Task
from coterie.prediction.scores import score
from coterie.segmentation.centroids import KMeans

SEVEN = [f"q{n}" for n in range(7)]


def columns(n: int, seed: int):
    return np.random.default_rng(seed).normal(size=(n, 7))


def task_of(numbers, labels, names=SEVEN):
    frame = pa.table({name: numbers[:, at] for at, name in enumerate(names)})
    ids = [f"{at:05}" for at in range(len(labels))]
    return Task.of(frame, [Wanted(name) for name in names], list(labels), ids=ids)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.lists(st.integers(-3, 3), min_size=7, max_size=7))
def test_a_label_that_is_a_function_of_seven_fields_raises_the_alarm(seed, weights):
    if not any(weights):
        weights[0] = 1
    numbers = columns(400, seed)
    total = numbers @ np.array(weights)
    labels = np.where(total > np.median(total), "potential", "not potential")
    found = find_leaks(task_of(numbers, labels), label="potential")
    assert {leak.code for leak in found} <= {"function", "one_column"}
    named = {name for leak in found for name in leak.columns}
    heaviest = np.abs(weights).max()
    assert {name for name, w in zip(SEVEN, weights, strict=True) if abs(w) == heaviest} & named
    assert not {name for name, w in zip(SEVEN, weights, strict=True) if w == 0} & named
    assert all(leak.why and leak.advice for leak in found)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([60, 200, 900]), st.floats(0.15, 0.5))
def test_labels_drawn_by_lot_raise_nothing(seed, n, share):
    random = np.random.default_rng(seed)
    labels = np.where(random.permutation(n) < max(20, share * n), "yes", "no")
    assert find_leaks(task_of(columns(n, seed), labels), label="lot") == ()


def test_clusters_of_the_same_columns_are_known_for_a_function():
    # the R² of 1.0 that is printed for a model which learnt its own segments again
    numbers = columns(600, 1)
    labels = KMeans().fit(numbers, 4, seed=0).assign(numbers)
    (leak,) = find_leaks(task_of(numbers, [f"c{k}" for k in labels]), label="cluster")
    assert (leak.code, leak.level) == ("function", "alarm")
    assert set(leak.columns) <= set(SEVEN)


def test_a_column_that_alone_gives_the_label_is_named():
    numbers = columns(200, 2)
    labels = np.where(numbers[:, 3] > 0.2, "old", "young")
    found = find_leaks(task_of(numbers, labels), label="stage")
    assert [(leak.code, leak.columns) for leak in found] == [("one_column", ("q3",))]
    assert "q3 alone gives stage" in found[0].why


def test_a_column_named_like_an_output_is_to_be_looked_at():
    names = ["churn_probability", "credit", "Cluster", "scorecard", *SEVEN[4:]]
    labels = np.random.default_rng(0).choice(["a", "b"], 200)
    found = find_leaks(task_of(columns(200, 3), labels, names), label="x")
    assert [(leak.code, leak.level, leak.columns) for leak in found] == [
        ("output", "look", ("churn_probability",)),
        ("output", "look", ("Cluster",)),
    ]


def test_what_the_published_model_was_made_from_is_circular():
    labels = np.random.default_rng(0).choice(["a", "b"], 200)
    task = task_of(columns(200, 4), labels)
    (leak,) = find_leaks(task, label="The segment", made_from=["q1", "spend"])
    assert (leak.code, leak.columns) == ("circular", ("q1",))
    assert "R² = 1.0" in leak.why


@pytest.mark.parametrize(("share", "codes"), [(1.0, ["too_good"]), (0.9, [])])
def test_a_score_too_good_to_be_true_is_questioned(share, codes):
    random = np.random.default_rng(5)
    came = random.integers(0, 2, 300)
    said = np.where(random.random(300) < share, came, 1 - came)
    scores = score(came, np.where(np.eye(2)[said] == 1, 0.9, 0.1))
    task = task_of(columns(300, 6), np.where(came == 1, "yes", "no"))
    found = find_leaks(task, label="x", scores=[scores], leading=["q2", "q5"])
    assert [leak.code for leak in found] == codes
    assert all(leak.columns == ("q2", "q5") for leak in found)


def test_a_rare_class_alone_makes_no_score_too_good():
    labels = np.where(np.arange(2_000) < 25, "rare", "usual")
    task = task_of(columns(2_000, 7), labels)
    scores = score(task.labels, np.tile([0.0125, 0.9875], (2_000, 1)))
    assert scores.accuracy > 0.98
    assert find_leaks(task, label="x", scores=[scores]) == ()
