"""Bisecting k-means, spectral clustering, self-organising map, distilled tree, rules."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import make_circles
from sklearn.metrics import adjusted_rand_score

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.features.matrix import Matrix
from coterie.features.splits import Split
from coterie.segmentation.bisecting import BisectingKMeans
from coterie.segmentation.centroids import KMeans
from coterie.segmentation.exemplars import ExemplarModel
from coterie.segmentation.graph import Spectral
from coterie.segmentation.maps import SelfOrganisingMap
from coterie.segmentation.placing import labels_of, make_frame, place
from coterie.segmentation.rules import Rules, RulesModel
from coterie.segmentation.tree import DistilledTree, TreeModel


def blobs(k: int, n: int = 1_200, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Customers around ``k`` corners of a grid, 8 standard deviations apart."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, k, n)
    corners = np.array([[8.0 * (i % 3), 8.0 * (i // 3)] for i in range(k)])
    return corners[truth] + random.normal(size=(n, 2)), truth


def test_bisecting_cuts_the_widest_segment_first_by_hand():
    rows = np.array([[0.0], [1.0], [2.0], [50.0], [60.0]])
    assert BisectingKMeans().fit(rows, 2, seed=0).centroids.tolist() == [[1.0], [55.0]]
    assert BisectingKMeans().fit(rows, 3, seed=0).centroids.tolist() == [[1.0], [50.0], [60.0]]


def test_bisecting_keeps_groups_within_groups():
    random = np.random.default_rng(0)
    rows = np.repeat([0.0, 5.0, 40.0, 45.0], 100)[:, None] + random.normal(size=(400, 1)) / 4
    coarse, fine = (BisectingKMeans().fit(rows, k, seed=0).assign(rows) for k in (2, 4))
    pairs = np.unique(np.column_stack([coarse, fine]), axis=0).tolist()
    assert pairs == [[0, 0], [0, 1], [1, 2], [1, 3]]


def test_fidelity_of_bisecting_counts_who_is_nearer_to_another_centre():
    rows = np.random.default_rng(0).uniform(size=(2_000, 2))
    model = BisectingKMeans().fit(rows, 7, seed=0)
    assert 0.8 < model.fidelity < 1.0


def test_spectral_finds_a_ring_around_a_group_where_k_means_cannot():
    rows, truth = make_circles(1_500, noise=0.04, factor=0.4, random_state=0)
    model = Spectral().fit(rows, 2, seed=0)
    assert adjusted_rand_score(truth, model.assign(rows)) > 0.98
    assert adjusted_rand_score(truth, KMeans().fit(rows, 2, seed=0).assign(rows)) < 0.1
    new, ring = make_circles(500, noise=0.04, factor=0.4, random_state=9)
    assert adjusted_rand_score(ring, model.assign(new)) > 0.98


def test_spectral_places_more_customers_than_it_joins():
    rows, truth = blobs(4, 6_000)
    assert adjusted_rand_score(truth, Spectral().fit(rows, 4, seed=0).assign(rows)) > 0.99


@pytest.mark.parametrize("k", [2, 4, 6])
def test_planted_groups_are_found_by_the_map(k: int):
    rows, truth = blobs(k)
    model = SelfOrganisingMap().fit(rows, k, seed=0)
    assert adjusted_rand_score(truth, model.assign(rows)) > 0.99
    assert len(model.points) <= 100


def test_the_map_draws_nothing_at_random():
    rows, _ = blobs(3)
    one, other = (SelfOrganisingMap().fit(rows, 3, seed=seed).to_dict() for seed in (0, 99))
    assert one == other


def test_units_of_the_map_are_means_of_many_customers():
    rows, _ = blobs(3, 300)
    rows[0] = [90.0, 90.0]
    assert SelfOrganisingMap().fit(rows, 3, seed=0).points.max() < 90


def test_the_tree_cuts_where_the_score_jumps_by_hand():
    matrix = np.column_stack([np.arange(100.0), np.tile([0.0, 1.0], 50)])
    score = np.where(matrix[:, 0] < 30, 0.0, np.where(matrix[:, 1] > 0, 9.0, 5.0))
    model = DistilledTree(score).fit(matrix, 3, seed=0)
    assert model.splits == (Split(0, 29.5, -1, 1), Split(1, 0.5, -2, -3))
    assert model.assign(np.array([[29.5, 1.0], [29.6, 0.5], [70.0, 0.6]])).tolist() == [0, 1, 2]
    assert model.fidelity == 1.0


def test_without_a_target_the_last_column_is_told_by_the_others_and_not_asked():
    random = np.random.default_rng(0)
    matrix = random.normal(size=(500, 3))
    matrix[:, 2] = np.where(matrix[:, 1] > 0, 3.0, -3.0) + 0.1 * random.normal(size=500)
    model = DistilledTree().fit(matrix, 4, seed=0)
    assert {split.column for split in model.splits} <= {0, 1}
    assert model.splits[0].column == 1


def test_no_leaf_is_smaller_than_a_segment_of_substance():
    random = np.random.default_rng(0)
    matrix, score = random.normal(size=(1_000, 2)), random.lognormal(sigma=2, size=1_000)
    labels = DistilledTree(score).fit(matrix, 12, seed=0).assign(matrix)
    assert np.bincount(labels).min() >= 20


def test_a_tree_of_one_leaf_is_everybody():
    model = DistilledTree().fit(np.arange(8.0)[:, None], 1, seed=0)
    assert model.sql(["x"]) == "0"
    assert TreeModel.from_dict(model.to_dict()).assign(np.zeros((2, 1))).tolist() == [0, 0]


def test_the_first_rule_that_holds_decides_and_null_does_not_hold():
    rules = RulesModel(("spend", "orders"), ("spend / orders > 100", "orders >= 0", "spend > 0"))
    rows = np.array([[900.0, 2.0], [900.0, 0.0], [50.0, 1.0], [5.0, -1.0], [-5.0, -1.0]])
    assert rules.assign(rows).tolist() == [0, 1, 1, 2, 3]


def test_rules_are_written_over_columns_of_other_names():
    rules = RulesModel(("a", "b"), ("a > b",))
    assert rules.sql(["b", "x y"]) == 'CASE WHEN "b" > "x y" THEN 0 ELSE 1 END'


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("spned > 3", "Did you mean 'spend'"),
        ("spend + 1", "which is not a condition"),
        ("spend > 1; DROP TABLE x", "needs exactly one expression"),
        ("spend > (SELECT 1)", "is not allowed"),
        ("read_text('x') = 'y'", "is not allowed"),
        ("spend >", "not SQL that can be read"),
    ],
)
def test_rules_that_will_not_do_are_refused(condition: str, words: str):
    with pytest.raises(ParameterError, match=words):
        Rules(["spend"], ["spend > 9", condition])


def test_rules_are_at_least_one():
    with pytest.raises(ParameterError, match=r"0 rules\. Write 1 to 49"):
        Rules(["spend"], [])
    with pytest.raises(DataError, match="the model needs 1 columns"):
        Rules(["spend"], ["spend > 9"]).fit(np.zeros((2, 2)), 2, seed=0)


def test_customers_of_no_dense_region_are_assigned_to_none_as_noise():
    model = ExemplarModel(np.array([[0.0], [9.0]]), np.array([0, 1], np.int32), np.ones(2))
    frame = pa.table(
        {
            "customer_id": ["a", "b", "c", "d"],
            "status": ["ok", "ok", "no_orders", "ok"],
            "x": [0.5, 4.0, None, 9.0],
        }
    )
    with DuckDB() as db:
        db.load("features", frame)
        make_frame(db, Matrix.plain(["x"]))
        place(db, Matrix.plain(["x"]), model, ["seg-001", "seg-002"])
        rows = db.rows("SELECT customer_id, segment_id, second_id, status FROM assignments")
        assert labels_of(db, Matrix.plain(["x"]), model).tolist() == [0, -1, 1]
    assert rows == [
        ("a", "seg-001", "seg-002", "ok"),
        ("b", "none", "seg-001", "noise"),
        ("c", "none", None, "no_orders"),
        ("d", "seg-002", "seg-001", "ok"),
    ]
