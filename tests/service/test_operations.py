"""Health, figures and logs: what those who run a server see, and that no customer is in it."""

from __future__ import annotations

import io
import json
import logging
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from coterie.service.app import make_worker
from coterie.service.logs import FIELDS, Lines
from coterie.service.metrics import Metrics
from coterie.service.params import ServerParams
from coterie.store.jobs import Jobs
from tests.service.conftest import ROOT, served, wait_for


def figures(client) -> dict[tuple[str, ...], float]:
    """Return name and label values of every figure, with its value."""
    return parsed(client.get("/metrics").text)


def parsed(text: str) -> dict[tuple[str, ...], float]:
    """Return name and label values of every figure of a text, with its value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def lines():
    """Yield what the server logs, as JSON lines."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Lines("json"))
    log = logging.getLogger("coterie")
    log.addHandler(handler)
    log.setLevel("INFO")
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    log.removeHandler(handler)
    log.setLevel("NOTSET")


def test_a_fresh_server_lives_and_is_ready(tmp_path):
    with served(ServerParams(tmp_path / "home"), workers=0) as client:
        assert client.get("/health/live").json() == {"status": "ok"}
        found = client.get("/health/ready")
        assert found.status_code == 200
        told = {check["name"]: check["ok"] for check in found.json()["checks"]}
        assert told == {"database": True, "tables": True, "disk": True, "workers": False}


def test_a_worker_that_was_seen_lately_is_told(tmp_path):
    with served(ServerParams(tmp_path), workers=1) as client:
        found = wait_for(
            lambda: client.get("/health/ready").json(),
            lambda found: found["checks"][-1]["ok"],
        )
        assert found["checks"][-1]["said"] == "1 seen in the last minute."
        assert figures(client)["coterie_workers",] == 1


def test_without_room_or_database_the_server_is_not_ready(tmp_path):
    with served(ServerParams(tmp_path / "a", min_free=1 << 60), workers=0) as client:
        found = client.get("/health/ready")
        assert found.status_code == 503
        assert not found.json()["ready"]
    with served(ServerParams(tmp_path / "b"), workers=0) as client:
        client.get("/health/ready")
        shutil.rmtree(tmp_path / "b" / ".coterie-server")
        (tmp_path / "b" / ".coterie-server").write_text("no folder")
        assert client.get("/health/live").status_code == 200


def test_a_database_that_does_not_answer_is_503_and_not_alive_for_the_figures(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("NOWHERE_URL", "postgresql://user:geheim@localhost:1/none")
    params = ServerParams(tmp_path, "env:NOWHERE_URL")
    with served(params, workers=0) as client:
        found = client.get("/health/ready")
        assert found.status_code == 503
        assert found.json()["checks"][0]["said"] == "It does not answer."
        assert figures(client)["coterie_database_up",] == 0
        listed = client.get("/api/v1/connections")
        assert (listed.status_code, listed.json()["code"]) == (503, "database")
        for answer in (found, listed, client.get("/metrics")):
            assert "geheim" not in answer.text


def test_requests_are_counted_by_route_and_jobs_by_kind_and_state(tmp_path):
    with served(ServerParams(tmp_path), workers=1) as client:
        client.post(ROOT, json={"name": "cards"})
        for customer in ("17850", "13047"):
            client.get(f"{ROOT}/cards/jobs/{customer}")
        client.get("/nowhere/17850")
        client.request("PROPFIND", "/health/live")
        client.post(f"{ROOT}/cards/schedules", json={"cron": "0 3 * * *"})
        found = figures(client)
        route = "/api/v1/projects/{project}/jobs/{job_id}"
        assert found["coterie_requests_total", "GET", route, "404"] == 2
        assert found["coterie_request_seconds_count", "GET", route] == 2
        assert found["coterie_requests_total", "GET", "unmatched", "404"] == 1
        other = [key for key in found if key[:2] == ("coterie_requests_total", "other")]
        assert [key[-1] for key in other] == ["405"]
        assert found["coterie_queue_age_seconds",] == 0
        assert "17850" not in client.get("/metrics").text


def test_jobs_are_counted_from_the_database(tmp_path):
    with served(ServerParams(tmp_path), workers=0) as client:
        client.post(ROOT, json={"name": "cards"})
        (tmp_path / "cards" / "coterie.toml").write_text("")
        job = client.post(f"{ROOT}/cards/jobs", json={"kind": "value"}).json()
        found = figures(client)
        assert found["coterie_jobs", "value", "queued"] == 1
        assert found["coterie_queue_age_seconds",] >= 0
        client.delete(f"{ROOT}/cards/jobs/{job['id']}")
        assert figures(client)["coterie_jobs", "value", "cancelled"] == 1


def test_job_durations_and_the_age_of_the_queue_are_those_of_the_rows(database):
    jobs, noon = Jobs(database), datetime(2026, 6, 1, 12, tzinfo=UTC)
    for number, seconds in enumerate([10, 30]):
        jobs.add(f"j{number}", "a", "run", {}, now=noon)
        held = jobs.take("w", now=noon)
        assert held is not None
        jobs.end(held, "done", now=noon + timedelta(seconds=seconds))
    jobs.add("j2", "a", "run", {}, now=noon)
    jobs.cancel("j2", now=noon)  # never begun, so it took no time
    jobs.add("j3", "a", "value", {}, now=noon + timedelta(seconds=5))
    found = parsed(Metrics(database, lambda: noon + timedelta(seconds=65)).text().decode())
    assert found["coterie_job_seconds_count", "run", "done"] == 2
    assert found["coterie_job_seconds_sum", "run", "done"] == 40
    assert ("coterie_job_seconds_count", "run", "cancelled") not in found
    assert found["coterie_jobs", "run", "cancelled"] == 1
    assert found["coterie_queue_age_seconds",] == 60


def test_each_request_is_a_line_without_its_path_query_or_body(tmp_path, lines):
    with served(ServerParams(tmp_path), workers=0) as client:
        client.post(ROOT, json={"name": "geheim"})
        client.get(f"{ROOT}/geheim/jobs/17850?q=17850", headers={"x-request-id": "mine"})
    line = next(one for one in lines() if one.get("request_id") == "mine")
    assert line["route"] == "/api/v1/projects/{project}/jobs/{job_id}"
    assert (line["method"], line["status"], line["event"]) == ("GET", 404, "request")
    assert line["ms"] > 0
    text = json.dumps(lines())
    assert "17850" not in text
    assert "geheim" not in text


def test_an_error_is_logged_by_kind_and_place_and_by_its_words_only_when_asked():
    def say(whole: bool) -> str:
        try:
            raise KeyError("17850")
        except KeyError as error:
            record = logging.LogRecord(
                "coterie", logging.ERROR, "", 0, "request", None, (KeyError, error, None)
            )
            record.exc_info = (KeyError, error, error.__traceback__)
        return Lines("json", whole=whole).format(record)

    told = json.loads(say(whole=False))
    assert told["error"] == "KeyError"
    assert Path(__file__).name in told["trace"]
    assert "17850" not in say(whole=False)
    assert "17850" in say(whole=True)


def test_a_line_of_text_tells_the_same_in_words():
    record = logging.LogRecord("coterie", logging.INFO, "", 0, "job %s", ("begun",), None)
    record.created, record.job, record.kind = 0.0, "j1", "run"
    line = Lines("text").format(record)
    assert line == "1970-01-01T00:00:00.000+00:00 info job begun job=j1 kind=run"
    assert {"job", "kind"} < set(FIELDS)


def test_a_worker_outlives_times_when_the_database_does_not_answer(tmp_path, monkeypatch, lines):
    monkeypatch.setenv("NOWHERE_URL", "postgresql://user:geheim@localhost:1/none")
    hand = make_worker(ServerParams(tmp_path, "env:NOWHERE_URL"))
    hand.start()
    wait_for(
        lambda: {"waits": [one for one in lines() if one["event"].startswith("worker waits")]},
        lambda found: len(found["waits"]) >= 2,
    )
    hand.stop()
    hand.close()
    assert "geheim" not in json.dumps(lines())


@contextmanager
def command(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield the process of ``coterie serve`` and its address, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = [sys.executable, "-m", "coterie.cli", "serve", str(folder), "--port", str(port)]
    with subprocess.Popen([*asked, *words], stderr=subprocess.PIPE, text=True) as process:

        def live() -> dict[str, object]:
            assert process.poll() is None
            try:
                return dict(httpx.get(f"http://127.0.0.1:{port}/health/live").json())
            except httpx.TransportError:
                return {}

        wait_for(live, bool)
        yield process, f"http://127.0.0.1:{port}"


def test_a_server_that_is_told_to_stop_ends_well_and_all_it_wrote_is_json(tmp_path):
    log = ["--log-format", "json", "--log-level", "info"]
    with command(tmp_path, "--workers", "1", *log) as (process, address):
        httpx.get(f"{address}{ROOT}?q=17850")
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    told = [json.loads(line) for line in said.splitlines()]
    assert told[-1]["route"] == "/api/v1/projects"
    assert "17850" not in said


def test_processes_share_connections_that_come_all_at_once_and_no_port_is_shared(tmp_path):
    with command(tmp_path, "--workers", "0", "--processes", "2") as (process, address):
        clients = [httpx.Client(base_url=address) for _ in range(32)]
        for client in clients:
            client.get("/health/live")
        seen = Counter(
            value
            for client in clients
            for name, value in figures(client).items()
            if name[0] == "coterie_requests_total" and "/health/live" in name
        )
        for client in clients:
            client.close()
        other = [*process.args[:-4], "--workers", "0"]
        refused = subprocess.run(other, capture_output=True, text=True, check=False)
        process.terminate()
        process.communicate(timeout=60)
    # Each tells its own count: as many as it had connections, and those asked until it lived.
    assert len(seen) == 2
    assert min(seen.values()) >= 4
    assert refused.returncode == 1
    assert "cannot be listened on: Address already in use" in " ".join(refused.stderr.split())
