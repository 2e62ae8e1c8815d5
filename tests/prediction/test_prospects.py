"""Chances sum to 1, depend on no other row, and survive what was never seen."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import DataError, NotReadyError
from coterie.features.matrix import Wanted
from coterie.prediction.drivers import find_drivers
from coterie.prediction.learners import RECIPES, Calibration
from coterie.prediction.proof import prove
from coterie.prediction.prospects import (
    Choice,
    Prospects,
    Task,
    choose,
    fit_prospects,
    typical_value,
)
from coterie.prediction.words import contributions, reasons
from coterie.segmentation.parallel import at_most

WANTED = (Wanted("age"), Wanted("income"), Wanted("job", kind="category"))
JOBS = ("none", "skilled", "manager")


def people(n: int, seed: int = 0):
    """Return customers whose class is likelier the better the job, and nothing else."""
    random = np.random.default_rng(seed)
    job = random.integers(0, 3, n)
    rich = random.random(n) < np.array([0.1, 0.5, 0.9])[job]
    frame = pa.table(
        {
            "age": random.integers(18, 80, n).astype(float),
            "income": random.lognormal(10, 1, n),
            "job": [JOBS[at] for at in job],
        }
    )
    return frame, ["rich" if yes else "poor" for yes in rich], [f"{at:04}" for at in range(n)]


@pytest.fixture(scope="module")
def task():
    frame, labels, ids = people(400)
    return Task.of(frame, WANTED, labels, ids=ids)


@pytest.fixture(scope="module")
def fitted(task):
    calibration = Calibration(1.0, (0.0, 0.0))
    return [
        fit_prospects(task, Choice(name, calibration, {}))
        for name in ("logistic", "boosted-short", "forest")
    ]


@pytest.fixture(scope="module")
def proven(task):
    return prove(task, values=[0, 1])


anybody = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(-1e9, 1e9),
        "income": st.none() | st.floats(-1e12, 1e12),
        "job": st.none() | st.sampled_from(JOBS) | st.text(max_size=5),
    }
)


@settings(max_examples=40)
@given(st.lists(anybody, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_chances_sum_to_1_and_do_not_depend_on_the_order_of_rows(fitted, rows, random):
    types = pa.schema([("age", pa.float64()), ("income", pa.float64()), ("job", pa.string())])
    frame = pa.Table.from_pylist(rows, types)
    order = list(range(len(rows)))
    random.shuffle(order)
    for prospects in fitted:
        chances = prospects.chances(frame)
        assert np.isfinite(chances).all()
        np.testing.assert_allclose(chances.sum(axis=1), 1.0)
        again = prospects.chances(frame.take(pa.array(order)))
        np.testing.assert_allclose(again, chances[order], atol=1e-12)


def test_customers_in_another_order_are_the_same_task(task):
    frame, labels, ids = people(400)
    order = np.random.default_rng(1).permutation(400)
    moved = Task.of(
        frame.take(pa.array(order)),
        WANTED,
        [labels[at] for at in order],
        ids=[ids[at] for at in order],
    )
    assert moved.frame.equals(task.frame)
    assert moved.labels.tolist() == task.labels.tolist()


def test_a_class_of_few_is_left_out_and_told():
    frame, labels, ids = people(200)
    labels[:5] = ["odd"] * 5
    found = Task.of(frame, WANTED, labels, ids=ids)
    assert (found.classes, found.left_out) == (("poor", "rich"), (("odd", 5),))
    assert len(found.labels) == 195


def test_too_few_customers_are_refused_with_what_is_needed():
    frame, labels, ids = people(45)
    with pytest.raises(NotReadyError, match="two classes and 50 customers"):
        Task.of(frame, WANTED, labels, ids=ids)
    with pytest.raises(DataError, match="twice"):
        Task.of(frame, WANTED, labels, ids=["1"] * 45)


def test_the_simplest_within_a_standard_error_is_chosen(task):
    found = choose(task, n_folds=3)
    assert found.losses.keys() == RECIPES.keys()
    assert found.recipe in {"logistic", "logistic-held", "margin"}
    assert found.losses[found.recipe] <= min(found.losses.values()) + 0.02


def test_the_proof_is_near_what_can_be_known(proven):
    # who knows the job knows .9, .5, .9: 76.7% on average; who does not, about half
    proof = proven.proof
    assert proof.test.n == 80
    assert proof.n_train == 320
    assert 0.68 < proof.nested.accuracy < 0.85
    assert proof.majority.accuracy < 0.6
    assert proof.simple_asks[0] == "job"
    assert proof.nested.ece < 0.08
    assert proof.distance is not None
    assert proof.distance.mae == pytest.approx(1 - proof.test.accuracy)


def test_the_proof_is_the_same_with_one_thread(task, proven):
    with at_most(1):
        assert prove(task, values=[0, 1]).proof == proven.proof


def test_the_test_part_is_untouched(proven):
    everybody = proven.rest.frame.num_rows + proven.test.frame.num_rows
    ages = pa.concat_tables([proven.rest.frame, proven.test.frame]).to_pylist()
    assert everybody == len({tuple(row.items()) for row in ages}) == 400


def test_the_job_drives_and_is_told_in_words(proven, task):
    found = find_drivers(proven.tested, proven.test, task, say=lambda _, value: str(value))
    assert found[0].field == "job"
    assert found[0].accuracy > 0.1
    assert "rich: 9" in found[0].text
    assert "manager" in found[0].text


def test_a_reason_is_what_the_typical_value_would_change(fitted):
    prospects = fitted[0]
    frame = pa.table({"age": [40.0], "income": [20_000.0], "job": ["manager"]})
    typical = {"age": 40.0, "income": 20_000.0, "job": "none"}
    found = contributions(prospects.chances, frame, typical, np.array([1]))
    other = prospects.chances(frame.set_column(2, "job", pa.array(["none"])))
    assert found["job"].points[0] == prospects.chances(frame)[0, 1] - other[0, 1] > 0.5
    assert found["age"].points[0] == found["income"].odds[0] == 0
    (said,) = reasons(frame, found, typical, say=lambda _, value: str(value))
    assert said == [f"job: manager, not none: {100 * found['job'].points[0]:+.0f} points"]


def test_what_is_kept_answers_the_same_and_holds_no_customer(fitted):
    frame, _, _ = people(30, seed=3)
    for prospects in fitted:
        data, nodes = prospects.to_dict()
        again = Prospects.from_dict(json.loads(json.dumps(data)), nodes)
        np.testing.assert_array_equal(again.chances(frame), prospects.chances(frame))


def test_the_typical_value_is_the_median_or_the_most_frequent():
    assert typical_value(pa.chunked_array([[1.0, 2.0, None, 9.0]])) == 2.0
    assert typical_value(pa.chunked_array([["b", "a", "b", None, "a"]])) == "a"
    assert typical_value(pa.chunked_array([pa.array([None], pa.string())])) is None
