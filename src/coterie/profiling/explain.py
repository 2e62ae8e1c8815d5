"""Why a customer is in her segment, and what keeps her out of another.

All of it describes the model: what it looks at, and where its borders lie. None of it says
that a campaign would work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.errors import NotReadyError, ParameterError
from coterie.features.column import to_floats
from coterie.profiling import format as fmt
from coterie.segmentation.base import NOISE, Floats, Labels
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.released import Released

MOST_REASONS = 5
STEPS = 200
"""Values of a column that are tried: they were all seen in other customers."""


@dataclass(frozen=True)
class Customers:
    """What a run knows of its customers, in the columns that its model reads.

    Parameters
    ----------
    released : Released
        The model.
    frame : pa.Table
        customer_id and the columns of the matrix, of the customers that can be segmented.
    names : mapping of str to str
        Segment id to name.
    units : mapping of str to str
        Column to unit.
    currency : str
        ISO code, or empty.
    """

    released: Released
    frame: pa.Table
    names: Mapping[str, str]
    units: Mapping[str, str]
    currency: str = ""

    @cached_property
    def rows(self) -> Floats:
        """The matrix, a row a customer."""
        return self.released.matrix.transform(self.frame)

    @cached_property
    def labels(self) -> Labels:
        """The segment number of each customer."""
        return self.released.model.assign(self.rows)

    @cached_property
    def _place_of(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.frame.column("customer_id").to_pylist())}

    @cached_property
    def _sorted(self) -> dict[str, Floats]:
        found = {}
        for source in self.released.matrix.sources:
            if not pa.types.is_floating(self.frame.column(source).type):
                continue
            numbers = to_floats(self.frame.column(source))
            found[source] = np.sort(numbers[np.isfinite(numbers)])
        return found

    def at(self, customer_id: str) -> int:
        """Return the place of a customer in ``frame``.

        Raises
        ------
        NotReadyError
            If she is not in the run, or has no orders.
        """
        if customer_id not in self._place_of:
            ids = list(self._place_of)[:1]
            raise NotReadyError(
                f"No customer with orders has the id {customer_id!r}.",
                hint=f"Ids here look like {ids[0]!r}." if ids else "",
                where="customer_id",
            )
        return self._place_of[customer_id]

    def number(self, segment: str) -> int:
        """Return the number of a segment, given by its id or its name.

        Raises
        ------
        ParameterError
            If there is none of that id or name.
        """
        ids = self.released.ids
        known = {name: name for name in ids} | {self.names.get(i, i).lower(): i for i in ids}
        found = known.get(segment) or known.get(segment.lower())
        if found is None:
            raise ParameterError.unknown("segment", segment, [self.names.get(i, i) for i in ids])
        return ids.index(found)

    def value(self, place: int, source: str) -> Any:
        """Return the value of a column of the customer at this place."""
        return self.frame.column(source)[place].as_py()

    def said(self, source: str, value: Any) -> str:
        """Write a value in its unit."""
        if value is None or (isinstance(value, float) and not np.isfinite(value)):
            return "unknown"
        if isinstance(value, bool | str):
            return str(value)
        return fmt.quantity(float(value), self.units.get(source, ""), self.currency)

    def label(self, source: str) -> str:
        """Return the words for a column."""
        return self.released.words.get(source, source)

    def segment(self, number: int) -> dict[str, str] | None:
        """Return id and name of a segment; None for no segment.

        Parameters
        ----------
        number : int
            Of the model, or ``NOISE``.

        Returns
        -------
        dict or None
            ``id`` and ``name``.
        """
        if number == NOISE:
            return None
        name = self.released.ids[number]
        return {"id": name, "name": self.names.get(name, name)}

    def position(self, source: str, value: Any) -> float | None:
        """Return the share of customers whose value is lower, those of the same value halved."""
        known = self._sorted.get(source)
        if known is None or not isinstance(value, float) or not known.size:
            return None
        low, high = (np.searchsorted(known, value, side=side) for side in ("left", "right"))
        return float((low + high) / 2 / known.size)


def why(customers: Customers, customer_id: str) -> dict[str, Any]:
    """Return what speaks most for the segment of a customer, against the next nearest.

    Parameters
    ----------
    customers : Customers
        Of the run.
    customer_id : str
        As in the data.

    Returns
    -------
    dict
        segment, second, margin and at most five reasons, the strongest first: feature, label,
        value, place among all customers (0 to 1), weight (share of all that speaks for the
        segment) and a sentence. ``weight`` is None for models without centres.

    Raises
    ------
    NotReadyError
        If there is no such customer.
    """
    place = customers.at(customer_id)
    row = customers.rows[place : place + 1]
    placed = customers.released.model.place(row)
    own, second = int(placed.segment[0]), int(placed.second[0])
    speaks = _speaks(customers, row[0], own, second)
    total = sum(amount for amount in speaks.values() if amount > 0)
    order = sorted(speaks, key=lambda source: -speaks[source])
    reasons = [
        _reason(customers, place, source, speaks[source] / total if total else None)
        for source in order
        if not total or speaks[source] > 0
    ]
    return {
        "customer_id": customer_id,
        "segment": customers.segment(own),
        "second": customers.segment(second) if second != own else None,
        "margin": round(float(placed.margin[0]), 6),
        "reasons": reasons[:MOST_REASONS],
    }


def why_not(customers: Customers, customer_id: str, segment: str) -> dict[str, Any]:
    """Return what keeps a customer out of a segment, the largest gap first.

    Parameters
    ----------
    customers : Customers
        Of the run.
    customer_id : str
        As in the data.
    segment : str
        Id or name.

    Returns
    -------
    dict
        segment (hers), other, and gaps: feature, label, value, typical (the median, or the
        most frequent word, of that segment), weight, needed (the nearest value seen in others
        with which, all else as it is, she would be placed there; None if there is none) and
        a sentence.

    Raises
    ------
    NotReadyError
        If there is no such customer.
    ParameterError
        If there is no such segment, or she is in it.
    """
    place, target = customers.at(customer_id), customers.number(segment)
    own = int(customers.labels[place])
    other = customers.segment(target)
    if own == target or other is None:
        raise ParameterError(
            f"Customer {customer_id} is in {other['name'] if other else segment}.",
            hint="Name another segment.",
            where="segment",
        )
    row = customers.rows[place]
    keeps = _speaks(customers, row, own, target)
    total = sum(amount for amount in keeps.values() if amount > 0)
    inside = np.flatnonzero(customers.labels == target)
    gaps = []
    for source in sorted(keeps, key=lambda name: -keeps[name]):
        if total and keeps[source] <= 0:
            continue
        value, typical = customers.value(place, source), _typical(customers, source, inside)
        needed = next(iter(flips(customers, place, source, [target])), None)
        gaps.append(
            {
                "feature": source,
                "label": customers.label(source),
                "value": value,
                "typical": typical,
                "needed": needed[0] if needed else None,
                "weight": round(keeps[source] / total, 6) if total else None,
                "text": _gap(customers, source, value, typical, needed, other["name"]),
            }
        )
    return {
        "customer_id": customer_id,
        "segment": customers.segment(own),
        "other": other,
        "gaps": gaps,
    }


def tried_values(customers: Customers, source: str) -> pa.Array:
    """Return values of a column seen in customers, at most 200 of them, spread evenly."""
    data = customers.frame.column(source).combine_chunks()
    known = pc.unique(data.drop_null())
    known = known.take(pc.sort_indices(known))
    if len(known) > STEPS:
        known = known.take(pa.array(np.linspace(0, len(known) - 1, STEPS).astype(int)))
    return known


def flips(
    customers: Customers, place: int, source: str, targets: Sequence[int]
) -> list[tuple[Any, int, float]]:
    """Return the values of one column with which a customer lands in one of some segments.

    Parameters
    ----------
    customers : Customers
        Of the run.
    place : int
        Of the customer.
    source : str
        The column that alone changes.
    targets : sequence of int
        Numbers of the segments that count.

    Returns
    -------
    list of (value, segment, distance)
        The nearest first, in the units of the matrix. Each was placed by the model.
    """
    values = tried_values(customers, source)
    table = customers.frame.slice(place, 1).take(pa.array(np.zeros(len(values), dtype=np.int64)))
    at = table.schema.get_field_index(source)
    table = table.set_column(at, table.schema.field(at), pa.chunked_array([values]))
    rows = customers.released.matrix.transform(table)
    labels = customers.released.model.assign(rows)
    far = np.sqrt(((rows - customers.rows[place]) ** 2).sum(axis=1))
    hits = [i for i in np.argsort(far, kind="stable") if labels[i] in targets]
    return [(values[int(i)].as_py(), int(labels[i]), float(far[i])) for i in hits]


def _speaks(customers: Customers, row: Floats, own: int, other: int) -> dict[str, float]:
    """Return by column how much nearer it brings a row to one segment than to another."""
    matrix, model = customers.released.matrix, customers.released.model
    amounts = dict.fromkeys(matrix.sources, 0.0)
    if isinstance(model, KMeansModel) and own != NOISE and own != other:
        nearer = (row - model.centroids[other]) ** 2 - (row - model.centroids[own]) ** 2
        for column, amount in zip(matrix.columns, nearer.tolist(), strict=True):
            amounts[column.source] += amount
    return amounts


def _reason(customers: Customers, place: int, source: str, weight: float | None) -> dict[str, Any]:
    value = customers.value(place, source)
    position = customers.position(source, value)
    text = f"{customers.label(source)}: {customers.said(source, value)}"
    if position is not None:
        share = round(100 * (position if position >= 0.5 else 1 - position))
        text += f", {'more' if position >= 0.5 else 'less'} than {min(share, 99)} in 100"
    return {
        "feature": source,
        "label": customers.label(source),
        "value": value,
        "place": None if position is None else round(position, 6),
        "weight": None if weight is None else round(weight, 6),
        "text": f"{text}.",
    }


def _typical(customers: Customers, source: str, inside: Any) -> Any:
    """Return the median of a column within a segment, or its most frequent word."""
    data = customers.frame.column(source).take(pa.array(inside)).drop_null()
    if not len(data):
        return None
    if pa.types.is_floating(data.type):
        return float(np.median(to_floats(data)))
    return _most(data)


def _most(data: pa.ChunkedArray) -> Any:
    counted = [(row["counts"], row["values"]) for row in pc.value_counts(data).to_pylist()]
    return min(counted, key=lambda pair: (-pair[0], str(pair[1])))[1]


def _gap(
    customers: Customers,
    source: str,
    value: Any,
    typical: Any,
    needed: tuple[Any, int, float] | None,
    name: str,
) -> str:
    label, here = customers.label(source), customers.said(source, value)
    text = f"{label}: {here}; {name} typically {customers.said(source, typical)}."
    if needed:
        text += f" With {customers.said(source, needed[0])} and all else as it is: {name}."
    return text
