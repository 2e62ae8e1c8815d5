"""Which attributes are clustered by, and which columns are taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import DataError, ParameterError
from coterie.features.attributes import attribute_columns, correlated_groups
from coterie.schema import Attribute

TABLE = (
    Attribute("email", "key"),
    Attribute("income", "number"),
    Attribute("age", "number", protected="age (by its name)"),
    Attribute("region", "category", role="geography"),
    Attribute("notes", "ignore"),
    Attribute("member", "flag"),
    Attribute("joined", "date"),
    Attribute("churn", "flag"),
)


def names(**choice) -> list[str]:
    return [attribute.name for attribute in attribute_columns(TABLE, **choice)]


def test_keys_ignored_and_protected_columns_are_left_out():
    assert names() == ["income", "region", "member", "joined", "churn"]


def test_a_protected_attribute_enters_by_its_recorded_line():
    assert names(include_protected=["age"])[:2] == ["income", "age"]


def test_naming_a_protected_attribute_as_a_feature_is_not_enough():
    with pytest.raises(ParameterError, match='put "age" into include_protected'):
        names(features=["age"])
    assert names(features=["age"], include_protected=["age"]) == ["age"]


@pytest.mark.parametrize(
    ("lens", "chosen"),
    [
        ("value", []),
        ("behaviour", []),
        ("geographic", ["region"]),
        ("demographic", ["income", "member", "joined", "churn"]),
        ("custom", ["income", "region", "member", "joined", "churn"]),
    ],
)
def test_the_lens_chooses(lens: str, chosen: list[str]):
    assert names(lens=lens) == chosen


def test_the_users_features_win_over_the_lens_and_keep_their_order():
    assert names(features=["member", "income", "member"], lens="geographic") == ["member", "income"]


def test_the_outcome_is_not_clustered_by():
    assert "churn" not in names(outcome="churn")
    with pytest.raises(ParameterError, match="'churn' is the outcome"):
        names(features=["churn"], outcome="churn")


def test_unknown_names_are_told_with_the_nearest():
    with pytest.raises(ParameterError, match="Did you mean 'income'"):
        names(features=["incme"])
    with pytest.raises(ParameterError, match="Did you mean 'age'"):
        names(include_protected=["agee"])
    with pytest.raises(ParameterError, match="Did you mean 'geographic'"):
        names(lens="geographical")
    with pytest.raises(ParameterError, match="'email' is of kind 'key'"):
        names(features=["email"])


def test_groups_match_the_hand_calculation():
    # a and b = 3 - 2a: r = -1. c against a: centred (-1, 0, 1) and (-1, 1, 0):
    # r = 1 / (sqrt 2 * sqrt 2) = .5, which .4 groups and .95 does not.
    a = np.array([0.0, 1.0, 2.0])
    matrix = np.column_stack([a, [1.0, 3.0, 2.0], 3 - 2 * a])
    (group,) = correlated_groups(matrix, ["a", "c", "b"])
    assert (group.kept, group.others, group.left_out) == ("a", (("b", -1.0),), ("b",))
    (wide,) = correlated_groups(matrix, ["a", "c", "b"], threshold=0.4)
    assert wide.others == (("c", 0.5), ("b", -1.0))


def test_groups_do_not_grow_along_a_chain():
    # Unit vectors at 0, 15 and 30 degrees: neighbours have r = cos 15 = .966, the ends .866.
    basis = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])
    angles = np.radians([0.0, 15.0, 30.0])
    matrix = np.column_stack([np.cos(t) * basis[0] + np.sin(t) * basis[1] for t in angles])
    (group,) = correlated_groups(matrix, ["first", "middle", "last"])
    assert (group.kept, group.left_out) == ("first", ("middle",))


def test_columns_without_spread_and_two_rows_have_no_groups():
    assert correlated_groups(np.ones((5, 3)), ["a", "b", "c"]) == ()
    assert correlated_groups(np.array([[0.0, 0.0], [1.0, 1.0]]), ["a", "b"]) == ()


def test_the_two_columns_of_a_flag_are_not_each_others_copies():
    yes = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
    flag = np.column_stack([yes, 1 - yes])
    assert correlated_groups(flag, ["f=true", "f=false"], sources=["f", "f"]) == ()
    # The same flag again is a copy: both of its columns are.
    twice = np.column_stack([flag, flag])
    (group,) = correlated_groups(twice, list("abcd"), sources=["f", "f", "g", "g"])
    assert (group.kept, group.left_out) == ("f", ("g",))


def test_a_category_that_shares_one_level_is_kept():
    # Both columns say "no internet"; where there is internet they differ.
    none = np.array([1, 1, 0, 0, 0, 0.0])
    film, music = np.array([0, 0, 1, 1, 0, 0.0]), np.array([0, 0, 1, 0, 1, 0.0])
    matrix = np.column_stack([none, film, none, music])
    assert correlated_groups(matrix, list("abcd"), sources=["tv", "tv", "radio", "radio"]) == ()


def test_gaps_and_wrong_lengths_are_refused():
    with pytest.raises(DataError, match="1 of 6 values are not finite"):
        correlated_groups(np.array([[1.0, 2.0], [np.nan, 1.0], [0.0, 3.0]]), ["a", "b"])
    with pytest.raises(ParameterError, match="one name and one source"):
        correlated_groups(np.ones((3, 2)), ["a"])
    with pytest.raises(ParameterError, match="0 to 1"):
        correlated_groups(np.ones((3, 1)), ["a"], threshold=2)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 8), st.floats(0.05, 0.99))
def test_the_groups_keep_what_numpys_correlation_says(seed: int, width: int, threshold: float):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(40, width)) + rng.normal(size=(40, 1)) * rng.uniform(0, 5)
    labels = [f"c{i}" for i in range(width)]
    groups = correlated_groups(matrix, labels, threshold=threshold)
    r = np.abs(np.corrcoef(matrix, rowvar=False))
    out = {name: group.kept for group in groups for name in group.left_out}
    kept = [i for i, name in enumerate(labels) if name not in out]
    assert all(r[i, j] <= threshold + 1e-9 for i in kept for j in kept if i != j)
    for name, keeper in out.items():
        assert labels.index(keeper) < labels.index(name)
        assert r[labels.index(keeper), labels.index(name)] > threshold - 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_a_copy_in_other_units_is_always_left_out_whatever_the_order_of_rows(seed: int):
    rng = np.random.default_rng(seed)
    plain = rng.normal(size=(30, 3))
    factor = rng.choice([-1e-150, -3.0, 1e-6, 1e150])
    matrix = np.column_stack([plain, factor * plain[:, 1]])
    groups = correlated_groups(matrix, ["a", "b", "c", "copy"])
    assert [(g.kept, g.left_out) for g in groups] == [("b", ("copy",))]
    assert correlated_groups(matrix[rng.permutation(30)], ["a", "b", "c", "copy"]) == groups
