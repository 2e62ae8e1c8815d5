"""What is counted of columns, alone or many in one statement."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.validation import infer_facts
from coterie.validation.infer_facts import Facts, table_facts

CELL = st.none() | st.sampled_from(
    ["", " ", "3", "-3", "0", "1.50", "£5", "(3)", "1e5", "inf", "nan", "yes", "1577836800",
     "2020-01-31", "31/01/2020", "01/31/2020", "19970101", "1 Jan 2020", "two words"]
)  # fmt: skip


def facts(columns: Sequence[Sequence[str | None]]) -> list[Facts]:
    table = pa.table(
        [pa.array(c, pa.string()) for c in columns], names=list("abcde"[: len(columns)])
    )
    with DuckDB() as db:
        db.load("t", table)
        return list(table_facts(db, "t").columns.values())


def test_a_column_of_money_and_one_of_dates_by_hand() -> None:
    money, dates = facts([["£5", "-3", "1.50", None], ["31/01/2020", "2020-01-31", " ", "5"]])
    assert (money.rows, money.missing, money.distinct, money.negative) == (4, 1, 3, 1)
    assert (money.number, money.integer, money.fraction, money.sign) == (1.0, 1 / 3, 1 / 3, "GBP")
    assert (money.low, money.high) == (-3.0, 1.5)
    assert (dates.iso, dates.parts, dates.first_big, dates.number) == (1 / 3, 1 / 3, 1, 1 / 3)
    assert dates.levels == ("2020-01-31", "31/01/2020", "5")


def test_a_table_without_rows_has_facts_of_nothing() -> None:
    (empty,) = facts([[]])
    assert (empty.rows, empty.missing, empty.distinct, empty.low) == (0, 0, 0, None)


@settings(max_examples=15)
@given(st.integers(1, 6).flatmap(
    lambda rows: st.lists(st.lists(CELL, min_size=rows, max_size=rows), min_size=1, max_size=5)
))  # fmt: skip
def test_columns_counted_together_are_as_counted_alone(columns: list[list[str | None]]) -> None:
    together = facts(columns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(infer_facts, "BATCH_VALUES", 1)
        assert facts(columns) == together
