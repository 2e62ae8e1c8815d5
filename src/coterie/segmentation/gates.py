"""The rule of choice: gates first, then P, then the fewest segments.

Proofs cost far more than P, so they are asked for only where P is near the best, and
further down only if nothing there passes. On a static table P sees no later behaviour
and rises with k even past groups that are really there; so there natural ones go first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from coterie.errors import ParameterError
from coterie.segmentation.wishes import Weights

NEAR = 0.05
"""Below the best P by more than this, proofs are asked for only in need."""
TOLERANCE = 0.02
"""P of two segmentations that differ by less counts as the same."""
STRICT, RELAXED = (0.75, 0.6, 0.8), (0.7, 0.5, 0.75)
"""Least S_w, S_min and D."""

MOST_DIGITS = 3
"""Decimals of a percentage that misses its gate by less than can be seen."""

Level = Literal["strict", "relaxed", "none"]
_LEVELS: tuple[tuple[Level, tuple[float, float, float]], ...]
_LEVELS = (("strict", STRICT), ("relaxed", RELAXED))


def percent(found: float, needed: float) -> str:
    """Write a share so that it can be seen on which side of the needed one it is.

    Parameters
    ----------
    found, needed : float
        Shares, 0 to 1.

    Returns
    -------
    str
        With up to three decimals, fewest first.

    Examples
    --------
    >>> percent(0.712, 0.75), percent(0.7481, 0.75), percent(0.75, 0.75)
    ('71%', '74.8%', '75%')
    """
    texts = [f"{found:.{digits}%}" for digits in range(MOST_DIGITS + 1)]
    told = (t for t in texts if (float(t[:-1]) < 100 * needed) == (found < needed))
    return next(told, texts[-1])


@dataclass(frozen=True)
class Entry:
    """A segmentation as it enters the choice: its size, its P and the gate of substance.

    The silhouette counts only where a user gives it a weight.
    """

    k: int
    p: float
    substantial: bool
    silhouette: float | None = None


@dataclass(frozen=True)
class Proof:
    """What the gates ask of a segmentation.

    Parameters
    ----------
    weighted, least : float
        S_w and S_min; see ``stability``.
    described : float
        D; see ``describability``.
    """

    weighted: float
    least: float
    described: float

    def passes(self, gate: tuple[float, float, float]) -> bool:
        """Return whether S_w, S_min and D reach the gate."""
        return self.weighted >= gate[0] and self.least >= gate[1] and self.described >= gate[2]


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Parameters
    ----------
    index : int or None
        Place of the chosen entry; None if nothing passes even the relaxed gates.
    level : {"strict", "relaxed", "none"}
        Which gates it passed.
    proofs : dict
        By place of the entry, all that were asked for.
    natural : bool
        Whether it was chosen for being natural.
    """

    index: int | None
    level: Level
    proofs: dict[int, Proof]
    natural: bool = False


def choose(
    entries: Sequence[Entry],
    prove: Callable[[int], Proof],
    *,
    natural: Callable[[int], bool] | None = None,
) -> Choice:
    """Choose by METHODS' rule.

    Parameters
    ----------
    entries : sequence of Entry
        Every candidate; references are left out by the caller.
    prove : callable
        Given the place of an entry, its proof; called at most once for each.
    natural : callable, optional
        Given the place of an entry, whether ``structure.is_natural``. To be given where
        P comes from leaving features out, and only there: natural entries that pass the
        strict gates then win over all others.

    Returns
    -------
    Choice
        Among those that pass, within .02 of the best P, the one with the fewest
        segments, then the highest S_w, then P, then the first.

    Raises
    ------
    ParameterError
        If there are no entries.

    Examples
    --------
    >>> entries = [Entry(2, 0.5, True), Entry(5, 0.89, True), Entry(7, 0.9, True)]
    >>> steady = Proof(0.9, 0.8, 0.9)
    >>> choose(entries, lambda place: steady).index
    1
    """
    if not entries:
        raise ParameterError("There is nothing to choose from.")
    order = sorted(
        (i for i, entry in enumerate(entries) if entry.substantial),
        key=lambda i: (-entries[i].p, i),
    )
    if natural is not None:
        proofs = {i: prove(i) for i in order if natural(i)}
        there = [i for i in proofs if proofs[i].passes(STRICT)]
        if there:
            return Choice(_smallest(there, entries, proofs), "strict", proofs, natural=True)
    else:
        proofs = {}
    _prove_from_the_top(entries, order, prove, proofs)
    for level, gate in _LEVELS:
        passing = [i for i in proofs if proofs[i].passes(gate)]
        if passing:
            return Choice(_smallest(passing, entries, proofs), level, proofs)
    return Choice(None, "none", proofs)


def choose_weighted(
    entries: Sequence[Entry], prove: Callable[[int], Proof], weights: Weights
) -> Choice:
    """Choose by the weights of a user: the gates first, then the highest weighted mean.

    Parameters
    ----------
    entries : sequence of Entry
        Every candidate; references are left out by the caller.
    prove : callable
        Given the place of an entry, its proof; called at most once for each, and not for
        entries that could not win even if they came back whole.
    weights : Weights
        Of the criteria.

    Returns
    -------
    Choice
        Among those that pass, the one with the highest weighted mean, then the fewest
        segments, then the highest S_w, then the first.

    Raises
    ------
    ParameterError
        If there are no entries.

    Examples
    --------
    >>> entries = [Entry(3, 0.7, True), Entry(7, 0.9, True)]
    >>> proofs = [Proof(0.98, 0.9, 0.9), Proof(0.8, 0.7, 0.9)]
    >>> choose_weighted(entries, proofs.__getitem__, Weights(value=1, stability=1)).index
    1
    >>> choose_weighted(entries, proofs.__getitem__, Weights(value=1, stability=2)).index
    0
    """
    if not entries:
        raise ParameterError("There is nothing to choose from.")
    most = {
        i: weights.mean(value=entry.p, silhouette=entry.silhouette)
        for i, entry in enumerate(entries)
        if entry.substantial
    }
    proofs: dict[int, Proof] = {}
    means: dict[int, float] = {}
    best = -1.0
    for i in sorted(most, key=lambda i: (-most[i], i)):
        if most[i] < best:
            break
        proofs[i] = found = prove(i)
        means[i] = weights.mean(
            value=entries[i].p,
            silhouette=entries[i].silhouette,
            stability=found.weighted,
            describability=found.described,
        )
        if found.passes(STRICT):
            best = max(best, means[i])
    for level, gate in _LEVELS:
        passing = [i for i in proofs if proofs[i].passes(gate)]
        if passing:
            order = {i: (-means[i], entries[i].k, -proofs[i].weighted, i) for i in passing}
            return Choice(min(passing, key=order.__getitem__), level, proofs)
    return Choice(None, "none", proofs)


def _prove_from_the_top(
    entries: Sequence[Entry],
    order: Sequence[int],
    prove: Callable[[int], Proof],
    proofs: dict[int, Proof],
) -> None:
    """Add proofs by falling P until nothing below could be chosen."""
    floor = entries[order[0]].p - NEAR if order else 0.0
    for i in order:
        if entries[i].p < floor:
            passing = [entries[j].p for j in proofs if proofs[j].passes(STRICT)]
            if passing and entries[i].p < max(passing) - TOLERANCE:
                return
            floor = entries[i].p - (0.0 if passing else NEAR)
        if i not in proofs:
            proofs[i] = prove(i)


def _smallest(passing: Sequence[int], entries: Sequence[Entry], proofs: dict[int, Proof]) -> int:
    enough = max(entries[i].p for i in passing) - TOLERANCE
    near = [i for i in passing if entries[i].p >= enough]
    return min(near, key=lambda i: (entries[i].k, -proofs[i].weighted, -entries[i].p, i))
