"""What the README says is run, and so are the examples: on a simulated shop."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

import coterie
from coterie.sources.shop import write_shop

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


def blocks(language: str) -> list[str]:
    """Return the code blocks of the README in one language, in their order."""
    return [text for name, text in BLOCK.findall(README) if name == language]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an ``orders.csv``; the tests of this module share it as a reader would."""
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder, customers=250, tables=["orders"], format="csv")
    return folder


def run(command: Sequence[str], folder: Path) -> str:
    """Run a command in ``folder`` with our commands first in the path; it must succeed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_shell_lines_of_the_readme_run(shop: Path) -> None:
    lines = [line for text in blocks("console") for line in text.splitlines()]
    assert len(lines) >= 9
    for line in lines:
        run(["bash", "-c", line.removeprefix("$ ")], shop)


@pytest.mark.parametrize("code", blocks("python"), ids=["segment", "segmenter"])
def test_the_python_of_the_readme_runs(shop: Path, code: str) -> None:
    assert run([sys.executable, "-c", code], shop)


def test_the_python_of_the_how_to_runs(shop: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "python.md").read_text(encoding="utf-8")
    for code in (text for name, text in BLOCK.findall(page) if name == "python"):
        run([sys.executable, "-c", code], shop)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_the_examples_run(shop: Path, path: Path) -> None:
    assert run([sys.executable, str(path)], shop)


def test_the_page_of_the_example_lists_whom_it_counts() -> None:
    code = runpy.run_path(str(ROOT / "examples" / "streamlit_app.py"))
    number = list(range(60))
    cards = {"customer_id": number, "spend": [n % 7 for n in number], "visits": [1, 9] * 30}
    made = coterie.segment(pa.table(cards), k=2)
    shown = code["rows"](made)
    assert sum(row["n"] for row in shown) == 60
    for row in shown:
        assert len(code["members"](made, row["name"]).splitlines()) == row["n"]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]
