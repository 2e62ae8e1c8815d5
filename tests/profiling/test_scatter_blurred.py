"""Points that a viewer sees are those of many."""

from __future__ import annotations

import numpy as np

from coterie.profiling.scatter import Axis, Scatter, blurred


def test_points_lie_where_many_of_their_segment_are_and_have_no_names():
    random = np.random.default_rng(3)
    n = 20_000
    points = random.lognormal(1, 1, (n, 2)).round(4)
    points[:5] = np.nan
    segments = tuple(random.choice(["a", "b", None], n, p=[0.7, 0.29, 0.01]).tolist())
    whole = Scatter(
        Axis("x", "X"), Axis("y", "Y"), 0.9, tuple(map(str, range(n))), points, segments
    )
    seen = blurred(whole, 25)
    assert set(seen.ids) == {""}
    assert len(seen.ids) == len(seen.points) == len(seen.segment_ids) < n
    _, counts = np.unique(
        [f"{s} {x} {y}" for s, (x, y) in zip(seen.segment_ids, seen.points.tolist(), strict=True)],
        return_counts=True,
    )
    assert counts.min() >= 25
    assert {*seen.segment_ids} == {"a", "b"}  # 200 of none are never 25 in one of 256 squares
    assert len(seen.ids) > 0.75 * n


def test_of_a_few_or_of_nothing_known_there_are_no_points():
    few = Scatter(Axis("x", "X"), Axis("y", "Y"), None, ("c1",), np.array([[1.0, 2.0]]), ("a",))
    assert blurred(few, 25).points.shape == (0, 2)
    unknown = Scatter(Axis("x", "X"), Axis("y", "Y"), None, ("c",), np.full((1, 2), np.nan), ("a",))
    assert blurred(unknown, 25).ids == ()
