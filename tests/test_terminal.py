"""Progress where there is no bar: a line a stage, and of a long one how far it is."""

from __future__ import annotations

import pytest

from coterie.terminal import progress


def test_a_long_stage_tells_the_time_left_and_not_too_often(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 0.0
    with progress(lambda: now) as tell:
        tell("choose", 0.0, "what can be told")
        for now, share in ((5.0, 0.05), (30.0, 0.3), (35.0, 0.35), (60.0, 0.6), (100.0, 1.0)):
            tell("choose", share, "k = 2")
        tell("place", 0.0, "placing every customer")
        now = 101.0
        tell("place", 0.5, "placing every customer")
    assert capsys.readouterr().err.splitlines() == [
        "Choosing: what can be told",
        "Choosing: 30% done, about 2 min left",
        "Choosing: 60% done, about 40 s left",
        "Placing: placing every customer",
    ]
