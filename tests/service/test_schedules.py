"""Schedules over HTTP, and the worker that turns them into jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from coterie.service.app import make_worker
from coterie.service.params import ServerParams
from tests.service.conftest import ROOT, served, wait_for


def test_a_schedule_is_made_changed_turned_off_and_removed(tmp_path):
    with served(ServerParams(tmp_path), workers=0) as client:
        client.post(ROOT, json={"name": "cards"})
        place = f"{ROOT}/cards/schedules"
        wish = {"cron": "0 3 * * *", "timezone": "Europe/Berlin"}
        made = client.post(place, json=wish)
        assert made.status_code == 201
        row = made.json()
        assert (row["kind"], row["enabled"], row["last_job"]) == ("run", True, None)
        due = datetime.fromisoformat(row["next"])
        assert due.minute == 0
        assert due.hour in {1, 2}
        assert client.get(place).json() == {"items": [row], "next": None, "total": 1}
        one = f"{place}/{row['id']}"
        changed = client.patch(one, json={"enabled": False, "cron": "30 4 * * *"})
        assert (changed.json()["enabled"], changed.json()["cron"]) == (False, "30 4 * * *")
        assert client.get(one).json() == changed.json()
        assert client.delete(one).status_code == 204
        assert client.delete(one).status_code == 404
        assert client.patch(one, json={"enabled": True}).status_code == 404
        assert client.get(place).json()["total"] == 0


def test_a_bad_expression_or_zone_is_refused_with_what_is_allowed(tmp_path):
    with served(ServerParams(tmp_path), workers=0) as client:
        client.post(ROOT, json={"name": "cards"})
        place = f"{ROOT}/cards/schedules"
        bad = client.post(place, json={"cron": "every night"})
        assert bad.status_code == 422
        assert bad.json()["where"] == "cron"
        assert "minute hour day-of-month month day-of-week" in bad.json()["allowed"]
        zone = client.post(place, json={"cron": "0 3 * * *", "timezone": "Mars"}).json()
        assert zone["where"] == "timezone"
        kind = client.post(place, json={"cron": "0 3 * * *", "kind": "delete"})
        assert kind.status_code == 422
        assert client.get(place).json()["total"] == 0


def test_one_project_does_not_see_the_schedules_of_another(tmp_path):
    with served(ServerParams(tmp_path), workers=0) as client:
        for name in ("one", "other"):
            client.post(ROOT, json={"name": name})
        row = client.post(f"{ROOT}/one/schedules", json={"cron": "0 3 * * *"}).json()
        assert client.get(f"{ROOT}/other/schedules").json()["total"] == 0
        assert client.delete(f"{ROOT}/other/schedules/{row['id']}").status_code == 404


def test_a_worker_starts_what_is_due_and_says_why_it_cannot_be_done(tmp_path):
    params = ServerParams(tmp_path)
    with served(params, workers=0) as client:
        client.post(ROOT, json={"name": "cards"})
        row = client.post(f"{ROOT}/cards/schedules", json={"cron": "0 3 * * *"}).json()
        tomorrow = datetime.now(UTC) + timedelta(days=1, minutes=1)
        hand = make_worker(params, clock=lambda: tomorrow)
        assert hand.step()  # nothing is mapped, so the job fails at once
        hand.close()
        job = client.get(f"{ROOT}/cards/schedules/{row['id']}").json()["last_job"]
        ended = wait_for(
            lambda: client.get(f"{ROOT}/cards/jobs/{job}").json(),
            lambda found: found["state"] == "failed",
        )
        assert ended["error"]["code"] == "not_ready"


def test_a_job_of_a_project_that_is_gone_fails_and_the_worker_goes_on(tmp_path):
    params = ServerParams(tmp_path)
    with served(params, workers=0) as client:
        client.post(ROOT, json={"name": "cards"})
        client.post(f"{ROOT}/cards/schedules", json={"cron": "0 3 * * *"})
        (tmp_path / "cards").rename(tmp_path / "elsewhere")
        tomorrow = datetime.now(UTC) + timedelta(days=1, minutes=1)
        hand = make_worker(params, clock=lambda: tomorrow)
        assert hand.step()
        assert not hand.step()
        (tmp_path / "elsewhere").rename(tmp_path / "cards")
        job = client.get(f"{ROOT}/cards/jobs").json()["items"][0]
        assert (job["state"], job["error"]["code"]) == ("failed", "not_found")
        hand.close()
