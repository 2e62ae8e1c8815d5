"""What was sold, by month and segment and by order, read from canonical lines as codes.

Guests are counted here, as what they buy has to be in stock, too; they have no segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from coterie.engine.duckdb import DuckDB
from coterie.offers.baskets import Baskets
from coterie.offers.history import Codes
from coterie.offers.purchases import PRODUCTS
from coterie.profiling.counted import COUNTED

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sales:
    """Sums of sale lines: one row a segment, product and month, in this order.

    Parameters
    ----------
    segment : int32 array
        From 0; −1 for guests and customers without a segment.
    product, month : int32 array
        Codes, and places in the months asked for.
    orders, pieces, money : int64 array
        Orders, thousandths of pieces, micros.
    """

    segment: Codes
    product: Codes
    month: Codes
    orders: Counts
    pieces: Counts
    money: Counts

    def series(self, n_months: int, *, whole: bool) -> tuple[Counts, Counts, Counts]:
        """Return the months side by side.

        Parameters
        ----------
        n_months : int
            How many there are.
        whole : bool
            Of all customers and guests together; else segment by segment.

        Returns
        -------
        (int64 array, int64 array, int64 array)
            Segment (−2 for all) and product of each row; its orders and its pieces, shape
            (2, n_rows, n_months).
        """
        segment = np.full(len(self.segment), -2) if whole else self.segment.astype(np.int64)
        wide = int(self.product.max(initial=0)) + 1
        keys, row = np.unique((segment + 2) * wide + self.product, return_inverse=True)
        found = np.zeros((2, len(keys), n_months), dtype=np.int64)
        for place, values in enumerate((self.orders, self.pieces)):
            np.add.at(found[place], (row, self.month), values)
        return keys // wide - 2, keys % wide, found


def read_sales(db: DuckDB, placed: str, starts: list[int]) -> Sales:
    """Sum the sale lines of whole months.

    Parameters
    ----------
    db : DuckDB
        Holds ``lines`` and, of ``read_purchases``, the codes of products.
    placed : str
        Table of customer_id and segment (0, 1, …).
    starts : list of int
        First days of the months, and as the last the day on which the forecast begins.

    Returns
    -------
    Sales
        Of lines that count as of the last day.
    """
    months = ", ".join(f"({i}, {a}, {b})" for i, (a, b) in enumerate(_spans(starts)))
    rows = db.query(
        f"""SELECT COALESCE(c.segment, -1)::INTEGER AS segment, n.code - 1 AS product,
            m.month::INTEGER AS month, COUNT(DISTINCT l.order_id)::BIGINT AS orders,
            SUM(l.quantity_milli)::BIGINT AS pieces, SUM(l.amount_micros)::BIGINT AS money
        FROM lines l JOIN (VALUES {months}) m (month, start, stop)
            ON l.day >= m.start AND l.day < m.stop
        JOIN {PRODUCTS} n USING (product_id) LEFT JOIN {placed} c USING (customer_id)
        WHERE l.kind = 'sale' AND {COUNTED.format(as_of=starts[-1])}
        GROUP BY ALL ORDER BY segment, product, month"""
    )
    return Sales(*(rows.column(i).to_numpy() for i in range(rows.num_columns)))


def read_baskets(db: DuckDB, placed: str, as_of: int, n_products: int) -> Baskets:
    """Return what was in which order.

    Parameters
    ----------
    db : DuckDB
        As for ``read_sales``.
    placed : str
        Table of customer_id and segment (0, 1, …).
    as_of : int
        Exclusive day.
    n_products : int
        How many codes there are.

    Returns
    -------
    Baskets
        Orders by customer and order id; those of guests, too.
    """
    # An order id may come again with another customer: the orders are then two.
    rows = db.query(
        f"""SELECT (DENSE_RANK() OVER (ORDER BY l.customer_id, l.order_id) - 1)::INTEGER AS basket,
            n.code - 1 AS product, COALESCE(c.segment, -1)::INTEGER AS segment
        FROM lines l JOIN {PRODUCTS} n USING (product_id) LEFT JOIN {placed} c USING (customer_id)
        WHERE l.kind = 'sale' AND {COUNTED.format(as_of=int(as_of))} ORDER BY basket, product"""
    )
    basket, product, segment = (rows.column(i).to_numpy() for i in range(3))
    _, first = np.unique(basket, return_index=True)
    return Baskets(basket, product, segment[first], n_products)


def _spans(starts: list[int]) -> list[tuple[int, int]]:
    return list(pairwise(starts)) or [(starts[-1], starts[-1])]
