"""What is predicted: the classes in a column, in their order, as words.

A column of many numbers is cut into its lowest, middle and highest third.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.errors import ParameterError
from coterie.features.column import to_floats
from coterie.schema import Attribute

MOST_CLASSES = 12
"""Numbers with more different values are cut into thirds."""


@dataclass(frozen=True)
class Target:
    """The classes of some customers.

    Parameters
    ----------
    labels : tuple of str or None
        Class of each row; None is not known.
    order : tuple of str
        The classes; numbers and ordinals from low to high.
    values : tuple of float or None
        The number that each class stands for, if the classes are in order.
    """

    labels: tuple[str | None, ...]
    order: tuple[str, ...]
    values: tuple[float, ...] | None = None


def target_of(attribute: Attribute, column: pa.ChunkedArray, say: Callable[[Any], str]) -> Target:
    """Return the classes in a column of the customer table.

    Parameters
    ----------
    attribute : Attribute
        The column as it was read.
    column : pa.ChunkedArray
        Its values.
    say : callable
        Writes a value for people.

    Returns
    -------
    Target
        Thirds have the numbers 0, 1 and 2.

    Raises
    ------
    ParameterError
        If it is a date, a key, a category with too many values, or numbers of which more than
        a third are equal.

    Examples
    --------
    >>> column = pa.chunked_array([[float(n) for n in range(30)]])
    >>> found = target_of(Attribute("Income", "number"), column, lambda v: f"{v:g}")
    >>> found.order
    ('Income up to 9', 'Income 10 to 19', 'Income from 20')
    """
    if attribute.kind not in {"number", "ordinal", "category", "flag"}:
        raise ParameterError(
            f"{attribute.name!r} is of kind {attribute.kind!r} and cannot be predicted.",
            allowed="A label is a category, a flag, an ordinal or a number.",
            where="label",
        )
    levels = sorted(pc.unique(column.drop_null()).to_pylist())
    numeric = attribute.kind in {"number", "ordinal"}
    if numeric and len(levels) > MOST_CLASSES:
        return _thirds(attribute.name, column, say)
    if len(levels) > MOST_CLASSES:
        raise ParameterError(
            f"{attribute.name!r} has {len(levels)} different values.",
            allowed=f"A label has at most {MOST_CLASSES}.",
            where="label",
        )
    if attribute.kind == "category":
        listed = [word for _, word in attribute.labels]
        levels.sort(key=lambda word: listed.index(word) if word in listed else len(listed))
    labels = tuple(None if value is None else say(value) for value in column.to_pylist())
    order = tuple(say(level) for level in levels)
    if attribute.kind == "category" and not attribute.labels and len(levels) > 2:
        return Target(labels, order)
    values = tuple(map(float, levels)) if numeric else tuple(map(float, range(len(levels))))
    return Target(labels, order, values)


def _thirds(name: str, column: pa.ChunkedArray, say: Callable[[Any], str]) -> Target:
    numbers = to_floats(column)
    known = np.sort(numbers[np.isfinite(numbers)])
    cuts = [known[round(len(known) * part / 3) - 1] for part in (1, 2)]
    if not cuts[0] < cuts[1] < known[-1]:
        raise ParameterError(
            f"{name!r} has too many equal values to be cut into thirds.", where="label"
        )
    first, last = (known[np.searchsorted(known, cut, side="right")] for cut in cuts)
    order = (
        f"{name} up to {say(float(cuts[0]))}",
        f"{name} {say(float(first))} to {say(float(cuts[1]))}",
        f"{name} from {say(float(last))}",
    )
    place = np.searchsorted(np.array(cuts), numbers, side="left")
    labels = tuple(
        order[at] if finite else None
        for at, finite in zip(place.tolist(), np.isfinite(numbers).tolist(), strict=True)
    )
    return Target(labels, order, (0.0, 1.0, 2.0))
