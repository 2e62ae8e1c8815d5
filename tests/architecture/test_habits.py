"""Habits that no linter knows: time and chance come from outside, nothing is hushed up."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}
CLOCK_OWNERS = {"datetime", "date", "time", "dt"}
CLOCK_SQL = re.compile(r"\bcurrent_(date|time|timestamp)\b|\bnow\(\)|\btoday\(\)", re.IGNORECASE)
# These three meet the world outside: a user, a folder of runs, a log.
MAY_READ_THE_CLOCK = ("src/coterie/cli.py", "src/coterie/pipeline", "src/coterie/store/")
SEEDED = {"default_rng", "Generator", "SeedSequence", "PCG64", "Philox", "BitGenerator"}
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


def test_chance_is_seeded(product: list[Any]) -> None:
    unseeded = []
    for module in product:
        for node, name in calls(module):
            owner, _, last = name.rpartition(".")
            known = {word.arg for word in node.keywords}
            bare = last == "default_rng" and not node.args and not known
            legacy = owner.endswith("random") and last not in SEEDED
            stateless = last in NEEDS_STATE and "random_state" not in known and None not in known
            if bare or legacy or stateless or name in {"uuid.uuid4", "uuid.uuid1", "os.urandom"}:
                unseeded.append(f"{module.at(node)} {name}")
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
