"""The same input gives the same bytes, whatever the number of threads."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from coterie.config import load_settings
from coterie.pipeline import run
from coterie.sources.samples import write_sample


def contents(*folders: Path) -> dict[str, str]:
    """Return the SHA-256 of every file but the log, by its path within its folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "log.jsonl"
    }


def test_a_run_has_the_same_id_and_bytes_on_one_thread_and_on_four(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for threads in ("1", "4"):
        folder = tmp_path / threads
        write_sample("shop", folder, customers=400)
        monkeypatch.setenv("COTERIE_THREADS", threads)
        outcome = run(load_settings(folder), folder)
        home = folder / ".coterie"
        found.append((outcome.run_id, contents(home / "runs", home / "data")))
    assert found[0] == found[1]
    assert f"{found[0][0]}/report.html" in found[0][1]
