"""A run's folder: there whole or not at all, with the bytes, hashes and modes promised."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import DataError, NotReadyError
from coterie.store.runs import (
    LOG,
    MANIFEST,
    ROW_GROUP,
    FolderWriter,
    append_log,
    check_run,
    file_hash,
    first_changed,
    hash_of,
    read_json,
    remove_partial,
    row_groups,
    to_json,
    whole_file,
    write_atomic,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner),
    max_leaves=8,
)  # fmt: skip
ROWS = pa.table({"customer_id": ["a", "b", "c"], "n": [1, 2, 3]})


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def write_run(root: Path, name: str = "r000000000001") -> Path:
    """Write a small run as the pipeline does: tables, manifest, log, commit."""
    with FolderWriter(root, name) as writer:
        writer.table("assignments.parquet", ROWS)
        writer.json("segments.json", [{"id": "seg-001"}])
        writer.json(MANIFEST, {"run_id": name, "files": writer.files()})
        append_log(writer.folder, {"event": "made"})
        return writer.commit()


def test_json_is_written_the_one_way() -> None:
    assert to_json({"b": [1.5, None], "a": "é"}) == '{"a": "é", "b": [1.5, null]}\n'


def test_a_hash_is_the_beginning_of_the_sha_256_of_the_json() -> None:
    whole = hashlib.sha256(b'{"a": 1}\n').hexdigest()
    assert hash_of({"a": 1}) == whole[:12]
    assert hash_of({"a": 1}, digits=64) == whole


@given(JSON)
def test_json_is_read_back_as_it_was_and_hashes_alike(data: object) -> None:
    again = json.loads(to_json(data))
    assert again == data
    assert hash_of(again) == hash_of(data)


@given(st.dictionaries(st.text("abc", max_size=3), st.integers(), min_size=2))
def test_a_hash_depends_on_no_order_of_keys(data: dict[str, int]) -> None:
    assert hash_of(dict(reversed(data.items()))) == hash_of(data)


@given(JSON, JSON)
def test_what_differs_hashes_differently(one: object, other: object) -> None:
    assert (hash_of(one) == hash_of(other)) == (to_json(one) == to_json(other))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_know_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"a": value})


def test_a_run_appears_under_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    with FolderWriter(tmp_path, "r1") as writer:
        writer.table("assignments.parquet", ROWS)
        assert [path.name for path in tmp_path.iterdir()] == [".tmp-r1"]
        assert writer.commit() == tmp_path / "r1"
        assert [path.name for path in tmp_path.iterdir()] == ["r1"]
    assert names(tmp_path) == ["r1", "r1/assignments.parquet"]


@pytest.mark.parametrize("error", [DataError, KeyboardInterrupt, MemoryError])
def test_nothing_stays_of_a_run_that_broke_off(error: type[BaseException], tmp_path: Path) -> None:
    def broken(root: Path) -> None:
        with FolderWriter(root, "r1") as writer:
            writer.text("report.html", "<p>")
            raise error("in the middle")

    with pytest.raises(error):
        broken(tmp_path)
    assert names(tmp_path) == []


def test_what_a_killed_run_left_is_not_taken_into_the_next(tmp_path: Path) -> None:
    FolderWriter(tmp_path, "r1").__enter__().text("old.json", "{}")  # and no exit
    with FolderWriter(tmp_path, "r1") as writer:
        writer.text("new.json", "{}")
        writer.commit()
    assert names(tmp_path) == ["r1", "r1/new.json"]


def test_leftovers_are_removed_and_finished_runs_are_not(tmp_path: Path) -> None:
    write_run(tmp_path)
    (tmp_path / ".tmp-r2" / "inner").mkdir(parents=True)
    before = names(tmp_path / "r000000000001")
    remove_partial([tmp_path, tmp_path / "no such folder"])
    assert [path.name for path in tmp_path.iterdir()] == ["r000000000001"]
    assert names(tmp_path / "r000000000001") == before


def test_of_two_writers_of_one_run_the_first_to_finish_is_kept(tmp_path: Path) -> None:
    with FolderWriter(tmp_path, "r1") as late:
        late.text("who.txt", "late")
        # another process has finished the same run meanwhile
        (tmp_path / "r1").mkdir()
        (tmp_path / "r1" / "who.txt").write_text("early")
        assert late.commit() == tmp_path / "r1"
    assert names(tmp_path) == ["r1", "r1/who.txt"]
    assert (tmp_path / "r1" / "who.txt").read_text() == "early"


def test_the_list_of_files_has_their_hashes_and_rows(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    files = read_json(run / MANIFEST)["files"]
    text = b'[{"id": "seg-001"}]\n'
    assert files["segments.json"] == {"sha256": hashlib.sha256(text).hexdigest()}
    assert files["assignments.parquet"]["rows"] == 3
    assert set(files) == {"segments.json", "assignments.parquet"}


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b")
    kept = [name for name in names(first) if name != LOG]
    assert [file_hash(first / name) for name in kept] == [file_hash(second / n) for n in kept]


def test_the_log_is_the_one_file_outside_the_hashes(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    append_log(run, {"event": "read"})
    assert (run / LOG).read_text() == '{"event": "made"}\n{"event": "read"}\n'
    assert check_run(run)["run_id"] == "r000000000001"


def test_only_the_owner_reads_rows_as_they_came_in(tmp_path: Path) -> None:
    with FolderWriter(tmp_path, "r1") as writer:
        writer.table("quarantine.parquet", ROWS, private=True)
        writer.table("assignments.parquet", ROWS)
        run = writer.commit()
    assert (run / "quarantine.parquet").stat().st_mode & 0o777 == 0o600
    assert (run / "assignments.parquet").stat().st_mode & 0o077 & ~0o044 == 0


@pytest.mark.parametrize("name", ["segments.json", "assignments.parquet"])
def test_a_changed_or_missing_file_of_a_run_is_named(name: str, tmp_path: Path) -> None:
    run = write_run(tmp_path)
    files = read_json(run / MANIFEST)["files"]
    assert first_changed(run, files) == ""
    (run / name).write_bytes((run / name).read_bytes() + b" ")
    with pytest.raises(DataError, match=f"{name} is missing or was changed") as error:
        check_run(run)
    assert error.value.where == name
    (run / name).unlink()
    assert first_changed(run, files) == name


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"files": 3}', '{"files": null}'])
def test_a_damaged_manifest_is_said(text: str, tmp_path: Path) -> None:
    run = write_run(tmp_path)
    (run / MANIFEST).write_text(text)
    with pytest.raises(DataError, match=r"is damaged.*and run again"):
        check_run(run)


def test_a_missing_manifest_and_a_missing_run_are_told_apart(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    (run / MANIFEST).unlink()
    with pytest.raises(DataError, match=r"is not there.*Delete the folder"):
        check_run(run)
    with pytest.raises(NotReadyError, match="coterie run"):
        check_run(tmp_path / "r2")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_atomic(path, "old")
    with pytest.raises(UnicodeEncodeError), whole_file(path) as partial:
        partial.write_text("half of the n" * 10_000 + "\ud800", encoding="utf-8")
    assert (path.read_text(), names(tmp_path)) == ("old", ["out.csv"])
    write_atomic(path, "new\r\né")
    assert (path.read_bytes(), names(tmp_path)) == ("new\r\né".encode(), ["out.csv"])


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is no file that can be written.*Name a file"):
        write_atomic(tmp_path, "")
    with pytest.raises(DataError, match="could not be written: No such file") as error:
        write_atomic(tmp_path / "none" / "out.csv", "")
    assert error.value.where.endswith("none/out.csv")


@settings(max_examples=20)
@given(st.lists(st.integers(0, 3), max_size=4), st.integers(0, 2))
def test_row_groups_depend_on_the_rows_and_not_on_the_batches(sizes: list[int], step: int) -> None:
    sizes = [size * ROW_GROUP // 2 + step for size in sizes]
    total = sum(sizes)
    schema = pa.schema([("n", pa.int64())])
    whole = pa.RecordBatch.from_arrays([pa.array(np.arange(total))], schema=schema)
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    batches = [whole.slice(at, size) for at, size in zip(starts, sizes, strict=True)]
    found = list(row_groups(pa.RecordBatchReader.from_batches(schema, batches)))
    lengths = [table.num_rows for table in found]
    assert sum(lengths) == total
    assert all(n == ROW_GROUP for n in lengths[:-1])
    if found:
        assert 0 < lengths[-1] <= ROW_GROUP
        assert pa.concat_tables(found).column("n").combine_chunks().equals(whole.column(0))


def test_a_table_without_rows_is_still_a_table(tmp_path: Path) -> None:
    with FolderWriter(tmp_path, "r1") as writer:
        writer.table("migration.parquet", ROWS.slice(0, 0))
        run = writer.commit()
    assert pq.read_table(run / "migration.parquet").schema.equals(ROWS.schema)
