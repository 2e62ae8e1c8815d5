from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import random
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.sources.base import Raw, Source
from coterie.sources.read import read

Rows = list[tuple[object, ...]]


def load(folder: Path, file: str, threads: int | None = None, **how: object) -> tuple[Raw, Rows]:
    source = Source.model_validate({"file": file, "table": "orders", **how})
    with DuckDB(threads=threads) as db:
        raw = read(db, "shop", source, folder)
        rows = db.rows("SELECT * FROM raw__shop ORDER BY rowid")
        last = db.rows("SELECT max(rowid) FROM raw__shop")[0][0]
    assert last + 1 == len(rows), "rowid + 1 is the row number"
    assert raw.rows == len(rows) + raw.rejected.num_rows
    return raw, rows


def put(folder: Path, content: bytes, file: str = "a.csv") -> Path:
    (folder / file).write_bytes(content)
    return folder


def refused(folder: Path, content: bytes, match: str, file: str = "a.csv", **how: object) -> None:
    with pytest.raises(DataError, match=match):
        load(put(folder, content, file), file, **how)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "^", "~"])
def test_the_separator_is_told_from_the_rows(tmp_path: Path, separator: str) -> None:
    text = "id;name;price\n1;x, y;1,50\n2;z;2,50\n".replace(";", separator)
    if separator == ",":
        text = 'id,name,price\n1,"x, y","1,50"\n2,z,"2,50"\n'
    raw, rows = load(put(tmp_path, text.encode()), "a.csv")
    assert raw.columns == ("id", "name", "price")
    assert rows == [("1", "x, y", "1,50"), ("2", "z", "2,50")]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", True),
        ("utf-8-sig", True),
        ("utf-16", True),
        ("utf-16-le", True),
        ("utf-32", True),
        ("cp1252", True),
        ("cp1250", False),
        ("shift_jis", False),
        ("gb18030", False),
    ],
)
def test_any_encoding_is_read(tmp_path: Path, encoding: str, told: bool) -> None:
    word = {"cp1250": "žluť", "shift_jis": "日本", "gb18030": "漢字"}.get(encoding, "café")
    put(tmp_path, f"id,name\n1,{word}\n2,x\n".encode(encoding))
    raw, rows = load(tmp_path, "a.csv", encoding="" if told else encoding)
    assert raw.columns == ("id", "name")
    assert rows == [("1", word), ("2", "x")]


def test_an_accent_beyond_the_sample_of_an_ascii_file_is_read(tmp_path: Path) -> None:
    many = b"id,name\n" + b"1,abcdefgh\n" * 120_000
    raw, rows = load(put(tmp_path, many + b"2,caf\xe9\n"), "a.csv")
    assert rows[-1] == ("2", "café")
    assert any("cp1252" in note for note in raw.notes)
    raw, rows = load(put(tmp_path, many + "3,né\n".encode() + b"2,caf\xe9\n"), "a.csv")
    assert rows[-1] == ("3", "né")
    assert raw.rejected.num_rows == 1


def test_rows_that_cannot_be_split_are_kept_apart_with_their_line(tmp_path: Path) -> None:
    put(tmp_path, b'a,b\n1,2\n3\n\n"x\ny",4\n5,6,7\n8,caf\xe9\n9,"q" r\n10,11\n')
    raw, rows = load(tmp_path, "a.csv", encoding="utf-8")
    assert rows == [("1", "2"), ("x\ny", "4"), ("10", "11")]
    assert raw.rejected.column("row").to_pylist() == [3, 7, 8, 9]
    assert set(raw.rejected.column("reason").to_pylist()) == {"bad_row"}
    assert raw.rejected.column("raw").to_pylist()[:2] == ["3", "5,6,7"]
    assert "1 fields where the header has 2" in raw.rejected.column("message")[0].as_py()
    assert raw.rejected.column("raw")[3].as_py() == '9,"q" r'


@pytest.mark.parametrize("threads", [1, 4])
def test_a_quote_that_is_never_closed_costs_one_line_only(tmp_path: Path, threads: int) -> None:
    lines = [b'%d,"x, y",z' % i if i % 3 == 0 else b"%d,x,y" % i for i in range(200_000)]
    lines[70_000] = b'70000,"open,y'
    lines[150_000] = b'150000,"a"b,y'
    put(tmp_path, b"i,a,b\n" + b"\n".join(lines) + b"\n")
    raw, rows = load(tmp_path, "a.csv", threads)
    assert raw.rows == 200_000
    assert raw.rejected.column("row").to_pylist() == [70_002, 150_002]
    assert raw.rejected.column("raw").to_pylist() == ['70000,"open,y', '150000,"a"b,y']
    kept = [i for i in range(200_000) if i not in {70_000, 150_000}]
    assert [int(str(row[0])) for row in rows] == kept


def test_mixed_line_ends_are_read(tmp_path: Path) -> None:
    raw, rows = load(put(tmp_path, b'a,b\r\n1,2\n3,"x\r\ny"\r\n5\n6,7\n'), "a.csv")
    assert rows == [("1", "2"), ("3", "x\r\ny"), ("6", "7")]
    assert raw.rejected.column("row").to_pylist() == [5]


def test_old_mac_line_ends_are_read(tmp_path: Path) -> None:
    raw, rows = load(put(tmp_path, b"a,b\r1,2\r3\r4,5\r"), "a.csv")
    assert rows == [("1", "2"), ("4", "5")]
    assert raw.rejected.column("row").to_pylist() == [3]


def test_thousands_of_broken_rows_are_the_same_at_any_number_of_threads(tmp_path: Path) -> None:
    draw = random.Random(3)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["i", "a", "b"])
    broken = 0
    for i in range(60_000):
        fate = draw.random()
        if fate < 0.01:
            out.write(f"{i},only\n" if fate < 0.005 else f"{i},x,y,z\n")
            broken += 1
        else:
            writer.writerow([i, 'te\nxt, "q"\n' * draw.randint(0, 20), "b" * draw.randint(0, 200)])
    put(tmp_path, out.getvalue().encode())
    first, rows = load(tmp_path, "a.csv", 1)
    assert first.rejected.num_rows == broken
    assert [r for r in csv.reader(io.StringIO(out.getvalue(), newline="")) if len(r) == 3][1:] == [
        [value or "" for value in row] for row in rows
    ]
    second, again = load(tmp_path, "a.csv", 4)
    assert again == rows
    assert second.rejected.equals(first.rejected)


cell = st.text(alphabet=st.sampled_from("ab1é \",;\n\r\t|'"), max_size=6)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=20),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, ...]],
    separator: str,
    ends: str,
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator=ends, quoting=csv.QUOTE_ALL)
        writer.writerow(["one", "two", "three"])
        writer.writerows(rows)
    raw, got = load(folder, "a.csv", separator=separator)
    assert raw.rejected.num_rows == 0
    assert got == [tuple(value or None for value in row) for row in rows]


def test_backslash_escapes_and_single_quotes_are_told(tmp_path: Path) -> None:
    put(tmp_path, b'a,b\n"x \\"y\\", z",1\n"p, q",2\n')
    assert load(tmp_path, "a.csv")[1] == [('x "y", z', "1"), ("p, q", "2")]
    put(tmp_path, b"a,b\n'x, y',1\n'p, q',2\n")
    assert load(tmp_path, "a.csv")[1] == [("x, y", "1"), ("p, q", "2")]


def test_lines_before_the_header_are_skipped(tmp_path: Path) -> None:
    raw, rows = load(put(tmp_path, b"\r\nsep=;\r\na;b\r\n1;2\r\n3\r\n"), "a.csv")
    assert (raw.columns, rows) == (("a", "b"), [("1", "2")])
    assert raw.rejected.column("row").to_pylist() == [5]


def test_one_column_and_long_separators_are_read(tmp_path: Path) -> None:
    assert load(put(tmp_path, b"customer\nx, y\nz\n"), "a.csv")[1] == [("x, y",), ("z",)]
    assert load(put(tmp_path, b"a||b\n1||2|3\n"), "a.csv", separator="||")[1] == [("1", "2|3")]


def test_only_empty_fields_are_missing(tmp_path: Path) -> None:
    rows = load(put(tmp_path, b'a,b\n"",NA\nnull, \n'), "a.csv")[1]
    assert rows == [(None, "NA"), ("null", " ")]


def test_packed_files_are_read(tmp_path: Path) -> None:
    put(tmp_path, gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n"), "a.csv.gz")
    assert load(tmp_path, "a.csv.gz")[1] == [("1", "2"), ("3", "4")]
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../orders.csv", "a,b\n1,é\n".encode("utf-16"))
        archive.writestr("__MACOSX/._orders.csv", b"junk")
    assert load(tmp_path, "a.zip")[1] == [("1", "é")]
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr("second.csv", b"a,b\n")
    with pytest.raises(DataError, match=r"holds 2 files: ../../orders.csv, second.csv"):
        load(tmp_path, "a.zip")


def test_files_of_a_pattern_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    put(tmp_path, b"a,b\n3,4\n5\n", "x-2.csv")
    put(tmp_path, b"a;b\n1;2\n", "x-1.csv")
    raw, rows = load(tmp_path, "x-*.csv")
    assert rows == [("1", "2"), ("3", "4")]
    assert raw.rejected.column("message")[0].as_py().startswith("x-2.csv: Line 3:")
    put(tmp_path, b"a,c\n1,2\n", "x-3.csv")
    with pytest.raises(DataError, match=r"x-3.csv has another header than x-1.csv.*b, c"):
        load(tmp_path, "x-*.csv")


def test_a_name_with_pattern_characters_is_one_file(tmp_path: Path) -> None:
    put(tmp_path, b"a,b\n1,2\n", "a[1].csv")
    put(tmp_path, b"a,b\n9,9\n", "a1.csv")
    assert load(tmp_path, "a[1].csv")[1] == [("1", "2")]


def test_each_unusable_file_says_why(tmp_path: Path) -> None:
    refused(tmp_path, b"", "a.csv is empty")
    refused(tmp_path, gzip.compress(b""), "is empty", "e.csv.gz")
    refused(tmp_path, b"a,b\n", "a.csv has no rows")
    refused(tmp_path, b"a,b\n1\n2\n", "no rows that can be read. Line 2: 1 fields")
    refused(tmp_path, b"a,b\n1,\x00\n", "is not text: byte 6 is zero")
    refused(tmp_path, random.Random(1).randbytes(5_000), "is not text")
    refused(tmp_path, b"a,b,,\n1,2,3,4\n", "without a name: number 3, 4")
    refused(tmp_path, b"a,b,a\n1,2,3\n", "2 columns named 'a'")
    refused(tmp_path, b"a,b\n1,2\n", "is not a gz file", "n.csv.gz")
    refused(tmp_path, b"a,b\n1,2\n", "is not a zip file", "n.zip")
    refused(tmp_path, gzip.compress(b"a,b\n" * 99)[:-9], "is damaged", "cut.csv.gz")
    refused(tmp_path, b"PK\x03\x04junk", "is damaged", "j.zip")
    refused(tmp_path, gzip.compress(gzip.compress(b"a,b\n1,2\n")), "itself packed", "t.csv.gz")
    refused(tmp_path, b"BZh91AY", "packed with bzip2", "b.csv.bz2")
    refused(tmp_path, codecs.decode("d0cf11e0a1b11ae1", "hex"), "legacy", "old.xls")
    refused(tmp_path, b"<!doctype html><p>Log in", "web page")
    refused(tmp_path, b"SQLite format 3\0", "SQLite database", "shop.db")


def test_missing_files_name_the_nearest(tmp_path: Path) -> None:
    put(tmp_path, b"a,b\n1,2\n", "orders.csv")
    with pytest.raises(DataError, match=r"no file order.csv. Did you mean 'orders.csv'"):
        load(tmp_path, "order.csv")
    (tmp_path / "sub").mkdir()
    with pytest.raises(DataError, match=r"sub is a folder.*sub/\*.csv"):
        load(tmp_path, "sub")
    with pytest.raises(DataError, match="There is no folder 'nowhere' either"):
        load(tmp_path, "nowhere/a.csv")


def test_a_wrong_separator_is_answered_with_the_right_one(tmp_path: Path) -> None:
    refused(tmp_path, b"a;b\n1;2\n", "';' gives 2.*Set separator = ';'", separator=",")


def test_unknown_encodings_and_sheets_are_parameter_errors(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="Did you mean 'cp1252'"):
        load(put(tmp_path, b"a,b\n1,2\n"), "a.csv", encoding="cp125")


@contextmanager
def anybody() -> Iterator[None]:
    """Act as a user whom permissions bind: root may read every file."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_file_without_permission_says_so() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        folder.chmod(0o755)
        (put(folder, b"a,b\n1,2\n") / "a.csv").chmod(0)
        with anybody(), pytest.raises(DataError, match="may not be read"):
            load(folder, "a.csv")


def test_nothing_is_left_behind_by_a_failure(tmp_path: Path) -> None:
    put(tmp_path, b"a,b\n1,2\n", "x-1.csv")
    put(tmp_path, b"c\n1\n", "x-2.csv")
    with DuckDB() as db:
        with pytest.raises(DataError):
            read(db, "orders", Source(file="x-*.csv"), tmp_path)
        assert db.tables() == frozenset()
