"""The popular RFM grid with its eleven names, and the RFM cells: what others use.

They run as references in every choice and are returned only when nothing holds.
The grid here gives each of the 25 cells exactly one name; published versions overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from coterie.engine.sql import identifier
from coterie.errors import DataError, ParameterError
from coterie.segmentation.base import Floats, Labels, Placement

Scores = NDArray[np.integer[Any]]

GRID_NAMES = (
    "Champions",
    "Loyal",
    "Potential loyalists",
    "New",
    "Promising",
    "Needs attention",
    "About to sleep",
    "At risk",
    "Cannot lose",
    "Hibernating",
    "Lost",
)
"""Names of the grid's segments, by number."""

_GRID = np.array(
    [  # frequency and money 1 … 5
        [10, 9, 7, 8, 8],  # recency 1: longest ago
        [9, 9, 7, 7, 7],
        [6, 6, 5, 1, 1],
        [4, 2, 2, 1, 0],
        [3, 2, 2, 0, 0],  # recency 5: just now
    ],
    dtype=np.int32,
)


@dataclass(frozen=True)
class RfmGridModel:
    """The named grid over recency score × mean of frequency and money score.

    Parameters
    ----------
    scores : mapping
        The fitted scores as plain JSON, kept so that the model is complete.

    Examples
    --------
    >>> model = RfmGridModel({})
    >>> [GRID_NAMES[i] for i in model.assign(np.array([[5, 5, 5], [5, 1, 1], [1, 1, 1]]))]
    ['Champions', 'New', 'Lost']
    """

    scores: Mapping[str, Any]
    kind: ClassVar[str] = "rfm-grid"
    fidelity: ClassVar[float] = 1.0

    @property
    def n_segments(self) -> int:
        """Number of names, eleven; some may hold no customer."""
        return len(GRID_NAMES)

    def distances(self, matrix: Scores | Floats) -> Floats:
        """Return 0 for a customer's own segment and 1 for the others, shape (n, 11)."""
        costs = np.ones((len(matrix), self.n_segments))
        costs[np.arange(len(matrix)), self.assign(matrix)] = 0.0
        return costs

    def assign(self, matrix: Scores | Floats) -> Labels:
        """Return the number of each customer's name.

        Parameters
        ----------
        matrix : array of whole numbers, shape (n, 3)
            Scores 1 to 5 of recency, frequency and money; 5 is best. The mean of the
            last two is rounded up at a half.

        Returns
        -------
        int32 array, shape (n,)
            Places in ``GRID_NAMES``.

        Raises
        ------
        DataError
            If a score is not 1 to 5.
        """
        recency, frequency, money = _scores(matrix).T
        labels: Labels = _GRID[recency - 1, (frequency + money + 1) // 2 - 1]
        return labels

    def place(self, matrix: Scores | Floats) -> Placement:
        """Return segment, the same as runner-up, and margin 1: a grid knows no nearness."""
        labels = self.assign(matrix)
        return Placement(labels, labels, np.ones(len(labels)))

    def sql(self, columns: Sequence[str]) -> str:
        """Return an SQL expression for ``assign`` over the three score columns.

        Raises
        ------
        ParameterError
            If there are not three names.
        """
        if len(columns) != 3:
            raise ParameterError(f"{len(columns)} columns.", allowed="Name R, F and M scores.")
        recency, frequency, money = (identifier(name) for name in columns)
        whens = []
        for r, row in enumerate(_GRID.tolist(), start=1):
            cells = " ".join(
                f"WHEN {frequency} + {money} <= {2 * fm} THEN {label}"
                for fm, label in enumerate(row[:-1], start=1)
            )
            whens.append(f"WHEN {r} THEN CASE {cells} ELSE {row[-1]} END")
        return f"CASE {recency} {' '.join(whens)} END"

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON."""
        return {"kind": self.kind, "scores": dict(self.scores)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RfmGridModel:
        """Return the model that ``to_dict`` wrote."""
        return cls(data["scores"])


def rfm_cells(scores: Scores | Floats) -> Labels:
    """Return the RFM cell of each customer: equal score triples share a number from 0.

    Parameters
    ----------
    scores : array of whole numbers, shape (n, 3)
        Scores 1 to 5 of recency, frequency and money.

    Returns
    -------
    int32 array, shape (n,)
        Numbers of the cells that occur, in the order 111, 112, … 555.

    Raises
    ------
    DataError
        If a score is not 1 to 5.

    Examples
    --------
    >>> rfm_cells(np.array([[5, 5, 5], [1, 2, 1], [5, 5, 5]])).tolist()
    [1, 0, 1]
    """
    cells = _scores(scores) @ np.array([100, 10, 1])
    return np.unique(cells, return_inverse=True)[1].astype(np.int32)


def _scores(matrix: Scores | Floats) -> NDArray[np.int64]:
    scores = np.asarray(matrix)
    if scores.ndim != 2 or scores.shape[1] != 3 or not np.isin(scores, (1, 2, 3, 4, 5)).all():
        raise DataError("RFM scores must be 1 to 5 in three columns: recency, frequency, money.")
    return scores.astype(np.int64)
