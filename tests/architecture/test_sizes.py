"""Files, functions and argument lists stay small enough to be read at once."""

from __future__ import annotations

import ast
from typing import Any

FILE_LINES = 400
FUNCTION_LINES = 60
ARGUMENTS = 7


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function without its docstring: explaining more is no fault."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Name the arguments a caller may give."""
    given = function.args
    names = [arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def test_files_stay_under_the_limit(code: list[Any]) -> None:
    long = {module.name: n for module in code if (n := module.text.count("\n")) > FILE_LINES}
    assert not long, long


def test_functions_stay_under_the_limit(code: list[Any]) -> None:
    long = {
        f"{module.at(function)} {function.name}": lines
        for module in code
        for function in module.functions()
        if (lines := code_lines(function)) > FUNCTION_LINES
    }
    assert not long, long


def test_nine_functions_in_ten_fit_into_thirty_lines(product: list[Any]) -> None:
    lines = sorted(code_lines(function) for module in product for function in module.functions())
    assert lines[int(len(lines) * 0.9)] <= 30


def test_functions_take_few_arguments(product: list[Any]) -> None:
    # Commands of the shell have one argument for each flag: there the limit would hide nothing.
    many = {
        f"{module.at(function)} {function.name}": len(arguments(function))
        for module in product
        for function in module.functions()
        if "/cli/" not in module.name and len(arguments(function)) > ARGUMENTS
    }
    assert not many, many
