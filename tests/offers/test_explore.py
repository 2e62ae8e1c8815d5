"""Thompson sampling tries what may be best, and less and less what is not."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.offers.explore import DRAWS, Sent, count, draw_uplifts
from coterie.offers.uplift import Trials


def best_share(n: float, rates: tuple[float, float]) -> float:
    """How often the second offer looks better after ``n`` contacts with each."""
    sent = Sent(np.full((1, 2), n), n * np.array([rates]))
    drawn = draw_uplifts(sent, Sent.none(1, 2), np.full(2, np.nan), seed=1)
    return float((drawn[:, 0, 1] > drawn[:, 0, 0]).mean())


def test_equal_offers_are_drawn_about_equally_and_a_better_one_more_with_more_contacts() -> None:
    assert best_share(200, (0.1, 0.1)) == pytest.approx(0.5, abs=0.2)
    few, many = best_share(50, (0.05, 0.12)), best_share(5000, (0.05, 0.12))
    assert 0.5 < few < 1
    assert many == 1


def test_a_segment_that_was_never_tried_follows_the_others() -> None:
    sent = Sent(np.array([[4000.0], [0.0]]), np.array([[800.0], [0.0]]))
    drawn = draw_uplifts(sent, Sent.none(2, 1), np.array([np.nan]), seed=1)
    assert drawn.shape == (DRAWS, 2, 1)
    assert drawn[:, 1].mean() == pytest.approx(0.2, abs=0.03)
    assert drawn[:, 1].std() > 2 * drawn[:, 0].std()


def test_own_contacts_outweigh_150_of_the_others() -> None:
    # 150 pseudo-sends at an overall rate near .2 (4,600 / 23,000), 3,000 own at .05: near .057.
    sent = Sent(np.array([[20_000.0], [3000.0]]), np.array([[4450.0], [150.0]]))
    drawn = draw_uplifts(sent, Sent.none(2, 1), np.array([np.nan]), seed=1)
    assert drawn[:, 1].mean() == pytest.approx((150 * 0.2 + 150) / 3150, abs=0.003)


def test_with_a_control_only_what_a_contact_adds_counts() -> None:
    sent = Sent(np.array([[5000.0]]), np.array([[1000.0]]))
    control = Sent(np.array([[5000.0]]), np.array([[900.0]]))
    drawn = draw_uplifts(sent, control, np.array([np.nan]), seed=1)
    assert drawn.mean() == pytest.approx(0.02, abs=0.01)


def test_rows_of_unequal_chance_count_for_less() -> None:
    # Weights 2, 2, 4: (8)^2 / 24 rows; the answer of weight 4 is half of all.
    trials = Trials(
        np.arange(4),
        np.array([True, True, True, False]),
        np.array([0.0, 0, 1, 1]),
        np.array([0.5, 0.5, 0.25, 0.5]),
    )
    rows, answers = count(trials, contacted=True)
    assert rows == pytest.approx(64 / 24)
    assert answers == pytest.approx(64 / 24 / 2)
    assert count(trials, contacted=False) == (1.0, 1.0)


def regret(sends: int, *, learning: bool, batch: int = 500) -> float:
    """Share of the answers of each segment's best offer that is lost."""
    random = np.random.default_rng(4)
    segments, offers = 8, 5
    spread = np.exp(random.normal(0, 0.5, (segments, offers)))
    rate = np.clip(random.beta(4, 76, offers) * spread, 0, 0.5)
    sent, none = Sent.none(segments, offers), Sent.none(segments, offers)
    best = got = 0.0
    for number in range(sends // batch):
        segment = random.integers(0, segments, batch)
        chosen = random.integers(0, offers, batch)
        if learning:
            drawn = draw_uplifts(sent, none, np.full(offers, np.nan), seed=number)
            world = random.integers(0, DRAWS, batch)
            chosen = drawn[world, segment].argmax(axis=1)
        answers = random.random(batch) < rate[segment, chosen]
        np.add.at(sent.n, (segment, chosen), 1.0)
        np.add.at(sent.answers, (segment, chosen), answers.astype(float))
        best += rate[segment].max(axis=1).sum()
        got += rate[segment, chosen].sum()
    return 1 - got / best


def test_what_learning_costs_falls_with_what_is_learned() -> None:
    assert regret(2_000, learning=False) > 0.3
    early, late = regret(2_000, learning=True), regret(20_000, learning=True)
    assert late < 0.6 * early
    assert late < 0.15
