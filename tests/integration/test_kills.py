"""Killed at every point, stopped at any moment, out of disk: the next run mends all."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from benchmarks.commands import Forks
from benchmarks.kills import OPERATIONS, Killing, leftovers, tree

SOAK = {"train", "predict", "value", "products", "stream"}


STEPS = {"run": 4, "erase": 5}
"""Of the longest ones a kill at some of the points; at every one by R1."""


@pytest.fixture(scope="module")
def first_run(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Killing:
    """Return the first run of a project, to be killed."""
    return Killing(forks, tmp_path_factory.mktemp("first"), "run")


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.soak) if n in SOAK else n for n in OPERATIONS],
)
def test_killed_at_every_point_and_run_again_all_is_as_undisturbed(
    name: str, forks: Forks, tmp_path: Path
) -> None:
    killing = Killing(forks, tmp_path, name)
    step = STEPS.get(name, 1)
    found = killing.at_every_point(again=name in SOAK, step=step)
    assert not found.wrong
    assert found.points > OPERATIONS[name].least - step


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_at_some_moment_and_run_again_all_is_as_undisturbed(
    number: signal.Signals, first_run: Killing
) -> None:
    for seconds in (0.05, 0.3):
        stop_and_run_again(first_run, number, seconds)


def stop_and_run_again(killing: Killing, number: signal.Signals, seconds: float) -> None:
    """Stop an operation; what is said and left must be clean, and a second one as undisturbed."""
    project = killing.fresh(f"{seconds}")
    said = killing.stopped(project, number, seconds)
    assert said.code in {0, -number, 128 + number}, said.err
    assert "Traceback" not in said.err
    if said.code == 128 + number:
        assert "Stopped. Nothing is left half-written" in said.err
        assert not leftovers(project)
    assert not killing.mend(project)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["run", "report", "assign csv", "init"])
def test_killed_at_twenty_random_moments_all_is_as_undisturbed(
    name: str, forks: Forks, tmp_path: Path
) -> None:
    killing = Killing(forks, tmp_path, name)
    begin = time.perf_counter()
    killing.finish(killing.fresh("measured"))
    lasts = time.perf_counter() - begin
    rng = random.Random(f"{name} 0")
    for _ in range(20):
        stop_and_run_again(killing, signal.SIGKILL, rng.random() * lasts)


@pytest.mark.parametrize("limit", [2_000, 15_000, 25_000, 40_000])
def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    limit: int, forks: Forks, first_run: Killing
) -> None:
    project = first_run.fresh("project")
    said = forks(project, "run", file_bytes=limit)
    assert "Free some space and run again" in said.error
    assert not leftovers(project)
    assert set(first_run.at_start) <= set(tree(project))
    assert not list((project / ".coterie" / "runs").glob("*"))
    assert not first_run.mend(project)
