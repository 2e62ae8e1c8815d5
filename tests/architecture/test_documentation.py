"""Everything public is explained: what goes in, what comes out, and an example for the promised.

The rule: a public function or method with three arguments or more has the numpydoc
sections ``Parameters``, naming each of them, and ``Returns`` (or ``Yields``). So has
everything that ``coterie`` itself hands out and that takes arguments, however few (errors
aside). What a parent or a protocol explains, an implementation need not explain again, and
a command's arguments are explained by its help text.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROMISED = set(Path(__file__).with_name("public_names.txt").read_text(encoding="utf-8").split())
MANY = 3
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
ENTRY = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*)\s*(?::|$)", re.MULTILINE)
DOCUMENTED_BY_HELP = "src/coterie/cli/"
# Hooks that a library calls and explains.
EXPLAINED_ELSEWHERE = {"settings_customise_sources"}


def sections(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> dict[str, str]:
    """Split a docstring into its numpydoc sections."""
    parts = SECTION.split(inspect.cleandoc(ast.get_docstring(node) or ""))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def entries(text: str) -> set[str]:
    """Name what a ``Parameters`` section explains."""
    return {name.lstrip("* ") for found in ENTRY.findall(text) for name in found.split(",")}


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Name the arguments of a function, without ``self``."""
    given = function.args
    every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
    return {arg.arg for arg in every if arg is not None} - {"self", "cls"}


def is_public(name: str) -> bool:
    """Tell whether a name is meant for callers."""
    return not name.startswith("_") and name not in EXPLAINED_ELSEWHERE


def bases(product: list[Any]) -> dict[str, list[str]]:
    """Name the parents of every class of the package."""
    return {
        node.name: [base.id for base in node.bases if isinstance(base, ast.Name)]
        for module in product
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }


def methods(product: list[Any]) -> set[tuple[str, str]]:
    """List (class, method) for every method of the package."""
    return {
        (node.name, item.name)
        for module in product
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.FunctionDef)
    }


def protocols(product: list[Any]) -> set[str]:
    """Name the classes that only say what others must be able to do."""
    return {name for name, parents in bases(product).items() if "Protocol" in parents}


def public_functions(product: list[Any]) -> Iterator[tuple[Any, str, Any]]:
    """Yield (module, class or nothing, function) for all that a caller may call."""
    for module in product:
        if module.name.startswith(DOCUMENTED_BY_HELP):
            continue
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef) and is_public(node.name):
                yield module, "", node
            if isinstance(node, ast.ClassDef) and is_public(node.name):
                for item in node.body:
                    if isinstance(item, ast.FunctionDef) and is_public(item.name):
                        yield module, node.name, item


def gives(function: ast.FunctionDef) -> bool:
    """Tell whether a function hands anything back."""
    nothing = isinstance(function.returns, ast.Constant) and function.returns.value is None
    return function.returns is not None and not nothing


def complaints(owner: str, function: ast.FunctionDef) -> list[str]:
    """List what the docstring of ``function`` lacks, or explains though it is not there."""
    found = sections(function)
    needed, named = arguments(function), entries(found.get("Parameters", ""))
    says = [f"explains {name!r}, which is no argument" for name in sorted(named - needed)]
    promised = bool({owner, function.name} & PROMISED) and not owner.endswith("Error")
    if len(needed) >= MANY or (promised and needed):
        says += [f"does not explain {name!r}" for name in sorted(needed - named)]
        if gives(function) and not {"Returns", "Yields"} & set(found):
            says.append("has no Returns")
    return says


def test_everything_public_says_what_it_is(product: list[Any]) -> None:
    silent = [module.name for module in product if not ast.get_docstring(module.tree)]
    silent += [
        f"{module.at(node)} {node.name}"
        for module in product
        for node in module.tree.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and is_public(node.name)
        if not ast.get_docstring(node)
    ]
    silent += [
        f"{module.at(function)} {owner}.{function.name}"
        for module, owner, function in public_functions(product)
        if owner and not ast.get_docstring(function)
    ]
    assert not silent, "\n".join(silent)


def test_arguments_and_results_are_explained(product: list[Any]) -> None:
    parents, known = bases(product), methods(product)
    contracts = protocols(product)
    agreed = {name for owner, name in known if owner in contracts}
    lacking = [
        f"{module.at(function)} {function.name} {complaint}"
        for module, owner, function in public_functions(product)
        # What a route takes and gives is explained where its readers look: in OpenAPI.
        if "/service/routes/" not in module.name
        if not any((parent, function.name) in known for parent in parents.get(owner, []))
        if not owner or owner in contracts or function.name not in agreed
        for complaint in complaints(owner, function)
    ]
    assert not lacking, "\n".join(lacking)


def test_what_coterie_hands_out_has_an_example(product: list[Any]) -> None:
    bare = [
        f"{module.at(node)} {node.name}"
        for module in product
        for node in module.tree.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name in PROMISED
        if not node.name.endswith("Error") and "Examples" not in sections(node)
    ]
    assert not bare, "\n".join(bare)
