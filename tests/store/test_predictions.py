"""A prediction is made once for what determines it, and appears whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coterie.errors import DataError, NotReadyError
from coterie.store.home import Home
from coterie.store.predictions import find_kept, kept, kept_alone
from coterie.store.runs import FolderWriter


def _one(writer: FolderWriter) -> None:
    writer.json("one.json", 1)


def test_another_key_or_kind_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    home = Home(tmp_path)
    found = {kept(home, kind, {"h": h}, _one) for kind in ("value", "churn") for h in (28, 90)}
    assert len(found) == 4


def test_what_goes_wrong_while_making_leaves_nothing(tmp_path: Path) -> None:
    def fail(writer: FolderWriter) -> None:
        writer.json("one.json", 1)
        raise DataError("no")

    with pytest.raises(DataError, match="no"):
        kept(Home(tmp_path), "value", {}, fail)
    assert list(Home(tmp_path).predictions.iterdir()) == []


def test_a_changed_file_is_told(tmp_path: Path) -> None:
    folder = kept(Home(tmp_path), "value", {}, _one)
    (folder / "one.json").write_text("2")
    with pytest.raises(DataError, match=r"one\.json is missing or was changed"):
        kept(Home(tmp_path), "value", {}, _one)


def test_what_is_made_is_made_alone_and_what_is_there_can_be_read_meanwhile(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = kept_alone(home, "value", {}, _one)
    with home.alone():
        assert kept_alone(home, "value", {}, _one) == folder
        with pytest.raises(NotReadyError, match="Another run is at work"):
            kept_alone(home, "churn", {}, _one)


def test_the_newest_of_those_made_for_a_run_is_found(tmp_path):
    home = Home(tmp_path)
    assert find_kept(home, "value", run="r1") is None

    def make(writer: FolderWriter) -> None:
        writer.text("a.txt", "a")

    old = kept(home, "value", {"run": "r1", "names": "old"}, make)
    new = kept(home, "value", {"run": "r1", "names": "new"}, make)
    kept(home, "value", {"run": "r2"}, make)
    for folder, second in ((old, 1), (new, 2)):
        os.utime(folder / "manifest.json", (second, second))
    assert find_kept(home, "value", run="r1") == new
    assert find_kept(home, "value", run="r1", names="old") == old
    assert find_kept(home, "offers", run="r1") is None
