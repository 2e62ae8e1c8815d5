"""Products that are bought in the same order: support, confidence and lift of pairs.

Pairs are ranked by the lower end of the confidence's range over what chance would give, so
that two products met five times by luck do not lead two met five hundred times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, triu

from coterie.offers.history import Codes, Floats

MIN_ORDERS = 10
"""Orders that a pair must be in, at least."""
MIN_SHARE = 0.001
"""Share of orders that it must be in, at least."""
MAX_PRODUCTS = 5_000
"""Products in most orders of which pairs are counted."""
_Z2 = 3.841458820694124
"""Square of the normal quantile of a 95 % range."""


@dataclass(frozen=True, eq=False)
class Baskets:
    """What was in which order: one row an order and product.

    Parameters
    ----------
    order, product : int32 array
        Codes from 0.
    segment : int32 array, shape (n_orders,)
        Segment of each order's customer; −1 without.
    n_products : int
        How many codes there are.
    """

    order: Codes
    product: Codes
    segment: Codes
    n_products: int

    def matrix(self, segment: int | None = None) -> csr_array:
        """Return 1 where an order holds a product, of all orders or those of a segment."""
        shape = (len(self.segment), self.n_products)
        whole = csr_array((np.ones(len(self.order), np.int64), (self.order, self.product)), shape)
        whole.data[:] = 1  # a product on two lines of an order is in it once
        return whole if segment is None else whole[self.segment == segment]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Products met in the same orders more often than by chance, the clearest first.

    Parameters
    ----------
    first, second : int32 array
        Codes; who buys the first buys the second with ``confidence``, the larger of both ways.
    orders : int64 array
        Orders that hold both.
    support, confidence, lift : float64 array
        Share of all orders; of those with the first; and that over the share of the second.
    """

    first: Codes
    second: Codes
    orders: NDArray[np.int64]
    support: Floats
    confidence: Floats
    lift: Floats


def min_orders(n_orders: int) -> int:
    """Return in how many of so many orders a pair must be to be listed.

    Examples
    --------
    >>> min_orders(500), min_orders(50_000)
    (10, 50)
    """
    return max(MIN_ORDERS, int(np.ceil(MIN_SHARE * n_orders)))


def find_pairs(held: csr_array, *, top: int = 20, least: int | None = None) -> Pairs:
    """Find the pairs that clearly belong together.

    Parameters
    ----------
    held : scipy sparse array of int64, shape (n_orders, n_products)
        1 where an order holds a product.
    top : int, default 20
        At most so many.
    least : int, optional
        Orders that a pair must be in; default ``min_orders``.

    Returns
    -------
    Pairs
        Those whose lift is above 1 also at the lower end of its 95 % range (Wilson's, for the
        confidence), by that end, falling; ties by orders, then codes.

    References
    ----------
    Agrawal, R., Imielinski, T., Swami, A. (1993). Mining association rules. SIGMOD 1993.

    Examples
    --------
    Forty orders hold both, ten one of them, fifty neither.

    >>> held = csr_array(np.array([[1, 1]] * 40 + [[1, 0]] * 10 + [[0, 0]] * 50))
    >>> pairs = find_pairs(held)
    >>> pairs.support.tolist(), pairs.confidence.tolist(), pairs.lift.tolist()
    ([0.4], [1.0], [2.0])
    """
    n_orders = held.shape[0]
    least = min_orders(n_orders) if least is None else least
    counts = np.asarray(held.sum(axis=0), dtype=np.int64)
    often = np.argsort(-counts, kind="stable")[:MAX_PRODUCTS]
    kept = np.sort(often[counts[often] >= least])
    part = csc_array(held)[:, kept]
    both = triu(part.T @ part, k=1).tocoo()
    enough = both.data >= least
    n, a, b = both.data[enough].astype(np.int64), kept[both.row[enough]], kept[both.col[enough]]
    swap = counts[b] < counts[a]  # of equals, the lower code comes first
    first, second = np.where(swap, b, a), np.where(swap, a, b)
    confidence, chance = n / counts[first], counts[second] / max(n_orders, 1)
    low = _lower(confidence, counts[first]) / chance
    order = np.lexsort((second, first, -n, -low))
    order = order[low[order] > 1][:top]
    return Pairs(
        first[order].astype(np.int32),
        second[order].astype(np.int32),
        n[order],
        n[order] / max(n_orders, 1),
        confidence[order],
        (confidence / chance)[order],
    )


def _lower(share: Floats, n: NDArray[np.int64]) -> Floats:
    """Return the lower end of Wilson's 95 % range of a share of ``n``."""
    middle = share + _Z2 / (2 * n)
    half = np.sqrt(_Z2 * (share * (1 - share) + _Z2 / (4 * n)) / n)
    lower: Floats = (middle - half) / (1 + _Z2 / n)
    return lower
