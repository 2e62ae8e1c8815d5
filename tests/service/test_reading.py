"""Segments and customers as they are read over HTTP, against what the core says in process."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from coterie import Project
from coterie.service.params import ServerParams
from tests.service.conftest import served, wait_for
from tests.service.shop import SHOP, get, walk

HOSTILE = ["%2e%2e", "..%2fetc%2fpasswd", "%00", "a%00b", "🦊", "%ff", "x" * 10_000, "'--"]
WORKED_OUT = ("value", "products", "offers")


def test_segments_are_those_of_the_run(reader, project):
    found = get(reader, "/segments")
    run = project.latest
    assert found["items"] == run.segments
    assert (found["total"], found["run_id"], found["as_of"]) == (3, run.id, run.as_of)
    former = project.find_run("previous")
    assert get(reader, "/segments", run_id=former.id)["items"] == former.segments


def test_a_segment_says_what_it_hangs_on(reader, project):
    told = project.latest.explain()["segments"][0]
    found = get(reader, f"/segments/{told['id']}")
    assert (found["rule"], found["importance"]) == (told["rule"], told["importance"])
    assert found["n"] == project.latest.segments[0]["n"]


@pytest.mark.parametrize("sort", ["customer_id", "-value", "monetary", "-recency", "-margin"])
def test_pages_show_everybody_of_the_run_once(reader, project, sort):
    rows = walk(reader, "/customers", sort=sort, limit=40)
    placed = project.latest.table("assignments").to_pylist()
    assert sorted((row["customer_id"], row["segment_id"]) for row in rows) == [
        (row["customer_id"], row["segment_id"]) for row in placed
    ]
    name = sort.removeprefix("-")
    known = [row[name] for row in rows if row[name] is not None]
    assert known == sorted(known, reverse=sort.startswith("-"))


def test_members_add_up_to_the_segments(reader, project):
    for segment in project.latest.segments:
        rows = walk(reader, f"/segments/{segment['id']}/members", sort="-monetary", limit=17)
        assert len(rows) == segment["n"]
        assert {row["segment_name"] for row in rows} == {segment["name"]}
        filtered = walk(reader, "/customers", segment=segment["id"], sort="-monetary")
        assert filtered == rows
    nobody = walk(reader, "/segments/none/members")
    assert (
        len(nobody) + sum(segment["n"] for segment in project.latest.segments)
        == get(reader, "/customers")["total"]
    )


def test_a_search_is_the_beginning_of_the_id(reader):
    found = walk(reader, "/customers", search="c00001", sort="-monetary", limit=4)
    everybody = walk(reader, "/customers")
    assert {row["customer_id"] for row in found} == {
        row["customer_id"] for row in everybody if row["customer_id"].startswith("c00001")
    }
    assert get(reader, "/customers", search="%")["items"] == []


def test_a_customer_is_as_the_core_knows_her(reader, project):
    known = project.latest.customer("c000001")
    found = get(reader, "/customers/c000001")
    assert found["features"] == known["features"]
    for name in ("segment_id", "segment_name", "second_id", "margin", "status", "value"):
        assert found[name] == known[name]
    assert found["value_reason"]
    assert found["history"][0]["run_id"] == project.find_run("previous").id


def test_why_and_what_if_say_what_the_core_says(reader, project):
    run = project.latest
    other = next(s["id"] for s in run.segments if s["id"] != run.customer("c000001")["segment_id"])
    why = get(reader, "/customers/c000001/why")
    assert why["reasons"] == run.why("c000001")["reasons"]
    gaps = get(reader, "/customers/c000001/why", not_in=other)["gaps"]
    assert gaps == run.why("c000001", not_in=other)["gaps"]
    found = get(reader, "/customers/c000001/what-if", to=other)
    assert found == run.what_if("c000001", to=other)


def test_a_customer_is_scored_again_as_if_she_had_ordered(reader, project):
    run = project.latest
    path = f"{SHOP}/customers/c000001/what-if"
    levers = reader.post(path, json={}).json()
    assert levers["levers"] == run.levers("c000001")
    assert levers["then"] is None
    wanted = {"orders": 2, "amount": 40, "days": 21}
    found = reader.post(path, json={"changes": wanted}).json()
    for name, value in run.suppose("c000001", wanted).items():
        assert found[name] == value
    refused = reader.post(path, json={"changes": {"orders": 1_000}})
    assert (refused.status_code, refused.json()["where"]) == (422, "orders")


def test_a_timeline_is_all_that_happened_newest_first(reader, project):
    entries = walk(reader, "/customers/c000002/timeline", limit=5)
    state = {row["customer_id"]: row for row in project.latest.table("state").to_pylist()}
    orders = [one for one in entries if one["kind"] in {"order", "return"}]
    assert (
        len({one["day"] for one in orders if one["kind"] == "order"})
        >= (state["c000002"]["order_days"])
    )
    net = sum(one["amount"] for one in orders)
    assert net == pytest.approx(state["c000002"]["net"] / 1e6)
    assert all(
        one["amount"] == pytest.approx(sum(item["amount"] for item in one["items"]))
        for one in orders
    )
    days = [one["day"] for one in entries]
    assert days == sorted(days, reverse=True)
    assert {"order", "segment"} <= {one["kind"] for one in entries}
    assert len({(one["kind"], one["ts"], one["id"]) for one in entries}) == len(entries)


def test_predictions_of_a_customer_are_those_of_the_core(reader, project):
    value = get(reader, "/customers/c000001/value")
    assert value["spend"] == project.value().customer("c000001")["spend"]
    assert (value["horizon_days"], value["currency"]) == (90, "EUR")
    products = get(reader, "/customers/c000001/products", n=3, track="new")
    assert products == project.recommend("c000001", n=3, track="new")
    planned = {row["customer_id"]: row for row in project.plan_offers().table.to_pylist()}
    for customer_id in ("c000001", "c000002"):
        found = get(reader, f"/customers/{customer_id}/offers")
        assert found["next"] == planned.get(customer_id)
        assert {one["now"] for one in found["eligible"]} <= {"may", "waits", "guarded"}


def test_who_suits_an_offer_adds_up_to_the_plan(reader, project):
    summary = project.plan_offers().summary
    rows = walk(reader, "/customers", limit=500)
    each = [get(reader, f"/customers/{row['customer_id']}/offers")["eligible"] for row in rows]
    for offer in summary["offers"]:
        suited = [o for one in each for o in one if o["offer_id"] == offer["id"]]
        assert sum(o["now"] != "guarded" for o in suited) == offer["eligible"]


def test_what_is_not_made_yet_names_its_job(shop, tmp_path):
    shutil.copytree(shop, tmp_path / "home")
    with served(ServerParams(tmp_path / "home"), workers=0) as client:
        for name in WORKED_OUT:
            refused = client.get(f"{SHOP}/customers/c000001/{name}")
            assert refused.status_code == 409
            assert f'"kind": "{name}"' in refused.json()["hint"]


def test_a_name_is_kept_and_predictions_stay(shop, tmp_path):
    shutil.copytree(shop, tmp_path / "home")
    project = Project(tmp_path / "home" / "shop")
    project.value()
    with served(ServerParams(tmp_path / "home"), workers=0) as client:
        segment = get(client, "/segments")["items"][0]
        path = f"{SHOP}/segments/{segment['id']}"
        done = client.patch(path, json={"name": "Gift shops", "was": segment["name"]})
        assert (done.json()["name"], done.json()["name_source"]) == ("Gift shops", "user")
        late = client.patch(path, json={"name": "Others", "was": segment["name"]})
        assert (late.status_code, "Gift shops" in late.json()["detail"]) == (409, True)
        assert project.latest.segments[0]["name"] == "Gift shops"
        assert get(client, f"/segments/{segment['id']}/members")["items"][0]["segment_name"] == (
            "Gift shops"
        )
        assert get(client, "/customers/c000001/value")["spend"] is not None
        assert client.patch(path, json={"name": "x" * 199}).status_code == 422


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_ids_are_not_found_and_never_an_error_of_ours(reader, hostile):
    for path in (
        f"/customers/{hostile}",
        *(f"/customers/{hostile}/{name}" for name in ("why", "what-if", "timeline", *WORKED_OUT)),
        f"/segments/{hostile}",
        f"/segments/{hostile}/members",
        f"/customers?search={hostile}&sort=-margin",
        f"/customers?segment={hostile}",
        f"/customers?cursor={hostile}",
        f"/segments?run_id={hostile}",
        f"/customers/c000001/why?not_in={hostile}",
        f"/customers/c000001/what-if?to={hostile}",
    ):
        found = reader.get(f"{SHOP}{path}")
        assert found.status_code in {200, 404, 422}, (path, found.text)
        if found.status_code == 200:
            assert found.json()["items"] == []


def test_ids_that_nothing_has_are_404(reader):
    for path in ("/customers/nobody", "/segments/seg-404", "/segments/seg-404/members"):
        assert reader.get(f"{SHOP}{path}").status_code == 404
    assert reader.get(f"{SHOP}/segments?run_id=r000000000000").status_code == 404
    for name in ("why", "what-if", "timeline", *WORKED_OUT):
        assert reader.get(f"{SHOP}/customers/nobody/{name}").status_code == 404


def test_a_cursor_of_another_list_is_refused(reader):
    first = get(reader, "/customers", sort="-value", limit=1)["next"]
    for sort in ("value", "monetary", "customer_id"):
        refused = reader.get(f"{SHOP}/customers", params={"sort": sort, "cursor": first})
        assert (refused.status_code, refused.json()["where"]) == (422, "cursor")


@pytest.mark.parametrize(
    "place",
    [
        ["r1", "-value", 1.0, "c1"],
        ["RUN", "-value", "1", "c1"],
        ["RUN", "-value", float("nan"), "c1"],
        ["RUN", "-value", 10**400, "c1"],
        ["RUN", "-value", True, "c1"],
        ["RUN", "-value", 1.0, "\ud800"],
        ["RUN", "-value", 1.0, 7],
        ["\0", "-value", 1.0, "c1"],
        [],
        {},
    ],
)
def test_a_forged_cursor_is_refused(reader, project, place):
    text = json.dumps(place).replace("RUN", project.latest.id)
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    refused = reader.get(f"{SHOP}/customers", params={"sort": "-value", "cursor": cursor})
    assert (refused.status_code, refused.json()["where"]) == (422, "cursor")


def test_what_has_not_changed_is_not_sent_again(reader):
    for path in ("/segments", "/customers", "/customers/c000001/timeline"):
        first = reader.get(f"{SHOP}{path}")
        again = reader.get(f"{SHOP}{path}", headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_list_goes_on_with_the_run_with_which_it_began(shop, tmp_path):
    shutil.copytree(shop, tmp_path / "home")
    project = Project(tmp_path / "home" / "shop")
    with served(ServerParams(tmp_path / "home"), workers=0) as client:
        first = get(client, "/customers", sort="-monetary", limit=20)
        project.publish("previous")
        second = get(client, "/customers", sort="-monetary", limit=500, cursor=first["next"])
        assert second["run_id"] == first["run_id"]
        seen = [row["customer_id"] for row in first["items"] + second["items"]]
        assert len(seen) == len(set(seen)) == first["total"]
        assert get(client, "/customers")["run_id"] == project.latest.id != first["run_id"]


def test_nobody_waits_for_customers_that_are_being_loaded(shop, tmp_path):
    shutil.copytree(shop, tmp_path / "home")
    registry = tmp_path / "home" / "shop" / ".coterie" / "coterie.db"
    with closing(sqlite3.connect(registry, isolation_level=None)) as other:
        other.execute("DELETE FROM loaded")
        other.execute("DELETE FROM customers")
        other.execute("BEGIN IMMEDIATE")  # as while other customers are written
        with served(ServerParams(tmp_path / "home"), workers=0) as client:
            refused = client.get(f"{SHOP}/customers")
            assert (refused.status_code, refused.json()["code"]) == (409, "loading")
            assert int(refused.headers["retry-after"]) == 1
            assert get(client, "/segments")["total"] == 3
            other.execute("ROLLBACK")
            found = wait_for(
                lambda: client.get(f"{SHOP}/customers").json(), lambda page: "total" in page
            )
            assert found["total"] > 100


def test_an_id_may_hold_a_slash(shop, tmp_path):
    shutil.copytree(shop, tmp_path / "home")
    registry = tmp_path / "home" / "shop" / ".coterie" / "coterie.db"
    with closing(sqlite3.connect(registry, isolation_level=None)) as other:
        other.execute("UPDATE customers SET customer_id = 'a/b' WHERE customer_id = 'c000001'")
    with served(ServerParams(tmp_path / "home"), workers=0) as client:
        assert get(client, "/customers", search="a/")["items"][0]["customer_id"] == "a/b"
        assert get(client, "/customers/a%2Fb/timeline")["total"] == 0
        assert client.get(f"{SHOP}/customers/a%2Fb/products").status_code == 409
        assert client.get(f"{SHOP}/customers/a%2Fc").json()["where"] == "customer_id"
