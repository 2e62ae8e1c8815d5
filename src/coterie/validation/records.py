"""Events, texts and touches: one row in, one canonical row out.

Unlike order lines they carry no sum that must be netted, so all three share one road.
"""

from __future__ import annotations

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.schema import CANONICAL, INPUT_TABLES
from coterie.sources.base import Raw, Source
from coterie.validation.findings import note
from coterie.validation.future import refuse_future
from coterie.validation.parse_numbers import MISSING, half_even
from coterie.validation.parse_times import day_of, hour_of
from coterie.validation.repeats import refuse_repeats
from coterie.validation.staging import Problem, Staged, drop_stage, parse, quarantine, stage

_OWN_ID = {"events": "event_id", "texts": "text_id", "touches": "touch_id"}


def read_records(db: DuckDB, raw: Raw, source: Source, *, timezone: str) -> Staged:
    """Append one ``events``, ``texts`` or ``touches`` source to its canonical table.

    Parameters
    ----------
    db : DuckDB
        Holds ``raw.relation``, which is dropped, the canonical table and ``quarantine``.
    raw : Raw
        The source as read.
    source : Source
        What the user says of it.
    timezone : str
        Zone of times without one, and of ``day`` and ``hour``.

    Returns
    -------
    Staged
        With the findings.

    Raises
    ------
    DataError
        If the mapping does not fit or a column cannot be read without asking.
    """
    staged = parse(db, raw, source, timezone=timezone)
    own = _OWN_ID[raw.table]
    for column in INPUT_TABLES[raw.table].columns:
        kind = {"flag": "BOOLEAN"}.get(column.type, "VARCHAR")
        if column.type in {"text", "flag"}:
            staged.parsed.setdefault(column.name, f"CAST(NULL AS {kind})")
    _require(staged)
    stage(db, staged, [_computed(staged, own, timezone)])
    refuse_future(db, staged)
    refuse_repeats(db, staged, raw.table, own)
    columns = ", ".join(
        f"own_id AS {own}" if name == own else _canonical(name, staged)
        for name in CANONICAL[raw.table].names
    )
    quarantine(db, staged)
    db.drop(raw.relation)  # before it is there a third time
    db.execute(f"INSERT INTO {raw.table} SELECT {columns} FROM {staged.relation} WHERE problem = 0")
    _count_unknown(db, staged)
    drop_stage(db, staged)
    return staged


def _require(staged: Staged) -> None:
    """Refuse rows that lack what the table cannot do without."""
    table = INPUT_TABLES[staged.raw.table]
    for name in table.required:
        if name in staged.parsed:
            message = literal(f"{staged.fields[name].column} is empty.")
            staged.problems.append(Problem(f"{name} IS NULL", "missing_key", message))
    if staged.raw.table == "events":
        message = literal("The row has neither customer nor visitor.")
        staged.problems.append(
            Problem("customer_id IS NULL AND visitor_id IS NULL", "missing_key", message)
        )
    if "propensity" in staged.fields:
        message = literal("A propensity lies between 0 and 1.")
        outside = "propensity < 0 OR propensity > 1"
        staged.problems.append(Problem(outside, "bad_number", message))
        if "treated" in staged.fields:
            message = literal("A propensity of 0, and yet contacted.")
            staged.problems.append(Problem("treated AND propensity = 0", "bad_number", message))
    if "value" in staged.fields:
        message = literal("The value is too large for 64 bits.")
        staged.problems.append(
            Problem(f"value_status <> {MISSING} AND value_micros IS NULL", "overflow", message)
        )


def _computed(staged: Staged, own: str, timezone: str) -> dict[str, str]:
    name = literal(staged.raw.name + ":")
    value = (
        half_even("value", 6, scale=staged.scales["value"])
        if "value" in staged.fields
        else "CAST(NULL AS BIGINT)"
    )
    return {
        "own_id": f'coalesce({own}, {name} || "row")',
        "day": day_of("ts", timezone),
        "hour": hour_of("ts", timezone),
        "value_micros": value,
    }


def _canonical(name: str, staged: Staged) -> str:
    if name in {"rating", "propensity"}:
        # By way of text: DECIMAL to DOUBLE directly is off by a bit now and then.
        value = f"CAST({name} AS VARCHAR)" if name in staged.fields else "NULL"
        return f"CAST({value} AS DOUBLE) AS {name}"
    return identifier(name)


def _count_unknown(db: DuckDB, staged: Staged) -> None:
    if staged.raw.table != "events":
        return
    ((rows, total),) = db.rows(
        f"SELECT count(*) FILTER (customer_id IS NULL), count(*) FROM {staged.relation} "
        "WHERE problem = 0"
    )
    if rows:
        message = f"{rows:,} events have a visitor but no customer; they are kept."
        staged.findings.append(note("visitors", message, rows=rows, total=total))
