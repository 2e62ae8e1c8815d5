"""Folders that may not be written to: one clear message, and all stays as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.commands import CUSTOMERS, Forks, Said, customers_csv
from benchmarks.kills import leftovers, tree


def allow(folder: Path, *, writing: bool) -> None:
    """Allow or forbid the owner to write to a folder and all in it."""
    for path in (folder, *folder.rglob("*")):
        path.chmod((path.stat().st_mode | 0o200) if writing else (path.stat().st_mode & ~0o222))


@pytest.fixture(scope="module")
def finished(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that was run; tests work on copies."""
    project = tmp_path_factory.mktemp("finished")
    (project / "customers.csv").write_text(customers_csv(20))
    (project / "coterie.toml").write_text(CUSTOMERS)
    assert forks(project, "run").code == 0
    return project


@pytest.fixture
def refused(forks: Forks, tmp_path: Path) -> Iterator[Callable[..., Said]]:
    """Call a command with a folder closed for writing, and check that nothing was written."""
    closed: list[Path] = []

    def call(project: Path, folder: Path, *words: str) -> Said:
        closed.append(folder)
        before = tree(project)
        allow(folder, writing=False)
        said = forks(project, *words, plain_user=True)
        allow(folder, writing=True)
        assert tree(project) == before
        assert not leftovers(project)
        return said

    yield call
    for folder in closed:
        allow(folder, writing=True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("init", "customers.csv", "--force"), "coterie.toml could not be written: Permission"),
        (("run",), ".coterie could not be written: Permission denied. Check that the folder"),
        (("demo", "--folder", "d", "--sample", "shop"), "d: Permission denied"),
    ],
)
def test_a_new_project_in_a_read_only_folder_is_refused(
    words: tuple[str, ...], says: str, refused: Callable[..., Said], tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "customers.csv").write_text(customers_csv(20))
    (project / "coterie.toml").write_text(CUSTOMERS)
    assert says in refused(project, project, *words).error
    assert not (project / ".coterie").exists()


@pytest.mark.parametrize(
    ("closed", "words", "says"),
    [
        (".coterie", ("run",), ".coterie could not be written: Permission denied"),
        (".coterie", ("train",), ".coterie could not be written: Permission denied"),
        (".coterie/runs", ("train",), "could not be written: Permission denied"),
        ("out", ("report", "--to", "out/a.html"), "out/a.html could not be written: Permission"),
        ("out", ("assign", "customers.csv", "--to", "out/a.csv"), "out/a.csv could not be written"),
    ],
)
def test_a_finished_project_with_a_read_only_part_is_refused_and_stays(
    closed: str,
    words: tuple[str, ...],
    says: str,
    refused: Callable[..., Said],
    finished: Path,
    tmp_path: Path,
) -> None:
    project = tmp_path / "project"
    shutil.copytree(finished, project)
    (project / "out").mkdir()
    assert says in refused(project, project / closed, *words).error


def test_a_registry_that_may_not_be_written_to_is_one_clear_line(
    refused: Callable[..., Said], finished: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(finished, project)
    error = refused(project, project, "segments").error
    assert ".coterie/coterie.db" in error
    assert "readonly database. Check that you may write there" in error
