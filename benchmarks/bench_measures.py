"""Level 1 and measures against the same columns in SQL written by hand.

The peer knows beforehand which categories and channels there are; the product finds
out, within its own time.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Outcome, at_least, at_most, figure
from benchmarks.timing import paired_ratio
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.features.level1 import Rules, build_level1, find_vocabularies
from coterie.features.measures import StateSpec, slugs
from coterie.sources.shop import write_shop
from coterie.validation.netting import match_returns

CUSTOMERS = int(os.environ.get("COTERIE_BENCH_CUSTOMERS") or 1_035_000)
"""Three in a hundred never order, which leaves a million; with fewer the figure falls short."""
DAYS = 835
"""Of so many days a customer has 20 lines."""
RULES = Rules()
COMPARED = ("orders", "order_days", "order_mix", "state")
SUMS = (
    "net_micros",
    "gross_micros",
    "returned_micros",
    "discount_micros",
    "units_milli",
    "lines",
    "free_lines",
)


@figure("S1")
def measures() -> Outcome:
    """Time both on the same lines in turn; compare every value."""
    with tempfile.TemporaryDirectory() as folder, DuckDB(Path(folder)) as db:
        _make_lines(db, Path(folder))
        ((lines, last),) = db.rows("SELECT COUNT(*), MAX(day) FROM lines")
        as_of = last + 1
        peer = by_hand(as_of, dict(_ours(db, as_of).vocabularies))
        ratio = paired_ratio(lambda: _ours(db, as_of), lambda: _run(db, peer), pairs=5)
        different = sum(_different(db, table) for table in COMPARED)
        ((customers,),) = db.rows("SELECT COUNT(*) FROM state")
    return Outcome(
        f"{lines:,} lines of {customers:,} customers in Parquet, five pairs, who is first changes",
        (
            at_most("time ÷ hand-written SQL", ratio.median, 1.3, interval=ratio.interval),
            at_most("rows that differ", different, 0),
            at_least("lines", lines, 20_000_000),
            at_least("customers", customers, 1_000_000),
        ),
    )


def _make_lines(db: DuckDB, folder: Path) -> None:
    """Make the view ``lines`` over canonical lines in Parquet, returns matched."""
    shop = write_shop(folder, customers=CUSTOMERS, days=DAYS, tables=["orders"])
    db.create(
        "lines",
        "SELECT CAST(line_id AS VARCHAR) AS line_id, customer_id, "
        "CAST(order_id AS VARCHAR) AS order_id, timestamp AS ts, "
        "CAST(date_diff('day', DATE '1970-01-01', timestamp) AS INTEGER) AS day, "
        "CAST(hour(timestamp) AS TINYINT) AS hour, product_id, category, channel, country, "
        "quantity * 1000 AS quantity_milli, "
        "CAST(round(quantity * unit_price * 100) AS BIGINT) * 10000 AS amount_micros, "
        "CAST(round(discount * 100) AS BIGINT) * 10000 AS discount_micros, "
        "CASE WHEN quantity < 0 THEN 'return' WHEN quantity * unit_price = 0 THEN 'free' "
        "ELSE 'sale' END AS kind, CAST(NULL AS INTEGER) AS net_day "
        f"FROM read_parquet({literal(str(shop.paths['orders']))})",
    )
    match_returns(db)
    path = folder / "lines.parquet"
    db.execute(f"COPY lines TO {literal(str(path))} (FORMAT parquet)")
    for name in ("lines", "pairs"):
        db.drop(name)
    db.view("lines", f"SELECT * FROM read_parquet({literal(str(path))})")


def _ours(db: DuckDB, as_of: int) -> StateSpec:
    build_level1(db, RULES, as_of)
    spec = StateSpec(RULES, find_vocabularies(db))
    db.create("state", spec.sql(as_of))
    return spec


def _run(db: DuckDB, statements: Mapping[str, str]) -> None:
    for table, select in statements.items():
        db.create(table, select)


def _different(db: DuckDB, table: str) -> int:
    """Count the rows of one side that the other does not have."""
    columns = ", ".join(f'"{name}"' for name in db.columns(table) if name != "measures_hash")
    sides = [f"SELECT {columns} FROM {name}" for name in (table, f"peer_{table}")]
    both = (sides, sides[::-1])
    return sum(
        db.rows(f"SELECT COUNT(*) FROM ({left} EXCEPT ALL {right})")[0][0] for left, right in both
    )


def by_hand(as_of: int, vocabularies: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the peer: a SELECT for each table, as a good engineer writes them for DuckDB."""
    seen = (
        f"seen AS (SELECT *, net_day IS NULL OR net_day >= {as_of} AS live "
        f"FROM lines WHERE customer_id IS NOT NULL AND day < {as_of})"
    )
    sums = """
        sum(amount_micros) FILTER (live) AS net_micros,
        sum(amount_micros) FILTER (live AND amount_micros > 0) AS gross_micros,
        sum(-amount_micros) FILTER (kind = 'return') AS returned_micros,
        sum(discount_micros) FILTER (live) AS discount_micros,
        sum(quantity_milli) FILTER (live AND kind <> 'service') AS units_milli,
        count(*) FILTER (live AND kind <> 'return') AS lines,
        count(*) FILTER (live AND kind = 'free') AS free_lines"""
    return {
        "peer_orders": f"""
            WITH {seen},
            summed AS (
                SELECT customer_id, order_id, min(day) AS day, min(day * 24 + hour) AS first,
                       min(channel) AS channel, {sums}
                FROM seen GROUP BY customer_id, order_id
            )
            SELECT customer_id, order_id, day, (first % 24)::INTEGER AS hour, channel,
                   {_filled(SUMS)}
            FROM summed""",
        "peer_order_days": f"""
            WITH {seen},
            days AS (SELECT customer_id, day, {sums} FROM seen GROUP BY customer_id, day),
            counted AS (
                SELECT customer_id, day, count(*) FILTER (net_micros > 0) AS orders
                FROM peer_orders GROUP BY customer_id, day
            )
            SELECT customer_id, day, coalesce(orders, 0)::INTEGER AS orders, {_filled(SUMS)}
            FROM days LEFT JOIN counted USING (customer_id, day)""",
        "peer_order_mix": f"""
            WITH sold AS (
                SELECT * FROM lines
                WHERE customer_id IS NOT NULL AND day < {as_of} AND kind = 'sale'
                      AND (net_day IS NULL OR net_day >= {as_of})
            )
            SELECT customer_id, day, 'category' AS dimension, category AS value,
                   sum(amount_micros)::BIGINT AS net_micros, count(*)::INTEGER AS lines
            FROM sold WHERE category IS NOT NULL GROUP BY customer_id, day, category
            UNION ALL
            SELECT customer_id, day, 'channel', channel,
                   sum(amount_micros)::BIGINT, count(*)::INTEGER
            FROM sold WHERE channel IS NOT NULL GROUP BY customer_id, day, channel""",
        "peer_state": _state_by_hand(as_of, vocabularies),
    }


def _state_by_hand(as_of: int, vocabularies: Mapping[str, Sequence[str]]) -> str:
    ranges = [
        (f"{what}_{days}", as_of - days) for days in (30, 90, 365) for what in ("days", "net")
    ]
    windows = ", ".join(
        f"count(*) FILTER (net_micros > 0 AND day >= {start}) AS {name}"
        if name.startswith("days")
        else f"sum(net_micros) FILTER (day >= {start}) AS {name}"
        for name, start in ranges
    )
    parts = ("weekend", "night", "morning", "afternoon", "evening")
    totals = ("orders", "order_days", "net", "gross", "returned", "discount", "lines", "units")
    values = _values(vocabularies)
    mixed = ", ".join(f"sum(net_micros) FILTER ({test}) AS {name}" for name, test in values.items())
    return f"""
        WITH by_day AS (
            SELECT customer_id,
                   min(day) FILTER (net_micros > 0) AS first_day,
                   max(day) FILTER (net_micros > 0) AS last_day,
                   count(*) FILTER (net_micros > 0) AS order_days,
                   sum(net_micros) AS net, sum(gross_micros) AS gross,
                   sum(returned_micros) AS returned, sum(discount_micros) AS discount,
                   sum(lines) AS lines, sum(units_milli) AS units,
                   max(net_micros) FILTER (net_micros > 0) AS max_day_net,
                   arg_min(net_micros, day) FILTER (net_micros > 0) AS first_day_net, {windows}
            FROM peer_order_days GROUP BY customer_id
        ),
        by_order AS (
            SELECT customer_id, count(*) FILTER (net_micros > 0) AS orders,
                   sum(lines) FILTER ((day + 3) % 7 >= 5) AS weekend_lines,
                   sum(lines) FILTER (hour < 6) AS night_lines,
                   sum(lines) FILTER (hour >= 6 AND hour < 12) AS morning_lines,
                   sum(lines) FILTER (hour >= 12 AND hour < 18) AS afternoon_lines,
                   sum(lines) FILTER (hour >= 18) AS evening_lines
            FROM peer_orders GROUP BY customer_id
        ),
        by_value AS (SELECT customer_id, {mixed} FROM peer_order_mix GROUP BY customer_id)
        SELECT customer_id, {as_of}::INTEGER AS as_of,
               first_day::BIGINT AS first_day, last_day::BIGINT AS last_day, {_filled(totals)},
               max_day_net::BIGINT AS max_day_net, first_day_net::BIGINT AS first_day_net,
               {_filled([name for name, _ in ranges])},
               {_filled([f"{part}_lines" for part in parts])}, {_filled(values)}
        FROM by_day
        LEFT JOIN by_order USING (customer_id)
        LEFT JOIN by_value USING (customer_id)"""


def _values(vocabularies: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the column of each value of a dimension with its test on ``order_mix``."""
    found = {}
    for dimension, values in vocabularies.items():
        scope = f"dimension = {literal(dimension)} AND value"
        for value, slug in slugs(values).items():
            found[f"{dimension}__{slug}"] = f"{scope} = {literal(value)}"
        listed = ", ".join(map(literal, values))
        found[f"{dimension}__other"] = f"{scope} NOT IN ({listed})"
    return found


def _filled(names: Sequence[str] | Mapping[str, str]) -> str:
    return ", ".join(f"coalesce({name}, 0)::BIGINT AS {name}" for name in names)
