from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from coterie.features.lenses import FeatureSet
from coterie.features.matrix import Wanted
from coterie.features.value import ValueModel
from coterie.segmentation.candidates import Candidate, Evidence, Space
from coterie.segmentation.centroids import KMeans
from coterie.segmentation.choosing import Asked, pass_over, pick
from coterie.segmentation.describability import Describability
from coterie.segmentation.gates import RELAXED, STRICT, Proof
from coterie.segmentation.ground import Columns, Orders, Plain
from coterie.segmentation.parallel import at_most
from coterie.segmentation.proofs import FAILED, Proven, Prover
from coterie.segmentation.search import Search, Try, afford
from coterie.segmentation.select import select
from coterie.segmentation.separation import Score
from coterie.segmentation.stability import Stability
from coterie.segmentation.wishes import Weights


def one(k: int, p: float, *, substantial: bool = True) -> Candidate:
    return Candidate("kmeans", "s", k, Score(p, p, p), None, substantial, None, asked=k)


def proofs(by_k: dict[int, Proof]) -> Asked:
    return Asked(lambda candidate: Proven(by_k[candidate.k]))


STEADY, LOOSE, UNTOLD = Proof(0.9, 0.8, 0.9), Proof(0.72, 0.55, 0.9), Proof(0.9, 0.8, 0.7)


def test_the_fewest_segments_within_2_points_of_the_best_that_passes_win():
    tried = [one(4, 0.80), one(5, 0.885), one(6, 0.90), one(7, 0.93)]
    found = pick(tried, proofs({5: STEADY, 6: STEADY, 7: LOOSE}), wish=None)
    assert (found.winner.k, found.level, found.note) == (5, "strict", "")
    reasons = {c.k: c.reason_lost for c in found.candidates}
    assert reasons[4] == "holds less: 80 against 88"
    assert reasons[6] == "more segments for the same"
    assert reasons[7].startswith("does not come back: refitted on resampled customers, 72%")


def test_above_1_nothing_is_won():
    tried = [one(4, 0.99), one(7, 1.06)]
    assert pick(tried, proofs({4: STEADY, 7: STEADY}), wish=None).winner.k == 4


def test_by_weights_the_highest_mean_wins_and_each_loser_is_told_why():
    tried = [one(2, 0.30), one(4, 0.88), one(5, 0.885), one(7, 0.93), one(9, 0.95)]
    by = {4: Proof(0.9, 0.8, 0.9), 5: Proof(0.80, 0.7, 0.9), 7: LOOSE, 9: STEADY}
    weights = Weights(value=1, stability=1)
    asked = Asked(lambda candidate: proven(by[candidate.k]), weights=weights)
    found = pick(tried, asked, wish=None)
    # (.95 + .90) / 2 = .925; (.88 + .90) / 2 = .89; (.885 + .80) / 2 = .8425
    assert (found.winner.k, found.level, found.weights) == (9, "strict", weights)
    reasons = {c.k: c.reason_lost for c in found.candidates}
    assert reasons[2] == "your weights cannot give it more: at most 65 against 92 of 100"
    assert reasons[4] == "your weights give it less: 89 against 92 of 100"
    assert reasons[5] == "your weights give it less: 84 against 92 of 100"
    assert reasons[7].startswith("does not come back")
    assert found.summary()["weights"] == {"value": 1.0, "stability": 1.0}
    by_value = Asked(asked.prove, weights=Weights(value=1))
    lost = pick(tried, by_value, wish=None).candidates[
        1
    ]  # not proven, but all that counts is known
    assert lost.reason_lost == "your weights give it less: 88 against 95 of 100"
    second = pass_over(found, "a segment of 3 customers")
    assert (second.winner.k, second.weights) == (4, weights)


def proven(proof: Proof) -> Proven:
    back = Stability(proof.weighted, proof.least, (), 20)
    return Proven(proof, back, Describability(proof.described, ()))


def test_without_weights_nothing_is_said_of_them():
    assert "weights" not in pick([one(4, 0.9)], proofs({4: STEADY}), wish=None).summary()


def test_the_relaxed_gates_are_named_in_the_note():
    found = pick([one(4, 0.9)], proofs({4: LOOSE}), wish=None)
    assert (found.winner.k, found.level) == (4, "relaxed")
    assert "relaxed" in found.note


def test_a_wish_is_kept_and_the_closed_gate_named():
    found = pick([one(4, 0.9)], proofs({4: UNTOLD}), wish=4)
    assert (found.winner.k, found.level) == (4, "none")
    assert "cannot be put in short rules: they place 70% of customers, 80% needed" in found.note


def test_without_a_grid_a_failure_leaves_one_segment_and_a_draft():
    found = pick([one(4, 0.9)], proofs({4: UNTOLD}), wish=None)
    assert found.winner is None
    assert found.constructed
    assert found.draft.k == 4
    assert "all customers stay in one segment" in found.note


def test_whoever_wins_passed_the_gates_or_the_note_says_why():
    random = np.random.default_rng(0)
    for _ in range(200):
        ks = random.permutation(np.arange(2, 13))[:5].tolist()
        tried = [one(k, float(random.random()), substantial=random.random() > 0.2) for k in ks]
        by = {k: Proof(*random.uniform(0.45, 1, 3)) for k in ks}
        wish = ks[0] if random.random() > 0.5 else None
        tried = [c for c in tried if wish in {None, c.k}]
        found = pick(tried, proofs(by), wish=wish)
        if found.level == "none":
            assert found.note
        else:
            gate = STRICT if found.level == "strict" else RELAXED
            assert found.winner.substantial
            assert by[found.winner.k].passes(gate)
        lost = [c for c in found.candidates if c is not found.winner]
        assert all(c.reason_lost or not c.substantial for c in lost)


def blobs(n: int, k: int) -> tuple[Space, np.ndarray]:
    random = np.random.default_rng(1)
    truth = random.integers(0, k, n)
    matrix = np.random.default_rng(99).normal(size=(k, 3))[truth] * 9 + random.normal(size=(n, 3))
    return Space("s", ("a", "b", "c"), matrix), truth


def test_proofs_see_groups_that_are_there_and_miss_those_that_are_not():
    space, _ = blobs(400, 3)
    prover = Prover(Plain([space]), None, seed=0)
    right, wrong = prover.prove(KMeans(), "s", 3), prover.prove(KMeans(), "s", 7)
    assert right.proof.passes((0.99, 0.99, 0.95))
    assert wrong.proof.least < 0.75
    assert prover.prove(KMeans(), "s", 3) is right
    assert prover.natural(KMeans(), "s", 3)


def test_given_segments_are_judged_by_the_bootstraps_of_the_candidate():
    space, _ = blobs(300, 3)
    prover = Prover(Plain([space]), None, seed=0)
    proven = prover.prove(KMeans(), "s", 3)
    labels = KMeans().fit(space.matrix, 3, seed=0).assign(space.matrix)
    assert prover.returning(KMeans(), "s", 3, labels) == proven.back or proven.back.passed


def test_too_small_a_segment_today_fails_before_any_bootstrap():
    matrix = np.random.default_rng(0).normal(size=(300, 2))
    matrix[0] = 1e4
    found = Prover(Plain([Space("s", ("a", "b"), matrix)]), None, seed=0).prove(KMeans(), "s", 2)
    assert (found.proof, found.fails) == (FAILED, "a segment of 1 customer")
    assert found.back is None


def test_each_bootstrap_fits_value_and_scaling_again():
    random = np.random.default_rng(0)
    n = 600
    tenure = random.integers(100, 300, n).astype(float)
    x = random.poisson(2, n).astype(float)
    t_x = np.where(x > 0, np.floor(tenure * random.random(n)), 0.0)
    mean = random.gamma(6, 5, n)
    value = ValueModel.fit(x, t_x, tenure, mean, horizon_days=90)
    orders = Orders(value, x, t_x, tenure, mean)
    spend = value.expected_spend(x, t_x, tenure, mean)
    frame = pa.table({"customer_id": [str(i) for i in range(n)], "clv": spend})
    ground = Columns(frame, [FeatureSet("v", (Wanted("clv", transform="log"),))], orders=orders)
    rows = np.sort(random.integers(0, n, n))
    again = ground.matrix("v", rows)
    refitted = ValueModel.fit(x[rows], t_x[rows], tenure[rows], mean[rows], horizon_days=90)
    logs = np.log1p(refitted.expected_spend(x, t_x, tenure, mean))
    by_hand = np.clip((logs - logs[rows].mean()) / logs[rows].std(), -4, 4)
    np.testing.assert_allclose(again[:, 0], by_hand, atol=1e-9)
    assert not np.allclose(again, ground.matrix("v"))
    assert ground.matrix("unknown") is None


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_no_choice_and_no_proof(threads: int):
    space, truth = blobs(260, 3)
    spend = np.exp(truth + np.random.default_rng(3).normal(size=260)) * (truth > 0)
    with at_most(threads):
        found = select([space], [], Evidence(spend, space.matrix, None, (0, 90)), [2, 3], seed=1)
    rows = [candidate.to_dict() for candidate in found.candidates]
    assert [round(row["p"], 12) for row in rows] == FOUND.setdefault(
        "p", [round(row["p"], 12) for row in rows]
    )
    assert rows == FOUND.setdefault("rows", rows)


FOUND: dict[str, list[object]] = {}


@pytest.mark.parametrize(
    "columns",
    [
        lambda r: np.column_stack([r, r]),
        lambda r: np.column_stack([r, 2 * r + 1]),
        lambda r: np.column_stack([r > 0, r > 1]).astype(float),
        lambda r: np.column_stack([np.ones_like(r), r]),
    ],
    ids=["the same twice", "collinear", "two values", "one constant"],
)
@pytest.mark.parametrize("n", [50, 200])
def test_odd_columns_get_a_clear_answer(columns, n: int):
    matrix = columns(np.random.default_rng(n).normal(size=n))
    found = select([Space("s", ("a", "b"), matrix)], [], Evidence(None, matrix), [2, 3], seed=0)
    assert found.winner is not None or "one segment" in found.note


def test_a_budget_cuts_the_list_by_counts_and_keeps_one():
    space, _ = blobs(1000, 3)
    tries = [Try(space, KMeans(), k) for k in range(2, 13)]
    kept, cut = afford(tries, None, windows=1)
    assert (len(kept), cut) == (11, ())
    kept, cut = afford(tries, 2.5, windows=1)
    assert 1 < len(kept) < 11
    assert 7 in {one.k for one in kept}
    assert len(kept) + len(cut) == 11
    assert len(afford(tries, 0.001, windows=1)[0]) == 1
    found = select(
        [space], [], Evidence(None, space.matrix), range(2, 13), search=Search(budget=2.5), seed=0
    )
    assert len(found.cut) == len(cut)


def test_a_budget_pays_for_all_that_is_done_once_before_it_pays_for_tries():
    matrix = np.random.default_rng(0).normal(size=(50_000, 4))
    tries = [Try(Space("s", tuple("abcd"), matrix), KMeans(), k) for k in range(2, 13)]
    # 8 s a window go by before the first try: with two windows 12 s pay for one only
    assert [one.k for one in afford(tries, 12.0, windows=2)[0]] == [7]
    kept = [len(afford(tries, budget, windows=2)[0]) for budget in (25.0, 35.0, 60.0)]
    assert kept == sorted(kept)
    assert 1 < kept[0] < kept[2] == len(tries)
