"""Why a person got an answer, in short phrases; and segments in order, as tiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.errors import ParameterError
from coterie.prediction.scores import Codes, Floats

MOST_REASONS = 3
LEAST_POINTS = 0.005
"""Changes of a chance below half a point are told without their number."""
LEAST_ODDS = 0.1
"""Logarithms of odds below which a field says next to nothing."""
LEAST = 1e-300
TIERS = ("not potential", "potential", "highly potential customer")

Say = Callable[[str, Any], str]


@dataclass(frozen=True)
class Weight:
    """What the values of a field do to the answers, one number a row.

    Parameters
    ----------
    points : float64 array, shape (n,)
        How much likelier the answer is than with the typical value; above 0 it speaks for it.
    odds : float64 array, shape (n,)
        The same for the logarithm of the odds, which tells even where all is sure.
    """

    points: Floats
    odds: Floats


def contributions(
    chances: Callable[[pa.Table], Floats],
    frame: pa.Table,
    typical: Mapping[str, Any],
    answers: Codes,
) -> dict[str, Weight]:
    """Return by field what each row's value does to its answer, against the typical value.

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
    dict of str to Weight
        Fields are replaced one at a time, so what several say together is not shared out.
    """

    def told(table: pa.Table) -> tuple[Floats, Floats]:
        found = chances(table)
        own = found[np.arange(len(found)), answers]
        others = np.where(np.eye(found.shape[1], dtype=bool)[answers], 0.0, found).sum(axis=1)
        return own, np.log(np.maximum(own, LEAST)) - np.log(np.maximum(others, LEAST))

    points, odds = told(frame)
    found = {}
    for name, value in typical.items():
        at = frame.schema.get_field_index(name)
        column = pa.array([value] * frame.num_rows, frame.schema.field(at).type)
        other = told(frame.set_column(at, name, column))
        found[name] = Weight(points - other[0], odds - other[1])
    return found


def reasons(
    frame: pa.Table, found: Mapping[str, Weight], typical: Mapping[str, Any], *, say: Say
) -> list[list[str]]:
    """Return at most three phrases a row, the strongest first.

    Parameters
    ----------
    frame : pa.Table
        Holds the fields.
    found : mapping of str to Weight
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
        order = sorted(found, key=lambda name: -abs(float(found[name].odds[row])))
        told.append(
            [
                f"{name}: {say(name, columns[name][row])}, not {say(name, typical[name])}: "
                + _effect(float(found[name].points[row]), float(found[name].odds[row]))
                for name in order[:MOST_REASONS]
                if abs(float(found[name].odds[row])) >= LEAST_ODDS
            ]
        )
    return told


def _effect(points: float, odds: float) -> str:
    if abs(points) >= LEAST_POINTS:
        return f"{100 * points:+.0f} points"
    return "speaks for it" if odds > 0 else "speaks against it"


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
