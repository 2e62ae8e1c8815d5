"""Every answer is judged by itself, and all that is wrong is told at once, field by field."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import ParameterError
from coterie.prediction.fields import Field, judge, make_field
from coterie.prediction.form import Form
from coterie.prediction.labels import target_of
from coterie.prediction.words import tiers
from coterie.schema import Attribute, ColumnParams

EDUCATION = (("0", "other"), ("1", "high school"), ("2", "university"))


def column(*values):
    return pa.chunked_array([pa.array(values)])


def form() -> Form:
    made = [
        (Attribute("Age", "number", protected="age (by its name)"), column(18.0, 33.0, 76.0)),
        (Attribute("Income", "number", unit="USD"), column(35_000.0, 90_000.0, None)),
        (Attribute("Education", "ordinal", labels=EDUCATION), column(0.0, 1.0, 2.0)),
        (Attribute("Job", "category"), column("skilled", "manager", "skilled")),
        (Attribute("Loyal", "flag"), column(True, False, True)),
        (Attribute("Since", "date"), pa.chunked_array([pa.array([0, 10, 20], pa.int32())])),
    ]
    fields = [make_field(one, values, ColumnParams(), used=True) for one, values in made]
    goal = Field("risk_appetite", "extra", "risk_appetite", choices=(("low", "low"), ("hi", "hi")))
    return Form((*fields, goal), key="CUST_ID")


WHOLE = {
    "CUST_ID": "C1",
    "age": 40,
    "Income": "50,000",
    "education": "University",
    "JOB": "Manager",
    "Loyal": "yes",
    "Since": "1970-01-03",
    "risk appetite": "LOW",
}


def test_words_codes_and_names_in_any_case_are_understood():
    found = form().read([WHOLE, WHOLE | {"education": 2, "Income": "50000.0", "Loyal": 1}])
    assert found.ids == ("C1", "C1")
    row = {"Age": 40.0, "Income": 50_000.0, "Education": 2.0, "Job": "manager", "Loyal": True}
    assert found.frame.to_pylist() == [row | {"Since": 2}] * 2
    assert found.problems == ((), ())
    assert found.extra == ({"risk_appetite": "low"},) * 2


def test_the_form_tells_what_is_needed_and_what_can_be_picked():
    age, income, education, job, *_ = form().fields
    assert (age.min, age.max, age.low, age.high, age.example) == (0.0, 120.0, 18.0, 76.0, "33")
    assert age.required
    assert not income.required  # some customers lack it
    assert education.choices == EDUCATION
    assert education.example == "high school"
    assert job.choices == (("manager", "manager"), ("skilled", "skilled"))


@pytest.mark.parametrize(
    ("name", "answer", "code", "fatal", "words"),
    [
        ("age", 250, "impossible", True, "250 is above 120"),
        ("Income", -1, "impossible", True, "-1 USD is below 0 USD"),
        ("age", "forty", "not_a_value", True, "'forty' is not a number"),
        ("age", "nan", "not_a_value", True, "not a number"),
        ("age", "", "missing", True, "Age is needed. For example 33."),
        ("education", "master", "not_a_value", True, "other, high school, university"),
        ("Loyal", "perhaps", "not_a_value", True, "neither yes nor no"),
        ("Since", "yesterday", "not_a_value", True, "2024-05-31"),
        ("risk appetite", "huge", "not_a_value", True, "not one of low, hi"),
        ("JOB", "manger", "unseen", False, "Did you mean manager?"),
        ("Income", 1_000_000, "unusual", False, "outside what customers have (35,000 USD to"),
    ],
)
def test_what_is_wrong_with_an_answer_is_told(name, answer, code, fatal, words):
    (problems,) = form().read([WHOLE | {name: answer}]).problems
    assert [(one.code, one.fatal) for one in problems] == [(code, fatal)]
    assert words in problems[0].message


def test_everything_wrong_is_told_at_once_and_an_unknown_name_gets_the_nearest():
    (problems,) = form().read([{"Aeg": 3, "Income": -1}]).problems
    assert [one.code for one in problems] == ["unknown_field", "missing", "impossible"] + [
        "missing"
    ] * 4
    assert "Did you mean Age?" in problems[0].message
    (passed,) = form().read([WHOLE | {"Aeg": 3}], typed=False).problems
    assert passed == ()


def test_a_field_given_twice_with_two_answers_is_refused():
    (problems,) = form().read([WHOLE | {"Age": 30, "age": 20}]).problems
    assert [(one.field, one.fatal) for one in problems] == [("Age", True)]
    assert "given twice" in problems[0].message
    (same,) = form().read([WHOLE | {"Age": 30, "age": 30}]).problems
    assert same == ()


def test_what_the_settings_say_wins_over_what_is_guessed():
    one = Attribute("BALANCE", "number")
    field = make_field(one, column(0.0, 5.0), ColumnParams(min=-100, max=50), used=True)
    assert judge(field, -20)[0] == -20.0
    assert judge(field, 51)[1][0].code == "impossible"


def test_a_form_is_the_same_after_json():
    assert Form.from_dict(json.loads(json.dumps(form().to_dict()))) == form()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234", 1234.0),
        ("1,234,567.5", 1_234_567.5),
        ("12,5", 12.5),
        ("-3", None),
        ("1.234,5", None),
        ("1,23,4", None),
        pytest.param(10**5000, None, id="long"),
        (float("inf"), None),
        ([1], None),
    ],
)
def test_numbers_are_read_in_one_way_or_not_at_all(text, number):
    field = Field("x", "number", "x", min=0.0)
    assert judge(field, text)[0] == number


@given(st.dictionaries(st.sampled_from([*WHOLE]), st.text(max_size=30) | st.integers() | st.none()))
def test_no_answer_breaks_the_form(given):
    found = form().read([given])
    assert found.frame.num_rows == 1
    assert all(one.message for one in found.problems[0])


def test_numbers_of_many_values_become_thirds_in_order():
    values = column(*[float(n) for n in range(90)])
    found = target_of(Attribute("Income", "number"), values, lambda value: f"{value:g}")
    assert found.order == ("Income up to 29", "Income 30 to 59", "Income from 60")
    assert [found.labels.count(name) for name in found.order] == [30, 30, 30]
    assert found.values == (0.0, 1.0, 2.0)


def test_labels_are_words_in_their_order():
    ordinal = Attribute("Education", "ordinal", labels=EDUCATION)
    field = make_field(ordinal, column(2.0, 0.0, None), ColumnParams(), used=False)
    found = target_of(ordinal, column(2.0, 0.0, None), field.say)
    assert (found.labels, found.order) == (("university", "other", None), ("other", "university"))
    with pytest.raises(ParameterError, match="cannot be predicted"):
        target_of(Attribute("Since", "date"), column(1), str)
    equal = column(*[0.0] * 50, *[float(n) for n in range(20)])
    with pytest.raises(ParameterError, match="equal values"):
        target_of(Attribute("Spend", "number"), equal, str)


def test_segments_become_tiers_in_the_order_of_a_column():
    found = tiers([("a", 5.0), ("b", 1.0), ("c", 3.0)], "Income")
    assert found == {"b": "not potential", "c": "potential", "a": "highly potential customer"}
    with pytest.raises(ParameterError, match="three tiers"):
        tiers([("a", 5.0), ("b", 1.0)], "Income")
