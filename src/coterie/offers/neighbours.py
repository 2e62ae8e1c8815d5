"""The nearest neighbours of each product: what the same people bought, by cosine.

EASE tells a little better what is new to somebody, but holds products times products at once;
these weights take a row of twenty for each product, so any number of products can be learned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from coterie.errors import ParameterError
from coterie.offers.ease import Singles
from coterie.offers.history import Codes, Floats
from coterie.segmentation.parallel import each

NEAREST = 20
"""Neighbours of a product that are kept."""
SHRINK = 5.0
"""Added below the line of the cosine, so that two products met once by luck are not alike.
Both were chosen on Online Retail, on windows that ended by September 2011."""
_CELLS = 1 << 23
"""Pairs of products, or of customers and products, that are held at a time by each thread."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Weights of what was bought on what is like it.

    Parameters
    ----------
    products : int32 array, shape (n_learned,)
        Codes of the products learned from, rising.
    near : int32 array, shape (n_learned, n)
        Neighbours of each, as places in ``products``, the nearest first; −1 where there are fewer.
    weights : float32 array, shape (n_learned, n)
        What a product bought speaks for each; 0 where there is none.
    """

    name: ClassVar[str] = "neighbours"
    words: ClassVar[str] = f"its {NEAREST} nearest neighbours among products, by cosine of buyers"
    products: Codes
    near: Codes
    weights: Singles

    @classmethod
    def fit(cls, bought: Any, *, n: int = NEAREST, shrink: float = SHRINK) -> Neighbours:
        """Find the neighbours from who bought what.

        Parameters
        ----------
        bought : scipy sparse array, shape (n_customers, n_products)
            1 where a customer bought a product.
        n : int, default 20
            Neighbours of a product, 1 or more.
        shrink : float, default 5
            Added to the root of the product of both numbers of buyers. 0 or more.

        Returns
        -------
        Neighbours
            Similarity is buyers of both ÷ (√(buyers × buyers) + ``shrink``); ties go to the
            lower code. All are multiplied by the one number with which they tell best what
            was bought (least squares), so that scores are about purchases, as those of EASE
            are. The same at any number of threads.

        Raises
        ------
        ParameterError
            If ``n`` or ``shrink`` is too small.

        References
        ----------
        Deshpande, M., Karypis, G. (2004). Item-based top-N recommendation algorithms. ACM
        Transactions on Information Systems 22 (1).

        Examples
        --------
        Three customers bought products 0 and 1, one bought product 2 alone.

        >>> bought = csr_array(np.array([[1, 1, 0], [1, 1, 0], [1, 1, 0], [0, 0, 1]]))
        >>> found = Neighbours.fit(bought, n=1, shrink=0.0)
        >>> found.near.ravel().tolist(), found.weights.ravel().tolist()
        ([1, 0, -1], [1.0, 1.0, 0.0])
        """
        if n < 1 or not shrink >= 0:
            raise ParameterError(f"n={n}, shrink={shrink}.", allowed="n from 1, shrink from 0.")
        columns = csc_array(bought, dtype=np.int32)
        products = np.flatnonzero(np.diff(columns.indptr)).astype(np.int32)
        of = columns[:, products].tocsr()
        near, alike = _nearest(of, n, shrink)
        found = cls(products, near, alike.astype(np.float32))
        scaled = (alike * _scale(of, found.matrix)).astype(np.float32)
        return cls(products, near, scaled)

    @cached_property
    def matrix(self) -> csr_array:
        """The weights as a sparse array, shape (n_learned, n_learned): row speaks for column."""
        there = self.near >= 0
        ends = np.append(0, np.cumsum(there.sum(axis=1)))
        size = len(self.products)
        return csr_array((self.weights[there], self.near[there], ends), shape=(size, size))

    def affinity(self, bought: Any) -> Singles:
        """Return how much what each customer bought speaks for each product learned from.

        Parameters
        ----------
        bought : scipy sparse array, shape (n_customers, n_learned)
            1 where a customer bought a product; columns as in ``products``.
        """
        found: Singles = (csr_array(bought, dtype=np.float32) @ self.matrix).toarray()
        return found

    def between(self, mine: NDArray[np.int64], other: Codes) -> Singles:
        """Return the weights of some products on others, both as places in ``products``."""
        near = self.near[mine]
        found = np.zeros((len(mine), len(other)), dtype=np.float32)
        for column, one in enumerate(other):
            row, place = np.nonzero(near == one)
            found[row, column] = self.weights[mine[row], place]
        return found


class _Rows(NamedTuple):
    """Neighbours of some products, as in ``Neighbours``."""

    near: Codes
    alike: Floats


def _nearest(of: csr_array, n: int, shrink: float) -> _Rows:
    """Find the neighbours of all products, as many at a time as memory is bounded to."""
    across = of.T.tocsr()
    buyers = np.diff(across.indptr).astype(np.float64)
    met = np.minimum(across @ np.diff(of.indptr).astype(np.int64), len(buyers))

    def work(part: tuple[int, int]) -> _Rows:
        start, end = part
        both = across[start:end] @ of
        both.sort_indices()
        near = np.full((end - start, n), -1, dtype=np.int32)
        alike = np.zeros((end - start, n))
        for row, (a, b) in enumerate(pairwise(both.indptr)):
            other = both.indices[a:b]
            below = np.sqrt(buyers[start + row] * buyers[other]) + shrink
            found = np.where(other == start + row, 0.0, both.data[a:b] / below)
            best = np.argsort(-found, kind="stable")[:n]
            best = best[found[best] > 0]
            near[row, : len(best)], alike[row, : len(best)] = other[best], found[best]
        return _Rows(near, alike)

    parts = each(work, _parts(met))
    if not parts:
        return _Rows(np.zeros((0, n), np.int32), np.zeros((0, n)))
    return _Rows(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _scale(of: csr_array, weights: csr_array) -> float:
    """Return the number with which the weights tell best what was bought; 1 if they tell none."""
    width = max(int(np.diff(weights.indptr).max(initial=0)), 1)

    def work(part: tuple[int, int]) -> tuple[float, float]:
        mine = of[slice(*part)].astype(np.float32)
        told = mine @ weights
        return float(mine.multiply(told).sum(dtype=np.float64)), float(
            np.square(told.data, dtype=np.float64).sum()
        )

    parts = each(work, _parts(np.diff(of.indptr).astype(np.int64) * width))
    right, square = (math.fsum(part) for part in zip(*parts, strict=True)) if parts else (0, 0)
    return right / square if square else 1.0


def _parts(cells: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut rows with so many cells each into parts of about ``_CELLS``."""
    group = np.cumsum(cells) // _CELLS
    starts = np.flatnonzero(np.diff(group, prepend=-1)).tolist()
    return list(pairwise([*starts, len(cells)]))
