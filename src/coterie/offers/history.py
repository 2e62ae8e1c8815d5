"""Who bought what when, as codes in one order, and what sells well of late.

Everything is summed in that order, so that a list never depends on how rows came in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]

OWN_HALF_LIFE = 365
"""Days after which an own purchase counts half: a year, so that last season still counts."""
POPULAR_HALF_LIFE = 14
"""Days after which a sale to anybody counts half."""
SHRINK = 500.0
"""Recent purchases by all that are mixed into those of a segment."""


@dataclass(frozen=True, eq=False)
class History:
    """Who bought what on which day before ``as_of``: one row a customer, product and day.

    Parameters
    ----------
    customer, product, day : int32 array, shape (n_rows,)
        Codes from 0, and days since 1970; in rising order, no row twice (``of`` sees to it).
    n_customers, n_products : int
        How many codes there are.
    as_of : int
        Exclusive day: all days lie before it.
    """

    customer: Codes
    product: Codes
    day: Codes
    n_customers: int
    n_products: int
    as_of: int

    @classmethod
    def of(
        cls, rows: tuple[Codes, Codes, Codes], *, n_customers: int, n_products: int, as_of: int
    ) -> Self:
        """Bring rows into order, without repeats and without days that may not be seen.

        Parameters
        ----------
        rows : three int32 arrays of one length
            Customer, product, day; in any order.
        n_customers, n_products : int
            How many codes there are.
        as_of : int
            Rows on or after this day are left out.

        Returns
        -------
        History
            The same for any order of the rows.
        """
        customer, product, day = (np.asarray(part, dtype=np.int32) for part in rows)
        order = np.lexsort((day, product, customer))
        order = order[day[order] < as_of]
        customer, product, day = customer[order], product[order], day[order]
        same = (np.diff(customer) == 0) & (np.diff(product) == 0) & (np.diff(day) == 0)
        first = np.concatenate([[True], ~same])[: len(day)]
        return cls(customer[first], product[first], day[first], n_customers, n_products, as_of)

    def before(self, day: int) -> History:
        """Return the same customers and products as they were before an earlier day."""
        seen = self.day < day
        parts = (self.customer[seen], self.product[seen], self.day[seen])
        return History(*parts, self.n_customers, self.n_products, day)

    def faded(self, half_life: float) -> Floats:
        """Return what each row counts: 1 on the last day, half of it ``half_life`` days before."""
        age = self.as_of - 1 - self.day
        faded: Floats = np.exp2(-age / half_life)
        return faded


@dataclass(frozen=True, eq=False)
class Own:
    """What customers bought themselves: one row a customer and product.

    Parameters
    ----------
    customer, product : int32 array
        Codes, in rising order.
    times, last : int32 array
        Days on which it was bought, and the last of them.
    score : float64 array
        Sum over those days, each half as much for every ``OWN_HALF_LIFE`` days it is past.
    """

    customer: Codes
    product: Codes
    times: Codes
    last: Codes
    score: Floats

    @classmethod
    def of(cls, history: History) -> Self:
        """Sum a history up.

        Examples
        --------
        Bought 365 days ago and yesterday: a half and a whole.

        >>> rows = tuple(np.array(part) for part in ([0, 0], [0, 0], [0, 365]))
        >>> own = Own.of(History.of(rows, n_customers=1, n_products=1, as_of=366))
        >>> own.times.tolist(), own.last.tolist(), own.score.tolist()
        ([2], [365], [1.5])
        """
        same = (np.diff(history.customer) == 0) & (np.diff(history.product) == 0)
        start = np.flatnonzero(np.concatenate([[True], ~same])[: len(history.day)])
        end = np.append(start[1:], len(history.day))
        faded = history.faded(OWN_HALF_LIFE)
        return cls(
            history.customer[start],
            history.product[start],
            (end - start).astype(np.int32),
            history.day[end - 1],
            np.add.reduceat(faded, start) if len(start) else faded,
        )

    def matrix(self, shape: tuple[int, int]) -> csr_array:
        """Return 1 where a customer bought a product, as a sparse array."""
        ones = np.ones(len(self.customer), dtype=np.float32)
        return csr_array((ones, (self.customer, self.product)), shape=shape)


def popularity(history: History, half_life: float = POPULAR_HALF_LIFE) -> Floats:
    """Return the purchases of each product, a customer and day one, faded with time.

    Parameters
    ----------
    history : History
        Who bought what.
    half_life : float
        Days after which a purchase counts half.

    Returns
    -------
    float64 array, shape (n_products,)
        Sums.
    """
    faded = history.faded(half_life)
    return np.bincount(history.product, faded, history.n_products).astype(np.float64)


def segment_popularity(history: History, segment: Codes, n_segments: int) -> Floats:
    """Return the share of each product in the recent purchases of each segment.

    Parameters
    ----------
    history : History
        Who bought what.
    segment : int32 array, shape (n_customers,)
        From 0; −1 without a segment.
    n_segments : int
        How many there are.

    Returns
    -------
    float64 array, shape (n_segments + 1, n_products)
        Shares that sum to 1; those of a segment are mixed with ``SHRINK`` purchases spread
        as those of all. The last row is all.
    """
    weights = history.faded(POPULAR_HALF_LIFE)
    everybody = popularity(history)
    everybody /= everybody.sum() or 1.0
    of = segment[history.customer]
    found = [
        np.bincount(history.product[of == s], weights[of == s], history.n_products)
        for s in range(n_segments)
    ]
    mixed = [(one + SHRINK * everybody) / (one.sum() + SHRINK) for one in found]
    return np.array([*mixed, everybody])


def best(scores: Floats, n: int) -> Codes:
    """Return the codes of the ``n`` highest scores above 0, falling; ties by code.

    Examples
    --------
    >>> best(np.array([0.2, 0.5, 0.2, 0.0]), 3).tolist()
    [1, 0, 2]
    """
    order = np.argsort(-scores, kind="stable")[:n]
    return order[scores[order] > 0].astype(np.int32)


def places(groups: Codes) -> NDArray[np.int64]:
    """Return the place of each row within its group, from 0; rows of a group stand together."""
    start = np.flatnonzero(np.concatenate([[True], np.diff(groups) != 0])[: len(groups)])
    return np.arange(len(groups)) - np.repeat(start, np.diff(np.append(start, len(groups))))
