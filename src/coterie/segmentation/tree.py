"""A tree distilled from a score: segments as the leaves that best tell a number.

Thresholds are compared here in double precision, as SQL does; scikit-learn compares in
single precision, so a customer on a threshold can differ, which ``fidelity`` counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from coterie.engine.sql import identifier
from coterie.errors import DataError, NotReadyError, ParameterError
from coterie.features.catalogue import BOOSTED, CLV
from coterie.features.lenses import FeatureSet
from coterie.features.splits import Split, case_sql, leaves_of
from coterie.features.threads import one_thread
from coterie.segmentation.base import Floats, Labels, Placement, Traits
from coterie.segmentation.nearest import check_matrix, check_names
from coterie.segmentation.training import Training

LEAF_SHARE = 0.02
"""Least share of the customers in a leaf (the gate of substance asks the same)."""
MAX_DEPTH = 16
"""Deepest tree: its SQL is nested as deep."""
_TOLD = (BOOSTED.name, CLV.name)


@dataclass(frozen=True)
class TreeModel:
    """Splits that lead each customer to a segment.

    Parameters
    ----------
    n_columns : int
        Columns of the matrix.
    n_segments : int
        Leaves.
    splits : tuple of Split
        The first is the root, and a leaf is a segment; empty with a single segment.
    fidelity : float

    Examples
    --------
    >>> model = TreeModel(1, 2, (Split(0, 0.5, -1, -2),))
    >>> model.assign(np.array([[0.5], [0.6]])).tolist()
    [0, 1]
    >>> model.sql(["x"])
    'CASE WHEN "x" <= CAST(0.5e0 AS DOUBLE) THEN 0 ELSE 1 END'
    """

    n_columns: int
    n_segments: int
    splits: tuple[Split, ...]
    fidelity: float = 1.0
    kind: ClassVar[str] = "tree"

    def distances(self, matrix: Floats) -> Floats:
        """Return 0 for a customer's own segment and 1 for the others, shape (n, n_segments)."""
        costs = np.ones((len(matrix), self.n_segments))
        costs[np.arange(len(matrix)), self.assign(matrix)] = 0.0
        return costs

    def assign(self, matrix: Floats) -> Labels:
        """Return the leaf of each row, int32 of shape (n,)."""
        check_matrix(matrix, self.n_columns)
        return leaves_of(self.splits, matrix)

    def place(self, matrix: Floats) -> Placement:
        """Return segment, the same as runner-up, and margin 1: a tree knows no nearness."""
        labels = self.assign(matrix)
        return Placement(labels, labels, np.ones(len(labels)))

    def sql(self, columns: Sequence[str]) -> str:
        """Return an SQL expression for ``assign`` over matrix columns of these names."""
        check_names(columns, self.n_columns)
        names = [identifier(name) for name in columns]
        return case_sql(self.splits, names, [str(i) for i in range(self.n_segments)])

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON; numbers come back bit for bit."""
        return {
            "kind": self.kind,
            "n_columns": self.n_columns,
            "n_segments": self.n_segments,
            "splits": [[s.column, s.threshold, s.yes, s.no] for s in self.splits],
            "fidelity": self.fidelity,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TreeModel:
        """Return the model that ``to_dict`` wrote."""
        splits = tuple(Split(*split) for split in data["splits"])
        return cls(data["n_columns"], data["n_segments"], splits, float(data["fidelity"]))


class DistilledTree:
    """Regression tree (CART) with k leaves, fitted to a score; each leaf is a segment.

    Parameters
    ----------
    target : float64 array, shape (n,), optional
        The score of each row of ``fit``. Default: the last column of the matrix, which in
        a run is customer value (``telling_value``); the tree then asks about the other
        columns alone, because cutting the score itself would explain nothing.

    References
    ----------
    Breiman, Friedman, Olshen & Stone (1984), Classification and regression trees; Hinton,
    Vinyals & Dean (2015), Distilling the knowledge in a neural network, for the idea.

    Examples
    --------
    >>> orders = np.repeat([1.0, 2.0, 8.0, 9.0], 10)
    >>> model = DistilledTree(target=orders > 5).fit(orders[:, None], 2, seed=0)
    >>> model.sql(["orders"])
    'CASE WHEN "orders" <= CAST(5.0e0 AS DOUBLE) THEN 0 ELSE 1 END'
    """

    name = "tree"
    traits = Traits("rules as the segments, cut to tell a score: value, by default", sql=True)
    models = (TreeModel,)

    def __init__(self, target: Floats | None = None) -> None:
        self.target = target

    def fit(self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None) -> TreeModel:
        """Fit at most ``k`` segments; see ``Algorithm``. The least score has number 0.

        Parameters
        ----------
        matrix : float64 array, shape (n, n_columns)
            Finite values.
        k : int
            Number of leaves, 1 or more; fewer if a leaf would hold under 2 % of the rows.
        seed : int
            Breaks ties between columns that cut equally well.
        weights : float64 array, shape (n,), optional
            Weight of each row.

        Returns
        -------
        TreeModel
            The same for the same rows in any order.

        Raises
        ------
        DataError
            If the target has another length or is not finite, or as ``Algorithm`` says.
        """
        asked = self._asked(matrix)
        training = Training.of(np.column_stack([matrix, asked]), k, weights)
        rows, target = training.rows[:, :-1], training.rows[:, -1]
        n_features = max(1, rows.shape[1] - (self.target is None))
        if training.k == 1:
            return TreeModel(rows.shape[1], 1, ())
        from sklearn.tree import DecisionTreeRegressor

        learner = DecisionTreeRegressor(
            max_leaf_nodes=training.k,
            max_depth=MAX_DEPTH,
            min_weight_fraction_leaf=LEAF_SHARE,
            random_state=seed,
        )
        with one_thread():
            learner.fit(rows[:, :n_features], target, sample_weight=training.weights)
        return _model(learner, rows, training.weights)

    def _asked(self, matrix: Floats) -> Floats:
        if self.target is None:
            if matrix.ndim != 2 or not matrix.shape[1]:
                raise DataError(f"The matrix has shape {matrix.shape}; it needs a column.")
            return np.asarray(matrix[:, -1], dtype=np.float64)
        target = np.asarray(self.target, dtype=np.float64)
        if target.shape != matrix.shape[:1]:
            raise ParameterError(
                f"The target has shape {target.shape} for {len(matrix)} rows.",
                allowed="Give one score for each row of the matrix.",
                where="target",
            )
        return target


def telling_value(sets: Sequence[FeatureSet]) -> tuple[FeatureSet, ...]:
    """Return the feature sets that hold customer value, boosted or not, as their last column.

    Parameters
    ----------
    sets : sequence of FeatureSet
        Of a lens.

    Returns
    -------
    tuple of FeatureSet
        Ready for a tree without a target; columns that say the same twice are kept, since
        value must be, and a tree does not mind. Of both values boosted value is told, and
        the other is no question either: it says the same.

    Raises
    ------
    NotReadyError
        If none holds customer value and a column to tell it by.

    Examples
    --------
    >>> from coterie.features.matrix import Wanted
    >>> (found,) = telling_value([FeatureSet("mine", (Wanted("clv"), Wanted("recency")))])
    >>> found.columns
    ('recency', 'clv')
    """
    found = []
    for one in sets:
        value = {want.name: want for want in one.wanted if want.name in _TOLD}
        others = tuple(want for want in one.wanted if want.name not in _TOLD)
        if value and others:
            told = value.get(BOOSTED.name) or value[CLV.name]
            found.append(replace(one, wanted=(*others, told), grouped=False))
    if not found:
        raise NotReadyError(
            "The algorithm 'tree' tells customer value, and these features do not have it.",
            allowed="It needs orders of 100 repeat buyers and 90 days, and the lens value, or "
            f"{CLV.name!r} among the features of the lens custom.",
            hint="Take another algorithm, such as kmeans.",
            where="algorithm",
        )
    return tuple(found)


def _model(learner: Any, rows: Floats, weights: Floats) -> TreeModel:
    """Write a fitted tree as splits, its leaves numbered by their score."""
    tree = learner.tree_
    leaves = np.flatnonzero(tree.children_left < 0)
    order = np.argsort(tree.value[leaves, 0, 0], kind="stable")
    segment = {int(leaf): number for number, leaf in enumerate(leaves[order])}
    inner = np.flatnonzero(tree.children_left >= 0)
    place = {int(node): number for number, node in enumerate(inner)}

    def at(node: int) -> int:
        return -1 - segment[node] if node in segment else place[node]

    splits = tuple(
        Split(
            int(tree.feature[node]),
            float(tree.threshold[node]),
            at(int(tree.children_left[node])),
            at(int(tree.children_right[node])),
        )
        for node in inner
    )
    model = TreeModel(rows.shape[1], len(leaves), splits)
    own = learner.apply(rows[:, : learner.n_features_in_])
    same = model.assign(rows) == np.array([segment[int(leaf)] for leaf in own])
    fidelity = float(np.average(same, weights=weights))
    return TreeModel(model.n_columns, model.n_segments, splits, fidelity)
