"""Quick predictions of boosted trees: the same bits as scikit-learn's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from coterie.prediction.quick import chances, predict, raw_scores
from coterie.segmentation.boosting import tree_settings
from coterie.segmentation.parallel import at_most

SETTINGS: dict[str, Any] = tree_settings(3_000, 0) | {"max_iter": 30, "max_features": 1.0}


def known(n: int = 3_000) -> np.ndarray:
    """Draw numbers, whole numbers with ties, and a column with gaps."""
    random = np.random.default_rng(0)
    columns = [random.normal(size=n), random.integers(0, 6, n), random.exponential(9, n)]
    columns[2][random.random(n) < 0.2] = np.nan
    return np.column_stack(columns)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_a_regression_says_what_scikit_learn_says(loss: Any) -> None:
    table = known()
    wanted = np.nan_to_num(table[:, 2], nan=1.0) * (1 + table[:, 1])
    model = HistGradientBoostingRegressor(loss=loss, **SETTINGS).fit(table, wanted)
    edges = np.vstack([table, [[np.inf, -np.inf, np.nan]], [[np.nan, 2.0, np.inf]]])
    assert np.array_equal(predict(model, edges), model.predict(edges))
    assert predict(model, table[:0]).size == 0


def test_a_threshold_belongs_to_the_left() -> None:
    table = np.repeat(np.arange(4.0), 50).reshape(-1, 1)
    model = HistGradientBoostingRegressor(max_iter=1, max_leaf_nodes=8).fit(table, table[:, 0])
    limits = np.array([[0.5], [1.5], [2.5], [np.nextafter(2.5, 3)]])
    assert np.array_equal(predict(model, limits), model.predict(limits))


@pytest.mark.parametrize("classes", [2, 4])
def test_chances_are_scikit_learns_with_categories_that_were_never_seen(classes: int) -> None:
    table = known()
    ends = (np.nan_to_num(table[:, 2]) + table[:, 1]).astype(int) % classes
    now = [False, True, False]
    model = HistGradientBoostingClassifier(categorical_features=now, **SETTINGS).fit(table, ends)
    new = np.vstack([table, [[0.0, 9.0, 1.0]], [[0.0, -1.0, 1.0]], [[0.0, np.nan, 1.0]]])
    assert np.array_equal(chances(model, new), model.predict_proba(new))
    with at_most(1):
        assert np.array_equal(raw_scores(model, new), raw_scores(model, new[::-1])[::-1])


def test_trees_of_more_leaves_are_refused() -> None:
    table = known()
    model = HistGradientBoostingRegressor(max_iter=1).fit(table, table[:, 0])
    with pytest.raises(ValueError, match="at most 8"):
        predict(model, table)
