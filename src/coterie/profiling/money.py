"""All that only orders tell of segments, gathered in one place: money and what it bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coterie.engine.duckdb import DuckDB
from coterie.profiling.counted import count_lines, number_customers, number_products
from coterie.profiling.products import DIMENSIONS, Bought, Seller, best_sellers, lifts
from coterie.profiling.shares import Month, Value, customer_values, segment_values, value_by_month

NO_ORDERS = "There are no orders, so what segments spend is not known."
NO_SPEND = "All customers together have not spent more than nothing, so there are no shares."

_CUSTOMERS, _PRODUCTS = "profile__customers", "profile__products"
_COUNTED, _VALUES = "profile__counted", "profile__values"


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
        Holds ``placed`` and perhaps ``lines``; tables ``profile__…`` come and go.
    placed : str
        Table of customer_id and segment (0, 1, …).
    n_segments : int
        Number of segments.
    as_of : int or None
        Exclusive day; None if the data has no dates.
    seed : int
        Seed of the ranges.
    top : int
        Products and values listed for each segment.

    Returns
    -------
    Money
        All unknown, with the reason, without lines before ``as_of``.
    """
    if as_of is None or "lines" not in db.tables():
        return Money()
    first = db.rows(f"SELECT MIN(day) FROM lines WHERE day < {int(as_of)}")[0][0]
    if first is None:
        return Money()
    try:
        number_customers(db, placed, _CUSTOMERS)
        number_products(db, _PRODUCTS, as_of)
        count_lines(db, _COUNTED, as_of, customers=_CUSTOMERS, products=_PRODUCTS)
        customer_values(db, _COUNTED, _VALUES, customers=_CUSTOMERS)
        values, method = segment_values(db, _VALUES, n_segments, seed=seed)
        known = db.rows(f"SELECT {', '.join(f'COUNT({c})' for c in DIMENSIONS)} FROM {_COUNTED}")
        bought = {
            column: lifts(
                db, _COUNTED, customers=_CUSTOMERS, products=_PRODUCTS, column=column, top=top
            )
            for column, count in zip(("product", *DIMENSIONS), (1, *known[0]), strict=True)
            if count
        }
        return Money(
            values,
            "" if method else NO_SPEND,
            method,
            as_of - int(first),
            bought.pop("product"),
            {column: found for column, found in bought.items() if found},
            best_sellers(db, _COUNTED, products=_PRODUCTS, values=_VALUES),
            best_sellers(db, _COUNTED, products=_PRODUCTS, values=_VALUES, by_country=True),
            value_by_month(db, _COUNTED, _VALUES),
        )
    finally:
        for name in (_CUSTOMERS, _PRODUCTS, _COUNTED, _VALUES):
            db.drop(name)
