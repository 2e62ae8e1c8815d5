"""Habits that no linter knows: time and chance come from outside, nothing is hushed up."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}
CLOCK_OWNERS = {"datetime", "date", "time", "dt"}
CLOCK_SQL = re.compile(r"\bcurrent_(date|time|timestamp)\b|\bnow\(\)|\btoday\(\)", re.IGNORECASE)
# These meet the world outside: a user, a folder of runs, a log, whoever asks a server.
MAY_READ_THE_CLOCK = (
    "src/coterie/cli/",
    "src/coterie/pipeline",
    "src/coterie/store/",
    "src/coterie/service/deps.py",
)
MAY_DRAW_NAMES = "src/coterie/service/ids.py"
BIT_GENERATORS = {"PCG64", "PCG64DXSM", "Philox", "SFC64", "MT19937", "SeedSequence", "default_rng"}
SEEDED = BIT_GENERATORS | {"Generator", "BitGenerator"}
CHANCE_SQL = re.compile(r"\b(random|rand|uuid|gen_random_uuid)\(\)", re.IGNORECASE)
NEEDS_STATE = {"KMeans", "MiniBatchKMeans", "BisectingKMeans", "GaussianMixture", "TruncatedSVD"}
NEEDS_STATE |= {"RandomForestClassifier", "RandomForestRegressor", "HistGradientBoostingRegressor"}
NEEDS_STATE |= {
    "HistGradientBoostingClassifier",
    "train_test_split",
    "resample",
    "permutation_test",
}
# Written in two halves, so that this file does not name what it forbids.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
MACHINE = re.compile("/" + r"(work|farm|home|root|Users)/\w|bash" + "_jobs")
REGISTRY = re.compile(
    r"pypi\.(org|python)|python" + r"hosted\.|npm" + r"js\.|--(extra-)?index" + "-url",
    re.IGNORECASE,
)


def dotted(node: ast.expr) -> str:
    """Write an attribute chain as it stands in the code: ``np.random.rand``."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(module: Any) -> list[tuple[ast.Call, str]]:
    """List every call with the dotted name that is called."""
    nodes = (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))
    return [(node, dotted(node.func)) for node in nodes]


def test_the_core_reads_no_clock(product: list[Any]) -> None:
    reads = []
    for module in product:
        if module.name.startswith(MAY_READ_THE_CLOCK):
            continue
        for node, name in calls(module):
            owner, _, last = name.rpartition(".")
            if last in CLOCKS and owner.split(".")[-1] in CLOCK_OWNERS:
                reads.append(f"{module.at(node)} {name}")
        reads += [module.at(text) for text in module.strings() if CLOCK_SQL.search(text.value)]
    assert not reads, "\n".join(reads)


def imported_from(module: Any, package: str) -> set[str]:
    """Name what a module takes from ``package`` or its parts."""
    return {
        alias.asname or alias.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package
        for alias in node.names
    }


def is_unseeded(call: ast.Call, name: str, learners: set[str]) -> bool:
    """Tell whether a call draws, or makes something that draws, without a seed of ours."""
    owner, _, last = name.rpartition(".")
    given = {word.arg for word in call.keywords}
    if name in {"uuid.uuid4", "uuid.uuid1", "os.urandom"}:
        return True
    if owner in {"np.random", "numpy.random"} and last not in SEEDED:
        return True
    if last in BIT_GENERATORS:
        return not call.args and not given
    return name in learners & NEEDS_STATE and not given & {"random_state", None}


def test_chance_is_seeded(product: list[Any]) -> None:
    unseeded = []
    for module in product:
        if module.name == MAY_DRAW_NAMES:
            continue
        learners = imported_from(module, "sklearn")
        unseeded += [
            f"{module.at(call)} {name}"
            for call, name in calls(module)
            if is_unseeded(call, name, learners)
        ]
        unseeded += [module.at(text) for text in module.strings() if CHANCE_SQL.search(text.value)]
    assert not unseeded, "\n".join(unseeded)


def test_no_error_is_hushed_up(code: list[Any]) -> None:
    hushed = [
        module.at(node)
        for module in code
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        if node.type is None or dotted(node.type) in {"Exception", "BaseException"}
        if all(isinstance(line, ast.Pass) or _is_ellipsis(line) for line in node.body)
    ]
    assert not hushed, "\n".join(hushed)


def _is_ellipsis(line: ast.stmt) -> bool:
    """Tell whether a statement is a lone ``...``."""
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


@pytest.mark.parametrize(
    "pattern", [UNFINISHED, MACHINE, REGISTRY], ids=["unfinished", "machine", "registry"]
)
def test_no_file_says(texts: dict[str, str], pattern: re.Pattern[str]) -> None:
    said = [
        f"{name}:{number} {line.strip()[:80]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not said, "\n".join(said)
