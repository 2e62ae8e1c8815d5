from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from coterie.errors import ParameterError
from coterie.segmentation.centroids import KMeans, KMeansModel
from coterie.segmentation.dip import dips
from coterie.segmentation.structure import (
    Structure,
    evenness,
    gap_z,
    is_natural,
    prediction_strength,
    structure,
)

N = 600


def fit(k: int, rows: np.ndarray, seed: int) -> KMeansModel:
    return KMeans().fit(rows, k, seed=seed)


def look(rows: np.ndarray, k: int, *, seed: int = 0) -> Structure:
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    names = [f"feature {i}" for i in range(rows.shape[1])]
    labels = fit(k, rows, 0).assign(rows)
    return structure(rows, labels, partial(fit, k), features=names, seed=seed)


def blobs(distance: float, n: int = N, k: int = 3) -> np.ndarray:
    random = np.random.default_rng(0)
    centres = distance * np.eye(k, 4)
    return centres[np.arange(n) % k] + random.normal(size=(n, 4))


def test_separate_blobs_are_natural():
    found = look(blobs(8), 3)
    assert found.natural
    assert found.strength > 0.99
    assert found.gap_z > 20
    assert found.dip_share == 1
    assert found.evenness == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("shape", ["sphere", "cube", "ellipsoid"])
def test_a_cloud_of_any_shape_is_not(shape: str):
    random = np.random.default_rng(1)
    rows = random.uniform(size=(N, 4)) if shape == "cube" else random.normal(size=(N, 4))
    if shape == "ellipsoid":
        rows = rows @ random.normal(size=(4, 4))
    found = look(rows, 5)
    assert not found.natural
    assert found.gap_z < 3
    assert found.strength < 0.8


def test_overlapping_blobs_still_show_more_than_correlation():
    assert look(blobs(4.5), 3).gap_z > 3


def test_a_cigar_comes_back_without_being_two_groups():
    rows = np.random.default_rng(2).normal(size=(N, 3)) * [9, 1, 1] @ np.ones((3, 3))
    rows += np.random.default_rng(3).normal(size=(N, 3))
    found = look(rows, 2)
    assert found.strength > 0.8
    assert not found.natural


def test_prediction_strength_by_hand():
    # four values; the "fit" puts half of the zeros elsewhere whatever the rows
    class Half:
        def __init__(self, border: float) -> None:
            self.border = border

        def assign(self, rows: np.ndarray) -> np.ndarray:
            return (rows[:, 0] > self.border).astype(np.int32)

    borders = iter([0.5, 1.5] * 10)
    rows = np.tile([[0.0], [1.0], [2.0]], (200, 1))
    found = prediction_strength(rows, lambda _rows, _seed: Half(next(borders)), seed=0)
    # of 1s and 2s (thirds), split by the other fit into halves: (1/2)^2 + (1/2)^2;
    # of 0s and 1s likewise: the worst segment has about half of its pairs together
    assert found == pytest.approx(0.5, abs=0.02)


def test_the_feature_behind_a_dip_is_named_with_its_spike():
    random = np.random.default_rng(4)
    buys = np.arange(N) % 2 == 0
    rows = np.column_stack([np.where(buys, 5 + random.normal(size=N), 0), random.normal(size=N)])
    found = dips(rows, buys.astype(np.int32), ("spend", "age"))
    assert [dip.apart for dip in found] == [True, True]
    assert [dip.neighbour for dip in found] == [1, 0]
    assert {dip.feature for dip in found} == {"spend"}
    assert found[0].share > 0.99
    assert found[0].spike == 0.5


def test_columns_of_one_feature_count_together():
    rows = np.zeros((40, 3))
    rows[20:] = [0.8, 0.8, 1.0]
    found = dips(rows, np.repeat([0, 1], 20).astype(np.int32), ("colour", "colour", "size"))
    assert found[0].feature == "colour"
    assert found[0].share == pytest.approx(1.28 / 2.28)


def test_entropy_by_hand():
    # 3/4 and 1/4: (.75 log2(4/3) + .25 * 2) bits of 1
    assert evenness(np.array([0, 0, 0, 2])) == pytest.approx(0.8112781)


@settings(max_examples=10)
@given(st.permutations(range(3)))
def test_the_numbers_of_the_segments_do_not_matter(names: list[int]):
    rows = blobs(6, 90)
    labels = fit(3, rows, 0).assign(rows)
    renamed = np.array(names, dtype=np.int32)[labels]
    mine, other = dips(rows, labels, "abcd"), dips(rows, renamed, "abcd")
    assert [other[names[i]].p for i in range(3)] == pytest.approx([dip.p for dip in mine])
    assert evenness(renamed) == pytest.approx(evenness(labels))


@pytest.mark.parametrize(("distance", "k"), [(8, 3), (8, 4), (4.5, 3), (1, 3)])
def test_the_short_way_to_natural_answers_as_the_long_one(distance: float, k: int):
    rows = blobs(distance, 200)
    labels = fit(k, rows, 0).assign(rows)
    given = (rows, labels, partial(fit, k))
    assert (
        is_natural(*given, features="abcd", seed=0)
        == structure(*given, features="abcd", seed=0).natural
    )


def test_a_category_alone_is_no_group():
    random = np.random.default_rng(0)
    city = random.integers(0, 3, 900)
    rows = np.column_stack([random.normal(size=900), *(2.0 * (city == c) for c in range(3))])
    given = (rows, fit(3, rows, 0).assign(rows), partial(fit, 3))
    found = structure(*given, features=("spend", "city", "city", "city"), seed=0)
    assert found.gap_z < 3


def test_a_formula_is_no_group():
    orders = np.random.default_rng(0).normal(size=1_000)
    rows = np.column_stack([orders, orders**2])  # the second tells nothing new
    given = (rows, fit(4, rows, 0).assign(rows), partial(fit, 4))
    blind = structure(*given, features=("orders", "value"), seed=0)
    told = structure(*given, features=("orders", "value"), derived=("value",), seed=0)
    assert blind.gap_z > 3 > told.gap_z
    assert (blind.strength, blind.dips) == (told.strength, told.dips)


def test_the_same_bytes_at_any_number_of_threads_and_seed():
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(repr(look(blobs(6), 3)))
    assert found[0] == found[1]
    assert look(blobs(6), 3, seed=7).gap_z != look(blobs(6), 3).gap_z


def test_many_customers_are_sampled():
    found = look(blobs(8, 12_000), 3)
    assert found.n == 3_000
    assert found.natural


def test_rows_without_spread_have_no_gap():
    rows = np.repeat(np.eye(3), 10, axis=0)
    assert gap_z(rows, partial(fit, 3), seed=0) == 0.0
    assert dips(rows, np.zeros(30, np.int32), "abc") == ()


def test_rows_and_names_must_match():
    rows = blobs(5, 30)
    with pytest.raises(ParameterError, match="One label a row"):
        structure(rows, np.zeros(30, np.int32), partial(fit, 2), features=("a",), seed=0)


def test_in_a_wide_table_a_sample_of_the_features_tells_groups_from_none():
    random = np.random.default_rng(2)
    cloud = random.normal(size=(200, 300))
    groups = (
        cloud + 3.0 * (np.arange(200) % 3 == 1)[:, None] - 3.0 * (np.arange(200) % 3 == 2)[:, None]
    )
    assert look(groups, 3).gap_z > 10
    assert look(cloud, 3).gap_z < 3
