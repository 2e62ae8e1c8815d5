"""The smallest change of a customer's columns that moves her, for data without orders.

Only what can change is changed: never ids, dates, places or protected attributes, and only
to values seen in other customers, so that no ordinal leaves its steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.profiling.explain import Customers, flips, tried_values

FEW = 16
"""Values of each column that are tried when two change together."""
MOST_PAIRS = 28
DISCLAIMER = "It describes the model; it does not promise that anything would change."
NOTHING = "No change of one or two columns within reach moves this customer."


@dataclass(frozen=True)
class Change:
    """New values of one or two columns, and the segment that they lead to."""

    values: tuple[tuple[str, Any], ...]
    segment: int
    distance: float
    """In the units of the matrix: standard deviations, weighted as the model weighs them."""


def changeable(customers: Customers) -> list[str]:
    """Return the columns of the model that may be changed.

    Parameters
    ----------
    customers : Customers
        Of the run; its model knows which attributes are protected.

    Returns
    -------
    list of str
        In the order of the matrix.
    """
    fixed = {
        attribute.name
        for attribute in customers.released.attributes
        if attribute.protected
        or attribute.role == "geography"
        or attribute.kind in {"date", "key", "ignore"}
    }
    return [source for source in customers.released.matrix.sources if source not in fixed]


def smallest_change(
    customers: Customers, customer_id: str, targets: Sequence[int]
) -> Change | None:
    """Return the smallest change that leads to one of some segments; scored by the model.

    Parameters
    ----------
    customers : Customers
        Of the run.
    customer_id : str
        As in the data.
    targets : sequence of int
        Numbers of the segments that count.

    Returns
    -------
    Change or None
        Of one column if there is any, else of two.

    Raises
    ------
    NotReadyError
        If there is no such customer.
    """
    place = customers.at(customer_id)
    columns = changeable(customers)
    single = [
        Change(((source, found[0][0]),), found[0][1], found[0][2])
        for source in columns
        if (found := flips(customers, place, source, targets))
    ]
    if not single:
        pairs = list(combinations(columns, 2))[:MOST_PAIRS]
        tried = (_pair(customers, place, pair, targets) for pair in pairs)
        single = [change for change in tried if change is not None]
    return min(single, key=lambda change: change.distance, default=None)


def sentence(customers: Customers, customer_id: str, change: Change | None) -> str:
    """Return a change in words, as a description of the model and no promise.

    Parameters
    ----------
    customers : Customers
        Of the run.
    customer_id : str
        As in the data.
    change : Change or None
        As found.

    Returns
    -------
    str
        What would be different, and where it leads.
    """
    if change is None:
        return NOTHING
    place = customers.at(customer_id)
    parts = [
        f"{customers.label(source)} {customers.said(source, value)} instead of "
        f"{customers.said(source, customers.value(place, source))}"
        for source, value in change.values
    ]
    other = customers.segment(change.segment)
    return (
        f"With {' and '.join(parts)} they would be in {other['name'] if other else 'none'} "
        f"(checked by scoring again). {DISCLAIMER}"
    )


def _pair(
    customers: Customers, place: int, pair: tuple[str, str], targets: Sequence[int]
) -> Change | None:
    """Return the nearest hit of two columns that change together."""
    few = [_few(tried_values(customers, source)) for source in pair]
    first, second = (
        index.ravel() for index in np.meshgrid(*(np.arange(len(values)) for values in few))
    )
    table = customers.frame.slice(place, 1).take(pa.array(np.zeros(first.size, dtype=np.int64)))
    for source, values, chosen in zip(pair, few, (first, second), strict=True):
        at = table.schema.get_field_index(source)
        new = pa.chunked_array([values.take(pa.array(chosen))])
        table = table.set_column(at, table.schema.field(at), new)
    rows = customers.released.matrix.transform(table)
    labels = customers.released.model.assign(rows)
    far = np.sqrt(((rows - customers.rows[place]) ** 2).sum(axis=1))
    far[~np.isin(labels, list(targets))] = np.inf
    best = int(np.argmin(far)) if far.size else -1
    if best < 0 or not np.isfinite(far[best]):
        return None
    found = tuple(
        (source, values[int(chosen[best])].as_py())
        for source, values, chosen in zip(pair, few, (first, second), strict=True)
    )
    return Change(found, int(labels[best]), float(far[best]))


def _few(values: pa.Array) -> pa.Array:
    if len(values) <= FEW:
        return values
    return values.take(pa.array(np.linspace(0, len(values) - 1, FEW).astype(int)))
