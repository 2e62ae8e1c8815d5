"""RFM scores 1 to 5, fitted once and then the same for any later customer.

Equal customers always get equal scores, whatever order the rows come in; the common
recipe (NTILE with a tie-break on the id) does not promise that. So the score bands may
hold unequal shares of the customers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coterie.engine.sql import identifier
from coterie.errors import DataError, ParameterError
from coterie.features.column import double

Floats = NDArray[np.float64]
Scores = NDArray[np.int8]
Cuts = tuple[float | None, ...]

NAMES = ("recency", "frequency", "monetary")
MIN_BINS, MAX_BINS = 2, 100


def mid_rank_scores(values: ArrayLike, n_bins: int = 5, *, higher_is_better: bool = True) -> Scores:
    """Score each customer from 1 (worst) to ``n_bins`` (best) by mid-rank.

    Parameters
    ----------
    values : array, shape (n_customers,)
        One finite value a customer: days, orders or money.
    n_bins : int, default 5
        Number of scores, 2 to 100.
    higher_is_better : bool, default True
        False for recency in days, where fewer is better.

    Returns
    -------
    int8 array, shape (n_customers,)
        Scores in the order of ``values``. Ties share a score, so bins may be uneven.

    Raises
    ------
    ParameterError
        If ``n_bins`` is outside 2 to 100.
    DataError
        If ``values`` is not one column, or holds NaN or infinity.

    References
    ----------
    Hughes, A. M. (1994). Strategic Database Marketing. Quintiles are his; mid-ranks are ours.

    Examples
    --------
    >>> mid_rank_scores([5.0, 5.0, 1.0, 9.0], n_bins=4).tolist()
    [3, 3, 1, 4]
    """
    _check_bins(n_bins)
    column = _column("values", values)
    signed = column if higher_is_better else -column
    _, group, count = np.unique(signed, return_inverse=True, return_counts=True)
    twice = 2 * np.cumsum(count) - count  # twice the centre of each run of ties: whole numbers
    return (twice * n_bins // (2 * max(column.size, 1)) + 1).astype(np.int8)[group]


@dataclass(frozen=True)
class RfmScores:
    """Fitted score bands for recency, frequency and money.

    Parameters
    ----------
    n_bins : int
        Number of scores.
    recency, frequency, monetary : tuple of float or None, length n_bins - 1
        The worst value that still gets score 2, 3, ... ``n_bins``; None where ties left
        no customer with that score or a better one.

    Examples
    --------
    >>> scores = RfmScores.fit([1, 9, 9, 40], [8, 2, 2, 1], [90.0, 20.0, 30.0, 5.0], n_bins=4)
    >>> scores.recency
    (9.0, 9.0, 1.0)
    >>> scores.score([1, 10], [3, 0], [90.0, 20.0]).tolist()
    [[4, 3, 4], [1, 1, 2]]
    """

    n_bins: int
    recency: Cuts
    frequency: Cuts
    monetary: Cuts

    def __post_init__(self) -> None:
        _check_bins(self.n_bins)
        for name in NAMES:
            found = len(getattr(self, name))
            if found != self.n_bins - 1:
                raise ParameterError(
                    f"{name} has {found} cut points.",
                    allowed=f"{self.n_bins} scores need {self.n_bins - 1}.",
                )

    @classmethod
    def fit(
        cls, recency: ArrayLike, frequency: ArrayLike, monetary: ArrayLike, *, n_bins: int = 5
    ) -> Self:
        """Find the bands in which the fitted customers have their mid-rank scores.

        Parameters
        ----------
        recency, frequency, monetary : arrays, shape (n_customers,)
            Days since the last order (fewer is better), orders, and money.
        n_bins : int, default 5
            Number of scores, 2 to 100.

        Raises
        ------
        ParameterError
            If ``n_bins`` is outside 2 to 100.
        DataError
            If there is no customer, the lengths differ, or a value is not finite.
        """
        columns = _columns(recency, frequency, monetary)
        if not columns[0].size:
            raise DataError("There is no customer to fit RFM scores to.")
        cuts = [
            _cuts(column, n_bins, higher_is_better=name != "recency")
            for name, column in zip(NAMES, columns, strict=True)
        ]
        return cls(n_bins, *cuts)

    def score(self, recency: ArrayLike, frequency: ArrayLike, monetary: ArrayLike) -> Scores:
        """Score customers, also new ones.

        Parameters
        ----------
        recency, frequency, monetary : arrays, shape (n_customers,)
            Finite values in the units of ``fit``.

        Returns
        -------
        int8 array, shape (n_customers, 3)
            R, F and M. A value between two fitted values gets the lower of their scores,
            one beyond all of them the last score on that side.

        Raises
        ------
        DataError
            If the lengths differ, or a value is not finite.
        """
        scores = []
        for name, column in zip(NAMES, _columns(recency, frequency, monetary), strict=True):
            sign = -1.0 if name == "recency" else 1.0
            cuts = np.array([sign * cut for cut in getattr(self, name) if cut is not None])
            scores.append(1 + np.searchsorted(cuts, sign * column, side="right"))
        return np.column_stack(scores).astype(np.int8)

    def sql(self, columns: Sequence[str] = NAMES) -> dict[str, str]:
        """Return the scores as portable SQL.

        Parameters
        ----------
        columns : sequence of str, length 3
            Names of the columns of recency, frequency and money.

        Returns
        -------
        dict of str to str
            ``r_score``, ``f_score`` and ``m_score``: a CASE expression each, NULL for NULL.

        Examples
        --------
        >>> RfmScores(2, (30.0,), (None,), (9.5,)).sql()["r_score"]
        'CASE WHEN "recency" IS NULL THEN NULL WHEN "recency" <= CAST(30.0e0 AS DOUBLE) THEN 2
        ELSE 1 END'
        """
        if len(columns) != len(NAMES):
            raise ParameterError(f"{len(columns)} columns were given.", allowed="Three: R, F, M.")
        return {
            f"{name[0]}_score": _case(
                identifier(column), getattr(self, name), "<=" if name == "recency" else ">="
            )
            for name, column in zip(NAMES, columns, strict=True)
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the bands as plain JSON; floats come back exactly."""
        return {"n_bins": self.n_bins, **{name: list(getattr(self, name)) for name in NAMES}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build the bands again from ``to_dict``."""
        if set(data) != {"n_bins", *NAMES}:
            raise DataError(f"These are no RFM scores: the parts are {sorted(data)}.")
        return cls(int(data["n_bins"]), *(tuple(data[name]) for name in NAMES))


def _cuts(column: Floats, n_bins: int, *, higher_is_better: bool) -> Cuts:
    scores = mid_rank_scores(column, n_bins, higher_is_better=higher_is_better)
    worst = np.min if higher_is_better else np.max
    return tuple(
        # + 0.0 turns -0.0 into 0.0, which prints alike everywhere
        float(worst(column[scores >= level])) + 0.0 if (scores >= level).any() else None
        for level in range(2, n_bins + 1)
    )


def _case(column: str, cuts: Cuts, comparison: str) -> str:
    levels = [(level, cut) for level, cut in enumerate(cuts, start=2) if cut is not None]
    bands = "".join(
        f" WHEN {column} {comparison} {double(cut)} THEN {level}" for level, cut in reversed(levels)
    )
    return f"CASE WHEN {column} IS NULL THEN NULL{bands} ELSE 1 END"


def _check_bins(n_bins: int) -> None:
    if not MIN_BINS <= n_bins <= MAX_BINS:
        raise ParameterError(f"n_bins={n_bins}.", allowed=f"{MIN_BINS} to {MAX_BINS}.")


def _column(name: str, values: ArrayLike) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1:
        raise DataError(f"{name} has shape {column.shape}.", allowed="One value a customer.")
    bad = int((~np.isfinite(column)).sum())
    if bad:
        raise DataError(
            f"{bad:,} of {column.size:,} values of {name} are not finite.",
            hint="Fill or drop them first.",
        )
    return column


def _columns(recency: ArrayLike, frequency: ArrayLike, monetary: ArrayLike) -> tuple[Floats, ...]:
    given = (recency, frequency, monetary)
    columns = tuple(_column(name, values) for name, values in zip(NAMES, given, strict=True))
    if len({column.size for column in columns}) > 1:
        raise DataError(f"The columns have {[column.size for column in columns]} values.")
    return columns
