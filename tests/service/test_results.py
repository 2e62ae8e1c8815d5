"""What a run says as a whole, and files to take away, against what the core says in process."""

from __future__ import annotations

import csv
import io
import json
import shutil

import pyarrow.parquet as pq
import pytest

from coterie import Project
from coterie.service.params import ServerParams
from coterie.sources.shop import SCHEMAS
from tests.service.conftest import finish, served
from tests.service.shop import SHOP, get, walk

PAGES = ("run", "value", "products", "offers", "evidence")


def test_every_row_is_accounted_for(reader, project):
    found = get(reader, "/quality")
    assert found["tables"] == project.latest.quality["tables"]
    refused = project.latest.table("quarantine").num_rows
    assert sum(one["rows"] for one in found["quarantine"]) == refused
    assert len(walk(reader, "/quality/quarantine", limit=3)) == refused


def test_features_are_those_of_the_published_run(reader, project):
    names = [row["name"] for row in get(reader, "/features")["items"]]
    columns = project.latest.table("features").column_names
    assert set(names) <= set(columns) - {"customer_id", "status"}
    assert names[:3] == ["recency", "frequency", "monetary"]


def test_flows_are_those_of_the_run_and_add_up(reader, project):
    found = get(reader, "/flows")
    assert found["items"] == project.latest.table("migration").to_pylist()
    assert found["customers"] == sum(found["causes"].values())
    assert found["customers"] == sum(map(sum, found["all"]["customers"]))
    compared = get(reader, "/compare")
    assert [side["run_id"] for side in compared["sides"]] == [found["from"], found["to"]]
    assert compared == json.loads(json.dumps(project.compare("previous", "latest").to_dict()))


def test_what_was_planned_and_listed_comes_by_page(reader, project):
    plan = project.plan_offers()
    shown = get(reader, "/offers/plan")
    assert shown.pop("id") == plan.folder.name
    assert shown == plan.summary
    assert walk(reader, "/offers/plan/customers", limit=7) == plan.table.to_pylist()
    report = get(reader, "/offers/report")
    assert report["offers"] == project.offers_report().summary["offers"]
    assert [one["id"] for one in get(reader, "/offers")["items"]] == ["back", "all"]
    lists = project.products().table("recommendations").to_pylist()
    assert walk(reader, "/recommendations/lists", limit=500) == lists
    segment = project.latest.segments[0]["id"]
    shelf = get(reader, "/recommendations", segment=segment)
    assert shelf["sellers"] == project.products().segment(segment)["sellers"]


def test_a_cursor_of_another_table_is_refused(reader):
    other = get(reader, "/offers/plan/customers", limit=1)["next"]
    refused = reader.get(f"{SHOP}/recommendations/lists", params={"cursor": other})
    assert refused.status_code == 422


@pytest.mark.parametrize("of", PAGES)
def test_pages_run_and_fetch_nothing(reader, of):
    found = reader.get(f"{SHOP}/report", params={"of": of})
    assert found.headers["content-type"].startswith("text/html")
    policy = found.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert found.headers["x-content-type-options"] == "nosniff"
    tag = {"if-none-match": found.headers["etag"]}
    again = reader.get(f"{SHOP}/report", params={"of": of}, headers=tag)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_hold_what_the_run_holds(reader, project, kind):
    def rows(what: str, **params: str) -> list[dict[str, object]]:
        found = reader.get(f"{SHOP}/exports/{what}", params={"format": kind, **params})
        assert found.status_code == 200, found.text
        name = found.headers["content-disposition"]
        assert name.startswith(f'attachment; filename="shop-{what}')
        assert name.endswith(f'2026-01-01.{kind}"')
        if kind == "csv":
            return list(csv.DictReader(io.StringIO(found.text)))
        return list(pq.read_table(io.BytesIO(found.content)).to_pylist())

    run = project.latest
    placed = {row["customer_id"]: row["segment_id"] for row in run.table("assignments").to_pylist()}
    assert {row["customer_id"]: row["segment_id"] for row in rows("assignments")} == placed
    segment = run.segments[0]
    mine = rows("customers", segment=segment["id"])
    assert len(mine) == segment["n"]
    assert {row["segment_name"] for row in mine} == {segment["name"]}
    assert {"recency", "monetary"} <= set(mine[0])
    assert [row["id"] for row in rows("segments")] == [one["id"] for one in run.segments]
    assert rows("customers", segment="none") == [
        row for row in rows("customers") if row["segment_id"] in {"none", "", None}
    ]


def test_sql_is_that_of_the_core(reader, project):
    for dialect, rules in (("postgres", False), ("spark", True)):
        params = {"dialect": dialect, "rules": str(rules).lower()}
        found = reader.get(f"{SHOP}/exports/sql", params=params)
        assert found.text == f"{project.latest.sql(dialect, rules=rules)}\n"
    assert reader.get(f"{SHOP}/exports/sql", params={"dialect": "cobol"}).status_code == 422


@pytest.mark.parametrize("hostile", ["%2e%2e", "%00", "🦊", "x" * 10_000, "r000000000000"])
def test_hostile_names_are_never_an_error_of_ours(reader, hostile):
    for path in (
        f"/exports/{hostile}",
        f"/exports/assignments?segment={hostile}",
        f"/exports/segments?run_id={hostile}",
        f"/report?run_id={hostile}",
        f"/report?of={hostile}",
        f"/recommendations?segment={hostile}",
        f"/recommendations/lists?cursor={hostile}",
        f"/quality/quarantine?cursor={hostile}",
        f"/quality?run_id={hostile}",
        f"/flows?run_id={hostile}",
        f"/compare?one={hostile}",
    ):
        assert reader.get(f"{SHOP}{path}").status_code in {404, 422}, path
    refused = reader.post(f"{SHOP}/models/{hostile}/publish")
    assert refused.status_code in {404, 422}


def test_a_former_model_is_restored_in_one_call(shop, tmp_path):
    shutil.copytree(shop, tmp_path / "home")
    project = Project(tmp_path / "home" / "shop")
    former = project.find_run("previous").id
    with served(ServerParams(tmp_path / "home"), workers=0) as client:
        assert [row["published"] for row in get(client, "/models")["items"]] == [True, False]
        done = client.post(f"{SHOP}/models/{former}/publish")
        assert done.json()["published"] is True
        assert get(client, "/segments")["run_id"] == project.latest.id == former
        moved = [get(client, f"/customers/c{n:06}")["history"] for n in (1, 2)]
        assert all(one[-1]["segment_id"] for one in moved)


def test_touches_are_fed_as_rows_and_as_a_file(shop, tmp_path):
    shutil.copytree(shop, tmp_path / "home")
    touch = {
        "touch_id": "t1",
        "customer_id": "c000001",
        "timestamp": "2025-12-30 10:00:00",
        "offer_id": "back",
        "treated": True,
        "responded": True,
    }
    with served(ServerParams(tmp_path / "home"), workers=0) as client:
        first = client.post(f"{SHOP}/feedback", json={"rows": [touch]})
        assert first.status_code == 201, first.text
        assert (first.json()["accepted"], first.json()["new"]) == (1, 1)
        again = client.post(f"{SHOP}/feedback", json={"rows": [touch]}).json()
        assert (again["fresh"], again["new"]) == (False, 0)
        names = ",".join(SCHEMAS["touches"].names)
        text = f"{names}\nt2,c000002,2025-12-30 11:00:00,nothing,email,true,false,,0.9\n"
        files = {"file": ("touches.csv", text.encode())}
        other = client.post(f"{SHOP}/feedback/uploads", files=files)
        assert other.json()["unknown_offers"] == {"nothing": 1}
        assert [one["accepted"] for one in get(client, "/feedback")["items"]] == [1, 1]
        entries = get(client, "/customers/c000001/timeline")["items"]
        assert next(one for one in entries if one["kind"] == "touch")["id"] == "t1"
        refused = client.post(f"{SHOP}/feedback", json={"rows": [touch | {"timestamp": "soon"}]})
        assert refused.status_code == 422
        assert "soon" in refused.text, refused.text


def test_flows_between_dates_are_a_job(shop, tmp_path):
    shutil.copytree(shop, tmp_path / "home")
    with served(ServerParams(tmp_path / "home")) as client:
        wish = {"start": "2025-11-01", "end": "2026-01-01"}
        job = client.post(f"{SHOP}/flows", json=wish)
        assert job.status_code == 202
        done = finish(client, job.json(), "shop")
        assert done["state"] == "done", done
        told = Project(tmp_path / "home" / "shop").flows("previous", "latest")
        assert done["result"]["customers"] == told.moves.num_rows
