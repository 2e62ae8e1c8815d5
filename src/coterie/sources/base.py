"""What a source is: where rows lie, how they are written, and which column means what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
from pydantic import Field

from coterie.schema import Params

TableName = Literal["orders", "customers", "events", "texts", "touches"]


class Source(Params):
    """One ``[sources.NAME]`` of ``coterie.toml``.

    Exactly one of ``file`` and ``database`` is given. ``table`` is the input table
    the rows belong to; it may be left out when NAME is one of the five.
    """

    table: TableName | None = None
    file: str = ""
    """Path or glob, relative to the project folder."""
    format: Literal["", "csv", "parquet", "jsonl", "excel"] = ""
    """Empty: told from the name and the first bytes."""
    separator: str = ""
    encoding: str = ""
    sheet: str = ""
    database: str = ""
    """``sqlite:PATH`` or ``env:NAME`` of the variable that holds a PostgreSQL URL."""
    relation: str = ""
    """Table to read, or give ``query``."""
    query: str = ""

    columns: dict[str, str] = {}
    """Our name for a column -> the user's name."""
    key: str = ""
    """Short for ``columns = { customer_id = … }``."""
    timestamp_format: str = ""
    """strptime format, needed only when day and month cannot be told apart."""
    decimal: Literal["", ".", ","] = ""
    """Decimal mark; empty: worked out from the values."""
    returns: Literal["net", "drop"] = "net"
    duplicates: Literal["keep", "drop"] = "keep"
    future: Literal["stop", "quarantine"] = "stop"
    """What becomes of rows dated far after all others."""
    free_orders: bool = False
    """Whether a day with only lines of amount 0 counts as an order day."""
    service_codes: tuple[str, ...] = ()
    """product_id values that are money but no product: postage, fees …"""
    max_text: int = Field(default=10_000, ge=1)
    """Longest text value in characters; longer rows are quarantined."""

    def mapping(self) -> dict[str, str]:
        """Return our column name -> the user's, with ``key`` folded in."""
        return {**({"customer_id": self.key} if self.key else {}), **self.columns}


@dataclass(frozen=True)
class Raw:
    """A source as read: a table in the working database, columns named as the user names them.

    ``relation`` keeps the order of the source; DuckDB's ``rowid`` + 1 is the row
    number. Text files give VARCHAR columns; Parquet, Excel and databases keep their
    types. ``rejected`` holds what could not even be split into columns.
    """

    name: str
    table: TableName
    relation: str
    columns: tuple[str, ...]
    rows: int
    """Rows that came in, the rejected ones included."""
    rejected: pa.Table
    """Columns row (int64), reason, message, raw (string)."""
    notes: tuple[str, ...] = ()
    """What was decided while reading: encoding, separator, sheet …"""
    erased: tuple[int, ...] = ()
    """Numbers of the rows of people who were erased; all their values are NULL."""
    rejected_erased: int = 0
    """Rows that could not be split and were theirs; they are not in ``rejected``."""
