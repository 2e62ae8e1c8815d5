from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError
from coterie.sources.base import Source
from coterie.sources.excel_files import check_workbook
from coterie.sources.limits import Bounded, Limits, reading
from coterie.sources.names import column_names
from coterie.sources.parquet_files import check_parquet
from coterie.sources.read import read
from coterie.sources.staging import plain_text

SMALL = Limits(
    unpacked_bytes=3_000_000,
    ratio=50,
    ratio_free_bytes=1_000_000,
    workbook_bytes=100_000,
    workbook_text_bytes=20_000,
    rows=1_000,
)


def workbook(path: Path, parts: dict[str, bytes] | None = None) -> Path:
    """Write a small workbook in which ``parts`` are replaced or added."""
    buffer = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["id", "name"])
    book.active.append([1, "x"])
    book.save(buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in (parts or {}):
                new.writestr(name, old.read(name))
        for name, content in (parts or {}).items():
            new.writestr(name, content)
    return path


def sheet(rows: str) -> dict[str, bytes]:
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    text = f"<worksheet {space}><sheetData>{rows}</sheetData></worksheet>"
    return {"xl/worksheets/sheet1.xml": text.encode()}


def test_a_stream_stops_at_its_bounds() -> None:
    assert Bounded(io.BytesIO(bytes(100)), 1, "a", SMALL).read(200) == bytes(100)
    stream = Bounded(io.BytesIO(bytes(4_000_000)), 4_000_000, "a", SMALL)
    assert len(stream.read(3_000_000)) == 3_000_000
    with pytest.raises(DataError, match="unpacks to more than 3,000,000 bytes"):
        stream.read(1)
    stream = Bounded(io.BytesIO(bytes(2_000_000)), 2_000, "a", SMALL)
    with pytest.raises(DataError, match="more than 50 times its size"):
        stream.read(2_000_000)


@pytest.mark.parametrize("suffix", ["gz", "zip"])
def test_bombs_are_stopped_while_they_unpack(tmp_path: Path, suffix: str) -> None:
    content = b"a,b\n" + b"1,2\n" * 700_000
    path = tmp_path / f"bomb.csv.{suffix}"
    if suffix == "gz":
        path.write_bytes(gzip.compress(content))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", content)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(DataError, match="more than 50 times its size"):
        plain_text(path, "", scratch, SMALL)
    assert sum(file.stat().st_size for file in scratch.iterdir()) < len(content)


def test_the_size_in_the_header_of_a_zip_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"a,b\n" + b"1,2\n" * 1_000)
    honest = path.read_bytes()
    true_size = (4_004).to_bytes(4, "little")
    path.write_bytes(honest.replace(true_size, (8).to_bytes(4, "little")))
    with pytest.raises(DataError, match="damaged"):
        plain_text(path, "", tmp_path)


def test_a_zip_in_a_zip_and_a_locked_zip_are_refused(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv", b"a,b\n1,2\n")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b.zip", inner.getvalue())
    with pytest.raises(DataError, match="itself packed"):
        plain_text(tmp_path / "a.zip", "", tmp_path)
    locked = bytearray(inner.getvalue())
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "c.zip").write_bytes(locked)
    with pytest.raises(DataError, match="protected by a password"):
        plain_text(tmp_path / "c.zip", "", tmp_path)


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    check_workbook(workbook(tmp_path / "fine.xlsx"), SMALL)
    path = workbook(tmp_path / "a.xlsx", {"xl/media/a.bin": bytes(200_000)})
    with pytest.raises(DataError, match="unpacks to more than"):
        check_workbook(path, SMALL)
    path = workbook(tmp_path / "b.xlsx", {"xl/sharedStrings.xml": bytes(30_000)})
    with pytest.raises(DataError, match="of them 20,000 of texts"):
        check_workbook(path, SMALL)


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_workbook_with_a_document_type_is_refused(tmp_path: Path, codec: str) -> None:
    evil = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    workbook(tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": evil.encode(codec)})
    with DuckDB() as db, pytest.raises(DataError, match="declares a document type"):
        read(db, "orders", Source(file="a.xlsx"), tmp_path)


def test_a_row_number_beyond_excel_is_refused(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="99999999"><c><v>2</v></c></row>'
    workbook(tmp_path / "a.xlsx", sheet(rows))
    with DuckDB() as db, pytest.raises(DataError, match="more cells than are read"):
        read(db, "orders", Source(file="a.xlsx"), tmp_path)


def test_broken_sheets_are_data_errors(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": b"<worksheet><oh"})
    with DuckDB() as db:
        with pytest.raises(DataError, match="cannot be read as an Excel workbook"):
            read(db, "orders", Source(file="a.xlsx"), tmp_path)
        assert db.tables() == frozenset()


def test_a_parquet_file_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": pa.nulls(2_000, pa.int8())}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="claims 2,000 rows"):
        check_parquet(tmp_path / "a.parquet", SMALL)


def test_too_many_columns_are_refused() -> None:
    with pytest.raises(DataError, match="5,000 columns"):
        column_names([f"c{i}" for i in range(5_000)], "a.csv")


def test_a_full_disk_and_a_missing_right_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(DataError, match="disk is full"), reading(path):
        raise OSError(28, "No space left on device")
    with pytest.raises(DataError, match="may not be read"), reading(path):
        raise PermissionError(13, "Permission denied")
