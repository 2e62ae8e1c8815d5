from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from coterie.errors import DataError, ParameterError
from coterie.segmentation.candidates import Evidence, Reference, Selection, Space
from coterie.segmentation.choosing import pass_over
from coterie.segmentation.grid import RfmGridModel
from coterie.segmentation.select import select


def planted(n: int, k: int, *, seed: int = 0) -> tuple[Space, Evidence, np.ndarray]:
    """``k`` groups 8 deviations apart whose spend rises with the group."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, k, n)
    centres = np.random.default_rng(99).normal(size=(k, 4)) * 8
    matrix = centres[truth] + random.normal(size=(n, 4))
    spend = np.exp(truth + random.normal(0, 0.5, n)) * (random.random(n) < (truth + 1) / (k + 1))
    space = Space("planted", ("a", "b", "c", "d"), matrix)
    return space, Evidence(spend, matrix, np.exp(truth), (0, 90)), truth


@pytest.fixture(scope="module")
def chosen() -> Selection:
    space, evidence, truth = planted(800, 4)
    noise = Space("noise", ("e",), np.random.default_rng(1).normal(size=(800, 1)))
    halves = Reference("halves", "truth", (truth > 1).astype(np.int32))
    return select([noise, space], [halves], evidence, range(2, 8), seed=0)


def test_the_planted_number_of_groups_is_chosen(chosen: Selection):
    assert chosen.winner is not None
    assert (chosen.winner.features, chosen.winner.k) == ("planted", 4)
    assert chosen.method == "out-of-time"
    assert not chosen.constructed
    assert set(chosen.ceiling) == {"spend", "log_spend", "active_auc"}


def test_every_loser_says_why_it_lost(chosen: Selection):
    told = {(c.features, c.k): c.reason_lost for c in chosen.candidates}
    assert told["truth", 2] == "reference"
    assert told["planted", 4] == ""
    assert told["planted", 5].startswith("a segment dissolves: ")
    assert told["planted", 2].startswith("holds less: ")
    assert told["noise", 3].startswith("holds less: ")
    assert sum(reason == "" for reason in told.values()) == 1


def test_the_winner_is_one_of_the_candidates(chosen: Selection):
    assert chosen.winner in chosen.candidates
    row = chosen.winner.to_dict()
    assert row["p_low"] <= row["p"] <= row["p_high"]


def test_the_elbow_runs_from_1_to_12_for_the_winner(chosen: Selection):
    curve = chosen.elbow["planted"]
    assert list(curve) == list(range(1, 13))
    assert list(curve.values()) == sorted(curve.values(), reverse=True)


def test_threads_and_repetition_change_nothing():
    space, evidence, _ = planted(300, 3)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            choice = select([space], [], evidence, [2, 3], seed=5)
        found.append([(c.to_dict(), c.model.to_dict()) for c in choice.candidates])
    assert found[0] == found[1]


def test_a_wish_is_kept_and_its_lack_of_substance_told():
    space, evidence, _ = planted(400, 2)
    matrix = space.matrix.copy()
    matrix[0] = 1e4
    choice = select([replace(space, matrix=matrix)], [], evidence, [3], seed=0)
    assert choice.winner is not None
    assert choice.winner.k == 3
    assert choice.constructed
    assert "3 segments were asked for; a segment of 1 customer is too small" in choice.note


def whales(n: int = 400) -> Space:
    """Two lone customers far apart: every k-means segmentation isolates them."""
    matrix = np.random.default_rng(0).normal(size=(n, 2))
    matrix[0], matrix[1] = [1e4, 0], [0, 1e4]
    return Space("whales", ("a", "b"), matrix)


def test_without_substance_the_grid_stands_in():
    space = whales()
    scores = np.random.default_rng(1).integers(1, 6, (400, 3))
    grid = RfmGridModel({})
    evidence = Evidence(np.exp(scores[:, 0].astype(float)), space.matrix, None, (0, 90))
    reference = Reference("rfm-grid", "scores", grid.assign(scores), grid)
    choice = select([space], [reference], evidence, range(2, 5), seed=0)
    assert choice.winner is not None
    assert choice.winner.model is grid
    assert choice.constructed
    assert choice.draft is not None
    assert choice.draft.reason_lost.startswith("a segment of 1 customer")


def test_without_substance_a_static_table_stays_one_segment():
    space = whales()
    choice = select([space], [], Evidence(None, space.matrix), range(2, 5), seed=0)
    assert choice.winner is None
    assert choice.constructed
    assert choice.method == "leave-one-out"
    assert "all customers stay in one segment" in choice.note


def test_a_static_table_is_judged_by_each_feature_left_out():
    space, _, _ = planted(400, 3)
    choice = select([space], [], Evidence(None, space.matrix), range(2, 6), seed=0)
    assert choice.winner is not None
    assert choice.winner.k == 3
    assert set(choice.ceiling) == {"a", "b", "c", "d"}


def test_the_columns_of_one_feature_are_left_out_together():
    # an indicator and its opposite: left out one by one, each would give the other away
    flag = np.random.default_rng(0).integers(0, 2, 300).astype(float)
    noise = np.random.default_rng(1).normal(size=(300, 2))
    matrix = np.column_stack([flag * 9, 9 - flag * 9, noise])
    names = ("yes", "no", "x", "y")
    space = Space("s", names, matrix, features=("flag", "flag", "x", "y"))
    told = select([space], [], Evidence(None, matrix), [2, 3], seed=0)
    assert told.ceiling["flag"] < 0.05
    alone = select([replace(space, features=())], [], Evidence(None, matrix), [2, 3], seed=0)
    assert alone.ceiling["yes"] > 0.9


def test_a_named_outcome_takes_the_place_of_time():
    space, evidence, _ = planted(400, 3)
    static = Evidence(evidence.outcome, space.matrix)
    choice = select([space], [], static, range(2, 6), seed=0)
    assert choice.method == "outcome"
    assert list(choice.ceiling) == ["outcome_0"]


def test_one_feature_alone_gives_the_fewest_segments_without_a_proof():
    matrix = np.random.default_rng(0).normal(size=(300, 1))
    choice = select([Space("s", ("a",), matrix)], [], Evidence(None, matrix), [3, 4], seed=0)
    assert choice.winner is not None
    assert (choice.winner.k, choice.winner.p) == (3, None)


def test_few_customers_get_what_they_can_carry():
    space, evidence, _ = planted(49, 2)
    assert "Too few to segment (49)" in select([space], [], evidence, [2], seed=0).note
    space, evidence, _ = planted(150, 3)
    choice = select([space], [], evidence, range(2, 13), seed=0)
    assert choice.method == "leave-one-out"
    assert max(c.k for c in choice.candidates) == 5
    with pytest.raises(DataError, match=r"150 customers are too few for 7 segments"):
        select([space], [], evidence, [7], seed=0)
    space, evidence, _ = planted(1, 1)
    with pytest.raises(DataError, match="1 usable customers"):
        select([space], [], evidence, [2], seed=0)


def test_features_that_do_not_vary_are_an_error():
    matrix = np.ones((300, 2))
    with pytest.raises(DataError, match="only 1 kind of customers"):
        select([Space("s", ("a", "b"), matrix)], [], Evidence(None, matrix), [2, 3], seed=0)


def test_rows_must_belong_to_the_same_customers():
    space, evidence, _ = planted(300, 2)
    short = replace(evidence, outcome=evidence.outcome[:-1])
    with pytest.raises(ParameterError, match=r"\[299, 300\] rows"):
        select([space], [], short, [2], seed=0)
    with pytest.raises(ParameterError, match="same name"):
        select([space, space], [], evidence, [2], seed=0)
    with pytest.raises(ParameterError, match="2 or more"):
        select([space], [], evidence, [1], seed=0)


def test_progress_runs_from_0_to_1():
    space, evidence, _ = planted(200, 2)
    told: list[float] = []
    select(
        [space], [], evidence, [2, 3], seed=0, on_progress=lambda share, _what: told.append(share)
    )
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert told == sorted(told)


def test_a_winner_that_will_not_do_gives_way_to_the_next_with_substance():
    space, evidence, _ = planted(600, 4)
    first = select([space], [], evidence, range(2, 7), seed=0)
    second = pass_over(first, "a segment of 3 customers once fitted on today's customers")
    assert second.winner is not None
    assert second.winner.k != first.winner.k
    lost = next(c for c in second.candidates if c.k == first.winner.k)
    assert lost.reason_lost.startswith("a segment of 3 customers once fitted")
    assert not lost.substantial
    assert (second.method, second.ceiling) == (first.method, first.ceiling)
