"""Columns judged as a whole give what rows judged one by one give."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import DataError
from coterie.prediction.fields import Field
from coterie.prediction.form import Form
from coterie.prediction.form_columns import read_columns

FORM = Form(
    (
        Field("Age", "number", "Age in years", min=0, max=120, low=18, high=80, required=True),
        Field("Income", "number", "Income", low=-5.5, high=1e6),
        Field("Size", "ordinal", "Size", choices=(("0", "small"), ("1", "big")), low=0, high=1),
        Field("Job", "category", "Job", choices=(("0", "unskilled"), ("skilled", "skilled"))),
        Field("Own", "flag", "Own"),
        Field("Since", "date", "Since"),
    ),
    key="person",
)
ANSWERS = {
    "person": ["a1", " b ", ""],
    "age": ["30", " 45.5 ", "250", "-1", "", "thirty", "1e2", "17", "80", "1,000", "nan", "inf"],
    "Income": ["100", "-5.5", "", "1000000.5", "1 000", "+7"],
    "Size": ["0", "big", "2", "", "small"],
    "Job": ["skilled", "unskilled", "0", "1", "Skilled", "clerk", ""],
    "Own": ["yes", "0", "maybe", ""],
    "Since": ["2024-02-29", "2023-02-29", ""],
    "unused": ["x"],
}
ROW = st.fixed_dictionaries({name: st.sampled_from(some) for name, some in ANSWERS.items()})


@given(st.lists(ROW, min_size=1, max_size=12), st.integers(1, 9))
def test_all_rows_are_read_as_one_by_one(rows, first):
    table = pa.Table.from_pylist(rows)
    whole = read_columns(FORM, table, first=first)
    single = FORM.read(rows, typed=False)
    assert whole.frame.to_pylist() == single.frame.to_pylist()
    assert whole.frame.schema == single.frame.schema
    assert whole.problems == single.problems
    assert whole.extra == single.extra
    assert whole.passed == single.passed == ("unused",)
    given = [row["person"].strip() for row in rows]
    assert list(whole.ids) == [own or str(first + at) for at, own in enumerate(given)]


def test_columns_that_are_not_there_count_as_no_answer():
    found = read_columns(FORM, pa.table({"Income": ["1", "2"]}))
    assert [[one.code for one in problems] for problems in found.problems] == [["missing"]] * 2
    assert found.frame["Age"].to_pylist() == [None, None]


def test_two_columns_of_one_field_are_refused():
    with pytest.raises(DataError, match="both give Age"):
        read_columns(FORM, pa.table({"age": ["1"], "Age in years": ["2"]}))
