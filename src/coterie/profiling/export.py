"""Lists that leave Coterie: who is in which segment, as CSV or Parquet.

A text that a spreadsheet would run as a formula gets an apostrophe in front.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from coterie.errors import ParameterError
from coterie.store.runs import check_file, whole_file

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def without_formula(text: str | None) -> str | None:
    """Return a text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> without_formula("=1+1"), without_formula("12347")
    ("'=1+1", '12347')
    """
    return f"'{text}" if text and text.startswith(_STARTS_FORMULA) else text


def write_rows(rows: pa.Table, names: Mapping[str, str], path: Path) -> None:
    """Write placed customers with the names of their segments.

    Parameters
    ----------
    rows : pa.Table
        customer_id, segment_id and more, such as lists of ``reasons``; by customer.
    names : mapping of str to str
        Segment id -> name.
    path : Path
        Ends in ``.csv`` or ``.parquet``; appears whole or not at all.

    Raises
    ------
    ParameterError
        If it ends otherwise.
    DataError
        If it cannot be written.
    """
    named = [names.get(key) for key in rows.column("segment_id").to_pylist()]
    table = rows.add_column(2, "segment_name", pa.array(named, pa.string()))
    at = table.schema.get_field_index("reasons")
    if at >= 0:
        said = ["; ".join(phrases) for phrases in table.column(at).to_pylist()]
        table = table.set_column(at, "reasons", pa.array(said, pa.string()))
    write_table(table, path)


def check_target(path: Path) -> None:
    """Refuse a file that no table can be written to.

    Parameters
    ----------
    path : Path
        Ends in ``.csv`` or ``.parquet``, in a folder that is there.

    Raises
    ------
    ParameterError
        If it ends otherwise, or there is no such folder.

    Examples
    --------
    >>> check_target(Path("plan.xls"))
    Traceback (most recent call last):
    coterie.errors.ParameterError: 'plan.xls' is no known kind. Use .csv or .parquet.
    """
    if path.suffix not in {".csv", ".parquet"}:
        raise ParameterError(f"{path.name!r} is no known kind.", allowed="Use .csv or .parquet.")
    if not path.parent.is_dir():
        hint = "Make the folder first, or name another."
        raise ParameterError(f"There is no folder {str(path.parent)!r}.", hint=hint, where="to")
    check_file(path)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table for people and for other tools.

    Parameters
    ----------
    table : pa.Table
        Plain columns.
    path : Path
        Ends in ``.csv`` or ``.parquet``; appears whole or not at all.

    Raises
    ------
    ParameterError
        As ``check_target``.
    DataError
        If it cannot be written.
    """
    check_target(path)
    with whole_file(path) as partial:
        if path.suffix == ".parquet":
            pq.write_table(table, partial)
        else:
            pyarrow.csv.write_csv(_safe(table), partial)


def _safe(table: pa.Table) -> pa.Table:
    for i, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            safe = [without_formula(text) for text in table.column(i).to_pylist()]
            table = table.set_column(i, field, pa.array(safe, pa.string()))
    return table.rename_columns([without_formula(name) or "" for name in table.column_names])


def csv_parts(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    r"""Yield a CSV file in parts; the head comes with the first.

    Parameters
    ----------
    batches : iterable of pa.RecordBatch
        Plain columns, the same in all; at least one batch.

    Yields
    ------
    bytes
        With the formulas of spreadsheets made harmless.

    Examples
    --------
    >>> rows = pa.record_batch({"customer_id": ["=1+1", "2"]})
    >>> b"".join(csv_parts([rows, rows])).decode().split()
    ['"customer_id"', '"\'=1+1"', '"2"', '"\'=1+1"', '"2"']
    """
    for number, batch in enumerate(batches):
        sink = pa.BufferOutputStream()
        how = pyarrow.csv.WriteOptions(include_header=number == 0)
        pyarrow.csv.write_csv(_safe(pa.Table.from_batches([batch])), sink, how)
        yield sink.getvalue().to_pybytes()


def parquet_parts(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Yield a Parquet file in parts, a row group a batch.

    Parameters
    ----------
    batches : iterable of pa.RecordBatch
        The same columns in all; at least one batch.

    Yields
    ------
    bytes
        In order.
    """
    sink, writer = _Parts(), None
    for batch in batches:
        writer = writer or pq.ParquetWriter(pa.PythonFile(sink, "w"), batch.schema)
        writer.write_batch(batch)
        yield sink.taken()
    if writer:
        writer.close()
    yield sink.taken()


class _Parts(io.RawIOBase):
    """A file that is handed on as it is written."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._length

    def write(self, data: Any) -> int:
        self._written.append(bytes(data))
        self._length += len(self._written[-1])
        return len(self._written[-1])

    def taken(self) -> bytes:
        """Return what was written since it was last asked for."""
        written, self._written = b"".join(self._written), []
        return written


def write_people(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the answers for people, one row each.

    Parameters
    ----------
    rows : sequence of mapping
        As ``pipeline.predict`` gives them; lists are joined, chances left out.
    path : Path
        Ends in ``.csv`` or ``.parquet``; appears whole or not at all.

    Raises
    ------
    ParameterError
        If it ends otherwise.
    DataError
        If it cannot be written.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [name for name in names if name not in {"chances", "extra", "problems"}]
    data = {name: [_cell(row.get(name)) for row in rows] for name in columns}
    data["problems"] = [" ".join(one["message"] for one in row["problems"]) for row in rows]
    arrays = {name: pa.array(column) for name, column in data.items()}
    known = {
        name: column.cast(pa.string()) if pa.types.is_null(column.type) else column
        for name, column in arrays.items()
    }
    write_table(pa.table(known), path)


def _cell(value: Any) -> Any:
    return "; ".join(value) if isinstance(value, list) else value
