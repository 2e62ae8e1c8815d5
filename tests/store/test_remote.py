"""Runs in S3: whole or not at all, fetched when missing, checked; plain words for what fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from coterie import Project
from coterie.errors import DataError, NotReadyError
from coterie.store.remote import RemoteRuns, _filesystem
from coterie.store.runs import LOG, MANIFEST, FolderWriter, check_run

URL = "s3://bucket/shop/runs"
CARDS = "id,spend,visits\n" + "".join(f"c{n},{n % 7},{n % 3}\n" for n in range(60))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Yield the address of a server that speaks like S3, with one bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    address = f"http://127.0.0.1:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{address}/bucket", method="PUT")).close()
    yield address
    server.stop()


@pytest.fixture(autouse=True)
def s3(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let the environment name the server, and empty the bucket afterwards."""
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    yield server
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    _filesystem().delete_dir_contents("bucket")


def make_run(root: Path, run_id: str = "r1") -> Path:
    """Write a small run folder."""
    with FolderWriter(root, run_id) as writer:
        writer.json("segments.json", [{"id": "seg-001"}])
        writer.text("report.html", "<p>" + "x" * 100_000)
        writer.json(MANIFEST, {"run_id": run_id, "files": writer.files()})
        writer.text(LOG, "{}\n")
        return writer.commit()


def stored(run_id: str = "r1") -> set[str]:
    """Name the files of a run in the bucket."""
    from pyarrow.fs import FileSelector

    found = FileSelector(f"bucket/shop/runs/{run_id}", allow_not_found=True)
    return {info.base_name for info in _filesystem().get_file_info(found)}


def overwrite(name: str, content: bytes) -> None:
    """Write an object of run r1."""
    with _filesystem().open_output_stream(f"bucket/shop/runs/r1/{name}") as out:
        out.write(content)


def test_a_run_comes_back_as_it_was(tmp_path):
    folder = make_run(tmp_path / "runs")
    RemoteRuns(URL).keep(folder)
    assert stored() == {MANIFEST, LOG, "segments.json", "report.html"}
    assert RemoteRuns(URL).fetch("r1", tmp_path / "other")
    for path in folder.iterdir():
        assert (tmp_path / "other" / "r1" / path.name).read_bytes() == path.read_bytes()
    assert not RemoteRuns(URL).fetch("r2", tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["r1"]


def test_a_run_without_its_manifest_does_not_count(tmp_path):
    folder = make_run(tmp_path / "runs")
    RemoteRuns(URL).keep(folder)
    _filesystem().delete_file(f"bucket/shop/runs/r1/{MANIFEST}")
    assert not RemoteRuns(URL).fetch("r1", tmp_path / "other")
    RemoteRuns(URL).keep(folder)
    assert RemoteRuns(URL).fetch("r1", tmp_path / "other")


def test_a_run_that_is_there_is_not_sent_again(tmp_path):
    folder = make_run(tmp_path / "runs")
    RemoteRuns(URL).keep(folder)
    overwrite("segments.json", b"[]")
    RemoteRuns(URL).keep(folder)
    with pytest.raises(DataError, match=r"damaged: segments\.json"):
        RemoteRuns(URL).fetch("r1", tmp_path / "other")


@pytest.mark.parametrize("spoil", ["changed", "missing", "no json", "outside"])
def test_what_is_damaged_is_refused_and_leaves_nothing(tmp_path, spoil):
    RemoteRuns(URL).keep(make_run(tmp_path / "runs"))
    if spoil == "changed":
        overwrite("report.html", b"<p>")
    elif spoil == "missing":
        _filesystem().delete_file("bucket/shop/runs/r1/segments.json")
    elif spoil == "no json":
        overwrite(MANIFEST, b"{")
    else:
        overwrite(MANIFEST, b'{"files": {"../../out.txt": {"sha256": ""}}}')
    with pytest.raises(DataError, match=r"damaged|outside"):
        RemoteRuns(URL).fetch("r1", tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == []


def test_of_many_who_miss_a_run_all_get_it(tmp_path):
    RemoteRuns(URL).keep(make_run(tmp_path / "runs"))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(RemoteRuns(URL).fetch, "r1", tmp_path / "other") for _ in range(4)]
        assert all(one.result() for one in asked)
    assert check_run(tmp_path / "other" / "r1")["run_id"] == "r1"


def test_no_bucket_no_network_and_no_rights_are_said_in_plain_words(tmp_path, monkeypatch, s3):
    folder = make_run(tmp_path / "runs")
    for act in (
        RemoteRuns("s3://nowhere/x").check,
        lambda: RemoteRuns("s3://nowhere").keep(folder),
    ):
        with pytest.raises(DataError, match="there is no such bucket"):
            act()
    with pytest.raises(DataError, match="there is no such bucket"):
        RemoteRuns("s3://nowhere/x").fetch("r1", tmp_path / "other")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(DataError, match=r"no server answers.*AWS_ENDPOINT_URL"):
        RemoteRuns(URL).keep(folder)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    ask_for_rights(s3, after=0)
    try:
        with pytest.raises(DataError, match=r"access is denied.*AWS_ACCESS_KEY_ID"):
            RemoteRuns(URL).keep(folder)
    finally:
        ask_for_rights(s3, after=10**9)


def ask_for_rights(server: str, *, after: int) -> None:
    """Let the server look who asks, after so many requests."""
    told = urllib.request.Request(
        f"{server}/moto-api/reset-auth",
        data=str(after).encode(),
        headers={"content-type": "text/plain"},
        method="POST",
    )
    urllib.request.urlopen(told).close()


def test_a_published_run_that_is_gone_is_fetched_and_erased_in(tmp_path, monkeypatch):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "cards.csv").write_text(CARDS)
    (folder / "coterie.toml").write_text(
        '[sources.customers]\nfile = "cards.csv"\nkey = "id"\n[segmentation]\nk = 2\n'
        f'[store]\nruns = "{URL}"\n'
    )
    made = Project(folder).run()
    assert MANIFEST in stored(made.id)
    shutil.rmtree(made.folder)
    assert Project(folder).latest.id == made.id
    shutil.rmtree(made.folder)
    assert Project(folder).run().id == made.id  # the same input: fetched, not made again
    people = made.table("assignments")["customer_id"].to_pylist()
    shutil.rmtree(made.folder)
    # Who is erased is not left in a run that is kept in S3 alone.
    Project(folder).erase(people[0], now=datetime(2026, 1, 2, tzinfo=UTC))
    shutil.rmtree(made.folder)
    assert Project(folder).latest.table("assignments")["customer_id"].to_pylist() == people[1:]
    shutil.rmtree(made.folder)
    _filesystem().delete_dir_contents("bucket")
    with pytest.raises(NotReadyError):
        Project(folder).latest  # noqa: B018 - asked for, to see that it is gone

    # A run that cannot be sent is not published.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(DataError, match="no server answers"):
        Project(folder).run()


KEEP = """
import sys
from pathlib import Path
from coterie.store.remote import RemoteRuns
remote = RemoteRuns(sys.argv[1])
if sys.argv[2] == "keep":
    remote.keep(Path(sys.argv[3]))
else:
    remote.fetch("r1", Path(sys.argv[3]))
"""


@pytest.mark.parametrize("what", ["keep", "fetch"])
def test_killed_at_any_moment_a_run_is_there_whole_or_not_at_all(tmp_path, what):
    folder = make_run(tmp_path / "runs")
    if what == "fetch":
        RemoteRuns(URL).keep(folder)
    target = folder if what == "keep" else tmp_path / "other"
    for number in range(1, 20):
        command = [sys.executable, "-c", KEEP, URL, what, str(target)]
        killed = subprocess.run(
            command, check=False, env={**os.environ, "COTERIE_FAULT_AT": str(number)}
        )
        there = MANIFEST in stored() if what == "keep" else (target / "r1").exists()
        if there:
            seen = tmp_path / f"seen{number}"
            assert RemoteRuns(URL).fetch("r1", seen)
            assert check_run(seen / "r1")["run_id"] == "r1"
        if killed.returncode == 0:
            break
        assert killed.returncode == 137
    assert killed.returncode == 0
    assert number >= 4
    if what == "fetch":
        assert [path.name for path in target.iterdir()] == ["r1"]
