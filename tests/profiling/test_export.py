"""Files that leave: the same rows in parts as in one piece, and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.profiling.export import csv_parts, parquet_parts, write_table

cells = st.text(st.sampled_from('=+-@\t\r"\n,a1é'), max_size=4)
tables = st.lists(st.tuples(cells, st.integers(-5, 5)), min_size=1, max_size=12)


def batches(rows: list[tuple[str, int]], size: int) -> list[pa.RecordBatch]:
    """Cut rows into batches."""
    table = pa.table({"=name": [row[0] for row in rows], "n": [row[1] for row in rows]})
    return table.to_batches(size)


@settings(max_examples=40)
@given(tables, st.integers(1, 5))
def test_no_cell_and_no_heading_is_a_formula(rows, size):
    text = b"".join(csv_parts(batches(rows, size))).decode()
    head, *found = csv.reader(io.StringIO(text, newline=""))
    assert head == ["'=name", "n"]
    for (name, n), (cell, number) in zip(rows, found, strict=True):
        assert cell in {name, f"'{name}"}
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert int(number) == n  # a number below zero is no formula


@settings(max_examples=15)
@given(tables, st.integers(1, 5))
def test_parquet_in_parts_is_the_same_table(rows, size):
    parts = list(parquet_parts(batches(rows, size)))
    assert len(parts) == len(batches(rows, size)) + 1
    assert pq.read_table(io.BytesIO(b"".join(parts))) == pa.Table.from_batches(batches(rows, size))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_parts_are_the_file_that_the_command_line_writes(tmp_path, kind):
    rows = batches([("a", 1), ("=b", -2)], 2)
    write_table(pa.Table.from_batches(rows), tmp_path / f"out.{kind}")
    made = b"".join({"csv": csv_parts, "parquet": parquet_parts}[kind](rows))
    written = (tmp_path / f"out.{kind}").read_bytes()
    if kind == "csv":
        assert made == written
    else:
        assert pq.read_table(io.BytesIO(made)) == pq.read_table(io.BytesIO(written))
