"""A revision of a finished folder can be stopped at any point, and is read all the while."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import pytest

from coterie.store import revisions
from coterie.store.revisions import revise
from coterie.store.runs import MANIFEST, FolderWriter, check_run

DAY = date(2026, 3, 1)


def make(root: Path) -> Path:
    """Make a folder of two texts."""
    with FolderWriter(root, "r1") as writer:
        writer.text("a.html", "anna and bert")
        writer.text("b.json", "{}")
        writer.json(MANIFEST, {"files": writer.files(), "revisions": []})
        return writer.commit()


def without_anna(name: str, path: Path, target: Path) -> bool:
    """Replace a name."""
    del name
    text = path.read_text()
    if "anna" not in text:
        return False
    target.write_text(text.replace("anna", "-"))
    return True


def test_a_revision_is_noted_with_the_new_hashes_and_the_others_stay(tmp_path: Path) -> None:
    folder = make(tmp_path)
    assert revise(folder, without_anna, reason="erasure", on=DAY)
    about = check_run(folder)
    assert (folder / "a.html").read_text() == "- and bert"
    (noted,) = about["revisions"]
    assert noted == {
        "reason": "erasure",
        "date": "2026-03-01",
        "files": {"a.html": about["files"]["a.html"]["sha256"]},
    }


def test_what_changes_nothing_is_no_revision(tmp_path: Path) -> None:
    folder = make(tmp_path)
    before = (folder / MANIFEST).read_bytes()
    assert not revise(folder, lambda *_: False, reason="erasure", on=DAY)
    assert (folder / MANIFEST).read_bytes() == before


@pytest.mark.parametrize("stop", range(6))
def test_stopped_at_any_point_it_can_be_read_and_is_ended_by_the_same_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    folder, passed = make(tmp_path), iter(range(100))

    def point() -> None:
        # Servers of other tests may write in threads of their own.
        if threading.current_thread() is threading.main_thread() and next(passed) == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(revisions.faults, "point", point)
        try:
            revise(folder, without_anna, reason="erasure", on=DAY)
        except KeyboardInterrupt:
            check_run(folder)
    revise(folder, without_anna, reason="erasure", on=DAY)
    about = check_run(folder)
    assert (folder / "a.html").read_text() == "- and bert"
    assert len(about["revisions"]) == 1
    assert all("before" not in entry for entry in about["files"].values())
    assert sorted(path.name for path in folder.iterdir()) == ["a.html", "b.json", MANIFEST]
