"""What an attribute column means, from its name, its type and all of its values.

It is better to leave a column as a number than to invent an order: only answers
like 1 to 5 become ordinal by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.errors import DataError
from coterie.schema import ColumnParams, Kind
from coterie.sources.base import Source
from coterie.validation.fields import FLOATS, INTEGERS, Field
from coterie.validation.parse_numbers import NumberColumn, core, read_number
from coterie.validation.parse_text import FALSE_WORDS, TRUE_WORDS
from coterie.validation.parse_times import TimeColumn, read_time
from coterie.validation.protected import is_place, words_of

FEW = 50
"""Distinct texts above which a column is no category."""

LIKERT_TOP = (5, 7, 10)
"""Largest answers of the usual survey scales, which start at 1."""

BLANK_WORDS = ("na", "n/a", "nan", "null", "none", "nat", "#n/a", "?", "-", "missing", "unknown")
"""Texts that mean a missing value in a column of numbers or dates."""

_ID_WORDS = frozenset(
    {"id", "ids", "key", "code", "no", "nr", "num", "number"}
    | {"uuid", "guid", "phone", "email", "mail", "iban"}
)


@dataclass(frozen=True)
class Column:
    """What was seen of an attribute column."""

    field: Field
    given: int
    distinct: int
    values: tuple[str, ...]
    """The distinct values in text order if there are at most FEW, else empty."""
    blanks: int
    """Values that say in words that they are missing."""
    leading_zeros: bool


def look(db: DuckDB, field: Field) -> Column:
    """Count the values of a column.

    Parameters
    ----------
    db : DuckDB
        Where the column lies.
    field : Field
        The column.

    Returns
    -------
    Column
        Its distinct values, if few, in order.
    """
    text = "x"
    blank = f"lower({text}) IN ({', '.join(map(literal, BLANK_WORDS))})"
    ((given, distinct, blanks, zeros),) = db.rows(
        f"SELECT count(x), count(DISTINCT x), count(*) FILTER ({blank}), "
        f"count(*) FILTER (regexp_full_match(x, '0[0-9]+')) "
        f"FROM (SELECT {field.text} AS x FROM {field.source})"
    )
    values: tuple[str, ...] = ()
    if distinct <= FEW:
        rows = db.rows(
            f"SELECT DISTINCT x FROM (SELECT {field.text} AS x FROM {field.source}) "
            "WHERE x IS NOT NULL ORDER BY x"
        )
        values = tuple(value for (value,) in rows)
    return Column(field, int(given), int(distinct), values, int(blanks), bool(zeros))


def infer_kind(
    db: DuckDB, column: Column, params: ColumnParams, source: Source
) -> tuple[Kind, str]:
    """Work out the kind of an attribute, and say why if it is left out.

    Parameters
    ----------
    db : DuckDB
        Where the column lies.
    column : Column
        What was seen of it.
    params : ColumnParams
        What the user says of it; ``kind`` wins over everything.
    source : Source
        Where it comes from: decimal mark and format of times, if given.

    Returns
    -------
    (Kind, str)
        The kind, and a note that is empty unless the column is left out.

    Raises
    ------
    DataError
        If it holds dates whose day and month cannot be told apart.
    """
    if params.kind:
        return params.kind, ""
    field = column.field
    if not column.given:
        return "ignore", "it is empty"
    if field.type == "DATE" or field.type.startswith("TIMESTAMP"):
        return "date", ""
    if params.labels:
        return "category", ""
    if field.type == "BOOLEAN" or _is_flag(column):
        return "flag", ""
    if not column.leading_zeros and is_number(db, column, source):
        return _number_kind(db, column, source), ""
    if _is_date(db, field, source):
        return "date", ""
    return _text_kind(column)


def _is_flag(column: Column) -> bool:
    yes, no = set(TRUE_WORDS), set(FALSE_WORDS)
    words = {value.lower() for value in column.values}
    return bool(words) and len(words) <= 2 and words <= yes | no and len(words & yes) <= 1


def is_number(db: DuckDB, column: Column, source: Source) -> bool:
    """Tell whether every value is a number or says that it is missing.

    Parameters
    ----------
    db : DuckDB
        Where the column lies.
    column : Column
        What was seen of it.
    source : Source
        Its source: decimal mark and format of times, if given.

    Returns
    -------
    bool
        False for an empty column of text.
    """
    field = column.field
    if field.type in INTEGERS | FLOATS or field.type.startswith("DECIMAL"):
        return True
    if field.type != "VARCHAR":
        return False
    # Only what has the form of a number is tried, so that words never raise.
    form = literal(r"[0-9][0-9 .,]*([eE][+-]?[0-9]+)?|[.,][0-9]+")
    ((like,),) = db.rows(
        f"SELECT count(*) FILTER (regexp_full_match({core(field.text)}, {form})) "
        f"FROM {field.source}"
    )
    if like + column.blanks < column.given or not like:
        return False
    number = as_number(db, field, source)
    ((bad,),) = db.rows(
        f"SELECT count(*) FILTER (({number.status}) > 1 AND "
        f"lower({field.text}) NOT IN ({', '.join(map(literal, BLANK_WORDS))})) FROM {field.source}"
    )
    return not bad


def as_number(db: DuckDB, field: Field, source: Source) -> NumberColumn:
    """Return how an attribute column writes its numbers (20 decimals are kept).

    Parameters
    ----------
    db : DuckDB
        Where the column lies.
    field : Field
        The column.
    source : Source
        Its source: decimal mark and format of times, if given.

    Returns
    -------
    NumberColumn
        SQL over alias ``r``.
    """
    return read_number(db, field, scale=20, decimal=source.decimal)


def _is_date(db: DuckDB, field: Field, source: Source) -> bool:
    """Tell whether every value of a text column is a date (digits alone are none)."""
    if field.type != "VARCHAR":
        return False
    shape = r"[0-9]{1,4}[-/. ][0-9A-Za-z]{1,9}[-/. ,]+[0-9]{1,4}([T ,].*)?"
    match = f"regexp_full_match({field.text}, {literal(shape)})"
    ((given, like),) = db.rows(
        f"SELECT count({field.text}), count(*) FILTER ({match}) FROM {field.source}"
    )
    if like < given:
        return False
    try:
        times = as_time(db, field, source)
    except DataError:
        # Nothing was readable: words that look a little like dates. A date whose day and
        # month are in doubt is asked for.
        if _could_be_date(db, field):
            raise
        return False
    ((bad,),) = db.rows(f"SELECT count(*) FILTER (({times.status}) > 1) FROM {field.source}")
    return not bad


def _could_be_date(db: DuckDB, field: Field) -> bool:
    shape = r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{4}|[0-9]{2})([T ].*)?"
    match = f"regexp_full_match({field.text}, {literal(shape)})"
    ((given, like),) = db.rows(
        f"SELECT count({field.text}), count(*) FILTER ({match}) FROM {field.source}"
    )
    return bool(given == like)


def as_time(db: DuckDB, field: Field, source: Source) -> TimeColumn:
    """Return how an attribute column writes its dates; a date has no zone.

    Parameters
    ----------
    db : DuckDB
        Where the column lies.
    field : Field
        The column.
    source : Source
        Its source: decimal mark and format of times, if given.

    Returns
    -------
    TimeColumn
        SQL over alias ``r``.
    """
    return read_time(db, field, timezone="UTC", timestamp_format=source.timestamp_format)


def _number_kind(db: DuckDB, column: Column, source: Source) -> Kind:
    field = column.field
    if (
        column.distinct == column.given
        and column.given > 2
        and _ID_WORDS & set(words_of(field.column))
    ):
        return "key"
    number = as_number(db, field, source).value
    ((low, high, fractions),) = db.rows(
        "SELECT CAST(min(v) AS DOUBLE), CAST(max(v) AS DOUBLE), count(*) FILTER (v <> round(v, 0)) "
        f"FROM (SELECT {number} AS v FROM {field.source})"
    )
    likert = low == 1 and high in LIKERT_TOP and not fractions
    # Nearly all answers of the scale must occur: counts like 1 to 5 children do not skip so.
    return "ordinal" if likert and column.distinct == high else "number"


def _text_kind(column: Column) -> tuple[Kind, str]:
    unique = column.distinct == column.given and column.given >= 10
    if unique:
        return "key", f"all {column.given:,} values differ"
    if column.distinct > FEW and not is_place(column.field.column):
        return "ignore", f"{column.distinct:,} different texts are too many for a category"
    return "category", ""
