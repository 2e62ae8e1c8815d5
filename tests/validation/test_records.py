import pytest

from coterie.errors import DataError
from coterie.schema import CANONICAL
from coterie.sources.base import Source
from coterie.validation.build import build_tables


def build(db, raw, source=None):
    made = build_tables(db, {raw.name: (raw, source or Source())}, {}, timezone="UTC")
    account = made.quality["tables"][raw.table]
    assert account["rows_in"] == account["accepted"] + account["quarantined"]
    got = db.query(f"SELECT * FROM {raw.table}")
    assert [(f.name, f.type) for f in got.schema] == [
        (f.name, f.type) for f in CANONICAL[raw.table]
    ]
    return account, got.to_pylist()


def test_events_need_somebody_a_time_and_a_type(db, raw_of):
    raw = raw_of(
        "events",
        {
            "customer_id": ["a", None, None, "a", "a"],
            "visitor_id": [None, "v1", None, None, None],
            "timestamp": [
                "2024-01-01T10:00:00Z",
                "2024-01-01T10:00:00Z",
                "2024-01-01T10:00:00Z",
                None,
                "2024-01-01T10:00:00Z",
            ],
            "type": ["view", "cart", "buy", "view", ""],
            "value": ["1.50", None, None, None, None],
        },
    )
    account, rows = build(db, raw)
    assert [
        (r["event_id"], r["customer_id"], r["type"], r["value_micros"], r["hour"]) for r in rows
    ] == [
        ("events:1", "a", "view", 1_500_000, 10),
        ("events:2", None, "cart", None, 10),
    ]
    assert account["by_reason"] == {"missing_key": 3}
    with pytest.raises(DataError, match="says nothing about customer_id or visitor_id"):
        build(db, raw_of("events", {"timestamp": ["2024-01-01"], "type": ["view"]}))


def test_texts_keep_rating_and_refuse_what_is_too_long(db, raw_of):
    raw = raw_of(
        "texts",
        {
            "customer_id": ["a", "b"],
            "timestamp": ["2024-01-01", "2024-01-02"],
            "text": ["fine,\r\nreally", "x" * 99],
            "rating": ["4.7", "5"],
        },
    )
    account, rows = build(db, raw, Source(max_text=50))
    assert [(r["text"], r["rating"]) for r in rows] == [("fine,\r\nreally", 4.7)]
    assert account["by_reason"] == {"too_long": 1}


def test_touches_read_flags_in_words_and_refuse_the_rest(db, raw_of):
    raw = raw_of(
        "touches",
        {
            "customer_id": ["a", "b", "c"],
            "timestamp": ["2024-01-01"] * 3,
            "offer_id": ["o1"] * 3,
            "treated": ["yes", "0", "maybe"],
            "responded": ["true", None, "no"],
            "propensity": ["0.123456789", "0.5", "0.5"],
        },
    )
    account, rows = build(db, raw)
    assert [(r["treated"], r["responded"], r["propensity"]) for r in rows] == [
        (True, True, 0.123456789),
        (False, None, 0.5),
    ]
    assert account["by_reason"] == {"bad_number": 1}


def test_an_event_id_counts_once(db, raw_of):
    raw = raw_of(
        "events",
        {
            "customer_id": ["a"] * 3,
            "timestamp": ["2024-01-01"] * 3,
            "type": ["view"] * 3,
            "event_id": ["e1", "e2", "e1"],
        },
    )
    account, rows = build(db, raw)
    assert [r["event_id"] for r in rows] == ["e1", "e2"]
    assert account["by_reason"] == {"duplicate_key": 1}
