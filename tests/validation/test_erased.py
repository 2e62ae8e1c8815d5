"""Rows of erased people are dropped and counted, and those of others keep their numbers."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from coterie.engine.duckdb import DuckDB
from coterie.sources.base import Source
from coterie.sources.read import read
from coterie.validation.build import build_tables
from coterie.validation.erased import Erasures, drop_erased

COLUMNS = {"customer_id": "who", "timestamp": "day", "amount": "paid"}


def among(*gone: str) -> Erasures:
    """Return erasures of some ids."""

    def those(ids: Collection[str]) -> list[str]:
        return [one for one in ids if one in gone]

    return Erasures(("t",), those)


def tables(
    db: DuckDB, folder: Path, text: str, erasures: Erasures | None, **how: str
) -> tuple[list[tuple[str, str]], list[tuple[int, str]], dict[str, object]]:
    """Return lines, quarantine and account of a file of orders."""
    (folder / "a.csv").write_text(text)
    source = Source(table="orders", file="a.csv", columns=COLUMNS, **how)  # type: ignore[arg-type] # words
    raw = drop_erased(db, read(db, "orders", source, folder), source, erasures)
    made = build_tables(db, {"orders": (raw, source)}, {}, timezone="UTC")
    lines = db.rows("SELECT line_id, customer_id FROM lines ORDER BY line_id")
    refused = db.rows('SELECT "row", reason FROM quarantine ORDER BY "row"')
    return lines, refused, made.quality["tables"]["orders"]


TEXT = "who,day,paid\nann,2025-01-01,1\nbob,2025-01-02,2\n bob ,x,y\nann,z,3\nbob,2025-01-04\n"


def test_rows_in_are_accepted_quarantined_or_erased(tmp_path: Path) -> None:
    with DuckDB() as db:
        lines, refused, account = tables(db, tmp_path, TEXT, among("bob"))
    assert lines == [("orders:1", "ann")]
    assert refused == [(4, "bad_time")]
    assert (account["rows_in"], account["accepted"], account["quarantined"]) == (5, 1, 1)
    assert account["erased"] == 3


def test_without_erasures_the_account_says_nothing_of_them(tmp_path: Path) -> None:
    with DuckDB() as db:
        _, _, account = tables(db, tmp_path, TEXT, None)
    assert "erased" not in account


@pytest.mark.parametrize("duplicates", ["keep", "drop"])
def test_erased_rows_are_no_copies_of_each_other(tmp_path: Path, duplicates: str) -> None:
    text = "who,day,paid\n" + "bob,2025-01-01,1\n" * 3 + "ann,2025-01-01,1\n"
    with DuckDB() as db:
        lines, refused, account = tables(db, tmp_path, text, among("bob"), duplicates=duplicates)
    assert lines == [("orders:4", "ann")]
    assert refused == []
    assert "exact_repeats" not in {finding["code"] for finding in account["findings"]}  # type: ignore[attr-defined,index] # of an account


def test_numbers_that_lost_their_point_are_recognised(tmp_path: Path) -> None:
    text = "who,day,paid\n17850.0,2025-01-01,1\n17851.0,2025-01-01,1\n"
    with DuckDB() as db:
        lines, _, _ = tables(db, tmp_path, text, among("17850"))
    assert lines == [("orders:2", "17851")]
