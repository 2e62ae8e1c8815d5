"""What segments buy: best sellers by lift, and by pieces and money; by country too.

Products are ranked by the lower end of the lift's range, so that a product bought by
five of six customers does not lead one bought by four hundred of five hundred.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.profiling.dominance import who_made
from coterie.schema import MICROS, MILLI

DIMENSIONS = ("category", "channel", "country")
"""Columns of ``lines`` by which purchases are told apart, besides products."""

_LISTED = "profile__listed"

_Z2 = 3.841458820694124
"""Square of the normal quantile of a 95 % range."""


@dataclass(frozen=True)
class Bought:
    """A product, category, channel or country in one segment.

    ``n`` buyers in the segment, ``share`` of its customers, ``share_all`` of all placed
    customers, and ``lift``, the one over the other.
    """

    segment: int
    key: str
    name: str
    n: int
    share: float
    share_all: float
    lift: float


@dataclass(frozen=True)
class Seller:
    """A best seller of a segment or a country: pieces and money of its sale lines.

    ``by`` says which of the two put it there; ``rank`` counts from 1; ``customers``, ``largest``
    and ``top_two`` as in ``dominance.Made``. Pieces and money are None where they must not leave.
    """

    group: str
    by: str
    rank: int
    product_id: str
    name: str
    quantity: float | None
    amount: float | None
    customers: int
    largest: float | None
    top_two: float | None


def min_support(n: int) -> int:
    """Return how many buyers of a segment of ``n`` a product needs to be listed.

    A twentieth of the segment, at least 5 and at most 25.

    Examples
    --------
    >>> min_support(53), min_support(339), min_support(20_000)
    (5, 17, 25)
    """
    return min(25, max(5, -(-n // 20)))


def lifts(
    db: DuckDB,
    counted: str,
    *,
    customers: str,
    products: str,
    column: str = "product",
    top: int = 8,
) -> list[Bought]:
    """Return what each segment's customers buy more than all customers do.

    Parameters
    ----------
    db : DuckDB
        Holds the tables named next.
    counted : str
        Table of ``counted.count_lines``; its sale lines count.
    customers, products : str
        Tables of ``counted.number_customers`` and ``counted.number_products``.
    column : str
        ``product`` or one of ``DIMENSIONS``.
    top : int
        At most this many a segment. Products must be bought by clearly more (the range
        of the lift is above 1) and by ``min_support``; values of a dimension need not.

    Returns
    -------
    list of Bought
        By segment. Products are picked by the lower end of the lift's 95 % range
        (Wilson's for the segment's share; ties by n, then key) and given by lift, falling;
        values of a dimension by n, falling, then key.
    """
    product = column == "product"
    key = identifier(column)
    # A dimension is composition, so its values come by share; a product must stand out.
    keep = "n >= LEAST(25, GREATEST(5, CEIL(size / 20.0)))" if product else "n > 0"
    order = "low DESC, n DESC, key" if product else "n DESC, key"
    words = "product_id" if product else "code"
    join = f"JOIN {products} USING (code)" if product else ""
    rows = db.rows(
        f"""WITH pair AS (
            SELECT DISTINCT segment, who, {key} AS code FROM {counted}
            WHERE sold AND who IS NOT NULL AND {key} IS NOT NULL),
        size AS (SELECT segment, COUNT(*) AS size FROM {customers} GROUP BY segment),
        counts AS (
            SELECT segment, code, COUNT(*) AS n, SUM(COUNT(*)) OVER (PARTITION BY code) AS n_all,
            (SELECT SUM(size) FROM size) AS everyone FROM pair GROUP BY segment, code),
        scored AS (
            SELECT *, {words} AS key,
                (n::DOUBLE / size + {_Z2} / (2 * size) - SQRT({_Z2} *
                (n::DOUBLE / size * (1 - n::DOUBLE / size) + {_Z2} / (4 * size)) / size))
                / (1 + {_Z2} / size) / (n_all::DOUBLE / everyone) AS low
            FROM counts JOIN size USING (segment) {join} WHERE {keep}),
        ranked AS (
            SELECT *, ROW_NUMBER() OVER (PARTITION BY segment ORDER BY {order}) AS place
            FROM scored {"WHERE low > 1" if product else ""})
        SELECT segment, key, {"COALESCE(product_name, key)" if product else "key"},
            n::BIGINT, size::BIGINT, n_all::BIGINT, everyone::BIGINT
        FROM ranked WHERE place <= {int(top)} ORDER BY segment, place"""
    )
    found = [
        Bought(
            int(segment),
            str(key),
            str(name),
            n,
            round(n / size, 6),
            round(n_all / everyone, 6),
            round(n * everyone / (size * n_all), 6),
        )
        for segment, key, name, n, size, n_all, everyone in rows
    ]
    return sorted(found, key=lambda b: (b.segment, -b.lift, b.key)) if product else found


def best_sellers(
    db: DuckDB,
    counted: str,
    *,
    products: str,
    values: str = "",
    by_country: bool = False,
    guests: bool = True,
    top: int = 5,
) -> list[Seller]:
    """Return the best sellers by pieces and by money.

    Parameters
    ----------
    db : DuckDB
        Holds the tables named next.
    counted : str
        Table of ``counted.count_lines``.
    products : str
        Table of ``counted.number_products``.
    values : str, optional
        Table of ``customer_values``; with it who made the money of many is looked at roughly.
    by_country : bool
        The groups are the countries of the lines, not the segments (``"0"``, ``"1"``, …).
    guests : bool
        Count lines without customer for countries.
    top : int
        How many in each list.

    Returns
    -------
    list of Seller
        By group; first the list by ``quantity``, then by ``amount``; ties by product id.
        Service and free lines, returns and sales cancelled before ``as_of`` do not count.
    """
    group = "country" if by_country else "segment"
    who = "" if guests or not by_country else "AND NOT guest"
    sold = f"sold AND product IS NOT NULL AND {group} IS NOT NULL {who}"
    rows = db.rows(
        f"""WITH sums AS (
            SELECT {group}::VARCHAR AS part, product AS code, SUM(pieces)::BIGINT AS pieces,
                SUM(money)::BIGINT AS money
            FROM {counted} WHERE {sold} GROUP BY {group}, product),
        ranked AS (
            SELECT *, 'quantity' AS list, ROW_NUMBER() OVER (
                PARTITION BY part ORDER BY pieces DESC, code) AS place FROM sums
            UNION ALL
            SELECT *, 'amount', ROW_NUMBER() OVER (
                PARTITION BY part ORDER BY money DESC, code) FROM sums)
        SELECT part, list, place, code, product_id, COALESCE(product_name, product_id), pieces,
            money FROM ranked JOIN {products} USING (code)
        WHERE place <= {int(top)} ORDER BY part, list DESC, place"""
    )
    listed = sorted({(row[0], int(row[3])) for row in rows})
    db.load(
        _LISTED,
        pa.table(
            {
                "part": pa.array([part for part, _ in listed], pa.string()),
                "code": pa.array([code for _, code in listed], pa.int32()),
            }
        ),
    )
    try:
        made = who_made(
            db,
            f"""SELECT part, code::VARCHAR AS item, who, c.rowid AS line, money
            FROM {counted} c JOIN {_LISTED} ON part = {group}::VARCHAR AND code = product
            WHERE {sold}""",
            values,
        )
    finally:
        db.drop(_LISTED)
    return [
        Seller(
            *(part, by, int(rank), key, name, pieces / MILLI, money / MICROS),
            *astuple(made[part, str(code)]),
        )
        for part, by, rank, code, key, name, pieces, money in rows
    ]
