"""Customer attributes: every column that is not mapped, read by its kind.

A value that does not fit its column becomes NULL and is counted; only a missing or
repeated customer id refuses the row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import DataError, ParameterError
from coterie.schema import Attribute, ColumnParams
from coterie.sources.base import Raw, Source
from coterie.validation.fields import FLOATS, INTEGERS, Field, column_types, look_at
from coterie.validation.findings import note
from coterie.validation.kinds import Column, as_number, as_time, infer_kind, is_number, look
from coterie.validation.parse_text import flag_of
from coterie.validation.parse_times import day_of
from coterie.validation.protected import is_place, protected_reason
from coterie.validation.repeats import mark_repeats
from coterie.validation.staging import Problem, Staged, parse, quarantine, refuse, stage

_RESERVED = ("customer_id", "valid_from")
_OURS = frozenset({"status"})
"""Names that stand in our tables beside the attributes of a customer."""

_TOGETHER = 50
"""Columns whose distinct values are counted in one pass; each takes memory of its own."""
_SQL_TYPE = {
    "number": "DOUBLE",
    "ordinal": "DOUBLE",
    "category": "VARCHAR",
    "flag": "BOOLEAN",
    "date": "INTEGER",
}


@dataclass(frozen=True)
class _Read:
    """One attribute and its SQL over alias ``r``."""

    attribute: Attribute
    column: Column
    value: str
    """NULL where the value does not fit the kind."""
    kept: str
    """``value``, NULL also where it lies outside min and max."""


def read_customers(
    db: DuckDB,
    people: Sequence[tuple[Raw, Source]],
    columns: Mapping[str, ColumnParams],
    *,
    timezone: str,
) -> tuple[list[Staged], tuple[Attribute, ...]]:
    """Make table ``customers`` from its sources: customer_id, valid_from, attributes.

    Parameters
    ----------
    db : DuckDB
        Holds the raw tables and ``quarantine``.
    people : sequence of (Raw, Source)
        The ``customers`` sources. Several are joined by customer_id.
    columns : mapping of str to ColumnParams
        What the user says, by column name.
    timezone : str
        Zone of ``valid_from``.

    Returns
    -------
    (list of Staged, tuple of Attribute)
        The sources with their findings, and the attributes in column order.

    Raises
    ------
    ParameterError
        If ``columns`` names a column that no source has.
    DataError
        If two sources share an attribute name, or values must be asked for.
    """
    unmapped = {raw.name: _attribute_names(db, raw, source) for raw, source in people}
    known = {name for names in unmapped.values() for name in names}
    for name in columns:
        if name not in known:
            raise ParameterError.unknown("columns", name, known)
    parts: list[tuple[Staged, list[_Read]]] = []
    for raw, source in people:
        reads = _read_attributes(db, raw, source, columns, unmapped[raw.name])
        parts.append((_stage_customers(db, raw, source, reads, timezone), reads))
    _join(db, parts)
    attributes = tuple(read.attribute for _, reads in parts for read in reads)
    return [staged for staged, _ in parts], attributes


def attribute_name(column: str) -> str:
    """Return the name of the attribute in a column: the column's, if it is not one of ours.

    Examples
    --------
    >>> attribute_name("income"), attribute_name("Status")
    ('income', 'Status_')
    """
    return f"{column}_" if column.lower() in _OURS else column


def _attribute_names(db: DuckDB, raw: Raw, source: Source) -> list[str]:
    mapped = set(source.mapping().values())
    names = [name for name in column_types(db, raw.relation) if name not in mapped]
    return [name for name in names if name not in _RESERVED or name in source.mapping()]


def _read_attributes(
    db: DuckDB,
    raw: Raw,
    source: Source,
    columns: Mapping[str, ColumnParams],
    names: Sequence[str],
) -> list[_Read]:
    types = column_types(db, raw.relation)
    fields = {name: Field(raw.relation, name, types[name], f"columns.{name}") for name in names}
    return [
        _read(db, field, columns.get(name, ColumnParams()), source)
        for name, field in look_at(db, fields).items()
    ]


def _read(db: DuckDB, field: Field, params: ColumnParams, source: Source) -> _Read:
    column = look(db, field)
    kind, why = infer_kind(db, column, params, source)
    labels = tuple(params.labels.items())
    value = "NULL"
    if kind == "number":
        value = _double(db, field, source)
    elif kind == "ordinal":
        value, labels = _ordinal(db, column, params, source)
    elif kind == "category":
        value = _category(column, params)
    elif kind == "flag":
        value = field.raw if field.type == "BOOLEAN" else flag_of(field.text)
    elif kind == "date":
        value = day_of(as_time(db, field, source).value, "UTC")
    seen = [word for _, word in labels] or column.values
    protected = protected_reason(field.column, seen)
    if params.protected is not None:
        protected = (protected or "as set") if params.protected else ""
    attribute = Attribute(
        name=attribute_name(field.column),
        kind=kind,
        label=params.label or (field.column if field.column.lower() in _OURS else ""),
        unit=params.unit,
        labels=labels,
        protected=protected,
        role="geography" if is_place(field.column) else "",
    )
    if field.column.lower() in _RESERVED and kind not in {"key", "ignore"}:
        raise DataError(
            f"An attribute cannot be called {field.column!r}; that name is taken.",
            hint=f'Rename it, or leave it out: [columns.{field.column}] kind = "ignore".',
            where=field.where,
        )
    return (
        _Read(attribute, column, value, _bounded(value, kind, params))
        if not why
        else _Read(attribute, column, "NULL", f"NULL /* {re.sub('[*/]', ' ', why)} */")
    )


def _double(db: DuckDB, field: Field, source: Source) -> str:
    if field.type in INTEGERS | FLOATS or field.type.startswith("DECIMAL"):
        double = f"CAST({field.raw} AS DOUBLE)"
        return f"CASE WHEN isfinite({double}) THEN {double} END"
    # By way of text: DECIMAL to DOUBLE directly is off by a bit now and then.
    return f"CAST(CAST({as_number(db, field, source).value} AS VARCHAR) AS DOUBLE)"


def _bounded(value: str, kind: str, params: ColumnParams) -> str:
    bounds = []
    if params.min is not None:
        bounds.append(f"{value} >= {params.min!r}")
    if params.max is not None:
        bounds.append(f"{value} <= {params.max!r}")
    if kind not in {"number", "ordinal"} or not bounds:
        return value
    return f"CASE WHEN {' AND '.join(bounds)} THEN {value} END"


def _category(column: Column, params: ColumnParams) -> str:
    text = column.field.text
    if column.field.type in FLOATS:
        text = f"regexp_replace({text}, '[.]0$', '')"
    if not params.labels:
        return text
    cases = " ".join(
        f"WHEN {literal(code.strip())} THEN {literal(word)}" for code, word in params.labels.items()
    )
    return f"CASE {text} {cases} ELSE {text} END"


def _ordinal(
    db: DuckDB, column: Column, params: ColumnParams, source: Source
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the SQL of the rank, and (rank, word) for ranks that have words."""
    if is_number(db, column, source):
        return _double(db, column.field, source), tuple(params.labels.items())
    words = list(params.labels) or sorted(column.values, key=_band)
    if not words or (not params.labels and any(_band(word)[0] is None for word in words)):
        raise DataError(
            f"The order of the words in column {column.field.column!r} is not known: "
            f"{', '.join(column.values[:6]) or 'more than 50 different ones'}.",
            hint=f"Name them from low to high under [columns.{column.field.column}] labels: "
            '{ low = "low", high = "high" }.',
            where=column.field.where,
        )
    cases = " ".join(f"WHEN {literal(word)} THEN {rank}" for rank, word in enumerate(words, 1))
    shown = tuple((str(rank), params.labels.get(word, word)) for rank, word in enumerate(words, 1))
    return f"CAST(CASE {column.field.text} {cases} END AS DOUBLE)", shown


def _band(word: str) -> tuple[float | None, int, str]:
    """Return what sorts a band like ``25-34``, ``Under 15K`` or ``250K+``: its lowest number.

    Examples
    --------
    >>> sorted(["35-49K", "Under 15K", "250K+", "15-24K"], key=_band)
    ['Under 15K', '15-24K', '35-49K', '250K+']
    """
    match = re.search(r"[0-9]+(?:[.,][0-9]+)?", word)
    if not match:
        return (None, 0, word) if word.lower() not in {"none", "no"} else (0.0, 0, word)
    number = float(match.group().replace(",", "."))
    below = re.match(r"\s*(<|under|below|less|up to|bis|unter|moins|menos|hasta)", word.lower())
    return number, 0 if below else 1, word


def _stage_customers(
    db: DuckDB, raw: Raw, source: Source, reads: Sequence[_Read], timezone: str
) -> Staged:
    staged = parse(db, raw, source, timezone=timezone)
    key = staged.fields["customer_id"].column
    missing = literal(f"{key} is empty: the row belongs to nobody.")
    staged.problems.append(Problem("customer_id IS NULL", "missing_key", missing))
    staged.parsed.setdefault("valid_from", "CAST(NULL AS TIMESTAMPTZ)")
    staged.parsed |= {f"attribute_{n}": read.kept for n, read in enumerate(_used(reads))}
    stage(db, staged, [{"valid_day": day_of("valid_from", timezone)}])
    mark_repeats(db, staged)
    first = 'min("row") OVER (PARTITION BY customer_id, valid_day)'
    later = (
        f'SELECT "row" FROM (SELECT "row", {first} AS first FROM {staged.relation} '
        'WHERE problem = 0) WHERE "row" > first'
    )
    message = f"{literal(key + ' ')} || s.customer_id || ' was there before.'"
    refuse(db, staged, Problem(f'"row" IN ({later})', "duplicate_key", message))
    quarantine(db, staged)
    staged.findings += _value_findings(db, staged, reads)
    return staged


def _used(reads: Sequence[_Read]) -> list[_Read]:
    return [read for read in reads if read.attribute.kind in _SQL_TYPE]


def _join(db: DuckDB, parts: Sequence[tuple[Staged, list[_Read]]]) -> None:
    """Make ``customers``; several sources are joined by customer, each attribute from one."""
    selects, names = [], {"customer_id", "valid_from"}
    for staged, reads in parts:
        columns = ["customer_id", "CAST(valid_day AS INTEGER) AS valid_from"]
        for number, read in enumerate(_used(reads)):
            name = read.attribute.name
            if name.lower() in names:
                raise DataError(
                    f"Two sources of customers have an attribute {name!r}.",
                    hint=f"Leave one out or rename it in [sources.{staged.raw.name}].",
                    where=read.column.field.where,
                )
            names.add(name.lower())
            kind = _SQL_TYPE[read.attribute.kind]
            columns.append(f"CAST(attribute_{number} AS {kind}) AS {identifier(name)}")
        selects.append(f"SELECT {', '.join(columns)} FROM {staged.relation} WHERE problem = 0")
    if len(parts) > 1 and any("valid_from" in staged.fields for staged, _ in parts):
        raise DataError(
            "Several customers sources with valid_from cannot be joined.",
            hint="Bring them together in one file.",
            where="sources",
        )
    empty = "SELECT CAST(NULL AS VARCHAR) AS customer_id, CAST(NULL AS INTEGER) AS valid_from"
    select = selects[0] if selects else f"{empty} WHERE false"
    if len(selects) > 1:
        joined = f"({selects[0]})"
        for more in selects[1:]:
            plain = f"(SELECT * EXCLUDE (valid_from) FROM ({more}))"
            joined += f" FULL JOIN {plain} USING (customer_id)"
        select = f"SELECT * FROM {joined} ORDER BY customer_id"
    db.create("customers", select)


def _value_findings(db: DuckDB, staged: Staged, reads: Sequence[_Read]) -> list[dict[str, object]]:
    """Count, over all rows of a source, what did not fit and what is constant or left out."""
    used = _used(reads)
    found: list[dict[str, object]] = []
    total = staged.raw.rows - staged.raw.rejected.num_rows - staged.raw.rejected_erased
    for begin in range(0, len(used), _TOGETHER):
        some = used[begin : begin + _TOGETHER]
        counts = ", ".join(
            f"count(*) FILTER ({r.column.field.text} IS NOT NULL AND ({r.value}) IS NULL), "
            f"count({r.value}) - count({r.kept}), count({r.kept}), count(DISTINCT {r.kept})"
            for r in some
        )
        (row,) = db.rows(f"SELECT {counts} FROM {some[0].column.field.source}")
        for place, read in enumerate(some):
            bad, outside, given, distinct = row[4 * place : 4 * place + 4]
            found += _column_findings(read, (bad, outside, given, distinct), total)
    for read in reads:
        if read.attribute.kind in {"key", "ignore"}:
            why = re.search(r"/\* (.*) \*/", read.kept)
            reason = why.group(1) if why else f"its kind is {read.attribute.kind}"
            message = f"Column {read.attribute.name} is left out: {reason}."
            found.append(note("column_left_out", message, action="left out"))
    return found


def _column_findings(
    read: _Read, counts: tuple[int, int, int, int], total: int
) -> list[dict[str, object]]:
    bad, outside, given, distinct = counts
    name, kind, found = read.attribute.name, read.attribute.kind, []
    if bad:
        message = f"{bad:,} values of {name} are no {kind}; they count as missing."
        found.append(note("values_unread", message, rows=bad, total=total, action="changed"))
    if outside:
        message = (
            f"{outside:,} values of {name} lie outside the allowed range; they count as missing."
        )
        found.append(
            note("values_out_of_range", message, rows=outside, total=total, action="changed")
        )
    if total > given:
        message = f"{name} is missing for {total - given:,} customers."
        found.append(note("values_missing", message, rows=total - given, total=total))
    if given and distinct == 1:
        message = f"{name} has the same value everywhere; it cannot tell customers apart."
        found.append(note("constant", message, rows=given, total=total))
    if read.attribute.protected:
        message = f"{name} is protected ({read.attribute.protected}): left out of clustering."
        found.append(note("protected", message, action="left out"))
    return found
