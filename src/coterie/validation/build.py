"""From raw tables to the canonical ones, in one database, with an account of every row.

Nothing is dropped in silence: rows in = accepted + quarantined (+ erased) holds for
every table, and is checked here, not only in tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from coterie.engine.base import scalar
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import DataError, ParameterError
from coterie.schema import CANONICAL, CANONICAL_NAME, Attribute, ColumnParams
from coterie.sources.base import Raw, Source
from coterie.validation.attributes import read_customers
from coterie.validation.lines import read_lines
from coterie.validation.netting import match_returns
from coterie.validation.quality import return_findings, table_account
from coterie.validation.records import read_records
from coterie.validation.staging import Staged, drop_stage

_SQL_TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "int32": "INTEGER",
    "int8": "TINYINT",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
}


@dataclass(frozen=True)
class Tables:
    """What was made of the sources.

    The canonical tables ``lines``, ``customers``, ``events``, ``texts``, ``touches``
    and ``quarantine`` lie in the database; those nothing came for are empty.
    """

    attributes: tuple[Attribute, ...]
    """Attributes of ``customers``, in the order of their columns."""
    quality: dict[str, Any]
    """``{"tables": {name: {rows_in, accepted, quarantined, by_reason, findings}}}``."""


def build_tables(
    db: DuckDB,
    raws: Mapping[str, tuple[Raw, Source]],
    columns: Mapping[str, ColumnParams],
    *,
    timezone: str,
) -> Tables:
    """Turn raw tables into the canonical ones.

    Parameters
    ----------
    db : DuckDB
        Holds the raw tables, which are gone afterwards; the canonical ones are made in
        it, in the order of the sources and their rows.
    raws : mapping of str to (Raw, Source)
        By source name.
    columns : mapping of str to ColumnParams
        What the user says of attribute columns, by their own names.
    timezone : str
        IANA zone of the project.

    Returns
    -------
    Tables
        Attributes and the quality report, which holds no clock and is the same for
        the same input.

    Raises
    ------
    ParameterError
        If the zone or a named column is not known.
    DataError
        If a mapping does not fit, or values cannot be read without asking.
    """
    if timezone not in available_timezones():
        raise ParameterError.unknown("timezone", timezone, available_timezones())
    for table, schema in CANONICAL.items():
        kinds = [(f.name, _SQL_TYPES.get(str(f.type), "TIMESTAMPTZ")) for f in schema]
        body = ", ".join(f"{identifier(name)} {kind}" for name, kind in kinds)
        db.execute(f"CREATE OR REPLACE TABLE {identifier(table)} ({body})")
    staged: dict[str, list[Staged]] = {}
    for raw, source in raws.values():
        if raw.table not in {"orders", "customers"}:
            done = read_records(db, raw, source, timezone=timezone)
            staged.setdefault(raw.table, []).append(done)
    orders = [(raw, source) for raw, source in raws.values() if raw.table == "orders"]
    if orders:
        staged["orders"] = _read_orders(db, orders, timezone)
    people = [(raw, source) for raw, source in raws.values() if raw.table == "customers"]
    customers, attributes = read_customers(db, people, columns, timezone=timezone)
    if customers:
        staged["customers"] = customers
    quality = {"tables": {name: _account(db, name, staged[name]) for name in sorted(staged)}}
    for done in customers:
        drop_stage(db, done)
    return Tables(attributes, quality)


def _read_orders(db: DuckDB, orders: Sequence[tuple[Raw, Source]], timezone: str) -> list[Staged]:
    staged: list[Staged] = []
    ranges: list[tuple[int, int]] = []
    for raw, source in orders:
        before = scalar(db, "SELECT count(*) FROM lines")
        staged.append(read_lines(db, raw, source, timezone=timezone))
        ranges.append((before, scalar(db, "SELECT count(*) FROM lines")))
    netted = [
        window for window, done in zip(ranges, staged, strict=True) if done.source.returns == "net"
    ]
    match_returns(db, netted)
    for done, window in zip(staged, ranges, strict=True):
        done.findings += return_findings(db, done, window)
    db.drop("pairs")
    return staged


def _account(db: DuckDB, table: str, staged: list[Staged]) -> dict[str, Any]:
    account = table_account(db, table, staged)
    canonical = identifier(CANONICAL_NAME[table])
    kept = scalar(db, f"SELECT count(*) FROM {canonical}")
    if table == "customers" and len(staged) > 1:
        kept = account["accepted"]  # several sources of attributes share their customers
    left_out = account["quarantined"] + account.get("erased", 0)
    if account["rows_in"] != kept + left_out:
        raise DataError(
            f"{account['rows_in']:,} rows of {literal(table)} came in, but {kept:,} were accepted "
            f"and {left_out:,} refused.",
            hint="This is a defect of Coterie: please report it.",
            where=table,
        )
    return account
