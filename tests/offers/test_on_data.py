"""On Online Retail the lists hold what is bought next as often as was promised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.bench_products import trial
from coterie.offers.history import popularity
from coterie.offers.neighbours import Neighbours
from coterie.offers.products import Recommender


def test_lists_of_september_hold_what_was_bought_until_december(data: Path) -> None:
    now = trial()
    found = now.tracks(None, now.wanted)
    assert (len(found.customers), now.items) == (1_942, 3_383)
    assert found.recall.mean() == pytest.approx(0.384, abs=0.002)
    assert found.ndcg.mean() == pytest.approx(0.400, abs=0.002)
    new = now.tracks("new", now.fresh)
    assert new.recall.mean() == pytest.approx(0.122, abs=0.002)
    assert new.ndcg.mean() == pytest.approx(0.125, abs=0.002)
    # nearest neighbours, for shops with too many products for EASE: .114 / .113 expected
    near = Recommender(now.known.history, Neighbours, n=10).lists()
    other = now._replace(lists=near).tracks("new", now.fresh)
    np.testing.assert_allclose([other.recall.mean(), other.ndcg.mean()], [0.113, 0.114], atol=0.002)
    # against what sells best to all
    usual = now.judge(now.same(popularity(now.known.history)), now.wanted)
    np.testing.assert_allclose([usual.recall.mean(), usual.ndcg.mean()], [0.123, 0.126], atol=0.001)
