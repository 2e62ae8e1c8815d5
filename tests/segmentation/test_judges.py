"""The rule without a timeline: each feature left out in turn, or a seeded sample of many."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.segmentation import judges, separation
from coterie.segmentation.centroids import KMeans
from coterie.segmentation.judges import N_FEATURES_OUT, LeaveOneOutJudge


def table(n_columns: int, n: int = 120) -> tuple[tuple[str, ...], np.ndarray]:
    """Return columns that two kinds of customers, and nothing else, tell apart."""
    random = np.random.default_rng(0)
    kinds = np.arange(n) % 2 * 4.0
    names = tuple(f"f{i}" for i in range(n_columns))
    return names, kinds[:, None] + random.normal(size=(n, n_columns))


def test_each_of_a_few_features_is_left_out() -> None:
    judge = LeaveOneOutJudge({"all": table(3)}, seed=0)
    assert list(judge.ceiling) == ["f0", "f1", "f2"]
    assert all(value > 0.5 for value in judge.ceiling.values())
    p = judge.of_fit(KMeans(), "all", 2, np.zeros(120, np.int32), 0)
    assert p is not None
    assert p.p > 0.9  # the two kinds are all there is to tell


def test_of_many_features_a_seeded_sample_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges, "N_FEATURES_OUT", 3)
    names, _ = spaces = table(8)
    first, again, other = (
        set(LeaveOneOutJudge({"all": spaces}, seed=s).ceiling) for s in (0, 0, 1)
    )
    assert first == again != other
    assert len(first) == len(other) == 3
    assert first < set(names)
    assert N_FEATURES_OUT == 24


def test_many_columns_are_foretold_by_the_most_correlated(monkeypatch: pytest.MonkeyPatch) -> None:
    target = np.arange(50.0)
    noise = np.random.default_rng(0).normal(size=(50, 3))
    features = np.column_stack(
        [noise[:, 0], -target, noise[:, 1], np.ones(50), target + noise[:, 2]]
    )
    assert separation._telling(features, target).tolist() == [0, 1, 2, 3, 4]
    monkeypatch.setattr(separation, "_CEILING_FEATURES", 2)
    assert separation._telling(features, target).tolist() == [1, 4]
