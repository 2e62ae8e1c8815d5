"""Rules written by hand: ordered conditions, the first that holds gives the segment.

Conditions are the portable SQL of features and are always run by an engine, in Python
too, so a rule cannot mean two things.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from coterie.engine.condition import check_condition
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import MAX_MADE, renamed
from coterie.errors import ParameterError
from coterie.segmentation.base import Floats, Labels, Placement, Traits
from coterie.segmentation.nearest import check_matrix, check_names
from coterie.segmentation.wishes import MAX_K

_ROWS = 122_880
"""Rows handed to the engine at a time."""


@dataclass(frozen=True)
class RulesModel:
    """Conditions in order; segment ``i`` is whom the ``i``-th is the first to hold for.

    Parameters
    ----------
    columns : tuple of str
        Names of the matrix columns, in order (``Matrix.plain`` hands features on as they are).
    conditions : tuple of str
        SQL conditions over these names. Whoever meets none is in the last segment, whose
        number is the number of conditions. A condition that is NULL does not hold.
    unknown : mapping of str to str, optional
        Column -> the column beside it that is above 0 where the first counts as NULL.

    Raises
    ------
    ParameterError
        If there is no condition or more than 49, or one is not allowed or not a condition.

    Examples
    --------
    >>> rules = RulesModel(("recency", "spend"), ("recency > 90", "spend >= 500"))
    >>> rules.assign(np.array([[10.0, 900.0], [200.0, 900.0], [10.0, 20.0]])).tolist()
    [1, 0, 2]
    >>> aged = RulesModel(("age", "gap"), ("age < 30",), {"age": "gap"})
    >>> aged.assign(np.array([[20.0, 0.0], [0.0, 1.0]])).tolist()
    [0, 1]
    """

    columns: tuple[str, ...]
    conditions: tuple[str, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)
    kind: ClassVar[str] = "rules"
    fidelity: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.conditions) < MAX_K:
            raise ParameterError(
                f"{len(self.conditions)} rules.", allowed=f"Write 1 to {MAX_K - 1} conditions."
            )
        self._checked()

    @property
    def n_segments(self) -> int:
        """Number of conditions, and one for whoever meets none."""
        return len(self.conditions) + 1

    def distances(self, matrix: Floats) -> Floats:
        """Return 0 for a customer's own segment and 1 for the others, shape (n, n_segments)."""
        costs = np.ones((len(matrix), self.n_segments))
        costs[np.arange(len(matrix)), self.assign(matrix)] = 0.0
        return costs

    def assign(self, matrix: Floats) -> Labels:
        """Return the segment of each row, int32 of shape (n,)."""
        check_matrix(matrix, len(self.columns))
        names = [f"c{i}" for i in range(len(self.columns))]
        label = self.sql(names)
        parts = [np.empty(0, dtype=np.int32)]
        with DuckDB(threads=1) as db:
            for start in range(0, len(matrix), _ROWS):
                rows = np.asarray(matrix[start : start + _ROWS], dtype=np.float64)
                columns = dict(zip(names, map(pa.array, rows.T.copy()), strict=True))
                db.load("rows", pa.table({**columns, "position": np.arange(len(rows))}))
                found = db.query(f"SELECT {label} AS label FROM rows ORDER BY position")
                parts.append(found.column("label").to_numpy().astype(np.int32))
        return np.concatenate(parts)

    def place(self, matrix: Floats) -> Placement:
        """Return segment, the same as runner-up, and margin 1: rules know no nearness."""
        labels = self.assign(matrix)
        return Placement(labels, labels, np.ones(len(labels)))

    def sql(self, columns: Sequence[str]) -> str:
        """Return an SQL expression for ``assign`` over columns of these names, in order."""
        check_names(columns, len(self.columns))
        new = dict(zip(self.columns, columns, strict=True))
        unknown = {name: new[gap] for name, gap in self.unknown.items()}
        whens = " ".join(
            f"WHEN {renamed(condition, new, unknown)} THEN {i}"
            for i, condition in enumerate(self._checked())
        )
        return f"CASE {whens} ELSE {len(self.conditions)} END"

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON."""
        columns, conditions = list(self.columns), list(self.conditions)
        made = {"columns": columns, "conditions": conditions, "unknown": dict(self.unknown)}
        return {"kind": self.kind, **made}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RulesModel:
        """Return the model that ``to_dict`` wrote; its conditions are checked again."""
        return cls(tuple(data["columns"]), tuple(data["conditions"]), dict(data["unknown"]))

    def _checked(self) -> list[str]:
        return [
            check_condition(condition, self.columns, {}, where=f"rule {number}", longest=MAX_MADE)[
                0
            ]
            for number, condition in enumerate(self.conditions, start=1)
        ]


class Rules:
    """Segments by hand-written conditions; nothing is learned from the rows.

    Parameters
    ----------
    columns : sequence of str
        Names of the matrix columns, in order.
    conditions : sequence of str
        SQL conditions over these names; the first that holds gives the segment.

    Examples
    --------
    >>> rules = Rules(["recency"], ["recency <= 30", "recency <= 90"])
    >>> rules.fit(np.array([[5.0]]), 3, seed=0).sql(["r"])
    'CASE WHEN "r" <= 30 THEN 0 WHEN "r" <= 90 THEN 1 ELSE 2 END'
    """

    name = "rules"
    traits = Traits("segments that are already agreed on; written by hand", sql=True, takes_k=False)
    models = (RulesModel,)

    def __init__(self, columns: Sequence[str], conditions: Sequence[str]) -> None:
        self.model = RulesModel(tuple(columns), tuple(conditions))

    def fit(
        self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None
    ) -> RulesModel:
        """Return the rules, whatever the rows and however many segments are asked for."""
        del k, seed, weights
        check_matrix(matrix, len(self.model.columns))
        return self.model
