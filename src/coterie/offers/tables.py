"""Lists, pairs and demand as tables with ids, names and reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coterie.features.windows import to_date
from coterie.offers.baskets import Baskets, find_pairs
from coterie.offers.demand import SEASON, Method, forecast, held, trend
from coterie.offers.history import Codes, Floats
from coterie.offers.products import Lists
from coterie.offers.purchases import Purchases
from coterie.offers.sales import Sales
from coterie.profiling import format as fmt
from coterie.schema import MICROS, MILLI

ALL, NONE = "all", "none"
"""What stands for all customers and guests, and for those without a segment."""
POPULAR = "sells best now"

RECOMMENDED = pa.schema(
    [
        ("customer_id", pa.string()),
        ("rank", pa.int32()),
        ("product_id", pa.string()),
        ("product_name", pa.string()),
        ("track", pa.string()),
        ("score", pa.float64()),
        ("reason", pa.string()),
    ]
)


def list_rows(lists: Lists, known: Purchases) -> pa.RecordBatch:
    """Write lists as rows.

    Parameters
    ----------
    lists : Lists
        Codes.
    known : Purchases
        What they stand for.

    Returns
    -------
    pyarrow.RecordBatch
        As in ``RECOMMENDED``, in the order of ``lists``.
    """
    tracks = pa.array(["new", "again"]).take(pa.array(lists.again.astype(np.int8)))
    return pa.record_batch(
        [
            known.customers.take(pa.array(lists.customer)),
            pa.array(lists.rank),
            known.products.take(pa.array(lists.product)),
            known.names.take(pa.array(lists.product)),
            tracks,
            pa.array(np.round(lists.score, 6)),
            _reasons(lists, known),
        ],
        schema=RECOMMENDED,
    )


def again_reason(times: int, ago: int) -> str:
    """Say why somebody may buy a product again.

    Examples
    --------
    >>> again_reason(4, 12), again_reason(1, 1), again_reason(2, 0)
    ('bought 4 times, last 12 days ago', 'bought once, 1 day ago', 'bought 2 times, last today')
    """
    when = "today" if ago == 0 else f"{fmt.days(ago)} ago"
    return f"bought once, {when}" if times == 1 else f"bought {times} times, last {when}"


def _reasons(lists: Lists, known: Purchases) -> pa.Array:
    """Write each reason once, and give every row its own."""
    ago = np.where(lists.again, known.history.as_of - 1 - lists.last, 0)
    keys = np.stack([lists.again, lists.times, ago, lists.because])
    each, row = np.unique(keys, axis=1, return_inverse=True)
    names = known.names
    texts = [
        again_reason(times, days)
        if again
        else (f"bought by people who bought {names[why].as_py().strip()}" if why >= 0 else POPULAR)
        for again, times, days, why in each.T.tolist()
    ]
    return pa.array(texts, pa.string()).take(pa.array(row.ravel()))


def pair_rows(
    baskets: Baskets, segments: Sequence[str], known: Purchases, *, top: int = 20
) -> pa.Table:
    """Find the pairs of all orders and of each segment's, as rows.

    Parameters
    ----------
    baskets : Baskets
        What was in which order.
    segments : sequence of str
        Id of each segment.
    known : Purchases
        Ids and names of products.
    top : int, default 20
        Pairs of each.

    Returns
    -------
    pyarrow.Table
        segment_id (``all`` first), first_id, first_name, second_id, second_name, orders,
        support, confidence, lift; in the order of ``find_pairs``.
    """
    parts = []
    for number, name in [(None, ALL), *enumerate(segments)]:
        pairs = find_pairs(baskets.matrix(number), top=top)
        first, second = pa.array(pairs.first), pa.array(pairs.second)
        columns: dict[str, Any] = {
            "segment_id": pa.array([name] * len(pairs.first), pa.string()),
            "first_id": known.products.take(first),
            "first_name": known.names.take(first),
            "second_id": known.products.take(second),
            "second_name": known.names.take(second),
            "orders": pa.array(pairs.orders),
        }
        for field in ("support", "confidence", "lift"):
            columns[field] = pa.array(np.round(getattr(pairs, field), 6))
        parts.append(pa.table(columns))
    return pa.concat_tables(parts).combine_chunks()


def demand_rows(
    sales: Sales, segments: Sequence[str], known: Purchases, starts: Sequence[int]
) -> pa.Table:
    """Write the sums of each segment, product and month as rows.

    Parameters
    ----------
    sales : Sales
        The sums.
    segments : sequence of str
        Id of each segment.
    known : Purchases
        Ids and names of products.
    starts : sequence of int
        First days of the months.

    Returns
    -------
    pyarrow.Table
        segment_id (``none`` for guests and those without a segment), product_id,
        product_name, month (its first day), orders, pieces, amount.
    """
    months = pa.array([to_date(day) for day in starts[:-1]], pa.date32())
    product = pa.array(sales.product)
    return pa.table(
        {
            "segment_id": _segment_ids(sales.segment, segments),
            "product_id": known.products.take(product),
            "product_name": known.names.take(product),
            "month": months.take(pa.array(sales.month)),
            "orders": pa.array(sales.orders),
            "pieces": pa.array(sales.pieces / MILLI),
            "amount": pa.array(sales.money / MICROS),
        }
    )


def forecast_rows(
    sales: Sales, segments: Sequence[str], known: Purchases, n_months: int
) -> tuple[pa.Table, Method, float | None]:
    """Forecast each product for all, and for each segment that bought it.

    Parameters
    ----------
    sales : Sales
        What was sold.
    segments : sequence of str
        Id of each segment.
    known : Purchases
        Ids and names of products.
    n_months : int
        Whole months there are.

    Returns
    -------
    (pyarrow.Table, str, float or None)
        segment_id (``all`` first), product_id, product_name; pieces: year_before (same month
        as the next), last (month), expected, low and high (next month); change and trend (of
        the orders). By segment, then expected, falling, then product. The method of the
        forecast, and how often its ranges for all held a month ago.
    """
    parts: list[pa.Table] = []
    method: Method | None = None
    right: float | None = None
    for whole in (True, False):
        segment, product, (orders, pieces) = sales.series(n_months, whole=whole)
        found = forecast(pieces / MILLI, method)
        change, words = trend(orders)
        last = pieces[:, -1] / MILLI if n_months else found.expected
        before = pieces[:, -SEASON] / MILLI if n_months >= SEASON else np.full(len(last), np.nan)
        order = np.lexsort((product, -found.expected, segment))
        taken = pa.array(product).take(pa.array(order))
        columns: dict[str, Any] = {
            "segment_id": _segment_ids(segment[order], segments),
            "product_id": known.products.take(taken),
            "product_name": known.names.take(taken),
            "year_before": _known(before[order]),
            "last": pa.array(last[order]),
        }
        for name in ("expected", "low", "high"):
            columns[name] = _known(getattr(found, name)[order])
        columns["change"] = _known(change[order])
        columns["trend"] = pa.array(words, pa.string()).take(pa.array(order))
        parts.append(pa.table(columns))
        if method is None:
            method, right = found.method, held(pieces / MILLI, found.method)
    return pa.concat_tables(parts).combine_chunks(), method or "none", right


def _known(values: Floats) -> pa.Array:
    """Round numbers; what is not one is unknown."""
    return pa.array(np.round(values, 6), mask=np.isnan(values))


def _segment_ids(codes: Codes | NDArray[np.int64], segments: Sequence[str]) -> pa.Array:
    return pa.array([*segments, ALL, NONE], pa.string()).take(pa.array(codes % (len(segments) + 2)))
