"""From an upload to a published run, by HTTP alone; the same run as by the command line."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from coterie import Project
from tests.service.conftest import CARDS, ROOT, finish, put_cards


def digests(folder: Path) -> dict[str, str]:
    """Return the hash of every file of a run but its log, which has a clock."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.iterdir())
        if file.name != "log.jsonl"
    }


def test_an_upload_becomes_segments_with_the_id_and_bytes_of_the_command_line(client, tmp_path):
    upload = put_cards(client)
    started = client.post(f"{ROOT}/cards/runs", json={})
    assert started.status_code == 202
    assert started.headers["location"].endswith(started.json()["id"])
    job = finish(client, started.json())
    assert job["state"] == "done", job
    assert job["fraction"] == 1
    run_id = job["result"]["run_id"]

    home = tmp_path / "home" / "cards"
    other = tmp_path / "other"
    shutil.copytree(home / "uploads", other / "uploads")
    shutil.copy(home / "coterie.toml", other)
    assert (other / "uploads" / upload / "cards.csv").read_text() == CARDS
    run = Project(other).run()
    assert run.id == run_id
    assert digests(run.folder) == digests(home / ".coterie" / "runs" / run_id)

    listed = client.get(f"{ROOT}/cards/runs").json()
    assert [(row["run_id"], row["published"]) for row in listed["items"]] == [(run_id, True)]
    shown = client.get(f"{ROOT}/cards").json()
    assert (shown["run_id"], shown["mapped"]) == (run_id, True)


def test_progress_is_told_until_the_end(client):
    put_cards(client)
    job = client.post(f"{ROOT}/cards/train").json()
    with client.stream("GET", f"{ROOT}/cards/jobs/{job['id']}/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        told = [line for line in events.iter_lines() if line.startswith("data: ")]
    assert '"state":"done"' in told[-1]
    assert len(told) == len(set(told))


def test_settings_that_will_not_do_are_refused_and_the_former_stay(client):
    put_cards(client)
    before = client.get(f"{ROOT}/cards/mapping").json()
    toml = before["toml"].replace("k = 3", "k = 900")
    refused = client.put(f"{ROOT}/cards/mapping", json={"toml": toml})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert "900" in refused.json()["detail"]
    assert client.get(f"{ROOT}/cards/mapping").json() == before


def test_what_cannot_run_is_a_failed_job_with_the_reason(client, tmp_path):
    upload = put_cards(client)
    (tmp_path / "home" / "cards" / "uploads" / upload / "cards.csv").unlink()
    job = finish(client, client.post(f"{ROOT}/cards/runs").json())
    assert job["state"] == "failed"
    assert "cards.csv" in job["error"]["message"]
    assert client.get(f"{ROOT}/cards/runs").json()["total"] == 0
