import json
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.schema import CANONICAL
from coterie.sources.base import Raw, Source
from coterie.validation.build import build_tables
from coterie.validation.quality import units

MAP = {
    "customer_id": "who",
    "timestamp": "when",
    "order_id": "order",
    "product_id": "what",
    "quantity": "pieces",
    "unit_price": "price",
}


def rows_of(*rows):
    names = ("who", "when", "order", "what", "pieces", "price")
    return {name: [row[n] for row in rows] for n, name in enumerate(names)}


def build(db, raw, source, *, timezone="UTC"):
    return build_tables(db, {raw.name: (raw, source)}, {}, timezone=timezone).quality["tables"]


def codes(account):
    return {finding["code"]: finding for finding in account["findings"]}


SHOP = rows_of(
    (" anna ", "2024-01-01 10:00:00", "1", "mug", "2", "2.55"),
    ("anna", "2024-01-02 10:00:00", "2", "mug", "-2", "2.55"),
    (None, "2024-01-02 11:00:00", "3", "mug", "1", "2.55"),
    ("ben", "2024-01-02 11:00:00", "4", "POST", "1", "4"),
    ("ben", "2024-01-02 11:00:00", "4", "gift", "1", "0"),
    ("ben", "", "5", "mug", "1", "2"),
    ("ben", "2024-13-02", "5", "mug", "1", "2"),
    ("ben", "2024-01-03", "5", "mug", "one", "2"),
    ("ben", "2024-01-03", "5", "mug", "1", "-2"),
    ("ben", "2024-01-03", "5", "mug", "1", ""),
    ("ben", "2024-01-03", "5", "mug", "1000000", "99999999999"),
    ("ben", "2024-01-03", "5", "m" * 60, "1", "2"),
)


def test_lines_are_as_the_contract_says(db, raw_of):
    source = Source(columns=MAP, service_codes=("POST",), max_text=50)
    account = build(db, raw_of("orders", SHOP), source)["orders"]
    schema = db.query("SELECT * FROM lines").schema
    assert [(f.name, f.type) for f in schema] == [(f.name, f.type) for f in CANONICAL["lines"]]
    got = db.rows(
        "SELECT line_id, customer_id, order_id, day, hour, product_id, quantity_milli, "
        "amount_micros, kind, net_day FROM lines"
    )
    assert got == [
        ("orders:1", "anna", "1", 19723, 10, "mug", 2000, 5_100_000, "sale", 19724),
        ("orders:2", "anna", "2", 19724, 10, "mug", -2000, -5_100_000, "return", 19724),
        ("orders:3", None, "3", 19724, 11, "mug", 1000, 2_550_000, "sale", None),
        ("orders:4", "ben", "4", 19724, 11, "POST", 1000, 4_000_000, "service", None),
        ("orders:5", "ben", "4", 19724, 11, "gift", 1000, 0, "free", None),
    ]
    assert account["rows_in"] == 12
    assert account["by_reason"] == {
        "bad_number": 3,
        "bad_time": 1,
        "missing_key": 1,
        "overflow": 1,
        "too_long": 1,
    }


def test_each_refused_row_says_why_in_the_users_words(db, raw_of):
    build(db, raw_of("orders", SHOP), Source(columns=MAP, max_text=50))
    got = dict(db.rows('SELECT "row", message FROM quarantine'))
    assert got[6] == "when is empty: the row has no time."
    assert got[7] == "when '2024-13-02' is not a time."
    assert got[8] == "pieces 'one' is not a number."
    assert got[9] == "price '-2' is a price below zero."
    assert got[10] == "The row has no amount, and not both quantity and unit price."
    assert got[11] == "The amount, quantity or discount is too large for 64 bits."
    assert got[12] == "what has 60 characters."
    ((raw,),) = db.rows('SELECT raw FROM quarantine WHERE "row" = 8')
    assert json.loads(raw)["pieces"] == "one"


def test_orders_without_an_id_are_one_a_day_and_guests_stay_apart(db, raw_of):
    raw = raw_of(
        "orders",
        {
            "customer_id": ["a", "a", "a", None, None],
            "timestamp": ["2024-01-01", "2024-01-01", "2024-01-02", "2024-01-01", "2024-01-01"],
            "amount": [1.0, 2.0, 3.0, 4.0, 5.0],
        },
    )
    build(db, raw, Source())
    got = [order for (order,) in db.rows("SELECT order_id FROM lines")]
    assert got[:3] == ["a@19723", "a@19723", "a@19724"]
    assert len(set(got)) == 4


def test_ids_lose_point_zero_only_if_all_have_it(db, raw_of):
    times = ["2024-01-01"] * 2
    raw = raw_of(
        "orders", {"customer_id": ["17850.0", "13047.0"], "timestamp": times, "amount": [1, 2]}
    )
    account = build(db, raw, Source())["orders"]
    assert db.rows("SELECT customer_id FROM lines") == [("17850",), ("13047",)]
    assert codes(account)["ids_lost_point_zero"]["rows"] == 2
    raw = raw_of(
        "orders", {"customer_id": ["17850.0", "007"], "timestamp": times, "amount": [1, 2]}
    )
    account = build(db, raw, Source())["orders"]
    assert db.rows("SELECT customer_id FROM lines") == [("17850.0",), ("007",)]
    assert codes(account)["ids_mixed_point_zero"]["rows"] == 1


def test_typed_ids_are_written_as_whole_numbers(db, raw_of):
    for ids in ([17850, 13047], [17850.0, 13047.0], [17850.0, float(10**16)]):
        columns = {"customer_id": ids, "timestamp": ["2024-01-01"] * 2, "amount": [1, 2]}
        build(db, raw_of("orders", columns), Source())
        assert [i for (i,) in db.rows("SELECT customer_id FROM lines")] == [
            str(int(x)) for x in ids
        ]


def test_exact_repeats_are_kept_and_counted_or_dropped_with_a_reason(db, raw_of):
    one = ("anna", "2024-01-01", "1", "mug", "1", "2")
    other = ("anna", "2024-01-01", "1", "tea", "1", "2")
    rows = rows_of(one, other, one, one)
    account = build(db, raw_of("orders", rows), Source(columns=MAP))["orders"]
    assert account["accepted"] == 4
    assert codes(account)["exact_repeats"]["rows"] == 2
    account = build(db, raw_of("orders", rows), Source(columns=MAP, duplicates="drop"))["orders"]
    assert (account["accepted"], account["by_reason"]) == (2, {"duplicate_key": 2})
    assert db.rows('SELECT "row", message FROM quarantine') == [
        (3, "exact repeat of row 1"),
        (4, "exact repeat of row 1"),
    ]


def test_a_repeated_line_id_is_refused_also_across_sources(db, raw_of):
    def lines(*ids):
        return {
            "customer_id": ["a"] * len(ids),
            "timestamp": ["2024-01-01"] * len(ids),
            "amount": [float(n) for n in range(1, len(ids) + 1)],
            "line_id": list(ids),
        }

    first = raw_of("orders", lines("x", "y", "x"), name="one")
    second = raw_of("orders", lines("y", "z", None), name="two")
    tables = build_tables(
        db, {"one": (first, Source()), "two": (second, Source())}, {}, timezone="UTC"
    )
    assert db.rows("SELECT line_id FROM lines") == [("x",), ("y",), ("z",), ("two:3",)]
    assert db.rows('SELECT source, "row", reason FROM quarantine') == [
        ("one", 3, "duplicate_key"),
        ("two", 1, "duplicate_key"),
    ]
    assert tables.quality["tables"]["orders"]["rows_in"] == 6


def test_returns_are_netted_across_sources(db, raw_of):
    source, drop = Source(columns=MAP), Source(columns=MAP, returns="drop")
    for rule, matched in ((source, 2), (drop, 0)):
        sold = raw_of("orders", rows_of(("a", "2024-01-01", "1", "mug", "1", "2")), name="old")
        back = raw_of("orders", rows_of(("a", "2024-02-01", "2", "mug", "-1", "2")), name="new")
        build_tables(db, {"old": (sold, source), "new": (back, rule)}, {}, timezone="UTC")
        assert db.rows("SELECT count(net_day) FROM lines") == [(matched,)]


def test_a_positive_amount_on_a_return_is_taken_as_negative_and_said(db, raw_of):
    columns = {
        "customer_id": ["a", "a"],
        "timestamp": ["2024-01-01", "2024-01-02"],
        "quantity": [1, -1],
        "amount": ["5.00", "5.00"],
    }
    account = build(db, raw_of("orders", columns), Source())["orders"]
    assert db.rows("SELECT amount_micros, kind FROM lines") == [
        (5_000_000, "sale"),
        (-5_000_000, "return"),
    ]
    assert codes(account)["returns_written_positive"]["rows"] == 1


def test_rows_that_could_not_be_split_are_in_the_account(db, raw_of):
    bad = {"row": 7, "reason": "bad_row", "message": "3 columns instead of 6", "raw": "a,b,c"}
    raw = raw_of("orders", rows_of(("a", "2024-01-01", "1", "mug", "1", "2")), rejected=[bad])
    account = build(db, raw, Source(columns=MAP))["orders"]
    assert (account["rows_in"], account["accepted"], account["by_reason"]) == (2, 1, {"bad_row": 1})


def test_mapping_mistakes_name_what_exists(db, raw_of):
    raw = raw_of("orders", rows_of(("a", "2024-01-01", "1", "mug", "1", "2")))
    with pytest.raises(DataError, match=r"no column 'prise'.*It has: who.*Did you mean 'price'"):
        build(db, raw, Source(columns=MAP | {"unit_price": "prise"}))
    with pytest.raises(DataError, match=r"'price' .* is mapped twice: unit_price and discount"):
        build(db, raw, Source(columns=MAP | {"discount": "price"}))
    with pytest.raises(
        DataError, match=r"columns\.prize of source .* is not a column of this table"
    ):
        build(db, raw, Source(columns=MAP | {"prize": "price"}))
    without = {key: value for key, value in MAP.items() if key != "unit_price"}
    with pytest.raises(
        DataError, match=r"says nothing about amount \(or quantity and unit_price\)"
    ):
        build(db, raw, Source(columns=without))
    with pytest.raises(
        ParameterError, match=r"timezone='Europe/Lodon'.*Did you mean 'Europe/London'"
    ):
        build(db, raw, Source(columns=MAP), timezone="Europe/Lodon")


def test_a_line_id_that_is_none_is_asked_about(db, raw_of):
    columns = {
        "customer_id": ["a"] * 4,
        "timestamp": ["2024-01-01"] * 4,
        "amount": [1, 2, 3, 4],
        "line_id": ["1", "1", "1", "1"],
    }
    with pytest.raises(DataError, match="3 of 4 values of 'line_id' repeat"):
        build(db, raw_of("orders", columns), Source())


def test_names_with_quotes_and_odd_values_cannot_break_the_sql(db, raw_of):
    columns = {"it's": ["a'b", 'c"d'], 'da"y': ["2024-01-01"] * 2, "sum; DROP": ["x'", "1"]}
    source = Source(columns={"customer_id": "it's", "timestamp": 'da"y', "amount": "sum; DROP"})
    account = build(db, raw_of("orders", columns), source)["orders"]
    assert (account["accepted"], account["by_reason"]) == (1, {"bad_number": 1})


def test_the_result_does_not_depend_on_threads():
    n = 50_000
    day = [f"2024-{1 + i % 12:02d}-{1 + i % 28:02d} 10:{i % 60:02d}:00" for i in range(n)]
    table = pa.table(
        {
            "customer_id": [str(i * 7919 % 5000) for i in range(n)],
            "timestamp": day,
            "product_id": [str(i % 50) for i in range(n)],
            "quantity": [str((i % 5) - 1) for i in range(n)],
            "unit_price": [str(i % 1000 / 100) for i in range(n)],
        }
    )
    seen = []
    for threads in (1, 4):
        with DuckDB(threads=threads) as db:
            db.load("raw__orders", table)
            empty = pa.table({"row": pa.array([], pa.int64())})
            raw = Raw("orders", "orders", "raw__orders", tuple(table.column_names), n, empty)
            quality = build_tables(
                db, {"orders": (raw, Source())}, {}, timezone="Europe/London"
            ).quality
            seen.append((db.query("SELECT * FROM lines"), json.dumps(quality)))
    assert seen[0][0].equals(seen[1][0])
    assert seen[0][1] == seen[1][1]


CELL = st.sampled_from(["", None, "1", "-1", "0", "2.5", "abc", "NaN", "1e30", "9" * 30])
ROW = st.tuples(
    st.sampled_from(["a", "b", " a", "", None]),
    st.sampled_from(["2024-01-01", "2024-02-30", "", None, "2024-01-02T10:00:00", "later"]),
    st.sampled_from(["1", "2", None]),
    st.sampled_from(["mug", "POST", None, "x" * 99]),
    CELL,
    CELL,
)


@settings(max_examples=15, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=30), st.sampled_from(["keep", "drop"]))
def test_rows_in_are_accepted_or_quarantined_whatever_comes(rows, duplicates):
    rows = [("a", "2024-01-01", "1", "mug", "1", "1.0"), *rows]  # one row that can be read
    columns = {name: pa.array(values, pa.string()) for name, values in rows_of(*rows).items()}
    with DuckDB() as db:
        db.load("raw__orders", pa.table(columns))
        empty = pa.table({"row": pa.array([], pa.int64())})
        raw = Raw("orders", "orders", "raw__orders", tuple(columns), len(rows), empty)
        source = Source(columns=MAP, duplicates=duplicates, max_text=50, service_codes=("POST",))
        account = build_tables(db, {"orders": (raw, source)}, {}, timezone="UTC").quality
        ((lines,),) = db.rows("SELECT count(*) FROM lines")
        ((refused, places),) = db.rows('SELECT count(*), count(DISTINCT "row") FROM quarantine')
    orders = account["tables"]["orders"]
    assert orders["rows_in"] == len(rows) == lines + refused == orders["accepted"] + refused
    assert refused == places == sum(orders["by_reason"].values())
    json.dumps(account)


def test_units_are_written_exactly():
    assert [units(m) for m in (0, 5_000, 15_000, -5_000, 123_456_789_012, -2_900_000)] == [
        "0.00", "0.00", "0.02", "0.00", "123,456.79", "-2.90",
    ]  # fmt: skip


def test_days_and_hours_are_those_of_the_projects_zone(db, raw_of):
    late = datetime(2024, 6, 30, 23, 30, tzinfo=UTC)
    raw = raw_of("orders", {"customer_id": ["a"], "timestamp": [late], "amount": [1.0]})
    build(db, raw, Source(), timezone="Europe/London")
    july = (date(2024, 7, 1) - date(1970, 1, 1)) // timedelta(days=1)
    assert db.rows("SELECT day, hour, epoch_us(ts) FROM lines") == [
        (july, 0, int(late.timestamp()) * 1_000_000)
    ]
