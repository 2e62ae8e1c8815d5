"""Uploads are there whole or not at all, whenever the process dies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from coterie.errors import DataError, ParameterError
from coterie.store.uploads import Uploads

WORK = (
    "import sys; from pathlib import Path; from coterie.store.uploads import Uploads; "
    "Uploads(Path(sys.argv[1])).add('a.csv', [b'id\\n', b'7\\n'])"
)


def add(folder: Path, fault: int) -> int:
    """Upload in a process that dies at a point; return its exit code."""
    environment = {"COTERIE_FAULT_AT": str(fault), "PYTHONPATH": ":".join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", WORK, folder], env=environment, check=False
    ).returncode


def test_a_kill_at_every_point_leaves_it_whole_or_not_there(tmp_path: Path) -> None:
    seen = []
    for fault in range(1, 20):
        project = tmp_path / str(fault)
        project.mkdir()
        code = add(project, fault)
        kept = Uploads(project).all()
        seen.append(len(kept))
        assert all(one.file.read_bytes() == b"id\n7\n" for one in kept)
        again = Uploads(project).add("a.csv", [b"id\n7\n"])
        assert [one.id for one in Uploads(project).all()] == [again.id]
        if code == 0:
            break
        assert code == 137
    assert seen == [0, 1, 1]


@pytest.mark.parametrize("name", ["", "..", "/", " . "])
def test_a_file_needs_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ParameterError, match="no name"):
        Uploads(tmp_path).add(name, [b"a"])


def test_what_the_check_refuses_is_not_kept(tmp_path: Path) -> None:
    def refuse(place: Path) -> None:
        raise DataError(f"{place.read_bytes()!r} will not do.")

    with pytest.raises(DataError, match="will not do"):
        Uploads(tmp_path).add("a.csv", [b"x"], check=refuse)
    assert not list((tmp_path / "uploads").iterdir())
