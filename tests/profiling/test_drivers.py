import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coterie.profiling.drivers import (
    benjamini_hochberg,
    chi_squared,
    cliffs_delta,
    compare_number,
    kruskal_wallis,
)

groups = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=6, max_size=40)


@given(groups)
def test_kruskal_wallis_is_scipys(rows):
    values = np.array([value for value, _ in rows], float)
    codes = np.array([code for _, code in rows], np.int32)
    present = np.unique(codes)
    found = kruskal_wallis(stats.rankdata(values), codes)
    if present.size < 2 or np.unique(values).size < 2:
        assert found is None
        return
    expected = stats.kruskal(*(values[codes == code] for code in present))
    np.testing.assert_allclose(found[:2], expected, rtol=1e-9, atol=1e-12)


@given(groups)
def test_cliffs_delta_counts_all_pairs(rows):
    values = np.array([value for value, _ in rows], float)
    member = np.array([code == 0 for _, code in rows])
    found = cliffs_delta(stats.rankdata(values), member)
    if member.all() or not member.any():
        assert found is None
        return
    pairs = np.sign(values[member][:, None] - values[~member][None, :])
    assert abs(found - pairs.mean()) < 1e-9


def test_chi_squared_is_scipys():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 4, 300).astype(np.int32), rng.integers(0, 3, 300).astype(np.int32)
    table = np.zeros((4, 3))
    np.add.at(table, (a, b), 1)
    expected = stats.chi2_contingency(table, correction=False)
    statistic, p, v = chi_squared(a, b)
    np.testing.assert_allclose([statistic, p], [expected.statistic, expected.pvalue])
    assert abs(v - np.sqrt(statistic / 300 / 2)) < 1e-12


def test_adjusted_p_values_are_scipys():
    p = [0.001, 0.04, 0.03, 0.9, 0.04]
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))
    assert benjamini_hochberg([]) == []


def test_unknown_values_are_left_out_of_a_test():
    values = np.array([1.0, 2.0, np.nan, 10.0, 11.0])
    test, effects = compare_number("x", "X", values, np.array([0, 0, 0, 1, 1], np.int32))
    assert test.n == 4
    assert effects == {0: -1.0, 1: 1.0}


def test_a_constant_feature_has_no_test():
    assert compare_number("x", "X", np.ones(6), np.array([0, 0, 0, 1, 1, 1], np.int32)) == (
        None,
        {},
    )
