from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.segmentation.centroids import KMeans, KMeansModel

THREE = KMeansModel(np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 6.0]]))


def blobs(k: int, n: int = 300, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Customers around ``k`` corners of a grid, 8 standard deviations apart."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, k, n)
    corners = np.array([[8.0 * (i % 3), 8.0 * (i // 3)] for i in range(k)])
    return corners[truth] + random.normal(size=(n, 2)), truth


def test_a_customer_is_placed_as_by_hand():
    # (1, 0): squared distances 1, 9, 37 -> margin (9 - 1) / 9
    placement = THREE.place(np.array([[1.0, 0.0], [0.0, 6.0]]))
    assert THREE.distances(np.array([[1.0, 0.0]])).tolist() == [[1.0, 9.0, 37.0]]
    assert placement.segment.tolist() == [0, 2]
    assert placement.second.tolist() == [1, 0]
    np.testing.assert_allclose(placement.margin, [8 / 9, 1.0])


def test_ties_go_to_the_lower_number_with_margin_0():
    placement = THREE.place(np.array([[2.0, 0.0]]))
    assert (placement.segment[0], placement.second[0], placement.margin[0]) == (0, 1, 0.0)


def test_equal_centres_give_margin_0_not_nan():
    twins = KMeansModel(np.array([[1.0], [1.0]]))
    assert twins.place(np.array([[1.0]])).margin.tolist() == [0.0]


def test_with_one_segment_everybody_is_clearly_in_it():
    placement = KMeansModel(np.array([[3.0]])).place(np.array([[1.0], [9.0]]))
    assert placement.segment.tolist() == placement.second.tolist() == [0, 0]
    assert placement.margin.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("k", range(2, 7))
def test_planted_groups_are_found(k: int):
    matrix, truth = blobs(k)
    assert adjusted_rand_score(truth, KMeans().fit(matrix, k, seed=0).assign(matrix)) > 0.99


def test_the_order_of_rows_does_not_change_the_model():
    matrix = np.random.default_rng(1).normal(size=(500, 3))
    shuffled = np.random.default_rng(2).permutation(matrix)
    a, b = (KMeans().fit(rows, 5, seed=3).centroids for rows in (matrix, shuffled))
    np.testing.assert_array_equal(a, b)


def test_the_number_of_threads_does_not_change_the_model():
    matrix = np.random.default_rng(1).normal(size=(3_000, 4))
    models = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            models.append(KMeans().fit(matrix, 6, seed=0))
    np.testing.assert_array_equal(models[0].centroids, models[1].centroids)


def test_segments_are_numbered_by_their_centres():
    matrix, _ = blobs(6)
    centroids = KMeans().fit(matrix, 6, seed=11).centroids.tolist()
    assert centroids == sorted(centroids)


def test_weights_count_like_repeated_rows():
    matrix, _ = blobs(3, 60)
    times = np.random.default_rng(0).integers(1, 4, 60)
    weighted = KMeans().fit(matrix, 3, seed=0, weights=times.astype(float))
    repeated = KMeans().fit(np.repeat(matrix, times, axis=0), 3, seed=0)
    np.testing.assert_allclose(weighted.centroids, repeated.centroids)


def test_there_are_no_more_segments_than_distinct_rows():
    matrix = np.repeat([[0.0], [1.0], [5.0]], 20, axis=0)
    assert KMeans().fit(matrix, 6, seed=0).centroids.tolist() == [[0.0], [1.0], [5.0]]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 10_000))
def test_a_row_is_placed_the_same_wherever_it_stands(k: int, d: int, seed: int):
    random = np.random.default_rng(seed)
    model = KMeansModel(random.normal(size=(k, d)))
    row = random.normal(size=(1, d))
    crowd = np.vstack([random.normal(size=(4_200, d)), row, random.normal(size=(3, d)), row])
    alone, among = model.distances(row), model.distances(crowd)
    np.testing.assert_array_equal(among[[4_200, -1]], np.repeat(alone, 2, axis=0))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(1, 6),
    st.integers(0, 10_000),
    st.sampled_from([1e-200, 1e-30, 1.0, 1e6, 1e30, 1e140]),
)
def test_the_quick_look_finds_the_first_least_of_the_distances(k: int, d: int, seed: int, size):
    random = np.random.default_rng(seed)
    # rounded, so that ties and rows on the border occur; far from 0, so that digits are lost
    away = random.choice([0.0, 1e4])
    digits = random.integers(0, 6)
    model = KMeansModel(size * (away + random.normal(size=(k, d)).round(digits)))
    matrix = size * (away + random.normal(size=(8_500, d)).round(digits))
    distances = model.distances(matrix)
    label, distance = model.nearest(matrix)
    np.testing.assert_array_equal(label, np.argmin(distances, axis=1))
    np.testing.assert_array_equal(distance, distances.min(axis=1))
    np.testing.assert_array_equal(model.place(matrix).segment, label)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 7), st.integers(1, 5), st.integers(0, 10_000))
def test_sql_places_every_customer_as_numpy_does(k: int, d: int, seed: int):
    random = np.random.default_rng(seed)
    # rounded, so that ties and equal centres occur
    model = KMeansModel(random.normal(size=(k, d)).round(random.integers(0, 6)))
    matrix = random.normal(size=(400, d)).round(random.integers(0, 6))
    names = [f'col "{i}"' for i in range(d)]
    table = pa.table({"id": np.arange(400), **dict(zip(names, matrix.T, strict=True))})
    with DuckDB() as db:
        db.load("m", table)
        labels = db.query(f"SELECT {model.sql(names)} AS s FROM m ORDER BY id")["s"].to_numpy()
        placed = db.query(f"{model.sql_select('m', names, ['id'])} ORDER BY id")
    expected = model.place(matrix)
    np.testing.assert_array_equal(labels, model.assign(matrix))
    np.testing.assert_array_equal(placed["segment"].to_numpy(), expected.segment)
    np.testing.assert_array_equal(placed["second"].to_numpy(), expected.second)
    np.testing.assert_array_equal(placed["margin"].to_numpy(), expected.margin)


def test_sql_is_read_by_other_engines():
    from coterie.engine.sql import translate

    text = THREE.sql_select("matrix", ["a", "b"], ["customer_id"])
    assert "DOUBLE PRECISION" in translate(text, "postgres")
    assert translate(text, "spark")


@settings(max_examples=30)
@given(arrays(np.float64, (3, 2), elements=st.floats(-1e9, 1e9)))
def test_json_brings_back_every_bit(centroids: np.ndarray):
    model = KMeansModel(centroids)
    back = KMeansModel.from_dict(json.loads(json.dumps(model.to_dict())))
    np.testing.assert_array_equal(back.centroids, centroids)


def test_what_cannot_be_used_is_refused_with_the_reason():
    with pytest.raises(DataError, match=r"1 of 2 values are not finite"):
        THREE.assign(np.array([[np.nan, 1.0]]))
    with pytest.raises(DataError, match="the model needs 2 columns"):
        THREE.assign(np.ones((3, 4)))
    with pytest.raises(DataError, match="no rows"):
        KMeans().fit(np.empty((0, 2)), 2, seed=0)
    with pytest.raises(ParameterError, match="k is 1 or more"):
        KMeans().fit(np.ones((3, 2)), 0, seed=0)
    with pytest.raises(ParameterError, match="1 column names for a model of 2"):
        THREE.sql(["a"])
    with pytest.raises(ParameterError, match="not finite"):
        KMeansModel(np.array([[np.inf]]))


def test_no_rows_are_placed_as_no_rows():
    assert THREE.assign(np.empty((0, 2))).shape == (0,)
    assert THREE.distances(np.empty((0, 2))).shape == (0, 3)
