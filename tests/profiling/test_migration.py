"""Why customers moved: six customers by hand, and laws for any moves."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.profiling.crossing import crossing
from coterie.profiling.migration import (
    ABSENT,
    CAUSES,
    MIGRATION,
    count_moves,
    find_active,
    find_corrected,
    make_moves,
)

A, B = "seg-001", "seg-002"


def people(**segments):
    return pa.table(
        {"customer_id": list(segments), "segment_id": pa.array(segments.values(), pa.string())}
    )


def ids(*names):
    return pa.table({"customer_id": pa.array(names, pa.string())})


@pytest.fixture
def db(tmp_path):
    with DuckDB(tmp_path) as made:
        yield made


def moved(db, before, via, after, active=(), corrected=()):
    db.load("before", people(**before))
    db.load("assignments", people(**after))
    if via is not None:
        db.load("via", people(**via))
    db.load("active", ids(*active))
    db.load("corrected", ids(*corrected))
    make_moves(db)
    return {row["customer_id"]: row["cause"] for row in db.query("FROM moves").to_pylist()}


def test_six_customers_move_for_six_causes(db):
    causes = moved(
        db,
        before={"stays": A, "ages": A, "buys": A, "lined": A, "fixed": A, "left": A},
        via={"stays": A, "ages": B, "buys": B, "lined": A, "fixed": B, "came": B},
        after={"stays": A, "ages": B, "buys": B, "lined": B, "fixed": B, "came": B},
        active=["buys", "came"],
        corrected=["fixed", "buys"],
    )
    assert causes == {
        "stays": "stayed",
        "ages": "aged",
        "buys": "behaved",
        "lined": "border",
        "fixed": "corrected",
        "left": "gone",
        "came": "new",
    }


def test_who_would_have_moved_anyway_is_not_moved_by_the_model(db):
    causes = moved(
        db,
        before={"both": A, "back": A},
        via={"both": "seg-003", "back": B},
        after={"both": B, "back": A},
        active=["both", "back"],
    )
    assert causes == {"both": "behaved", "back": "stayed"}
    found = count_moves(db)
    behaviour, model = crossing(found, "behaviour"), crossing(found, "model")
    assert behaviour.counts.tolist() == [[1, 1]]  # one to seg-002, one to seg-003
    assert (model.rows, model.columns) == ((B, "seg-003"), (A, B))
    assert model.counts.tolist() == [[1, 0], [0, 1]]


def test_what_the_old_model_cannot_say_is_unknown(db):
    assert moved(db, {"x": A, "y": A}, None, {"x": B, "y": A}) == {"x": "unknown", "y": "stayed"}


def test_active_are_lines_on_or_after_the_earlier_day_and_before_the_later(db):
    rows = {"customer_id": ["a", "b", "c", "d", None], "day": [9, 10, 19, 20, 12]}
    db.load("lines", pa.table(rows))
    for days in ((10, 20), (20, 10)):
        find_active(db, *days)
        assert sorted(db.rows("SELECT customer_id FROM active")) == [("b",), ("c",)]
    find_active(db, None, None)
    assert db.rows("SELECT customer_id FROM active") == []


def test_corrected_are_those_whose_sums_differ(db):
    db.load("one", pa.table({"customer_id": ["a", "b", "c"], "net": [1, 2, 3], "days_30": [1] * 3}))
    db.load("two", pa.table({"customer_id": ["a", "b", "d"], "net": [1, 5, 3], "days_30": [0] * 3}))
    find_corrected(db, "one", "two")
    assert db.rows("SELECT customer_id FROM corrected") == [("b",)]


segment = st.sampled_from([A, B, "seg-003", "none"])


@settings(max_examples=15)
@given(
    st.dictionaries(st.integers(0, 40).map(str), st.tuples(segment, segment, segment)), st.data()
)
def test_everybody_is_in_exactly_one_cell_and_rows_add_up(tmp_path_factory, customers, data):
    absent = data.draw(st.sets(st.sampled_from(sorted(customers)))) if customers else set()
    fresh = data.draw(st.sets(st.sampled_from(sorted(customers)))) - absent if customers else set()
    before = {c: s[0] for c, s in customers.items() if c not in fresh}
    via = {c: s[1] for c, s in customers.items() if c not in absent}
    after = {c: s[2] for c, s in customers.items() if c not in absent}
    with DuckDB(tmp_path_factory.mktemp("law")) as db:
        causes = moved(db, before, via, after)
        found = count_moves(db)
    assert set(causes) == set(customers)
    assert set(causes.values()) <= set(CAUSES)
    assert sum(found.column("customers").to_pylist()) == len(customers)
    for step, start in (("all", before), ("behaviour", before), ("model", via)):
        matrix = crossing(found, step)
        assert matrix.counts.sum() == len(customers)
        for name, row in zip(matrix.rows, matrix.counts, strict=True):
            there = sum(s == name for s in start.values())
            assert row.sum() == (there if name != ABSENT else len(customers) - len(start))
        np.testing.assert_allclose(matrix.shares.sum(axis=1), np.minimum(matrix.counts.sum(1), 1))


def test_the_order_asked_for_is_kept_and_those_without_a_segment_come_last():
    rows = [
        {"from_id": name, "via_id": B, "to_id": B, "cause": "aged", "customers": 1}
        for name in ("none", A, B, ABSENT)
    ]
    table = pa.Table.from_pylist(rows, schema=MIGRATION)
    assert crossing(table, order=[B, A]).rows == (B, A, "none", ABSENT)
    assert crossing(table, causes=["border"]).counts.size == 0
