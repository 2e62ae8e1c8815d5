"""Which numbers of a migration must stay hidden, all that is told of it taken together.

The rows, the matrices, the causes and the sizes of segments are sums of the same few: every
number that is told is written as a sum of rows, and whoever knows them all knows no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coterie.privacy.disclosure import FLOOR, suppress
from coterie.profiling.crossing import Crossing, Step
from coterie.profiling.migration import ABSENT
from coterie.profiling.publication import Hiding, floor_of, hidden_sizes
from coterie.store.results import Run

_MOVED = ("aged", "behaved", "border", "corrected", "unknown")
_OUTSIDE = ("none", ABSENT)
_Key = tuple[str, ...]
_Row = tuple[str, str, str]
"""Segment before and now; the cause."""


@dataclass(frozen=True)
class HiddenMoves:
    """What of a migration is hidden; by itself nothing.

    Parameters
    ----------
    keys : frozenset of tuple
        Of each hidden number what it counts.
    floor : int
        Least customers of what is told.
    steps : bool
        Whether what customers did and what a new model did is told apart from each other, as
        matrices: only if the model is the same. Causes are told in any case.
    """

    keys: frozenset[_Key] = frozenset()
    floor: int = FLOOR
    steps: bool = True

    def items(self, migration: pa.Table) -> list[dict[str, Any]]:
        """Return the rows that may be told; without steps those of one way and cause are one."""
        rows: list[dict[str, Any]] = migration.to_pylist()
        if not self.steps:
            found: dict[_Row, int] = {}
            for row in rows:
                found[_row_of(row)] = found.get(_row_of(row), 0) + row["customers"]
            rows = [
                {"from_id": a, "via_id": None, "to_id": b, "cause": cause, "customers": n}
                for (a, b, cause), n in found.items()
            ]
        return [row for row in rows if ("row", *_row_of(row)) not in self.keys]

    def matrix(self, found: Crossing, step: Step) -> NDArray[np.bool_]:
        """Return which cells of a matrix are hidden."""
        if step == "model" and self.steps:  # nobody: only sizes stand in it
            cells = [[a == b and ("to", a) in self.keys for b in found.columns] for a in found.rows]
        elif step == "all" or self.steps:
            cells = [[("all", a, b) in self.keys for b in found.columns] for a in found.rows]
        else:
            cells = [[True] * len(found.columns)] * len(found.rows)
        return np.array(cells, bool).reshape(found.counts.shape)

    def told(self, kind: str, name: str, n: int) -> int | None:
        """Return a sum unless it is hidden.

        Parameters
        ----------
        kind, name : str
            ``from`` or ``to`` and a segment; ``cause`` and which; ``sum`` and ``then``, ``now``,
            ``moved`` or ``all``.
        n : int
            The sum.

        Returns
        -------
        int or None
            None if it is hidden.
        """
        return None if (kind, name) in self.keys else n


def hidden_moves(
    migration: pa.Table,
    floor: int = FLOOR,
    *,
    before: Hiding | None = None,
    after: Hiding | None = None,
) -> HiddenMoves:
    """Return what must be hidden of a migration.

    Parameters
    ----------
    migration : pa.Table
        Columns of ``MIGRATION``.
    floor : int, default 25
        Numbers of fewer customers are hidden, and others so that none can be worked out.
    before, after : Hiding, optional
        What is hidden of the segments of both moments where they are published on their own:
        their other sizes are known, and what follows from these alone cannot be hidden.

    Returns
    -------
    HiddenMoves
        By the law of ``disclosure.suppress``.
    """
    rows: dict[_Row, int] = {}
    table = migration.to_pylist()
    for row in table:
        rows[_row_of(row)] = rows.get(_row_of(row), 0) + int(row["customers"])
    counts: dict[_Key, int] = {}
    parts: dict[_Key, list[_Key]] = {}
    possible = set(_possible(rows))
    for row in sorted(rows.keys() | possible):
        counts["row", *row] = rows.get(row, 0)
        for key in _sums(row):
            counts[key] = counts.get(key, 0) + rows.get(row, 0)
            parts.setdefault(key, []).append(("row", *row))
    known, also = _published_sizes(counts, before, after)
    hidden = suppress(
        counts,
        list(parts.items()),
        floor,
        also=also,
        unsaid=[("row", *row) for row in sorted(possible - rows.keys())],
        said=[key for key in known if counts[key] >= floor],
    )
    same = all(row["via_id"] == row["to_id"] for row in table)
    return HiddenMoves(hidden, floor, same)


def hidden_moves_between(migration: pa.Table, before: Run | None, after: Run) -> HiddenMoves:
    """Return what must be hidden of the moves between two runs.

    Parameters
    ----------
    migration : pa.Table
        Columns of ``MIGRATION``.
    before : Run or None
        None if it is not there any more.
    after : Run
        Its floor holds.

    Returns
    -------
    HiddenMoves
        As ``hidden_moves`` gives it; sizes of the segments of both are known.
    """
    floor = floor_of(after.manifest)
    return hidden_moves(
        migration,
        floor,
        before=hidden_sizes(before.segments, floor) if before else None,
        after=hidden_sizes(after.segments, floor),
    )


def _row_of(row: Mapping[str, Any]) -> _Row:
    return row["from_id"], row["to_id"], row["cause"]


def _sums(row: _Row) -> Iterator[_Key]:
    """Yield the numbers that a row is part of."""
    start, end, cause = row
    yield ("all", start, end)
    yield ("from", start)
    yield ("to", end)
    yield ("cause", cause)
    yield ("sum", "all")
    for name, applies in {
        "then": start != ABSENT,
        "now": end != ABSENT,
        "moved": cause in _MOVED,
        "placed then": start not in _OUTSIDE,
        "placed now": end not in _OUTSIDE,
    }.items():
        if applies:
            yield ("sum", name)


def _possible(rows: Mapping[_Row, int]) -> Iterator[_Row]:
    """Yield the rows that could be there, so that a cell of nobody is one of few as well."""
    causes = [cause for cause in _MOVED if any(row[2] == cause for row in rows)] or ["aged"]
    starts, ends = {row[0] for row in rows}, {row[1] for row in rows}
    for start, end in product(starts, ends):
        if start == end:
            if start != ABSENT:
                yield start, end, "stayed"
        elif ABSENT in (start, end):
            yield start, end, "new" if start == ABSENT else "gone"
        else:
            yield from ((start, end, cause) for cause in causes)


def _published_sizes(
    counts: Mapping[_Key, int], before: Hiding | None, after: Hiding | None
) -> tuple[list[_Key], list[_Key]]:
    """Return the sizes that are told elsewhere, and those that are hidden there."""
    known: list[_Key] = []
    also: list[_Key] = []
    for kind, whole, hiding in (("from", "placed then", before), ("to", "placed now", after)):
        if hiding is None:
            continue
        mine = [key for key in counts if key[0] == kind and key[1] not in _OUTSIDE]
        also += [key for key in mine if key[1] in hiding.sizes]
        known += [key for key in mine if key[1] not in hiding.sizes]
        if ("sum", whole) in counts:
            (also if hiding.whole else known).append(("sum", whole))
    return known, also
