"""A project's folder of ours: one writer at a time, nothing left over, the published run found."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from coterie.errors import NotReadyError
from coterie.store.home import Home


def row(run_id: str) -> dict[str, Any]:
    hashes = {"input_hash": run_id, "settings_hash": "s", "model_id": "m", "parent_run": None}
    return {"run_id": run_id, "as_of": None, **hashes}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_all_lies_in_one_folder_that_git_does_not_see(home: Home, tmp_path: Path) -> None:
    with home.alone(), home.workplace(), home.registry() as registry:
        registry.runs()
    assert [path.name for path in tmp_path.iterdir()] == [".coterie"]
    assert (tmp_path / ".coterie" / ".gitignore").read_text() == "*\n"


def test_a_second_writer_is_refused_until_the_first_has_finished(home: Home) -> None:
    refused = pytest.raises(NotReadyError, match=r"Another run is at work.*Wait")
    with home.alone(), refused, Home(home.project).alone():
        pass
    with Home(home.project).alone():
        pass


def test_the_refusal_names_the_whole_path_from_wherever_it_is_called(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = pytest.raises(NotReadyError, match=f"at work in {tmp_path.resolve()}[.]")
    with home.alone(), refused, Home(Path()).alone():
        pass


def test_an_error_gives_the_project_free(home: Home) -> None:
    with pytest.raises(KeyError), home.alone():
        raise KeyError
    with home.alone():
        pass


def test_the_lock_dies_with_its_process(home: Home) -> None:
    child = os.fork()
    if child == 0:
        with home.alone():
            os._exit(7)  # as hard as a kill: nothing is closed by hand
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    with home.alone():
        pass


def test_projects_do_not_wait_for_each_other(home: Home, tmp_path: Path) -> None:
    with home.alone(), Home(tmp_path / "other").alone():
        pass


def test_a_workplace_goes_with_the_work_also_when_it_breaks_off(home: Home) -> None:
    with home.alone(), home.workplace() as work:
        (work / "big").mkdir()
        (work / "big" / "file").write_text("…")
    with home.alone(), pytest.raises(KeyError), home.workplace() as other:
        raise KeyError
    assert other != work
    assert not list(home.path.glob(".tmp-*"))


def test_what_a_killed_run_left_is_cleared_by_the_next(home: Home) -> None:
    kept = home.runs / "r1"
    for folder in (home.path / ".tmp-work-a", home.runs / ".tmp-r2", home.data / ".tmp-f", kept):
        folder.mkdir(parents=True)
        (folder / "file").write_text("…")
    with home.workplace():
        assert [path.name for path in home.runs.iterdir()] == ["r1"]
        assert list(home.data.iterdir()) == []
    assert (kept / "file").is_file()


def test_the_published_run_is_the_newest_published(home: Home) -> None:
    with home.registry() as registry:
        assert home.published(registry) is None
        for run_id in ("ra", "rb", "rc", "rb"):
            (home.runs / run_id).mkdir(parents=True, exist_ok=True)
            registry.publish(row(run_id))
        found = home.published(registry)
        assert found is not None
        assert found["run_id"] == "rb"


def test_if_its_folder_is_gone_the_newest_that_is_there_takes_its_place(home: Home) -> None:
    with home.registry() as registry:
        for run_id in ("ra", "rb", "rc"):
            (home.runs / run_id).mkdir(parents=True)
            registry.publish(row(run_id))
        for gone, instead in [("rc", "rb"), ("ra", "rb"), ("rb", None)]:
            shutil.rmtree(home.runs / gone)
            found = home.published(registry)
            assert (found["run_id"] if found else None) == instead
