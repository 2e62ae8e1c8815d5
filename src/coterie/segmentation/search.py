"""What is tried, and what of it a budget leaves: by counts, never by the clock.

A search that stopped when time is up would choose otherwise on a slower machine. So the
list is cut before it begins, by what each try is expected to cost; the same input and the
same budget give the same bytes anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coterie.errors import DataError
from coterie.segmentation.base import Algorithm
from coterie.segmentation.candidates import Evidence, Reference, Space
from coterie.segmentation.centroids import KMeans
from coterie.segmentation.proofs import N_PROOF, Prover
from coterie.segmentation.stability import N_SAMPLES
from coterie.segmentation.wishes import Weights

_PER_DISTANCE = 1e-7
"""Seconds for one row, segment and column of a k-means fit, on one core of a usual server."""
_BESIDE = 10
"""How much longer the other algorithms take for one."""
_PER_DRAW = 5e-6
"""Seconds for one row in P, with its bootstraps."""
_PER_CEILING = 1.6e-4
"""Seconds for one row in what can be told of single customers, asked once a window."""
_EACH = 0.15
"""Seconds of a try whatever its size: the textbook indices."""
N_BESIDE = 10_000
"""Customers that all algorithms but the first are fitted on: k-means alone is cheap on more."""
_PROVEN = 6
"""Candidates that are proven in a usual search."""


@dataclass(frozen=True, eq=False)
class Earlier:
    """The same as of an earlier window: spaces, references and what happened in it."""

    spaces: tuple[Space, ...]
    references: tuple[Reference, ...]
    evidence: Evidence


@dataclass(frozen=True, eq=False)
class Search:
    """How to search.

    Parameters
    ----------
    algorithms : sequence of Algorithm
        Default k-means alone; the elbow is the first one's.
    prover : Prover, optional
        Proves candidates on today's customers; default on the spaces as they are given.
    earlier : Earlier, optional
        A window before that of the evidence; P is then the mean of both.
    budget : float, optional
        Seconds that the search may take; None for no limit.
    weights : Weights, optional
        Of the criteria, given by the user; default METHODS' rule.
    """

    algorithms: Sequence[Algorithm] = (KMeans(),)
    prover: Prover | None = None
    earlier: Earlier | None = None
    budget: float | None = None
    weights: Weights | None = None


@dataclass(frozen=True, eq=False)
class Try:
    """One candidate to be: a space, an algorithm and a number of segments."""

    space: Space
    algorithm: Algorithm
    k: int
    first: bool = True
    """Whether the algorithm is the first of the search; others see fewer customers."""

    @property
    def words(self) -> str:
        """What is tried, for the one who waits."""
        return f"{self.space.name}, {self.algorithm.name}, k = {self.k}"

    @property
    def rows(self) -> int:
        """Customers that it is fitted on."""
        return len(self.space.matrix) if self.first else min(len(self.space.matrix), N_BESIDE)

    @property
    def seconds(self) -> float:
        """What it is expected to cost in one window, its proof left out."""
        n, columns = self.space.matrix.shape
        times = 1 if self.first else _BESIDE
        fit = times * self.rows * _PER_DISTANCE * self.k * (columns + 3)
        return float(_EACH + n * _PER_DRAW + fit)


def list_tries(
    spaces: Sequence[Space], algorithms: Sequence[Algorithm], ks: Sequence[int]
) -> list[Try]:
    """List what to try; no space is asked for more segments than it has distinct customers.

    Parameters
    ----------
    spaces : sequence of Space
        One at least.
    algorithms : sequence of Algorithm
        Those that find their number of segments by themselves are tried once, with the most.
        All but the first are fitted on a sample.
    ks : sequence of int
        Numbers of segments, ascending.

    Returns
    -------
    list of Try
        By space, algorithm and number of segments.

    Raises
    ------
    DataError
        If no space has as many distinct customers as the fewest segments.
    """
    distinct = {space.name: len(np.unique(space.matrix, axis=0)) for space in spaces}
    most = max(distinct.values())
    if most < max(2, ks[0]):
        raise DataError(
            f"The features tell only {most} kind{'' if most == 1 else 's'} of customers apart.",
            allowed=f"{ks[0]} segments need {ks[0]} or more.",
            hint="Add features that vary, or ask for fewer segments.",
        )
    return [
        Try(space, algorithm, k, algorithm is algorithms[0])
        for space in spaces
        for algorithm in algorithms
        for k in (ks if algorithm.traits.takes_k else ks[-1:])
        if k <= distinct[space.name] or not algorithm.traits.takes_k
    ]


def afford(
    tries: Sequence[Try], budget: float | None, *, windows: int
) -> tuple[list[Try], tuple[str, ...]]:
    """Cut the list to what a budget is expected to pay for.

    Parameters
    ----------
    tries : sequence of Try
        Everything, in the order of trying.
    budget : float or None
        Seconds; None keeps all.
    windows : int
        Windows that each is judged in.

    Returns
    -------
    (list of Try, tuple of str)
        What is left, in the same order, one at least; and in words what is not. Spaces and
        algorithms are kept in their order of preference, and in each of them the numbers
        of segments nearest to 7, where P is usually near its best.
    """
    if budget is None:
        return list(tries), ()
    seen: dict[tuple[str, str], int] = {}
    for one in tries:
        seen.setdefault((one.space.name, one.algorithm.name), len(seen))
    preferred = sorted(
        tries,
        key=lambda one: (seen[one.space.name, one.algorithm.name], abs(one.k - _USUAL), one.k),
    )
    kept: list[Try] = []
    left = budget - windows * _PER_CEILING * max(len(one.space.matrix) for one in tries)
    for one in preferred:
        left -= one.seconds * windows + (_proof(one) if len(kept) < _PROVEN else 0.0)
        if left < 0 and kept:
            break
        kept.append(one)
    cut = [one.words for one in tries if one not in kept]
    return [one for one in tries if one in kept], tuple(cut)


_USUAL = 7


def _proof(one: Try) -> float:
    """Return the seconds that proving it takes."""
    n, columns = one.space.matrix.shape
    a_fit = min(n, N_PROOF) * (_PER_DISTANCE * one.k * (columns + 3) + 5e-6)
    return float(N_SAMPLES * a_fit)
