"""Jobs outlive their workers: killed, cancelled, stopped; what was published stays."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from coterie import Project
from coterie.service.app import make_worker
from coterie.service.deps import utc_now
from coterie.service.params import ServerParams, open_database
from coterie.store.home import Home
from coterie.store.jobs import LEASE, Jobs
from coterie.store.runs import check_run
from tests.service.conftest import ROOT, finish, served, wait_for


@pytest.fixture
def params(tmp_path: Path, published_cards: Path) -> ServerParams:
    """Return a server's home with a project that has been run; to choose again takes seconds."""
    folder = shutil.copytree(published_cards, tmp_path / "home" / "cards")
    toml = (folder / "coterie.toml").read_text(encoding="utf-8")
    (folder / "coterie.toml").write_text(toml.replace("k = 3", 'k = "auto"'), encoding="utf-8")
    return ServerParams(tmp_path / "home")


@contextmanager
def worker_process(params: ServerParams) -> Iterator[subprocess.Popen[bytes]]:
    """Start ``coterie worker``, and kill it at the end if it still lives."""
    command = [sys.executable, "-m", "coterie.cli", "worker", str(params.home)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until_at_work(client: httpx.Client, job: str, stage: str = "") -> None:
    """Wait until a job is in the hands of a worker, and has come to a stage."""

    def reached(found: dict[str, object]) -> bool:
        assert found["state"] in {"queued", "running"}, found
        return found["state"] == "running" and (not stage or found["stage"] == stage)

    wait_for(lambda: client.get(f"{ROOT}/cards/jobs/{job}").json(), reached)


def until_let_go(folder: Path) -> None:
    """Wait until no process holds the project."""

    def held() -> dict[str, bool]:
        try:
            with Home(folder).alone():
                return {"held": False}
        except RuntimeError:
            return {"held": True}

    wait_for(held, lambda found: not found["held"])


def left_behind(folder: Path) -> list[str]:
    """Name what is unfinished in a project."""
    return [str(path) for path in folder.rglob("*") if path.name.startswith(".tmp-")]


def test_a_worker_that_is_killed_is_followed_by_another_and_the_run_is_whole(params):
    folder = params.home / "cards"
    before = Project(folder).latest.id
    with served(params, workers=0) as client, worker_process(params) as process:
        job = client.post(f"{ROOT}/cards/train").json()["id"]
        until_at_work(client, job, "choose")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        until_let_go(folder)  # its child hears of it and ends
        row = client.get(f"{ROOT}/cards/jobs/{job}").json()
        assert (row["state"], row["attempts"]) == ("running", 1)
        assert Project(folder).latest.id == before

        hand = make_worker(params, clock=lambda: utc_now() + LEASE + timedelta(seconds=5))
        assert hand.step()
        hand.close()
        row = client.get(f"{ROOT}/cards/jobs/{job}").json()
        assert (row["state"], row["attempts"]) == ("done", 2), row
        run_id = row["result"]["run_id"]
        assert run_id != before
        assert check_run(folder / ".coterie" / "runs" / run_id)["run_id"] == run_id
        assert client.get(f"{ROOT}/cards").json()["run_id"] == run_id
    assert left_behind(folder) == []

    with served(params, workers=0) as client:  # the former run is published again by one call
        found = client.get(f"{ROOT}/cards/runs").json()["items"]
        assert [row["run_id"] for row in found] == [run_id, before]
        restored = client.post(f"{ROOT}/cards/models/{before}/publish")
        assert (restored.json()["run_id"], restored.json()["published"]) == (before, True)
        assert client.get(f"{ROOT}/cards").json()["run_id"] == before
    assert Project(folder).latest.id == before


def test_a_cancelled_job_leaves_nothing_and_the_former_run_published(params):
    folder = params.home / "cards"
    before = Project(folder).latest.id
    with served(params, workers=1) as client:
        job = client.post(f"{ROOT}/cards/train").json()
        until_at_work(client, job["id"], "choose")
        assert client.delete(f"{ROOT}/cards/jobs/{job['id']}").status_code == 202
        assert finish(client, job)["state"] == "cancelled"
        assert left_behind(folder) == []
        assert client.get(f"{ROOT}/cards").json()["run_id"] == before
        assert client.get(f"{ROOT}/cards/runs").json()["total"] == 1
    assert Project(folder).latest.id == before


def test_a_server_that_is_stopped_gives_its_job_back(params):
    folder = params.home / "cards"
    with served(params, workers=1) as client:
        job = client.post(f"{ROOT}/cards/train").json()["id"]
        until_at_work(client, job)
    assert left_behind(folder) == []
    database = open_database(params)
    row = Jobs(database).get(job)
    database.close()
    assert row is not None
    assert (row["state"], row["attempts"], row["worker"]) == ("queued", 0, None)


def test_a_worker_that_is_told_to_stop_ends_well(params):
    with served(params, workers=0) as client, worker_process(params) as process:
        wait_for(
            lambda: client.get("/health/ready").json(), lambda found: found["checks"][-1]["ok"]
        )
        process.terminate()
        assert process.wait(60) == 0
        assert not client.get("/health/ready").json()["checks"][-1]["ok"]
