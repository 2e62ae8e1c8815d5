"""The public names are a promise: adding or dropping one is a decision, seen in this folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import coterie

PROMISED = Path(__file__).with_name("public_names.txt").read_text(encoding="utf-8").split()
HEAVY = {"altair", "duckdb", "numpy", "openpyxl", "pandas", "polars", "pyarrow", "pydantic"}
HEAVY |= {"scipy", "sklearn", "sqlalchemy", "sqlglot", "vl_convert"}
SLOW = {"altair", "openpyxl", "pandas", "sklearn", "vl_convert"}
"""What takes half a second and more to load, and what looks at a finished run never needs."""
LOOKS = """
from coterie.api import Project, inspect, list_algorithms, list_features
list_algorithms()
list_features()
"""


def test_the_public_names_are_those_promised() -> None:
    assert sorted(coterie.__all__) == PROMISED


def test_every_promised_name_is_there_and_documented() -> None:
    for name in coterie.__all__:
        assert getattr(coterie, name).__doc__


def loaded(script: str) -> set[str]:
    """Return the libraries that a process of its own has loaded after a script."""
    script += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_coterie_loads_nothing_heavy() -> None:
    assert not HEAVY & loaded("import coterie")


def test_what_only_looks_loads_nothing_slow() -> None:
    assert not SLOW & loaded(LOOKS)
