"""Predictions of scikit-learn's boosted trees for many rows: the same bits, sooner.

scikit-learn walks down every tree with every row. Here each question of a tree is one
comparison of bytes for all rows: whoever goes right cannot end in a leaf to the left, and the
first leaf that is left over is hers.

References
----------
Lucchese et al. (2015), QuickScorer: a fast algorithm to rank documents with additive
ensembles of regression trees. SIGIR.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coterie.segmentation.parallel import each

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]
Bits = NDArray[np.bool_]

MOST_LEAVES = 8
"""Leaves of a tree: a bit of a byte each."""
_CHUNK = 65_536
"""Rows whose bytes stay in the cache of a core."""
_MISSING = 255
"""Code of what is not known; a model has at most 254 thresholds or categories of a column."""


@dataclass(frozen=True)
class _Question:
    """Where rows go right, and the leaves to its left, as bits.

    ``right`` says of each code whether it goes right, where no threshold (``above``) does.
    """

    column: int
    above: int
    missing_left: bool
    right: Bits | None
    leaves: int


@dataclass(frozen=True)
class _Tree:
    """The questions of a tree, and the value of each set of leaves that were ruled out."""

    questions: tuple[_Question, ...]
    values: Floats


def raw_scores(model: Any, features: Floats) -> Floats:
    """Return what a model's trees add up to, before the link function.

    Parameters
    ----------
    model : HistGradientBoostingClassifier or HistGradientBoostingRegressor
        Fitted, with at most ``MOST_LEAVES`` leaves a tree.
    features : float64 array, shape (n, n_features)
        As at the fit; NaN is not known.

    Returns
    -------
    float64 array, shape (n, n_trees_per_iteration)
        Bit for bit as scikit-learn's own, at any number of threads.

    Examples
    --------
    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> known = np.arange(60.0).reshape(-1, 1)
    >>> model = HistGradientBoostingRegressor(max_iter=3, max_leaf_nodes=8)
    >>> model = model.fit(known, known[:, 0] > 30)
    >>> bool((raw_scores(model, known)[:, 0] == model.predict(known)).all())
    True
    """
    # scikit-learn shows the splits nowhere else; a test holds that we answer as it does.
    grown = model._predictors
    limits = _limits(grown, features.shape[1])
    trees = [[_tree(model, tree, limits) for tree in step] for step in grown]
    base = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1)

    def add_up(part: slice) -> Floats:
        rows = features[part]
        if model._preprocessor is not None:  # puts categories first, numbered from 0
            rows = model._preprocessor.transform(rows)
        codes = [_code(rows[:, j], limit) for j, limit in enumerate(limits)]
        known = [np.where(code == _MISSING, 0, code).astype(np.uint8) for code in codes]
        total = np.repeat(base[:, None], len(codes[0]), axis=1)
        for step in trees:
            for k, tree in enumerate(step):
                total[k] += _values(tree, codes, known)
        return np.ascontiguousarray(total.T)

    parts = [slice(at, at + _CHUNK) for at in range(0, len(features), _CHUNK)]
    return np.concatenate([np.zeros((0, len(base))), *each(add_up, parts)])


def predict(model: Any, features: Floats) -> Floats:
    """Return the predictions of a regression model, as ``model.predict`` does.

    Parameters
    ----------
    model, features
        As for ``raw_scores``.

    Returns
    -------
    float64 array, shape (n,)
    """
    found: Floats = model._loss.link.inverse(raw_scores(model, features).ravel())
    return found


def chances(model: Any, features: Floats) -> Floats:
    """Return the chances of a classifier, as ``model.predict_proba`` does.

    Parameters
    ----------
    model, features
        As for ``raw_scores``.

    Returns
    -------
    float64 array, shape (n, n_classes)
    """
    found: Floats = model._loss.predict_proba(raw_scores(model, features))
    return found


def _limits(grown: Any, columns: int) -> list[Floats | None]:
    """Return the thresholds of each column, ascending; None for one of categories."""
    nodes = np.concatenate([tree.nodes for step in grown for tree in step])
    asked = nodes[nodes["is_leaf"] == 0]
    found: list[Floats | None] = []
    for column in range(columns):
        mine = asked[asked["feature_idx"] == column]
        found.append(None if mine["is_categorical"].any() else np.unique(mine["num_threshold"]))
    return found


def _code(values: Floats, limits: Floats | None) -> Codes:
    """Return how many thresholds lie below each value, or the category itself."""
    if limits is None:
        fits = (values >= 0) & (values < _MISSING)
        return np.where(fits, values, _MISSING).astype(np.uint8)
    codes = np.searchsorted(limits, values).astype(np.uint8)
    return np.where(np.isnan(values), np.uint8(_MISSING), codes)


def _tree(model: Any, tree: Any, limits: Sequence[Floats | None]) -> _Tree:
    nodes = tree.nodes
    leaves: list[float] = []
    questions: list[_Question] = []

    def walk(at: int) -> int:
        """Return the leaves below a node as bits, numbered from left to right."""
        node = nodes[at]
        if node["is_leaf"]:
            leaves.append(float(node["value"]))
            return 1 << (len(leaves) - 1)
        left = walk(int(node["left"]))
        column, limit = int(node["feature_idx"]), limits[int(node["feature_idx"])]
        missing_left = bool(node["missing_go_to_left"])
        above = 0 if limit is None else int(np.searchsorted(limit, node["num_threshold"]))
        right = _right(model, tree, node) if limit is None else None
        questions.append(_Question(column, above, missing_left, right, left))
        return left | walk(int(node["right"]))

    walk(0)
    if len(leaves) > MOST_LEAVES:
        raise ValueError(f"A tree of {len(leaves)} leaves; at most {MOST_LEAVES}.")
    values = np.zeros(256)
    for ruled_out in range(256):
        over = [leaf for leaf in range(len(leaves)) if not ruled_out >> leaf & 1]
        values[ruled_out] = leaves[over[0]] if over else 0.0
    return _Tree(tuple(questions), values)


def _right(model: Any, tree: Any, node: Any) -> Bits:
    """Return which categories go right; one that was never seen goes where missing ones go."""
    known_bits, places = model._bin_mapper.make_known_categories_bitsets()
    left = _as_flags(tree.raw_left_cat_bitsets[node["bitset_idx"]])
    known = _as_flags(known_bits[places[node["feature_idx"]]])
    known[_MISSING] = False
    return np.where(known, ~left, not node["missing_go_to_left"])


def _as_flags(words: NDArray[np.uint32]) -> Bits:
    return np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little").astype(np.bool_)


def _values(tree: _Tree, codes: Sequence[Codes], known: Sequence[Codes]) -> Floats:
    """Return the value that a tree gives each row."""
    ruled_out = np.zeros(len(codes[0]), dtype=np.uint8)
    for one in tree.questions:
        if one.right is not None:
            right = one.right.take(codes[one.column])
        else:
            right = (known if one.missing_left else codes)[one.column] > np.uint8(one.above)
        ruled_out |= right.view(np.uint8) * np.uint8(one.leaves)
    found: Floats = tree.values.take(ruled_out)
    return found
