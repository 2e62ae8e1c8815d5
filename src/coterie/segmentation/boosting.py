"""The settings of every boosted model of single customers.

Small trees, slow and shrunken: with scikit-learn's defaults they tell customers apart less.
"""

from __future__ import annotations

from typing import Any


def tree_settings(n: int, seed: int) -> dict[str, Any]:
    """Return the settings of scikit-learn's boosted trees.

    Parameters
    ----------
    n : int
        Customers that are learnt from.
    seed : int
        Of the columns that each split may use.

    Returns
    -------
    dict
        Arguments of ``HistGradientBoostingClassifier`` and ``…Regressor``.

    Examples
    --------
    >>> tree_settings(5_000, 0)["min_samples_leaf"]
    50
    """
    return {
        "max_iter": 150,
        "learning_rate": 0.04,
        "max_leaf_nodes": 8,
        "min_samples_leaf": max(20, n // 100),
        "l2_regularization": 5.0,
        "max_features": 0.7,
        "early_stopping": False,
        "random_state": seed,
    }
