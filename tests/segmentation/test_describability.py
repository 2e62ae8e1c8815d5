from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import ParameterError
from coterie.segmentation.describability import describability


def test_two_segments_that_one_rule_tells_apart_are_described_whole():
    days = np.repeat([3.0, 90.0], 30)
    found = describability((days > 30).astype(np.int32), days[:, None], seed=0)
    assert found.accuracy == 1.0
    assert [(s.recall, s.precision) for s in found.segments] == [(1.0, 1.0), (1.0, 1.0)]


def test_features_that_say_nothing_describe_only_the_largest_segment():
    # a constant: every fold's rule is "the largest", 70 of 100 right
    labels = np.repeat([0, 1], [70, 30]).astype(np.int32)
    found = describability(labels, np.ones((100, 1)), seed=0)
    assert found.accuracy == pytest.approx(0.7)
    assert [(s.recall, s.precision) for s in found.segments] == [(1.0, 0.7), (0.0, 0.0)]


def test_rules_have_at_most_two_leaves_a_segment():
    # stripes 0 1 0 1 ... need a leaf each; two segments may have four
    stripe = np.repeat(np.arange(10), 100)
    found = describability((stripe % 2).astype(np.int32), stripe[:, None].astype(float), seed=0)
    assert found.accuracy <= 0.8


def test_noise_learnt_by_heart_does_not_count():
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 400).astype(np.int32)
    assert describability(labels, random.normal(size=(400, 6)), seed=0).accuracy < 0.35


def test_missing_values_are_filled_and_told():
    random = np.random.default_rng(1)
    labels = np.repeat([0, 1], 100).astype(np.int32)
    value = np.where(labels == 1, np.nan, random.normal(size=200))
    mostly_gone = np.where(np.arange(200) % 3 < 2, np.nan, labels)
    assert describability(labels, value[:, None], seed=0).accuracy == 1.0
    assert describability(labels, mostly_gone[:, None], seed=0).accuracy == 0.5


@settings(max_examples=10)
@given(st.permutations(range(4)), st.integers(0, 9))
def test_the_numbers_of_the_segments_do_not_matter(names: list[int], seed: int):
    rows = np.random.default_rng(seed).normal(size=(60, 2))
    labels = (rows[:, 0] > 0).astype(np.int32) + 2 * (rows[:, 1] > 0).astype(np.int32)
    renamed = np.array(names, dtype=np.int32)[labels]
    by_name = describability(renamed, rows, seed=0).segments
    assert len(by_name) == len(describability(labels, rows, seed=0).segments)
    assert describability(renamed, rows, seed=0).accuracy > 0.7


def test_bad_input_is_named():
    with pytest.raises(ParameterError, match="3 labels"):
        describability(np.zeros(3, np.int32), np.ones((3, 1)), seed=0)
    with pytest.raises(ParameterError, match="no infinite"):
        describability(np.zeros(6, np.int32), np.full((6, 1), np.inf), seed=0)
