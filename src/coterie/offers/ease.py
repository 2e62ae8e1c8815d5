"""EASE: what else people buy who bought the same, as one linear model of products on products.

The weights are single floats: counts are exact in them, and on Online Retail the lists are
those of double floats, at half the memory and time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csc_array, csr_array

from coterie.errors import DataError, ParameterError
from coterie.offers.history import Codes
from coterie.segmentation.parallel import each

Singles = NDArray[np.float32]

LAMBDA = 300.0
_BLOCK = 1_000


@dataclass(frozen=True, eq=False)
class Ease:
    """Weights of what was bought on what else will be.

    Parameters
    ----------
    products : int32 array, shape (n_learned,)
        Codes of the products learned from, rising.
    weights : float32 array, shape (n_learned, n_learned)
        Row: bought already; column: what it speaks for. The diagonal is 0.
    """

    name: ClassVar[str] = "ease"
    words: ClassVar[str] = "a linear model of products on products (EASE)"
    products: Codes
    weights: Singles

    @classmethod
    def fit(cls, bought: Any, *, strength: float = LAMBDA) -> Ease:
        """Learn the weights from who bought what.

        Parameters
        ----------
        bought : scipy sparse array, shape (n_customers, n_products)
            1 where a customer bought a product.
        strength : float, default 300
            Lambda: the larger, the more buyers a weight needs. Above 0.

        Returns
        -------
        Ease
            The same for any order of the rows and any number of threads.

        Raises
        ------
        ParameterError
            If ``strength`` is not above 0.
        DataError
            If the equations have no solution in single floats.

        References
        ----------
        Steck, H. (2019). Embarrassingly shallow autoencoders for sparse data. WWW 2019.

        Examples
        --------
        Three customers bought products 0 and 1, one bought product 2 alone.

        >>> bought = csr_array(np.array([[1, 1, 0], [1, 1, 0], [1, 1, 0], [0, 0, 1]]))
        >>> (Ease.fit(bought, strength=1.0).weights.round(2) + 0).tolist()
        [[0.0, 0.75, 0.0], [0.75, 0.0, 0.0], [0.0, 0.0, 0.0]]
        """
        if not strength > 0:
            raise ParameterError(f"strength={strength}.", allowed="strength is above 0.")
        columns = csc_array(bought, dtype=np.float32)
        products = np.flatnonzero(np.diff(columns.indptr)).astype(np.int32)
        (weights,) = each(lambda x: _solve(x, strength), [columns[:, products]])
        return cls(products, weights)

    def affinity(self, bought: Any) -> Singles:
        """Return how much what each customer bought speaks for each product learned from.

        Parameters
        ----------
        bought : scipy sparse array, shape (n_customers, n_learned)
            1 where a customer bought a product; columns as in ``products``.
        """
        found: Singles = csr_array(bought, dtype=np.float32) @ self.weights
        return found

    def between(self, mine: NDArray[np.int64], other: Codes) -> Singles:
        """Return the weights of some products on others, both as places in ``products``."""
        found: Singles = self.weights[np.ix_(mine, other)]
        return found


def _solve(bought: Any, strength: float) -> Singles:
    """Invert ``X'X + strength`` in place and turn it into weights."""
    n = bought.shape[1]
    gram = np.zeros((n, n), dtype=np.float32, order="F")
    across = bought.T.tocsr()
    for start in range(0, n, _BLOCK):  # the whole product would be larger sparse than dense
        block = slice(start, start + _BLOCK)
        gram[:, block] = (across @ bought[:, block]).toarray()
    gram[np.diag_indices(n)] += np.float32(strength)
    root, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, failed_too = lapack.spotri(root, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise DataError("What is bought together cannot be told apart; products are too alike.")
    for start in range(0, n, _BLOCK):  # only the lower half was filled
        block, rest = slice(start, start + _BLOCK), slice(start + _BLOCK, None)
        inverse[block, rest] = inverse[rest, block].T
        own = np.tril(inverse[block, block])
        inverse[block, block] = own + np.tril(own, -1).T
    weights: Singles = inverse.T  # in rows, as products with sparse arrays need it
    weights /= -np.diag(weights).copy()
    weights[np.diag_indices(n)] = 0
    return weights
