import pytest

from coterie.errors import DataError
from coterie.sources.base import Source
from coterie.validation.build import build_tables
from coterie.validation.future import check_future, far_future, quarantine_future


def lines(db, raw_of, days):
    raw = raw_of(
        "orders", {"customer_id": ["a"] * len(days), "timestamp": days, "amount": [1.0] * len(days)}
    )
    return build_tables(db, {"orders": (raw, Source())}, {}, timezone="UTC").quality


def test_one_row_dated_2099_stops_everything_and_is_named(db, raw_of):
    lines(db, raw_of, [f"2024-01-{d:02d}" for d in range(1, 29)] * 40 + ["2099-12-31"])
    with pytest.raises(DataError, match=r"2099-12-31.*orders:1121.*--as-of 2024-01-29"):
        check_future(db)


def test_it_is_seen_among_few_rows_too(db, raw_of):
    lines(db, raw_of, ["2024-01-01", "2024-01-02", "2024-02-03", "2099-12-31"])
    found = far_future(db)
    assert found is not None
    assert found.ids == ("orders:4",)


def test_a_table_that_ends_as_it_went_on_passes(db, raw_of):
    lines(db, raw_of, [f"2024-{m:02d}-01" for m in range(1, 13)])
    check_future(db)
    lines(db, raw_of, ["2024-01-01"])
    check_future(db)


def test_moving_the_rows_to_quarantine_keeps_the_account(db, raw_of):
    quality = lines(db, raw_of, ["2024-01-01", "2024-01-02", "2099-12-31"])
    found = far_future(db)
    assert found is not None
    after = quarantine_future(db, quality, table="lines", from_day=found.last_day)
    account = after["tables"]["orders"]
    assert (account["accepted"], account["by_reason"]) == (2, {"future_date": 1})
    assert db.rows('SELECT source, "row", reason FROM quarantine') == [("orders", 3, "future_date")]
    assert quality["tables"]["orders"]["accepted"] == 3
    check_future(db)
