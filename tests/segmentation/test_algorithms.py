"""Which algorithms a search tries: those asked for, else k-means and what may beat it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import coterie
from coterie.config import make_settings
from coterie.errors import ParameterError
from coterie.segmentation.algorithms import to_try


@pytest.mark.parametrize(
    ("asked", "one_k", "timeline", "words", "tried"),
    [
        ("auto", False, True, False, ["kmeans", "gaussian-mixture"]),
        ("auto", True, True, False, ["kmeans"]),
        ("auto", False, False, False, ["kmeans"]),
        ("auto", True, False, True, ["kmeans", "latent-class"]),
        ("ward", False, True, True, ["ward"]),
        (("som", "ward"), False, True, True, ["som", "ward"]),
    ],
)
def test_a_search_tries_what_is_asked_for(
    asked: str | tuple[str, ...], one_k: bool, timeline: bool, words: bool, tried: list[str]
) -> None:
    found = to_try(asked, one_k=one_k, timeline=timeline, words=words)
    assert [one.name for one in found] == tried


@pytest.mark.parametrize(
    "given", [[], ["ward", "ward"], ["kmeans", "auto"], ["rules"], ["kmean"], ["kmeans", "tree"]]
)
def test_a_list_holds_known_names_once_each(given: list[str]) -> None:
    with pytest.raises(ParameterError, match="algorithm"):
        make_settings({"segmentation": {"algorithm": given}})


def test_every_algorithm_of_a_list_is_a_candidate_and_each_loser_has_a_reason() -> None:
    random = np.random.default_rng(0)
    people = {
        "customer_id": [str(i) for i in range(240)],
        "visits": [*random.normal(20, 2, 120), *random.normal(5, 2, 120)],
        "spend": [*random.normal(9, 1, 120), *random.normal(1, 1, 120)],
        "age_of_account": random.normal(size=240),
    }
    asked = {"segmentation": {"algorithm": ["kmeans", "ward"], "k": [2, 3]}}
    run = coterie.segment(pa.table(people), settings=asked)
    tried = run.table("candidates").to_pylist()
    assert {(one["algorithm"], one["k"]) for one in tried} == {
        (name, k) for name in ("kmeans", "ward") for k in (2, 3)
    }
    assert [bool(one["reason_lost"]) for one in tried].count(False) == 1
