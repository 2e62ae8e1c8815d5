"""What leaves hides small numbers: the report, --json and exports; the run folder is whole."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie import Project
from coterie.profiling.export import csv_parts
from coterie.profiling.export_rows import segment_rows
from coterie.profiling.publication import changed_since, floor_of, published_segments
from coterie.store.results import Run

SIZES = {"Platinum": 17, "Gold": 97, "Basic": 233}
TOML = """
[project]
name = "club"
[sources.customers]
file = "club.csv"
key = "id"
[segmentation]
algorithm = "rules"
"""


def write(folder: Path, sizes: dict[str, int], *, more: str = "") -> Path:
    """Write a club whose tiers are its segments."""
    rules = "".join(
        f'[[segmentation.rules]]\nname = "{name}"\nwhere = "tier = \'{name}\'"\n' for name in sizes
    )
    rows = [
        f"{name[0]}{n},{name},{100 * len(name) + n % 13},{'f' if n % 3 else 'm'},{n % 7}"
        for name, size in sizes.items()
        for n in range(size)
    ]
    folder.mkdir(exist_ok=True)
    (folder / "club.csv").write_text("\n".join(["id,tier,points,sex,visits", *rows]) + "\n")
    (folder / "coterie.toml").write_text(TOML + rules + more)
    return folder


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A club of 347, of whom 17 are platinum: run once."""
    project = Project(write(tmp_path_factory.mktemp("made") / "club", SIZES))
    project.run()
    return project


def by_name(segments: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {segment["name"]: segment for segment in segments}


def test_a_segment_of_17_and_the_one_that_would_tell_are_hidden(club: Project) -> None:
    run = club.latest
    assert {name: one["n"] for name, one in by_name(run.segments).items()} == SIZES
    told = by_name(published_segments(run))
    few = told["Platinum"]
    assert few["suppressed"]
    assert {few[name] for name in ("n", "share", "value_share", "rule", "stability")} == {None}
    assert few["n_reason"] == few["description"]
    assert "Under 25 customers" in few["n_reason"]
    assert (few["drivers"], few["name_source"]) == ([], "user")
    # 347 - 233 - 17 = 97: the smaller of the others is hidden with it, but not what it is like
    assert (told["Gold"]["n"], told["Gold"]["suppressed"]) == (None, True)
    assert told["Gold"]["drivers"] == by_name(run.segments)["Gold"]["drivers"]
    assert "of customers" not in told["Gold"]["description"]
    assert (told["Basic"]["n"], told["Basic"]["suppressed"]) == (233, False)
    assert told["Basic"] == by_name(run.segments)["Basic"]


def test_commands_hide_in_json_and_show_on_the_screen(
    club: Project, coterie: Callable[..., Any]
) -> None:
    told = by_name(coterie(club.folder, "segments", "--json").json["data"]["items"])
    assert [told[name]["n"] for name in SIZES] == [None, None, 233]
    said = coterie(club.folder, "segments").out
    assert " 17 " in said
    again = coterie(club.folder, "run", "--json").json["data"]
    assert not again["fresh"]
    assert by_name(again["segments"]) == told
    assert "233" in (club.latest.folder / "segments.json").read_text()


def test_the_page_does_not_tell_of_them(club: Project) -> None:
    page = club.latest.report.read_text()
    words = re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", page, flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", words)
    shares = {f"{100 * SIZES[name] / 347:.1f}%" for name in ("Platinum", "Gold")}
    for secret in ("17 customers", "97 customers", *shares):
        assert secret not in page
    assert not re.search(r"\b(17|97)\b", words.split("Data quality")[0])
    assert words.count("hidden") > 5
    assert "233 customers" in words
    assert "347 customers" in words


def test_an_export_of_segments_hides_the_same(club: Project) -> None:
    text = b"".join(csv_parts([segment_rows(club.latest)])).decode("utf-8-sig")
    rows = {row["name"]: row for row in csv.DictReader(text.splitlines())}
    assert [rows[name]["n"] for name in SIZES] == ["", "", "233"]
    assert [rows[name]["suppressed"] for name in SIZES] == ["true", "true", "false"]


def test_another_floor_is_another_run_of_the_same_model(club: Project, tmp_path: Path) -> None:
    lower = Project(write(tmp_path / "club", SIZES, more="[privacy]\nfloor = 12\n"))
    run = lower.run()
    assert floor_of(run.manifest) == 12
    assert floor_of(club.latest.manifest) == 25
    assert run.id != club.latest.id
    assert [one["n"] for one in published_segments(run)] == [one["n"] for one in run.segments]
    assert "17 customers" in run.report.read_text()
    write(tmp_path / "club", SIZES, more="[privacy]\nfloor = 13\n")
    again = Project(tmp_path / "club").run()
    assert again.id != run.id
    assert again.manifest["model_id"] == run.manifest["model_id"]


def test_sums_of_two_runs_that_differ_by_a_few_are_not_both_told(
    club: Project, tmp_path: Path
) -> None:
    sizes = {"Platinum": 45, "Gold": 97, "Basic": 233}
    first = Project(write(tmp_path / "a", sizes)).run()
    second = Project(write(tmp_path / "b", sizes | {"Gold": 100, "Basic": 300})).run()
    ids = {one["name"]: one["id"] for one in second.segments}
    shown = {first.id: set(ids.values())}
    changed = changed_since(second, shown, [first])
    assert changed == {ids["Gold"]}  # 3 more; of the 67 others nobody can be told
    assert changed_since(second, {**shown, second.id: {ids["Gold"]}}, [first]) == set()
    assert changed_since(second, {first.id: set()}, [first]) == set()
    told = by_name(published_segments(second, changed=changed))
    assert (told["Gold"]["n"], told["Gold"]["suppressed"]) == (100, True)
    assert "came or went" in told["Gold"]["next_reason"]
    assert not told["Basic"]["suppressed"]


def test_the_moves_between_two_runs_hide_the_few(
    tmp_path: Path, coterie: Callable[..., Any]
) -> None:
    folder = write(tmp_path / "club", {"Platinum": 45, "Gold": 97, "Basic": 233})
    Project(folder).run()
    rows = (folder / "club.csv").read_text().replace("G1,Gold", "G1,Platinum")
    (folder / "club.csv").write_text(rows.replace("B1", "N1"))
    Project(folder).run()
    whole = coterie(folder, "flows").out
    assert "moved" in whole
    told = coterie(folder, "flows", "--json").json["data"]
    assert told["suppressed"]
    assert "Under 25" in told["hidden_reason"]
    matrix = told["all"]
    for a, row in zip(matrix["rows"], matrix["customers"], strict=True):
        for b, n in zip(matrix["columns"], row, strict=True):
            assert n is None or n >= 25 or (a, b) == ("absent", "absent")
    assert None in matrix["customers"][0]
    assert all(item["customers"] >= 25 for item in told["items"])
    compared = coterie(folder, "compare", "--json").json["data"]
    assert compared["suppressed"]
    assert compared["ari"] is None
    assert all(n is None or n >= 25 for row in compared["overlap"]["customers"] for n in row)
    page = Run(Project(folder).latest.folder).report.read_text()
    assert "hidden" in page.split('id="flows"')[1]
    json.dumps(told)
