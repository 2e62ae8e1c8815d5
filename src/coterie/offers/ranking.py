"""How good lists of products were, judged by what customers bought afterwards.

Recall is divided by what a list of its length could have found, so that a customer who
bought forty products afterwards does not make every list look bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from coterie.offers.history import Codes, Floats

Pairs = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Judged:
    """Recall and NDCG of the lists of customers who bought something, in order of customer."""

    customers: Codes
    recall: Floats
    ndcg: Floats


def pairs_of(customer: Codes, product: Codes, n_products: int) -> Pairs:
    """Return customers and products as one number each.

    Parameters
    ----------
    customer, product : int32 array
        Codes.
    n_products : int
        How many products there are.

    Returns
    -------
    int64 array
        ``customer * n_products + product``, rising and without repeats.
    """
    return np.unique(customer.astype(np.int64) * n_products + product)


def judge(listed: Codes, wanted: Pairs, n_products: int) -> Judged:
    """Compare lists with what was bought afterwards.

    Parameters
    ----------
    listed : int32 array, shape (n_customers, n)
        Products, best first; −1 where a list is shorter.
    wanted : int64 array
        What was bought, as ``pairs_of`` gives it.
    n_products : int
        How many codes there are.

    Returns
    -------
    Judged
        Of the customers with anything in ``wanted``: hits ÷ min(n, wanted), and the
        discounted gain of the hits ÷ that of the best list.

    References
    ----------
    Järvelin, K., Kekäläinen, J. (2002). Cumulated gain-based evaluation of IR techniques.

    Examples
    --------
    One of two wanted products stands second: 1 / log2(3) of 1 + 1 / log2(3).

    >>> found = judge(np.array([[5, 3]]), np.array([3, 7]), n_products=10)
    >>> found.recall.tolist(), found.ndcg.round(3).tolist()
    ([0.5], [0.387])
    """
    n_wanted = np.bincount(wanted // n_products, minlength=len(listed))
    customers = np.flatnonzero(n_wanted).astype(np.int32)
    chosen = listed[customers]
    keys = customers.astype(np.int64)[:, None] * n_products + chosen
    hits = np.isin(keys, wanted) & (chosen >= 0)
    discount = 1 / np.log2(np.arange(2, listed.shape[1] + 2))
    possible = np.minimum(n_wanted[customers], listed.shape[1])
    ideal = np.cumsum(discount)[possible - 1]
    return Judged(customers, hits.sum(axis=1) / possible, hits @ discount / ideal)


def unseen(ranked: Sequence[Codes], of: Codes, own: Pairs, n_products: int, n: int = 10) -> Codes:
    """Return for each customer the best of her group that she has not bought.

    Parameters
    ----------
    ranked : sequence of int32 array
        All products of each group, best first.
    of : int32 array, shape (n_customers,)
        Group of each customer.
    own : int64 array
        What customers bought, as ``pairs_of`` gives it.
    n_products : int
        How many codes there are.
    n : int, default 10
        How many to list.

    Returns
    -------
    int32 array, shape (n_customers, n)
        −1 where a list is shorter.

    Examples
    --------
    >>> unseen([np.array([2, 0, 1])], np.array([0, 0]), np.array([2]), 3, n=2).tolist()
    [[0, 1], [2, 0]]
    """
    cuts = np.searchsorted(own // n_products, np.arange(len(of) + 1))
    found = np.full((len(of), n), -1, dtype=np.int32)
    for row, (a, b) in enumerate(pairwise(cuts)):
        head = ranked[of[row]][: n + b - a]
        new = head[~np.isin(head, own[a:b] % n_products)][:n]
        found[row, : len(new)] = new
    return found


def mean_interval(
    values: Floats, *, seed: int, draws: int = 1_000
) -> tuple[float, tuple[float, float]]:
    """Return a mean over customers and its 95 % interval, by drawing customers again.

    Parameters
    ----------
    values : float64 array
        One number a customer; for a paired comparison the difference of two lists.
    seed : int
        Of the draws.
    draws : int
        How many.

    Returns
    -------
    (float, (float, float))
        The mean, and where it lies.
    """
    random = np.random.default_rng(seed)
    n = len(values)
    means = [values[random.integers(0, n, n)].mean() for _ in range(draws)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values.mean()), (float(low), float(high))
