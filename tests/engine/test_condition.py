"""Conditions over words and numbers: what is put in, and what is asked about."""

from __future__ import annotations

import pytest

from coterie.engine.condition import check_condition, over_numbers
from coterie.engine.sql import renamed
from coterie.errors import ParameterError


def test_words_are_replaced_by_what_the_column_holds() -> None:
    known = {"segment": {"Big": "seg-001", "O'Hara": "seg-002"}}
    found, asked = check_condition(
        "segment IN ('Big', 'O''Hara') AND n > 1", ["n"], known, where="x"
    )
    assert found == "\"segment\" IN ('seg-001', 'seg-002') AND \"n\" > 1"
    assert asked == ("n", "segment")


def test_a_column_of_unknown_words_takes_any() -> None:
    found, _ = check_condition("City <> 'Bonn'", [], {"city": {}}, where="x")
    assert found == "\"city\" <> 'Bonn'"


def test_a_division_by_nothing_is_unknown() -> None:
    found, _ = check_condition("a / b > 1", ["a", "b"], {}, where="x")
    assert found == '"a" / NULLIF("b", 0) > 1'


@pytest.mark.parametrize("text", ["a", "a + 1", "'x'", ""])
def test_what_is_neither_true_nor_false_is_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        check_condition(text, ["a"], {}, where="x")


@pytest.mark.parametrize(
    "text",
    [
        "(a > 1) + 1 > 1",
        "a > TRUE",
        "COALESCE(a, TRUE) > 1",
        "a BETWEEN FALSE AND 3",
        "-TRUE > 1",
        "CASE WHEN a > 1 THEN TRUE ELSE 3 END = 1",
        "(a > 1) > 0",
        "a IN (TRUE, 3)",
    ],
)
def test_what_is_true_or_false_is_no_number(text: str) -> None:
    with pytest.raises(ParameterError, match="true or false, as if it were a number"):
        check_condition(text, ["a"], {}, where="x")


@pytest.mark.parametrize(
    "text",
    [
        "NOT (a > 1 OR a = 0)",
        "a = TRUE",
        "a IS NOT NULL",
        "CASE WHEN (a > 1) THEN 2 ELSE 3 END = 2",
    ],
)
def test_conditions_may_be_joined_and_decide(text: str) -> None:
    assert check_condition(text, ["a"], {}, where="x")[1] == ("a",)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("city <> 'Bonn' OR n BETWEEN 1 AND 2", '"city=Bonn" = 0 OR "n" BETWEEN 1 AND 2'),
        ("'Bonn' = city", '"city=Bonn" = 1'),
        ("city NOT IN ('Ulm', 'Bonn', 'Ulm')", 'NOT "city=Bonn|Ulm" = 0'),
        ("CASE WHEN (n) THEN 2 ELSE 1 END > 1", 'CASE WHEN ("n" <> 0) THEN 2 ELSE 1 END > 1'),
        ("n <> TRUE", '"n" <> 1'),
    ],
)
def test_words_and_flags_become_numbers(text: str, made: str) -> None:
    checked, _ = check_condition(text, ["n"], {"city": {}}, where="x")
    found = over_numbers(
        checked, ["city"], lambda name, words: "=".join([name, *["|".join(words)] * bool(words)])
    )
    assert found == made


def test_a_list_of_words_as_long_as_a_condition_may_be_is_read_again_when_it_was_made() -> None:
    text = f"n IN ({','.join('1' * 900)})"
    checked, _ = check_condition(text, ["n"], {}, where="x")
    assert len(checked) > 2_000
    assert renamed(checked, {"n": "m"}).startswith('"m" IN (1, 1')
