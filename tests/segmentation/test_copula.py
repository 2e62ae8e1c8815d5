from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from coterie.errors import DataError
from coterie.segmentation.copula import Copula, spearman


def shop(n: int = 2_000) -> np.ndarray:
    """Recency, frequency with many ties and one third ones, money, a flag."""
    random = np.random.default_rng(0)
    latent = random.normal(size=(n, 4)) @ np.array(
        [[1, -0.7, -0.4, 0], [0, 0.7, 0.6, 0.5], [0, 0, 0.7, 0.3], [0, 0, 0, 0.8]]
    )
    return np.column_stack(
        [
            np.round(100 * np.exp(latent[:, 0])),
            np.maximum(1, np.round(2 + 3 * latent[:, 1])),
            np.exp(latent[:, 2]),
            latent[:, 3] > 0.8,
        ]
    ).astype(np.float64)


def test_rank_correlations_by_hand():
    # ranks from their mean: -1.5, 0, 0, 1.5 and 1.5, .5, -1, -1
    rows = np.array([[1.0, 9.0], [5.0, 8.0], [5.0, 2.0], [7.0, 2.0]])
    assert spearman(rows)[0, 1] == pytest.approx(-3.75 / 4.5)
    assert spearman(rows)[0, 1] == pytest.approx(spearmanr(*rows.T).statistic)


def test_margins_are_kept_exactly():
    rows = shop()
    drawn = Copula.fit(rows, seed=0).draw(np.random.default_rng(5))
    np.testing.assert_array_equal(np.sort(drawn, axis=0), np.sort(rows, axis=0))
    assert not np.array_equal(drawn, rows)


def test_rank_correlations_are_kept_to_a_hundredth_in_spite_of_ties():
    rows = shop()
    copula, random = Copula.fit(rows, seed=0), np.random.default_rng(1)
    drawn = np.mean([spearman(copula.draw(random)) for _ in range(150)], axis=0)
    np.testing.assert_allclose(drawn, spearman(rows), atol=0.01)


def test_plain_normal_scores_would_lose_correlation_under_ties():
    rows = shop()
    fitted = Copula.fit(rows, seed=0)
    naive = Copula(fitted.margins, spearman(rows))
    random = np.random.default_rng(1)
    drawn = np.mean([spearman(naive.draw(random)) for _ in range(30)], axis=0)
    assert np.abs(drawn - spearman(rows)).max() > 0.05


@settings(max_examples=15)
@given(st.integers(0, 1_000), st.integers(2, 5))
def test_only_the_order_of_values_matters_for_the_correlations(seed: int, d: int):
    rows = np.random.default_rng(seed).integers(0, 9, size=(60, d)).astype(np.float64)
    squared = (rows + 1) ** 2
    np.testing.assert_array_equal(
        Copula.fit(rows, seed=1).latent, Copula.fit(squared, seed=1).latent
    )


def test_a_constant_and_a_copy_do_no_harm():
    value = np.random.default_rng(0).normal(size=300)
    rows = np.column_stack([value, value, np.ones(300)])
    drawn = Copula.fit(rows, seed=0).draw(np.random.default_rng(0))
    assert spearman(drawn)[0, 1] > 0.99
    assert (drawn[:, 2] == 1).all()
    np.testing.assert_array_equal(rankdata(np.sort(drawn[:, 0])), np.arange(1, 301))


def test_the_indicators_of_a_category_are_drawn_together():
    random = np.random.default_rng(0)
    spend = random.normal(size=900)
    level = (np.argsort(np.argsort(spend + random.normal(size=900))) // 300 + 1) % 3
    rows = np.column_stack([level == 0, spend, level == 1, level == 2]).astype(np.float64)
    copula = Copula.fit(rows, features=("city", "spend", "city", "city"), seed=0)
    drawn = copula.draw(np.random.default_rng(1))
    assert (drawn[:, [0, 2, 3]].sum(axis=1) == 1).all()
    np.testing.assert_array_equal(np.sort(drawn, axis=0), np.sort(rows, axis=0))
    for column in (0, 2, 3):  # each city keeps its mean spend
        mine, other = rows[rows[:, column] == 1, 1], drawn[drawn[:, column] == 1, 1]
        assert other.mean() == pytest.approx(mine.mean(), abs=0.15)


def test_values_that_are_not_there_are_refused():
    with pytest.raises(DataError, match="finite"):
        Copula.fit(np.array([[1.0], [np.nan]]), seed=0)
