"""What a user may fix: weights that are weights, and rules that can be segments."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config import Settings, make_settings
from coterie.errors import ParameterError
from coterie.segmentation.base import SegmentationParams
from coterie.segmentation.wishes import (
    Rule,
    Weights,
    check_rules,
    lost_by_weights,
    names_of,
    read_weights,
)


def test_the_weighted_mean_is_that_worked_out_by_hand() -> None:
    by = Weights(value=2, stability=1, silhouette=1)
    # (2 * .5 + .8 + (1 + .2) / 2) / 4
    assert by.mean(value=0.5, stability=0.8, describability=0.1, silhouette=0.2) == 0.6
    assert by.mean(value=1.3, stability=0.8, silhouette=None) == 0.7
    assert by.mean() == 1.0


@given(st.tuples(*[st.just(0.0) | st.floats(1e-6, 100)] * 4).filter(any), st.floats(0.01, 100))
def test_only_the_ratio_of_weights_counts(weights: tuple[float, ...], factor: float) -> None:
    names = list(Weights.model_fields)
    one = Weights(**dict(zip(names, weights, strict=True)))
    other = Weights(**{name: w * factor for name, w in zip(names, weights, strict=True)})
    told = {"value": 0.3, "stability": 0.9, "describability": 0.6, "silhouette": -0.2}
    assert one.mean(**told) == pytest.approx(other.mean(**told), abs=1e-9)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"value": -1}, "weights.value=-1"),
        ({"stability": float("nan")}, "weights.stability=nan"),
        ({"value": 0}, "Every weight is 0"),
        ({}, "Every weight is 0"),
    ],
)
def test_what_is_no_weight_is_refused_with_the_known_names(weights: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as told:
        Weights(**weights)
    assert "known: value, stability, describability, silhouette" in str(told.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p=2,stabilty=1", "Did you mean 'stability'"),
        ("p=2,s", "weights='p=2,s': 's'. Write it like"),
        ("p=2,value=1", "'value=1'"),
        ("p=-1", "weights are 0 or more"),
        ("p=nan", "'p=nan'"),
        ("p=0", "every weight is 0"),
    ],
)
def test_weights_in_one_line_that_cannot_be_read_are_refused(text: str, message: str) -> None:
    with pytest.raises(ParameterError) as told:
        read_weights(text)
    assert message in str(told.value)


def test_equal_means_are_told_from_unequal_ones() -> None:
    assert lost_by_weights((0.8, True), 0.8).startswith("your weights give it no more")
    assert lost_by_weights((0.841, True), 0.842).endswith("84.10 against 84.20 of 100")


BIG, LATE = Rule(name="Big", where="monetary > 500"), Rule(name="Late", where="recency > 90")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([Rule(name="Rest")], "holds 0 conditions"),
        ([BIG] * 50, "holds 50 conditions"),
        ([Rule(name="Rest"), BIG], "before the last has no condition"),
        ([Rule(name="Rest"), Rule(name="More")], "holds 0 conditions"),
        ([BIG, Rule(name="big", where="recency > 9")], "Two rules are called 'big'"),
        ([BIG, Rule(name="All others", where="recency > 9")], "Two rules are called 'All others'"),
        ([Rule(name="one two three four five", where="recency > 9")], "name of a segment"),
        ([Rule(name=" ", where="recency > 9")], "name of a segment"),
        ([Rule(name="Big", where="monetary + 1")], "not a condition"),
        ([Rule(name="Big", where="monetary >")], "not SQL that can be read"),
    ],
)
def test_rules_that_cannot_be_segments_are_refused(rules: list[Rule], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        check_rules(rules)


def test_the_last_segment_is_of_all_others_and_can_be_named() -> None:
    assert names_of([BIG, LATE]) == ["Big", "Late", "All others"]
    assert names_of([BIG, Rule(name="The rest")]) == ["Big", "The rest"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"algorithm": "rules"}, "needs rules"),
        ({"rules": [BIG]}, "the algorithm is 'auto'"),
        ({"rules": [BIG], "algorithm": "kmeans"}, "the algorithm is 'kmeans'"),
        ({"rules": [BIG], "algorithm": "rules", "k": 4}, "k is set"),
        ({"rules": [BIG], "algorithm": "rules", "features": ["recency"]}, "features is set"),
        ({"rules": [BIG], "algorithm": "rules", "weights": {"value": 1}}, "weights is set"),
    ],
)
def test_settings_that_contradict_rules_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SegmentationParams(**settings)


def read(toml: str) -> Settings:
    return make_settings(tomllib.loads(toml))


WEIGHTS = "[segmentation]\nweights = { value = 1.0, stability = 0.5 }"


def test_weights_are_read_and_change_what_a_model_depends_on() -> None:
    plain, weighted = read(""), read(WEIGHTS)
    assert weighted.segmentation.weights == Weights(value=1, stability=0.5)
    assert weighted.model_bearing["segmentation"]["weights"] == {
        "value": 1.0,
        "stability": 0.5,
        "describability": 0.0,
        "silhouette": 0.0,
    }
    assert not {"weights", "rules"} & plain.model_bearing["segmentation"].keys()
    assert not {"weights", "rules"} & plain.result_bearing["segmentation"].keys()


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ("{ stabilty = 1 }", "Did you mean 'stability'"),
        ("{ elbow = 1 }", "Known: describability, silhouette, stability, value"),
        ("{ value = -1 }", "known: value, stability, describability, silhouette"),
    ],
)
def test_what_is_no_criterion_or_weight_is_one_clear_error(weights: str, words: str) -> None:
    with pytest.raises(ParameterError) as told:
        read(f"[segmentation]\nweights = {weights}")
    assert words in str(told.value)
    assert "weights" in str(told.value)


RULES = """
[segmentation]
algorithm = "rules"
[[segmentation.rules]]
name = "Big"
where = "monetary > 500 AND recency < 30"
[[segmentation.rules]]
name = "Others"
"""


def test_rules_are_read_in_order() -> None:
    settings = read(RULES)
    assert [rule.name for rule in settings.segmentation.rules] == ["Big", "Others"]
    assert settings.model_bearing["segmentation"]["rules"][0]["name"] == "Big"
    with pytest.raises(ParameterError, match="Did you mean 'where'"):
        read(RULES.replace("where =", "were ="))
    with pytest.raises(ParameterError, match="is not a condition"):
        read(RULES.replace("> 500 AND recency < 30", "+ 1"))
