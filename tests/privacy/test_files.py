"""Files lose the rows of one person; those of all others stay as they were."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coterie.privacy.files import UnreadableError, sift_file
from coterie.privacy.person import Person
from coterie.sources.base import Source

SEVEN = Person("7", frozenset({"seven@ex.org"}), frozenset({"customer_id", "id"}))


def without(path: Path, person: Person = SEVEN) -> tuple[int, Path]:
    """Write a file without a person; return what was found, and where it is."""
    target = path.with_name(f".{path.name}.partial")
    return len(sift_file(path, target, person, Source())), target


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_text_table_keeps_the_bytes_of_other_lines(
    tmp_path: Path, newline: str, encoding: str
) -> None:
    lines = ["id;name;note", '8;Zoë;"7;\n two lines"', "7;x;y", '"7.0";x;y', "70;seven@ex.orgy;7"]
    path = tmp_path / "a.csv"
    path.write_bytes((newline.join(lines) + newline).encode(encoding))
    found, target = without(path)
    kept = [lines[0], lines[1], lines[4]]
    assert found == 2
    assert target.read_bytes() == (newline.join(kept) + newline).encode(encoding)


def test_a_broken_quote_hides_nobody(tmp_path: Path) -> None:
    rows = [f"{n},x" for n in range(300)]
    rows[3] = '3,"never closed'
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["id,note", *rows]) + "\n")
    found, target = without(path)
    assert found == 1
    assert "\n7,x\n" not in target.read_text()
    assert len(target.read_text().splitlines()) == 300


def test_packed_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps({"id": n, "m": f"{n}@ex.org"}) + "\n" for n in (6, 7, 8))
    found, target = without(path)
    assert found == 1
    assert gzip.decompress(target.read_bytes()).decode().count("\n") == 2


def test_a_workbook_loses_her_rows_on_every_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("more")):
        assert sheet is not None
        for row in [("id", "mail"), (7, "a"), (8, "b"), (9, "seven@ex.org")]:
            sheet.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    found, target = without(path)
    with target.open("rb") as file:
        left = openpyxl.load_workbook(file)
    assert found == 4
    assert [[c.value for c in row] for row in left["more"].iter_rows()] == [
        ["id", "mail"],
        [8, "b"],
    ]


def test_a_parquet_table_keeps_schema_order_and_other_rows(tmp_path: Path) -> None:
    table = pa.table({"customer_id": ["7", "8", None, "7"], "n": pa.array([1, 2, 3, 4], pa.int8())})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=2)
    found, target = without(path)
    assert found == 2
    assert pq.read_table(target).equals(table.take([1, 2]))


def test_a_file_without_her_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,n\n70,7\n17,7\n")
    assert without(path)[0] == 0
    assert not without(path)[1].exists()


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(UnreadableError, match=r"a\.parquet"):
        without(path)
