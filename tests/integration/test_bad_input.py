"""Bad input: one clear message, exit code 1, nothing half-written. The cases are R3's."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.commands import Forks
from benchmarks.hostile import DATA, INIT, SETTINGS, Case, left
from benchmarks.hostile_ahead import AHEAD, FEEDBACK, OFFERS, PREDICT, SHOP, run_before

HOSTILE = (*INIT, *SETTINGS, *DATA)


def test_there_are_cases_of_every_kind() -> None:
    kinds = (INIT, SETTINGS, DATA, PREDICT, OFFERS, FEEDBACK, SHOP)
    assert min(map(len, kinds)) >= 15
    assert len(HOSTILE) + len(AHEAD) >= 200


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_bad_input_is_refused_in_one_clear_message(
    case: Case, coterie: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.write(tmp_path)
    for name, value in case.env.items():
        monkeypatch.setenv(name, value)
    before = left(tmp_path)
    said = coterie(tmp_path, *case.words)
    assert said.error.isprintable()
    assert len(said.error) < 4_000
    assert re.search(case.says, said.error), said.error
    assert left(tmp_path) == before
    assert not list(tmp_path.rglob(".tmp-*"))


@pytest.mark.parametrize("case", [INIT[0], SETTINGS[8], DATA[0]], ids=lambda case: case.name)
def test_with_json_the_error_is_one_object(case: Case, coterie: Any, tmp_path: Path) -> None:
    case.write(tmp_path)
    said = coterie(tmp_path, *case.words, "--json")
    assert said.code == 1
    assert "Error" not in said.err
    assert said.json["ok"] is False
    error = said.json["error"]
    assert set(error) == {"code", "message", "allowed", "hint", "where"}
    assert error["code"] in {"data", "parameter", "not_ready"}
    whole = " ".join(part for part in (error["message"], error["allowed"], error["hint"]) if part)
    assert re.search(case.says, whole)


@pytest.fixture(scope="module")
def projects(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Projects that were run, and of which predictions are kept."""
    return run_before(forks, tmp_path_factory.mktemp("ahead"))


# Every third is enough from day to day; R3 calls all.
SOME = [pytest.param(c, marks=[pytest.mark.soak] * (n % 3 > 0)) for n, c in enumerate(AHEAD)]


@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
def test_what_looks_ahead_refuses_or_uses_hostile_input(
    case: Case, coterie: Any, projects: dict[str, Path], tmp_path: Path
) -> None:
    project = Path(shutil.copytree(projects[case.project], tmp_path / "project"))
    case.write(project)
    before = left(project)
    said = coterie(project, *case.words)
    assert said.code == case.code, said.err
    shown = said.out if case.code == 0 or "--json" in case.words else said.error
    assert re.search(case.says, shown), shown
    assert len(shown) < 20_000 or case.code == 0
    assert "Traceback" not in said.err
    assert set(left(project)) - set(before) <= {case.words[-1]}
    assert not list(project.rglob(".tmp-*"))
    if (project / "o.csv").exists():
        assert not [
            line for line in (project / "o.csv").read_text().splitlines() if line[:2] == '"='
        ]
