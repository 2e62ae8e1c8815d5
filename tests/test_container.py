"""The container's two files: what they start exists, not as root, and is asked for its health."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from typer.main import get_command

from coterie.cli import app
from coterie.service.app import create_app
from coterie.service.params import ServerParams

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def parsed(words: list[str]) -> dict[str, object]:
    """Return what the command line makes of words: they are parsed, not run."""
    command = get_command(app).commands[words[0]]  # type: ignore[attr-defined]
    return dict(command.make_context(words[0], list(words[1:])).params)


def test_every_service_starts_a_command_that_exists_with_the_same_database():
    services = COMPOSE["services"]
    assert set(services) == {"server", "worker", "postgres"}
    for name in ("server", "worker"):
        words = services[name]["command"]
        found = parsed(words)
        assert str(found["home"]) == "/data"
        assert found["database"] == "env:DATABASE_URL"
        assert "DATABASE_URL" in services[name]["environment"]
        assert services[name]["volumes"] == ["projects:/data"]
    assert parsed(services["server"]["command"])["workers"] == 0
    assert set(COMPOSE["volumes"]) == {"projects", "database"}


def test_nothing_listens_beyond_the_machine_and_no_password_is_written_down():
    assert COMPOSE["services"]["postgres"]["ports"] == ["127.0.0.1:5433:5432"]
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert len(re.findall(r"POSTGRES_PASSWORD:\?", text)) == 2


def test_the_image_runs_a_command_that_exists_and_not_as_root():
    last = {line.split()[0]: line for line in DOCKERFILE.splitlines() if line[:1].isupper()}
    assert last["USER"] == "USER 10001"
    assert last["ENTRYPOINT"] == 'ENTRYPOINT ["coterie"]'
    assert str(parsed(json.loads(last["CMD"].removeprefix("CMD ")))["home"]) == "/data"


def test_the_health_check_asks_a_route_that_exists(tmp_path):
    asked = re.findall(r"127\.0\.0\.1:8000(/[\w/]+)", DOCKERFILE)
    routes = create_app(ServerParams(tmp_path)).openapi()["paths"]
    assert asked == ["/health/ready"]
    assert asked[0] in routes


def test_versions_of_the_image_are_those_of_the_lock_each_once():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^([\w.-]+)==[^ \\;]* *\\$", lock, re.MULTILINE)
    assert len(set(pinned)) == len(pinned)
    assert {"fastapi", "uvicorn", "duckdb", "psycopg", "pyarrow"} <= set(pinned)
