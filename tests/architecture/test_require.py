"""On the machine that decides, a skipped test is a failed test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest

def test_needs_a_server():
    pytest.skip("no server")

@pytest.mark.xfail(reason="known", strict=True)
def test_known_to_fail():
    assert False
"""


@pytest.mark.parametrize(
    ("require", "code", "words"),
    [("", 0, "1 skipped, 1 xfailed"), ("all", 1, "no server (COTERIE_REQUIRE=all")],
)
def test_a_skip_fails_only_where_everything_is_required(
    tmp_path: Path, require: str, code: int, words: str
) -> None:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "test_one.py").write_text(SKIPPING)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        env={**os.environ, "COTERIE_REQUIRE": require},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert words in done.stdout
