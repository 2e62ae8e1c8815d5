"""A file of events is taken as it would have come: day by day, and no faster than was asked for."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from coterie import Project
from coterie.cli import app
from coterie.errors import DataError, ParameterError
from coterie.pipeline.replaying import Pace, Replay
from coterie.pipeline.stream_reading import StreamReader
from coterie.store.home import Home
from tests.service.shop import make_shop

FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
FAST = Pace(0.0, lambda: 0.0, lambda _: None)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a shop that was run."""
    folder = tmp_path_factory.mktemp("made") / "shop"
    make_shop(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    shutil.copytree(made, tmp_path / "shop")
    return tmp_path / "shop"


def write(file: Path, *hours: float) -> Path:
    """Write an order of one customer at each of these hours after the first."""
    lines = [
        json.dumps(
            {
                "id": f"e{number}",
                "type": "order",
                "customer_id": "replayed",
                "timestamp": (FIRST + timedelta(hours=hour)).isoformat(),
                "amount": 10,
            }
        )
        for number, hour in enumerate(hours)
    ]
    file.write_text("\n".join(lines) + "\n")
    return file


def replay(folder: Path, file: Path, *, size: int = 100, pace: Pace = FAST) -> dict[str, Any]:
    """Replay a file as the command does."""
    settings = Project(folder).settings
    return Replay(settings, folder, file, size).run(pace, lambda *_: None)


def test_days_change_as_they_do_in_the_data(folder: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "events", 0, 1, 20, 70)
    told = replay(folder, file)
    assert (told["accepted"], told["refused"]) == (4, 0)
    with Home(folder).registry() as registry:
        reader = StreamReader(registry)
        assert reader.status()["as_of"] == "2026-01-09"  # all of the 8th is seen
        days = [one["as_of"] for one in reader.moves(0, 500, customer="replayed")]
        assert days[0] == "2026-01-06"  # told when it came, not when the file ended
        assert told["moves"] == reader.status()["moves"]
    assert replay(folder, file)["repeated"] == 4


def test_events_come_no_faster_than_was_asked_for(folder: Path, tmp_path: Path) -> None:
    now, waited = [0.0], []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    file = write(tmp_path / "events", 0, 1, 2)
    replay(folder, file, pace=Pace(3_600.0, lambda: now[0], wait))
    assert waited == [0.0, 1.0, 1.0]


def test_what_cannot_be_used_fails_only_who_is_strict(folder: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "events", 0)
    file.write_text(file.read_text() + '{"id": "x"}\n')
    command = ["stream", "replay", str(file), "-p", str(folder)]
    kind = CliRunner().invoke(app, command)
    strict = CliRunner().invoke(app, [*command, "--strict", "--json"])
    assert (kind.exit_code, strict.exit_code) == (0, 1)
    data = json.loads(strict.stdout)["data"]
    assert (data["repeated"], data["refused"], data["reasons"]) == (1, 1, {"missing_key": 1})
    status = CliRunner().invoke(app, ["stream", "status", "-p", str(folder), "--json"])
    assert json.loads(status.stdout)["data"]["refused"] == 2
    dead = CliRunner().invoke(app, ["stream", "dead", "-p", str(folder), "--json"])
    assert [one["raw"] for one in json.loads(dead.stdout)["data"]["items"]] == ['{"id": "x"}'] * 2
    sweep = ["stream", "sweep", "--as-of", "2026-03-01", "-p", str(folder), "--json"]
    assert json.loads(CliRunner().invoke(app, sweep).stdout)["data"]["as_of"] == "2026-03-01"


def test_a_file_without_a_time_or_no_file_at_all_is_said(folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("{}\n")
    with pytest.raises(DataError, match="No line of empty has a time"):
        replay(folder, empty)
    with pytest.raises(ParameterError, match="is no file"):
        replay(folder, tmp_path / "none")
