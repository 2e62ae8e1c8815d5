import math

import pytest

from coterie.errors import DataError, ParameterError
from coterie.schema import ColumnParams
from coterie.sources.base import Source
from coterie.validation.build import build_tables

KEYS = [f"c{n:02d}" for n in range(20)]


def build(db, raw, columns=None, source=None):
    source = source or Source(key="id")
    tables = build_tables(db, {raw.name: (raw, source)}, columns or {}, timezone="UTC")
    account = tables.quality["tables"]["customers"]
    assert account["rows_in"] == account["accepted"] + account["quarantined"]
    return {a.name: a for a in tables.attributes}, account


def kind_of(db, raw_of, values, **params):
    values = (list(values) * 20)[:20]
    raw = raw_of("customers", {"id": KEYS, "x": values})
    attributes, _ = build(db, raw, {"x": ColumnParams(**params)} if params else {})
    return attributes["x"].kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1.5", "2", "300"], "number"),
        (["1", "2", "3"], "number"),
        (["1", "2", "3", "4", "5"], "ordinal"),
        ([1, 2, 3, 4, 5, 6, 7], "ordinal"),
        (["0", "1"], "flag"),
        (["Yes", "No", None], "flag"),
        ([True, False], "flag"),
        (["red", "blue"], "category"),
        (["2024-01-01", "2023-05-06"], "date"),
        (["31-01-2024", "01-02-2024"], "date"),
        (["1,5", "2,75", "3"], "number"),
        (["1", "NA", "2.5"], "number"),
        ([f"name {n}" for n in range(20)], "key"),
        (["007", "012", "007"], "category"),
        (["", " ", None], "ignore"),
    ],
)
def test_kinds_are_told_from_all_values(db, raw_of, values, kind):
    assert kind_of(db, raw_of, values) == kind


def test_a_given_kind_wins(db, raw_of):
    assert kind_of(db, raw_of, ["1", "2"], kind="category") == "category"
    assert kind_of(db, raw_of, ["0", "1"], labels={"0": "no car", "1": "car"}) == "category"


def test_many_different_texts_are_left_out_with_a_note(db, raw_of):
    raw = raw_of(
        "customers", {"id": [str(n) for n in range(200)], "x": [f"t{n % 80}" for n in range(200)]}
    )
    attributes, account = build(db, raw)
    assert attributes["x"].kind == "ignore"
    assert "x" not in db.columns("customers")
    assert any("80 different texts" in f["message"] for f in account["findings"])


def test_blanks_are_missing_and_counted(db, raw_of):
    raw = raw_of("customers", {"id": ["a", "b", "c"], "TotalCharges": ["29.85", " ", "1889.5"]})
    _, account = build(db, raw)
    assert db.rows("SELECT * FROM customers") == [
        ("a", None, 29.85), ("b", None, None), ("c", None, 1889.5),
    ]  # fmt: skip
    assert "TotalCharges is missing for 1 customers." in [f["message"] for f in account["findings"]]


def test_labels_take_the_place_of_codes(db, raw_of):
    raw = raw_of("customers", {"id": ["a", "b", "c"], "Sex": [0, 1, 7]})
    labels = {"Sex": ColumnParams(labels={"0": "male", "1": "female"}, label="Sex of holder")}
    attributes, _ = build(db, raw, labels)
    assert db.rows('SELECT "Sex" FROM customers') == [("male",), ("female",), ("7",)]
    assert attributes["Sex"].label == "Sex of holder"


def test_values_outside_min_and_max_become_missing_and_are_counted(db, raw_of):
    raw = raw_of("customers", {"id": ["a", "b", "c"], "limit": [-5.0, 10.0, 5000.0]})
    _, account = build(db, raw, {"limit": ColumnParams(min=0, max=1000)})
    assert db.rows('SELECT "limit" FROM customers') == [(None,), (10.0,), (None,)]
    found = [f for f in account["findings"] if f["code"] == "values_out_of_range"]
    assert found[0]["rows"] == 2


def test_values_that_do_not_fit_the_kind_become_missing(db, raw_of):
    raw = raw_of("customers", {"id": ["a", "b"], "x": ["1.5", "many"]})
    _, account = build(db, raw, {"x": ColumnParams(kind="number")})
    assert db.rows("SELECT x FROM customers") == [(1.5,), (None,)]
    assert any(f["code"] == "values_unread" and f["rows"] == 1 for f in account["findings"])


def test_nan_and_infinity_become_missing(db, raw_of):
    raw = raw_of("customers", {"id": ["a", "b", "c"], "x": [math.nan, math.inf, 2.5]})
    build(db, raw)
    assert db.rows("SELECT x FROM customers") == [(None,), (None,), (2.5,)]


def test_bands_are_ordered_by_their_lowest_number(db, raw_of):
    bands = ["35-49K", "Under 15K", "250K+", "15-24K"]
    raw = raw_of("customers", {"id": list("abcd"), "income": bands})
    attributes, _ = build(db, raw, {"income": ColumnParams(kind="ordinal")})
    assert db.rows("SELECT income FROM customers") == [(3.0,), (1.0,), (4.0,), (2.0,)]
    assert attributes["income"].labels[0] == ("1", "Under 15K")


def test_words_without_an_order_are_asked_for(db, raw_of):
    raw = raw_of("customers", {"id": list("abc"), "size": ["small", "big", "mid"]})
    with pytest.raises(DataError, match="order of the words in column 'size' is not known"):
        build(db, raw, {"size": ColumnParams(kind="ordinal")})
    labels = {"small": "small", "mid": "medium", "big": "big"}
    attributes, _ = build(db, raw, {"size": ColumnParams(kind="ordinal", labels=labels)})
    assert db.rows("SELECT size FROM customers") == [(1.0,), (3.0,), (2.0,)]
    assert attributes["size"].labels == (("1", "small"), ("2", "medium"), ("3", "big"))


def test_protected_attributes_are_known_by_name_values_or_setting(db, raw_of):
    columns = {
        "id": ["a", "b"],
        "Alter": [30, 40],
        "q1": ["male", "female"],
        "x": [1.5, 2],
        "ZIP": ["01", "02"],
    }
    attributes, _ = build(db, raw_of("customers", columns), {"x": ColumnParams(protected=True)})
    assert attributes["Alter"].protected == "age (by its name)"
    assert attributes["q1"].protected == "gender (by its values)"
    assert attributes["x"].protected == "as set"
    assert attributes["ZIP"].role == "geography"
    attributes, _ = build(
        db, raw_of("customers", columns), {"Alter": ColumnParams(protected=False)}
    )
    assert attributes["Alter"].protected == ""


def test_a_repeated_customer_is_refused_unless_valid_from_tells_them_apart(db, raw_of):
    columns = {
        "id": ["a", "a", " a", None],
        "since": ["2024-01-01", "2024-02-01", "2024-02-01", "2024-01-01"],
        "x": [1, 2, 3, 4],
    }
    _, account = build(db, raw_of("customers", columns))
    assert account["by_reason"] == {"duplicate_key": 2, "missing_key": 1}
    source = Source(columns={"customer_id": "id", "valid_from": "since"})
    _, account = build(db, raw_of("customers", columns), source=source)
    assert account["by_reason"] == {"duplicate_key": 1, "missing_key": 1}
    assert db.rows("SELECT customer_id, valid_from FROM customers") == [("a", 19723), ("a", 19754)]


def test_two_sources_are_joined_by_customer(db, raw_of):
    one = raw_of("customers", {"id": ["b", "a"], "x": [1, 2]}, name="one")
    two = raw_of("customers", {"id": ["a", "c"], "y": [3, 4]}, name="two")
    source = Source(key="id")
    tables = build_tables(db, {"one": (one, source), "two": (two, source)}, {}, timezone="UTC")
    assert db.rows("SELECT customer_id, x, y FROM customers") == [
        ("a", 2.0, 3.0), ("b", 1.0, None), ("c", None, 4.0),
    ]  # fmt: skip
    assert tables.quality["tables"]["customers"]["accepted"] == 4


def test_a_column_that_is_not_there_is_named(db, raw_of):
    raw = raw_of("customers", {"id": ["a", "b"], "Income": [1, 2]})
    with pytest.raises(ParameterError, match=r"columns='income' is not known.*'Income'"):
        build(db, raw, {"income": ColumnParams(kind="number")})


def test_no_customers_source_gives_an_empty_table(db):
    build_tables(db, {}, {}, timezone="UTC")
    assert db.columns("customers") == ("customer_id", "valid_from")
    assert db.rows("SELECT count(*) FROM customers") == [(0,)]
