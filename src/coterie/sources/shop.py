"""The simulated shop: order lines, customers, clicks, reviews and campaigns with planted truth.

Customers are drawn in chunks, each with a random stream of its own that follows from
the seed and the chunk's number alone, so any number of threads writes the same bytes,
and memory does not grow with the number of customers.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from pyarrow import parquet as pq

from coterie.errors import ParameterError
from coterie.sources.shop_lines import ORDERS, Lines, lines_table, make_lines
from coterie.sources.shop_people import Calendar, make_orders, make_people
from coterie.sources.shop_profiles import CUSTOMERS, TRUTH, customers_table, truth_table
from coterie.sources.shop_signals import (
    EVENTS,
    TEXTS,
    TOUCHES,
    events_table,
    texts_table,
    touches_table,
)
from coterie.store.runs import whole_file

CHUNK = 10_000
"""Customers drawn at a time; part of what the output depends on, so never changed."""

Format = Literal["parquet", "csv"]

SCHEMAS: dict[str, pa.Schema] = {
    "orders": ORDERS,
    "customers": CUSTOMERS,
    "events": EVENTS,
    "texts": TEXTS,
    "touches": TOUCHES,
    "truth": TRUTH,
}
TABLES = tuple(SCHEMAS)

_RUNNING = {
    "orders": ("line_id", "order_id"),
    "events": ("event_id", "session_id"),
    "texts": ("text_id",),
    "touches": ("touch_id",),
}
"""Columns that count through all chunks."""


@dataclass(frozen=True)
class Shop:
    """What ``write_shop`` wrote."""

    folder: Path
    paths: Mapping[str, Path]
    """File of each table."""
    rows: Mapping[str, int]
    """Rows of each table."""
    first_day: date
    last_day: date


@dataclass(frozen=True)
class Plan:
    """All that the output depends on; see ``write_shop`` for the fields."""

    customers: int
    days: int = 730
    end: date = date(2025, 12, 31)
    seed: int = 0
    tables: tuple[str, ...] = TABLES
    format: Format = "parquet"

    def __post_init__(self) -> None:
        _check(self.customers >= 1, f"customers={self.customers}.", "customers is 1 or more.")
        _check(30 <= self.days <= 3650, f"days={self.days}.", "days is 30 to 3650.")
        _check(self.seed >= 0, f"seed={self.seed}.", "seed is 0 or more.")
        _check(bool(self.tables), "No tables asked for.", f"Known: {', '.join(TABLES)}.")
        for name in self.tables:
            if name not in SCHEMAS:
                raise ParameterError.unknown("tables", name, TABLES)
        if self.format not in ("parquet", "csv"):
            raise ParameterError.unknown("format", self.format, ("parquet", "csv"))

    @property
    def first_day(self) -> date:
        """First day of the window."""
        return self.end - timedelta(days=self.days - 1)


def write_shop(
    folder: Path,
    *,
    customers: int,
    days: int = 730,
    end: date = date(2025, 12, 31),
    seed: int = 0,
    tables: Collection[str] = TABLES,
    format: Format = "parquet",  # noqa: A002 - the word that pandas and polars users look for
) -> Shop:
    """Simulate a shop and write its tables, the same bytes for the same arguments.

    Each file is written under a temporary name and renamed when all are complete.
    Memory is bounded whatever the size. ``unit_price`` is the price paid, so the money
    of a line is ``quantity * unit_price``; ``discount`` is what was taken off before.
    Rows are in order of customer within chunks of 10,000, not of time. Times have no zone.

    Parameters
    ----------
    folder : Path
        Made if it is not there; files of the same names are replaced.
    customers : int
        Customers, at least 1: about 15 order lines each in 730 days. Three in a hundred
        have signed up without ever ordering; guests come on top, without an id.
    days : int, default 730
        Length of the window, 30 to 3650.
    end : date, default 2025-12-31
        Last day of the window.
    seed : int, default 0
        Another seed is another shop of the same kind.
    tables : collection of str, default all
        Of orders, customers, events, texts, touches, truth. A table is the same
        whichever others are written.
    format : {"parquet", "csv"}, default "parquet"
        For all tables but ``truth``, which is always Parquet.

    Returns
    -------
    Shop
        The files and their numbers of rows.

    Raises
    ------
    ParameterError
        If an argument is outside what is said above.

    References
    ----------
    Fader, P., Hardie, B., Lee, K. (2005). Counting your customers the easy way: an
    alternative to the Pareto/NBD model. Marketing Science 24(2).
    Fader, P., Hardie, B. (2013). The gamma-gamma model of monetary value.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     shop = write_shop(Path(folder), customers=50, tables=["customers", "truth"])
    ...     dict(shop.rows)
    {'customers': 50, 'truth': 50}
    """
    ordered = tuple(name for name in TABLES if name in tables)
    unknown = tuple(name for name in tables if name not in TABLES)
    plan = Plan(customers, days, end, seed, ordered + unknown, format)
    return write_plan(plan, folder, threads=min(os.cpu_count() or 1, 4))


def write_plan(plan: Plan, folder: Path, *, threads: int) -> Shop:
    """Write the tables of ``plan`` with ``threads`` threads drawing; the bytes are the same.

    Parameters
    ----------
    plan : Plan
        What to draw.
    folder : Path
        Made if it is not there; files of the same names are replaced.
    threads : int
        Threads that draw chunks, 1 or more; one more writes.

    Returns
    -------
    Shop
        The files and their numbers of rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.{_suffix(plan, name)}" for name in plan.tables}
    rows = dict.fromkeys(plan.tables, 0)
    counters = {column: 0 for columns in _RUNNING.values() for column in columns}
    with ExitStack() as stack:
        writers: dict[str, Any] = {}
        for tables in _in_order(plan, threads):
            for name, drawn in tables.items():
                table = _number(drawn, _RUNNING.get(name, ()), counters)
                if _suffix(plan, name) == "csv":
                    table = table.cast(_csv_schema(SCHEMAS[name]))
                if name not in writers:
                    partial = stack.enter_context(whole_file(paths[name]))
                    writer = _writer(partial, _suffix(plan, name), table.schema)
                    writers[name] = stack.enter_context(writer)
                writers[name].write_table(table)
                rows[name] += table.num_rows
    return Shop(folder, paths, rows, plan.first_day, plan.end)


def _check(holds: bool, message: str, allowed: str) -> None:  # noqa: FBT001 - a condition, no flag
    if not holds:
        raise ParameterError(message, allowed=allowed, where=message.split("=", maxsplit=1)[0])


def _suffix(plan: Plan, table: str) -> Format:
    return "parquet" if table == "truth" else plan.format


def _in_order(plan: Plan, threads: int) -> Iterator[dict[str, pa.Table]]:
    """Draw the chunks on ``threads`` threads and hand them on in order, a few at a time."""
    epoch_day = (plan.first_day - date(1970, 1, 1)).days
    calendar = Calendar.of(epoch_day, plan.days)
    ahead: deque[Future[dict[str, pa.Table]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for chunk in range(-(-plan.customers // CHUNK)):
            ahead.append(pool.submit(chunk_tables, plan, calendar, chunk))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def chunk_tables(plan: Plan, calendar: Calendar, chunk: int) -> dict[str, pa.Table]:
    """Draw one chunk of customers; its running numbers start at 1.

    Parameters
    ----------
    plan : Plan
        What to draw.
    calendar : Calendar
        The window.
    chunk : int
        Number of the chunk, from 0.

    Returns
    -------
    dict of str to pyarrow.Table
        The plan's tables in its order; text columns are dictionaries.
    """

    def stream(number: int) -> np.random.Generator:
        # One stream a table, so that a table does not depend on which others are drawn.
        key = np.random.SeedSequence(plan.seed, spawn_key=(chunk, number))
        return np.random.Generator(np.random.SFC64(key))

    n = min(CHUNK, plan.customers - chunk * CHUNK)
    people = make_people(stream(0), chunk * CHUNK + 1, n)
    everything, truth = make_orders(stream(1), people, calendar)
    orders = everything[everything.day < calendar.days]

    @cache
    def lines() -> Lines:
        return make_lines(stream(2), people, orders, calendar)

    makers: dict[str, Callable[[], pa.Table]] = {
        "orders": lambda: lines_table(lines(), people, calendar),
        "customers": lambda: customers_table(stream(3), people, orders, calendar),
        "events": lambda: events_table(stream(4), people, orders, lines(), calendar),
        "texts": lambda: texts_table(stream(5), people, lines(), calendar),
        "touches": lambda: touches_table(stream(6), people, orders, calendar),
        "truth": lambda: truth_table(people, truth),
    }
    return {name: makers[name]() for name in plan.tables}


def _number(table: pa.Table, columns: tuple[str, ...], counters: dict[str, int]) -> pa.Table:
    """Shift a chunk's running numbers to follow those of the chunks before."""
    for column in columns:
        values = table[column]
        shifted = pc.add(values, counters[column])
        table = table.set_column(table.schema.get_field_index(column), column, shifted)
        counters[column] += pc.max(values).as_py() or 0
    return table


def _writer(path: Path, form: Format, schema: pa.Schema) -> Any:
    if form == "csv":
        options = csv.WriteOptions(quoting_style="needed")
        return csv.CSVWriter(str(path), schema, write_options=options)
    # Only text is worth a dictionary: numbers that differ from row to row would grow by it.
    texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_dictionary(f.type)]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=texts,
        store_schema=False,
    )


def _csv_schema(schema: pa.Schema) -> pa.Schema:
    """Return plain types, times to the second: CSV knows no dictionaries."""
    return pa.schema(
        [
            pa.field(f.name, pa.timestamp("s") if pa.types.is_timestamp(f.type) else f.type)
            for f in schema
        ]
    )
