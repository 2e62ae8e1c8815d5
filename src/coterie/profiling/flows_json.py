"""A migration as JSON, whole or as it may leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coterie.profiling.crossing import Crossing, Step, crossing
from coterie.profiling.hidden_moves import HiddenMoves
from coterie.profiling.migration import causes_of
from coterie.profiling.publication import few

_STEPS: tuple[tuple[str, Step], ...] = (
    ("all", "all"),
    ("by_behaviour", "behaviour"),
    ("by_model", "model"),
)


def flows_dict(
    migration: pa.Table,
    segments: Mapping[str, Mapping[str, Any]],
    start: str,
    end: str,
    *,
    hidden: HiddenMoves | None = None,
) -> dict[str, Any]:
    """Return a migration as JSON, with the matrices of its steps.

    Parameters
    ----------
    migration : pa.Table
        Columns of ``MIGRATION``.
    segments : mapping of str to mapping
        Segment id to its ``name`` and ``slot``, in the order wanted.
    start, end : str
        What the two moments are called.
    hidden : HiddenMoves, optional
        What must not be told: rows of it are left out, other numbers are None. After a
        refit the steps are None, and the rows are without ``via_id``.

    Returns
    -------
    dict
        from, to, causes, segments, items (the rows), total, customers, the matrices ``all``,
        ``by_behaviour`` and ``by_model``, and ``suppressed``, with ``hidden_reason``.

    Examples
    --------
    >>> from coterie.profiling.migration import MIGRATION
    >>> flows_dict(MIGRATION.empty_table(), {}, "r1", "r2")["customers"]
    0
    """
    known = hidden or HiddenMoves()
    items = known.items(migration)
    found = {
        "from": start,
        "to": end,
        "causes": {
            cause: known.told("cause", cause, n) for cause, n in causes_of(migration).items()
        },
        "segments": [{"id": name, **told} for name, told in segments.items()],
        "items": items,
        "total": len(items),
        "customers": known.told("sum", "all", sum(migration["customers"].to_pylist())),
    }
    for name, step in _STEPS:
        matrix = crossing(migration, step, order=list(segments))
        cells = known.matrix(matrix, step)
        found[name] = matrix.to_dict(cells, _untold_rows(matrix, step, cells, known))
    return found | {
        "suppressed": bool(known.keys),
        **({"hidden_reason": few(known.floor)} if known.keys else {}),
    }


def _untold_rows(
    matrix: Crossing, step: Step, cells: NDArray[np.bool_], known: HiddenMoves
) -> NDArray[np.bool_]:
    """Return the rows whose sums are hidden, or not told anywhere."""
    if step == "model":
        return np.array([row.any() for row in cells], bool)
    return np.array([("from", name) in known.keys for name in matrix.rows], bool)
