"""The doctor: says what is there and what is wrong, in words and as JSON, with an exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coterie import Project
from coterie.api.doctor import Check, examine
from coterie.errors import ParameterError
from coterie.store.database import Database
from coterie.store.migrating import migrate_all
from coterie.store.registry import Registry
from coterie.store.tables import HEAD

CARDS = "id,spend,visits\n" + "".join(f"c{n},{n % 7},{n % 3}\n" for n in range(60))
TOML = '[sources.customers]\nfile = "cards.csv"\nkey = "id"\n[segmentation]\nk = 2\n'


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a project that has not been run."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "cards.csv").write_text(CARDS)
    (folder / "coterie.toml").write_text(TOML)
    return folder


def named(found: list[Check], name: str) -> Check:
    """Return the check of a name."""
    return next(check for check in found if check.name.startswith(name))


def cli(*words: str) -> tuple[int, str]:
    """Run a command; return its exit code and what it said."""
    command = [sys.executable, "-m", "coterie.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_project_that_was_run_is_well_until_a_file_of_its_run_is_changed(shop):
    assert named(examine(shop), "published run").said == "There is none yet."
    run = Project(shop).run()
    found = examine(shop)
    assert [check.name for check in found if not check.ok] == []
    assert {"python", "libraries", "folder", "disk", "memory"} < {check.name for check in found}
    assert named(found, "database").said.endswith(f"revision {HEAD} (newest: {HEAD}).")
    assert named(found, "settings").said == "1 sources."
    assert run.id in named(found, "published run").said
    with (run.folder / "segments.json").open("a") as file:
        file.write(" ")
    wrong = named(examine(shop), "published run")
    assert not wrong.ok
    assert "segments.json" in wrong.said
    code, said = cli("doctor", "-p", str(shop), "--json")
    assert code == 1
    assert json.loads(said)["data"]["wrong"] == 1


def test_each_fault_is_told_and_hides_no_other(shop, monkeypatch):
    monkeypatch.setenv("DOCTOR_URL", "postgresql://user:geheim@localhost:1/none")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    store = '[store]\ndatabase = "env:DOCTOR_URL"\nruns = "s3://bucket/x"\n'
    (shop / "coterie.toml").write_text(TOML.replace("k = 2", "k = 900") + store)
    found = examine(shop)
    wrong = [check.name.split()[0] for check in found if not check.ok]
    assert wrong == ["database", "settings", "S3", "published"]
    assert "900" in named(found, "settings").said
    assert all("geheim" not in check.said + check.hint for check in found)


def test_a_folder_that_is_not_there_is_wrong_and_an_empty_one_is_not(tmp_path):
    assert not named(examine(tmp_path / "none"), "folder").ok
    assert named(examine(tmp_path), "folder").ok
    code, said = cli("doctor", "-p", str(tmp_path))
    assert (code, said.split()[0]) == (0, "ok")
    assert cli("doctor", "-p", str(tmp_path / "none"))[0] == 1


def test_tables_go_down_and_up_again_with_their_rows(shop):
    path = shop / ".coterie" / "coterie.db"
    registry = Registry(path)
    registry.rename("seg-001", "Stammkunden")
    registry.close()
    assert migrate_all(shop, to="0001") == [
        {"database": str(path), "before": HEAD, "after": "0001"}
    ]
    code, said = cli("migrate", "-p", str(shop), "--json")
    assert code == 0
    row = {"database": str(path), "before": "0001", "after": HEAD}
    assert json.loads(said)["data"]["items"] == [row]
    registry = Registry(path)
    assert registry.names() == {"seg-001": "Stammkunden"}
    registry.close()
    with pytest.raises(ParameterError, match=r"to='9' is not known. Known: 0000, 0001"):
        migrate_all(shop, to="9")


def test_a_database_of_a_server_is_migrated_too(database, tmp_path, monkeypatch):
    assert migrate_all(tmp_path / "none") == []
    if database.path:
        return
    monkeypatch.setenv("MIGRATE_URL", database.engine.url.render_as_string(hide_password=False))
    told = migrate_all(tmp_path, "env:MIGRATE_URL")
    assert (told[0]["before"], told[0]["after"]) == ("", HEAD)
    other = Database("env:MIGRATE_URL")
    assert Registry(other).names() == {}
    other.close()
