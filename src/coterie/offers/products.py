"""What a customer buys again, what is new to her, and what to show whom nothing is known of.

Two tracks, because they are two questions: what she has bought answers the first far better
than what others buy, and cannot answer the second at all. One list is both by their scores.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from coterie.errors import ParameterError
from coterie.offers.ease import Codes, Ease, Singles
from coterie.segmentation.parallel import each

Floats = NDArray[np.float64]
Track = Literal["again", "new", "popular"]

OWN_HALF_LIFE = 365
"""Days after which an own purchase counts half: a year, so that last season still counts."""
POPULAR_HALF_LIFE = 14
"""Days after which a sale to anybody counts half."""
AGAIN_POPULAR, NEW_POPULAR = 1.0, 0.1
"""What selling best now adds to a product bought before, and to a new one. Chosen, like the
half-life, on Online Retail in the summer of 2011, before the days that the figures are from."""
SHRINK = 500.0
"""Recent purchases by all that are mixed into those of a segment."""
_CELLS = 1 << 24
"""Scores that are held at a time by each thread."""


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


@dataclass(frozen=True, eq=False)
class Lists:
    """Products for customers: one row a customer and product, in the order to be shown.

    Parameters
    ----------
    customer, product : int32 array
        Codes.
    rank : int32 array
        From 1, in the list of both tracks; each track alone keeps this order.
    again : bool array
        Whether the customer bought the product before.
    score : float64 array
        Falls with the rank; about the purchases to be expected, but no chance of any.
    times, last : int32 array
        Days on which she bought it, and the last of them; 0 for what is new.
    because : int32 array
        Code of her product that speaks most for what is new; −1 where none does.
    """

    customer: Codes
    product: Codes
    rank: Codes
    again: NDArray[np.bool_]
    score: Floats
    times: Codes
    last: Codes
    because: Codes

    def top(self, n: int, n_customers: int, track: Track | None = None) -> Codes:
        """Return the first products of each customer.

        Parameters
        ----------
        n : int
            How many.
        n_customers : int
            How many customers there are.
        track : {"again", "new"}, optional
            Of this track alone.

        Returns
        -------
        int32 array, shape (n_customers, n)
            Codes; −1 where a list is shorter.
        """
        keep = np.ones(len(self.again), np.bool_) if track is None else self.again
        customer = self.customer[~keep if track == "new" else keep]
        product = self.product[~keep if track == "new" else keep]
        place = _places(customer)
        found = np.full((n_customers, n), -1, dtype=np.int32)
        first = place < n
        found[customer[first], place[first]] = product[first]
        return found


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
    return np.bincount(
        history.product, weights=history.faded(half_life), minlength=history.n_products
    )


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
    everybody = np.bincount(history.product, weights, history.n_products)
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


def recommend(history: History, model: Ease, *, n: int = 10) -> Lists:
    """Rank products for every customer who bought any.

    Parameters
    ----------
    history : History
        Who bought what.
    model : Ease
        Fitted to it.
    n : int, default 10
        Products of each track.

    Returns
    -------
    Lists
        For each customer up to ``n`` bought before and ``n`` that are new to her. Ties go to
        the lower code. The same at any number of threads.

    Raises
    ------
    ParameterError
        If ``n`` is below 1.
    """
    if n < 1:
        raise ParameterError(f"n={n}.", allowed="n is 1 or more.")
    own = Own.of(history)
    popular = popularity(history)
    popular /= popular.max() if popular.any() else 1.0
    makers = _Maker(own, model, popular, n)
    size = max(1, _CELLS // max(len(model.products), 1))
    starts = range(0, history.n_customers, size)
    parts = each(lambda a: makers.make(a, min(a + size, history.n_customers)), starts)
    return _joined(parts)


class _Maker:
    """Makes the lists of some customers at a time."""

    def __init__(self, own: Own, model: Ease, popular: Floats, n: int) -> None:
        self._own, self._model, self._popular, self._n = own, model, popular, n
        self._column = np.full(len(popular), -1, dtype=np.int32)
        self._column[model.products] = np.arange(len(model.products), dtype=np.int32)
        self._lift = (NEW_POPULAR * popular[model.products]).astype(np.float32)

    def make(self, start: int, end: int) -> Lists:
        """Make the lists of the customers from ``start`` to before ``end``."""
        own = self._own
        rows = slice(*np.searchsorted(own.customer, [start, end]))
        who, product = own.customer[rows] - start, own.product[rows]
        column = self._column[product]
        known = column >= 0
        seen = np.zeros((end - start, len(self._model.products)), np.bool_)
        seen[who[known], column[known]] = True
        scores = self._model.affinity(csr_array(seen))
        affinity = np.where(known, scores[who, column], 0.0)
        again = _Rows(
            who,
            product,
            own.score[rows] + affinity + AGAIN_POPULAR * self._popular[product],
            own.times[rows],
            own.last[rows],
            np.full(len(who), -1, np.int32),
        ).first(self._n)
        scores += self._lift
        scores[seen] = -np.inf
        fresh = self._new(scores, np.bincount(who, minlength=end - start) > 0)
        new = self._with_reasons(fresh, seen)
        return _merged(again, new, start)

    def _new(self, scores: Singles, anything: NDArray[np.bool_]) -> _Rows:
        """Return the best of what is not forbidden, for those who bought anything."""
        n = min(self._n, scores.shape[1])
        columns = _top(scores, n)
        values = np.take_along_axis(scores, columns, axis=1)
        allowed = np.isfinite(values) & anything[:, None]
        who = np.nonzero(allowed)[0].astype(np.int32)
        nothing = np.zeros(len(who), np.int32)
        found = columns[allowed].astype(np.int32)
        return _Rows(who, found, values[allowed].astype(np.float64), nothing, nothing, nothing)

    def _with_reasons(self, new: _Rows, seen: NDArray[np.bool_]) -> _Rows:
        """Find what speaks most for each new product, and turn columns into codes."""
        products, weights = self._model.products, self._model.weights
        because = np.full(len(new.who), -1, np.int32)
        cuts = np.searchsorted(new.who, np.arange(len(seen) + 1))
        for row, (a, b) in enumerate(zip(cuts[:-1], cuts[1:], strict=True)):
            mine = np.flatnonzero(seen[row])
            if a == b or not len(mine):
                continue
            found = weights[np.ix_(mine, new.product[a:b])]
            strongest = found.argmax(axis=0)
            speaks = found[strongest, np.arange(b - a)] > 0
            because[a:b] = np.where(speaks, products[mine[strongest]], -1)
        return _Rows(new.who, products[new.product], new.score, new.times, new.last, because)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Scored products of some customers."""

    who: Codes
    product: Codes
    score: Floats
    times: Codes
    last: Codes
    because: Codes

    def first(self, n: int) -> _Rows:
        """Return the best ``n`` of each customer."""
        order = np.lexsort((self.product, -self.score, self.who))
        return self.take(order[_places(self.who[order]) < n])

    def take(self, rows: NDArray[np.int64]) -> _Rows:
        """Return some rows, in this order."""
        return _Rows(*(getattr(self, field.name)[rows] for field in fields(self)))


def _merged(again: _Rows, new: _Rows, start: int) -> Lists:
    """Put both tracks into one order of scores, what was bought before first among equals."""
    pairs = ((getattr(again, f.name), getattr(new, f.name)) for f in fields(_Rows))
    both = _Rows(*(np.concatenate(pair) for pair in pairs))
    before = np.arange(len(both.who)) < len(again.who)
    order = np.lexsort((both.product, ~before, -both.score, both.who))
    rows = both.take(order)
    return Lists(
        (rows.who + start).astype(np.int32),
        rows.product,
        (_places(rows.who) + 1).astype(np.int32),
        before[order],
        rows.score,
        rows.times,
        rows.last,
        rows.because,
    )


def _joined(parts: Iterable[Lists]) -> Lists:
    found = list(parts)
    return Lists(*(np.concatenate([getattr(p, f.name) for p in found]) for f in fields(Lists)))


def _places(groups: Codes) -> NDArray[np.int64]:
    """Return the place of each row within its group, from 0; rows of a group stand together."""
    start = np.flatnonzero(np.concatenate([[True], np.diff(groups) != 0])[: len(groups)])
    return np.arange(len(groups)) - np.repeat(start, np.diff(np.append(start, len(groups))))


def _top(scores: Singles, n: int) -> NDArray[np.int64]:
    """Return the columns of the ``n`` highest scores of each row, falling; ties by column."""
    if not scores.shape[1]:
        return np.empty((len(scores), 0), dtype=np.int64)
    found = np.argpartition(scores, scores.shape[1] - n, axis=1)[:, -n:]
    least = np.take_along_axis(scores, found, axis=1).min(axis=1)
    tied = np.flatnonzero((scores >= least[:, None]).sum(axis=1) > n)
    if len(tied):  # the partition takes any of equals
        found[tied] = np.argsort(-scores[tied], axis=1, kind="stable")[:, :n]
    found.sort(axis=1)
    values = np.take_along_axis(scores, found, axis=1)
    return np.take_along_axis(found, np.argsort(-values, axis=1, kind="stable"), axis=1)
