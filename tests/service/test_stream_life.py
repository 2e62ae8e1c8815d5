"""How a stream lives through the end of its server, through days and through other runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from coterie import Project
from coterie.pipeline.stream_reading import StreamReader
from coterie.service.app import create_app
from coterie.service.params import ServerParams
from coterie.service.problems import RefusedError
from coterie.store.home import Home
from tests.service.conftest import wait_for
from tests.service.happening import follow, sale, send


def test_what_was_answered_outlives_a_killed_server(shop: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(shop, home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "coterie.cli", "serve", str(home), "--port", str(port)]
    answered: list[str] = []
    for turn in range(2):
        with subprocess.Popen([*command, "--workers", "0"], stderr=subprocess.DEVNULL) as server:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                wait_for(lambda: {"up": is_up(client)}, lambda found: bool(found["up"]))
                for n in range(5):
                    told = send(client, sale(f"kill-{turn}-{n}", "kill"))
                    assert told["accepted"] == 1
                    answered.append(f"kill-{turn}-{n}")
                if turn:  # the other way to end: who follows is let go, and all is closed
                    with follow(client, {}) as lines:
                        assert next(lines).startswith(":")
                        os.kill(server.pid, signal.SIGTERM)
                        assert server.wait(15) == 0
            if server.poll() is None:
                server.kill()
    with Home(home / "shop").registry() as registry:
        assert StreamReader(registry).status()["accepted"] == len(answered) == 10


def test_a_new_day_and_a_newly_published_run_are_followed(shop: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(shop, home)
    now = [datetime(2026, 1, 5, 12, tzinfo=UTC)]
    app = create_app(ServerParams(home), clock=lambda: now[0])
    feeds = app.state.feeds
    feed = feeds.of(app.state.projects.get("shop"))
    event = sale("new-day", timestamp=now[0].isoformat())
    assert feed.intake.put([json.dumps(event).encode()]).result(60).accepted == 1
    assert (feed.status()["as_of"], feed.is_behind()) == ("2026-01-06", False)
    now[0] += timedelta(days=1)
    assert feed.is_behind()
    feeds._see("shop", day=True)
    feed.intake.look_at_day().result(60)
    today = [one for one in feed.reader.moves(0, 10_000) if one["at"] >= "2026-01-06"]
    assert (feed.status()["as_of"], feed.status()["moves_today"]) == (
        "2026-01-07",
        len(today),
    )
    former = feed.status()["run_id"]
    Project(home / "shop").publish("previous")
    assert feed.is_behind()
    feeds._see("shop", day=True)
    feed.intake.look_at_day().result(60)
    assert (feed.status()["run_id"] != former, feed.is_behind()) == (True, False)
    feeds.close()
    with pytest.raises(RefusedError, match="ending"):
        feed.intake.put([b"{}"])
    app.state.projects.close()


def is_up(client: httpx.Client) -> bool:
    """Say whether the server answers."""
    try:
        return client.get("/health/live").is_success
    except httpx.TransportError:
        time.sleep(0.05)
        return False
