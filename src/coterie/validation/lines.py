"""Order lines: money as exact integers, and what kind of line each one is.

A line without quantity counts as one piece. A return whose amount is written as a
positive number gets a minus sign; nothing else of what came is changed.
"""

from __future__ import annotations

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.schema import CANONICAL
from coterie.sources.base import Raw, Source
from coterie.validation.future import refuse_future
from coterie.validation.parse_numbers import MISSING, half_even
from coterie.validation.parse_times import day_of, hour_of
from coterie.validation.quality import line_findings
from coterie.validation.repeats import refuse_repeats
from coterie.validation.staging import (
    Problem,
    Staged,
    drop_stage,
    parse,
    quarantine,
    shown,
    stage,
)

_PASSING = frozenset({"quantity", "unit_price", "amount", "discount", "product"})
_TEXTS = ("product_id", "product_name", "category", "channel", "country")


def read_lines(db: DuckDB, raw: Raw, source: Source, *, timezone: str) -> Staged:
    """Append one ``orders`` source to ``lines``, and what it refuses to ``quarantine``.

    Parameters
    ----------
    db : DuckDB
        Holds ``raw.relation``, which is dropped, ``lines`` and ``quarantine``.
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
    _add_money(staged)
    _add_keys(staged)
    stage(db, staged, _steps(staged, timezone), passing=_PASSING)
    refuse_future(db, staged)
    refuse_repeats(db, staged, "lines", "line_id")
    quarantine(db, staged)
    db.drop(raw.relation)  # before it is there a third time, in lines
    line = f'coalesce(line_id, {literal(raw.name + ":")} || "row")'
    made = {
        "line_id": line,
        "order_id": f"coalesce(order_id, coalesce(customer_id, {line}) || '@' || day)",
        "net_day": "CAST(NULL AS INTEGER)",
    }
    columns = ", ".join(made.get(name, identifier(name)) for name in CANONICAL["lines"].names)
    db.execute(f"INSERT INTO lines SELECT {columns} FROM {staged.relation} WHERE problem = 0")
    staged.findings += line_findings(db, staged)
    drop_stage(db, staged)
    return staged


def _add_money(staged: Staged) -> None:
    """Say which rows have no amount, or one that cannot be."""
    fields = staged.fields
    if "unit_price" in fields:
        staged.problems.append(
            Problem(
                "unit_price_status = 0 AND unit_price < 0",
                "bad_number",
                f"{shown(fields['unit_price'])} || ' is a price below zero.'",
            )
        )
    parts = [f"{name}_status = {MISSING}" for name in ("quantity", "unit_price") if name in fields]
    no_parts = " OR ".join(parts) if len(parts) == 2 else "true"
    no_amount = f"amount_status = {MISSING}" if "amount" in fields else "true"
    staged.problems.append(
        Problem(
            f"({no_amount}) AND ({no_parts})",
            "bad_number",
            literal("The row has no amount, and not both quantity and unit price."),
        )
    )
    staged.problems.append(
        Problem(
            "amount_micros IS NULL OR quantity_milli IS NULL OR discount_micros IS NULL",
            "overflow",
            literal("The amount, quantity or discount is too large for 64 bits."),
        )
    )


def _add_keys(staged: Staged) -> None:
    """Fill in the columns that the source does not have."""
    for name in ("customer_id", "order_id", "line_id", *_TEXTS):
        staged.parsed.setdefault(name, "CAST(NULL AS VARCHAR)")


def _steps(staged: Staged, timezone: str) -> list[dict[str, str]]:
    fields = staged.fields
    both = {"quantity", "unit_price"} <= set(fields)
    # Scales up to 9 and 14 leave 15 digits before the point: more than micros in 64 bits hold.
    product = "TRY(quantity * unit_price)" if both else "CAST(NULL AS DECIMAL(38, 23))"
    scales = staged.scales
    scale = scales["quantity"] + scales["unit_price"] if both else 38
    money = half_even("product", 6, scale=scale)
    if "amount" in fields:
        amount = half_even("amount", 6, scale=scales["amount"])
        money = f"CASE WHEN amount_status = 0 THEN {amount} ELSE {money} END"
    pieces = _or_default(staged, "quantity", 3, default=1000)
    discount = _or_default(staged, "discount", 6, default=0)
    codes = ", ".join(literal(code.strip()) for code in staged.source.service_codes)
    service = f"WHEN product_id IN ({codes}) THEN 'service' " if codes else ""
    return [
        {"product": product},
        {
            "money": money,
            "quantity_milli": pieces,
            "discount_micros": discount,
            "day": day_of("ts", timezone),
            "hour": hour_of("ts", timezone),
        },
        {
            "amount_micros": "CASE WHEN quantity_milli < 0 THEN -abs(money) ELSE money END",
            "kind": f"CASE WHEN quantity_milli < 0 OR money < 0 THEN 'return' "
            f"WHEN money = 0 THEN 'free' {service}ELSE 'sale' END",
        },
    ]


def _or_default(staged: Staged, name: str, digits: int, *, default: int) -> str:
    """Return SQL of a number as an integer, and of what stands for a missing one."""
    if name not in staged.fields:
        return f"CAST({default} AS BIGINT)"
    value = half_even(name, digits, scale=staged.scales[name])
    return f"CASE WHEN {name}_status <> {MISSING} THEN {value} ELSE {default} END"
