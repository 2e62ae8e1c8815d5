"""Names are kept in one sealed file: what opens it, what it holds, and that nothing else does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from benchmarks.canaries import NOW, texts_of
from coterie import Project
from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, NotReadyError, ParameterError
from coterie.pipeline.erasing import rotate_keys
from coterie.pipeline.streaming import Stream
from coterie.privacy import identities
from coterie.privacy.identities import FILE, Identities
from coterie.privacy.keys import Keys, existing_keys
from coterie.privacy.person import Person
from coterie.sources.base import Raw, Source
from coterie.store.home import Home
from coterie.store.stream_tables import DEAD, STREAM_EVENTS
from coterie.validation.apart import taken_apart
from coterie.validation.erased import Erasures, guard
from tests.privacy.test_pseudonyms import ANNA, SOURCES, TOML, write

KEYS = Keys((bytes(32),))
OTHER = Keys((bytes(31) + b"1",))
SEALED = f"{TOML}sealed = true\n"
ANNAS = {"e_mail": "m7@ex.org", "reach": "x7@ex.org"}


def people(folder: Path, keys: Keys = KEYS, n: int = 5) -> Identities:
    """Write n customers, in blocks of as many as the test says."""
    found = Identities(folder, keys)
    ids = [f"c{one}" for one in range(n)]
    mails = [None if one == 1 else f"m{one}@ex.org" for one in range(n)]
    found.put("taken", [pa.record_batch({"customer_id": ids, "email": mails})])
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a project with pseudonyms and names that was run; to be copied."""
    folder = tmp_path_factory.mktemp("sealed") / "shop"
    folder.mkdir()
    write(folder, SEALED).run()
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Project:
    """Return a copy of it."""
    return Project(shutil.copytree(made, tmp_path / "shop"))


def sealed(project: Project) -> Identities:
    """Return what identifies the customers of a project."""
    keys = existing_keys(project.folder / ".coterie")
    assert keys is not None
    return Identities(project.folder / ".coterie", keys)


def test_what_was_put_comes_out_whatever_the_block(tmp_path, monkeypatch):
    monkeypatch.setattr(identities, "ROWS", 2)
    found = people(tmp_path)
    wanted = {f"c{n}": {"email": f"m{n}@ex.org"} for n in range(5)} | {"c1": {}}
    assert found.of(["c3", "c0", "a", "c1", "c2", "zz", "c4", "c30"]) == wanted
    assert [table.num_rows for table in found.tables()] == [2, 2, 1]
    assert (found.taken, found.columns) == ("taken", ("email",))
    assert b"ex.org" not in found.path.read_bytes()
    assert found.path.stat().st_mode & 0o777 == 0o600


def test_nothing_opens_it_but_a_key_of_the_project(tmp_path):
    people(tmp_path)
    for keys in (OTHER, Keys(())):
        with pytest.raises(DataError, match="another key"):
            Identities(tmp_path, keys).of(["c0"])
    assert Identities(tmp_path, Keys((*OTHER.secrets, *KEYS.secrets))).of(["c0"])


def test_a_changed_byte_anywhere_is_told(tmp_path):
    found = people(tmp_path)
    whole = found.path.read_bytes()
    for place in (*range(0, len(whole), 7), len(whole) - 9, len(whole) - 1):
        found.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(DataError):
            found.of(["c0"])
    found.path.write_bytes(whole[:-1])
    with pytest.raises(DataError, match="damaged"):
        found.of(["c0"])


def test_a_block_of_a_former_file_is_not_taken(tmp_path):
    found = people(tmp_path)
    before = found.path.read_bytes()
    people(tmp_path)
    after = found.path.read_bytes()
    assert len(before) == len(after)
    block = found._index().blocks[0][1]
    found.path.write_bytes(before[:block] + after[block:])
    with pytest.raises(DataError):
        found.of(["c0"])


def test_rows_of_others_stay_without_whom_they_name(tmp_path):
    found = Identities(tmp_path, KEYS)
    rows = {
        "customer_id": ["a", "b", "c"],
        "email": ["anna@ex.org", "b@ex.org", "c@ex.org"],
        "address": ["1 Road", "care of anna@ex.org", None],
    }
    found.put("", [pa.record_batch(rows)])
    anna = Person("a", frozenset({"anna@ex.org"}))
    assert found.find(anna).rows == ({"customer_id": "a"} | {n: rows[n][0] for n in found.columns},)
    found.forget(anna)
    assert found.of(["a", "b"]) == {"b": {"email": "b@ex.org", "address": "care of [erased]"}}
    assert not found.find(anna)


def test_the_last_row_counts_and_the_customer_table_first(tmp_path):
    with DuckDB() as db:
        bought = "('7.0', 'Old', 'o@ex.org'), ('7.0', 'Ann', ''), ('8.0', 'Ben', NULL)"
        db.create("raw o", f"SELECT * FROM (VALUES {bought}) AS t(customer_id, name, mail)")
        db.create("raw p", "SELECT 7 AS id, 'Anna' AS Name, 3 AS visits, '+41' AS card")
        hidden = {"name", "card", "mail"}
        erasures = Erasures(
            (), lambda _: (), names=lambda n: n.lower() in hidden, sealed=Identities(tmp_path, KEYS)
        )
        nothing = pa.table({n: [] for n in ("row", "reason", "message", "raw")})
        for raw, source in (
            (Raw("o", "orders", "raw o", db.columns("raw o"), 3, nothing), Source()),
            (Raw("p", "customers", "raw p", db.columns("raw p"), 1, nothing), Source(key="id")),
        ):
            guard(db, raw, source, erasures)
        rows = pa.Table.from_batches(taken_apart(db)).to_pylist()
        assert [row["customer_id"] for row in rows] == ["7", "8"]
        assert {n.casefold(): v for n, v in rows[0].items()} == {
            "customer_id": "7",
            "name": "Anna",
            "mail": "o@ex.org",
            "card": "+41",
        }
        assert db.rows('SELECT Name, visits FROM "raw p"') == [(None, 3)]
        assert list(taken_apart(db)) == []


def test_only_the_sealed_file_of_a_project_knows_names(project: Project) -> None:
    kept = "".join(text for _, text in texts_of(project.folder / ".coterie"))
    assert "@ex.org" not in kept
    assert "anna-" not in kept
    (alias,) = project.identities([ANNA])
    assert alias == ANNA
    assert project.identities([ANNA, "nobody"]) == {ANNA: ANNAS}
    everybody = pa.concat_tables(sealed(project).tables())
    assert everybody.num_rows == 20
    assert set(everybody["customer_id"].to_pylist()) == set(
        project.latest.table("assignments")["customer_id"].to_pylist()
    )


def test_switched_on_later_it_changes_no_run_and_off_it_goes(project: Project) -> None:
    run, toml = project.latest.id, project.folder / "coterie.toml"
    toml.write_text(TOML)
    plain = Project(project.folder)
    assert plain.run().id == run
    assert not sealed(plain).path.exists()
    with pytest.raises(NotReadyError, match="not kept"):
        plain.identities([ANNA])
    toml.write_text(SEALED)
    again = Project(project.folder)
    with pytest.raises(NotReadyError, match="No run"):
        again.identities([ANNA])
    assert again.run().id == run
    assert again.identities([ANNA]) == {ANNA: ANNAS}


def test_what_the_sources_say_now_is_taken_up(project: Project) -> None:
    table = project.folder / "people.csv"
    table.write_text(table.read_text().replace("m7@ex.org", "new@ex.org"))
    project.run()
    assert project.identities([ANNA])[ANNA]["e_mail"] == "new@ex.org"


def test_a_rotated_key_opens_it_alone(project: Project) -> None:
    rotate_keys(project.folder)
    keys = existing_keys(project.folder / ".coterie")
    assert keys is not None
    newest, former = (Keys((one,)) for one in keys.secrets)
    assert Identities(project.folder / ".coterie", newest).columns == ("e_mail", "reach")
    with pytest.raises(DataError, match="another key"):
        Identities(project.folder / ".coterie", former).columns  # noqa: B018 - it is read


def test_who_is_erased_goes_from_it_and_stays_out(project: Project) -> None:
    (project.folder / "people.csv").unlink()  # else she would be known by her row there too
    (project.folder / "orders.csv").write_text("customer_id,timestamp,amount\n")
    (project.folder / "mailing.csv").write_text("email\nm7@ex.org\nm8@ex.org\n")
    held = project.access(ANNA).places[FILE][FILE]
    assert [{n: row[n] for n in ANNAS} for row in held.rows] == [ANNAS]
    told = project.erase(ANNA, now=NOW).told
    assert (told["places"][FILE], told["places"]["mailing.csv"]) == (1, 1)
    assert project.identities([ANNA]) == {}
    assert "m7@ex.org" not in repr([table.to_pylist() for table in sealed(project).tables()])
    assert (project.folder / "mailing.csv").read_text() == "email\nm8@ex.org\n"


def test_a_backup_brings_it_back_without_whom_the_journal_knows(
    project: Project, tmp_path: Path
) -> None:
    from coterie.store.backup import back_up, restore

    back_up(project.folder, tmp_path / "all.tar")
    project.erase(ANNA, now=NOW)
    restore(tmp_path / "all.tar", tmp_path / "back")
    back = Project(tmp_path / "back")
    with pytest.raises(DataError, match="another key"):
        back.identities([ANNA])
    for name in ("secret.key", "secret.key.erased"):
        shutil.copy(project.folder / ".coterie" / name, back.folder / ".coterie")
    assert back.identities([ANNA]) == {ANNA: ANNAS}
    back.erase_pending(now=NOW)
    assert back.identities([ANNA, "anna-0000000000000008"]).keys() == {"anna-0000000000000008"}


def test_a_list_gets_the_columns_that_are_asked_for(project: Project) -> None:
    table = project.latest.table("assignments").select(["customer_id", "segment_id"])
    told = project.identify(table, ["reach"]).to_pylist()
    assert {row["reach"] for row in told} == {f"x{n}@ex.org" for n in range(20)}
    assert all(f"x{int(row['customer_id'][-2:])}@ex.org" == row["reach"] for row in told)
    with pytest.raises(ParameterError, match="e_mail, reach"):
        project.identify(table, ["mail"])


def test_without_pseudonyms_names_are_kept_by_id(tmp_path: Path) -> None:
    project = write(tmp_path, f"{SOURCES}[privacy]\nsealed = true\n")
    run = project.run()
    assert ANNA in run.table("assignments")["customer_id"].to_pylist()
    kept = [text for path, text in texts_of(tmp_path / ".coterie") if path.name != "secret.key"]
    assert not any("@ex.org" in text for text in kept)
    assert project.identities([ANNA]) == {ANNA: ANNAS}


def test_a_further_column_is_emptied_in_tables_that_are_there(project: Project) -> None:
    toml = project.folder / "coterie.toml"
    toml.write_text(f'{SEALED}identity = ["visits"]\n')
    again = Project(project.folder)
    again.run()
    assert again.identities([ANNA])[ANNA]["visits"] == "2"
    newest = max((project.folder / ".coterie" / "data").iterdir(), key=lambda p: p.stat().st_mtime)
    assert "visits" not in pq.read_schema(newest / "customers" / "part-0000.parquet").names


def test_letters_that_cannot_be_read_keep_no_words_where_names_are_hidden(
    project: Project,
) -> None:
    words = {"id": "x", "type": "view", "customer_id": ANNA, "timestamp": "never", "e_mail": "m7"}
    good = {**words, "id": "y", "timestamp": "2025-02-01T10:00:00Z"}
    with Stream(project.settings, project.folder, lambda: NOW) as stream:
        for told in ([words], [words, good]):  # also where nothing else tells who is meant
            stream.take([json.dumps(one).encode() for one in told])
    with Home(project.folder).registry() as registry, registry.database.transaction() as told:
        assert told.execute(sa.select(DEAD.c.raw)).scalars().all() == ["", ""]
        (who,) = told.execute(sa.select(STREAM_EVENTS.c.customer_id)).scalars().all()
    assert who.startswith("p")
