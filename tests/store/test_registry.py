"""The registry: which run is published, in which order they came, and that writers take turns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import DataError
from coterie.store.registry import Registry
from coterie.store.tables import NAMES


def row(number: int, **other: Any) -> dict[str, Any]:
    """Return what the registry keeps of a run."""
    made = {
        "run_id": f"r{number:012d}",
        "input_hash": f"input {number}",
        "settings_hash": "settings",
        "model_id": "m1",
        "parent_run": f"r{number - 1:012d}" if number > 1 else None,
        "as_of": 19_000 + number,
        "segments": 0,
    }
    return made | other


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(tmp_path / "coterie.db")
    yield registry
    registry.close()


def test_nothing_is_published_at_first(registry: Registry) -> None:
    assert registry.published() is None
    assert registry.runs() == []
    assert registry.names() == {}
    assert registry.find(model_id="m1") is None


def test_the_published_run_is_the_one_published_last(registry: Registry) -> None:
    for number in (1, 2, 3):
        registry.publish(row(number))
    assert registry.published() == row(3) | {"number": 3, "trial": False}
    assert [found["run_id"][-1] for found in registry.runs()] == ["3", "2", "1"]


def test_a_run_published_again_is_not_recorded_twice(registry: Registry) -> None:
    for number in (1, 2, 1):
        registry.publish(row(number))
    assert registry.published() == row(1) | {"number": 1, "trial": False}
    assert [(found["run_id"][-1], found["number"]) for found in registry.runs()] == [
        ("2", 2),
        ("1", 1),
    ]


def test_the_newest_of_several_runs_is_found(registry: Registry) -> None:
    for number in (1, 2, 3):
        registry.publish(row(number, input_hash="same", model_id=f"m{number % 2}"))
    for where, run_id in [
        ({"input_hash": "same"}, row(3)["run_id"]),
        ({"input_hash": "same", "model_id": "m0"}, row(2)["run_id"]),
    ]:
        found = registry.find(**where)
        assert found is not None
        assert found["run_id"] == run_id
    assert registry.find(input_hash="other") is None


@settings(max_examples=15)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_numbers_follow_the_order_of_first_publication(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    registry = Registry(tmp_path_factory.mktemp("registry") / "coterie.db")
    for number in order:
        registry.publish(row(number))
    first = list(dict.fromkeys(order))
    assert {found["run_id"]: found["number"] for found in registry.runs()} == {
        row(number)["run_id"]: place for place, number in enumerate(first, start=1)
    }
    published = registry.published()
    registry.close()
    assert published is not None
    assert published["run_id"] == row(order[-1])["run_id"]


def test_what_was_recorded_is_there_for_the_next_process(tmp_path: Path) -> None:
    for number in (1, 2):
        registry = Registry(tmp_path / "new folder" / "coterie.db")
        registry.publish(row(number))
        registry.close()
    with closing(sqlite3.connect(tmp_path / "new folder" / "coterie.db")) as plain:
        assert plain.execute("SELECT run_id FROM published").fetchall() == [(row(2)["run_id"],)]
        assert plain.execute("SELECT count(*) FROM runs").fetchone() == (2,)


def test_names_are_read_as_users_gave_them(registry: Registry) -> None:
    registry.publish(row(1))
    with closing(sqlite3.connect(registry.database.path)) as plain, plain:
        plain.execute(
            f"INSERT INTO {NAMES.name} (segment_id, name) "
            "VALUES ('seg-002', 'Die Größten'), ('seg-1', '')"
        )
    assert registry.names() == {"seg-002": "Die Größten", "seg-1": ""}


def test_a_publication_that_fails_changes_nothing(registry: Registry) -> None:
    registry.publish(row(1))
    with pytest.raises(DataError, match="cannot be read or written"):
        registry.publish(row(2, model_id=None))
    assert registry.published() == row(1) | {"number": 1, "trial": False}
    assert len(registry.runs()) == 1


def test_writers_at_once_take_turns(tmp_path: Path) -> None:
    def work(writer: int) -> None:
        registry = Registry(tmp_path / "coterie.db")  # a connection of its own, as a process has
        for number in range(5):
            registry.publish(row(writer * 5 + number))
            assert registry.published() is not None
        registry.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    registry = Registry(tmp_path / "coterie.db")
    runs, published = registry.runs(), registry.published()
    registry.close()
    assert [found["number"] for found in runs] == list(range(30, 0, -1))
    assert len({found["run_id"] for found in runs}) == 30
    assert published == runs[0]


@pytest.mark.parametrize("content", [b"no database at all, but text" * 40, b"\0" * 4_096])
def test_a_file_that_is_no_registry_is_said_and_kept(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "coterie.db"
    path.write_bytes(content)
    registry = Registry(path)
    with pytest.raises(DataError, match=r"registry .*coterie\.db cannot be read.*backup"):
        registry.runs()
    registry.close()
    assert path.read_bytes() == content


def test_segments_counts_the_ids_of_all_runs_not_only_of_the_last(registry):
    assert registry.segments() == 0
    for number, ids in ((1, 5), (2, 3)):
        registry.publish(row(number, segments=ids))
    assert registry.segments() == 5


def test_a_run_that_is_only_recorded_changes_nothing_until_it_is_published(
    registry: Registry,
) -> None:
    registry.publish(row(1))
    registry.record(row(2))
    registry.record(row(2))
    assert [(one["run_id"], one["trial"]) for one in registry.runs()] == [
        (row(2)["run_id"], True),
        (row(1)["run_id"], False),
    ]
    assert registry.published() == row(1) | {"number": 1, "trial": False}
    registry.publish(row(2))
    registry.record(row(2))
    published = registry.published()
    assert published is not None
    assert published["run_id"] == row(2)["run_id"]
    assert not any(one["trial"] for one in registry.runs())


def test_notes_of_a_segment_last_until_both_are_empty(registry: Registry) -> None:
    registry.note("seg-001", owner="Ana", action="")
    registry.note("seg-001", owner="Ana", action="Call them")
    registry.note("seg-002", owner="Tom", action="")
    assert registry.notes()["seg-001"] == {"owner": "Ana", "action": "Call them"}
    registry.note("seg-001", owner="", action="")
    assert registry.notes() == {"seg-002": {"owner": "Tom", "action": ""}}
