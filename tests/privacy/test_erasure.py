"""Whoever is erased leaves no trace, and nobody else loses a row."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.canaries import NOW, Canary, canaries, hits, make, rows_of_others, texts_of
from coterie import Project
from coterie.errors import DataError
from coterie.pipeline.erasing import Server
from coterie.privacy.database import STREAMED
from coterie.privacy.sealing import is_signed
from coterie.store.database import Database
from coterie.store.home import Home
from coterie.store.places import REGISTRY, SERVER
from coterie.store.runs import check_run
from coterie.store.stream_tables import (
    DEAD,
    LEVEL1_MIX,
    STREAM_EVENTS,
    STREAM_LINES,
    STREAMS,
)
from coterie.store.tombstones import Tombstones

PEOPLE = canaries(4, seed=5)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a server whose project was run twice; to be copied."""
    home = tmp_path_factory.mktemp("canaries") / "home"
    make(home, PEOPLE, others=46, ahead=False)
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return Path(shutil.copytree(made, tmp_path / "home"))


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    """Yield the server's own database."""
    database = Database(home / SERVER / REGISTRY)
    yield database, "shop"
    database.close()


def test_canaries_stand_in_every_kind_of_store_before(made: Path) -> None:
    found = {what.split(":")[0] for what in hits(texts_of(made), PEOPLE)}
    wanted = {"orders.csv", "people.xlsx", "events.jsonl.gz", "texts.csv", "touches.parquet"}
    wanted |= {"part-0000.parquet", "assignments.parquet", "features.parquet", "state.parquet"}
    wanted |= {"quarantine.parquet", "coterie.db", "coterie.toml", "log.jsonl", "quality.json"}
    wanted |= {"members.csv", "members.parquet", "mailing.csv", "answers.csv", "answers.json"}
    assert wanted <= found
    with closing(sqlite3.connect(made / "shop" / ".coterie" / "coterie.db")) as connection:
        for table in {*STREAMED, DEAD} - {LEVEL1_MIX}:  # they have no categories
            rows = repr(connection.execute(f"SELECT * FROM {table.name}").fetchall())
            assert any(person.id in rows for person in PEOPLE), table.name


def test_nothing_of_the_erased_is_left_and_nobody_else_loses_a_row(
    home: Path, server: Server
) -> None:
    project, gone = Project(home / "shop"), PEOPLE[:2]
    before = rows_of_others(home, gone)
    for person in gone:
        project.erase(person.id, reason="request 1", now=NOW, server=server)
    server[0].close()
    assert hits(texts_of(home), gone) == []
    # Of the texts of others one names a canary: its words stay without her.
    after = rows_of_others(home, gone)
    told = {name: [row for row in rows if "[erased]" not in row] for name, rows in after.items()}
    changed = {
        name: set(before[name]) ^ set(told[name]) for name in before if before[name] != told[name]
    }
    assert all("my friend" in row for rows in changed.values() for row in rows)
    assert before.keys() == after.keys()
    for run in sorted(Home(home / "shop").runs.iterdir()):
        assert check_run(run)["revisions"][0]["date"] == "2026-03-01"


def test_words_of_other_peoples_events_and_unreadable_ones_go_too(home: Path) -> None:
    project, person = Project(home / "shop"), PEOPLE[1]
    with Home(project.folder).registry() as registry, registry.database.transaction() as told:
        for table in (STREAM_LINES, STREAM_EVENTS, DEAD):
            assert person.email in repr(told.execute(sa.select(table)).all()).lower(), table.name
    places = project.access(person.id).places
    words = f"card for my friend {person.email.upper()}"
    assert set(places["table stream_lines"]["table stream_lines"].named) == {words}
    assert places["table level1_order_mix"]["table level1_order_mix"].named == (words,)
    kept = {row["visitor_id"] for row in places["table stream_events"]["table stream_events"].rows}
    assert kept == {None, person.email}  # her view, and one of nobody known
    project.erase(person.id, now=NOW)
    with Home(project.folder).registry() as registry, registry.database.transaction() as told:
        line = told.execute(sa.select(STREAM_LINES).filter_by(line_id="c1")).mappings().one()
        assert line["product_name"] == "card for my friend [erased]"
        letters = told.execute(sa.select(DEAD.c.raw)).scalars().all()
    assert len(letters) == 2 * (len(PEOPLE) + 46 - 1)


def test_a_change_of_day_that_stopped_at_her_goes_on_after_whoever_comes_before(home: Path) -> None:
    project = Project(home / "shop")
    ids = sorted([*(person.id for person in PEOPLE), *(f"c{n:05}" for n in range(46))])
    place = ids.index(PEOPLE[0].id)
    with Home(project.folder).registry() as registry:
        with registry.database.transaction(writes=True) as connection:
            connection.execute(STREAMS.update().values(sweeping=20_515, swept=PEOPLE[0].id))
        project.erase(PEOPLE[0].id, now=NOW)
        with registry.database.transaction() as connection:
            swept = connection.execute(sa.select(STREAMS.c.swept)).scalar_one()
    assert swept == (ids[place - 1] if place else "")


def test_access_shows_exactly_what_erasure_removes(home: Path, server: Server) -> None:
    project, person = Project(home / "shop"), PEOPLE[0]
    held = project.access(person.id, server=server)
    told = project.erase(person.id, now=NOW, server=server).told
    counts = {
        f"{place}: {name}" if name != place else place: len(found)
        for place, files in held.places.items()
        for name, found in files.items()
    }
    assert told["places"] == counts
    assert told["removed"] == held.to_dict()["total"] > 0
    assert project.access(person.id, server=server).places == {}


def test_a_certificate_names_nobody_and_cannot_be_changed(home: Path) -> None:
    person = PEOPLE[0]
    made = Project(home / "shop").erase(person.id, reason="request 7", now=NOW)
    text = made.file.read_text()
    assert not any(trace in text for trace in person.traces)
    assert is_signed(json.loads(text))
    assert not is_signed({**made.told, "removed": 0})


def test_who_was_erased_does_not_come_back(home: Path) -> None:
    project, person = Project(home / "shop"), PEOPLE[0]
    before = project.latest.id
    project.erase(person.id, now=NOW)
    texts = home / "shop" / "texts.csv"
    texts.write_text(texts.read_text() + f"{person.id},2025-05-09,here again\n")
    touches = home / "shop" / "again.csv"
    answers = [f"{one},2025-05-09,voucher" for one in (person.id, "c00001")]
    touches.write_text("\n".join(["customer_id,timestamp,offer_id", *answers]))
    run = project.run()
    assert run.id != before
    account = run.quality["tables"]["texts"]
    assert account["erased"] == 1
    assert account["rows_in"] == account["accepted"] + account["quarantined"] + 1
    assert person.id not in run.table("assignments")["customer_id"].to_pylist()
    page = run.report.read_text()
    assert "+ 1 erased ✓ adds up" in page
    assert "does not add up" not in page
    fed = project.feedback(touches)
    assert (fed.rows, fed.accepted, fed.quarantined) == (2, 1, 0)


def test_an_erasure_that_was_asked_for_is_ended_by_the_next_run(home: Path) -> None:
    from coterie.pipeline.erasing import announce

    project, person = Project(home / "shop"), PEOPLE[0]
    announce(project.settings, project.folder, person.id, now=NOW)
    with Home(project.folder).registry() as registry:
        (stone,) = Tombstones(registry.database, "").all()
    assert stone.pending
    assert stone.sealed
    project.run()
    assert hits(texts_of(project.folder), [person]) == []
    with Home(project.folder).registry() as registry:
        (stone,) = Tombstones(registry.database, "").all()
    assert (stone.pending, stone.sealed) == (False, None)


def test_without_the_key_nothing_is_read(home: Path) -> None:
    project = Project(home / "shop")
    project.erase(PEOPLE[0].id, now=NOW)
    (Home(project.folder).path / "secret.key").unlink()
    with pytest.raises(DataError, match="erased people cannot be recognised"):
        project.run()


def test_a_restored_backup_forgets_whom_the_journal_remembers(home: Path, tmp_path: Path) -> None:
    from coterie.store.backup import back_up, restore

    folder, person = home / "shop", PEOPLE[0]
    back_up(folder, tmp_path / "all.tar")
    Project(folder).erase(person.id, now=NOW)
    restored = tmp_path / "shop"
    restore(tmp_path / "all.tar", restored)
    # What a backup has not: sources, which lie where they lay, and keys.
    shutil.copy(folder / "people.xlsx", restored)
    for name in ("secret.key", "secret.key.erased"):
        assert not (restored / ".coterie" / name).exists()
        shutil.copy(folder / ".coterie" / name, restored / ".coterie")
    assert hits(texts_of(restored), [person])
    (made,) = Project(restored).erase_pending(now=NOW)
    assert made.told["removed"] > 0
    assert hits(texts_of(restored), [person]) == []


def test_a_project_from_which_nobody_was_erased_has_no_key(made: Path) -> None:
    assert not list(made.rglob("secret.key*"))
    for run in Home(made / "shop").runs.iterdir():
        assert check_run(run)["tombstones"] == []


def test_a_second_erasure_gives_the_certificate_of_the_first(home: Path) -> None:
    project = Project(home / "shop")
    first = project.erase(PEOPLE[0].id, now=NOW)
    assert project.erase(PEOPLE[0].id, now=NOW).told == first.told


def test_somebody_unknown_gets_a_tombstone_and_an_empty_certificate(home: Path) -> None:
    stranger = Canary("9" * 32, "nobody@ex.org")
    told = Project(home / "shop").erase(stranger.id, now=NOW).told
    assert (told["places"], told["removed"]) == ({}, 0)


def test_a_model_whose_segment_had_few_members_is_fitted_anew(tmp_path: Path) -> None:
    rows = [f"c{n:02},{n % 7},{n % 3}" for n in range(60)]
    rows += [f"far{n},{900 + n},{800 + n}" for n in range(3)]
    (tmp_path / "cards.csv").write_text("\n".join(["id,spend,visits", *rows]))
    (tmp_path / "coterie.toml").write_text(
        '[sources.customers]\nfile = "cards.csv"\nkey = "id"\n'
        '[segmentation]\nk = 2\nalgorithm = ["kmeans"]\n'
    )
    project = Project(tmp_path)
    first = project.run()
    assert min(segment["n"] for segment in first.segments) == 3
    model = first.manifest["model_id"]
    project.erase("far1", now=NOW)
    assert project.latest.id == first.id
    assert project.run().manifest["model_id"] != model
    assert not first.folder.exists()
