"""The first words of the page say when a classifier is worth nothing."""

from __future__ import annotations

import pytest

from coterie.prediction.prospects_page import summary


@pytest.mark.parametrize(("low", "told"), [(0.3, True), (0.5, True), (0.6, False)])
def test_a_classifier_no_better_than_the_largest_class_is_told(low: float, told: bool) -> None:
    proof = {
        "test": {"n": 100, "accuracy": 0.7, "accuracy_ci": (low, 0.8)},
        "simple": {"accuracy": 0.4},
        "majority": {"accuracy": 0.5},
    }
    words = summary({"proof": proof, "leaks": []})
    assert ("not shown to be better than always naming the largest class" in words) is told
