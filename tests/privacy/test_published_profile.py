"""A page tells of categories, months and best sellers nothing that is about a few."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from coterie.engine.duckdb import DuckDB
from coterie.privacy.disclosure import FLOOR
from coterie.profiling.explore import Distribution
from coterie.profiling.profile import FeatureInfo, Profile, ProfileParams, profile_segments
from coterie.profiling.published_profile import hiding_of_profile, published_profile
from coterie.schema import CANONICAL, Attribute
from coterie.segmentation.released import SegmentIdentity

Ranges = Callable[..., dict[Any, tuple[float, float]]]
AS_OF = 15_000


def profile(seed: int, n: int = 600) -> Profile:
    """Draw customers of three segments with a town, a flag with gaps, and what they bought."""
    random = np.random.default_rng(seed)
    code = random.choice(3, n, p=[0.6, 0.37, 0.03])
    keys = [f"c{i:04}" for i in range(n)]
    town = random.choice(["York", "Bath", "Hull", "Ely"], n, p=[0.5, 0.3, 0.15, 0.05])
    member = random.choice([True, False, None], n, p=[0.5, 0.46, 0.04])
    spent = random.lognormal(3, 1, 2 * n)
    lines = [
        {
            "line_id": f"o:{i}",
            "customer_id": keys[i % n],
            "order_id": f"o{i}",
            "ts": 0,
            "day": AS_OF - 1 - int(random.integers(0, 120)),
            "hour": 1,
            "product_id": f"P{min(int(random.geometric(0.4)), 9)}",
            "product_name": "x",
            "channel": "web" if random.random() < 0.9 else "shop",
            "quantity_milli": 1_000,
            "amount_micros": round(float(spent[i]) * 1e6),
            "discount_micros": 0,
            "kind": "sale",
        }
        for i in range(2 * n)
    ]
    ids = {f"seg-00{c + 1}": SegmentIdentity(f"seg-00{c + 1}", c + 1, f"S{c}") for c in range(3)}
    with DuckDB() as db:
        db.load("lines", pa.Table.from_pylist(lines, schema=CANONICAL["lines"]))
        db.load("people", pa.table({"customer_id": keys, "town": town, "member": member.tolist()}))
        db.load("features", pa.table({"customer_id": keys, "x": random.gamma(1, 50, n)}))
        placed = [f"seg-00{c + 1}" for c in code]
        db.load("assignments", pa.table({"customer_id": keys, "segment_id": placed}))
        return profile_segments(
            db,
            ProfileParams(AS_OF, currency="GBP"),
            catalogue=[FeatureInfo("x", "X")],
            attributes=[Attribute("town", "category"), Attribute("member", "flag")],
            ids=ids,
        )


def table_of(found: Profile, name: str) -> dict[Any, int]:
    """Count all customers by segment and level, those whose level is unknown as ""."""
    counts: dict[Any, int] = {}
    for segment in found.segments:
        mine = {x.level: x.n for x in segment.levels if x.attribute == name}
        for level in ("York", "Bath", "Hull", "Ely") if name == "town" else ("yes", "no"):
            counts[segment.id, level] = mine.get(level, 0)
        if name == "member":
            counts[segment.id, ""] = segment.n - sum(mine.values())
    return counts


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["town", "member"])
def test_no_level_of_a_few_can_be_worked_out(seed: int, name: str, ranges: Ranges) -> None:
    whole = profile(seed)
    hiding = hiding_of_profile(whole)
    told = published_profile(whole, hiding)
    counts = table_of(whole, name)
    cells = list(counts)
    sums: dict[Any, list[Any]] = {"all": cells}
    for segment, level in cells:
        sums.setdefault(("size", segment), []).append((segment, level))
        sums.setdefault(("of all", level), []).append((segment, level))
    counts |= {key: sum(counts[cell] for cell in parts) for key, parts in sums.items()}
    shown = {"all"} | {("size", s.id) for s in whole.segments if s.id not in hiding.sizes}
    for segment in told.segments:
        for level in segment.levels:
            if level.attribute == name:
                assert counts[segment.id, level.level] == level.n
                shown |= {(segment.id, level.level), ("of all", level.level)}
    shown |= {("of all", "") for item in told.missing if item.column == name and item.n}
    secret = {s.id for s in whole.segments if s.id in hiding.sizes}
    found = ranges(counts, list(sums.items()), counts.keys() - shown)
    for key, (low, high) in found.items():
        if counts[key] < FLOOR and key[0] not in secret and key[0] != "size":
            assert low < 1e-6
            assert high > FLOOR - 1 - 1e-6
    assert any(key[0] not in secret for key in shown if key in cells)  # yet something is told


def test_what_a_few_bought_and_months_of_a_few_are_not_told() -> None:
    whole = profile(1)
    hiding = hiding_of_profile(whole)
    told = published_profile(whole, hiding)
    (few,) = (s for s in whole.segments if s.n < FLOOR or s.id in hiding.none)
    quiet = next(s for s in told.segments if s.id == few.id)
    assert (quiet.n, quiet.share, quiet.value, quiet.products) == (0, 0.0, None, ())
    assert {c.median for c in quiet.contrasts} == {None}
    for segment in told.segments:
        for seller in segment.sellers:
            assert seller.customers >= FLOOR
            assert (seller.amount is None) == (max(seller.largest or 1, 0) > 0.5)
        for items in segment.bought.values():
            assert all(item.n >= FLOOR for item in items)
        for item in segment.products:
            assert (item.n, item.share) == (0, 0.0)
    assert {m.segment for m in told.months} <= {
        code for code, s in enumerate(whole.segments) if s.id not in hiding.none | hiding.money
    }
    assert all(m.value is None or m.customers >= FLOOR for m in told.months)
    assert sum(m.value is not None for m in told.months) >= 3


def test_small_bars_are_left_out_and_the_axis_ends_with_the_last_large_one() -> None:
    whole = profile(2)
    (before,) = whole.distributions
    (after,) = published_profile(whole, hiding_of_profile(whole)).distributions
    assert min(n for n in after.counts if n) >= FLOOR
    assert after.edges[-1] < before.edges[-1]
    assert len(after.edges) == len(after.counts) + 1
    assert isinstance(after, Distribution)
    (far,) = published_profile(whole, hiding_of_profile(whole)).far
    assert far.q95 is not None  # 30 of 600 lie beyond it, of the last hundredth 6
    assert (far.q99, far.q999) == (None, None)
