"""All that only orders tell of segments, gathered in one place: money and what it bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coterie.engine.duckdb import DuckDB
from coterie.profiling.products import DIMENSIONS, Bought, Seller, best_sellers, lifts, make_names
from coterie.profiling.shares import Month, Value, customer_values, segment_values, value_by_month

NO_ORDERS = "There are no orders, so what segments spend is not known."
NO_SPEND = "All customers together have not spent more than nothing, so there are no shares."

_VALUES, _NAMES = "profile__values", "profile__names"


@dataclass(frozen=True)
class Money:
    """What orders tell, segments numbered from 0; all unknown without orders."""

    values: Sequence[Value] | None = None
    reason: str = NO_ORDERS
    method: str = ""
    window: int | None = None
    products: Sequence[Bought] = ()
    dimensions: Mapping[str, Sequence[Bought]] | None = None
    sellers: Sequence[Seller] = ()
    countries: Sequence[Seller] = ()
    months: Sequence[Month] = ()


def measure_money(
    db: DuckDB, placed: str, n_segments: int, *, as_of: int | None, seed: int, top: int
) -> Money:
    """Measure value, products and months of the segments in table ``placed``.

    Parameters
    ----------
    db : DuckDB
        Holds ``placed`` and, with orders, ``lines``.
    placed : str
        Table with customer_id and segment (number, from 0).
    n_segments : int
        Number of segments.
    as_of : int or None
        Rows on or after this day are not read; None without orders.
    seed : int
        Same seed, same result.
    top : int
        Products to name for each segment.

    Returns
    -------
    Money
        With the reason in place of what is not known.
    """
    if as_of is None or "lines" not in db.tables():
        return Money()
    first = db.rows(f"SELECT MIN(day) FROM lines WHERE day < {int(as_of)}")[0][0]
    if first is None:
        return Money()
    try:
        customer_values(db, placed, _VALUES, as_of)
        values, method = segment_values(db, _VALUES, n_segments, seed=seed)
        make_names(db, _NAMES, as_of)
        known = db.rows(f"SELECT {', '.join(f'COUNT({c})' for c in DIMENSIONS)} FROM lines")[0]
        dimensions = {
            column: lifts(db, placed, _NAMES, as_of, column=column, top=top)
            for column, count in zip(DIMENSIONS, known, strict=True)
            if count
        }
        return Money(
            values,
            "" if method else NO_SPEND,
            method,
            as_of - int(first),
            lifts(db, placed, _NAMES, as_of, top=top),
            {column: found for column, found in dimensions.items() if found},
            best_sellers(db, _NAMES, as_of, placed=placed),
            best_sellers(db, _NAMES, as_of),
            value_by_month(db, placed, as_of),
        )
    finally:
        for name in (_VALUES, _NAMES):
            db.drop(name)
