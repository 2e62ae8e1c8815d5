"""What the page of a segment asks for: who cares for it, how it grew, what it will spend."""

from __future__ import annotations

import statistics

import pytest

from coterie.store.home import Home
from tests.service.shop import SHOP, get


def test_a_note_stays_until_both_parts_are_taken_back(ready):
    where = "/api/v1/projects/cards/segments/seg-001/note"
    assert ready.get(where).json() == {"owner": "", "action": ""}
    told = ready.put(where, json={"owner": " Ana ", "action": "Call them"})
    assert told.json() == ready.get(where).json() == {"owner": "Ana", "action": "Call them"}
    assert ready.put(where, json={}).json() == {"owner": "", "action": ""}
    assert ready.get(where).json() == {"owner": "", "action": ""}
    assert ready.put(where, json={"owner": "x" * 81}).status_code == 422
    assert ready.get(where.replace("seg-001", "seg-999")).status_code == 404


def test_the_log_says_who_changed_a_note_or_a_name_and_not_what_they_wrote(ready):
    here = "/api/v1/projects/cards/segments/seg-001"
    assert ready.put(f"{here}/note", json={"owner": "Ana", "action": "Call them"}).is_success
    assert ready.patch(here, json={"name": "Good ones"}).is_success
    assert ready.put(f"{here}/note", json={"owner": "x" * 81}).status_code == 422
    newest = ready.get("/api/v1/audit").json()["items"][:2]
    assert [(one["event"], one["project"], one["told"]) for one in newest] == [
        ("settings", "cards", {"route": "rename_segment", "segment_id": "seg-001"}),
        ("settings", "cards", {"route": "note_segment", "segment_id": "seg-001"}),
    ]


def test_sizes_are_those_of_the_runs(reader, project):
    items = get(reader, "/segments/seg-001/sizes")["items"]
    assert [one["as_of"] for one in items] == ["2025-11-01", "2026-01-01"]
    for item in items:
        run = project.find_run(item["run_id"])
        (mine,) = (one for one in run.segments if one["id"] == "seg-001")
        assert (item["n"], item["share"]) == (mine["n"], mine["share"])


def test_what_a_segment_spends_is_the_sum_of_its_members(reader, project):
    rows = [row for row in project.value().table().to_pylist() if row["segment_id"] == "seg-002"]
    told = get(reader, "/segments/seg-002/ahead")
    assert told["spend"] == pytest.approx(sum(row["spend"] for row in rows))
    assert told["orders"] == pytest.approx(sum(row["orders"] for row in rows))
    assert told["churn"] == pytest.approx(sum(row["churn"] for row in rows) / len(rows))
    away = told["returns"]["away"]
    assert away == sorted(away, reverse=True)
    assert reader.get(f"{SHOP}/segments/none/ahead").status_code == 404
    reach = told["reach"]
    likeliest = sorted((row["churn"] for row in rows if row["churn"] is not None), reverse=True)
    assert (reach["n"][0], reach["n"][-1]) == (1, len(likeliest))
    assert reach["leave"][0] == pytest.approx(likeliest[0])
    for column in ("leave", "random"):
        assert reach[column][-1] == pytest.approx(sum(likeliest))
    for low, leave, high, n in zip(*(reach[x] for x in ("low", "leave", "high", "n")), strict=True):
        assert 0 <= low <= leave <= high <= n


def test_the_dots_of_a_segment_lie_as_its_members_spent(reader, project):
    told = get(reader, "/segments/seg-002/spread")
    run = project.latest
    spent = run.table("features")["monetary"].to_pylist()
    mine = run.table("assignments")["segment_id"].to_pylist()
    here = sorted(x for x, one in zip(spent, mine, strict=True) if one == "seg-002")
    rest = [x for x, one in zip(spent, mine, strict=True) if one not in {"seg-002", None}]
    assert told["here"]["values"] == [x for x in here if x > 0]
    assert told["here"]["median"] == statistics.median(here)
    assert (told["rest"]["n"], told["rest"]["median"]) == (len(rest), statistics.median(rest))


def test_without_orders_there_are_no_dots(ready):
    told = ready.get("/api/v1/projects/cards/segments/seg-001/spread").json()
    assert told == {"here": None, "rest": None}


def test_before_the_job_nothing_is_told(ready):
    assert ready.get("/api/v1/projects/cards/segments/seg-001/ahead").status_code == 409


def test_a_trial_is_no_part_of_what_was(ready, tmp_path):
    with Home(tmp_path / "home/cards").registry() as registry:
        row = registry.published()
        assert row is not None
        registry.record({**row, "run_id": "r0"})
    items = ready.get("/api/v1/projects/cards/segments/seg-001/sizes").json()["items"]
    assert [one["run_id"] for one in items] == [row["run_id"]]
