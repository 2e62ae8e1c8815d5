"""D: whether a few rules on raw features tell who is in which segment.

Measured on customers that the rules were not made from: a tree that has learnt its
customers by heart describes nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coterie.errors import ParameterError
from coterie.features.threads import one_thread
from coterie.segmentation.base import Floats, Labels

N_FOLDS = 5
LEAVES_PER_SEGMENT = 2
MISSING_DROP, MISSING_INDICATOR = 0.6, 0.05


@dataclass(frozen=True)
class Described:
    """How well rules describe one segment, on customers they were not made from.

    Parameters
    ----------
    recall : float
        Share of the segment's customers whom the rules put into it.
    precision : float
        Share of those put into it who belong there; 0 if the rules put nobody there.
    """

    recall: float
    precision: float


@dataclass(frozen=True)
class Describability:
    """How well rules describe a segmentation.

    Parameters
    ----------
    accuracy : float
        Share of customers whom the rules put where they belong (D).
    segments : tuple of Described
        In the order of the segments' numbers.
    """

    accuracy: float
    segments: tuple[Described, ...]


def describability(labels: Labels, raw: Floats, *, seed: int) -> Describability:
    """Measure how well a small tree on raw features gives the segments back.

    Parameters
    ----------
    labels : int32 array, shape (n,)
        The segments, any whole numbers from 0.
    raw : float64 array, shape (n, n_features)
        Features as people know them (days, orders, money), not scaled; 0 or 1 for a
        level. NaN is missing: more than 60 % drops the feature; else the median of the
        learning customers stands in, with an indicator beside it from 5 % on.
    seed : int
        Of the folds and of ties between equally good splits.

    Returns
    -------
    Describability
        Over 5 folds, each holding its share of every segment; trees of at most two
        leaves a segment, each leaf of at least max(5, n / 500) customers.

    Raises
    ------
    ParameterError
        If rows differ, there are fewer than 5, or a value is infinite.

    References
    ----------
    Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees.

    Examples
    --------
    >>> days = np.array([[3.0], [90.0]]).repeat(50, axis=0)
    >>> describability(np.array([0, 1]).repeat(50), days, seed=0).accuracy
    1.0
    """
    n = len(labels)
    if len(raw) != n or n < N_FOLDS or np.isinf(raw).any():
        raise ParameterError(
            f"{n} labels and features of {raw.shape}.",
            allowed=f"As many rows, at least {N_FOLDS}, and no infinite values.",
        )
    numbers, places = np.unique(labels, return_inverse=True)
    own = places.astype(np.int32)
    kept = raw[:, np.isnan(raw).mean(axis=0) <= MISSING_DROP]
    fold = folds(own, seed)
    told = np.zeros(n, dtype=np.int32)
    with one_thread():
        for held_out in range(N_FOLDS):
            test = fold == held_out
            told[test] = _told(kept, own, test, len(numbers), seed)
    hits = np.bincount(own[told == own], minlength=len(numbers))
    sizes, put = np.bincount(own), np.bincount(told, minlength=len(numbers))
    return Describability(
        float(hits.sum() / n),
        tuple(
            Described(float(hit / size), float(hit / max(chosen, 1)))
            for hit, size, chosen in zip(hits, sizes, put, strict=True)
        ),
    )


def folds(labels: Labels, seed: int) -> NDArray[np.int64]:
    """Return the fold, 0 to 4, of each customer; every fold holds its share of each segment.

    Examples
    --------
    >>> folds(np.zeros(10, np.int32), seed=0).tolist().count(4)
    2
    """
    fold = np.empty(len(labels), dtype=np.int64)
    order = np.random.default_rng(seed).permutation(len(labels))
    fold[order[np.argsort(labels[order], kind="stable")]] = np.arange(len(labels)) % N_FOLDS
    return fold


def least_leaf(n: int) -> int:
    """Return the fewest of ``n`` customers that a rule may rest on.

    Examples
    --------
    >>> least_leaf(100), least_leaf(50_000)
    (5, 100)
    """
    return max(5, n // 500)


def _told(raw: Floats, own: Labels, test: NDArray[np.bool_], k: int, seed: int) -> Labels:
    """Return where rules learnt from the other folds put the customers of a fold."""
    if not raw.shape[1] or k < 2:
        most = np.argmax(np.bincount(own[~test]))
        return np.full(int(test.sum()), most, dtype=np.int32)
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(
        max_leaf_nodes=LEAVES_PER_SEGMENT * k,
        min_samples_leaf=least_leaf(len(own)),
        random_state=seed,
    )
    gaps = np.isnan(raw)
    middle = np.array([_median(column[~test]) for column in raw.T])
    shown = gaps[:, gaps.mean(axis=0) > MISSING_INDICATOR]
    filled = np.column_stack([np.where(gaps, middle, raw), shown])
    return np.asarray(tree.fit(filled[~test], own[~test]).predict(filled[test]), dtype=np.int32)


def _median(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(np.median(known)) if known.size else 0.0
