"""Who may be offered what: conditions, protected attributes, guards and limits of contact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.errors import ParameterError
from coterie.offers.catalogue import Offer
from coterie.offers.eligibility import Columns, check_offer, eligibility, guard_counts
from coterie.schema import Attribute

COLUMNS = Columns(
    ("spend", "loyal", "age", "PAYMENTS", "MINIMUM_PAYMENTS"),
    ("plan",),
    {"seg-001": "Champions", "none": "no segment"},
    (
        Attribute("age", "number", protected="age (by its name)"),
        Attribute("plan", "category"),
        Attribute("partner", "flag"),
    ),
)
PEOPLE = """
SELECT * FROM (VALUES
  ('a', 'seg-001', 10.0, TRUE, 30.0, 'gold', 20.0, 10.0),
  ('b', 'seg-001', 20.0, FALSE, 40.0, 'free', 5.0, 10.0),
  ('c', 'none', NULL, NULL, NULL, NULL, NULL, 10.0),
  ('d', 'none', 40.0, TRUE, 50.0, 'gold', 10.0, 10.0)
) AS t(customer_id, segment, spend, loyal, age, plan, "PAYMENTS", "MINIMUM_PAYMENTS")
"""


@pytest.fixture
def db() -> Iterator[DuckDB]:
    with DuckDB() as engine:
        engine.create("people", PEOPLE)
        yield engine


def who(db: DuckDB, offer: Offer, column: str = "may") -> str:
    suits = check_offer(db, "people", offer, COLUMNS)
    found = eligibility(db, "people", [suits])
    rows = zip(found["customer_id"].to_pylist(), found[column].to_pylist(), strict=True)
    return "".join(name for name, bit in rows if bit)


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ("", "abcd"),
        ("spend >= 20", "bd"),
        ("NOT spend >= 20", "a"),
        ("spend IS NULL", "c"),
        ("loyal = 1", "ad"),
        ("loyal", None),
        ("NOT loyal", "b"),
        ("segment = 'Champions'", "ab"),
        ("segment = 'seg-001' AND spend < 15", "a"),
        ("segment <> 'Champions'", "cd"),
        ("'none' = segment", "cd"),
        ("plan IN ('gold')", "ad"),
        ("plan IS NULL OR plan = 'free'", "bc"),
        ("SPEND > 20", "d"),
    ],
)
def test_a_condition_holds_for_whom_it_is_true(
    db: DuckDB, condition: str, held: str | None
) -> None:
    if held is None:
        with pytest.raises(ParameterError, match="not a condition"):
            who(db, Offer(id="x", eligible=condition))
    else:
        assert who(db, Offer(id="x", eligible=condition)) == held


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("spnd > 3", "column in offer 'x'='spnd' is not known.*Did you mean 'spend'"),
        ("segment = 'Champion'", "segment in offer 'x'='Champion'.*Did you mean 'Champions'"),
        ("plan = 'gld'", "plan in offer 'x'='gld' is not known.*Did you mean 'gold'"),
        ("plan > 3", "'plan' holds words, and offer 'x' asks about it as if it were a number"),
        ("plan = 3", "holds words"),
        ("plan + 1 = 2", "holds words"),
        ("plan = segment", "holds words"),
        ("spend = 'ten'", "compares 'ten' with what is not a column of words"),
        ("CASE WHEN plan = 'gold' THEN 1 ELSE 0 END = '1'", "compares '1'"),
        ("spend >", "is not SQL that can be read"),
        ("sum(spend) > 3", "is not allowed"),
        ("spend > 3; DROP TABLE people", "exactly one expression|not SQL"),
        ("age > 30", "a protected attribute: age .*include_protected = ..age"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_error(db: DuckDB, condition: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        who(db, Offer(id="x", eligible=condition))


def test_a_protected_attribute_is_asked_about_on_purpose_or_not_at_all(db: DuckDB) -> None:
    named = Offer(id="x", eligible="age > 35", include_protected=("age",))
    assert who(db, named) == "bd"
    with pytest.raises(ParameterError, match="one of credit and asks about 'age'"):
        who(db, Offer(id="x", eligible="age > 35", kind="credit"))


def test_credit_believes_the_name_of_a_column_whatever_the_settings_say(db: DuckDB) -> None:
    db.create("people", f"SELECT *, TRUE AS partner FROM ({PEOPLE})")
    columns = Columns(
        (*COLUMNS.numbers, "partner"), ("plan",), COLUMNS.segments, COLUMNS.attributes
    )
    check_offer(db, "people", Offer(id="x", eligible="partner = 1"), columns)
    with pytest.raises(ParameterError, match=r"asks about 'partner': marital status"):
        check_offer(db, "people", Offer(id="x", eligible="partner = 1", kind="credit"), columns)


def test_credit_asks_no_segment_that_was_made_from_protected_attributes(db: DuckDB) -> None:
    made = Columns(COLUMNS.numbers, (), COLUMNS.segments, COLUMNS.attributes, sensitive=True)
    asks = "segment = 'Champions'"
    check_offer(db, "people", Offer(id="x", eligible=asks), made)
    with pytest.raises(ParameterError, match="segments were made from protected"):
        check_offer(db, "people", Offer(id="x", eligible=asks, kind="credit"), made)


def test_whom_it_suits_is_said_in_words(db: DuckDB) -> None:
    named = replace(COLUMNS, labels={"spend": "money spent"})
    asked = Offer(id="x", eligible="SPEND >= 20 AND segment = 'Champions'")
    said = check_offer(db, "people", asked, named).why
    assert said == "Because money spent is at least 20 and segment is Champions"
    own = Offer(id="x", eligible="spend > 1", reason="She spends.")
    assert check_offer(db, "people", own, named).why == "She spends"
    assert check_offer(db, "people", Offer(id="x"), named).why == "Open to everybody"


def test_guards_hold_back_whoever_they_are_for_and_the_unknown(db: DuckDB) -> None:
    loan = Offer(id="x", kind="credit")
    assert who(db, loan) == "ad"
    assert who(db, loan, "guarded") == "bc"
    assert who(db, Offer(id="x", kind="credit", allow=("payments",))) == "abcd"
    suits = check_offer(db, "people", loan, COLUMNS)
    assert suits.unchecked == ("cash_advance", "utilisation")
    assert guard_counts(db, "people", [suits]) == {"x": {"payments": 2}}


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"), st.integers(60, 100), st.sampled_from([True, False, None])
        ),
        max_size=25,
    ),
    st.integers(0, 40),
    st.integers(1, 3),
)
@settings(max_examples=12, deadline=None)
def test_nobody_is_contacted_more_often_than_allowed(
    touches: list[tuple[str, int, bool | None]], days: int, most: int
) -> None:
    rows = ", ".join(
        f"('{name}', {day}, {'NULL' if told is None else told})" for name, day, told in touches
    )
    with DuckDB() as db:
        db.create("people", PEOPLE)
        db.create(
            "touches",
            "SELECT customer_id, day, CAST(treated AS BOOLEAN) AS treated FROM (VALUES "
            f"{rows or '(NULL, 0, NULL)'}) AS t(customer_id, day, treated)",
        )
        offer = Offer(id="x", contact_days=days, max_contacts=most, eligible="spend > 0")
        suits = check_offer(db, "people", offer, COLUMNS)
        found = eligibility(db, "people", [suits], touches="touches", as_of=95)
    for row in found.to_pylist():
        name = row["customer_id"]
        own = [d for who, d, told in touches if who == name and told is not False]
        full = days > 0 and sum(95 - days <= d < 95 for d in own) >= most
        assert (row["may"], row["waits"]) == ((0, 0) if name == "c" else (int(not full), int(full)))
