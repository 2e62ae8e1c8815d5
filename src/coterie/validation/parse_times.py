"""Times written by people: the format is found from all values of a column.

Whether 03/04 is April or March is never guessed: some value of the column must
have a day above 12, otherwise the user is asked for ``timestamp_format``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.errors import DataError, ParameterError
from coterie.validation.fields import FLOATS, INTEGERS, Field

MISSING, BAD, AMBIGUOUS = 1, 2, 3
"""Status of a time that is not there, cannot be read, or fits only the other day order."""

_MINORITY = 0.05
"""Largest share of values that may contradict the day order of the others."""

_CLOCK = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
_ZONE = r" ?(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)"
_ISO = r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
_FORMS = {
    "iso": rf"{_ISO}([T ]{_CLOCK})?",
    "zone": rf"{_ISO}[T ]{_CLOCK}{_ZONE}",
    "compact": r"(19|20)[0-9]{6}",
    "compact_clock": r"(19|20)[0-9]{6}[T ]?[0-9]{6}",
    "epoch": r"-?[0-9]{9,10}([.][0-9]+)?",
    "milli": r"[0-9]{12,13}",
    "micro": r"[0-9]{15,16}",
    "word": r"[0-9]{1,2}[ -][A-Za-z]{3,9}[ ,-]+([0-9]{4}|[0-9]{2}).*"
    r"|[A-Za-z]{3,9} [0-9]{1,2},? [0-9]{4}.*",
    **{
        f"parts{sign}": rf"[0-9]{{1,2}}{mark}[0-9]{{1,2}}{mark}([0-9]{{4}}|[0-9]{{2}})(,?[T ].*)?"
        for sign, mark in (("/", "/"), ("-", "-"), (".", "[.]"))
    },
}
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
_WORDS = (
    # %Y would read 24 as the year 24, so the short year, which refuses 2024, is tried first.
    *("%d-%b-%y", "%d %b %y"),
    *("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y", "%d-%B-%Y"),
)
_DIRECTIVES = frozenset("aAbBcdDfFgGHIjmMnpSuUVwWxXyYzZ%-")


@dataclass(frozen=True)
class TimeColumn:
    """A time column as SQL over alias ``r``."""

    value: str
    """TIMESTAMPTZ, NULL where the status is not 0."""
    status: str
    """0 read, 1 missing, 2 no time, 3 day and month in the other order than the rest."""
    formats: tuple[str, ...] = ()
    """How the values are written, in words, for the report."""
    unread: int = 0
    """Values that were given and cannot be read, before years are checked."""


def read_time(db: DuckDB, field: Field, *, timezone: str, timestamp_format: str = "") -> TimeColumn:
    """Work out how a column writes its times, from all its values.

    Parameters
    ----------
    db : DuckDB
        Where the column lies.
    field : Field
        The column: DATE or TIMESTAMP of any kind, text, or numbers (YYYYMMDD, seconds,
        milliseconds or microseconds since 1970).
    timezone : str
        Zone of times without one.
    timestamp_format : str
        strptime format if the user names it; then nothing else is tried.

    Returns
    -------
    TimeColumn
        SQL of value and status. Years before 1900 count as no time.

    Raises
    ------
    DataError
        If no value is a time, or day and month cannot be told apart.
    """
    if field.type.startswith("TIMESTAMP WITH TIME ZONE"):
        return _column(field.raw, f"CAST({field.raw} AS TIMESTAMPTZ)", ("time with zone",))
    if field.type == "DATE" or field.type.startswith("TIMESTAMP"):
        naive = f"TRY_CAST({field.raw} AS TIMESTAMP)"
        return _column(field.raw, _in_zone(naive, timezone), (field.type.lower(),))
    if field.type not in INTEGERS | FLOATS | {"VARCHAR"}:
        raise DataError(
            f"Column {field.column!r} holds {field.type} values, not times.", where=field.where
        )
    text = field.text
    if field.type in FLOATS:
        text = f"regexp_replace({text}, '[.]0$', '')"
    if timestamp_format:
        return _by_format(db, field, text, timestamp_format, timezone)
    return _by_forms(db, field, text, timezone)


def _in_zone(naive: str, timezone: str) -> str:
    if timezone == "UTC":  # the session runs in UTC, and a plain cast is the fastest way
        return f"CAST({naive} AS TIMESTAMPTZ)"
    return f"timezone({literal(timezone)}, {naive})"


def _column(
    given: str, value: str, formats: tuple[str, ...], *, ambiguous: str = "", unread: int = 0
) -> TimeColumn:
    sane = f"CASE WHEN {value} BETWEEN TIMESTAMPTZ '1900-01-01 00:00:00+00' AND "
    sane += f"TIMESTAMPTZ '9999-12-31 00:00:00+00' THEN {value} END"
    other = f"WHEN {ambiguous} THEN {AMBIGUOUS} " if ambiguous else ""
    status = (
        f"CASE WHEN {given} IS NULL THEN {MISSING} WHEN ({sane}) IS NOT NULL THEN 0 "
        f"{other}ELSE {BAD} END"
    )
    return TimeColumn(sane, status, formats, unread)


def _by_format(
    db: DuckDB, field: Field, text: str, timestamp_format: str, timezone: str
) -> TimeColumn:
    unknown = [d for d in re.findall(r"%(.?)", timestamp_format) if d not in _DIRECTIVES or not d]
    if unknown or "%" not in timestamp_format:
        raise ParameterError(
            f"timestamp_format={timestamp_format!r} is not a strptime format.",
            allowed="Write for example %d/%m/%Y %H:%M.",
            where="timestamp_format",
        )
    parsed = f"try_strptime({text}, {literal(timestamp_format)})"
    value = parsed if "%z" in timestamp_format.lower() else _in_zone(parsed, timezone)
    ((given, read),) = db.rows(f"SELECT count({text}), count({parsed}) FROM {field.source}")
    if given and not read:
        raise DataError(
            f"No value of column {field.column!r} is written as {timestamp_format!r}: "
            f"{_examples(db, field, text)}.",
            hint="Correct timestamp_format, or leave it out.",
            where=field.where,
        )
    return _column(text, value, (timestamp_format,), unread=int(given - read))


def _by_forms(db: DuckDB, field: Field, text: str, timezone: str) -> TimeColumn:
    counted = _count_forms(db, field, text)
    given = counted.pop("given")
    present = {name: n for name, n in counted.items() if n}
    if given and not present:
        raise DataError(
            f"Column {field.column!r} holds no times that can be read: "
            f"{_examples(db, field, text)}.",
            hint="Is the right column mapped? If so, name the form: timestamp_format.",
            where=field.where,
        )
    branches: list[tuple[str, str]] = []
    formats: list[str] = []
    ambiguous: list[str] = []
    for name, count in present.items():
        matches = f"regexp_full_match({text}, {literal(_FORMS[name])})"
        if not name.startswith("parts"):
            branches.append((matches, _form_value(name, text, timezone)))
            formats.append(_IN_WORDS[name])
            continue
        order = _day_order(db, field, text, name[-1], given=given, count=count)
        ambiguous.append(matches)
        if order:
            branches.append((matches, _in_zone(_strptime(text, _parts(order, name[-1])), timezone)))
            formats.append(order.replace("?", name[-1]))
    value = _dispatch(branches, complete=len(present) == 1 and sum(present.values()) == given)
    either = " OR ".join(f"({matches})" for matches in ambiguous)
    return _column(
        text,
        value,
        tuple(formats),
        ambiguous=f"({either}) AND {_swappable(text)}" if either else "",
        unread=int(given - sum(present.values())),
    )


_IN_WORDS = {
    "iso": "YYYY-MM-DD",
    "zone": "YYYY-MM-DD with zone",
    "compact": "YYYYMMDD",
    "compact_clock": "YYYYMMDDhhmmss",
    "epoch": "seconds since 1970",
    "milli": "milliseconds since 1970",
    "micro": "microseconds since 1970",
    "word": "month in words",
}


def _count_forms(db: DuckDB, field: Field, text: str) -> dict[str, int]:
    """Count the values of each form; the common all-ISO column is told in one cheap pass."""
    iso = f"regexp_full_match(x, {literal(_FORMS['iso'])})"
    inner = f"FROM (SELECT {text} AS x FROM {field.source})"
    ((given, plain),) = db.rows(f"SELECT count(x), count(*) FILTER ({iso}) {inner}")
    if given == plain:
        return {"given": int(given), "iso": int(plain)}
    names = [name for name in _FORMS if name != "iso"]
    counts = ", ".join(
        f"count(*) FILTER (regexp_full_match(x, {literal(_FORMS[name])}))" for name in names
    )
    (row,) = db.rows(f"SELECT {counts} {inner}")
    found = dict(zip(names, map(int, row), strict=True))
    return {"given": int(given), "iso": int(plain), **found}


def _form_value(name: str, text: str, timezone: str) -> str:
    """Return SQL for TIMESTAMPTZ of a form whose reading is not in doubt."""
    if name == "iso":
        return _in_zone(f"TRY_CAST({text} AS TIMESTAMP)", timezone)
    if name == "zone":
        return f"TRY_CAST(regexp_replace({text}, ' (Z|[+-])', '\\1') AS TIMESTAMPTZ)"
    if name in {"epoch", "milli", "micro"}:
        factor = {"epoch": 1_000_000, "milli": 1_000, "micro": 1}[name]
        micros = f"TRY_CAST(TRY_CAST({text} AS DECIMAL(28, 6)) * {factor} AS BIGINT)"
        return f"CAST(make_timestamp({micros}) AS TIMESTAMPTZ)"
    if name == "word":
        plain = f"replace({text}, ',', '')"
        return _in_zone(_strptime(plain, [d + c for d in _WORDS for c in _CLOCKS]), timezone)
    bare = f"replace(replace({text}, 'T', ''), ' ', '')"
    form = "%Y%m%d" if name == "compact" else "%Y%m%d%H%M%S"
    return _in_zone(_strptime(bare, [form]), timezone)


def _strptime(text: str, formats: list[str]) -> str:
    return f"try_strptime({text}, [{', '.join(literal(form) for form in formats)}])"


def _parts(order: str, mark: str) -> list[str]:
    long = order.replace("?", mark).replace("DD", "%d").replace("MM", "%m")
    years = (long.replace("YYYY", "%Y"), long.replace("YYYY", "%y"))
    # %Y would read 24 as the year 24, so the short year is tried first: it refuses 2024.
    return [year + clock for year in reversed(years) for clock in _CLOCKS]


def _dispatch(branches: list[tuple[str, str]], *, complete: bool) -> str:
    if complete and len(branches) == 1:
        return branches[0][1]
    if not branches:
        return "CAST(NULL AS TIMESTAMPTZ)"
    cases = " ".join(f"WHEN {matches} THEN {value}" for matches, value in branches)
    return f"CASE {cases} END"


def _swappable(text: str) -> str:
    first, second = _numbers(text)
    small, large = f"least({first}, {second})", f"greatest({first}, {second})"
    return f"{small} BETWEEN 1 AND 12 AND {large} BETWEEN 1 AND 31"


def _numbers(text: str) -> tuple[str, str]:
    first = f"TRY_CAST(regexp_extract({text}, '^([0-9]{{1,2}})[^0-9]', 1) AS INTEGER)"
    second = f"TRY_CAST(regexp_extract({text}, '^[0-9]{{1,2}}[^0-9]([0-9]{{1,2}})', 1) AS INTEGER)"
    return first, second


def _day_order(db: DuckDB, field: Field, text: str, mark: str, *, given: int, count: int) -> str:
    """Return DD?MM?YYYY or MM?DD?YYYY, or '' if a small rest of the column cannot be told."""
    first, second = _numbers("x")
    matches = f"regexp_full_match(x, {literal(_FORMS[f'parts{mark}'])})"
    ((day_first, month_first, either, example),) = db.rows(
        f"SELECT count(*) FILTER (a > 12 AND b <= 12), count(*) FILTER (b > 12 AND a <= 12), "
        f"count(*) FILTER (a <= 12 AND b <= 12 AND a <> b), "
        f"min(x) FILTER (a <= 12 AND b <= 12 AND a <> b) "
        f"FROM (SELECT x, {first} AS a, {second} AS b "
        f"FROM (SELECT {text} AS x FROM {field.source}) WHERE {matches})"
    )
    known = day_first + month_first
    if not known and not either:
        return "DD?MM?YYYY"  # day equals month in every value: both orders read the same
    if not known and count <= _MINORITY * given:
        return ""
    if not known or min(day_first, month_first) > _MINORITY * known:
        said = (
            f"{day_first:,} values have the day first and {month_first:,} the month first"
            if known
            else f"all {either:,} values have both numbers at 12 or below"
        )
        raise DataError(
            f"Day and month of column {field.column!r} cannot be told apart: {said}"
            + (f" (for example {example!r})." if example else "."),
            hint=f"Say which comes first: timestamp_format = "
            f'"%d{mark}%m{mark}%Y" or "%m{mark}%d{mark}%Y" (add the clock as it is written).',
            where=field.where,
        )
    return "DD?MM?YYYY" if day_first > month_first else "MM?DD?YYYY"


def _examples(db: DuckDB, field: Field, text: str) -> str:
    rows = db.rows(
        f"SELECT DISTINCT x FROM (SELECT {text} AS x FROM {field.source}) "
        "WHERE x IS NOT NULL ORDER BY x LIMIT 3"
    )
    return ", ".join(repr(value[:40]) for (value,) in rows)


def day_of(ts: str, timezone: str) -> str:
    """Return SQL for days since 1970-01-01 of a TIMESTAMPTZ in a zone.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     ts = "TIMESTAMPTZ '2024-07-01 23:30:00+00'"
    ...     db.rows(f"SELECT {day_of(ts, 'UTC')}, {day_of(ts, 'Europe/London')}")
    [(19905, 19906)]
    """
    return f"CAST(CAST({_local(ts, timezone)} AS DATE) - DATE '1970-01-01' AS INTEGER)"


def hour_of(ts: str, timezone: str) -> str:
    """Return SQL for the hour, 0 to 23, of a TIMESTAMPTZ in a zone.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     ts = "TIMESTAMPTZ '2024-07-01 23:30:00+00'"
    ...     db.rows(f"SELECT {hour_of(ts, 'Asia/Kolkata')}")
    [(5,)]
    """
    return f"CAST(hour({_local(ts, timezone)}) AS TINYINT)"


def _local(ts: str, timezone: str) -> str:
    if timezone == "UTC":
        return f"CAST({ts} AS TIMESTAMP)"
    return f"timezone({literal(timezone)}, {ts})"
