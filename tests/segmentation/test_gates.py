from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import ParameterError
from coterie.segmentation.gates import (
    NEAR,
    RELAXED,
    STRICT,
    TOLERANCE,
    Choice,
    Entry,
    Proof,
    choose,
    choose_weighted,
)
from coterie.segmentation.wishes import Weights

GOOD, FAIR, BAD = Proof(0.9, 0.8, 0.9), Proof(0.72, 0.55, 0.78), Proof(0.5, 0.2, 0.9)
shares = st.floats(0, 1).map(lambda share: round(share, 3))


def pick(*given: tuple[int, float, Proof], natural: tuple[int, ...] | None = None) -> Choice:
    entries = [Entry(k, p, substantial=True) for k, p, _ in given]
    asked = None if natural is None else natural.__contains__
    return choose(entries, lambda place: given[place][2], natural=asked)


def test_within_two_hundredths_of_the_best_that_passes_the_fewest_segments_win():
    found = pick((12, 0.95, BAD), (9, 0.93, GOOD), (7, 0.92, GOOD), (6, 0.90, GOOD))
    assert (found.index, found.level) == (2, "strict")


def test_among_equal_numbers_the_one_that_comes_back_best_wins():
    assert pick((7, 0.93, GOOD), (7, 0.92, Proof(0.95, 0.8, 0.9))).index == 1


def test_proofs_are_asked_for_near_the_best_only():
    assert set(pick((8, 0.9, GOOD), (7, 0.86, GOOD), (2, 0.5, GOOD)).proofs) == {0, 1}


def test_the_search_widens_until_one_passes():
    found = pick((8, 0.9, BAD), (7, 0.84, BAD), (5, 0.7, GOOD), (4, 0.69, GOOD), (2, 0.4, GOOD))
    assert found.index == 3
    assert set(found.proofs) == {0, 1, 2, 3}


def test_relaxed_gates_open_when_none_passes_and_then_nothing_is_chosen():
    assert pick((8, 0.9, BAD), (3, 0.4, FAIR)).level == "relaxed"
    assert pick((8, 0.9, BAD), (3, 0.4, BAD)) == Choice(None, "none", {0: BAD, 1: BAD})


def test_a_segment_too_small_keeps_an_entry_out():
    entries = [Entry(8, 0.9, substantial=False), Entry(5, 0.5, substantial=True)]
    assert choose(entries, lambda _place: GOOD).index == 1
    assert choose(entries[:1], lambda _place: GOOD).index is None


def test_natural_goes_first_if_it_passes_and_is_asked_for():
    given = ((9, 1.0, GOOD), (4, 0.89, GOOD), (3, 0.6, GOOD), (2, 0.99, GOOD))
    found = pick(*given, natural=(1, 2))
    assert (found.index, found.natural, set(found.proofs)) == (1, True, {1, 2})
    assert pick(*given).index == 3
    found = pick(*given[:1], (4, 0.7, FAIR), natural=(1,))
    assert (found.index, found.natural, set(found.proofs)) == (0, False, {0, 1})


@given(
    st.lists(
        st.tuples(st.integers(2, 12), shares, st.booleans(), shares, shares, shares),
        min_size=1,
        max_size=15,
    )
)
def test_looking_at_all_proofs_would_choose_the_same(rows: list[tuple]):
    entries = [Entry(k, p, substantial) for k, p, substantial, *_ in rows]
    proofs = [Proof(*rest) for *_, a, b, c in rows for rest in [(a, b, c)]]
    found = choose(entries, lambda place: proofs[place])
    passing = [
        i for i, entry in enumerate(entries) if entry.substantial and proofs[i].passes(STRICT)
    ]
    assert (found.level == "strict") is bool(passing)
    if passing:
        enough = max(entries[i].p for i in passing) - TOLERANCE
        near = [i for i in passing if entries[i].p >= enough]
        assert found.index in near
        assert entries[found.index].k == min(entries[i].k for i in near)
        assert NEAR > TOLERANCE


def test_there_must_be_something_to_choose_from():
    with pytest.raises(ParameterError, match="nothing to choose from"):
        choose([], lambda _place: GOOD)


BY_HAND = [
    # P, silhouette, S_w, D; by 2 P + S_w + D + silhouette of 0 to 1, all over 5
    Entry(4, 0.80, substantial=True, silhouette=0.4),  # (1.60 + .95 + .90 + .70) / 5 = .830
    Entry(7, 0.92, substantial=True, silhouette=0.2),  # (1.84 + .85 + .85 + .60) / 5 = .828
    Entry(9, 1.00, substantial=True, silhouette=0.9),  # (2.00 + .70 + .99 + .95) / 5 = .928
    Entry(3, 0.99, substantial=False, silhouette=0.9),
]
FOUND = [Proof(0.95, 0.8, 0.9), Proof(0.85, 0.7, 0.85), Proof(0.7, 0.9, 0.99), GOOD]


def test_weights_choose_the_highest_mean_among_those_that_pass() -> None:
    by = Weights(value=2, stability=1, describability=1, silhouette=1)
    found = choose_weighted(BY_HAND, FOUND.__getitem__, by)
    assert (found.index, found.level, set(found.proofs)) == (0, "strict", {0, 1, 2})
    assert by.mean(value=0.8, stability=0.95, describability=0.9, silhouette=0.4) == 0.83
    value_alone = choose_weighted(BY_HAND, FOUND.__getitem__, Weights(value=1))
    assert (value_alone.index, choose(BY_HAND, FOUND.__getitem__).index) == (1, 1)


def test_what_cannot_win_is_not_proven_and_ties_go_to_the_fewest_segments() -> None:
    entries = [Entry(5, 0.9, substantial=True), Entry(4, 0.9, substantial=True)]
    found = choose_weighted([*entries, Entry(2, 0.3, substantial=True)], lambda _: GOOD, EVEN)
    assert (found.index, set(found.proofs)) == (1, {0, 1})


EVEN = Weights(value=1, stability=1)


@given(
    st.lists(
        st.tuples(st.integers(2, 12), shares, st.booleans(), shares, shares, shares, shares),
        min_size=1,
        max_size=12,
    ),
    st.tuples(*[st.sampled_from([0.0, 0.5, 1.0, 3.0])] * 4).filter(any),
)
def test_looking_at_all_would_choose_the_same_by_weights(rows: list[tuple], by: tuple) -> None:
    weights = Weights(**dict(zip(Weights.model_fields, by, strict=True)))
    entries = [Entry(k, p, large, 2 * s - 1) for k, p, large, s, *_ in rows]
    proofs = [Proof(*rest) for *_, a, b, c in rows for rest in [(a, b, c)]]
    found = choose_weighted(entries, proofs.__getitem__, weights)
    means = [
        sum(w * x for w, x in zip(by, (p, a, c, s), strict=True)) / sum(by)
        for _, p, _, s, a, _, c in rows
    ]
    for level, gate in (("strict", STRICT), ("relaxed", RELAXED)):
        passing = [
            i for i, entry in enumerate(entries) if entry.substantial and proofs[i].passes(gate)
        ]
        if passing:
            assert found.level == level
            assert means[found.index] == pytest.approx(max(means[i] for i in passing))
            return
    assert found.index is None
