from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.sources.base import Raw, Source
from coterie.sources.frames import load_frame
from coterie.sources.read import fingerprint, read

Rows = list[tuple[object, ...]]

NOON = datetime(2024, 1, 2, 12, 4, 5)  # noqa: DTZ001 - Excel knows no zones
MIDNIGHT = datetime(2024, 1, 3)  # noqa: DTZ001 - Excel knows no zones

REAL = {
    "online_retail/online_retail.csv.gz": 541_909,
    "credit_card/cc_general.csv.gz": 8_950,
    "segmentation_365/segmentation_data.csv.gz": 2_000,
    "mall_customers/mall_customers.csv.gz": 200,
    "customer_personality/marketing_campaign.csv.gz": 2_240,
    "customer_personality/marketing_campaign_tab.csv.gz": 2_240,
    "cdnow/cdnow_master.csv.gz": 69_659,
    "cdnow/cdnow_sample.csv.gz": 6_919,
    "cdnow/cdnow_summary.csv.gz": 2_357,
    "womens_clothing_reviews/womens_clothing_reviews.csv.gz": 23_486,
    "telco_churn/telco_customer_churn.csv.gz": 7_043,
}


def load(folder: Path, file: str, **how: object) -> tuple[Raw, Rows]:
    source = Source.model_validate({"file": file, "table": "orders", **how})
    with DuckDB() as db:
        raw = read(db, "shop", source, folder)
        rows = db.rows("SELECT * FROM raw__shop ORDER BY rowid")
    assert raw.rows == len(rows) + raw.rejected.num_rows
    return raw, rows


@pytest.mark.parametrize("file", REAL)
def test_every_row_of_the_real_data_is_read(data: Path, file: str) -> None:
    with DuckDB() as db:
        raw = read(db, "shop", Source(file=file, table="orders"), data)
        assert (raw.rows, raw.rejected.num_rows) == (REAL[file], 0)
        assert db.rows("SELECT count(*), max(rowid) + 1 FROM raw__shop") == [(raw.rows, raw.rows)]
        rows = db.rows("SELECT * FROM raw__shop ORDER BY rowid LIMIT 30000")
    separator = {"marketing_campaign.csv.gz": ";", "marketing_campaign_tab.csv.gz": "\t"}
    with gzip.open(data / file, "rt", encoding="utf-8", newline="") as text:
        header, *wanted = csv.reader(text, delimiter=separator.get(Path(file).name, ","))
    assert raw.columns == (header[0] or "column1", *header[1:])
    assert rows == [tuple(value or None for value in row) for row in wanted[:30_000]]


def test_the_fingerprint_is_that_of_the_bytes(data: Path, tmp_path: Path) -> None:
    source = Source(file="mall_customers/mall_customers.csv.gz")
    known = "3d3226723d1f2115d9918e0216637b4125e6331546063596af51b2a5081ee07b"
    assert fingerprint("customers", source, data) == known
    for name, content in {"a.csv": b"12", "b.csv": b"3"}.items():
        (tmp_path / name).write_bytes(content)
    first = fingerprint("customers", Source(file="*.csv"), tmp_path)
    for name, content in {"a.csv": b"1", "b.csv": b"23"}.items():
        (tmp_path / name).write_bytes(content)
    assert first != fingerprint("customers", Source(file="*.csv"), tmp_path)


def test_a_source_has_one_place_and_one_table(tmp_path: Path) -> None:
    with DuckDB() as db:
        with pytest.raises(ParameterError, match="neither file nor database"):
            read(db, "orders", Source(), tmp_path)
        with pytest.raises(ParameterError, match="both file and database"):
            read(db, "orders", Source(file="a", database="sqlite:b"), tmp_path)
        with pytest.raises(ParameterError, match="Did you mean 'orders'"):
            read(db, "order", Source(file="a"), tmp_path)


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["007", None],
            "day": [date(2024, 1, 2), None],
            "price": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            "tags": [["a", "b"], None],
        }
    )
    pq.write_table(table, tmp_path / "a[1].parquet")
    pq.write_table(table, tmp_path / "a-2.parquet")
    raw, rows = load(tmp_path, "a[1].parquet")
    assert raw.columns == ("id", "day", "price", "tags")
    assert rows[0] == ("007", date(2024, 1, 2), Decimal("1.50"), '["a","b"]')
    assert rows[1] == (None, None, None, None)
    assert load(tmp_path, "a*.parquet")[0].rows == 4


def test_damaged_parquet_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": list(range(1_000))}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[:-20])
    with pytest.raises(DataError, match=r"a.parquet cannot be read as Parquet"):
        load(tmp_path, "a.parquet")
    (tmp_path / "b.parquet").write_bytes(whole[:4] + bytes(500) + whole[504:])
    with pytest.raises(DataError, match=r"b.parquet cannot be read as Parquet"):
        load(tmp_path, "b.parquet")
    (tmp_path / "c.parquet").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(DataError, match=r"c.parquet cannot be read as Parquet"):
        load(tmp_path, "c.parquet")


def test_json_lines_are_united_and_bad_lines_kept_apart(tmp_path: Path) -> None:
    text = (
        b'{"id": "1", "price": 1.5, "tags": {"a": [1, 2]}}\r\n'
        b"\r\n"
        b"not json\r\n"
        b'{"id": "", "a/b~c": true, "price": null}\r\n'
        b"[1]\r\n"
        b'{"x":"caf\xe9"}\r\n'
        b'{"id": 2}\x01{"id": 3}\r\n'
        b'{"note": "line\\nbreak, \\"q\\""}'
    )
    (tmp_path / "a.jsonl").write_bytes(text)
    raw, rows = load(tmp_path, "a.jsonl", encoding="utf-8")
    assert raw.columns == ("id", "price", "tags", "a/b~c", "note")
    assert rows == [
        ("1", "1.5", '{"a":[1,2]}', None, None),
        (None, None, None, "true", None),
        (None, None, None, None, 'line\nbreak, "q"'),
    ]
    assert raw.rejected.column("row").to_pylist() == [3, 5, 6, 7]
    assert raw.rejected.column("raw").to_pylist()[:2] == ["not json", "[1]"]


def test_many_json_lines_keep_their_order(tmp_path: Path) -> None:
    lines = [json.dumps({"i": i, "b" if i % 2 else "c": "x" * 50}) for i in range(100_000)]
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode(), 1))
    raw, rows = load(tmp_path, "a.jsonl.gz")
    assert raw.columns == ("i", "c", "b")
    assert [int(str(row[0])) for row in rows] == list(range(100_000))


def test_a_json_array_is_no_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"a": 1}]')
    with pytest.raises(DataError, match=r"one JSON array.*jq"):
        load(tmp_path, "a.json")
    (tmp_path / "b.jsonl").write_text("oh\nno\n")
    with pytest.raises(DataError, match=r"no rows that can be read. Line 1"):
        load(tmp_path, "b.jsonl")


def test_excel_gives_typed_values(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Q1"
    sheet["B3"], sheet["C3"], sheet["D3"], sheet["E3"] = "id", "when", "price", "mixed"
    sheet.append([None, 17850, NOON, 1.1, "x"])
    sheet.append([])
    sheet.append([None, 17851, MIDNIGHT, 2, 7])
    sheet.append([None, 17852, None, "#N/A", True, "beyond"])
    book.create_sheet("Q2").append(["only"])
    book.save(tmp_path / "a.xlsx")
    raw, rows = load(tmp_path, "a.xlsx")
    assert raw.columns == ("column1", "id", "when", "price", "mixed")
    assert rows == [
        (None, 17850, NOON, 1.1, "x"),
        (None, 17851, MIDNIGHT, 2.0, "7"),
    ]
    assert raw.rejected.column("row").to_pylist() == [7]
    assert any("sheet 'Q1' of 2" in note for note in raw.notes)
    with pytest.raises(DataError, match="has no rows"):
        load(tmp_path, "a.xlsx", sheet="Q2")
    with pytest.raises(ParameterError, match="Did you mean 'Q1'"):
        load(tmp_path, "a.xlsx", sheet="Q11")


def test_what_is_no_workbook_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(DataError, match=r"a.xlsx is damaged or not what its name says"):
        load(tmp_path, "a.xlsx")
    buffer = io.BytesIO()
    openpyxl.Workbook().save(buffer)
    (tmp_path / "b.xlsx").write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match=r"b.xlsx has no rows"):
        load(tmp_path, "b.xlsx")


def test_a_data_frame_is_a_source() -> None:
    table = pa.table({"id": [1, 2], "none": pa.nulls(2), "tags": [[1], []]})
    with DuckDB() as db:
        raw = load_frame(db, "mine", table, input_table="customers")
        assert db.rows("SELECT * FROM raw__mine") == [(1, None, "[1]"), (2, None, "[]")]
        assert (raw.table, raw.columns, raw.rows) == ("customers", ("id", "none", "tags"), 2)
        assert db.tables() == {"raw__mine"}
        with pytest.raises(DataError, match="has no rows"):
            load_frame(db, "mine", table.slice(0, 0), input_table="customers")
        with pytest.raises(DataError, match="2 columns named 'a'"):
            load_frame(db, "m", pa.table([[1], [2]], names=["a", "A"]), input_table="customers")
