"""Boxes: a few conditions on raw features that hold together, cut out of a tree.

A leaf can ask a feature twice and eight features in all; people read three. What is
dropped is what tells least, and a condition that tells nothing is dropped too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coterie.segmentation.base import Floats, Labels
from coterie.segmentation.tree import TreeModel

MOST_CONDITIONS = 3

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Condition:
    """``low < x <= high`` of one column; an end that is None is open."""

    asked: int
    low: float | None
    high: float | None

    def holds(self, raw: Floats) -> Flags:
        """Return whom it holds for, shape (n,)."""
        values = raw[:, self.asked]
        held = np.ones(len(raw), dtype=np.bool_)
        if self.low is not None:
            held &= values > self.low
        if self.high is not None:
            held &= values <= self.high
        return held


Box = tuple[Condition, ...]


def short_boxes(tree: TreeModel, raw: Floats, labels: Labels, k: int) -> dict[int, Box]:
    """Return for each segment the short conditions that describe it best.

    Parameters
    ----------
    tree : TreeModel
        Its segments are the labels.
    raw : float64 array, shape (n, n_columns)
        What the tree asks about.
    labels : int32 array, shape (n,)
        The segments.
    k : int
        Number of segments.

    Returns
    -------
    dict of int to Box
        At most three conditions, those of the leaf, or of the box around all leaves, with the
        highest F1. Segments without a leaf are left out.
    """
    leaves: dict[int, list[Box]] = {}
    for segment, box in _leaves(tree, 0, ()):
        leaves.setdefault(segment, []).append(box)
    found = {}
    for segment in range(k):
        boxes = leaves.get(segment, [])
        own = labels == segment
        tried = [*boxes, *([_hull(boxes)] if len(boxes) > 1 else [])]
        scored = [_shortened(box, raw, own) for box in tried if box]
        if scored:
            found[segment] = max(scored, key=lambda pair: pair[0])[1]
    return found


def _leaves(tree: TreeModel, at: int, box: Box) -> list[tuple[int, Box]]:
    if at < 0:
        return [(-1 - at, box)]
    split = tree.splits[at]
    return [
        *_leaves(tree, split.yes, _narrowed(box, Condition(split.column, None, split.threshold))),
        *_leaves(tree, split.no, _narrowed(box, Condition(split.column, split.threshold, None))),
    ]


def _narrowed(box: Box, more: Condition) -> Box:
    """Return the box with one more end, the ends of a column kept in one condition."""
    for i, known in enumerate(box):
        if known.asked == more.asked:
            low = known.low if more.low is None else more.low
            high = known.high if more.high is None else more.high
            return (*box[:i], replace(known, low=low, high=high), *box[i + 1 :])
    return (*box, more)


def _hull(boxes: Sequence[Box]) -> Box:
    """Return the smallest box around all boxes."""
    hull = []
    for column in dict.fromkeys(c.asked for box in boxes for c in box):
        ends = [next((c for c in box if c.asked == column), None) for box in boxes]
        lows = [c.low if c else None for c in ends]
        highs = [c.high if c else None for c in ends]
        low = None if None in lows else min(x for x in lows if x is not None)
        high = None if None in highs else max(x for x in highs if x is not None)
        if low is not None or high is not None:
            hull.append(Condition(column, low, high))
    return tuple(hull)


def _shortened(box: Box, raw: Floats, own: Flags) -> tuple[float, Box]:
    """Drop conditions, the least telling first, until few are left and each tells something."""
    held = {condition: condition.holds(raw) for condition in box}
    best = _f1(box, held, own)
    while len(box) > 1:
        rest = [tuple(c for c in box if c is not out) for out in box]
        scores = [_f1(fewer, held, own) for fewer in rest]
        top = max(scores)
        if len(box) <= MOST_CONDITIONS and top < best:
            break
        box, best = rest[scores.index(top)], top
    return best, box


def _f1(box: Box, held: Mapping[Condition, Flags], own: Flags) -> float:
    inside = np.logical_and.reduce([held[condition] for condition in box])
    both = int((inside & own).sum())
    return 2 * both / max(int(inside.sum()) + int(own.sum()), 1)


def inside(raw: Floats, box: Box) -> Flags:
    """Return who is in a box, shape (n,)."""
    return np.asarray(np.logical_and.reduce([condition.holds(raw) for condition in box]))
