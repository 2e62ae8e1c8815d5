"""Ids that last: which segment of a new model is which of the old one, by its members.

An id is kept where at least half of the union stayed together, and is never given to
other customers later. All functions are pure: the registry that holds ids is the store's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from coterie.errors import ParameterError
from coterie.segmentation.base import Labels

KEEP = 0.5
"""Least Jaccard overlap at which a segment keeps its id and name."""
SPLIT = 0.3
"""Least share of a segment that counts as a part of another."""
N_SLOTS = 12


@dataclass(frozen=True)
class Matching:
    """What became of the segments from one model to the next.

    Parameters
    ----------
    ids : tuple of str
        Id of each new segment, by its number in the model.
    born : tuple of str
        Ids given for the first time, in order.
    ended : tuple of str
        Old ids that no new segment carries on, in the order of the old model.
    splits : dict of str to tuple of str
        Old id to the two or more new segments that hold 30 % of it each.
    merges : dict of str to tuple of str
        New id to the two or more old segments that make up 30 % of it each.
    parents : dict of str to tuple of str
        For each id born, the old segments that it holds 30 % of or is made of by 30 %.
    overlap : dict of str to float
        Jaccard overlap of each kept id.
    next_id : int
        Number of the next id.
    """

    ids: tuple[str, ...]
    born: tuple[str, ...]
    ended: tuple[str, ...]
    splits: dict[str, tuple[str, ...]]
    merges: dict[str, tuple[str, ...]]
    parents: dict[str, tuple[str, ...]]
    overlap: dict[str, float]
    next_id: int

    def changes(self, old: Labels, new: Labels, old_ids: Sequence[str]) -> dict[str, Any]:
        """Return what a person has to know of it, as JSON.

        Parameters
        ----------
        old, new : int32 arrays, shape (n,)
            The labels that were matched.
        old_ids : sequence of str
            Id of each old segment.

        Returns
        -------
        dict
            born, ended, splits, merges, overlap; of ``customers`` that both models place,
            how many ``moved`` to another id, and ``churn``, their share.
        """
        both = (old >= 0) & (new >= 0)
        before = np.array(old_ids, dtype=object)[old[both]] if both.any() else np.empty(0)
        after = np.array(self.ids, dtype=object)[new[both]] if both.any() else np.empty(0)
        moved, customers = int((before != after).sum()), int(both.sum())
        return {
            "born": list(self.born),
            "ended": list(self.ended),
            "splits": {name: list(parts) for name, parts in self.splits.items()},
            "merges": {name: list(parts) for name, parts in self.merges.items()},
            "overlap": dict(self.overlap),
            "customers": customers,
            "moved": moved,
            "churn": moved / customers if customers else None,
        }


def segment_id(number: int) -> str:
    """Return the id of the ``number``-th segment of a project, counted from 1.

    Examples
    --------
    >>> segment_id(7)
    'seg-007'
    """
    return f"seg-{number:03d}"


def match(
    old: Labels,
    new: Labels,
    old_ids: Sequence[str],
    *,
    n_new: int,
    next_id: int,
    born: Collection[int] = (),
    called: Sequence[tuple[int, int]] = (),
) -> Matching:
    """Give the segments of a new model their ids.

    Parameters
    ----------
    old, new : int32 arrays, shape (n,)
        Segment of each customer by the old and the new model on the same features;
        -1 where a model has none. Only customers with both count.
    old_ids : sequence of str
        Id of each old segment, by its number; empty for the first model.
    n_new : int
        Number of segments of the new model.
    next_id : int
        Number of the next free id, 1 or more.
    born : collection of int, default ()
        New segments that a refit knows to be new. They never get an old id, and their
        customers do not count when the others are matched: the old model put them
        somewhere only because it knew no better.
    called : sequence of (int, int), default ()
        (old, new) segments that a user calls the same. They are one where one of them has no
        customers, so that no members can tell.

    Returns
    -------
    Matching
        Ids by the assignment of greatest total Jaccard overlap (Hungarian method); a
        pair below one half is not the same segment.

    Raises
    ------
    ParameterError
        If lengths differ, a label is out of range or an old id occurs twice.

    References
    ----------
    Spiliopoulou et al. (2006), MONIC: modeling and monitoring cluster transitions.

    Examples
    --------
    >>> first = match(np.array([-1, -1]), np.array([0, 1]), [], n_new=2, next_id=1)
    >>> first.ids, first.next_id
    (('seg-001', 'seg-002'), 3)
    >>> again = match(np.array([0, 1]), np.array([1, 0]), first.ids, n_new=2, next_id=3)
    >>> again.ids
    ('seg-002', 'seg-001')
    """
    _check(old, new, old_ids, n_new)
    shared = _shared(old, new, (len(old_ids), n_new))
    from_old, in_new = shared.sum(axis=1, keepdims=True), shared.sum(axis=0, keepdims=True)
    grown = np.isin(np.arange(n_new), list(born))
    counted = np.where(grown, 0.0, shared)
    union = counted.sum(axis=1, keepdims=True) + counted.sum(axis=0, keepdims=True) - counted
    jaccard = counted / np.maximum(union, 1)
    pairs = np.column_stack(scipy.optimize.linear_sum_assignment(-jaccard)).tolist()
    kept: dict[int, int] = {j: i for i, j in pairs if jaccard[i, j] >= KEEP}
    for i, j in called:
        nobody = not from_old[i, 0] or not in_new[0, j]
        if nobody and j not in kept and i not in kept.values():
            kept[j] = i
    ids = []
    for j in range(n_new):
        ids.append(old_ids[kept[j]] if j in kept else segment_id(next_id))
        next_id += j not in kept
    parts = shared / np.maximum(from_old, 1) >= SPLIT
    makers = shared / np.maximum(in_new, 1) >= SPLIT
    fresh = [j for j in range(n_new) if j not in kept]
    return Matching(
        ids=tuple(ids),
        born=tuple(ids[j] for j in fresh),
        ended=tuple(name for i, name in enumerate(old_ids) if i not in kept.values()),
        splits=_several(old_ids, ids, parts),
        merges=_several(ids, old_ids, makers.T),
        parents={ids[j]: _pick(old_ids, parts[:, j] | makers[:, j]) for j in fresh},
        overlap={
            ids[j]: float(jaccard[i, j]) for j, i in sorted(kept.items()) if jaccard[i, j] > 0
        },
        next_id=next_id,
    )


def settle_name(current: str, answer: str, proposed: str) -> tuple[str, str]:
    """Return the name a segment has in a new model, and the one that waits for the next.

    Parameters
    ----------
    current : str
        The name so far.
    answer : str
        What the naming rule says of the segment now.
    proposed : str
        The other name that it said at the model before; empty if it agreed.

    Returns
    -------
    (str, str)
        The name changes only when the rule gives the same new answer twice running.

    Examples
    --------
    >>> settle_name("Loyal", "At risk", proposed="")
    ('Loyal', 'At risk')
    >>> settle_name("Loyal", "At risk", proposed="At risk")
    ('At risk', '')
    >>> settle_name("Loyal", "Loyal", proposed="At risk")
    ('Loyal', '')
    """
    if answer == current:
        return current, ""
    return (answer, "") if answer == proposed else (current, answer)


def slots(count: int, live: Sequence[int], retired: Sequence[int]) -> tuple[int, ...]:
    """Return the colour slots of newly born segments.

    Parameters
    ----------
    count : int
        How many are born.
    live : sequence of int
        Slots of the segments that live on.
    retired : sequence of int
        Slots of those that ended, the earliest first.

    Returns
    -------
    tuple of int
        The lowest slots of 1 to 12 never used, then those of the retired, the earliest
        first; beyond twelve segments the slot with the fewest, the lowest first.

    Examples
    --------
    >>> slots(3, live=[1, 3], retired=[2])
    (4, 5, 6)
    >>> slots(2, live=[1, 3, 4, 5, 6, 7, 8, 9, 10, 11], retired=[2])
    (12, 2)
    """
    used = list(live)
    last_ended = {slot: place for place, slot in enumerate(retired, start=1)}
    for _ in range(count):
        used.append(
            min(
                range(1, N_SLOTS + 1),
                key=lambda slot: (used.count(slot), last_ended.get(slot, 0), slot),
            )
        )
    return tuple(used[len(live) :])


def _shared(old: Labels, new: Labels, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Count the customers of each old segment in each new one."""
    both = (old >= 0) & (new >= 0)
    shared = np.zeros(shape)
    np.add.at(shared, (old[both], new[both]), 1)
    return shared


def _several(
    ones: Sequence[str], others: Sequence[str], part: NDArray[np.bool_]
) -> dict[str, tuple[str, ...]]:
    """Return for each of ``ones`` with two or more parts among ``others`` which they are."""
    return {one: _pick(others, row) for one, row in zip(ones, part, strict=True) if row.sum() > 1}


def _pick(names: Sequence[str], chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(name for name, yes in zip(names, chosen, strict=True) if yes)


def _check(old: Labels, new: Labels, old_ids: Sequence[str], n_new: int) -> None:
    if len(old) != len(new):
        raise ParameterError(f"{len(old)} old and {len(new)} new labels: they must be one each.")
    if len(set(old_ids)) < len(old_ids):
        raise ParameterError(f"An id occurs twice in {', '.join(old_ids)}.")
    if old.max(initial=-1) >= len(old_ids) or new.max(initial=-1) >= n_new:
        raise ParameterError("A label is beyond the number of segments.")
