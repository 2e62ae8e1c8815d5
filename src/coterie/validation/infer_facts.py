"""What the values of a column look like, counted in one pass over its distinct values.

Tables above ``FULL_ROWS`` rows are judged by every n-th block of 4,096 neighbouring
rows: blocks, because an order's lines lie side by side and single rows would hide
that its id repeats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.validation.infer_words import CURRENCY_SIGNS
from coterie.validation.parse_numbers import CODES

FULL_ROWS = 1_000_000
"""Rows up to which every row is looked at."""
BLOCK_ROWS = 4_096
BATCH_VALUES = 500_000
"""Values counted in one statement: many columns of a short table, one of a long."""
EXAMPLE_ROWS = 200
MAX_EXAMPLES = 3
MAX_LEVELS = 50
"""Distinct values up to which they are all kept."""
MAX_CHARS = 40

_MONEY = rf"(\p{{Sc}}|{CODES})"
_NUMBER = (
    rf"[-+(]?\s*({_MONEY}[.]?)?\s*"
    r"[-+]?([0-9][0-9.,' \x{a0}]*|[.,][0-9]+)([eE][-+]?[0-9]+)?\s*"
    rf"({_MONEY}|%)?\s*[-)]?"
)
_ISO = r"(1[89]|20|21)[0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{1,2}([T ].*)?"
_COMPACT = r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([T ]?[0-9]{4,6})?"
_DMY = r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{4}|[0-9]{2})([T ,].*)?"
_WORDED = r"[0-9]{1,2}[- ][A-Za-z]{3,9}[- ][0-9]{2,4}.*|[A-Za-z]{3,9} [0-9]{1,2},? [0-9]{4}.*"
_EPOCH = r"(1[0-9]{9}|1[0-9]{12})(\.0)?"
_FLAGS = ("0", "1", "yes", "no", "true", "false", "y", "n", "t", "f", "ja", "nein", "oui", "non",
          "si", "sí")  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """Counts over the rows of one column; shares are of the values that are not missing."""

    name: str
    rows: int
    missing: int
    """NULL or blank."""
    distinct: int
    number: float
    """Share that reads as a number, currency signs and decimal commas included."""
    integer: float
    fraction: float
    """Share with a part after the point that is not 0."""
    negative: int
    zero: int
    iso: float
    """Share of dates that begin with the year."""
    compact: float
    """Share of dates without marks, such as 19970101."""
    epoch: float
    parts: float
    """Share of dates that begin with day or month, such as 04/09/2012."""
    worded: float
    """Share of dates with the month as a word."""
    first_big: int
    """Rows of ``parts`` whose first number is above 12: the day comes first."""
    second_big: int
    flag: float
    words: float
    """Mean number of words."""
    sign: str
    """The currency whose sign stands in the values, or ''."""
    low: float | None
    high: float | None
    examples: tuple[str, ...]
    levels: tuple[str, ...]
    """The distinct values in order if they are few, else empty."""

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def unique(self) -> bool:
        """Whether every row has a value and no value comes twice."""
        return self.missing == 0 and self.distinct == self.rows and self.rows > 0

    @property
    def constant(self) -> bool:
        """Whether there is at most one value."""
        return self.distinct <= 1

    @property
    def dates(self) -> float:
        """Share of values that are written as a date (seconds since 1970 do not count)."""
        return self.iso + self.compact + self.parts + self.worded

    @property
    def ambiguous(self) -> bool:
        """Whether day and month cannot be told apart in any value."""
        return self.parts > 0 and not self.first_big and not self.second_big


@dataclass(frozen=True)
class TableFacts:
    """The facts of a table's columns, in its order."""

    relation: str
    """What to select from: the table, or the part of it that was looked at."""
    rows: int
    looked_at: int
    columns: Mapping[str, Facts]


def table_facts(db: DuckDB, relation: str) -> TableFacts:
    """Look at every column of a table.

    Parameters
    ----------
    db : DuckDB
        Where the table lies.
    relation : str
        Its name; columns may be of any type, text above all.

    Returns
    -------
    TableFacts
        Facts of all columns in the table's order.
    """
    name = identifier(relation)
    ((rows,),) = db.rows(f"SELECT COUNT(*) FROM {name}")
    source = name
    if rows > FULL_ROWS:
        step = -(-rows // FULL_ROWS)
        source = f"(SELECT * FROM {name} WHERE (rowid // {BLOCK_ROWS}) % {step} = 0)"
    head = db.query(f"SELECT * FROM {name} LIMIT {EXAMPLE_ROWS}")
    casts = ", ".join(
        f"TRIM(CAST({identifier(c)} AS VARCHAR)) AS c{i}" for i, c in enumerate(head.column_names)
    )
    texts = db.query(f"SELECT {casts} FROM (SELECT * FROM {name} LIMIT {EXAMPLE_ROWS})")
    step = max(1, BATCH_VALUES // max(1, min(rows, FULL_ROWS)))
    names = head.column_names
    batches = (names[start : start + step] for start in range(0, len(names), step))
    counts = [row for batch in batches for row in _counts(db, source, batch)]
    columns = {
        column: _facts(column, counts[i], _examples(texts.column(i).to_pylist()))
        for i, column in enumerate(names)
    }
    looked_at = next((f.rows for f in columns.values()), 0)
    return TableFacts(source, rows, looked_at, columns)


def _examples(values: Sequence[str | None]) -> tuple[str, ...]:
    seen = dict.fromkeys(value for value in values if value)
    short = (v if len(v) <= MAX_CHARS else f"{v[: MAX_CHARS - 1]}…" for v in seen)
    return tuple(short)[:MAX_EXAMPLES]


def _counts(db: DuckDB, source: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Count what ``Facts`` are made from, for several columns in one statement."""

    def rows_like(pattern: str, *, marks: bool = False) -> str:
        # What is a plain number cannot hold the marks of a date; regular expressions are slow.
        only = "number IS NULL AND " if marks else ""
        return f"SUM(n) FILTER ({only}regexp_full_match(v, {literal(pattern)}))"

    texts = ", ".join(
        f"NULLIF(TRIM(CAST({identifier(column)} AS VARCHAR), ' \t\r\n'), '')" for column in columns
    )
    flags = ", ".join(literal(word) for word in _FLAGS)
    first = r"try_cast(regexp_extract(v, '^([0-9]{1,2})[-/.]([0-9]{1,2})', 1) AS INT) > 12"
    second = first.replace(", 1)", ", 2)")
    parts = f"number IS NULL AND regexp_full_match(v, {literal(_DMY)})"
    signs = ", ".join(
        f"SUM(n) FILTER (number IS NULL AND contains(v, {literal(s)}))" for s in CURRENCY_SIGNS
    )
    select = f"""
        WITH t AS (SELECT unnest({list(range(len(columns)))}) AS c, unnest([{texts}]) AS v
                   FROM {source}),
             d AS (SELECT c, v, COUNT(*) AS n, try_cast(v AS DOUBLE) AS number FROM t GROUP BY c, v)
        SELECT SUM(n), SUM(n) FILTER (v IS NULL), COUNT(v),
               {rows_like(_NUMBER)}, {rows_like("[-+]?[0-9]+")},
               SUM(n) FILTER (regexp_full_match(v, '[^0-9]*[0-9]+[.,][0-9]+[^0-9]*')
                              AND NOT regexp_full_match(v, '.*[.,]0+[^0-9]*')),
               SUM(n) FILTER (number < 0 OR (number IS NULL
                              AND regexp_full_match(v, {literal(_NUMBER)})
                              AND regexp_matches(v, '^[-(]|-$'))),
               SUM(n) FILTER (number = 0),
               {rows_like(_ISO)}, {rows_like(_COMPACT)}, {rows_like(_EPOCH)},
               SUM(n) FILTER ({parts}), {rows_like(_WORDED, marks=True)},
               SUM(n) FILTER ({parts} AND {first}), SUM(n) FILTER ({parts} AND {second}),
               SUM(n) FILTER (lower(v) IN ({flags})),
               SUM(n * (1 + LENGTH(v) - LENGTH(REPLACE(v, ' ', '')))),
               MIN(number) FILTER (isfinite(number)),
               MAX(number) FILTER (isfinite(number)), MIN(v, {MAX_LEVELS + 1}), {signs}, c
        FROM d GROUP BY c
    """
    found = {row[-1]: row[:-1] for row in db.rows(select)}
    nothing = (None,) * (20 + len(CURRENCY_SIGNS))  # a table without rows
    return [found.get(place, nothing) for place in range(len(columns))]


def _facts(column: str, row: tuple[Any, ...], examples: tuple[str, ...]) -> Facts:
    counts = [0 if value is None else int(value) for value in row[:17]]
    rows, missing, distinct = counts[:3]
    present = max(rows - missing, 1)
    sign = max(zip(row[20:], CURRENCY_SIGNS.values(), strict=True), key=lambda pair: pair[0] or 0)
    return Facts(
        name=column,
        rows=rows,
        missing=missing,
        distinct=distinct,
        number=counts[3] / present,
        integer=counts[4] / present,
        fraction=counts[5] / present,
        negative=counts[6],
        zero=counts[7],
        iso=counts[8] / present,
        compact=counts[9] / present,
        epoch=counts[10] / present,
        parts=counts[11] / present,
        worded=counts[12] / present,
        first_big=counts[13],
        second_big=counts[14],
        flag=counts[15] / present,
        words=counts[16] / present,
        sign=sign[1] if sign[0] else "",
        low=row[17],
        high=row[18],
        examples=examples,
        levels=tuple(row[19] or ()) if distinct <= MAX_LEVELS else (),
    )
