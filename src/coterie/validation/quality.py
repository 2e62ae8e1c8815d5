"""The account of every table: what came, what was refused and why, what is worth knowing.

It is plain JSON, holds no clock and no random choice, and counts in the user's own
column names. Examples are the first rows concerned, by row number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.schema import MICROS
from coterie.validation.findings import note
from coterie.validation.staging import Staged

_EXAMPLES = 3
_SHOWN = 5
"""Cancelled orders that are named."""


def table_account(db: DuckDB, table: str, staged: Sequence[Staged]) -> dict[str, Any]:
    """Return the account of one input table over all its sources.

    Parameters
    ----------
    db : DuckDB
        Holds ``quarantine``.
    table : str
        Name of the input table.
    staged : sequence of Staged
        Its sources, in their order.

    Returns
    -------
    dict
        ``rows_in``, ``accepted``, ``quarantined``, ``by_reason``, ``missing`` (share of
        empty values of each mapped column), ``findings``; ``erased`` if rows belonged to people
        who were erased.
    """
    rows_in = sum(done.raw.rows for done in staged)
    reasons = db.rows(
        f'SELECT reason, count(*) FROM quarantine WHERE "table" = {literal(table)} '
        "GROUP BY 1 ORDER BY 1"
    )
    findings = [finding for done in staged for finding in done.findings]
    for done in staged:
        findings += [note("reading", text, action="read") for text in done.raw.notes]
    findings += [_refused(db, table, reason, count, rows_in) for reason, count in reasons]
    quarantined = sum(count for _, count in reasons)
    erased = sum(len(done.raw.erased) + done.raw.rejected_erased for done in staged)
    return {
        "rows_in": rows_in,
        "accepted": rows_in - quarantined - erased,
        "quarantined": quarantined,
        **({"erased": erased} if erased else {}),
        "by_reason": dict(reasons),
        "missing": {f"{d.raw.name}.{c}": s for d in staged for c, s in d.missing.items()},
        "findings": findings,
    }


def _refused(db: DuckDB, table: str, reason: str, count: int, total: int) -> dict[str, object]:
    examples = db.rows(
        f'SELECT "row", message FROM quarantine WHERE "table" = {literal(table)} '
        f'AND reason = {literal(reason)} ORDER BY source, "row" LIMIT {_EXAMPLES}'
    )
    return note(
        reason,
        f"{count:,} rows are left out ({reason}): {examples[0][1]}",
        rows=count,
        total=total,
        examples=[{"row": row, "value": message} for row, message in examples],
        action="quarantined",
    )


_LINE_COUNTS = {
    "guests": ("customer_id IS NULL", "have no customer; they count for products only", "kept"),
    "free_lines": ("kind = 'free'", "have amount 0", "kept"),
    "service_lines": (
        "kind = 'service'",
        "are postage, fees or the like: money, but no product",
        "kept",
    ),
    "returns_written_positive": (
        "quantity_milli < 0 AND money > 0",
        "are returns with a positive amount; it is taken as negative",
        "changed",
    ),
    "ids_that_look_missing": (
        "lower(customer_id) IN ('nan', 'none', 'null', 'na', 'n/a', 'nat', '#n/a', '-')",
        "have a customer id that reads like a missing value; they count as one customer",
        "kept",
    ),
}


def line_findings(db: DuckDB, staged: Staged) -> list[dict[str, object]]:
    """Return what is worth knowing of single lines of a source: guests, free and service lines.

    Parameters
    ----------
    db : DuckDB
        Holds the staging table.
    staged : Staged
        The source.

    Returns
    -------
    list of dict
        Findings with the first rows concerned.
    """
    findings = []
    counts = ", ".join(
        f'count(*) FILTER ({test}), min("row", {_EXAMPLES}) FILTER ({test})'
        for test, _, _ in _LINE_COUNTS.values()
    )
    ((total, *row),) = db.rows(
        f"SELECT count(*), {counts} FROM {staged.relation} WHERE problem = 0"
    )
    for place, (code, (_, words, action)) in enumerate(_LINE_COUNTS.items()):
        count, rows = row[2 * place], row[2 * place + 1]
        if count:
            examples = [{"row": number, "value": None} for number in rows]
            findings.append(
                note(
                    code,
                    f"{count:,} lines {words}.",
                    rows=count,
                    total=total,
                    examples=examples,
                    action=action,
                )
            )
    return findings


def return_findings(db: DuckDB, staged: Staged, window: tuple[int, int]) -> list[dict[str, object]]:
    """Return what became of the returns of a source, once all sources are netted.

    Parameters
    ----------
    db : DuckDB
        Holds ``lines`` and ``pairs`` of the netting.
    staged : Staged
        The source.
    window : (int, int)
        Its rowids in ``lines``, the second exclusive.

    Returns
    -------
    list of dict
        Findings: returns netted and unmatched, large orders that were cancelled.
    """
    return _returns(db, staged, window) + _cancelled(db, staged, window)


def _returns(db: DuckDB, staged: Staged, window: tuple[int, int]) -> list[dict[str, object]]:
    inside = f"rowid >= {window[0]} AND rowid < {window[1]}"
    ((netted, unmatched, guests, money),) = db.rows(
        f"SELECT count(*) FILTER (net_day IS NOT NULL), "
        f"count(*) FILTER (net_day IS NULL AND customer_id IS NOT NULL), "
        f"count(*) FILTER (customer_id IS NULL), "
        f"CAST(coalesce(sum(amount_micros) FILTER (net_day IS NOT NULL), 0) AS BIGINT) "
        f"FROM lines WHERE kind = 'return' AND {inside}"
    )
    total = window[1] - window[0]
    if not netted + unmatched + guests:
        return []
    if staged.source.returns == "drop":
        rows = netted + unmatched + guests
        message = f"{rows:,} lines are returns or cancellations; they are left out of all measures."
        return [note("returns_dropped", message, rows=rows, total=total, action="left out")]
    found = []
    if netted:
        message = (
            f"{netted:,} returns are matched with their sale ({units(money)} in all): "
            "both leave the measures from the day of the return on."
        )
        found.append(note("returns_netted", message, rows=netted, total=total, action="netted"))
    if unmatched:
        message = f"{unmatched:,} returns have no sale to match; they lower net spend on their day."
        found.append(note("returns_unmatched", message, rows=unmatched, total=total))
    if guests:
        message = f"{guests:,} returns have no customer and are not matched."
        found.append(note("returns_of_guests", message, rows=guests, total=total))
    return found


def _cancelled(db: DuckDB, staged: Staged, window: tuple[int, int]) -> list[dict[str, object]]:
    """Name the largest orders that were taken back, with what is left of their customer."""
    if staged.source.returns == "drop":
        return []
    ((pairs,),) = db.rows(
        f"SELECT count(*) FROM pairs WHERE sale >= {window[0]} AND sale < {window[1]}"
    )
    if not pairs:
        return []
    db.create(
        "taken",
        f"""
        SELECT s.order_id, s.customer_id, CAST(sum(s.amount_micros) AS BIGINT) AS amount,
               min(b.order_id) AS back_id,
               CAST(min(epoch_us(b.ts) - epoch_us(s.ts)) // 60000000 AS BIGINT) AS minutes
        FROM pairs JOIN lines AS s ON s.rowid = pairs.sale
        JOIN lines AS b ON b.rowid = pairs.back
        WHERE s.rowid >= {window[0]} AND s.rowid < {window[1]}
        GROUP BY s.order_id, s.customer_id
        ORDER BY amount DESC, s.order_id, s.customer_id LIMIT {_SHOWN}
        """,
    )
    rows = db.rows(
        """
        SELECT t.order_id, t.customer_id, t.amount, t.back_id, t.minutes,
               CAST(sum(l.amount_micros) FILTER (l.order_id = t.order_id) AS BIGINT) AS order_rest,
               CAST(coalesce(sum(l.amount_micros), 0) AS BIGINT) AS customer_rest
        FROM taken AS t
        LEFT JOIN lines AS l ON l.customer_id = t.customer_id AND l.net_day IS NULL
        GROUP BY ALL ORDER BY t.amount DESC, t.order_id, t.customer_id
        """
    )
    db.drop("taken")
    return [_cancelled_order(*row) for row in rows]


def _cancelled_order(
    order: str,
    customer: str,
    amount: int,
    back: str,
    minutes: int,
    order_rest: int | None,
    customer_rest: int,
) -> dict[str, object]:
    left = order_rest or 0
    taken = "was" if not left else "was in part"
    finding = note(
        "cancelled_order",
        f"Order {order}, {units(amount)}, {taken} cancelled {_ago(minutes)} later: "
        f"it nets to {units(left)}. The customer nets to {units(customer_rest)}.",
        rows=1,
        action="netted",
    )
    return finding | {
        "order_id": order,
        "return_order_id": back,
        "customer_id": customer,
        "amount": amount / MICROS,
        "minutes": minutes,
        "customer_net": customer_rest / MICROS,
    }


def _ago(minutes: int) -> str:
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size or size == 1:
            count = minutes // size
            return f"{count:,} {word}{'' if count == 1 else 's'}"
    return ""


def units(micros: int) -> str:
    """Write micros as money with two decimals, exactly (half-even).

    Examples
    --------
    >>> units(168_469_600_000), units(-2_900_000)
    ('168,469.60', '-2.90')
    """
    cents, rest = divmod(abs(micros), 10_000)
    cents += rest > 5_000 or (rest == 5_000 and cents % 2 == 1)
    return f"{'-' if micros < 0 and cents else ''}{cents // 100:,}.{cents % 100:02d}"
