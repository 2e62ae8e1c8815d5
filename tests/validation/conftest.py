"""A working database, and raw tables made from rows or from the real files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from coterie.engine.duckdb import DuckDB
from coterie.sources.base import Raw

REJECTED = pa.schema(
    [
        ("row", pa.int64()),
        ("reason", pa.string()),
        ("message", pa.string()),
        ("raw", pa.string()),
    ]
)


@pytest.fixture
def db() -> Iterator[DuckDB]:
    with DuckDB() as engine:
        yield engine


@pytest.fixture
def raw_of(db: DuckDB) -> Callable[..., Raw]:
    """Make a Raw from columns; ``rejected`` are rows that could not be split."""

    def make(
        table: str,
        columns: dict[str, Sequence[Any]] | pa.Table,
        *,
        name: str = "",
        rejected: Sequence[dict[str, Any]] = (),
    ) -> Raw:
        name = name or table
        data = columns if isinstance(columns, pa.Table) else pa.table(columns)
        texts = [
            column.cast(pa.string()) if pa.types.is_null(column.type) else column
            for column in data.columns
        ]
        db.load(f"raw__{name}", pa.table(dict(zip(data.column_names, texts, strict=True))))
        refused = pa.Table.from_pylist(list(rejected), schema=REJECTED)
        rows = data.num_rows + refused.num_rows
        return Raw(name, table, f"raw__{name}", tuple(data.column_names), rows, refused)

    return make


@pytest.fixture
def csv_of(db: DuckDB, data: Path) -> Callable[..., Raw]:
    """Read one of the real files as text columns."""

    def make(table: str, path: str, *, separator: str = ",") -> Raw:
        relation = f"raw__{table}"
        db.create(
            relation,
            f"SELECT * FROM read_csv('{data / path}', all_varchar = true, header = true, "
            f"parallel = false, delim = '{separator}')",
        )
        ((rows,),) = db.rows(f"SELECT count(*) FROM {relation}")
        return Raw(table, table, relation, db.columns(relation), rows, REJECTED.empty_table())

    return make
