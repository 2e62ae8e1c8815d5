"""The harness of the figures: what it prints, what it returns, and that no bar can be bent."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.figures import (
    FIGURES,
    MEASURES,
    Figure,
    Outcome,
    Part,
    at_least,
    at_most,
    figure,
)
from benchmarks.run import run_one, verdict
from benchmarks.timing import Spread, paired_ratio

ROOT = Path(__file__).parents[2]


def run(*names: str) -> subprocess.CompletedProcess[str]:
    """Run the harness as ``make bench`` does."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.run", *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_promised_figures_are_listed() -> None:
    promised = [f"Q{n}" for n in range(1, 27)] + [f"S{n}" for n in range(1, 15)]
    assert list(FIGURES) == promised + [f"R{n}" for n in range(1, 7)]


def test_a_figure_without_a_measurement_is_pending_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(MEASURES, "R4", raising=False)
    assert run_one("R4") == 0
    closing = capsys.readouterr().out.splitlines()[-1]
    assert closing == "R4 value=- bar=every pair tested pending"


def test_an_unknown_figure_names_the_nearest() -> None:
    done = run("s11")
    assert done.returncode == 2
    assert "Did you mean S11?" in done.stderr


def test_a_figure_holds_only_if_all_its_parts_do() -> None:
    good, bad = at_most("time", 0.5, 0.5, unit="s"), at_least("P", 0.89, 0.9)
    promised = Figure("Q1", "P", "≥ .90")
    assert verdict(promised, Outcome("", (good,))).endswith("value=0.5 s bar=≥ .90 ok")
    assert verdict(promised, Outcome("", (good, bad))).endswith("value=0.5 s, 0.89 bar=≥ .90 short")


@pytest.mark.parametrize("part", [at_most("a", math.nan, 1), at_least("a", math.nan, 1)])
def test_no_number_is_no_pass(part: Part) -> None:
    assert not Outcome("", (part,)).ok


def test_a_figure_without_parts_does_not_hold() -> None:
    assert not Outcome("", ()).ok


def test_only_listed_figures_can_be_registered() -> None:
    with pytest.raises(KeyError, match="Q99"):
        figure("Q99")


def test_the_spread_is_the_median_between_the_extremes() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, (1.0, 3.0))


def test_pairs_alternate_who_goes_first() -> None:
    order: list[str] = []
    paired_ratio(lambda: order.append("us"), lambda: order.append("peer"), pairs=2)
    assert order == ["us", "peer", "peer", "us"]
