"""Whether a segmentation comes back: refit on resampled customers, and compare members.

It is a gate, never the objective: two segments of which one is everybody come back
best of all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coterie.errors import ParameterError
from coterie.segmentation.base import Floats, Labels
from coterie.segmentation.parallel import each

N_SAMPLES = 20
_AT_ONCE = 4
"""Samples between two looks at the gate, whatever the number of threads."""

Rows = NDArray[np.int64]
Refit = Callable[[Rows, int], Labels]
"""Fits the whole pipeline on these rows (some several times) and labels all customers."""


@dataclass(frozen=True)
class Returning:
    """How well one segment comes back.

    Parameters
    ----------
    mean : float
        Mean over the samples of its best Jaccard overlap with a segment of the refit:
        under .5 it dissolves, .75 is valid, .85 highly stable (Hennig).
    low, high : float
        Where 95 % of the samples lie.
    """

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Stability:
    """How well the segments of a fit come back on bootstrap samples.

    Parameters
    ----------
    weighted : float
        Mean overlap, weighted by size (S_w).
    least : float
        That of the segment that comes back worst (S_min).
    segments : tuple of Returning
        In the order of the segments' numbers.
    n : int
        Samples it rests on; fewer than asked for if the gate was out of reach by then.
    passed : bool or None
        Whether the gate holds; None if none was given.
    """

    weighted: float
    least: float
    segments: tuple[Returning, ...]
    n: int
    passed: bool | None = None


def stability(
    labels: Labels,
    refit: Refit,
    *,
    seed: int,
    n: int = N_SAMPLES,
    gate: tuple[float, float] | None = None,
) -> Stability:
    """Measure how well segments come back.

    Parameters
    ----------
    labels : int32 array, shape (n_customers,)
        Segments of the fit on all customers; any whole numbers from 0.
    refit : callable
        Given the rows of a bootstrap sample (ascending, with repeats) and a seed, the
        labels of all customers by a fit of the *whole* pipeline on that sample alone:
        scaling, customer value, segments. The labels may be numbered in any way.
    seed : int
        Of the samples.
    n : int, default 20
        Bootstrap samples.
    gate : (float, float), optional
        Least S_w and S_min. Sampling ends as soon as they cannot be reached even if all
        that is left came back whole, so it never changes who passes.

    Returns
    -------
    Stability
        The same at any number of threads.

    Raises
    ------
    ParameterError
        If there are no customers, ``n`` is below 1, or a refit labels other than all customers.

    References
    ----------
    Hennig (2007), Cluster-wise assessment of cluster stability.

    Examples
    --------
    >>> labels = np.array([0, 0, 1, 1], dtype=np.int32)
    >>> found = stability(labels, lambda rows, seed: 1 - labels, seed=0, gate=(0.75, 0.6))
    >>> found.weighted, found.least, found.passed
    (1.0, 1.0, True)
    """
    if not labels.size or n < 1:
        raise ParameterError(f"{labels.size} customers and n={n}.", allowed="Both are 1 or more.")
    random = np.random.default_rng(seed)
    numbers, own = np.unique(labels, return_inverse=True)
    shares = np.bincount(own) / labels.size
    overlaps = np.zeros((n, len(numbers)))
    done, passed = 0, None

    def overlap(draw: tuple[Rows, int]) -> Floats:
        again = refit(*draw)
        if again.shape != labels.shape:
            raise ParameterError(f"A refit labels {again.shape}, not all {labels.size} customers.")
        return best_overlap(own.astype(np.int32), again)

    while done < n and passed is not False:
        draws = []
        for _ in range(min(_AT_ONCE, n - done)):
            rows = np.sort(random.integers(0, labels.size, labels.size))
            draws.append((rows, int(random.integers(2**31))))
        for found in each(overlap, draws):
            overlaps[done] = found
            done += 1
        if gate is not None:
            means = (overlaps[:done].sum(axis=0) + (n - done)) / n
            passed = bool(shares @ means >= gate[0] and means.min() >= gate[1])
    overlaps = overlaps[:done]
    means = overlaps.mean(axis=0)
    segments = tuple(map(_returning, overlaps.T))
    return Stability(float(shares @ means), float(means.min()), segments, done, passed)


def best_overlap(labels: Labels, again: Labels) -> Floats:
    """Return, for each segment of ``labels``, its best Jaccard overlap with one of ``again``.

    Parameters
    ----------
    labels : int32 array, shape (n,)
        Numbered from 0 without gaps.
    again : int array, shape (n,)
        Numbered in any way.

    Returns
    -------
    float64 array, shape (n_segments,)
        Customers in both over customers in either, 0 to 1.

    Examples
    --------
    >>> best_overlap(np.array([0, 0, 0, 1]), np.array([5, 5, 2, 2])).round(2).tolist()
    [0.67, 0.5]
    """
    names, other = np.unique(again, return_inverse=True)
    k, m = int(labels.max()) + 1, len(names)
    shared = np.bincount(labels.astype(np.int64) * m + other, minlength=k * m).reshape(k, m)
    either = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared
    return np.asarray((shared / either).max(axis=1), dtype=np.float64)


def _returning(overlaps: Floats) -> Returning:
    low, high = np.quantile(overlaps, [0.025, 0.975])
    return Returning(float(overlaps.mean()), float(low), float(high))
