"""One source at a time: parsed rows, each with the number of its first problem or 0.

Parsing, judging and splitting happen in one pass of SQL; messages are written only
for the rows that are refused, from the user's own values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.schema import INPUT_TABLES
from coterie.sources.base import Raw, Source
from coterie.validation import parse_numbers, parse_times
from coterie.validation.erased import ERASED
from coterie.validation.fields import Field, mapped_fields
from coterie.validation.findings import note
from coterie.validation.parse_numbers import check_one_money, read_number
from coterie.validation.parse_text import read_flag, read_id
from coterie.validation.parse_times import read_time

RAW_TEXT = 10_000
"""Characters of a refused row that the quarantine keeps."""

_IDS = frozenset(
    {"customer_id", "order_id", "line_id", "product_id", "visitor_id", "event_id"}
    | {"session_id", "text_id", "offer_id", "touch_id"}
)
_MONEY = frozenset({"amount", "unit_price", "discount", "value"})
_SCALE = {"quantity": 9, "unit_price": 14}


@dataclass(frozen=True)
class Problem:
    """A reason to refuse a row."""

    condition: str
    """SQL over the parsed columns."""
    reason: str
    message: str
    """SQL text over aliases ``s`` (parsed) and ``r`` (raw)."""


@dataclass
class Staged:
    """What is known of a source while its rows are parsed."""

    raw: Raw
    source: Source
    fields: dict[str, Field]
    parsed: dict[str, str]
    """Name of a parsed column -> SQL over alias ``r``."""
    problems: list[Problem]
    findings: list[dict[str, object]] = field(default_factory=list)
    scales: dict[str, int] = field(default_factory=dict)
    """Decimals of each number column."""
    missing: dict[str, float] = field(default_factory=dict)
    """Share of empty values of each of the user's columns that has any."""

    @property
    def relation(self) -> str:
        """Quoted name of the staging table."""
        return identifier(f"stage__{self.raw.name}")


def parse(db: DuckDB, raw: Raw, source: Source, *, timezone: str) -> Staged:
    """Return how each mapped column of a source is read, and what makes a row unusable.

    Parameters
    ----------
    db : DuckDB
        Where ``raw.relation`` lies.
    raw : Raw
        The source as read.
    source : Source
        What the user says of it.
    timezone : str
        Zone of times without one.

    Returns
    -------
    Staged
        Parsed columns: ids and texts under our name; times as ``ts``; numbers under
        our name with ``<name>_status`` beside.

    Raises
    ------
    DataError
        If the mapping does not fit, or a column cannot be read without asking.
    """
    fields = mapped_fields(db, raw, source)
    staged = Staged(raw, source, fields, {}, [])
    types = {column.name: column.type for column in INPUT_TABLES[raw.table].columns}
    for name, column in fields.items():
        if types[name] == "time":
            _parse_time(db, staged, name, timezone)
        elif types[name] == "number":
            _parse_number(db, staged, name)
        elif types[name] == "flag":
            staged.parsed[name] = read_flag(column)
            staged.problems.append(_bad_flag(name, column))
        else:
            _parse_text(db, staged, name)
    _check_length(staged, [name for name in fields if types[name] == "text"])
    return staged


def _parse_time(db: DuckDB, staged: Staged, name: str, timezone: str) -> None:
    column = staged.fields[name]
    times = read_time(
        db, column, timezone=timezone, timestamp_format=staged.source.timestamp_format
    )
    alias = "ts" if name == "timestamp" else name
    staged.parsed |= {alias: times.value, f"{alias}_status": times.status}
    value, status = shown(column), f"{alias}_status"
    if name == "timestamp":
        message = literal(f"{column.column} is empty: the row has no time.")
        staged.problems.append(Problem(f"{status} = {parse_times.MISSING}", "missing_key", message))
    staged.problems += [
        Problem(
            f"{status} = {parse_times.AMBIGUOUS}",
            "ambiguous_time",
            f"{value} || ' has day and month in another order than the other values.'",
        ),
        Problem(f"{status} = {parse_times.BAD}", "bad_time", f"{value} || ' is not a time.'"),
    ]
    if times.formats:
        message = f"{column.column} is read as {' and '.join(times.formats)}."
        staged.findings.append(note("time_format", message, action="read"))


def _parse_number(db: DuckDB, staged: Staged, name: str) -> None:
    column = staged.fields[name]
    if name in _MONEY:
        check_one_money(db, column)
    number = read_number(db, column, scale=_SCALE.get(name, 20), decimal=staged.source.decimal)
    staged.scales[name] = number.scale
    staged.parsed |= {name: number.value, f"{name}_status": number.status}
    staged.problems += _number_problems(name, column)
    if number.decimal == ",":
        message = f"{column.column} is read with a decimal comma."
        staged.findings.append(note("decimal_comma", message, action="read"))


def _number_problems(name: str, column: Field) -> list[Problem]:
    value, status = shown(column), f"{name}_status"
    return [
        Problem(f"{status} = {parse_numbers.BAD}", "bad_number", f"{value} || ' is not a number.'"),
        Problem(
            f"{status} = {parse_numbers.OVERFLOW}",
            "overflow",
            f"{value} || ' is too large to be counted exactly.'",
        ),
    ]


def _bad_flag(name: str, column: Field) -> Problem:
    return Problem(
        f"{name}_given AND {name} IS NULL", "bad_number", f"{shown(column)} || ' is not yes or no.'"
    )


def _parse_text(db: DuckDB, staged: Staged, name: str) -> None:
    column = staged.fields[name]
    if name not in _IDS:
        staged.parsed[name] = column.text
        return
    ids = read_id(db, column)
    staged.parsed[name] = ids.value
    if ids.stripped:
        staged.findings.append(
            note(
                "ids_lost_point_zero",
                f"All {ids.stripped:,} values of {column.column} end in .0; "
                f"they are read without it (17850.0 is 17850).",
                rows=ids.stripped,
                action="changed",
            )
        )
    if ids.mixed:
        staged.findings.append(
            note(
                "ids_mixed_point_zero",
                f"{ids.mixed:,} values of {column.column} end in .0 and others do not; "
                f"they are kept as they are.",
                rows=ids.mixed,
                action="kept",
            )
        )


def _check_length(staged: Staged, names: Sequence[str]) -> None:
    limit = staged.source.max_text
    for name in names:
        longest = staged.fields[name].longest
        if longest is not None and longest <= limit:
            continue
        # strlen counts bytes, which is cheap and never less than the characters.
        condition = f"strlen({name}) > {limit} AND length({name}) > {limit}"
        user = literal(staged.fields[name].column)
        message = f"{user} || ' has ' || length(s.{name}) || ' characters.'"
        staged.problems.append(Problem(condition, "too_long", message))


def shown(column: Field) -> str:
    """Return SQL text that names a column and its value, over alias ``r``."""
    value = f"left(CAST({column.raw} AS VARCHAR), 80)"
    return f"{literal(column.column + ' ')} || coalesce('''' || {value} || '''', 'NULL')"


def stage(
    db: DuckDB,
    staged: Staged,
    steps: Sequence[Mapping[str, str]] = (),
    *,
    passing: frozenset[str] = frozenset(),
) -> None:
    """Make the staging table: row, problem, and every parsed and computed column.

    What only tells the problems (``_status``, ``_given``) is not kept.

    Parameters
    ----------
    db : DuckDB
        Where it is made.
    staged : Staged
        The parsed columns and the problems, first one first.
    steps : sequence of mapping
        Computed columns, name -> SQL; each step may use the columns of those before.
    passing : frozenset of str, optional
        Further columns that only other columns need.
    """
    flags = [c.name for c in INPUT_TABLES[staged.raw.table].columns if c.type == "flag"]
    given = {f"{n}_given": f"{f.text} IS NOT NULL" for n, f in staged.fields.items() if n in flags}
    columns = ", ".join(
        f"{sql} AS {identifier(name)}" for name, sql in (staged.parsed | given).items()
    )
    select = f'SELECT r.rowid + 1 AS "row", {columns} FROM {identifier(staged.raw.relation)} AS r'
    for step in steps:
        more = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in step.items())
        select = f"SELECT *, {more} FROM ({select})"
    cases = " ".join(
        f"WHEN {problem.condition} THEN {number}"
        for number, problem in enumerate(staged.problems, start=1)
    )
    problem = f"CAST(CASE {cases} ELSE 0 END AS TINYINT)" if cases else "CAST(0 AS TINYINT)"
    made = {*staged.parsed, *given, *(name for step in steps for name in step)}
    spent = sorted(n for n in made if n.endswith(("_status", "_given")) or n in passing)
    kept = f"* EXCLUDE ({', '.join(map(identifier, spent))})" if spent else "*"
    db.create(f"stage__{staged.raw.name}", f"SELECT {kept}, {problem} AS problem FROM ({select})")
    if staged.raw.erased:
        staged.problems.append(Problem("false", ERASED, "''"))
        db.load("erased_rows", pa.table({"row": pa.array(staged.raw.erased, pa.int64())}))
        db.execute(
            f"UPDATE {staged.relation} SET problem = {len(staged.problems)} "
            'WHERE "row" IN (SELECT "row" FROM erased_rows)'
        )
        db.drop("erased_rows")


def refuse(db: DuckDB, staged: Staged, problem: Problem) -> None:
    """Mark the rows of a subquery, that have no problem yet, with a further one.

    Parameters
    ----------
    db : DuckDB
        Where the staging table lies.
    staged : Staged
        The source; the problem is added to its list.
    problem : Problem
        ``condition`` is over the staging table's columns.
    """
    staged.problems.append(problem)
    db.execute(
        f"UPDATE {staged.relation} SET problem = {len(staged.problems)} "
        f"WHERE problem = 0 AND ({problem.condition})"
    )


def quarantine(db: DuckDB, staged: Staged) -> None:
    """Write the refused rows, and those that could not be split, to ``quarantine``.

    Of people who were erased nothing is written. Also counts what is missing: nothing
    more is asked of the raw table afterwards.
    """
    raw = staged.raw
    staged.missing = _missing(db, staged)
    place = f"{literal(raw.table)}, {literal(raw.name)}"
    if raw.rejected.num_rows:
        db.load("rejected_in", raw.rejected)
        db.execute(
            f'INSERT INTO quarantine SELECT {place}, "row", reason, message, '
            f'left(raw, {RAW_TEXT}) FROM rejected_in ORDER BY "row"'
        )
        db.drop("rejected_in")
    if not staged.problems:
        return
    numbered = list(enumerate(staged.problems, start=1))
    gone = [number for number, problem in numbered if problem.reason == ERASED]
    refused = " AND ".join(["s.problem > 0", *(f"s.problem <> {number}" for number in gone)])
    reasons = " ".join(f"WHEN {n} THEN {literal(p.reason)}" for n, p in numbered)
    messages = " ".join(f"WHEN {n} THEN {p.message}" for n, p in numbered)
    db.execute(
        f'INSERT INTO quarantine SELECT {place}, s."row", CASE s.problem {reasons} END, '
        f"CASE s.problem {messages} END, left(CAST(to_json(r) AS VARCHAR), {RAW_TEXT}) "
        f"FROM {staged.relation} AS s JOIN {identifier(raw.relation)} AS r "
        f'ON r.rowid = s."row" - 1 WHERE {refused} ORDER BY s."row"'
    )


def _missing(db: DuckDB, staged: Staged) -> dict[str, float]:
    if not staged.fields:
        return {}
    fields = list(staged.fields.values())
    counts = ", ".join(f"count({field.text})" for field in fields)
    ((total, *given),) = db.rows(f"SELECT count(*), {counts} FROM {fields[0].source}")
    return {
        field.column: round((total - n) / total, 6)
        for field, n in zip(fields, given, strict=True)
        if n < total
    }


def drop_stage(db: DuckDB, staged: Staged) -> None:
    """Free what a source took while it was read, the raw table included."""
    for relation in (
        staged.raw.relation,
        f"stage__{staged.raw.name}",
        f"repeats__{staged.raw.name}",
    ):
        db.drop(relation)
