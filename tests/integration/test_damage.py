"""A finished project: what is damaged or asked wrongly is said; what was published stays."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from coterie import Project

Change = Callable[[Path], object]


@dataclass(frozen=True)
class Wrong:
    """What is changed or added after the run, what is called, and what must be said."""

    name: str
    words: tuple[str, ...]
    says: str
    files: dict[str, str | bytes] = field(default_factory=dict)
    change: Change | None = None


def left(folder: Path) -> list[str]:
    """Name the files in a folder but those that any command may make: lock, registry, tables."""
    return sorted(
        name
        for name in (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        if not name.startswith((".coterie/lock", ".coterie/coterie.db", ".coterie/data/"))
    )


def overwrite(name: str, content: bytes) -> Change:
    """Return a change of every file of that name in the project."""

    def change(project: Path) -> None:
        for path in project.rglob(name):
            path.write_bytes(content)

    return change


def in_place_of(name: str) -> Change:
    """Return a change that puts a folder in the place of a file."""

    def change(project: Path) -> None:
        for path in list(project.rglob(name)):
            path.unlink()
            path.mkdir()

    return change


def foreign_registry(project: Path) -> None:
    """Put another program's database in the place of the registry."""
    path = project / ".coterie" / "coterie.db"
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE runs (a)")


def setting(text: str) -> Change:
    """Return a change that adds to the settings."""

    def change(project: Path) -> None:
        path = project / "coterie.toml"
        path.write_text(path.read_text() + text)

    return change


def wrong(name: str, says: str, *words: str, change: Change | None = None, **files: str) -> Wrong:
    """Return a case in a project that was run before."""
    given = {key.replace("__", "."): content for key, content in files.items()}
    return Wrong(name, words, says, dict(given), change)


CHANGED = r"is missing or was changed since the run\. Delete the folder"
RENAMED = "id,spent,visits,plan\n1,2,3,x\n"
WRONG = [
    wrong("unknown customer", r"No customer has the id 'X'\. Ids here look like '1000'",
         "customer", "X"),
    wrong("markup for an id", r"No customer has the id '\[red\]<img>'", "customer", "[red]<img>"),
    wrong("a damaged table", rf"features\.parquet {CHANGED}", "customer", "1000",
         change=overwrite("features.parquet", b"x")),
    wrong("a damaged model", rf"model\.json {CHANGED}", "train",
         change=overwrite("model.json", b"")),
    wrong("a damaged report", rf"report\.html {CHANGED}", "report",
         change=overwrite("report.html", b"x")),
    wrong("no manifest", r"manifest\.json is not there\. Delete the folder", "segments",
         change=lambda project: [path.unlink() for path in project.rglob("manifest.json")]),
    wrong("a broken manifest", r"manifest\.json is damaged\. Delete the folder", "segments",
         change=overwrite("manifest.json", b"{")),
    wrong("another manifest", r"manifest\.json is damaged", "run",
         change=overwrite("manifest.json", b"[1]")),
    wrong("a broken registry", r"registry .*file is not a database\. If it is damaged", "segments",
         change=overwrite("coterie.db", b"junk" * 500)),
    wrong("a broken registry at a run", r"file is not a database", "run",
         change=overwrite("coterie.db", b"junk" * 500)),
    wrong("another's registry", r"no such table", "segments", change=foreign_registry),
    wrong("a folder for a registry", r"unable to open database file", "run",
         change=in_place_of("coterie.db")),
    wrong("a folder for a lock", r"could not be written: Is a directory", "run",
         change=in_place_of("lock")),
    wrong("a column renamed", r"No column|lacks what the model needs|'spend'", "assign",
         "new.csv", new__csv=RENAMED),
    wrong("assign no file", r"There is no file .*new\.csv", "assign", "new.csv"),
    wrong("assign an empty file", r"new\.csv is empty", "assign", "new.csv", new__csv=""),
    wrong("assign other columns", r"no column 'id'", "assign", "new.csv", new__csv="a,b\n1,2\n"),
    wrong("assign to Excel", r"'x\.xlsx' is no known kind\. Use \.csv or \.parquet", "assign",
         "customers.csv", "--to", "x.xlsx"),
    wrong("assign to nowhere", r"There is no folder 'no'\. Make the folder first", "assign",
         "customers.csv", "--to", "no/x.csv"),
    wrong("assign to a folder", r"'d\.csv' is no file that can be written", "assign",
         "customers.csv", "--to", "d.csv", change=lambda project: (project / "d.csv").mkdir()),
    wrong("report to nowhere", r"no/x\.html could not be written", "report", "--to", "no/x.html"),
    wrong("report to nothing", r"is no file that can be written", "report", "--to", ""),
    wrong("report to a device", r"'/dev/null' is no file", "report", "--to", "/dev/null"),
    wrong("unknown sample", r"Did you mean 'shop'", "demo", "--sample", "shpo", "--folder", "d"),
    wrong("the source gone", r"There is no file customers\.csv", "run",
         change=lambda project: (project / "customers.csv").unlink()),
    wrong("an expression for customers", r"\[\[measures\]\] need orders", "run",
         change=setting('[[features]]\nname = "a"\nlabel = "A"\nexpr = "spend / visits"\n')),
    wrong("lens of orders", r"The lens 'value' needs orders", "run",
         change=setting('lens = "value"\n')),
    wrong("unknown attribute", r"columns='spnd' is not known\..*mean 'spend'", "run",
         change=setting('[columns.spnd]\nkind = "number"\n')),
    wrong("k beyond the customers", r"60 customers are too few for 50 segments", "train",
         change=lambda project: (project / "coterie.toml").write_text(
             (project / "coterie.toml").read_text().replace("k = 2", "k = 50"))),
]  # fmt: skip


@pytest.fixture(scope="module")
def finished(made: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of customers that was run; tests work on copies."""
    project = tmp_path_factory.mktemp("finished")
    (project / "customers.csv").write_text(made["customers"])
    (project / "coterie.toml").write_text(made["customers.toml"])
    Project(project).run()
    return project


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name)
def test_what_is_wrong_in_a_finished_project_is_said_and_nothing_is_lost(
    case: Wrong, coterie: Any, finished: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(finished, project)
    if case.change:
        case.change(project)
    for name, content in case.files.items():
        (project / name).write_bytes(content.encode() if isinstance(content, str) else content)
    before = left(project)
    said = coterie(project, *case.words)
    assert re.search(case.says, said.error), said.error
    assert left(project) == before
    assert not [*project.rglob(".tmp-*"), *project.rglob("*.partial")]


def test_a_deleted_run_is_made_again_under_the_same_id(
    coterie: Any, finished: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(finished, project)
    (run,) = (project / ".coterie" / "runs").iterdir()
    before = {p.name: p.read_bytes() for p in run.iterdir() if p.name != "log.jsonl"}
    shutil.rmtree(run)
    assert "Run again: coterie run" in coterie(project, "segments").error
    assert coterie(project, "run").code == 0
    assert {p.name: p.read_bytes() for p in run.iterdir() if p.name != "log.jsonl"} == before


@pytest.mark.parametrize("name", ["part-0000.parquet", "tables.json"])
def test_damaged_tables_are_read_again_from_their_source(
    name: str, coterie: Any, finished: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(finished, project)
    data = project / ".coterie" / "data"
    before = {p.relative_to(data): p.read_bytes() for p in data.rglob("*") if p.is_file()}
    overwrite(name, b"{}")(project)
    said = coterie(project, "run")
    assert said.code == 0
    assert "Nothing to do" in said.out
    assert {p.relative_to(data): p.read_bytes() for p in data.rglob("*") if p.is_file()} == before


def test_a_lost_registry_is_made_again_from_the_same_run(
    coterie: Any, finished: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(finished, project)
    for path in (project / ".coterie").glob("coterie.db*"):
        path.unlink()
    assert coterie(project, "run").code == 0
    assert Project(project).latest.id == Project(finished).latest.id
