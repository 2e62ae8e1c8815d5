"""The customers of a run as they are now, and the people in a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import DataError
from coterie.features.windows import to_day
from coterie.prediction.fields import LONGEST, flat
from coterie.sources.base import Source
from coterie.sources.read import read
from coterie.store.results import Run
from coterie.validation.moment import see_people

MOST_CUSTOMERS = 100_000
"""Customers that are looked at; of more those whose ids have the least hashes."""
MOST_PEOPLE = 1_000_000
MOST_TOLD = 20
"""Columns of a file that are named because nothing knows them."""


@dataclass(frozen=True)
class Customers:
    """Customers with their attributes and segments, ordered by id.

    Parameters
    ----------
    ids : tuple of str
        Customer ids.
    frame : pa.Table
        Their attributes; dates as float64 days.
    segments : tuple of str or None
        Segment ids; None for who is in no segment.
    """

    ids: tuple[str, ...]
    frame: pa.Table
    segments: tuple[str | None, ...]


def read_customers(run: Run, data: Path, names: Sequence[str]) -> Customers:
    """Read the customers of a run.

    Parameters
    ----------
    run : Run
        Tells the segments, and the day as of which attributes are read.
    data : Path
        Folder of the checked tables.
    names : sequence of str
        Attributes to read.

    Returns
    -------
    Customers
        At most ``MOST_CUSTOMERS``.
    """
    files = literal(str(data / "customers" / "*.parquet"))
    placed = literal(str(run.folder / "assignments.parquet"))
    columns = ", ".join(f"p.{identifier(name)}" for name in names)
    with DuckDB(threads=1) as db:
        db.view("customers", f"SELECT * FROM read_parquet({files})")
        see_people(db, to_day(date.fromisoformat(run.as_of)) if run.as_of else None)
        table = db.query(
            f'SELECT p.customer_id, {columns}, a.segment_id AS "segment id" FROM '
            f"(SELECT * FROM people ORDER BY md5(customer_id), customer_id LIMIT {MOST_CUSTOMERS})"
            f" AS p LEFT JOIN (SELECT customer_id, segment_id FROM read_parquet({placed}) "
            "WHERE status = 'ok') AS a USING (customer_id) ORDER BY p.customer_id"
        )
    ids, segments = (table.column(at).to_pylist() for at in (0, table.num_columns - 1))
    return Customers(tuple(ids), table.select(list(names)), tuple(segments))


def not_known(columns: Iterable[str], known: Iterable[str]) -> list[str]:
    """Say which columns of a file nothing knows.

    Parameters
    ----------
    columns : iterable of str
        Those of the file.
    known : iterable of str
        Those of the form and of the customer table.

    Returns
    -------
    list of str
        A sentence for each, with the nearest known name; at most ``MOST_TOLD``, then how many
        more there are.

    Examples
    --------
    >>> not_known(["Age", "Incme"], ["Age", "Income"])
    ["Column 'Incme' is not known and plays no part. Did you mean 'Income'?"]
    """
    names = {flat(name): name for name in known}
    told = []
    for column in columns:
        if flat(column) in names:
            continue
        near = get_close_matches(flat(column), names, n=1)
        hint = f" Did you mean {names[near[0]]!r}?" if near else ""
        told.append(f"Column {column[:LONGEST]!r} is not known and plays no part.{hint}")
    more = [f"So are {len(told) - MOST_TOLD:,} more columns."] if len(told) > MOST_TOLD else []
    return told[:MOST_TOLD] + more


def read_people(file: Path, folder: Path) -> list[dict[str, Any]]:
    """Read the rows of a file by the readers of the sources.

    Parameters
    ----------
    file : Path
        CSV, JSON lines, Parquet or Excel.
    folder : Path
        The project folder.

    Returns
    -------
    list of dict
        Column -> value of each row, in the order of the file.

    Raises
    ------
    DataError
        If the file cannot be read, or holds too many rows.
    """
    source = Source(table="customers", file=str(file.resolve()))
    with tempfile.TemporaryDirectory() as work, DuckDB(Path(work)) as db:
        raw = read(db, "customers", source, folder)
        ((rows,),) = db.rows(f"SELECT count(*) FROM {identifier(raw.relation)}")
        if rows > MOST_PEOPLE:
            raise DataError(f"{file.name} has {rows:,} rows.", allowed=f"At most {MOST_PEOPLE:,}.")
        names = ", ".join(identifier(name) for name in raw.columns)
        table: pa.Table = db.query(f"SELECT {names} FROM {identifier(raw.relation)} ORDER BY rowid")
    people: list[dict[str, Any]] = table.to_pylist()
    return people
