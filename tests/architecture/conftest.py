"""The repository as the architecture tests see it: parsed once, nothing imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Named one by one: what lies in the folder beside these (environments, caches, runs) is not ours.
OURS = ("src", "tests", "benchmarks", "docs", "examples", ".ci")
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".txt", ".html", ".css", ".js", ".sql", ".json", ""}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file: its path from the root, its text and its tree."""

    name: str
    text: str
    tree: ast.Module

    def at(self, node: ast.stmt | ast.expr | ast.ExceptHandler) -> str:
        """Say where ``node`` stands, as an editor opens it."""
        return f"{self.name}:{node.lineno}"

    def functions(self) -> Iterator[Function]:
        """Yield every function and method, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def strings(self) -> Iterator[ast.Constant]:
        """Yield the strings of the code, without docstrings."""
        prose = {
            id(node.value)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in prose
            ):
                yield node


def _parse(*folders: str) -> list[Module]:
    """Parse all Python files below ``folders``, in the order of their names."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [
        Module(path.relative_to(ROOT).as_posix(), text, ast.parse(text))
        for path in paths
        if (text := path.read_text(encoding="utf-8")) is not None
    ]


@pytest.fixture(scope="session")
def product() -> list[Module]:
    """The modules of the package."""
    return _parse("src/coterie")


@pytest.fixture(scope="session")
def code(product: list[Module]) -> list[Module]:
    """All Python of the repository: package, tests, benchmarks, examples."""
    return product + _parse("tests", "benchmarks", "examples")


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    """Every text file of the repository except lock files, by its path from the root."""
    paths = [path for folder in OURS for path in (ROOT / folder).rglob("*")]
    paths += [path for path in ROOT.iterdir() if path.name != ".gitignore"]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(paths)
        if path.is_file()
        and path.suffix in TEXT
        and "__pycache__" not in path.parts
        and not path.name.endswith((".lock", "LICENSE", ".git"))
    }
