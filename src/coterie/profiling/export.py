"""Lists that leave Coterie: who is in which segment, as CSV or Parquet.

A text that a spreadsheet would run as a formula gets an apostrophe in front.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from coterie.errors import ParameterError
from coterie.store.runs import whole_file

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
    if path.suffix not in {".csv", ".parquet"}:
        raise ParameterError(f"{path.name!r} is no known kind.", allowed="Use .csv or .parquet.")
    named = [names.get(key) for key in rows.column("segment_id").to_pylist()]
    table = rows.add_column(2, "segment_name", pa.array(named, pa.string()))
    at = table.schema.get_field_index("reasons")
    if at >= 0:
        said = ["; ".join(phrases) for phrases in table.column(at).to_pylist()]
        table = table.set_column(at, "reasons", pa.array(said, pa.string()))
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
    return table
