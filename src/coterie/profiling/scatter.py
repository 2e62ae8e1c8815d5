"""Customers as points: by two of their columns, or by the two directions that vary most.

A named axis says more than a component; distances of components are rough, and how much of
the variation they show is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coterie.errors import ParameterError
from coterie.features.column import to_floats
from coterie.profiling.explain import Customers
from coterie.segmentation.base import Floats

MOST_POINTS = 50_000
_DIGITS = 4
_SQUARES = 16
"""Squares along each axis of a map without single customers."""


@dataclass(frozen=True)
class Axis:
    """One axis: the column it shows, or the columns that weigh most in a component."""

    name: str
    label: str
    unit: str = ""
    log: bool = False


@dataclass(frozen=True)
class Scatter:
    """Points and what they mean.

    Parameters
    ----------
    x, y : Axis
        What is shown.
    shown : float or None
        Share of the variation; None where axes are columns.
    ids : tuple of str
        Customers, in the order of the points.
    points : float64 array, shape (n, 2)
        Where they lie.
    segment_ids : tuple of str or None
        The segment of each; None for none.
    """

    x: Axis
    y: Axis
    shown: float | None
    ids: tuple[str, ...]
    points: Floats
    segment_ids: tuple[str | None, ...]


def scatter(
    customers: Customers, axes: tuple[str, str] | None = None, *, most: int, seed: int
) -> Scatter:
    """Place customers in a plane.

    Parameters
    ----------
    customers : Customers
        Of the run.
    axes : tuple of str, optional
        Two columns of numbers that the model reads; default the two principal components of
        its matrix, each pointing to where its largest weight is positive.
    most : int
        Points; beyond, as many are drawn without repeats.
    seed : int
        Of the draw.

    Returns
    -------
    Scatter
        By customer id.

    Raises
    ------
    ParameterError
        If a column is not one of numbers that the model reads, or there is only one.
    """
    n = customers.frame.num_rows
    drawn: NDArray[np.int64] = np.arange(n)
    if n > most:
        drawn = np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
    ids = customers.frame.column("customer_id").take(pa.array(drawn)).to_pylist()
    if axes is not None:
        x, y = (_axis(customers, name) for name in axes)
        points = np.column_stack([to_floats(customers.frame.column(name))[drawn] for name in axes])
        shown = None
    else:
        x, y, shown, points = _components(customers, drawn)
    names = [*customers.released.ids, None]  # NOISE is -1: the last
    placed = tuple(names[number] for number in customers.labels[drawn].tolist())
    return Scatter(x, y, shown, tuple(ids), points.round(_DIGITS), placed)


def blurred(found: Scatter, floor: int) -> Scatter:
    """Return the points that many share: nobody's own values, and nobody's id.

    Parameters
    ----------
    found : Scatter
        Customers as points.
    floor : int
        Least customers of a segment in a square; of others none is shown.

    Returns
    -------
    Scatter
        Each point in the middle of one of 16 × 16 squares, which hold as many along each axis;
        ids are empty.
    """
    known = np.isfinite(found.points).all(axis=1)
    middle = np.zeros_like(found.points)
    square = np.zeros(len(found.points), np.int64)
    for axis in (0, 1) if known.any() else ():
        values = found.points[:, axis]
        cuts = np.unique(np.quantile(values[known], np.linspace(0, 1, _SQUARES + 1)[1:-1]))
        part = np.searchsorted(cuts, values, side="right")
        for one in np.unique(part[known]):
            middle[part == one, axis] = np.median(values[known & (part == one)])
        square = square * (_SQUARES + 1) + part
    names = sorted({str(one) for one in found.segment_ids})
    of = np.array([names.index(str(one)) for one in found.segment_ids], np.int64)
    _, group, counts = np.unique(square * len(names) + of, return_inverse=True, return_counts=True)
    keep = np.flatnonzero(known & (counts[group] >= floor))
    return replace(
        found,
        ids=("",) * len(keep),
        points=middle[keep].round(_DIGITS),
        segment_ids=tuple(found.segment_ids[place] for place in keep.tolist()),
    )


def numeric_columns(customers: Customers) -> list[str]:
    """Return the columns of numbers that the model reads, by which customers can be placed."""
    return [
        source
        for source in customers.released.matrix.sources
        if pa.types.is_floating(customers.frame.column(source).type)
    ]


def _axis(customers: Customers, name: str) -> Axis:
    if name not in numeric_columns(customers):
        raise ParameterError.unknown("axis", name[:100], numeric_columns(customers))
    numbers = to_floats(customers.frame.column(name))
    numbers = numbers[np.isfinite(numbers)]
    # A long tail on a plain axis leaves all but a few in one corner.
    spread = numbers.size and numbers.min() >= 0 and numbers.max() > 20 * np.median(numbers) > 0
    return Axis(name, customers.label(name), customers.units.get(name, ""), bool(spread))


def _components(customers: Customers, drawn: NDArray[np.int64]) -> tuple[Axis, Axis, float, Floats]:
    rows = customers.rows
    if rows.shape[1] < 2:
        raise ParameterError(
            "The segments look at one column; there is no second direction.",
            allowed=", ".join(numeric_columns(customers)),
            where="x",
        )
    centred = rows - rows.mean(axis=0)
    two, shown = directions(centred)
    labels = [customers.label(column.source) for column in customers.released.matrix.columns]
    x, y = (Axis(f"pc{i + 1}", axis_words(weights, labels)) for i, weights in enumerate(two))
    return x, y, sum(shown), centred[drawn] @ two.T


def directions(centred: Floats) -> tuple[Floats, tuple[float, float]]:
    """Return the two directions in which rows vary most.

    Parameters
    ----------
    centred : float64 array, shape (n, d)
        Rows whose columns have mean 0; d is 2 or more.

    Returns
    -------
    float64 array, shape (2, d)
        Of length 1; each points to where its largest weight is positive.
    tuple of float
        The share of the variation along each; 0 if nothing varies.

    Examples
    --------
    >>> directions(np.array([[-3.0, 0.0], [3.0, 0.0], [0.0, -1.0], [0.0, 1.0]]))[1]
    (0.9, 0.1)
    """
    _, size, found = np.linalg.svd(centred.T @ centred)
    two = found[:2]
    largest = np.abs(two.round(6)).argmax(axis=1)
    total = float(size.sum()) or 1.0
    first, second = (round(float(one) / total, 12) for one in size[:2])
    return two * np.sign(two[[0, 1], largest])[:, None], (first, second)


def axis_words(weights: Floats, labels: Sequence[str]) -> str:
    """Return the two columns that weigh most in a direction, in words.

    Examples
    --------
    >>> axis_words(np.array([0.1, -0.9, 0.4]), ["Age", "Spend", "Visits"])
    'less: Spend, more: Visits'
    """
    order = sorted(range(len(labels)), key=lambda i: (-abs(round(float(weights[i]), 6)), i))
    return ", ".join(f"{'more' if weights[i] > 0 else 'less'}: {labels[i]}" for i in order[:2])
