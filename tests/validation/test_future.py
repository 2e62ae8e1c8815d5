import pytest

from coterie.errors import DataError
from coterie.sources.base import Source
from coterie.validation.build import build_tables
from coterie.validation.future import far_future


def lines(db, raw_of, days, **told):
    raw = raw_of(
        "orders", {"customer_id": ["a"] * len(days), "timestamp": days, "amount": [1.0] * len(days)}
    )
    return build_tables(db, {"orders": (raw, Source(**told))}, {}, timezone="UTC").quality


def test_one_row_dated_2099_stops_everything_and_is_named(db, raw_of):
    lines(db, raw_of, [f"2024-01-{d:02d}" for d in range(1, 29)] * 40 + ["2099-12-31"])
    found = far_future(db)
    assert found is not None
    with pytest.raises(DataError, match=r"2099-12-31.*orders:1121.*--as-of 2024-01-29"):
        raise found.error()


def test_it_is_seen_among_few_rows_too(db, raw_of):
    lines(db, raw_of, ["2024-01-01", "2024-01-02", "2024-02-03", "2099-12-31"])
    found = far_future(db)
    assert found is not None
    assert found.ids == ("orders:4",)


def test_a_table_that_ends_as_it_went_on_passes(db, raw_of):
    lines(db, raw_of, [f"2024-{m:02d}-01" for m in range(1, 13)])
    assert far_future(db) is None
    lines(db, raw_of, ["2024-01-01"])
    assert far_future(db) is None


def test_a_source_may_have_them_refused_with_the_reason(db, raw_of):
    days = [f"2024-01-{d:02d}" for d in range(1, 29)] * 40 + ["2099-12-31"]
    quality = lines(db, raw_of, days, future="quarantine")
    account = quality["tables"]["orders"]
    assert (account["accepted"], account["by_reason"]) == (1120, {"future_date": 1})
    ((source, row, message),) = db.rows('SELECT source, "row", message FROM quarantine')
    assert (source, row) == ("orders", 1121)
    assert message == "Dated 2099-12-31, far after all other rows."
    assert far_future(db) is None


def test_rows_in_line_with_the_others_are_not_refused(db, raw_of):
    quality = lines(db, raw_of, ["2024-01-01", "2024-01-02", "2024-02-01"], future="quarantine")
    assert quality["tables"]["orders"]["accepted"] == 3
