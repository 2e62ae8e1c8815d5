"""Progress where there is no bar: a line a stage, and of a long one how far it is."""

from __future__ import annotations

import pytest

from coterie.terminal import progress


def test_a_long_stage_tells_the_time_left_and_not_too_often(
    capsys: pytest.CaptureFixture[str],
) -> None:
    moments = iter([0.0, 5.0, 30.0, 35.0, 60.0, 100.0, 100.0, 101.0])
    with progress(lambda: next(moments)) as tell:
        for share in (0.0, 0.05, 0.3, 0.35, 0.6, 1.0):
            tell("choose", share, "what can be told")
        for share in (0.0, 0.5):
            tell("place", share, "placing every customer")
    assert capsys.readouterr().err.splitlines() == [
        "Choosing: what can be told",
        "Choosing: 30% done, about 2 min left",
        "Choosing: 60% done, about 40 s left",
        "Placing: placing every customer",
    ]
