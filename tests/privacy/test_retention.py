"""What is kept for a while is let go after it, and not before."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from coterie import Project
from coterie.config import load_settings
from coterie.pipeline.erasing import let_go
from coterie.store.runs import check_run

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TOML = '[sources.customers]\nfile = "cards.csv"\nkey = "id"\n[segmentation]\nk = 2\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project of few customers that was run, with a refused row."""
    rows = [f"c{n},{n % 7},{n % 3}" for n in range(20)]
    (tmp_path / "cards.csv").write_text("\n".join(["id,spend,visits", *rows, ",secret,5"]))
    (tmp_path / "coterie.toml").write_text(TOML)
    made = Project(tmp_path)
    made.run()
    return made


def age(project: Project, days: int) -> None:
    """Let all refused rows have been written so many days before ``NOW``."""
    moment = (NOW - timedelta(days=days)).timestamp()
    for path in project.folder.rglob("*quarantine*/*.parquet"):
        os.utime(path, (moment, moment))
    for path in project.folder.rglob("quarantine.parquet"):
        os.utime(path, (moment, moment))


def words(project: Project) -> list[str]:
    """Name the files in which the words of the refused row are."""
    return [
        path.name
        for path in sorted((project.folder / ".coterie").rglob("*"))
        if "secret" in text_of(path)
    ]


def text_of(path: Path) -> str:
    """Return what a file says."""
    if path.suffix == ".parquet":
        return repr(pq.read_table(path).to_pylist())
    return path.read_text() if path.suffix in {".json", ".html"} else ""


@pytest.mark.parametrize(("days", "folders"), [(29, 0), (31, 2)])
def test_refused_rows_lose_their_words_after_thirty_days(
    project: Project, days: int, folders: int
) -> None:
    assert words(project)
    age(project, days)
    before = project.latest.quality
    assert let_go(project.settings, project.folder, now=NOW).folders == folders
    assert bool(words(project)) == (not folders)
    about = check_run(project.latest.folder)
    assert [one["reason"] for one in about["revisions"]] == ["retention"] * (folders // 2)
    rows = project.latest.table("quarantine")
    assert rows["row"].to_pylist() == [21]
    told = project.latest.quality["tables"]["customers"]
    assert told["by_reason"] == before["tables"]["customers"]["by_reason"]
    assert let_go(project.settings, project.folder, now=NOW).folders == 0


def test_of_runs_the_newest_stay_and_those_that_are_needed(project: Project) -> None:
    for n in range(3):
        with (project.folder / "cards.csv").open("a") as file:
            file.write(f"\nd{n},{n},1")
        project.run()
    runs = [row["run_id"] for row in project.runs()]
    assert let_go(project.settings, project.folder, now=NOW).runs == 0
    (project.folder / "coterie.toml").write_text(TOML + "[privacy]\nkeep_runs = 1\n")
    settings = load_settings(project.folder)
    assert settings.result_bearing == project.settings.result_bearing
    assert let_go(settings, project.folder, now=NOW).runs == 2
    there = {path.name for path in (project.folder / ".coterie" / "runs").iterdir()}
    assert there == set(runs[:2])
    assert project.latest.id == runs[0]
