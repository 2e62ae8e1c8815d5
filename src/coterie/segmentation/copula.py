"""Data without structure beyond their margins and correlations, to compare real data with.

The latent correlations are fitted until the *drawn* columns correlate as the given ones
do: taking them from ranks would shrink them wherever values are tied, and data that are
nothing but correlated would then look structured. The indicators of one category are
drawn together, since being one level and not another is no structure either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from coterie.errors import DataError
from coterie.segmentation.base import Floats

N_DRAWS = 20_000
"""Draws by which the latent correlations are fitted."""
_ROUNDS = 40
_NEAR = 1e-3
_MOST = 0.999


@dataclass(frozen=True, eq=False)
class Margin:
    """What one column, or the indicators of one category, may hold.

    Parameters
    ----------
    columns : tuple of int
        Places in the matrix.
    values : float64 array, shape (n, len(columns))
        The rows of these columns, in ascending order; categories in the order in which
        their customers lie along the main direction of the other columns.
    """

    columns: tuple[int, ...]
    values: Floats


@dataclass(frozen=True, eq=False)
class Copula:
    """A Gaussian copula with the margins of a matrix.

    Parameters
    ----------
    margins : tuple of Margin
        One for each column or category.
    latent : float64 array, shape (n_margins, n_margins)
        Correlations of the normal scores behind them.
    """

    margins: tuple[Margin, ...]
    latent: Floats

    @classmethod
    def fit(cls, matrix: Floats, *, features: Sequence[str] | None = None, seed: int) -> Copula:
        """Fit margins and correlations.

        Parameters
        ----------
        matrix : float64 array, shape (n, n_columns)
            Finite values, ties allowed; at least 2 rows.
        features : sequence of str, optional
            What each column is made from. Columns of two values each with one name are
            the indicators of a category; default: there are none.
        seed : int
            Of the draws.

        Returns
        -------
        Copula
            Its draws have the margins of ``matrix`` and, up to .01, its rank
            correlations, where any normal scores can give them.

        Raises
        ------
        DataError
            If there are fewer than 2 rows or a value is not finite.

        Notes
        -----
        Fixed point: each latent correlation is moved by what the drawn rank correlation
        misses, then the whole brought back to what correlations can be.

        Examples
        --------
        >>> rows = np.repeat([[0.0, 1.0], [0.0, 5.0], [2.0, 5.0], [3.0, 9.0]], 50, axis=0)
        >>> drawn = Copula.fit(rows, seed=0).draw(np.random.default_rng(0))
        >>> bool((np.sort(drawn, axis=0) == np.sort(rows, axis=0)).all())
        True
        """
        if len(matrix) < 2 or not np.isfinite(matrix).all():
            raise DataError("A copula needs two rows or more, all values finite.")
        margins, codes = _margins(matrix, features)
        wanted = spearman(codes)
        scores = np.asarray(scipy.stats.rankdata(np.sort(codes, axis=0), axis=0), dtype=np.float64)
        normal = _uncorrelated(np.random.default_rng(seed), len(margins))
        latent = wanted.copy()
        best, least = latent, np.inf
        for _ in range(_ROUNDS):
            latent = _possible(latent)
            places = np.floor(scipy.special.ndtr(normal @ _root(latent).T) * len(matrix)).astype(
                np.int64
            )
            np.minimum(places, len(matrix) - 1, out=places)
            miss = wanted - _correlations(np.take_along_axis(scores, places, axis=0))
            worst = float(np.abs(miss).max(initial=0.0))
            if worst < least:
                best, least = latent, worst
            if worst < _NEAR:
                break
            latent = latent + miss
        return cls(margins, best)

    def draw(self, random: np.random.Generator) -> Floats:
        """Return as many rows as the matrix had: every margin a reordering of its values."""
        n = len(self.margins[0].values)
        normal = random.standard_normal((n, len(self.margins)))
        order = (normal @ _root(self.latent).T).argsort(axis=0, kind="stable")
        drawn = np.empty((n, sum(len(margin.columns) for margin in self.margins)))
        for margin, rows in zip(self.margins, order.T, strict=True):
            drawn[np.ix_(rows, margin.columns)] = margin.values
        return drawn


def spearman(matrix: Floats) -> Floats:
    """Return the rank correlations of the columns; ties share a rank, a constant has none.

    Parameters
    ----------
    matrix : float64 array, shape (n, n_columns)
        Finite values.

    Returns
    -------
    float64 array, shape (n_columns, n_columns)
        1 on the diagonal; 0 beside it for constant columns.

    Examples
    --------
    >>> spearman(np.array([[1.0, 9.0], [2.0, 8.0], [3.0, 1.0]])).round(9).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    return _correlations(np.asarray(scipy.stats.rankdata(matrix, axis=0), dtype=np.float64))


def _margins(matrix: Floats, features: Sequence[str] | None) -> tuple[tuple[Margin, ...], Floats]:
    """Return the margins and a number for each row and margin whose order is theirs."""
    named = list(range(matrix.shape[1])) if features is None else list(features)
    two = [len(np.unique(column)) <= 2 for column in matrix.T]
    together: dict[object, list[int]] = {}
    for place, name in enumerate(named):
        together.setdefault(name if two[place] else (name, place), []).append(place)
    margins, codes = [], []
    for columns in together.values():
        code = matrix[:, columns[0]]
        if len(columns) > 1:
            level = np.unique(matrix[:, columns], axis=0, return_inverse=True)[1].ravel()
            along = _main_direction(np.delete(matrix, columns, axis=1))
            mean = np.bincount(level, weights=along) / np.bincount(level)
            code = np.argsort(np.argsort(mean, kind="stable")).astype(np.float64)[level]
        order = np.argsort(code, kind="stable")
        margins.append(Margin(tuple(columns), matrix[order][:, columns]))
        codes.append(code)
    return tuple(margins), np.column_stack(codes)


def _main_direction(matrix: Floats) -> Floats:
    """Return where each row lies along the direction of the largest spread."""
    if not matrix.shape[1]:
        return np.zeros(len(matrix))
    centred = matrix - matrix.mean(axis=0)
    return np.asarray(centred @ np.linalg.eigh(centred.T @ centred)[1][:, -1], dtype=np.float64)


def _correlations(scores: Floats) -> Floats:
    centred = scores - scores.mean(axis=0)
    size = np.sqrt((centred * centred).sum(axis=0))
    unit = np.divide(centred, size, out=np.zeros_like(centred), where=size > 0)
    result: Floats = np.clip(unit.T @ unit, -1.0, 1.0)
    np.fill_diagonal(result, 1.0)
    return result


def _uncorrelated(random: np.random.Generator, n_columns: int) -> Floats:
    """Return normal draws whose own correlations, which are chance, are taken out."""
    normal = random.standard_normal((N_DRAWS, n_columns))
    normal -= normal.mean(axis=0)
    factor = np.linalg.cholesky(normal.T @ normal / N_DRAWS)
    return np.asarray(np.linalg.solve(factor, normal.T).T, dtype=np.float64)


def _possible(latent: Floats) -> Floats:
    """Return the nearest correlations that normal scores can have."""
    values, vectors = np.linalg.eigh(np.clip(latent, -_MOST, _MOST))
    positive = (vectors * np.maximum(values, 0.0)) @ vectors.T
    size = np.sqrt(np.maximum(np.diag(positive), 1e-12))
    result: Floats = positive / np.outer(size, size)
    np.fill_diagonal(result, 1.0)
    return result


def _root(latent: Floats) -> Floats:
    values, vectors = np.linalg.eigh(latent)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)), dtype=np.float64)
