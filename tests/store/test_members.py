"""Customers in lists: each exactly once in any order, and what is remembered of their segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coterie.errors import DataError, NotReadyError, ParameterError
from coterie.store import listing
from coterie.store.database import Database
from coterie.store.listing import SORTS, Wanted
from coterie.store.members import NOBODY, Members
from coterie.store.registry import Registry
from coterie.store.tables import CUSTOMERS, HISTORY

NAN = float("nan")
Person = tuple[str, str | None, float | None, float | None]
"""Id, segment, what she spent, margin."""
PEOPLE: list[Person] = [
    ("10", "seg-001", 5.0, 0.5),
    ("100", "seg-002", 5.0, None),
    ("1000", None, None, None),
    ("11", "seg-001", 7.5, 0.25),
    ("2", "seg-002", NAN, 0.125),
]


def write_run(folder: Path, people: Sequence[Person], *, features: Sequence[str] = ()) -> Path:
    """Write what lists need of a run; customers by id."""
    people = sorted(people)
    ids, segments, spent, margins = (list(column) for column in zip(*people, strict=True))
    placed = {
        "customer_id": pa.array(ids, pa.string()),
        "segment_id": pa.array(segments, pa.string()),
        "second_id": pa.array(["seg-002"] * len(ids), pa.string()),
        "margin": pa.array(margins, pa.float64()),
        "status": pa.array(["ok"] * len(ids), pa.string()),
    }
    known: dict[str, Any] = {"customer_id": placed["customer_id"], "status": placed["status"]}
    known |= {name: pa.array(spent, pa.float64()) for name in ("monetary", *features)}
    folder.mkdir(parents=True)
    pq.write_table(pa.table(placed), folder / "assignments.parquet")
    pq.write_table(pa.table(known), folder / "features.parquet")
    return folder


@pytest.fixture
def members(database: Database, tmp_path: Path) -> Members:
    """Return the members of a project with one loaded run, beside another project's."""
    other = Members(database, "other")
    other.load("r1", write_run(tmp_path / "other", [("10", "seg-009", 1.0, 1.0)]))
    members = Members(database, "")
    assert members.load("r1", write_run(tmp_path / "r1", PEOPLE)) == len(PEOPLE)
    return members


def ids(members: Members, **how: Any) -> list[str]:
    """Return the ids of a page."""
    return [row["customer_id"] for row in members.page("r1", Wanted(**how)).rows]


def walk(members: Members, run_id: str, wanted: Wanted, limit: int) -> Iterator[str]:
    """Yield the ids of all pages."""
    after, total = None, -1
    while True:
        page = members.page(run_id, wanted, after=after, limit=limit)
        assert len(page.rows) <= limit
        assert total in {-1, page.total}
        yield from (row["customer_id"] for row in page.rows)
        after, total = page.after, page.total
        if after is None:
            return


def test_a_customer_is_shown_as_the_run_has_her(members):
    assert members.one("r1", "11") == {
        "customer_id": "11",
        "segment_id": "seg-001",
        "second_id": "seg-002",
        "status": "ok",
        "value": None,
        "monetary": 7.5,
        "recency": None,
        "margin": 0.25,
        "frequency": None,
    }
    assert members.one("r1", "1000")["segment_id"] == NOBODY
    assert members.one("r1", "2")["monetary"] is None
    assert members.one("r1", "12") is None
    with pytest.raises(NotReadyError, match="not loaded"):
        members.one("r2", "11")


def test_lists_are_sorted_by_hand(members):
    assert ids(members) == ["10", "100", "1000", "11", "2"]
    assert ids(members, falling=True) == ["2", "11", "1000", "100", "10"]
    assert ids(members, sort="monetary", falling=True) == ["11", "100", "10", "2", "1000"]
    assert ids(members, sort="margin") == ["100", "1000", "2", "11", "10"]
    assert ids(members, segment_id="seg-001", sort="monetary") == ["10", "11"]
    assert ids(members, segment_id=NOBODY) == ["1000"]
    assert ids(members, search="10", sort="monetary", falling=True) == ["100", "10", "1000"]
    assert ids(members, search="10", segment_id="seg-002", sort="margin") == ["100"]
    with pytest.raises(ParameterError, match="moneta"):
        Wanted(sort="moneta")


def test_totals_are_those_of_all_pages(members):
    for wanted, total in [
        (Wanted(), 5),
        (Wanted(segment_id="seg-002"), 2),
        (Wanted(segment_id="seg-404"), 0),
        (Wanted(search="1"), 4),
        (Wanted(search="1", segment_id="seg-001"), 2),
        (Wanted(search="3", sort="value"), 0),
    ]:
        page = members.page("r1", wanted, limit=1)
        assert (page.total, len(page.rows)) == (total, min(total, 1))


numbers = st.one_of(st.none(), st.sampled_from([0.0, -1.5, 3.0, NAN]), st.floats(-1e9, 1e9))
people = st.lists(
    st.tuples(
        st.text(st.sampled_from("01aé=%_'\\ 🦊"), min_size=1, max_size=3),
        st.sampled_from(["seg-001", "seg-002", None]),
        numbers,
        numbers,
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda person: person[0],
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=people,
    sort=st.sampled_from(SORTS),
    falling=st.booleans(),
    limit=st.integers(1, 4),
    search=st.text(st.sampled_from("01aé%_🦊"), max_size=2),
    segment_id=st.sampled_from(["", "seg-001", NOBODY]),
    few=st.sampled_from([0, 100]),
)
def test_pages_hold_each_customer_exactly_once(
    database, tmp_path_factory, monkeypatch, people, sort, falling, limit, search, segment_id, few
):
    run_id = f"r{tmp_path_factory.mktemp('run').name}"
    run = write_run(tmp_path_factory.mktemp("run") / "r", people, features=["clv", "recency"])
    monkeypatch.setattr(listing, "_FEW", few)
    members = Members(database, "")
    members.load(run_id, run)
    wanted = Wanted(segment_id, search, sort, falling)
    found = list(walk(members, run_id, wanted, limit))

    def known(value: float | None) -> float:
        return -1e300 if value is None or value != value else value

    keys = {
        person[0]: (
            () if sort == "customer_id" else (known(person[3 if sort == "margin" else 2]),),
            person[0].encode(),
        )
        for person in people
        if person[0].startswith(search) and segment_id in {"", person[1] or NOBODY}
    }
    assert found == sorted(keys, key=keys.__getitem__, reverse=falling)


@pytest.mark.parametrize(
    "search", ["%", "_", "1%", "'", "\\", "\0", "1\0", "\ud800", "é" * 9, "🦊"]
)
def test_odd_characters_are_searched_as_they_stand(members, search):
    assert members.page("r1", Wanted(search=search, sort="margin")).rows == []
    assert members.one("r1", search) is None
    assert members.history(search) == []


def test_a_run_is_loaded_once(members, tmp_path):
    assert members.load("r1", tmp_path / "gone") == len(PEOPLE)


def test_a_run_whose_tables_differ_is_not_loaded_at_all(members, tmp_path):
    folder = write_run(tmp_path / "r2", PEOPLE)
    pq.write_table(
        pa.table({"customer_id": ["9"] * len(PEOPLE), "monetary": [1.0] * len(PEOPLE)}),
        folder / "features.parquet",
    )
    with pytest.raises(DataError, match="not about the same customers"):
        members.load("r2", folder)
    with pytest.raises(NotReadyError):
        members.page("r2", Wanted())
    assert members.page("r1", Wanted()).total == len(PEOPLE)


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Registry:
    """Return the registry of a project whose run r1 is served."""
    registry = Registry(database, "", tmp_path / "runs")
    publish(registry, tmp_path, "r1", {"a": "seg-001", "b": "seg-001", "c": None})
    registry.serve({"run_id": "r1", "as_of": 100})
    return registry


def publish(
    registry: Registry, folder: Path, run_id: str, segments: Mapping[str, str | None]
) -> None:
    """Make and publish a run with these segments."""
    if not (folder / "runs" / run_id).exists():
        write_run(folder / "runs" / run_id, [(c, s, 1.0, 1.0) for c, s in segments.items()])
    row = {"input_hash": run_id, "settings_hash": "s", "model_id": "m", "parent_run": None}
    registry.publish(row | {"run_id": run_id, "as_of": 99 + int(run_id[1:]), "segments": 2})


def told(registry: Registry, customer_id: str) -> list[tuple[Any, ...]]:
    """Return run, day and segment of each row of a history."""
    return [tuple(row.values()) for row in registry.members.history(customer_id)]


def test_history_grows_by_those_who_moved(shop, tmp_path):
    assert told(shop, "a") == [("r1", 100, "seg-001")]
    assert told(shop, "c") == [("r1", 100, NOBODY)]
    publish(shop, tmp_path, "r2", {"a": "seg-002", "b": "seg-001", "d": "seg-002"})
    assert told(shop, "a") == [("r1", 100, "seg-001"), ("r2", 101, "seg-002")]
    assert told(shop, "b") == [("r1", 100, "seg-001")]
    assert told(shop, "d") == [("r2", 101, "seg-002")]
    publish(shop, tmp_path, "r1", {})
    assert [row[0] for row in told(shop, "a")] == ["r1", "r2", "r1"]
    assert told(shop, "b") == [("r1", 100, "seg-001")]
    assert told(shop, "c") == [("r1", 100, NOBODY)]


def test_who_was_away_for_a_run_came_back_to_where_she_was(shop, tmp_path):
    publish(shop, tmp_path, "r2", {"a": "seg-001"})
    publish(shop, tmp_path, "r3", {"a": "seg-001", "b": "seg-001"})
    assert told(shop, "b") == [("r1", 100, "seg-001")]


def test_publishing_the_same_run_again_moves_nobody(shop, tmp_path):
    for _ in range(2):
        publish(shop, tmp_path, "r1", {})
        shop.serve({"run_id": "r1", "as_of": 100})
    assert len(told(shop, "a")) == 1


def test_a_server_that_died_before_it_wrote_the_history_writes_it_later(shop, tmp_path):
    with shop.database.transaction(writes=True) as connection:
        connection.execute(HISTORY.delete())
    shop.serve({"run_id": "r1", "as_of": 100})
    assert told(shop, "a") == [("r1", 100, "seg-001")]


def test_the_published_run_and_the_one_before_stay_loaded(shop, tmp_path):
    for number in (2, 3):
        publish(shop, tmp_path, f"r{number}", {"a": "seg-001"})
    for run_id in ("r2", "r3"):
        assert shop.members.page(run_id, Wanted()).total == 1
    with pytest.raises(NotReadyError):
        shop.members.page("r1", Wanted())
    with shop.database.transaction() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(CUSTOMERS)).scalar() == 2


def test_a_project_that_no_one_lists_loads_nothing(database, tmp_path):
    registry = Registry(database, "quiet", tmp_path / "runs")
    publish(registry, tmp_path, "r1", {"a": "seg-001"})
    with database.transaction() as connection:
        assert not registry.members.served(connection)


def test_forgetting_one_project_leaves_the_other(members):
    members.forget([])
    with pytest.raises(NotReadyError):
        members.page("r1", Wanted())
    assert Members(members.database, "other").page("r1", Wanted()).total == 1


def test_readers_do_not_wait_for_a_run_that_is_loaded(tmp_path):
    database = Database(tmp_path / "coterie.db")
    members = Members(database, "")
    members.load("r1", write_run(tmp_path / "r1", PEOPLE))
    with database.transaction(writes=True) as connection:
        connection.execute(CUSTOMERS.delete())
        reader = Database(tmp_path / "coterie.db")  # as another process opens it
        assert Members(reader, "").page("r1", Wanted(search="1")).total == 4
        reader.close()
    database.close()
