"""Projects, uploads and mappings by HTTP; the same request twice, too large, or hostile."""

from __future__ import annotations

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from coterie.service.params import ServerParams
from tests.service.conftest import CARDS, ROOT, finish, put_cards, served


def send(client, name: str, content: bytes, project: str = "shop"):
    """Upload a file."""
    return client.post(f"{ROOT}/{project}/uploads", files={"file": (name, content)})


@pytest.fixture
def shop(client):
    """Return a client of a server with an empty project."""
    assert client.post(ROOT, json={"name": "shop"}).status_code == 201
    return client


def test_projects_are_made_once_and_listed(client):
    assert client.get(ROOT).json() == {"items": [], "next": None, "total": 0}
    for name in ("b-2", "a1"):
        assert client.post(ROOT, json={"name": name}).status_code == 201
    assert [one["name"] for one in client.get(ROOT).json()["items"]] == ["a1", "b-2"]
    again = client.post(ROOT, json={"name": "a1"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "name", ["", "..", "A", "a/b", "a b", "-a", "a-", "a" * 64, "ä", ".coterie-server", "a\n"]
)
def test_names_that_are_no_folders_are_refused(client, name):
    answer = client.post(ROOT, json={"name": name})
    assert answer.status_code == 422
    assert client.get(ROOT).json()["total"] == 0


def test_an_upload_is_kept_by_its_content(shop, tmp_path):
    first = send(shop, "cards.csv", CARDS.encode()).json()
    digest = hashlib.sha256(CARDS.encode()).hexdigest()
    assert first == {
        "id": f"u{digest[:12]}",
        "name": "cards.csv",
        "bytes": len(CARDS),
        "sha256": digest,
    }
    assert send(shop, "again.csv", CARDS.encode()).json() == first
    assert shop.get(f"{ROOT}/shop/uploads").json()["items"] == [first]
    assert shop.get(f"{ROOT}/shop/uploads/{first['id']}").json() == first
    kept = tmp_path / "home" / "shop" / "uploads" / first["id"]
    assert [file.read_text() for file in kept.iterdir()] == [CARDS]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"\x7fELF" + bytes(range(256)) * 9, ""),
        ("a.xlsx", b"PK\x03\x04 no workbook", ""),
        ("a.parquet", b"PAR1 no table PAR1", ""),
        ("a.csv.gz", b"\x1f\x8b\x08 not packed", ""),
    ],
)
def test_what_holds_no_rows_is_refused_and_not_kept(shop, tmp_path, name, content, says):
    answer = send(shop, name, content)
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["detail"]
    assert str(tmp_path) not in answer.text
    assert shop.get(f"{ROOT}/shop/uploads").json()["total"] == 0
    assert not list((tmp_path / "home" / "shop" / "uploads").iterdir())


@pytest.mark.parametrize("name", ["../../cards.csv", "/etc/cards.csv", "..\\cards.csv", "a\nb.csv"])
def test_names_of_files_do_not_lead_out_of_the_upload(shop, tmp_path, name):
    upload = send(shop, name, CARDS.encode()).json()
    assert "/" not in upload["name"]
    (file,) = (tmp_path / "home" / "shop" / "uploads" / upload["id"]).iterdir()
    assert file.read_text() == CARDS


def test_uploads_at_once_do_not_disturb_each_other(shop, tmp_path):
    contents = [f"id,spend,visits\n{n},1,2\n9,3,4\n".encode() for n in range(8)]
    broken = tmp_path / "home" / "shop" / "uploads" / ".tmp-broken"
    broken.mkdir(parents=True)
    os.utime(broken, (0, 0))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda content: send(shop, "a.csv", content), contents))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert shop.get(f"{ROOT}/shop/uploads").json()["total"] == 8
    assert not broken.exists()


def test_bodies_that_are_too_large_are_refused(tmp_path):
    small = ServerParams(tmp_path / "home", max_upload=2_000, max_body=1_000)
    with served(small, workers=0) as client:
        client.post(ROOT, json={"name": "shop"})
        refused = send(client, "a.csv", 2 * CARDS.encode())
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
        # a body that does not say how long it is
        endless = client.post(ROOT, content=(b"x" * 1_000 for _ in range(200)))
        assert endless.status_code == 413
        assert client.get(f"{ROOT}/shop/uploads").json()["total"] == 0


def test_a_mapping_is_proposed_with_reasons_and_written_when_accepted(client, tmp_path):
    upload = put_cards(client)
    proposed = client.post(f"{ROOT}/cards/mapping", json={"uploads": [upload]}).json()
    (found,) = proposed["proposals"]
    assert found["table"] == "customers"
    assert found["columns"][0]["user_column"] == "id"
    assert found["columns"][0]["why"]
    toml = client.get(f"{ROOT}/cards/mapping").json()["toml"]
    assert (tmp_path / "home" / "cards" / "coterie.toml").read_text() == toml
    unknown = client.post(f"{ROOT}/cards/mapping", json={"uploads": ["u000000000000"]})
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    "toml",
    [
        '[sources.orders]\nfile = "/etc/passwd"',
        '[sources.orders]\nfile = "../../secret.csv"',
        '[sources.orders]\ndatabase = "env:HOME"\nrelation = "a"',
        '[sources.orders]\ndatabase = "sqlite:../other.db"\nrelation = "a"',
        '[sources.orders]\ndatabase = "connection:nobody"\nrelation = "a"',
        '[store]\nruns = "s3://elsewhere/runs"',
        "[sources",
        "[nonsense]\na = 1",
    ],
)
def test_settings_that_reach_outside_are_refused_and_the_former_stay(client, toml):
    put_cards(client)
    before = client.get(f"{ROOT}/cards/mapping").json()
    refused = client.put(f"{ROOT}/cards/mapping", json={"toml": toml})
    assert refused.status_code == 422, refused.text
    assert client.get(f"{ROOT}/cards/mapping").json() == before


def test_a_request_with_a_key_does_its_work_once(client):
    put_cards(client)
    key = {"idempotency-key": "run-of-monday"}
    first = client.post(f"{ROOT}/cards/runs", json={}, headers=key)
    again = client.post(f"{ROOT}/cards/runs", json={}, headers=key)
    assert again.json() == first.json()
    assert again.status_code == first.status_code == 202
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert client.get(f"{ROOT}/cards/jobs").json()["total"] == 1
    other = client.post(f"{ROOT}/cards/runs", json={"refit": True}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    client.delete(f"{ROOT}/cards/jobs/{first.json()['id']}")


def test_what_is_known_already_is_not_sent_again(client):
    put_cards(client)
    first = client.get(f"{ROOT}/cards")
    known = client.get(f"{ROOT}/cards", headers={"if-none-match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    client.post(ROOT, json={"name": "other"})
    listed = client.get(ROOT, headers={"if-none-match": first.headers["etag"]})
    assert listed.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/projects", 405),
        ("GET", f"{ROOT}/nobody", 404),
        ("POST", ROOT, 422),
    ],
)
def test_every_error_is_a_problem(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "run", "params": {"as_of": "2026-02-30"}},
        {"kind": "run", "params": {"horizon": "90d"}},
        {"kind": "train", "params": {"refit": "perhaps"}},
        {"kind": "offers", "params": {"budget": -1}},
        {"kind": "flows", "params": {"start": "2026-01-01"}},
        {"kind": "value", "params": {"horizon": 10**9}},
        {"kind": "dance"},
    ],
)
def test_work_that_cannot_be_meant_is_refused_before_it_is_queued(client, wish):
    put_cards(client)
    answer = client.post(f"{ROOT}/cards/jobs", json=wish)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["message"]
    assert client.get(f"{ROOT}/cards/jobs").json()["total"] == 0


def test_a_file_of_touches_that_is_none_tells_nothing_of_the_server(ready, tmp_path):
    files = {"file": ("touches.csv", b"\x7fELF" + bytes(range(256)) * 9)}
    answer = ready.post(f"{ROOT}/cards/feedback/uploads", files=files)
    assert answer.status_code == 422
    assert "/tmp" not in answer.text
    assert str(tmp_path) not in answer.text


def test_a_project_whose_sources_a_server_may_not_read_is_still_served(cards, tmp_path):
    folder = tmp_path / "home" / "cards"
    shutil.copytree(cards, folder)
    (tmp_path / "cards.csv").write_text((folder / "cards.csv").read_text())
    (folder / "cards.csv").unlink()
    text = (folder / "coterie.toml").read_text()
    (folder / "coterie.toml").write_text(text.replace('"cards.csv"', '"../../cards.csv"'))
    with served(ServerParams(tmp_path / "home")) as client:
        path = f"{ROOT}/cards"
        assert client.get(f"{path}/customers/c001").status_code == 200
        renamed = client.patch(f"{path}/segments/seg-001", json={"name": "Gold"})
        assert (renamed.status_code, renamed.json()["name"]) == (200, "Gold")
        person = {"rows": [{"spend": 10, "visits": 3, "plan": "gold"}]}
        assert client.post(f"{path}/predict", json=person).status_code == 200
        refused = client.post(f"{path}/runs")
        assert (refused.status_code, refused.json()["where"]) == (422, "sources.customers")
        held = client.get(f"{path}/customers/c001/access").json()
        assert held["total"] > 0
        job = client.delete(f"{path}/customers/c001").json()
        assert finish(client, job)["state"] == "done"
        assert client.get(f"{path}/customers/c001").status_code == 404
    assert "c001" in (tmp_path / "cards.csv").read_text()  # not the server's to change


def test_a_project_is_removed_with_all_that_leans_on_it(ready, tmp_path):
    where = f"{ROOT}/cards"
    made = ready.post(f"{where}/schedules", json={"kind": "run", "cron": "0 3 * * *"})
    assert made.status_code == 201
    uses = ready.get(f"{where}/uses").json()
    assert {name: uses[name] for name in ("runs", "customers", "schedules", "jobs")} == {
        "runs": 1,
        "customers": 120,
        "schedules": 1,
        "jobs": 0,
    }
    for confirm in ({}, {"confirm": "card"}):
        assert ready.delete(where, params=confirm).status_code == 422
    job = ready.post(f"{where}/runs").json()["id"]
    busy = ready.delete(where, params={"confirm": "cards"})
    assert (busy.status_code, busy.json()["code"]) == (409, "conflict")
    assert ready.get(f"{where}/segments").json()["total"] == 3
    ready.delete(f"{where}/jobs/{job}")
    assert ready.delete(where, params={"confirm": "cards"}).status_code == 204
    assert ready.get(where).status_code == 404
    assert [one for one in (tmp_path / "home").iterdir() if one.name != ".coterie-server"] == []
    # Whoever makes one of the same name begins with nothing.
    assert ready.post(ROOT, json={"name": "cards"}).status_code == 201
    assert ready.get(f"{where}/schedules").json()["total"] == 0
    assert ready.get(f"{where}/segments").status_code == 409
    assert set(ready.get(f"{where}/uses").json().values()) == {0}
