"""Boosted value: expected spend by gradient-boosted trees over the 13 value features.

The trees learn from earlier days, on which what came later is known. They are the mean of
ten short boosted models, each of one half of the rows: one long model ranks as well, but
segments made with it come back less. Leaves are rounded to multiples of 2**-32, so that a
sum of them is exact in doubles: numpy and every engine come to the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from coterie.engine.sql import identifier
from coterie.errors import DataError
from coterie.features.catalogue import VALUE_FEATURES
from coterie.features.column import double
from coterie.features.splits import Split, case_sql, leaves_of
from coterie.features.threads import one_thread

Floats = NDArray[np.float64]

N_MODELS, N_TREES, N_LEAVES = 10, 6, 8
"""Models, trees of each, and leaves of a tree."""
LEAST_LEAF = 20
CAP = 0.995
"""Spend above this quantile of all that is above 0 counts as the quantile."""
_ONE = Lock()
"""scikit-learn changes the process's warning filters while it fits, and two fits at once clash."""
_GRID = 2.0**32
_UNKNOWN = 1e300
"""What the trees learn instead of a missing value; it lies above every threshold, as NaN does."""
_HIGHEST = 600.0
_A_STEP = 10
"""Trees that one step of the SQL adds."""


@dataclass(frozen=True)
class Tree:
    """One tree: its splits, and what each leaf adds to the logarithm of spend."""

    splits: tuple[Split, ...]
    leaves: tuple[float, ...]


@dataclass(frozen=True)
class BoostedValue:
    """Boosted trees that foretell spend.

    Parameters
    ----------
    columns : tuple of str
        Features that the trees ask about, in the order of the matrix.
    start : float
        Logarithm of spend before any tree.
    trees : tuple of Tree
    scale : float
        Days of the horizon for each day over which the trees learned spend.

    Examples
    --------
    >>> tree = Tree((Split(0, 10.0, -1, -2),), (1.0, 0.0))
    >>> model = BoostedValue(("recency",), 2.0, (tree,), scale=1.0)
    >>> model.expected_spend(np.array([[3.0], [30.0]])).round(1).tolist()
    [20.1, 7.4]
    """

    columns: tuple[str, ...]
    start: float
    trees: tuple[Tree, ...]
    scale: float

    @classmethod
    def fit(cls, known: Floats, spent: Floats, *, scale: float = 1.0) -> Self:
        """Fit the trees.

        Parameters
        ----------
        known : float64 array, shape (n, 13)
            ``VALUE_FEATURES`` of customers on earlier days.
        spent : float64 array, shape (n,)
            What each spent after that day; below 0 counts as 0.
        scale : float, default 1
            Days of the horizon for each day of ``spent``.

        Returns
        -------
        BoostedValue
            The same at any number of threads; the halves are the same ones every time.

        Raises
        ------
        DataError
            If in one half nobody spent anything.
        """
        money = np.maximum(spent, 0.0)
        if money.any():
            money = np.minimum(money, np.quantile(money[money > 0], CAP))
        filled = np.where(np.isfinite(known), known, _UNKNOWN)
        found = []
        for number in range(N_MODELS):
            half = np.random.default_rng(number).permutation(len(money))[: -(-len(money) // 2)]
            if not money[half].any():
                raise DataError("Too few spent anything for boosted value to learn from.")
            half.sort()
            with _ONE, one_thread():  # the same bytes whatever the machine
                found.append(_learner(len(money)).fit(filled[half], money[half]))
        # scikit-learn shows start and trees of this learner nowhere else.
        start = sum(float(np.asarray(one._baseline_prediction).item()) for one in found)
        trees = tuple(_tree(grown.nodes) for one in found for (grown,) in one._predictors)
        return cls(VALUE_FEATURES, _on_grid(start / N_MODELS), trees, scale)

    def expected_spend(self, known: Floats) -> Floats:
        """Return the expected spend of each row within the horizon, in units of money.

        Parameters
        ----------
        known : float64 array, shape (n, n_columns)
            The features named by ``columns``.

        Returns
        -------
        float64 array, shape (n,)
            Above 0.
        """
        total = np.full(len(known), self.start)
        for tree in self.trees:
            total += np.asarray(tree.leaves)[leaves_of(tree.splits, known)]
        return np.asarray(np.exp(np.minimum(total, _HIGHEST)) * self.scale)

    def sql_select(self, relation: str, *, column: str = "boosted") -> str:
        """Return a portable SELECT of customer_id and the expected spend.

        Parameters
        ----------
        relation : str
            Table of customer_id and the features named by ``columns``.
        column : str
            Name of the result.

        Returns
        -------
        str
            A complete SELECT with named steps (WITH), so that no parser recurses deep.
        """
        names = [identifier(name) for name in self.columns]
        inputs = ", ".join(["customer_id", *names])
        steps = [f"SELECT {inputs}, {double(self.start)} AS total FROM {identifier(relation)}"]
        for first in range(0, len(self.trees), _A_STEP):
            added = " + ".join(
                case_sql(tree.splits, names, [double(leaf) for leaf in tree.leaves])
                for tree in self.trees[first : first + _A_STEP]
            )
            last = f"coterie_boosted_{len(steps) - 1}"
            steps.append(f"SELECT {inputs}, total + {added} AS total FROM {last}")
        named = ", ".join(f"coterie_boosted_{i} AS ({step})" for i, step in enumerate(steps))
        spend = f"EXP(LEAST(total, {double(_HIGHEST)})) * {double(self.scale)}"
        last = f"coterie_boosted_{len(steps) - 1}"
        return f"WITH {named} SELECT customer_id, {spend} AS {identifier(column)} FROM {last}"

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON; numbers come back bit for bit."""
        return {
            "columns": list(self.columns),
            "start": self.start,
            "trees": [
                {
                    "splits": [[s.column, s.threshold, s.yes, s.no] for s in tree.splits],
                    "leaves": list(tree.leaves),
                }
                for tree in self.trees
            ],
            "scale": self.scale,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build the model again from ``to_dict``."""
        trees = (
            Tree(tuple(Split(*split) for split in tree["splits"]), tuple(tree["leaves"]))
            for tree in data["trees"]
        )
        return cls(tuple(data["columns"]), data["start"], tuple(trees), data["scale"])


def _learner(n: int) -> Any:
    """Return a model that fits one half of ``n`` rows: counts or amounts, by Poisson loss."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        loss="poisson",
        max_iter=N_TREES,
        learning_rate=0.15,
        max_leaf_nodes=N_LEAVES,
        min_samples_leaf=max(LEAST_LEAF, n // 100),
        l2_regularization=5.0,
        max_bins=64,
        early_stopping=False,
        random_state=0,
    )


def together(value: Floats, boosted: Floats) -> Floats:
    """Return the feature ``boosted``: trees rank better, the formula keeps the level.

    Parameters
    ----------
    value, boosted : float64 arrays, shape (n,)
        Expected spend by ``ValueModel`` and by ``BoostedValue``.

    Returns
    -------
    float64 array, shape (n,)
        Their geometric mean.

    Examples
    --------
    >>> together(np.array([4.0]), np.array([9.0])).tolist()
    [6.0]
    """
    return np.sqrt(np.maximum(value, 0.0)) * np.sqrt(boosted)


def together_sql(value: str, boosted: str) -> str:
    """Return ``together`` of two SQL expressions; NULL if ``value`` is NULL.

    Examples
    --------
    >>> together_sql("a", "b")
    'CASE WHEN a > 0 THEN SQRT(a) * SQRT(b) ELSE a * 0 END'
    """
    return f"CASE WHEN {value} > 0 THEN SQRT({value}) * SQRT({boosted}) ELSE {value} * 0 END"


def _on_grid(number: float) -> float:
    return round(number * _GRID) / _GRID


def _tree(nodes: Any) -> Tree:
    """Write the nodes of a fitted tree, which stand before their children, as one of the mean."""
    leaves = [i for i, node in enumerate(nodes) if node["is_leaf"]]
    inner = [i for i, node in enumerate(nodes) if not node["is_leaf"]]
    place = {node: number for number, node in enumerate(inner)}
    place |= {node: -1 - number for number, node in enumerate(leaves)}
    splits = tuple(
        Split(
            int(nodes[i]["feature_idx"]),
            float(nodes[i]["num_threshold"]),
            place[int(nodes[i]["left"])],
            place[int(nodes[i]["right"])],
        )
        for i in inner
    )
    return Tree(splits, tuple(_on_grid(float(nodes[i]["value"]) / N_MODELS) for i in leaves))
