"""Bad input: one clear message, exit code 1, nothing half-written. The cases are R3's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.hostile import DATA, HOSTILE, INIT, SETTINGS, Case, left


def test_there_are_cases_of_every_kind() -> None:
    assert min(len(INIT), len(SETTINGS), len(DATA)) >= 15
    assert len(HOSTILE) >= 100


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
    # Tables that were read and found good may be kept for the next run, whole.
    after = [name for name in left(tmp_path) if not name.startswith(".coterie/data/")]
    assert after == before
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
