"""Numbers written by people: decimal marks, thousands, currency signs, trailing minus.

What ``1,234`` means is decided by the other values of the column; where none of
them tells, the user is asked. Everything stays DECIMAL, so that rounding to micros
is exact and half-even, which DuckDB's own ROUND (half away from zero) is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.errors import DataError
from coterie.validation.fields import FLOATS, INTEGERS, Field

_PLAIN = r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?"
CODES = (
    "EUR|GBP|USD|CHF|CAD|AUD|NZD|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|INR|BRL|ZAR|MXN|TRY|kr|Rs|zł|Kč"
)
_SAME_MONEY = {"£": "GBP", "€": "EUR", "$": "USD", "¥": "JPY", "₹": "INR", "Rs": "INR"} | {
    "zł": "PLN",
    "Kč": "CZK",
    "₺": "TRY",
}
_MINORITY = 0.05
"""Largest share of values that may contradict the decimal mark of the others."""

_NARROW, _NARROW_SCALE = 18, 6
"""Digits, and decimals among them, of numbers that are kept in 64 bits."""

MISSING, BAD, OVERFLOW = 1, 2, 3
"""Status of a number that is not there, is no number, or is too large."""


@dataclass(frozen=True)
class NumberColumn:
    """A number column as SQL over alias ``r``."""

    value: str
    """DECIMAL(38, scale), NULL where the status is not 0."""
    status: str
    """0 read, 1 missing, 2 no number, 3 too large."""
    decimal: Literal[".", ","] = "."
    scale: int = 20
    """Decimals of ``value``."""


def read_number(
    db: DuckDB, field: Field, *, scale: int, decimal: Literal["", ".", ","] = ""
) -> NumberColumn:
    """Work out how a column writes its numbers, from all its values.

    Parameters
    ----------
    db : DuckDB
        Where the column lies.
    field : Field
        The column, text or any number type. Floats are taken by their shortest
        decimal form, so that 2.55 is 2.55.
    scale : int
        Decimals kept, up to 20; what lies beyond is rounded half away from zero.
    decimal : {'', '.', ','}
        The decimal mark if the user names it.

    Returns
    -------
    NumberColumn
        SQL of value and status.

    Raises
    ------
    DataError
        If the column is no number at all, or could be read with either mark.
    """
    kind = f"DECIMAL(38, {scale})"
    if field.type in {"TINYINT", "SMALLINT", "INTEGER"}:
        return replace(_column(field.raw, f"CAST({field.raw} AS DECIMAL(10, 0))", "true"), scale=0)
    column = _read(db, field, kind, decimal)
    return column if column.scale < scale else replace(column, scale=scale)


def _read(db: DuckDB, field: Field, kind: str, decimal: Literal["", ".", ","]) -> NumberColumn:
    if field.type in INTEGERS or field.type.startswith("DECIMAL"):
        return _column(field.raw, f"TRY_CAST({field.raw} AS {kind})", "true")
    if field.type in FLOATS:
        text = f"CAST({field.raw} AS VARCHAR)"
        return _column(field.raw, f"TRY_CAST({text} AS {kind})", f"isfinite({field.raw})")
    if field.type != "VARCHAR":
        raise DataError(
            f"Column {field.column!r} holds {field.type} values, not numbers.", where=field.where
        )
    text = field.text
    plain = f"regexp_full_match({text}, {literal(_PLAIN)})"
    point = f"CASE WHEN contains({text}, '.') THEN strlen({text}) - strpos({text}, '.') ELSE 0 END"
    ((given, simple, longest, decimals, powers),) = db.rows(
        f"SELECT count({text}), count(*) FILTER ({plain}), max(strlen({text})), max({point}), "
        f"count(*) FILTER (contains(lower({text}), 'e')) FROM {field.source}"
    )
    if given == simple and decimal != ",":
        if given and not powers and longest + decimals <= _NARROW and decimals <= _NARROW_SCALE:
            # Short numbers fit 64 bits, where multiplying and rounding are many times faster.
            narrow = f"TRY_CAST({text} AS DECIMAL({_NARROW}, {decimals}))"
            return replace(_column(text, narrow, "true"), scale=int(decimals))
        return _column(text, f"TRY_CAST({text} AS {kind})", "true")
    mark = decimal or _decimal_mark(db, field, int(given))
    valid, digits = f"regexp_full_match({core(text)}, {literal(_form(mark))})", _digits(text, mark)
    valid = f"({valid})" if mark == "," else f"({valid} OR {plain})"
    value = f"CASE WHEN {valid} THEN TRY_CAST({digits} AS {kind}) END"
    return _column(text, value, valid, mark)


def _column(given: str, value: str, valid: str, decimal: Literal[".", ","] = ".") -> NumberColumn:
    status = (
        f"CASE WHEN {given} IS NULL THEN {MISSING} WHEN {value} IS NOT NULL THEN 0 "
        f"WHEN {valid} THEN {OVERFLOW} ELSE {BAD} END"
    )
    return NumberColumn(value, status, decimal)


def core(text: str) -> str:
    """Return SQL for the digits and marks of a number: no sign, no currency, blanks as one ' '."""
    sign = r"^[(+\-−]+|[)\-−]+$"
    money = rf"\p{{Sc}}|^({CODES})[.]?|({CODES})[.]?$"
    spaces = rf"[\s{chr(0xA0)}{chr(0x202F)}{chr(0x2009)}]+"
    steps = ((money, ""), (spaces, " "), (r"^ | $", ""), (sign, ""), (money, ""), (r"^ | $", ""))
    # Sign and currency come in either order: £-5, -£5, (£5), 5 EUR-.
    expression = text
    for pattern, new in (*steps, (sign, ""), (rf"['{chr(0x2019)}]", " ")):
        expression = f"regexp_replace({expression}, {literal(pattern)}, '{new}', 'g')"
    return expression


def _form(mark: str) -> str:
    group = {".": ",", ",": "[.]"}[mark]
    point = {".": "[.]", ",": ","}[mark]
    whole = (
        rf"[0-9]+|[0-9]{{1,3}}({group}[0-9]{{2,3}})*{group}[0-9]{{3}}|[0-9]{{1,3}}( [0-9]{{3}})+"
    )
    return rf"({whole})({point}[0-9]*)?|{point}[0-9]+"


def _digits(text: str, mark: str) -> str:
    group = {".": ",", ",": "."}[mark]
    bare = f"replace(replace({core(text)}, ' ', ''), '{group}', '')"
    digits = f"replace({bare}, ',', '.')" if mark == "," else bare
    negative = f"regexp_matches({text}, '^[^0-9]*[(\\-−]|[\\-−]$|[\\-−] ?[^0-9]*$')"
    signed = f"CASE WHEN {negative} THEN '-' ELSE '' END || {digits}"
    if mark == ",":
        return signed
    # An exponent (1e-3) is only ever written with a point, and by machines.
    return f"CASE WHEN regexp_full_match({text}, {literal(_PLAIN)}) THEN {text} ELSE {signed} END"


def _decimal_mark(db: DuckDB, field: Field, given: int) -> Literal[".", ","]:
    """Count what speaks for point and for comma over all values."""
    bare = f"replace({core(field.text)}, ' ', '')"
    forms = {
        "weak_point": r"[1-9][0-9]{0,2}[.][0-9]{3}",
        "weak_comma": r"[1-9][0-9]{0,2},[0-9]{3}",
        "point": r"[0-9]*[.][0-9]*|[0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}([.][0-9]*|,[0-9]{3})",
        "comma": r"[0-9]*,[0-9]*|[0-9]{1,3}([.][0-9]{3})+(,[0-9]*|[.][0-9]{3})",
        "whole": r"[0-9]+",
    }
    counts = ", ".join(
        f"count(*) FILTER (regexp_full_match(x, {literal(form)}))" for form in forms.values()
    )
    ((weak_point, weak_comma, point, comma, whole, example),) = db.rows(
        f"SELECT {counts}, min(x) FILTER (regexp_full_match(x, {literal(forms['weak_comma'])})) "
        f"FROM (SELECT {bare} AS x FROM {field.source})"
    )
    for_point, for_comma = point - weak_point, comma - weak_comma
    if given and not point + comma + whole:
        raise DataError(
            f"Column {field.column!r} holds no numbers: {_sample(db, field)}.",
            hint="Is the right column mapped?",
            where=field.where,
        )
    if for_point and for_comma and min(for_point, for_comma) > _MINORITY * (for_point + for_comma):
        raise DataError(
            f"Column {field.column!r} writes {for_point:,} numbers with a decimal point "
            f"and {for_comma:,} with a decimal comma.",
            hint='Say which it is: decimal = "." or decimal = ",".',
            where=field.where,
        )
    if weak_comma and not for_point and not for_comma:
        value = example.replace(",", "")
        raise DataError(
            f"{example!r} in column {field.column!r} could be {int(value):,} or "
            f"{example.replace(',', '.')}, and no other value tells.",
            hint='Say which it is: decimal = "." or decimal = ",".',
            where=field.where,
        )
    return "," if for_comma > for_point else "."


def check_one_money(db: DuckDB, field: Field) -> None:
    """Refuse a column whose values name several currencies: their sum would mean nothing."""
    if field.type != "VARCHAR":
        return
    pattern = rf"\p{{Sc}}|^({CODES})|({CODES})$"
    sign = f"regexp_extract({field.text}, {literal(pattern)})"
    rows = db.rows(f"SELECT {sign} AS s, count(*) FROM {field.source} GROUP BY s ORDER BY s")
    counts: dict[str, int] = {}
    for said, rows_of_it in rows:
        if said:
            name = _SAME_MONEY.get(said, said)
            counts[name] = counts.get(name, 0) + int(rows_of_it)
    if len(counts) > 1:
        listed = ", ".join(f"{name} in {count:,} rows" for name, count in counts.items())
        raise DataError(
            f"Column {field.column!r} holds several currencies: {listed}.",
            allowed="A project has one currency.",
            hint="Convert the amounts, or keep the rows of one currency.",
            where=field.where,
        )


def _sample(db: DuckDB, field: Field) -> str:
    rows = db.rows(
        f"SELECT DISTINCT x FROM (SELECT {field.text} AS x FROM {field.source}) "
        "WHERE x IS NOT NULL ORDER BY x LIMIT 3"
    )
    return ", ".join(repr(value[:40]) for (value,) in rows)


def half_even(value: str, digits: int, *, scale: int = 38) -> str:
    """Return SQL for round-half-even(value × 10^digits) as BIGINT, NULL on overflow.

    Parameters
    ----------
    value : str
        SQL of a DECIMAL; it is written several times, so hand over a column.
    digits : int
        6 for micros, 3 for thousandths.
    scale : int, optional
        Decimals of the value if known: up to ``digits``, nothing needs rounding.

    Returns
    -------
    str
        SQL of a BIGINT.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     db.rows(f"SELECT {half_even('v', 3)} FROM (SELECT 0.0025::DECIMAL(38, 9) AS v)")
    [(2,)]
    """
    if scale <= digits:
        return f"TRY_CAST(TRY({value} * {10**digits}) AS BIGINT)"
    rounded = f"round({value}, {digits})"
    whole = f"CAST({rounded} * {10**digits} AS HUGEINT)"
    half = f"CAST('0.{'0' * digits}5' AS DECIMAL({digits + 2}, {digits + 1}))"
    # ROUND goes away from zero; on an exact half that ends odd, step back towards zero.
    tie = f"abs({value} - {rounded}) = {half} AND {whole} % 2 <> 0"
    back = f"CASE WHEN {tie} THEN sign({value}) ELSE 0 END"
    return f"TRY_CAST(TRY({whole} - {back}) AS BIGINT)"
