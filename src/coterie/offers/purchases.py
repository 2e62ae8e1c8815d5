"""What customers bought, read from canonical lines as codes.

A product is what a sale line names: services, free lines and returns are none, and a sale
sent back before the day is as if it had not been. Guests count for demand, not here.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.errors import NotReadyError
from coterie.offers.history import History
from coterie.offers.ranking import Pairs, pairs_of
from coterie.profiling.counted import COUNTED, number_products

PRODUCTS, _BUYERS = "product_codes", "buyer_codes"
_SOLD = "l.kind = 'sale' AND l.customer_id IS NOT NULL AND " + COUNTED


@dataclass(frozen=True, eq=False)
class Purchases:
    """Who bought what, with the ids and names behind the codes.

    Parameters
    ----------
    history : History
        Codes and days.
    customers : pyarrow.Array of text
        Id of each customer, rising.
    products : pyarrow.Array of text
        Id of each product, rising.
    names : pyarrow.Array of text
        Most frequent name of each product, or its id.
    """

    history: History
    customers: pa.Array
    products: pa.Array
    names: pa.Array


def read_purchases(db: DuckDB, as_of: int) -> Purchases:
    """Return what was bought before a day; makes tables of codes for ``read_wanted``.

    Parameters
    ----------
    db : DuckDB
        Holds ``lines``.
    as_of : int
        Exclusive day.

    Raises
    ------
    NotReadyError
        If no sale names a product.
    """
    number_products(db, PRODUCTS, as_of)
    sold = _SOLD.format(as_of=int(as_of))
    db.create(
        _BUYERS,
        f"""SELECT customer_id, ROW_NUMBER() OVER (ORDER BY customer_id)::INTEGER AS who FROM (
            SELECT DISTINCT customer_id FROM lines l WHERE {sold} AND product_id IS NOT NULL)""",
    )
    rows = _pairs(db, f"{sold} AND l.day < {int(as_of)}", "l.day")
    products = db.query(
        f"SELECT product_id, COALESCE(product_name, product_id) AS name FROM {PRODUCTS} "
        "ORDER BY code"
    ).combine_chunks()
    buyers = db.query(f"SELECT customer_id FROM {_BUYERS} ORDER BY who").combine_chunks()
    if not rows.num_rows:
        raise NotReadyError(
            "No sale to a customer names a product: there is no product_id in the orders.",
            hint='Map it in coterie.toml: product_id = "…" in the columns of the orders.',
            where="product_id",
        )
    history = History.of(
        tuple(rows.column(i).to_numpy() for i in range(3)),
        n_customers=buyers.num_rows,
        n_products=products.num_rows,
        as_of=as_of,
    )
    return Purchases(history, *(_one(t, i) for t, i in ((buyers, 0), (products, 0), (products, 1))))


def count_products(db: DuckDB, as_of: int) -> int:
    """Return how many products ``read_purchases`` will find before a day."""
    sold = f"l.kind = 'sale' AND {COUNTED.format(as_of=int(as_of))}"
    ((found,),) = db.rows(f"SELECT COUNT(DISTINCT product_id) FROM lines l WHERE {sold}")
    return int(found)


def read_wanted(db: DuckDB, start: int, end: int, n_products: int) -> Pairs:
    """Return what the customers known before ``start`` bought from then to before ``end``.

    Parameters
    ----------
    db : DuckDB
        As ``read_purchases`` of ``start`` left it.
    start, end : int
        Days; sales that were sent back before ``end`` are not wanted.
    n_products : int
        Products known before ``start``; others cannot be recommended and are left out.

    Returns
    -------
    int64 array
        As ``ranking.pairs_of`` gives it.
    """
    sold = _SOLD.format(as_of=int(end))
    rows = _pairs(db, f"{sold} AND l.day >= {int(start)}", "0")
    return pairs_of(rows.column(0).to_numpy(), rows.column(1).to_numpy(), n_products)


def _pairs(db: DuckDB, where: str, day: str) -> pa.Table:
    return db.query(
        f"""SELECT DISTINCT c.who - 1 AS who, n.code - 1 AS product, {day} AS day
        FROM lines l JOIN {_BUYERS} c USING (customer_id) JOIN {PRODUCTS} n USING (product_id)
        WHERE {where}"""
    )


def _one(table: pa.Table, column: int) -> pa.Array:
    chunked = table.column(column)
    return chunked.chunk(0) if chunked.num_chunks else pa.array([], pa.string())
