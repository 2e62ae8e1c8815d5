"""Hidden numbers cannot be worked out: by hand, and by an attacker who knows all that is shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import DataError, ParameterError
from coterie.privacy.disclosure import FLOOR, dominated, hide, hide_money, hide_parts, suppress

Ranges = Callable[..., dict[str, tuple[float, float]]]

_LOG = logging.getLogger(__name__)  # shown by pytest --log-cli-level=INFO


def table(name: str, n: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> dict[str, int]:
    """Name the cells of a table."""
    return {
        f"{name}:{row}:{column}": int(n[i, j])
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    }


def crossed(name: str, rows: Sequence[str], columns: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Say which sums a table has."""
    across = [(row, [f"{name}:{row}:{c}" for c in columns]) for row in rows]
    return across + [(c, [f"{name}:{row}:{c}" for row in rows]) for c in columns]


def publication(seed: int) -> tuple[dict[str, int], list[tuple[str, list[str]]]]:
    """Draw all that is published of some customers: two exports, two attributes, the flows."""
    random = np.random.default_rng(seed)
    k, levels = random.integers(2, 5), random.integers(2, 4, 2)
    n = int(random.integers(30, 1_500))
    chance = random.dirichlet(np.full(k, 0.7))
    before = random.choice(k, n, p=chance)
    after = np.where(random.random(n) < 0.85, before, random.choice(k, n, p=chance))
    old, new = [f"old{i}" for i in range(k)], [f"new{i}" for i in range(k)]
    counts = {"all": n}
    sums = [("all", old), ("all", new)]
    for names, placed in ((old, before), (new, after)):
        counts |= {name: int((placed == i).sum()) for i, name in enumerate(names)}
    flows = np.zeros((k, k), int)
    np.add.at(flows, (before, after), 1)
    counts |= table("flow", flows, old, new)
    sums += crossed("flow", old, new)
    for which, m in enumerate(levels.tolist()):
        level = random.choice(m, n, p=random.dirichlet(np.ones(m)))
        cells = np.zeros((k, m), int)
        np.add.at(cells, (after, level), 1)
        names = [f"level{which}{i}" for i in range(m)]
        counts |= {name: int((level == i).sum()) for i, name in enumerate(names)}
        counts |= table(f"a{which}", cells, new, names)
        sums += [*crossed(f"a{which}", new, names), ("all", names)]
    return counts, sums


def test_a_table_matches_the_hand_calculation() -> None:
    # 5 is under 25. With the sums it follows unless another of its row and another of its column
    # are hidden, and the fourth of the square; 30 + 40 + 35 are the fewest customers. To be
    # 24 the others of the row and column give 19 each; to be 0 they take 5, the fourth gives 5.
    found = hide(np.array([[5, 30, 200], [40, 35, 300], [210, 220, 230]]))
    assert found.cells.tolist() == [[True, True, False], [True, True, False], [False] * 3]
    assert not found.rows.any()
    assert not found.columns.any()
    assert not found.whole


def test_not_only_exact_numbers_but_narrow_ranges_are_hidden(ranges: Ranges) -> None:
    # 3 and 4 hide each other, but together are known to be 7: each would be 0 to 7
    counts = {"a": 3, "b": 4, "c": 60, "d": 500, "all": 567}
    sums = [("all", "abcd")]
    assert suppress(counts, sums) == {"a", "b", "c"}
    # up to 7 + 60; 500 is no part of it, so all may be anything from 0 to 67
    assert ranges(counts, sums, {"a", "b", "c"}) == dict.fromkeys("abc", (0, 67))


def test_nobody_is_hidden_like_a_few() -> None:
    assert suppress({"a": 0, "b": 60, "c": 70}, []) == {"a"}
    assert hide(np.array([[0, 60], [70, 80]])).cells.all()


def test_what_is_large_is_shown_and_what_is_small_as_a_whole_is_not() -> None:
    assert not hide(np.full((3, 4), 25)).any
    few = hide(np.array([[3, 4], [5, 6]]))
    assert few.cells.all()
    assert few.rows.all()
    assert few.columns.all()
    assert few.whole
    assert hide(np.zeros((0, 0), dtype=int)).whole
    alone = hide(np.array([[3, 100]]))  # a single row: the columns' sums are its cells again
    assert alone.columns.tolist() == [True, True]


def test_what_is_hidden_for_another_reason_cannot_be_told_to_fewer_than_the_floor(
    ranges: Ranges,
) -> None:
    counts = {"a": 300, "b": 400, "c": 500, "all": 1_200}
    sums = [("all", "abc")]
    assert suppress(counts, sums, also=["a"]) == {"a", "b"}
    assert ranges(counts, sums, {"a", "b"})["a"] == (0, 700)


def test_what_is_told_elsewhere_is_not_hidden_and_what_is_not_told_helps() -> None:
    counts = {"x": 5, "y": 60, "z": 200, "all": 265}
    sums = [("all", "xyz")]
    assert suppress(counts, sums) == {"x", "y"}
    assert suppress(counts, sums, said=["y"]) == {"x", "z"}
    assert suppress(counts, sums, unsaid=["z"]) == {"x", "z"}
    # nothing is left that 5 could be hidden with
    assert suppress(counts, sums, said=["y", "z", "all"]) == {"x"}
    # 5 and 7 are known to be 12: each is hidden as far as that leaves it
    pair = {"x": 5, "w": 7, "y": 60, "all": 72}
    assert suppress(pair, [("all", "xwy")], said=["y", "all"]) == {"x", "w"}


def test_no_range_lies_inside_the_floor_for_all_that_is_published(ranges: Ranges) -> None:
    shares = []
    for seed in range(100):
        counts, sums = publication(seed)
        hidden = suppress(counts, sums)
        assert {key for key, n in counts.items() if n < FLOOR} <= hidden
        for key, (low, high) in ranges(counts, sums, hidden).items():
            if counts[key] < FLOOR:
                assert low < 1e-6
                assert high > FLOOR - 1 - 1e-6
            else:
                assert high > low + 1e-6  # nor is one of the others known
        big = [key for key, n in counts.items() if n >= FLOOR]
        shares.append(sum(key in hidden for key in big) / len(big))
    _LOG.info("of the numbers of 25 and more %.0f%% are hidden", 100 * np.mean(shares))
    assert np.mean(shares) < 0.45  # of a few hundred customers in up to 49 cells


def test_of_big_tables_little_is_hidden() -> None:
    random = np.random.default_rng(1)
    shares = []
    for _ in range(10):
        counts = random.poisson(np.outer(random.lognormal(5, 1, 8), random.lognormal(0, 1, 10)))
        hidden = hide(counts).cells
        shares.append((hidden & (counts >= FLOOR)).sum() / (counts >= FLOOR).sum())
    _LOG.info("of the numbers of 25 and more %.0f%% are hidden", 100 * np.mean(shares))
    assert np.mean(shares) < 0.1


@settings(max_examples=30)
@given(st.integers(0, 2**20), st.integers(10, 60))
def test_of_any_table_and_floor_all_under_it_and_its_neighbours_are_hidden(
    seed: int, floor: int
) -> None:
    random = np.random.default_rng(seed)
    counts = random.poisson(40, (3, 4)) * (random.random((3, 4)) < 0.8)
    found = hide(counts, floor).cells
    assert found[counts < floor].all()
    # a hidden cell has another one in its row and column, or the sum is hidden, too
    whole = hide(counts, floor)
    assert (whole.rows | (found.sum(axis=1) != 1)).all()
    assert (whole.columns | (found.sum(axis=0) != 1)).all()


@settings(max_examples=30)
@given(st.lists(st.integers(0, 90), min_size=1, max_size=6))
def test_parts_of_one_sum_are_as_safe_as_by_linear_programs(parts: list[int]) -> None:
    hidden = hide_parts(parts)
    kept = [n for n, hides in zip(parts, hidden, strict=True) if not hides]
    secret = [n for n, hides in zip(parts, hidden, strict=True) if hides]
    assert all(n >= FLOOR for n in kept)
    if secret and sum(parts) >= FLOOR and len(parts) > 1:
        assert len(secret) > 1
        assert sum(secret) >= FLOOR - 1
    counts = {**dict(enumerate(parts)), "all": sum(parts)}
    assert len(secret) <= len(suppress(counts, [("all", range(len(parts)))]) - {"all"}) + 1


def test_money_of_one_or_two_customers_is_hidden() -> None:
    assert not dominated(0.5, 0.8)
    assert dominated(0.5000001, 0.6)
    assert dominated(0.4, 0.8000001)
    assert hide_money([5.0, 5.0, 9.0], [False, False, True]) == [True, False, True]
    assert hide_money([5.0, 5.0, 9.0], [True, False, True]) == [True, False, True]
    assert hide_money([5.0], [True]) == [True]
    assert hide_money([5.0, 6.0], [False, False]) == [False, False]


def test_tables_that_do_not_add_up_and_low_floors_are_refused() -> None:
    with pytest.raises(DataError, match="not that of its parts"):
        suppress({"a": 30, "b": 40, "all": 71}, [("all", "ab")])
    with pytest.raises(DataError, match="negative"):
        suppress({"a": -1}, [])
    with pytest.raises(ParameterError, match="floor is 10 or more"):
        suppress({"a": 30}, [], 9)
