import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coterie.profiling.contrasts import place, rest_median, uses_log


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=50))
def test_the_rests_median_is_that_of_the_others(rows):
    values = np.array([value for value, _ in rows], float)
    member = np.array([inside for _, inside in rows])
    found = rest_median(np.sort(values), np.sort(values[member]))
    if member.all():
        assert found is None
    else:
        assert found == np.median(values[~member])


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=30))
def test_the_places_of_all_values_average_to_the_middle(values):
    ordered = np.sort(np.array(values, float))
    assert abs(np.mean([place(ordered, value) for value in ordered]) - 0.5) < 1e-9


def test_only_skewed_columns_without_negatives_are_logged_by_themselves():
    skewed = np.sort(np.exp(np.random.default_rng(0).normal(size=500)))
    assert uses_log("auto", skewed)
    assert not uses_log("auto", skewed - 1)
    assert not uses_log("none", skewed)
    assert uses_log("log", skewed - 1)
