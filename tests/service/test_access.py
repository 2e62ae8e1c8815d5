"""Who is let in where: every route asked by everybody, and what is told to who is not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from benchmarks.bench_accounts import Pair, ask_all, make_key, people, serving, sign_in
from coterie.service.access import Access
from coterie.service.auth import REMEMBERED, Doors
from coterie.service.params import ServerParams
from coterie.service.rules import RULES
from coterie.store.accounts import ApiKeys
from tests.service.conftest import ROOT, wait_for

CARDS = f"{ROOT}/cards"
OF_A_VIEWER = {
    "openapi change_password list_projects list_connections sign_out show_project show_mapping "
    "list_uploads show_upload list_runs show_run list_models list_schedules show_schedule "
    "list_segments show_segment show_note show_sizes show_features show_flows compare_runs "
    "show_quality show_report "
    "show_fairness show_overview show_choice show_map "
    "show_recommendations list_offers show_plan show_evidence list_feedback predict "
    "predict_here show_form show_stream"
}
OF_NOBODY = {
    "show_app",
    "show_asset",
    "show_icon",
    "live",
    "ready",
    "show_session",
    "sign_in",
    "sign_in_elsewhere",
    "come_back",
}


@pytest.fixture(scope="module")
def town(
    cards: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FastAPI, httpx.Client]]:
    """Yield a server of two projects, the first with a published run, and a client."""
    home = tmp_path_factory.mktemp("town") / "home"
    shutil.copytree(cards, home / "cards")
    (home / "other").mkdir()
    with serving(ServerParams(home, refusals=100_000)) as served:
        yield served


@pytest.fixture(scope="module")
def pairs(town: tuple[FastAPI, httpx.Client]) -> list[Pair]:
    """Return all routes asked by everybody."""
    return ask_all(*town)


def doors_of(town: tuple[FastAPI, httpx.Client]) -> Doors:
    """Return what the server knows users by."""
    found: Doors = town[0].state.doors
    return found


def table_of(app: Any) -> Any:
    """Return the table of routes that the door of an application has."""
    while not isinstance(app, Access):
        app = app.app
    return app.table


def test_every_route_says_what_it_asks_for(town):
    assert table_of(town[0].middleware_stack).names() == set(RULES)


def test_everybody_is_let_in_where_the_table_says_and_nowhere_else(pairs):
    assert len({pair.route for pair in pairs}) == len(RULES) - 1  # _hot is predict, asked first
    assert len({pair.person for pair in pairs}) == 17
    wrong = [pair for pair in pairs if pair.let_in != pair.expected]
    assert not wrong, "\n".join(map(str, wrong))
    assert not [pair for pair in pairs if pair.status >= 500]


def let_in(pairs: list[Pair], person: str) -> set[str]:
    """Return the routes that let somebody in."""
    return {pair.route for pair in pairs if pair.person == person and pair.let_in}


def test_what_a_viewer_sees_is_this_and_no_more(pairs):
    (words,) = OF_A_VIEWER
    assert let_in(pairs, "viewer") == set(words.split()) | OF_NOBODY
    for person in ("nobody", "forged cookie", "key that has ended", "key that was revoked"):
        assert let_in(pairs, person) == OF_NOBODY


def test_no_key_manages_accounts_or_keys(pairs):
    managing = {name for name in RULES if name.endswith(("_user", "_users", "_key", "_keys"))}
    assert len(managing) == 7
    for person in {pair.person for pair in pairs if pair.person.startswith("key")}:
        assert not let_in(pairs, person) & managing


def test_a_project_that_is_not_ones_own_is_not_there(town):
    doors, client = doors_of(town), town[1]
    key = make_key(doors, ["read", "customers", "predict", "run"], "other")
    for path in ("", "/segments", "/customers", "/exports/customers", "/jobs"):
        there = client.get(f"{CARDS}{path}", headers=key)
        never = client.get(f"{ROOT}/nowhere{path}", headers=key)
        assert (there.status_code, never.status_code) == (404, 404)
        assert there.json() == {**never.json(), "detail": "There is no project 'cards'."}
    assert [one["name"] for one in client.get(ROOT, headers=key).json()["items"]] == ["other"]
    said = client.post("/predict?project=cards", headers=key, json={"rows": [{}]})
    assert said.status_code == 404
    assert "cards" not in client.post("/predict", headers=key, json={"rows": [{}]}).text


def test_a_viewer_sees_quality_without_what_rows_said(town):
    doors, client = doors_of(town), town[1]
    viewer = sign_in(doors, "v@shop.example", roles={"cards": "viewer"})
    seen = client.get(f"{CARDS}/quality", headers=viewer)
    client.cookies.clear()
    assert seen.status_code == 200
    assert "examples" not in str(seen.json()["tables"])
    for one in seen.json()["quarantine"]:
        assert one["examples"] == []


def test_who_is_refused_is_told_nothing_of_why(town):
    doors, client = doors_of(town), town[1]
    everybody = people(doors)
    said = {
        client.get(CARDS, headers=everybody[name].headers).text
        for name in ("nobody", "forged cookie", "key that has ended", "key that was revoked")
    }
    client.cookies.clear()
    assert len(said) == 1
    assert "Sign in, or send a key." in said.pop()


def test_a_form_of_another_session_or_site_changes_nothing(town):
    doors, client = doors_of(town), town[1]
    mine = sign_in(doors, "a1@shop.example", roles={"cards": "analyst"})
    hers = sign_in(doors, "a2@shop.example", roles={"cards": "analyst"})
    path, body = f"{CARDS}/segments/seg-001", {"name": "Mine"}
    replayed = {"cookie": mine["cookie"], "x-csrf-token": hers["x-csrf-token"]}
    without = {"cookie": mine["cookie"]}
    elsewhere = {**mine, "sec-fetch-site": "cross-site"}
    origin = {**mine, "origin": "https://evil.example"}
    for headers in (replayed, without, elsewhere, origin):
        said = client.patch(path, headers=headers, json=body)
        assert (said.status_code, said.json()["code"]) == (403, "foreign")
    here = f"http://127.0.0.1:{client.base_url.port}"
    allowed = client.patch(path, headers={**mine, "origin": here}, json=body)
    assert allowed.status_code == 200
    client.cookies.clear()
    events = [row["event"] for row in doors.audit.page(limit=5)[0]]
    assert events == ["settings", "refused", "refused", "refused", "refused"]


def test_a_revoked_key_opens_nothing_at_once(town):
    doors, client = doors_of(town), town[1]
    admin = sign_in(doors, "boss@shop.example", admin=True)
    wish = {"name": "nightly", "scopes": ["predict"], "project": "cards"}
    made = client.post("/api/v1/keys", headers=admin, json=wish).json()
    key = {"authorization": f"Bearer {made['key']}"}
    person = {"rows": [{"spend": 10, "visits": 3, "plan": "gold"}]}
    client.cookies.clear()
    used = client.post(f"{CARDS}/predict", headers=key, json=person)
    assert used.status_code in {200, 409}
    gone = client.delete(f"/api/v1/keys/{made['id']}", headers=admin)
    assert gone.status_code == 204
    client.cookies.clear()
    assert client.post(f"{CARDS}/predict", headers=key, json=person).status_code == 401
    newest = doors.audit.page(limit=2)[0]
    assert [row["event"] for row in newest] == ["key.refused", "key.revoked"]
    assert made["key"] not in client.get("/api/v1/keys", headers=admin).text
    assert made["key"] not in str(doors.audit.page(limit=100))
    client.cookies.clear()


def test_another_process_hears_of_a_revoked_key_soon(town):
    doors, client = doors_of(town), town[1]
    key = make_key(doors, ["read"], "cards")
    assert client.get(CARDS, headers=key).status_code == 200
    newest = doors.api_keys.all()[0]
    # As another process would: nobody tells this one.
    ApiKeys(doors.accounts.database).revoke(key_id=newest["id"], now=doors.clock())
    wait_for(
        lambda: {"status": client.get(CARDS, headers=key).status_code},
        lambda found: found["status"] == 401,
    )
    assert REMEMBERED <= 2


def test_without_accounts_only_pages_of_this_machine_are_answered(tmp_path):
    with serving(ServerParams(tmp_path)) as (_, client):
        assert client.get(ROOT).status_code == 200
        for host in ("evil.example", "127.0.0.1.evil.example", "[::2]", "localhost.evil"):
            said = client.get(ROOT, headers={"host": host})
            assert (said.status_code, said.json()["code"]) == (421, "misdirected")
        for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "null"}):
            said = client.post(ROOT, headers=headers, json={"name": "a"})
            assert (said.status_code, said.json()["code"]) == (403, "foreign")
        assert client.get(ROOT).json()["total"] == 0
        told = client.get("/api/v1/session").json()
        assert (told["accounts"], told["kind"]) == (False, "local")


def test_a_server_that_others_reach_lets_nobody_in_without_accounts(tmp_path):
    with serving(ServerParams(tmp_path, alone=False)) as (_, client):
        assert client.get(ROOT).status_code == 401
        assert client.get("/metrics").status_code == 401
        assert client.get("/health/live").status_code == 200


def test_what_is_refused_too_often_has_to_wait(tmp_path):
    with serving(ServerParams(tmp_path, alone=False, refusals=3)) as (app, client):
        key = {"authorization": "Bearer ck_guessed"}
        statuses = [client.get(ROOT, headers=key).status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        last = client.get(ROOT, headers=key)
        assert last.headers["retry-after"] == "60"
        assert last.json()["detail"] == "Too many tries. Again in 1 minute."
        assert app.state.doors.audit.head().startswith("3:")
