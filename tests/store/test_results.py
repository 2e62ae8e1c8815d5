"""A finished run as it is read: its tables, its customers, and what is said if it is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from coterie.errors import DataError, NotReadyError
from coterie.store.home import Home
from coterie.store.results import Run, published_run
from coterie.store.runs import MANIFEST, FolderWriter

SEGMENTS = [{"id": "seg-001", "name": "Big baskets"}, {"id": "seg-002", "name": "One visit"}]
ASSIGNMENTS = pa.table(
    {
        "customer_id": ["007", "7", "8"],
        "segment_id": ["seg-002", "seg-001", "none"],
        "second_id": ["seg-001", "seg-002", None],
        "margin": [0.25, 0.5, None],
        "status": ["ok", "ok", "no_orders"],
    }
)
FEATURES = pa.table(
    {
        "customer_id": ["007", "7", "8"],
        "status": ["ok", "ok", "no_orders"],
        "recency": [3.0, 0.0, None],
        "clv": [12.5, None, None],
    }
)


def write_run(project: Path, run_id: str = "r1", as_of: str | None = "2024-03-01") -> Path:
    with FolderWriter(Home(project).runs, run_id) as writer:
        writer.table("assignments.parquet", ASSIGNMENTS)
        writer.table("features.parquet", FEATURES)
        writer.json("segments.json", SEGMENTS)
        writer.json("quality.json", {"tables": {}})
        writer.json("model.json", {"choice": {"verdict": "clear"}})
        writer.text("report.html", "<!doctype html>")
        writer.json(MANIFEST, {"run_id": run_id, "as_of": as_of, "files": writer.files()})
        return writer.commit()


def publish(project: Path, run_id: str) -> None:
    hashes: dict[str, Any] = {"input_hash": run_id, "settings_hash": "s", "model_id": "m"}
    with Home(project).registry() as registry:
        registry.publish({"run_id": run_id, "parent_run": None, "as_of": None, **hashes})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(write_run(tmp_path))


def test_a_run_is_read_as_it_was_written(run: Run) -> None:
    assert (run.id, run.as_of) == ("r1", "2024-03-01")
    assert run.segments == SEGMENTS
    assert run.quality == {"tables": {}}
    assert run.choice == {"verdict": "clear"}
    assert run.table("assignments").equals(ASSIGNMENTS)
    assert run.report.read_text() == "<!doctype html>"
    assert repr(run) == "<Run r1 as of 2024-03-01, 2 segments>"


def test_a_customer_has_segment_runner_up_and_features(run: Run) -> None:
    assert run.customer("007") == {
        "customer_id": "007",
        "segment_id": "seg-002",
        "segment_name": "One visit",
        "second_id": "seg-001",
        "second_name": "Big baskets",
        "margin": 0.25,
        "status": "ok",
        "value": 12.5,
        "features": {"recency": 3.0, "clv": 12.5},
    }


def test_ids_are_text_and_zeros_before_them_count(run: Run) -> None:
    assert run.customer("7")["segment_id"] == "seg-001"
    assert run.customer("007")["segment_id"] == "seg-002"
    with pytest.raises(NotReadyError, match=r"No customer has the id '07'\. Ids .* like '007'"):
        run.customer("07")


def test_what_is_unknown_of_a_customer_is_none_with_a_reason(run: Run) -> None:
    known = run.customer("8")
    assert (known["segment_id"], known["segment_name"], known["status"]) == (
        "none",
        None,
        "no_orders",
    )
    assert known["value"] is None
    assert known["value_reason"]
    assert "value_reason" not in run.customer("007")


def test_every_customer_is_as_the_tables_say(run: Run) -> None:
    for row in run.table("assignments").to_pylist():
        known = run.customer(row["customer_id"])
        assert {name: known[name] for name in row} == row


def test_a_table_that_the_run_does_not_have_is_said(run: Run) -> None:
    with pytest.raises(NotReadyError, match="no table state; it needs orders"):
        run.table("state")


def test_a_run_whose_files_were_changed_is_refused(run: Run) -> None:
    (run.folder / "segments.json").write_text("[]")
    with pytest.raises(DataError, match=r"segments\.json is missing or was changed"):
        Run(run.folder)


def test_the_published_run_is_the_one_published_last(tmp_path: Path) -> None:
    for run_id in ("rb", "ra"):
        write_run(tmp_path, run_id)
        publish(tmp_path, run_id)
    assert published_run(tmp_path).id == "ra"
    publish(tmp_path, "rb")
    assert published_run(tmp_path).id == "rb"


def test_a_run_that_was_not_published_is_not_there_for_readers(tmp_path: Path) -> None:
    write_run(tmp_path, "ra")
    with pytest.raises(NotReadyError, match=r"There is no run in .* yet.*coterie run"):
        published_run(tmp_path)
    assert not (tmp_path / ".coterie" / "coterie.db").exists()  # asking writes nothing


def test_a_folder_without_a_project_has_no_run(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match="coterie run"):
        published_run(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
