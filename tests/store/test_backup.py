"""Backups: all of a project or a server comes back, or nothing of it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from coterie import Project
from coterie.errors import DataError, ParameterError
from coterie.store.accounts import Accounts, ApiKeys
from coterie.store.audit import Audit
from coterie.store.backup import MANIFEST, back_up, restore
from coterie.store.connections import Connections
from coterie.store.database import Database
from coterie.store.jobs import Jobs
from coterie.store.places import REGISTRY, SERVER
from coterie.store.registry import Registry
from coterie.store.schedules import Schedules

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CARDS = "id,spend,visits\n" + "".join(f"c{n},{n % 7},{n % 3}\n" for n in range(60))
TOML = '[sources.customers]\nfile = "uploads/u0/cards.csv"\nkey = "id"\n[segmentation]\nk = 2\n'


def let_in(database: Database) -> None:
    """Let somebody into a server: a user who is signed in, a key, and two entries of the log."""
    accounts, audit = Accounts(database), Audit(database, [bytes(32)])
    row = {"id": "u1", "email": "ana@shop.example", "admin": True, "password": "kept"}
    accounts.add(row, roles={"shop": "analyst"}, now=NOW)
    accounts.begin_session("u1", "h", now=NOW)
    key = {"id": "k1", "name": "n", "hash": "h", "made_by": "u1", "project": "shop"}
    ApiKeys(database).add({**key, "scopes": ["read"], "created": NOW, "expires": NOW})
    for event in ("sign-in", "run"):
        audit.add(event, "user:u1", project="shop", told={"a": "ä"}, now=NOW)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that was run, with a name of its user; to be copied, not changed."""
    folder = tmp_path_factory.mktemp("made") / "shop"
    (folder / "uploads" / "u0").mkdir(parents=True)
    (folder / "uploads" / "u0" / "cards.csv").write_text(CARDS)
    (folder / "coterie.toml").write_text(TOML)
    project = Project(folder)
    project.run()
    project.rename("seg-001", "Stammkunden")
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    """Return a project of its own."""
    return shutil.copytree(made, tmp_path / "shop")


@pytest.fixture
def url(postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let BACKUP_URL name an empty PostgreSQL database; return a way to have another."""

    def empty() -> None:
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(postgres_uri, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        monkeypatch.setenv("BACKUP_URL", str(sa.make_url(postgres_uri).set(database=name)))

    empty()
    return empty


def files_of(folder: Path) -> dict[str, str]:
    """Return the hash of every file but databases and locks."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in {".db", ".db-wal", ".db-shm"}
        if path.name not in {"lock", "coterie.db-wal", "coterie.db-shm"}
    }


def test_a_project_comes_back_with_its_run_its_names_and_all_files(shop, tmp_path):
    told = back_up(shop, tmp_path / "out" / "shop.tar")
    assert (told["kind"], told["projects"]) == ("project", ["shop"])
    back = tmp_path / "back"
    restore(tmp_path / "out" / "shop.tar", back)
    assert files_of(back) == files_of(shop)
    before, after = Project(shop).latest, Project(back).latest
    assert after.id == before.id
    assert after.segments == before.segments
    assert after.segments[0]["name"] == "Stammkunden"
    assert Project(back).run().id == Project(shop).run().id
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["shop.tar"]


def test_what_is_no_part_of_the_project_or_can_be_made_again_is_left_out(shop, tmp_path):
    (shop / "notes.txt").write_text("mine")
    (shop / ".coterie" / "runs" / ".tmp-r9").mkdir()
    (shop / ".coterie" / "runs" / ".tmp-r9" / "half").write_text("x")
    (shop / "uploads" / "secret").symlink_to("/etc/passwd")
    names = set(back_up(shop, tmp_path / "shop.tar")["files"])
    assert not {name for name in names if "tmp" in name or "secret" in name or "lock" in name}
    assert "notes.txt" not in names
    assert {"coterie.toml", "uploads/u0/cards.csv", ".coterie/coterie.db"} <= names


def test_a_backup_is_made_while_somebody_writes(shop, tmp_path):
    registry = Registry(shop / ".coterie" / REGISTRY)
    registry.rename("seg-002", "Neue")
    with registry.database.transaction(writes=True) as connection:
        connection.execute(sa.text("DELETE FROM segment_names"))
        back_up(shop, tmp_path / "shop.tar")  # what is not committed yet is not in it
    registry.close()
    restore(tmp_path / "shop.tar", tmp_path / "back")
    back = Registry(tmp_path / "back" / ".coterie" / REGISTRY)
    assert back.names() == {"seg-001": "Stammkunden", "seg-002": "Neue"}
    back.close()


def fill(database: Database) -> tuple[object, ...]:
    """Give a server a job, a schedule and a connection, and return what it tells of them."""
    Jobs(database).add("j1", "shop", "run", {"refit": True}, now=NOW)
    Schedules(database).add(
        {"id": "s1", "project": "shop", "kind": "run", "cron": "0 3 * * *", "timezone": "UTC"},
        now=NOW,
    )
    Connections(database).add("warehouse", "WAREHOUSE_URL", now=NOW)
    return tell(database)


def tell(database: Database) -> tuple[object, ...]:
    """Return what a server tells of its jobs, schedules and connections."""
    return (
        Jobs(database).page("shop"),
        Schedules(database).of("shop"),
        Connections(database).all(),
    )


def test_a_server_comes_back_with_its_projects_jobs_schedules_and_connections(shop, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(shop, home / "shop")
    (home / "empty" / "uploads").mkdir(parents=True)
    database = Database(home / SERVER / REGISTRY)
    told = fill(database)
    assert back_up(home, tmp_path / "all.tar")["projects"] == ["empty", "shop"]
    database.close()
    restore(tmp_path / "all.tar", tmp_path / "back")
    again = Database(tmp_path / "back" / SERVER / REGISTRY)
    assert tell(again) == told
    again.close()
    assert Project(tmp_path / "back" / "shop").latest.id == Project(shop).latest.id


@pytest.mark.integration
def test_rows_of_postgresql_come_back_into_another_database(shop, tmp_path, url):
    home = tmp_path / "home"
    shutil.move(shop, home / "shop")
    shutil.rmtree(home / "shop" / ".coterie")
    toml = home / "shop" / "coterie.toml"
    toml.write_text(TOML + '[store]\ndatabase = "env:BACKUP_URL"\n')
    run = Project(home / "shop").run()
    Project(home / "shop").rename("seg-002", "Neue")
    database = Database("env:BACKUP_URL")
    told = fill(database)
    registry = Registry(database, "shop", home / "shop" / ".coterie" / "runs")
    row = registry.published()
    assert row is not None
    registry.serve(row)
    history = registry.members.history("c1")
    assert history
    let_in(database)
    back_up(home, tmp_path / "all.tar", database="env:BACKUP_URL")
    people = Accounts(database).all(), ApiKeys(database).all()
    database.close()

    url()
    restore(tmp_path / "all.tar", tmp_path / "back")
    again = Database("env:BACKUP_URL")
    assert tell(again) == told
    assert (Accounts(again).all(), ApiKeys(again).all()) == people
    assert Accounts(again).session("h", now=NOW) is None  # who was signed in signs in again
    assert Audit(again, [bytes(32)]).verify().entries == 2
    assert Audit(again, [bytes(32)]).verify().broken_at is None
    back = Registry(again, "shop", tmp_path / "back" / "shop" / ".coterie" / "runs")
    assert back.names() == {"seg-002": "Neue"}
    assert back.published() == row
    back.serve(row)
    assert back.members.history("c1") == history
    assert Project(tmp_path / "back" / "shop").latest.id == run.id

    # Into a database with the same rows it may come again, over other rows never.
    restore(tmp_path / "all.tar", tmp_path / "second")
    back.rename("seg-001", "Andere")
    with pytest.raises(ParameterError, match="other rows of these projects"):
        restore(tmp_path / "all.tar", tmp_path / "third")
    assert not (tmp_path / "third").exists()
    again.close()


@pytest.mark.integration
def test_a_project_in_postgresql_goes_by_the_name_of_its_new_folder(shop, tmp_path, url):
    (shop / "coterie.toml").write_text(TOML + '[store]\ndatabase = "env:BACKUP_URL"\n')
    run = Project(shop).run()
    back_up(shop, tmp_path / "shop.tar")
    restore(tmp_path / "shop.tar", tmp_path / "second")
    assert Project(tmp_path / "second").latest.id == run.id


def test_a_folder_that_holds_something_is_never_written_over(shop, tmp_path):
    back_up(shop, tmp_path / "shop.tar")
    with pytest.raises(ParameterError, match="is not empty"):
        restore(tmp_path / "shop.tar", shop)
    (tmp_path / "empty").mkdir()
    restore(tmp_path / "shop.tar", tmp_path / "empty")
    assert Project(tmp_path / "empty").latest.id == Project(shop).latest.id


def test_there_must_be_something_to_back_up(tmp_path):
    with pytest.raises(ParameterError, match="is no project and holds none"):
        back_up(tmp_path, tmp_path / "out.tar")
    assert list(tmp_path.iterdir()) == []


def rewritten(source: Path, target: Path, change) -> Path:
    """Write a backup anew with its parts changed: name and content, or None to leave it out."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for entry in old:
            content = old.extractfile(entry).read()  # type: ignore[union-attr]
            changed = change(entry.name, content)
            if changed is not None:
                entry.name, content = changed
                entry.size = len(content)
                new.addfile(entry, io.BytesIO(content))
    return target


def _newer(content: bytes) -> bytes:
    return json.dumps(json.loads(content) | {"revision": "9999"}).encode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda n, c: (n, c[:-1] + b"x") if n.endswith(".csv") else (n, c), "differs from its"),
        (lambda n, c: None if n.endswith(".csv") else (n, c), "is missing or unknown"),
        (lambda n, c: None if n == MANIFEST else (n, c), "not whole: its manifest is missing"),
        (lambda n, c: ("../" + n, c) if n.endswith(".csv") else (n, c), "that is no backup"),
        (lambda n, c: ("/x/" + n, c) if n.endswith(".csv") else (n, c), "that is no backup"),
        (lambda n, c: (n, _newer(c) if n == MANIFEST else c), "which is newer"),
        (lambda n, c: (n, b"[]" if n == MANIFEST else c), "is no backup, or is damaged"),
    ],
    ids=["changed", "missing", "no manifest", "outside", "absolute", "newer", "no object"],
)
def test_a_damaged_or_foreign_file_restores_nothing(shop, tmp_path, change, says):
    back_up(shop, tmp_path / "shop.tar")
    bad = rewritten(tmp_path / "shop.tar", tmp_path / "bad.tar", change)
    with pytest.raises(DataError, match=says):
        restore(bad, tmp_path / "back")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.tar", "shop", "shop.tar"]


@pytest.mark.parametrize("content", [b"", b"no tar at all", b"\0" * 10_240])
def test_what_is_no_tar_is_refused(tmp_path, content):
    (tmp_path / "bad.tar").write_bytes(content)
    with pytest.raises(DataError, match=r"backup|not whole"):
        restore(tmp_path / "bad.tar", tmp_path / "back")
    with pytest.raises(DataError, match="is not there"):
        restore(tmp_path / "none.tar", tmp_path / "back")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.tar"]


def test_a_backup_that_was_cut_off_restores_nothing(shop, tmp_path):
    back_up(shop, tmp_path / "shop.tar")
    whole = (tmp_path / "shop.tar").read_bytes()
    for part in (0.1, 0.5, 0.95):
        (tmp_path / "cut.tar").write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(DataError):
            restore(tmp_path / "cut.tar", tmp_path / "back")
        assert not (tmp_path / "back").exists()


DO = """
import sys
from pathlib import Path
from coterie.store import backup
getattr(backup, sys.argv[1])(Path(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.mark.parametrize("what", ["back_up", "restore"])
def test_killed_at_any_moment_there_is_all_or_nothing(shop, tmp_path, what):
    source, target = shop, tmp_path / "shop.tar"
    if what == "restore":
        back_up(shop, target)
        source, target = target, tmp_path / "back"
    for number in range(1, 20):
        command = [sys.executable, "-c", DO, what, str(source), str(target)]
        killed = subprocess.run(
            command, check=False, env={**os.environ, "COTERIE_FAULT_AT": str(number)}
        )
        if target.exists():
            break
        assert killed.returncode == 137
    assert number >= 2
    back = target
    if what == "back_up":
        back = tmp_path / "back"
        restore(target, back)
    assert files_of(back) == files_of(shop)
    assert Project(back).latest.id == Project(shop).latest.id


@pytest.mark.integration
def test_a_restore_into_postgresql_that_was_killed_is_done_by_the_same_call(shop, tmp_path, url):
    (shop / "coterie.toml").write_text(TOML + '[store]\ndatabase = "env:BACKUP_URL"\n')
    run = Project(shop).run()
    back_up(shop, tmp_path / "shop.tar")
    back = tmp_path / "back" / "shop"
    url()
    for number in range(1, 30):
        command = [sys.executable, "-c", DO, "restore", str(tmp_path / "shop.tar"), str(back)]
        killed = subprocess.run(
            command, check=False, env={**os.environ, "COTERIE_FAULT_AT": str(number)}
        )
        if killed.returncode == 0 or back.exists():
            break
        assert killed.returncode == 137
    assert number >= 5
    assert Project(back).latest.id == run.id


def test_a_damaged_registry_is_said_to_be_so(shop, tmp_path):
    (shop / ".coterie" / REGISTRY).write_bytes(b"this is no database" * 100)
    with pytest.raises(DataError, match="cannot be copied"):
        back_up(shop, tmp_path / "shop.tar")
    assert not (tmp_path / "shop.tar").exists()
