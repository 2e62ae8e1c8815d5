"""The operational database: made, migrated up and down with its rows, the same on both kinds."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from coterie.errors import DataError, ParameterError
from coterie.store import faults
from coterie.store.database import Database, version_of
from coterie.store.migrating import migrate
from coterie.store.registry import Registry
from coterie.store.tables import CONNECTIONS, HEAD, METADATA

FORMER = {
    "runs": "('r1', 'input', 'settings', 'm1', NULL, 19000, 4, 1)",
    "published": "(1, 'r1')",
    "segment_names": "('seg-001', 'Stammkunden')",
}
"""Rows as the first version of the tables held them."""


def make_former(database: Database) -> None:
    """Make the tables of revision 0001, as they were before versions were kept."""
    with database.engine.begin() as connection:
        migrate(connection, "0001")
        for name, row in FORMER.items():
            connection.execute(sa.text(f"INSERT INTO {name} VALUES {row}"))
        connection.execute(sa.text("DROP TABLE alembic_version"))


def differences(database: Database) -> list[object]:
    """Return what the tables lack or have beyond those that the code describes."""
    with database.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        return list(compare_metadata(context, METADATA))


def test_head_is_the_newest_step():
    config = Config()
    config.set_main_option("script_location", "coterie.store:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_migrated_tables_are_those_that_are_made_at_once(database):
    with database.engine.begin() as connection:
        migrate(connection, HEAD)
    assert differences(database) == []
    with database.transaction() as connection:
        names = set(sa.inspect(connection).get_table_names())
    assert names == {*METADATA.tables, "alembic_version"}


def test_fresh_tables_need_no_step(database):
    with database.transaction() as connection:
        version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    assert version == HEAD
    assert differences(database) == []


def test_rows_of_the_former_version_are_kept_up_down_and_up_again(database):
    make_former(database)
    registry = Registry(database)
    published = {
        "run_id": "r1",
        "input_hash": "input",
        "settings_hash": "settings",
        "model_id": "m1",
        "parent_run": None,
        "as_of": 19_000,
        "segments": 4,
        "number": 1,
        "trial": False,
    }
    assert registry.published() == published
    with database.engine.begin() as connection:
        migrate(connection, "0001")
        assert "jobs" not in sa.inspect(connection).get_table_names()
        assert connection.execute(sa.text("SELECT one, run_id FROM published")).all() == [(1, "r1")]
        migrate(connection, HEAD)
    assert registry.published() == published
    assert registry.names() == {"seg-001": "Stammkunden"}
    assert differences(database) == []


def test_many_databases_are_migrated_at_once(tmp_path):
    def open_former(number):
        path = tmp_path / f"{number}.db"
        with Database(path).transaction() as connection:
            migrate(connection, "0003")
        database = Database(path)
        with database.transaction() as connection:
            found = version_of(connection)
        database.close()
        return found

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(open_former, range(16))) == {HEAD}


def test_all_tables_can_be_taken_down(database):
    with database.transaction():
        pass
    with database.engine.begin() as connection:
        migrate(connection, "0000")
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]


def test_a_step_that_is_stopped_leaves_the_former_tables(database, monkeypatch):
    make_former(database)

    def stop() -> None:
        # Servers of other tests may still write in threads of their own.
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(faults, "point", stop)
        with pytest.raises(KeyboardInterrupt):
            Registry(database).published()
    with database.engine.begin() as connection:
        assert set(sa.inspect(connection).get_table_names()) == set(FORMER)
    found = Registry(database).published()
    assert found is not None
    assert found["run_id"] == "r1"


def test_tables_of_a_newer_version_are_refused(database):
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    other = Database(database.path) if database.path else Database(url_of(database))
    with pytest.raises(DataError, match=r"version 9999.*newer coterie"), other.transaction():
        pass
    other.close()


def url_of(database: Database) -> str:
    """Return the URL with its password."""
    return database.engine.url.render_as_string(hide_password=False)


def test_projects_in_one_database_do_not_see_each_other(database):
    row = {"input_hash": "i", "settings_hash": "s", "model_id": "m", "parent_run": None}
    one, other = Registry(database, "one"), Registry(database, "other")
    one.publish(row | {"run_id": "r1", "as_of": None, "segments": 3})
    other.publish(row | {"run_id": "r2", "as_of": None, "segments": 5})
    one.rename("seg-001", "Name")
    assert [run["run_id"] for run in one.runs()] == ["r1"]
    assert (one.segments(), other.segments()) == (3, 5)
    assert (one.names(), other.names()) == ({"seg-001": "Name"}, {})
    assert other.find(run_id="r1") is None
    published = other.published()
    assert published is not None
    assert (published["run_id"], published["number"]) == ("r2", 1)


def test_moments_come_back_in_utc(database):
    berlin = timezone(timedelta(hours=1))
    given = datetime(2026, 3, 1, 0, 30, tzinfo=berlin)
    with database.transaction(writes=True) as connection:
        connection.execute(CONNECTIONS.insert().values(name="a", variable="A", created=given))
    with database.transaction() as connection:
        found = connection.execute(sa.select(CONNECTIONS.c.created)).scalar_one()
    assert found == given
    assert found.utcoffset() == timedelta(0)
    assert found == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("mysql://host/name", "kind 'mysql' is not supported"),
        ("no url", "no URL of a database"),
        ("env:NOT_SET_HERE", "NOT_SET_HERE is not set"),
    ],
)
def test_other_places_are_refused(where, says):
    with pytest.raises(ParameterError, match=says):
        Database(where)


def test_a_server_that_is_not_there_is_said_without_its_password(tmp_path: Path):
    database = Database(f"postgresql://user:geheim@localhost:1/{tmp_path.name}")
    with pytest.raises(DataError, match="server runs") as caught, database.transaction():
        pass
    assert "geheim" not in str(caught.value)
    database.close()
