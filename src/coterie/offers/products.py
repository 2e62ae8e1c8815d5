"""What a customer buys again, what is new to her, and what to show whom nothing is known of.

Two tracks, because they are two questions: what she has bought answers the first far better
than what others buy, and cannot answer the second at all. One list is both by their scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from coterie.errors import ParameterError
from coterie.offers.ease import Ease, Singles
from coterie.offers.history import Codes, Floats, History, Own, places, popularity
from coterie.offers.neighbours import Neighbours
from coterie.segmentation.parallel import each

Track = Literal["again", "new", "popular"]
Model = Ease | Neighbours

EASE_PRODUCTS = 20_000
"""Products up to which EASE is worth its weights, which take 1.6 GB for so many; of more the
nearest neighbours are found instead."""

AGAIN_POPULAR = 1.0
"""What selling best now adds to a product bought before, as much as one more purchase of it.
Chosen on Online Retail in the summer of 2011, before the days that the figures are from."""
NEW_POPULAR = 1e-6
"""What it adds to a new product: it decides only where nothing else does."""
_CELLS = 1 << 24
"""Scores that are held at a time by each thread."""


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
        place = places(customer)
        found = np.full((n_customers, n), -1, dtype=np.int32)
        first = place < n
        found[customer[first], place[first]] = product[first]
        return found


def learner(n_products: int) -> type[Model]:
    """Return what so many products are learned by.

    Examples
    --------
    >>> learner(20_000).name, learner(20_001).name
    ('ease', 'neighbours')
    """
    return Ease if n_products <= EASE_PRODUCTS else Neighbours


class Recommender:
    """Ranks products for customers who bought any.

    Parameters
    ----------
    history : History
        Who bought what.
    model : Ease or Neighbours, or one of these classes
        Fitted to it, or to be fitted; default as ``learner`` says.
    n : int, default 10
        Products of each track.

    Raises
    ------
    ParameterError
        If ``n`` is below 1.
    """

    def __init__(
        self, history: History, model: Model | type[Model] | None = None, *, n: int = 10
    ) -> None:
        if n < 1:
            raise ParameterError(f"n={n}.", allowed="n is 1 or more.")
        self.own, self._n = Own.of(history), n
        self._size = history.n_customers, history.n_products
        model = model or learner(history.n_products)
        self._model = model.fit(self.own.matrix(self._size)) if isinstance(model, type) else model
        popular = popularity(history)
        self._popular = popular / (popular.max() if popular.any() else 1.0)
        learned = self._model.products
        self._column = np.full(self._size[1], -1, dtype=np.int32)
        self._column[learned] = np.arange(len(learned), dtype=np.int32)
        self._lift = (NEW_POPULAR * self._popular[learned]).astype(np.float32)

    def lists(self, start: int = 0, end: int | None = None) -> Lists:
        """Rank products for some customers, or all.

        Parameters
        ----------
        start, end : int
            The first customer and the one after the last, by code.

        Returns
        -------
        Lists
            For each up to ``n`` bought before and ``n`` that are new to her; ties go to the
            lower code. The same at any number of threads.
        """
        end = self._size[0] if end is None else min(end, self._size[0])
        step = max(1, _CELLS // max(len(self._model.products), 1))
        return _joined(each(lambda a: self._make(a, min(a + step, end)), range(start, end, step)))

    def _make(self, start: int, end: int) -> Lists:
        """Make the lists of the customers from ``start`` to before ``end``."""
        own = self.own
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
        products = self._model.products
        because = np.full(len(new.who), -1, np.int32)
        cuts = np.searchsorted(new.who, np.arange(len(seen) + 1))
        for row, (a, b) in enumerate(pairwise(cuts)):
            mine = np.flatnonzero(seen[row])
            if a == b or not len(mine):
                continue
            found = self._model.between(mine, new.product[a:b])
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
        return self.take(order[places(self.who[order]) < n])

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
        (places(rows.who) + 1).astype(np.int32),
        before[order],
        rows.score,
        rows.times,
        rows.last,
        rows.because,
    )


def _joined(parts: Iterable[Lists]) -> Lists:
    found = list(parts)
    return Lists(*(np.concatenate([getattr(p, f.name) for p in found]) for f in fields(Lists)))


def _top(scores: Singles, n: int) -> NDArray[np.int64]:
    """Return the columns of the ``n`` highest scores of each row, falling; ties by column.

    The ``n`` blocks of columns with the highest maxima, lower blocks first among equals, hold
    them all; so only these are sorted.
    """
    rows, columns = scores.shape
    width = max(1, math.isqrt(columns // max(n, 1)))
    whole = columns // width
    highest = np.full((rows, -(-columns // width)), -np.inf, dtype=np.float32)
    highest[:, :whole] = scores[:, : whole * width].reshape(rows, whole, width).max(axis=2)
    if whole < highest.shape[1]:
        highest[:, whole] = scores[:, whole * width :].max(axis=1)
    blocks = np.sort(np.argsort(-highest, axis=1, kind="stable")[:, :n], axis=1)
    found = (blocks[:, :, None] * width + np.arange(width)).reshape(rows, -1)
    values = np.take_along_axis(scores, np.minimum(found, columns - 1), axis=1)
    values[found >= columns] = -np.inf
    order = np.argsort(-values, axis=1, kind="stable")[:, :n]
    return np.take_along_axis(found, order, axis=1)
