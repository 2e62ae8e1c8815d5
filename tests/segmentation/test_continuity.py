from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import ParameterError
from coterie.segmentation.continuity import match, segment_id, slots


def members(*pairs: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Labels from (old, new, how many)."""
    old = np.repeat([p[0] for p in pairs], [p[2] for p in pairs]).astype(np.int32)
    new = np.repeat([p[1] for p in pairs], [p[2] for p in pairs]).astype(np.int32)
    return old, new


def test_the_same_groups_keep_their_ids_under_other_numbers():
    found = match(*members((0, 2, 50), (1, 0, 30), (2, 1, 20)), ["a", "b", "c"], n_new=3, next_id=4)
    assert found.ids == ("b", "c", "a")
    assert (found.born, found.ended, found.splits, found.merges) == ((), (), {}, {})
    assert found.overlap == {"a": 1.0, "b": 1.0, "c": 1.0}
    assert found.next_id == 4


def test_half_of_the_union_is_the_border():
    # a: 50 of 100 stay together, 50 leave for a new group
    kept = match(*members((0, 0, 50), (0, 1, 50)), ["a"], n_new=2, next_id=2)
    assert sorted(kept.ids) == ["a", "seg-002"]
    lost = match(*members((0, 0, 49), (0, 1, 30), (0, 2, 21)), ["a"], n_new=3, next_id=2)
    assert lost.ids == ("seg-002", "seg-003", "seg-004")
    assert lost.ended == ("a",)


def test_a_split_names_the_parts_and_their_parent():
    found = match(*members((0, 0, 60), (0, 1, 40), (1, 2, 50)), ["a", "b"], n_new=3, next_id=3)
    assert found.ids == ("a", "seg-003", "b")
    assert found.splits == {"a": ("a", "seg-003")}
    assert found.parents == {"seg-003": ("a",)}


def test_a_merge_names_what_it_was_made_of():
    found = match(*members((0, 0, 50), (1, 0, 45), (2, 1, 9)), ["a", "b", "c"], n_new=2, next_id=4)
    assert found.ids == ("a", "c")
    assert found.ended == ("b",)
    assert found.merges == {"a": ("a", "b")}


def test_an_old_id_is_never_given_to_new_customers():
    # the old segment is gone: its customers have no new label, the new ones no old
    old = np.array([0, 0, -1, -1], dtype=np.int32)
    new = np.array([-1, -1, 0, 0], dtype=np.int32)
    found = match(old, new, ["seg-001"], n_new=1, next_id=2)
    assert (found.ids, found.ended, found.parents) == (
        ("seg-002",),
        ("seg-001",),
        {"seg-002": ()},
    )


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=200))
def test_ids_are_unique_and_all_old_ones_accounted_for(pairs: list[tuple[int, int]]):
    old, new = np.array(pairs, dtype=np.int32).reshape(-1, 2).T
    ids = [segment_id(i) for i in range(1, 6)]
    found = match(old, new, ids, n_new=6, next_id=6)
    assert len(set(found.ids)) == 6
    assert set(found.overlap) | set(found.ended) == set(ids)
    assert set(found.overlap) | set(found.born) == set(found.ids)
    assert found.next_id == 6 + len(found.born)
    assert all(overlap >= 0.5 for overlap in found.overlap.values())


def test_colours_of_the_retired_come_back_last():
    assert slots(2, live=[], retired=[]) == (1, 2)
    assert slots(2, live=[2], retired=[1]) == (3, 4)
    assert slots(3, live=range(3, 12), retired=[2, 1]) == (12, 2, 1)


def test_beyond_twelve_colours_are_shared_evenly():
    assert slots(14, live=[], retired=[])[12:] == (1, 2)


def test_what_does_not_fit_is_refused():
    labels = np.array([0], dtype=np.int32)
    with pytest.raises(ParameterError, match="one each"):
        match(labels, np.array([0, 0]), ["a"], n_new=1, next_id=2)
    with pytest.raises(ParameterError, match="occurs twice"):
        match(labels, labels, ["a", "a"], n_new=1, next_id=2)
    with pytest.raises(ParameterError, match="beyond"):
        match(labels, labels, [], n_new=1, next_id=2)


def test_segments_without_customers_are_the_same_if_they_are_called_the_same() -> None:
    old, new = np.array([0, 0, 1, 1]), np.array([0, 0, 2, 2])
    ids = ("seg-001", "seg-002", "seg-003")
    called = [(0, 1), (2, 1), (1, 2)]  # 0 goes on by its members; nobody was in 2 and is in 1
    found = match(old, new, ids, n_new=3, next_id=4, called=called)
    assert found.ids == ("seg-001", "seg-003", "seg-002")
    assert found.overlap == {"seg-001": 1.0, "seg-002": 1.0}
    assert found.born == ()
