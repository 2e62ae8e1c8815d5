from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from coterie.errors import DataError, ParameterError
from coterie.features.lenses import FeatureSet, fit_matrix
from coterie.features.matrix import Wanted
from coterie.segmentation.candidates import Evidence, Space
from coterie.segmentation.estimator import Segmenter
from coterie.segmentation.lloyd import refine
from coterie.segmentation.select import select

CHECK_ALL = """
import sys, warnings
from sklearn.utils.estimator_checks import check_estimator
from coterie.segmentation.estimator import Segmenter
warnings.simplefilter("error")
for segmenter in (Segmenter(), Segmenter(3)):
    for result in check_estimator(segmenter, on_fail=None):
        sys.stdout.write(f"{result['status']} {result['check_name']} {result['exception']!r}\\n")
"""


def planted(n: int = 240, k: int = 3, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Four columns with ``k`` groups 8 deviations apart, and the group of each row."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, k, n)
    centres = np.random.default_rng(99).normal(size=(k, 4)) * 8
    return centres[truth] + random.normal(size=(n, 4)), truth


def mixed() -> tuple[pd.DataFrame, np.ndarray]:
    """A customer table with gaps, text, flags, dates and a strange index."""
    random = np.random.default_rng(5)
    truth = random.integers(0, 3, 300)
    spend = np.exp(truth + random.normal(0, 0.2, 300))
    spend[:20] = np.nan
    city = np.array(["Rome", "Oslo", "Bonn"], dtype=object)[truth]
    city[50:55] = None
    frame = pd.DataFrame(
        {
            "spend": spend,
            "visits": truth * 3 + random.normal(0, 0.5, 300),
            "city": city,
            "member": random.random(300) < 0.5,
            "since": pd.to_datetime("2020-01-01") + pd.to_timedelta(truth * 200, "D"),
        },
        index=random.permutation(300) + 7,
    )
    return frame, truth


def test_every_check_of_scikit_learn_is_passed_and_none_skipped():
    # the check of array libraries runs only if scipy was told so before it is imported
    done = subprocess.run(
        [sys.executable, "-c", CHECK_ALL],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = done.stdout.splitlines()
    assert len(results) >= 90
    assert not [line for line in results if not line.startswith("passed ")]


def test_four_rows_by_hand():
    # z-scores of 0, 1, 9, 10: mean 5, variance 20.5; centres at -4.5 and 4.5 over its root
    segmenter = Segmenter(2).fit([[9.0], [0.0], [1.0], [10.0]])
    assert segmenter.labels_.tolist() == [1, 0, 0, 1]
    root = np.sqrt(20.5)
    np.testing.assert_allclose(segmenter.cluster_centers_, [[-4.5 / root], [4.5 / root]])
    np.testing.assert_allclose(segmenter.transform([[5.5]]), [[5 / root, 4 / root]])


def test_the_choice_is_that_of_a_project_with_a_customer_table_alone():
    values, truth = planted()
    segmenter = Segmenter().fit(values)
    table = pa.table({f"x{i}": column for i, column in enumerate(values.T)})
    matrix = fit_matrix(table, FeatureSet("", tuple(Wanted(name) for name in table.column_names)))
    rows = matrix.transform(table)
    space = Space("all columns", matrix.names, rows)
    chosen = select([space], [], Evidence(None, rows), range(2, 13), seed=0)
    assert segmenter.selection_ == [candidate.to_dict() for candidate in chosen.candidates]
    model = refine(chosen.winner.model, lambda: [rows])
    np.testing.assert_array_equal(segmenter.labels_, model.assign(rows))
    assert adjusted_rand_score(truth, segmenter.labels_) > 0.8
    assert segmenter.note_ == ""


def test_a_range_is_chosen_from_and_every_loser_says_why():
    segmenter = Segmenter((2, 4)).fit(planted()[0])
    assert [row["k"] for row in segmenter.selection_] == [2, 3, 4]
    winners = [row["k"] for row in segmenter.selection_ if not row["reason_lost"]]
    assert winners == [segmenter.n_segments_]


def test_too_few_rows_stay_together_and_it_is_said():
    segmenter = Segmenter().fit(planted(40)[0])
    assert segmenter.n_segments_ == 1
    assert segmenter.note_ == "Too few to segment (40): 50 customers are needed."
    assert segmenter.selection_ == []
    assert segmenter.transform(planted(40)[0]).shape == (40, 1)


def test_if_every_choice_isolates_a_few_rows_all_stay_together():
    values = np.random.default_rng(0).normal(size=(60, 2))
    values[:5] += 1000  # five rows: under the ten that a segment needs
    segmenter = Segmenter(column_transform="none").fit(values)
    assert segmenter.n_segments_ == 1
    assert "all customers stay in one segment" in segmenter.note_
    assert not any(row["substantial"] for row in segmenter.selection_)
    assert len(segmenter.selection_) == 4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=25), st.integers(1, 5))
def test_labels_are_what_predict_says_and_no_segment_is_empty(numbers: list[int], k: int):
    values = np.array(numbers, dtype=float)[:, None]
    if len(set(numbers)) < max(k, 2):
        with pytest.raises(DataError):
            Segmenter(k).fit(values)
        return
    segmenter = Segmenter(k).fit(values)
    np.testing.assert_array_equal(segmenter.predict(values), segmenter.labels_)
    assert np.unique(segmenter.labels_).tolist() == list(range(k))
    nearest = segmenter.transform(values).argmin(axis=1)
    np.testing.assert_array_equal(nearest, segmenter.labels_)


def test_centres_of_a_sample_are_made_exact_on_all_rows():
    values, truth = planted(60_000)
    segmenter = Segmenter(3).fit(values)
    assert adjusted_rand_score(truth, segmenter.labels_) == 1.0
    deviations = (values - values.mean(axis=0)) / values.std(axis=0)
    means = [deviations[segmenter.labels_ == i].mean(axis=0) for i in range(3)]
    kept = [int(name[1:]) for name in segmenter.matrix_.names]
    np.testing.assert_allclose(segmenter.cluster_centers_, np.array(means)[:, kept], atol=1e-9)


def test_the_order_of_the_rows_and_the_threads_change_nothing():
    values, _ = planted()
    shuffled = np.random.default_rng(3).permutation(len(values))
    whole = Segmenter(3).fit(values)
    with threadpool_limits(1):
        other = Segmenter(3).fit(values[shuffled])
    np.testing.assert_array_equal(whole.labels_[shuffled], other.labels_)
    assert Segmenter(3).fit(values).to_dict() == whole.to_dict()


def test_pandas_polars_and_arrow_agree_and_keep_their_names():
    frame, truth = mixed()
    plain = frame.reset_index(drop=True)
    fitted = [
        Segmenter(3).fit(table)
        for table in (frame, pl.from_pandas(plain), pa.Table.from_pandas(plain))
    ]
    assert adjusted_rand_score(truth, fitted[0].labels_) > 0.95
    for segmenter in fitted:
        assert segmenter.feature_names_in_.tolist() == frame.columns.tolist()
        assert segmenter.to_dict() == fitted[0].to_dict()
        np.testing.assert_array_equal(segmenter.predict(frame), fitted[0].labels_)
    assert {"spend?", "city=Oslo", "member=true"} <= set(fitted[0].matrix_.names)


def test_numbers_of_a_frame_and_of_an_array_are_the_same():
    values, _ = planted()
    frame = pl.DataFrame(values, schema=["x0", "x1", "x2", "x3"], orient="row")
    np.testing.assert_array_equal(Segmenter(3).fit(values).labels_, Segmenter(3).fit(frame).labels_)


def test_gaps_and_unseen_words_are_placed():
    frame, _ = mixed()
    segmenter = Segmenter(3).fit(frame)
    empty = pd.DataFrame([dict.fromkeys(frame.columns)])
    strange = frame.iloc[:1].assign(city="Lima")
    assert segmenter.predict(empty).shape == segmenter.predict(strange).shape == (1,)


def test_one_row_alone_gets_the_segment_it_has_among_others():
    frame, _ = mixed()
    segmenter = Segmenter(3).fit(frame)
    alone = [segmenter.predict(frame.iloc[[i]])[0] for i in range(60)]
    assert alone == segmenter.labels_[:60].tolist()


def test_it_ends_a_pipeline_and_starts_one():
    values, truth = planted()
    ends = make_pipeline(StandardScaler(), Segmenter(3)).fit_predict(values)
    assert adjusted_rand_score(truth, ends) == 1.0
    starts = make_pipeline(Segmenter(3), LogisticRegression())
    assert cross_val_score(starts, values, truth, cv=3).min() > 0.99


def test_a_pipeline_over_a_mixed_frame_needs_no_encoder():
    frame, truth = mixed()
    assert make_pipeline(Segmenter(3), LogisticRegression()).fit(frame, truth).score(frame, truth)


def test_distances_come_as_the_frame_that_was_asked_for():
    frame, _ = mixed()
    names = ["segmenter0", "segmenter1", "segmenter2"]
    pandas = Segmenter(3).set_output(transform="pandas").fit_transform(frame)
    assert pandas.columns.tolist() == names
    assert pandas.index.equals(frame.index)
    polars = Segmenter(3).set_output(transform="polars").fit(frame).transform(frame)
    assert polars.columns == names
    assert Segmenter(3).fit(frame).get_feature_names_out().tolist() == names


def test_a_heavy_column_decides():
    random = np.random.default_rng(1)
    frame = pl.DataFrame({"a": random.integers(0, 2, 200), "b": random.integers(0, 2, 200)})
    frame = frame.with_columns(pl.all() + pl.Series(random.normal(0, 0.05, 200)))
    for name in ("a", "b"):
        labels = Segmenter(2, weights={name: 3}).fit_predict(frame)
        assert adjusted_rand_score(frame[name].to_numpy() > 0.5, labels) == 1.0


def test_columns_that_say_the_same_enter_once():
    values = np.random.default_rng(0).normal(size=(100, 2))
    segmenter = Segmenter(3).fit(np.column_stack([values, values[:, 0] * 100]))
    assert segmenter.n_features_in_ == 3
    assert segmenter.matrix_.sources == ("x0", "x1")
    assert segmenter.matrix_.dropped == (("x2", "says the same as x0 (correlation 1.00)"),)


@pytest.mark.parametrize("made", [Segmenter(3), Segmenter((2, 3), weights={"visits": 2})])
def test_json_brings_it_back_bit_for_bit(made: Segmenter):
    frame, _ = mixed()
    segmenter = made.fit(frame)
    text = json.dumps(segmenter.to_dict(), allow_nan=False)
    again = Segmenter.from_dict(json.loads(text))
    np.testing.assert_array_equal(again.transform(frame), segmenter.transform(frame))
    np.testing.assert_array_equal(again.predict(frame), segmenter.labels_)
    assert json.dumps(again.to_dict()) == text
    assert again.get_params() == segmenter.get_params()
    with pytest.raises(ValueError, match="feature names should match"):
        again.predict(frame[frame.columns[::-1]])


def test_numpy_parameters_become_plain_json():
    made = Segmenter(np.int64(3), random_state=np.int32(1), weights=np.ones(4))
    told = json.loads(json.dumps(made.fit(planted()[0]).to_dict()))["params"]
    assert (told["n_segments"], told["random_state"], told["weights"]) == (3, 1, [1.0] * 4)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"n_segments": 0}, r"n_segments=0\. It is 'auto', an int of 1 or more"),
        ({"n_segments": "many"}, "n_segments='many'"),
        ({"n_segments": (5, 3)}, r"range \(low, high\) within 2 to 50"),
        ({"n_segments": True}, "n_segments=True"),
        ({"algorithm": "kmean"}, "Did you mean 'kmeans'"),
        ({"column_transform": "Log"}, "Did you mean 'log'"),
        ({"random_state": None}, "random_state=None. It is an int, 0 or above"),
        ({"weights": {"x9": 1}}, "weights='x9' is not known"),
    ],
)
def test_wrong_parameters_are_named_in_fit(params: dict[str, object], said: str):
    segmenter = clone(Segmenter()).set_params(**params)
    with pytest.raises(ParameterError, match=said):
        segmenter.fit(planted()[0])


def test_wrong_data_is_named():
    with pytest.raises(DataError, match="tell only 3 of the rows apart"):
        Segmenter(4).fit([[1.0], [2.0], [3.0], [3.0]])
    with pytest.raises(DataError, match="x0: all values are equal"):
        Segmenter(2).fit([[1.0], [1.0]])
    with pytest.raises(ValueError, match="infinity"):
        Segmenter(2).fit([[1.0], [np.inf]])
    with pytest.raises(NotFittedError):
        Segmenter(2).to_dict()


def test_mall_customers_split_by_income_and_score(data: Path):
    # the textbook answer for these two columns: five groups, poor and rich, thrifty and not
    frame = pd.read_csv(data / "mall_customers" / "mall_customers.csv.gz").iloc[:, -2:]
    segmenter = Segmenter(5).fit(frame)
    assert sorted(np.bincount(segmenter.labels_)) == pytest.approx([22, 23, 35, 39, 81], abs=3)
