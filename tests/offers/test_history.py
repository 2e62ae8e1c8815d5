"""Own purchases and what sells best fade with time, by sums that can be done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.offers.history import SHRINK, History, Own, best, popularity, segment_popularity


def _history(*rows: tuple[int, int, int], as_of: int = 100) -> History:
    columns = tuple(np.array(column) for column in zip(*rows, strict=True))
    customers, products = (int(column.max()) + 1 for column in columns[:2])
    return History.of(columns, n_customers=customers, n_products=products, as_of=as_of)


def test_a_purchase_of_a_year_ago_counts_half() -> None:
    own = Own.of(_history((0, 0, 0), (0, 0, 365), (0, 1, 365), as_of=366))
    assert own.score.tolist() == [1.5, 1.0]
    assert own.times.tolist() == [2, 1]
    assert own.last.tolist() == [365, 365]


def test_a_sale_of_a_fortnight_ago_counts_half() -> None:
    # last day 99: bought by two customers on day 85, by one on day 99
    history = _history((0, 0, 85), (1, 0, 85), (1, 1, 99))
    assert popularity(history).tolist() == [1.0, 1.0]
    assert popularity(history, half_life=7).tolist() == [0.5, 1.0]


def test_rows_twice_or_on_and_after_the_day_do_not_count() -> None:
    once = _history((0, 0, 5), (1, 1, 99))
    more = _history((1, 1, 99), (0, 0, 5), (0, 0, 5), (0, 1, 100), (1, 0, 200))
    for name in ("customer", "product", "day"):
        np.testing.assert_array_equal(getattr(once, name), getattr(more, name))
    assert once.before(99).day.tolist() == [5]


def test_segments_are_mixed_with_all() -> None:
    history = _history((0, 0, 99), (1, 1, 99), (2, 1, 99))
    found = segment_popularity(history, np.array([0, 1, -1]), 2)
    everybody = np.array([1 / 3, 2 / 3])
    np.testing.assert_allclose(found[2], everybody)
    np.testing.assert_allclose(found[0], (np.array([1, 0]) + SHRINK * everybody) / (1 + SHRINK))
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_best_takes_the_lower_code_of_equals_and_nothing_unsold() -> None:
    assert best(np.array([0.0, 2.0, 1.0, 2.0]), 4).tolist() == [1, 3, 2]


@pytest.mark.parametrize("half_life", [1.0, 14.0])
def test_what_was_long_ago_never_overflows(half_life: float) -> None:
    assert np.isfinite(popularity(_history((0, 0, 0), as_of=40_000), half_life)).all()
