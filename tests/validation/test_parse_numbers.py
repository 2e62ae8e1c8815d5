from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError
from coterie.validation.fields import Field
from coterie.validation.parse_numbers import half_even, read_number


def parse(db, raw_of, values, decimal=""):
    raw = raw_of("orders", {"x": values})
    kind = "VARCHAR" if isinstance(next(v for v in values if v is not None), str) else "DOUBLE"
    column = read_number(db, Field(raw.relation, "x", kind, "x"), scale=9, decimal=decimal)
    rows = db.rows(f"SELECT {column.value}, {column.status} FROM {raw.relation} AS r")
    return [
        value if status == 0 else {1: "missing", 2: "bad", 3: "overflow"}[status]
        for value, status in rows
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1.5", "-2", "+3", ".5", "1e-3"], ["1.5", "-2", "3", "0.5", "0.001"]),
        (["1.234,56", "7,5", "-1.000"], ["1234.56", "7.5", "-1000"]),
        (["1,234.56", "1,234", "12"], ["1234.56", "1234", "12"]),
        (["1 234,5", "1\u00a0234\u202f567,25"], ["1234.5", "1234567.25"]),
        (["£1,234.50", "$ 5", "€-3.20", "-£4.00"], ["1234.5", "5", "-3.2", "-4"]),
        (["12.50-", "(3.25)", "(£1,000.00)", "1.5"], ["-12.5", "-3.25", "-1000", "1.5"]),
        (["5 EUR", "EUR 6,50", "7,25 kr"], ["5", "6.5", "7.25"]),
        (["1'234.50", "2"], ["1234.5", "2"]),
        (["12,34,567.50", "1"], ["1234567.5", "1"]),
        (["1.234.567", "2"], ["1234567", "2"]),
    ],
)
def test_numbers_are_read_as_people_write_them(db, raw_of, values, expected):
    assert parse(db, raw_of, values) == [Decimal(text) for text in expected]


def test_what_is_no_number_is_told_from_what_is_missing_or_too_large(db, raw_of):
    values = ["1", "", "  ", None, "abc", "NaN", "inf", "1" * 40, "1.2.3", "1e99"]
    assert parse(db, raw_of, values) == [
        Decimal(1), "missing", "missing", "missing", "bad", "bad", "bad", "overflow", "bad",
        "overflow",
    ]  # fmt: skip


def test_floats_are_taken_by_their_shortest_form_and_nan_is_bad(db, raw_of):
    values = [2.55, float("nan"), float("inf"), None, 1e300]
    assert parse(db, raw_of, values) == [Decimal("2.55"), "bad", "bad", "missing", "overflow"]


def test_an_ambiguous_comma_is_decided_by_the_rest_of_the_column(db, raw_of):
    assert parse(db, raw_of, ["1,234", "1,5"])[0] == Decimal("1.234")
    assert parse(db, raw_of, ["1,234", "1.5"])[0] == Decimal(1234)


def test_an_ambiguous_comma_alone_is_asked_for(db, raw_of):
    with pytest.raises(DataError, match=r"'1,234' .* could be 1,234 or 1\.234.*decimal"):
        parse(db, raw_of, ["1,234", "12"])
    assert parse(db, raw_of, ["1,234"], ",") == [Decimal("1.234")]
    assert parse(db, raw_of, ["1,234"], ".") == [Decimal(1234)]


def test_two_marks_in_one_column_are_asked_for(db, raw_of):
    with pytest.raises(
        DataError, match="1 numbers with a decimal point and 1 with a decimal comma"
    ):
        parse(db, raw_of, ["1.5", "1,5"])


def test_a_column_without_any_number_is_refused(db, raw_of):
    with pytest.raises(DataError, match="holds no numbers: 'mug', 'tea'"):
        parse(db, raw_of, ["mug", "tea"])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=9),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([3, 6]),
)
def test_rounding_is_half_even_and_exact(values, digits):
    ties = [
        value.quantize(Decimal(1).scaleb(-digits)) + Decimal(5).scaleb(-digits - 1)
        for value in values
    ]
    with DuckDB() as db:
        rows = ", ".join(f"('{value:f}')" for value in values + ties)
        got = db.rows(
            f"SELECT {half_even('v', digits)} FROM "
            f"(SELECT CAST(x AS DECIMAL(38, 20)) AS v FROM (VALUES {rows}) AS t(x))"
        )
    expected = [
        int((value.scaleb(digits)).to_integral_value(ROUND_HALF_EVEN)) for value in values + ties
    ]
    assert [value for (value,) in got] == expected


def test_what_exceeds_64_bits_is_null(db):
    ((value,),) = db.rows(
        f"SELECT {half_even('v', 6)} FROM "
        "(SELECT CAST('9223372036854.775808' AS DECIMAL(38, 20)) AS v)"
    )
    assert value is None
