"""Why a person got an answer, in short phrases; and segments in order, as tiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.errors import ParameterError
from coterie.prediction.scores import Codes, Floats

MOST_REASONS = 3
LEAST_POINTS = 0.005
"""Changes of a chance below half a point are not told."""
TOGETHER = "No single answer decides: with any one of them as usual it would be the same."
TIERS = ("not potential", "potential", "highly potential customer")

Say = Callable[[str, Any], str]


def contributions(
    chances: Callable[[pa.Table], Floats],
    frame: pa.Table,
    typical: Mapping[str, Any],
    answers: Codes,
) -> dict[str, Floats]:
    """Return by field how much less likely each row's answer is with the typical value.

    Parameters
    ----------
    chances : callable
        Gives the chance of every class for each row of a table.
    frame : pa.Table
        Holds the fields.
    typical : mapping of str to value
        Field -> the value put in its place.
    answers : int array, shape (n,)
        The class asked about, one a row.

    Returns
    -------
    dict of str to float64 array, shape (n,)
        Above 0: the value speaks for the answer. Fields are replaced one at a time, so
        what several say together is not shared out.
    """
    rows = np.arange(frame.num_rows)
    said = chances(frame)[rows, answers]
    found = {}
    for name, value in typical.items():
        at = frame.schema.get_field_index(name)
        column = pa.array([value] * frame.num_rows, frame.schema.field(at).type)
        found[name] = said - chances(frame.set_column(at, name, column))[rows, answers]
    return found


def reasons(
    frame: pa.Table, found: Mapping[str, Floats], typical: Mapping[str, Any], *, say: Say
) -> list[list[str]]:
    """Return at most three phrases a row, the strongest first.

    Parameters
    ----------
    frame : pa.Table
        Holds the fields.
    found : mapping of str to float64 array
        As ``contributions`` gives it.
    typical : mapping of str to value
        What each field was compared with.
    say : callable
        Writes a value of a field for people.

    Returns
    -------
    list of list of str
        Such as ``["Job: skilled, not unskilled: +12 points"]``.
    """
    told: list[list[str]] = []
    columns = {name: frame.column(name).to_pylist() for name in found}
    for row in range(frame.num_rows):
        order = sorted(found, key=lambda name: -abs(float(found[name][row])))
        told.append(
            [
                f"{name}: {say(name, columns[name][row])}, not {say(name, typical[name])}: "
                f"{100 * float(found[name][row]):+.0f} points"
                for name in order[:MOST_REASONS]
                if abs(float(found[name][row])) >= LEAST_POINTS
            ]
            or [TOGETHER]
        )
    return told


def tiers(medians: Sequence[tuple[str, float]], column: str) -> dict[str, str]:
    """Cut segments, in the order of a column, into three tiers of names.

    Parameters
    ----------
    medians : sequence of (str, float)
        Segment -> median of the column among its customers.
    column : str
        The column, for the error.

    Returns
    -------
    dict of str to str
        Segment -> tier: the lowest third of the segments, the middle and the highest.

    Raises
    ------
    ParameterError
        If there are fewer than three segments.

    Examples
    --------
    >>> tiers([("seg-001", 90.0), ("seg-002", 200.0), ("seg-003", 120.0)], "Income")["seg-003"]
    'potential'
    """
    if len(medians) < len(TIERS):
        raise ParameterError(
            f"{len(medians)} segments cannot be put into three tiers by {column}.",
            hint="Set k = 3 under [segmentation] and run again.",
            where="tiers",
        )
    order = sorted(medians, key=lambda pair: (pair[1], pair[0]))
    return {name: TIERS[place * 3 // len(order)] for place, (name, _) in enumerate(order)}
