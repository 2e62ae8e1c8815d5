"""What the sources of a served project may read: uploads, registered databases, nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from coterie.errors import ParameterError
from coterie.service.app import make_worker
from coterie.service.deps import utc_now
from coterie.service.params import ServerParams, open_database
from coterie.service.projects import server_settings
from coterie.store.connections import Connections
from tests.service.conftest import ROOT, served

HEAD = '[segmentation]\nk = 3\n[sources.customers]\nkey = "id"\n'


def refused(folder: Path, source: str, connections: dict[str, str] | None = None) -> ParameterError:
    """Return the error that a source gives."""
    (folder / "coterie.toml").write_text(HEAD + source + "\n")
    with pytest.raises(ParameterError) as caught:
        server_settings(folder, connections or {})
    return caught.value


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project folder beside a file that is none of its own."""
    (tmp_path / "secret.csv").write_text("id,spend\n1,2\n")
    folder = tmp_path / "shop"
    (folder / "uploads").mkdir(parents=True)
    (folder / "uploads" / "cards.csv").write_text("id,spend\n1,2\n")
    return folder


@pytest.mark.parametrize(
    "file",
    [
        "{outside}/secret.csv",
        "../secret.csv",
        "uploads/../../secret.csv",
        "../*.csv",
        "../shop2/x.csv",
        "uploads/*/../../../secret.csv",
        "/etc/passwd",
        "**/../../*.csv",
    ],
)
def test_a_path_or_pattern_that_leads_outside_is_refused(project, file):
    error = refused(project, f'file = "{file.format(outside=project.parent)}"')
    assert "outside the project" in error.message
    assert error.where == "sources.customers"


@pytest.mark.parametrize("file", ["uploads/link.csv", "uploads/*.csv", "up*/l*", "**/*.csv"])
def test_a_link_that_leads_outside_is_refused_also_behind_a_pattern(project, file):
    (project / "uploads" / "link.csv").symlink_to(project.parent / "secret.csv")
    assert "outside the project" in refused(project, f'file = "{file}"').message


@pytest.mark.parametrize("file", ["linked/secret.csv", "linked/*.csv", "*/secret.csv", "**/s*"])
def test_a_linked_folder_that_leads_outside_is_refused(project, file):
    (project / "linked").symlink_to(project.parent, target_is_directory=True)
    assert "outside the project" in refused(project, f'file = "{file}"').message


def test_files_of_the_project_are_taken_also_by_a_pattern_or_a_link_within(project):
    (project / "uploads" / "same.csv").symlink_to(project / "uploads" / "cards.csv")
    for file in ("uploads/cards.csv", "uploads/*.csv", "uploads/same.csv", "uploads/none.csv"):
        (project / "coterie.toml").write_text(HEAD + f'file = "{file}"\n')
        assert server_settings(project, {}).sources["customers"].file == file


@pytest.mark.parametrize(
    "database",
    [
        "sqlite:shop.db",
        "sqlite:../shop.db",
        "sqlite:/etc/shop.db",
        "env:HOME",
        "env:SHOP_URL",
        "connection:",
        "connection:other",
        "connection:env:SHOP_URL",
        "postgresql://user:geheim@localhost/shop",
        "shop",
    ],
)
def test_a_database_that_nobody_registered_is_refused(project, database):
    error = refused(project, f'database = "{database}"\nrelation = "cards"', {"shop": "SHOP_URL"})
    assert "not registered" in error.message
    assert "connection:NAME with one of: shop" in error.allowed
    assert "geheim" not in str(error)


def test_a_registered_name_stands_for_its_variable(project):
    text = 'database = "connection:shop"\nrelation = "cards"\n'
    (project / "coterie.toml").write_text(HEAD + text)
    found = server_settings(project, {"shop": "SHOP_URL"}).sources["customers"]
    assert found.database == "env:SHOP_URL"


def test_a_refused_source_is_a_problem_and_the_former_settings_stay(tmp_path):
    with served(ServerParams(tmp_path), workers=0) as client:
        client.post(ROOT, json={"name": "cards"})
        toml = HEAD + 'database = "env:HOME"\nrelation = "cards"\n'
        answer = client.put(f"{ROOT}/cards/mapping", json={"toml": toml})
        assert (answer.status_code, answer.json()["where"]) == (422, "sources.customers")
        assert client.get(f"{ROOT}/cards/mapping").json() == {"toml": ""}
        # Settings that came by another way are refused when a job is asked for, and by the job.
        (tmp_path / "cards" / "coterie.toml").write_text(toml)
        assert client.post(f"{ROOT}/cards/runs").status_code == 422


def test_names_are_told_and_nothing_else(database, tmp_path):
    connections = Connections(database)
    connections.add("shop", "SHOP_URL", now=utc_now())
    connections.add("bank-2", "BANK", now=utc_now())
    assert connections.all() == {"bank-2": "BANK", "shop": "SHOP_URL"}
    with pytest.raises(ParameterError, match="already"):
        connections.add("shop", "OTHER", now=utc_now())
    connections.remove("bank-2")
    with pytest.raises(ParameterError, match=r"connection='bank-2' is not known.*shop"):
        connections.remove("bank-2")
    for name, variable in {"Shop!": "X", "": "X", "a": "postgresql://u:geheim@h/n"}.items():
        with pytest.raises(ParameterError) as caught:
            connections.add(name, variable, now=utc_now())
        assert "geheim" not in str(caught.value)


def cli(*words: str) -> dict[str, object]:
    """Run a command with --json, and return its answer."""
    command = [sys.executable, "-m", "coterie.cli", *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return dict(json.loads(done.stdout))


def test_connections_are_registered_by_the_command_line_and_listed_by_name(tmp_path):
    home = str(tmp_path)
    made = cli("connection", "add", "shop", "SHOP_URL", "-p", home)
    assert made["data"] == {"name": "shop", "variable": "SHOP_URL"}
    with served(ServerParams(tmp_path), workers=0) as client:
        told = client.get("/api/v1/connections").json()
        assert told == {"items": [{"name": "shop"}], "next": None, "total": 1}
        assert "SHOP_URL" not in client.get("/api/v1/connections").text
    listed = cli("connection", "list", "-p", home)
    assert listed["data"] == {"items": [{"name": "shop", "variable": "SHOP_URL"}], "total": 1}
    assert cli("connection", "remove", "shop", "-p", home)["ok"]
    assert not cli("connection", "remove", "shop", "-p", home)["ok"]


@pytest.mark.integration
def test_rows_are_read_through_a_registered_postgresql(tmp_path, postgres_uri, monkeypatch):
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres_uri, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    url = str(sa.make_url(postgres_uri).set(database=name))
    with psycopg.connect(url, autocommit=True) as shop:
        shop.execute("CREATE TABLE cards (id text, spend int, visits int)")
        rows = ((f"c{n}", n % 7 * 10, 1 if n % 2 else 9) for n in range(120))
        shop.cursor().executemany("INSERT INTO cards VALUES (%s, %s, %s)", rows)
    monkeypatch.setenv("SHOP_URL", url)
    params = ServerParams(tmp_path)
    database = open_database(params)
    Connections(database).add("shop", "SHOP_URL", now=utc_now())
    database.close()
    with served(params, workers=0) as client:
        client.post(ROOT, json={"name": "cards"})
        toml = HEAD + 'database = "connection:shop"\nquery = "SELECT * FROM cards WHERE spend > 0"'
        accepted = client.put(f"{ROOT}/cards/mapping", json={"toml": toml})
        assert accepted.status_code == 200, accepted.text
        job = client.post(f"{ROOT}/cards/runs").json()
        hand = make_worker(params)
        assert hand.step()
        hand.close()
        done = client.get(f"{ROOT}/cards/jobs/{job['id']}").json()
        assert done["state"] == "done", done
        run = client.get(f"{ROOT}/cards/runs/{done['result']['run_id']}")
        assert sum(segment["n"] for segment in run.json()["segments"]) == 102
        for secret in (url, "SHOP_URL"):
            assert secret not in json.dumps(run.json()["segments"])
        write = toml.replace("SELECT * FROM cards WHERE spend > 0", "DELETE FROM cards")
        client.put(f"{ROOT}/cards/mapping", json={"toml": write})
        job = client.post(f"{ROOT}/cards/runs").json()
        hand = make_worker(params)
        hand.step()
        hand.close()
        failed = client.get(f"{ROOT}/cards/jobs/{job['id']}").json()
        assert "not a SELECT" in failed["error"]["message"]
    shutil.rmtree(tmp_path / "cards")
    assert os.environ["SHOP_URL"] == url
