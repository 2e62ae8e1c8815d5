"""A part of a table that lies in a Parquet file: only the row groups that it touches are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.service.deps import from_cursor, to_cursor, wrong_cursor
from coterie.service.models import Page
from coterie.service.reading import plain


def slice_of(
    path: Path, *, name: str, cursor: str, limit: int, columns: list[str] | None = None
) -> Page[dict[str, Any]]:
    """Return a page of a table in the order in which it was written.

    Parameters
    ----------
    path : Path
        A Parquet file that never changes.
    name : str
        Of the table: a cursor of another is refused.
    cursor : str
        ``next`` of the page before, or empty.
    limit : int
        Rows at most.
    columns : list of str, optional
        Only these.

    Returns
    -------
    Page
        Its rows as they are; what is no number is null.
    """
    place = from_cursor(cursor, 2)
    start = 0
    if place:
        if place[0] != name or not isinstance(place[1], int) or place[1] < 0:
            raise wrong_cursor()
        start = place[1]
    file = pq.ParquetFile(path)
    total = file.metadata.num_rows
    found: list[pa.Table] = []
    seen = 0
    for number in range(file.num_row_groups):
        length = file.metadata.row_group(number).num_rows
        low, high = max(start - seen, 0), min(start + limit - seen, length)
        if low < high:
            found.append(file.read_row_group(number, columns=columns).slice(low, high - low))
        seen += length
    items = [plain(row) for part in found for row in part.to_pylist()]
    end = start + len(items)
    return Page(items=items, next=to_cursor((name, end)) if end < total else None, total=total)
