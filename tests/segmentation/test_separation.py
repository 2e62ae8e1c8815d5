from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from coterie.segmentation import separation
from coterie.segmentation.separation import Yardstick, bootstrap, eps2, score

# what each customer is worth, and two things known of her that tell it with noise
RANDOM = np.random.default_rng(0)
WORTH = RANDOM.normal(size=1_500)
KNOWN = np.column_stack([WORTH + RANDOM.normal(0, 0.3, 1_500), RANDOM.normal(size=1_500)])
SPEND = np.exp(WORTH) * (RANDOM.random(1_500) < 1 / (1 + np.exp(-2 * WORTH)))


@pytest.fixture(scope="module")
def yardstick() -> Yardstick:
    return Yardstick.of_spend(SPEND, KNOWN, draws=bootstrap(1_500, seed=0), seed=0)


def tiers(values: np.ndarray, k: int) -> np.ndarray:
    """Cut at the quantiles into ``k`` segments."""
    return np.searchsorted(np.quantile(values, np.arange(1, k) / k), values).astype(np.int32)


def test_eps2_is_the_adjusted_share_of_variance():
    # means 1 and 5: SSE 1+1+1+1 = 4 with 2 free, SST 20 with 3 free -> 1 - 2 / (20 / 3)
    labels, target = np.array([0, 0, 1, 1]), np.array([[0.0], [2.0], [4.0], [6.0]])
    assert eps2(labels, target)[0, 0] == pytest.approx(0.7)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 8))
def test_eps2_depends_on_neither_the_numbers_of_segments_nor_the_order(seed: int, k: int):
    random = np.random.default_rng(seed)
    labels, target = random.integers(0, k, 60).astype(np.int32), random.normal(size=(60, 1))
    order, names = random.permutation(60), random.permutation(k + 3)[:k].astype(np.int32)
    assert eps2(names[labels][order], target[order])[0, 0] == pytest.approx(
        eps2(labels, target)[0, 0]
    )


def test_chance_holds_nothing_however_many_the_segments_even_in_bootstraps():
    random = np.random.default_rng(1)
    target, draws = random.normal(size=(2_000, 20)), bootstrap(2_000, seed=1)[:, :20]
    found = eps2(random.integers(0, 120, 2_000).astype(np.int32), target, draws)
    assert abs(found[0].mean()) < 0.01
    assert abs(found[1:].mean()) < 0.01


def test_eps2_of_a_constant_or_of_one_customer_each_is_0():
    assert eps2(np.array([0, 0, 1]), np.full((3, 1), 7.1))[0, 0] == 0
    assert eps2(np.array([0, 1, 2]), np.array([[1.0], [2.0], [3.0]]))[0, 0] == 0


def test_the_auc_is_scikit_learns():
    active = SPEND > 0
    chances = KNOWN[:, 0].round(1)  # with ties
    draws = bootstrap(1_500, seed=3)[:, :4]
    found = separation._auc(chances, active, draws)
    expected = [roc_auc_score(active, chances, sample_weight=w) for w in draws.T]
    np.testing.assert_allclose(found, expected)


def test_segment_rates_come_from_the_other_folds():
    random = np.random.default_rng(2)
    labels, folds = random.integers(0, 4, 200).astype(np.int32), random.permutation(200) % 10
    active = random.random(200) < 0.2 + 0.15 * labels
    rates = np.empty(200)
    for i in range(200):
        others = folds != folds[i]
        mine = others & (labels == labels[i])
        rates[i] = (active[mine].sum() + active[others].mean()) / (mine.sum() + 1)
    found = separation.rate_auc(labels, active, folds, np.ones((200, 1)))
    np.testing.assert_allclose(found, roc_auc_score(active, rates))


def test_the_explained_share_is_the_squared_correlation():
    expected = np.corrcoef(WORTH, KNOWN[:, 0])[0, 1] ** 2
    found = separation._explained(WORTH[:, None], KNOWN[:, :1], np.ones((1_500, 1)))
    assert found[0, 0] == pytest.approx(expected)
    opposite = separation._explained(WORTH[:, None], -KNOWN[:, :1], np.ones((1_500, 1)))
    assert opposite[0, 0] == 0


def test_tiers_of_what_is_known_hold_nearly_all_and_chance_holds_nothing(yardstick: Yardstick):
    good, poor = (score([yardstick.parts(tiers(KNOWN[:, j], 10))]) for j in (0, 1))
    assert good is not None
    assert poor is not None
    assert 0.9 < good.p < 1.1
    assert good.low < good.p < good.high
    assert poor.p < 0.05


def test_p_is_the_mean_of_the_three_parts(yardstick: Yardstick):
    labels = tiers(KNOWN[:, 0], 4)
    capped = np.minimum(SPEND, np.quantile(SPEND, 0.99))
    reached = eps2(labels, np.column_stack([capped, np.log1p(SPEND)]))[0]
    parts = yardstick.parts(labels)
    np.testing.assert_allclose(parts[0, :2], reached / yardstick.ceilings[0, :2])
    assert score([parts]).p == pytest.approx(parts[0].mean())


def test_more_tiers_hold_more(yardstick: Yardstick):
    found = [score([yardstick.parts(tiers(KNOWN[:, 0], k))]).p for k in (2, 4, 8)]
    assert found == sorted(found)


def test_returns_count_as_no_spend():
    draws = bootstrap(300, seed=0)
    spend = SPEND[:300].copy()
    base = Yardstick.of_spend(spend, KNOWN[:300], draws=draws, seed=0)
    spend[np.flatnonzero(spend == 0)[0]] = -1e6
    returned = Yardstick.of_spend(spend, KNOWN[:300], draws=draws, seed=0)
    np.testing.assert_array_equal(base.ceilings, returned.ceilings)


def test_what_nothing_foretells_is_left_out():
    noise = np.random.default_rng(4).normal(size=(400, 1))
    draws = bootstrap(400, seed=0)
    blind = Yardstick.of_columns(noise, np.zeros((400, 1)), draws=draws, seed=0)
    parts = blind.parts(tiers(noise[:, 0], 3))
    assert parts.shape == (201, 0)
    assert score([parts]) is None


def test_nobody_buying_leaves_no_yardstick():
    nobody = Yardstick.of_spend(np.zeros(250), KNOWN[:250], draws=bootstrap(250, seed=0), seed=0)
    assert nobody.ceilings[0].tolist() == [0.0, 0.0, 0.0]


def test_yardsticks_count_the_same_whatever_their_parts():
    one, two = np.full((201, 1), 0.2), np.full((201, 3), 0.6)
    assert score([one, two]).p == pytest.approx(0.4)


def test_a_static_outcome_is_judged_by_ranks_alone():
    draws = bootstrap(500, seed=0)
    a, b = (
        Yardstick.of_columns(values[:500, None], KNOWN[:500], draws=draws, seed=0)
        for values in (WORTH, np.exp(WORTH))
    )
    np.testing.assert_array_equal(a.ceilings, b.ceilings)
