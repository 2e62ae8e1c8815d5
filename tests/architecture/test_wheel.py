"""The wheel holds every file of the package: styles, page, and the mark that it is typed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_the_whole_package(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if name.startswith("coterie/")}
    package = ROOT / "src"
    files = (path for path in (package / "coterie").rglob("*") if path.is_file())
    ours = {path.relative_to(package).as_posix() for path in files if path.suffix != ".pyc"}
    assert inside == ours
    assert {"coterie/py.typed", "coterie/profiling/report.css"} < inside
