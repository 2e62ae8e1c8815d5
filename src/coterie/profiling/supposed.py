"""What may be supposed of a customer, and where it would lead: her levers.

A lever has only values that the model can be asked about; what is impossible is refused, field
by field, before anything is scored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.errors import ParameterError
from coterie.features.column import to_floats
from coterie.profiling.changes import changeable
from coterie.profiling.explain import Customers

MOST_ORDERS = 10
MOST_DAYS = 90
MOST_VALUES = 100
"""Values of a column of words that are listed."""
_REACH = 3
"""Times the usual order up to which a slider goes."""
_STEPS = 100


@dataclass(frozen=True)
class Lever:
    """Something of a customer that can change.

    Parameters
    ----------
    name : str
        By which it is changed.
    label : str
        In words.
    value : float, str, bool or None
        Now; of orders what the form begins with.
    unit : str
        Of numbers.
    low, high, step : float or None
        Of numbers: what a slider shows.
    least, most : float or None
        Of numbers: what is accepted.
    values : tuple
        Of words and flags: what is accepted.
    """

    name: str
    label: str
    value: Any
    unit: str = ""
    low: float | None = None
    high: float | None = None
    step: float | None = None
    least: float | None = None
    most: float | None = None
    values: tuple[Any, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {**asdict(self), "values": list(self.values)}

    def read(self, value: Any) -> Any:
        """Return a value that this lever accepts.

        Parameters
        ----------
        value : Any
            As given.

        Returns
        -------
        Any
            A float, or one of ``values``.

        Raises
        ------
        ParameterError
            If it is none.

        Examples
        --------
        >>> Lever("days", "Within days", 14, least=1, most=90).read("28")
        28.0
        """
        if self.values:
            for known in self.values:
                if value == known and isinstance(value, bool) == isinstance(known, bool):
                    return known
            raise ParameterError.unknown(self.label, str(value), [str(v) for v in self.values])
        number = _number(value)
        least = -math.inf if self.least is None else self.least
        most = math.inf if self.most is None else self.most
        if number is None or not least <= number <= most:
            raise ParameterError(
                f"{self.label} cannot be {str(value)[:100]!r}.",
                allowed=f"a number from {least:g} to {most:g}"
                if math.isfinite(most)
                else f"a number of {least:g} or more"
                if math.isfinite(least)
                else "a number",
                where=self.name,
            )
        return number


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def order_levers(usual: float, currency: str) -> list[Lever]:
    """Return the levers of a customer with orders: how many more, of what size, how soon.

    Parameters
    ----------
    usual : float
        Her usual order, in units of money.
    currency : str
        ISO code, or empty.

    Returns
    -------
    list of Lever
        ``orders``, ``amount`` and ``days``.
    """
    step = _nice(usual * _REACH / _STEPS)
    amount = max(round(usual / step) * step, step)
    return [
        Lever("orders", "More orders", 1, "", 0, 5, 1, least=0, most=MOST_ORDERS),
        Lever(
            "amount",
            "Money of each order",
            round(amount, 6),
            currency,
            0.0,
            round(max(math.ceil(usual * _REACH / step) * step, step), 6),
            step,
            least=0.0,
            most=1e9,
        ),
        Lever("days", "Within days", 14, "days", 1, 28, 1, least=1, most=MOST_DAYS),
    ]


def column_levers(customers: Customers, customer_id: str) -> list[Lever]:
    """Return the levers of a customer without orders: the columns that can change.

    Parameters
    ----------
    customers : Customers
        Of the run.
    customer_id : str
        As in the data.

    Returns
    -------
    list of Lever
        In the order of the matrix: numbers within what was seen, words that were seen.
    """
    place = customers.at(customer_id)
    return [_lever(customers, place, source) for source in changeable(customers)]


def _lever(customers: Customers, place: int, source: str) -> Lever:
    column = customers.frame.column(source)
    label, value = customers.label(source), customers.value(place, source)
    if pa.types.is_floating(column.type):
        numbers = to_floats(column)
        numbers = numbers[np.isfinite(numbers)]
        low, high = float(numbers.min()), float(numbers.max())
        step = 1.0 if np.all(numbers == np.round(numbers)) else _nice((high - low) / _STEPS)
        shown = None if value is None or not math.isfinite(value) else value
        unit = customers.units.get(source, "")
        return Lever(source, label, shown, unit, low, high, step, least=low, most=high)
    counted = pc.value_counts(column.drop_null()).to_pylist()
    counted.sort(key=lambda one: (-one["counts"], str(one["values"])))
    return Lever(source, label, value, values=tuple(one["values"] for one in counted[:MOST_VALUES]))


def _nice(number: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above a number.

    Examples
    --------
    >>> _nice(18.3), _nice(0.07), _nice(0)
    (10.0, 0.05, 0.01)
    """
    if number <= 0:
        return 0.01
    power = 10.0 ** math.floor(math.log10(number))
    return float(max(m * power for m in (1, 2, 5) if m * power <= number))


def read_changes(levers: Sequence[Lever], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes that were asked for, checked.

    Parameters
    ----------
    levers : sequence of Lever
        What may be changed.
    changes : mapping
        Name of a lever to its new value.

    Returns
    -------
    dict
        In the order of the levers.

    Raises
    ------
    ParameterError
        If one cannot be changed, or not to that; or if there is none.
    """
    known = {lever.name: lever for lever in levers}
    for name in changes:
        if name not in known:
            raise ParameterError.unknown("column that can change", name[:100], list(known))
    if not changes:
        raise ParameterError("Nothing is changed.", allowed=", ".join(known), where="changes")
    return {name: lever.read(changes[name]) for name, lever in known.items() if name in changes}


def changed_row(customers: Customers, customer_id: str, changes: Mapping[str, Any]) -> int:
    """Return the segment of a customer with some columns changed, by the model itself.

    Parameters
    ----------
    customers : Customers
        Of the run.
    customer_id : str
        As in the data.
    changes : mapping
        Column to its new value, checked.

    Returns
    -------
    int
        The number of the segment.
    """
    row = customers.frame.slice(customers.at(customer_id), 1)
    for source, value in changes.items():
        at = row.schema.get_field_index(source)
        field = row.schema.field(at)
        row = row.set_column(at, field, pa.array([value], type=field.type))
    return int(customers.released.model.assign(customers.released.matrix.transform(row))[0])


def sentence(
    now: Mapping[str, str] | None, then: Mapping[str, str] | None, idle: Mapping[str, str] | None
) -> str:
    """Return in words where a supposed change leads.

    Parameters
    ----------
    now, then, idle : mapping or None
        The segments now, with the change, and with none for as long; None: no segment.

    Returns
    -------
    str
        As a description of the model and no promise.

    Examples
    --------
    >>> print(sentence({"name": "New"}, {"name": "Loyal"}, {"name": "New"}))
    They would move from New to Loyal. It describes the model; it promises nothing.
    >>> print(sentence({"name": "New"}, {"name": "Lost"}, {"name": "Lost"}))
    They would move from New to Lost, as they would without it. It describes the model; it
    promises nothing.
    """
    first, last = (one["name"] if one else "no segment" for one in (now, then))
    stays = first == last
    told = f"They would stay in {last}" if stays else f"They would move from {first} to {last}"
    if idle is not None and idle["name"] != first:
        other = "" if idle["name"] == last else f"; without it to {idle['name']}"
        told += ", as they would without it" if idle["name"] == last else other
    return f"{told}. It describes the model; it promises nothing."
