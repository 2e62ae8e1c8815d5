"""What is told of moves tells of no few customers, in any of its matrices and sums."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from coterie.privacy.disclosure import FLOOR
from coterie.profiling.flows_json import flows_dict
from coterie.profiling.hidden_moves import hidden_moves
from coterie.profiling.migration import ABSENT, MIGRATION
from coterie.profiling.publication import find_hiding

_LOG = logging.getLogger(__name__)
Ranges = Callable[..., dict[Any, tuple[float, float]]]


def migration(seed: int, k: int, n: int, *, refit: bool) -> pa.Table:
    """Draw who moved: most stay, some are new, and with a new model the border moves some."""
    random = np.random.default_rng(seed)
    names = [f"seg-{i:03}" for i in range(k)]
    chance = random.dirichlet(np.ones(k))
    before = random.choice(names, n, p=chance)
    moves = random.random(n) < 0.15
    via = np.where(moves, random.choice(names, n, p=chance), before)
    after = np.where(random.random(n) < 0.1 * refit, random.choice(names, n, p=chance), via)
    before = np.where(random.random(n) < 0.05, ABSENT, before)
    rows: dict[tuple[str, ...], int] = {}
    for a, v, b in zip(before.tolist(), via.tolist(), after.tolist(), strict=True):
        cause = random.choice(["aged", "behaved"])
        cause = "new" if a == ABSENT else "stayed" if a == b else "border" if v == a else cause
        rows[a, v, b, cause] = rows.get((a, v, b, cause), 0) + 1
    table = [dict(zip(MIGRATION.names, (*key, n), strict=True)) for key, n in sorted(rows.items())]
    return pa.Table.from_pylist(table, schema=MIGRATION)


def sizes(moves: pa.Table, column: str) -> dict[str, int]:
    """Count the customers of each segment at one of the moments."""
    found: dict[str, int] = {}
    for row in moves.to_pylist():
        if row[column] != ABSENT:
            found[row[column]] = found.get(row[column], 0) + row["customers"]
    return found


def attacked(moves: pa.Table, told: dict[str, Any], ranges: Ranges, known: dict[Any, int]) -> Any:
    """Return all numbers, and between what each not told must lie, by all that is told."""
    rows: dict[Any, int] = {}
    for row in moves.to_pylist():
        key = row["from_id"], row["to_id"], row["cause"]
        rows[key] = rows.get(key, 0) + row["customers"]
    for a in told["all"]["rows"]:  # what could be is not known not to be
        for b in told["all"]["columns"]:
            causes = ["new"] if a == ABSENT else ["stayed"] if a == b else ["aged", "behaved"]
            for cause in causes:
                rows.setdefault((a, b, cause), 0)
    counts: dict[Any, int] = {("row", *row): n for row, n in rows.items()}
    parts: dict[Any, list[Any]] = {}
    for a, b, cause in rows:
        for key in (("all", a, b), ("from", a), ("to", b), ("cause", cause), ("customers",)):
            parts.setdefault(key, []).append(("row", a, b, cause))
    counts |= {key: sum(counts[part] for part in mine) for key, mine in parts.items()}
    shown = {("row", r["from_id"], r["to_id"], r["cause"]): r["customers"] for r in told["items"]}
    shown |= {("cause", cause): n for cause, n in told["causes"].items() if n is not None}
    shown |= {("customers",): told["customers"]} if told["customers"] is not None else {}
    matrix = told["all"]
    for a, line, shares in zip(matrix["rows"], matrix["customers"], matrix["shares"], strict=False):
        for b, n, share in zip(matrix["columns"], line, shares, strict=True):
            assert n is not None or share is None
            if n is not None:
                shown["all", a, b] = n
            if n and share:
                shown["from", a] = round(n / share)
    shown |= known
    assert all(counts[key] == n for key, n in shown.items())
    return counts, ranges(counts, list(parts.items()), counts.keys() - shown.keys())


@pytest.mark.parametrize("refit", [False, True])
def test_no_move_of_a_few_can_be_worked_out(ranges: Ranges, *, refit: bool) -> None:
    checked = 0
    for seed in range(6):
        k = 2 + seed % 3
        moves = migration(seed, k, 200 + 200 * seed, refit=refit)
        before, after = sizes(moves, "from_id"), sizes(moves, "to_id")
        hidings = {name: find_hiding(of, {}) for name, of in (("before", before), ("after", after))}
        secret = hidden_moves(moves, **hidings)
        told = flows_dict(moves, {}, "r1", "r2", hidden=secret)
        assert told["suppressed"]
        apart = [
            n for step in ("by_behaviour", "by_model") for r in told[step]["customers"] for n in r
        ]
        if refit:
            assert set(apart) == {None}
            assert {row["via_id"] for row in told["items"]} <= {None}
        known = {("from", s): n for s, n in before.items() if s not in hidings["before"].sizes}
        known |= {("to", s): n for s, n in after.items() if s not in hidings["after"].sizes}
        counts, found = attacked(moves, told, ranges, known)
        # sizes of both moments are told anyway: how many are new may follow from them alone
        nothing = {**flows_dict(moves.slice(0, 0), {}, "", ""), "customers": None}
        shape = {"all": {**told["all"], "customers": [], "shares": []}}
        _, given = attacked(moves, {**nothing, **shape}, ranges, known)
        real = {("row", r["from_id"], r["to_id"], r["cause"]) for r in moves.to_pylist()}
        for key, (low, high) in found.items():
            if counts[key] < FLOOR and (key[0] in {"all", "cause"} or key in real):
                checked += 1
                assert low <= given[key][0] + 1e-6, key
                assert high >= min(given[key][1], FLOOR - 1) - 1e-6, key
    assert checked > 50


@pytest.mark.parametrize("refit", [False, True])
def test_of_the_moves_of_a_shop_most_is_told(*, refit: bool) -> None:
    moves = migration(1, 7, 40_000, refit=refit)
    before, after = (find_hiding(sizes(moves, c), {}) for c in ("from_id", "to_id"))
    told = flows_dict(moves, {}, "r1", "r2", hidden=hidden_moves(moves, before=before, after=after))
    whole = flows_dict(moves, {}, "r1", "r2")
    cells = [n for row in whole["all"]["customers"] for n in row]
    hidden = [n for row in told["all"]["customers"] for n in row].count(None)
    small = sum(n < FLOOR for n in cells)
    _LOG.info("%d of %d cells are hidden, %d are under 25", hidden, len(cells), small)
    assert hidden - small < 0.2 * len(cells)
    assert None not in told["causes"].values()
