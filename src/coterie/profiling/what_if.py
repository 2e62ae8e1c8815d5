"""What would move a customer up: real orders, tried on the exact state and scored again.

Beside every action stands what doing nothing for the same days comes to, because time alone
moves customers too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.features.catalogue import CLV
from coterie.features.column import to_floats
from coterie.profiling import format as fmt
from coterie.profiling.tried import Trial, score_again
from coterie.schema import MICROS
from coterie.segmentation.released import Released

ORDERS = (1, 2, 3)
FACTORS = (1.0, 1.25, 1.5)
DAYS = (7, 14, 28)
EACH = len(ORDERS) * len(FACTORS) + 1
"""Trials of each number of days; the last is doing nothing."""
DISCLAIMER = "It describes the model; it does not promise that a campaign works."
NOTHING = "No action tried moves this customer to a segment of higher expected value."
_NUMBERS = ("one", "two", "three")


@dataclass(frozen=True)
class Action:
    """Some orders of a size within some days, and where they lead."""

    orders: int
    amount: float
    """Money of each order, in units."""
    days: int
    segment: int
    idle_segment: int
    """Where doing nothing for as many days leads."""

    @property
    def cost(self) -> tuple[float, int, int]:
        """What makes an action cheap: little money, few orders, much time."""
        return (round(self.orders * self.amount, 6), self.orders, -self.days)


def simulate(
    db: DuckDB, released: Released, folder: Path, customer_ids: Sequence[str], *, as_of: int
) -> dict[str, list[Action]]:
    """Try {1, 2, 3 orders} x {usual size, +25 %, +50 %} x {7, 14, 28 days} on customers.

    Parameters
    ----------
    db : DuckDB
        An engine of its own; tables are replaced.
    released : Released
        The model; it may look at features of orders only.
    folder : Path
        The canonical tables of the run.
    customer_ids : sequence of str
        Whom to look at.
    as_of : int
        The day of the run: the orders begin on it.

    Returns
    -------
    dict of str to list of Action
        By customer, all 27 actions; each scored on the day after its last order. The usual
        size is the median of her own order days. Customers without one are left out.

    Raises
    ------
    NotReadyError
        If the model looks at something that orders do not change, or the tables are gone.
    """
    plans = list(product(DAYS, [*product(ORDERS, FACTORS), (0, 1.0)]))
    trials = [Trial(days, orders, factor) for days, (orders, factor) in plans]
    found, usual = score_again(db, released, folder, customer_ids, trials, as_of=as_of)
    return {
        customer: [
            Action(
                trial.orders,
                round(size * trial.factor) / MICROS,
                trial.days,
                found[customer, number].segment,
                found[customer, number - number % EACH + EACH - 1].segment,
            )
            for number, trial in enumerate(trials)
            if trial.orders
        ]
        for customer, size in usual.items()
    }


def cheapest(actions: Sequence[Action], own: int, values: Sequence[float]) -> Action | None:
    """Return the cheapest action that leads to a segment of higher expected value.

    Parameters
    ----------
    actions : sequence of Action
        As tried.
    own : int
        The segment now.
    values : sequence of float
        Expected value of each segment.

    Returns
    -------
    Action or None
        Of equal money the fewest orders, then the most days. An action must beat doing
        nothing for as long, too.

    Examples
    --------
    >>> actions = [Action(1, 20.0, 7, 1, 0), Action(1, 20.0, 14, 1, 0), Action(2, 9.0, 7, 0, 0)]
    >>> cheapest(actions, 0, [1.0, 5.0]).days, cheapest(actions, 1, [1.0, 5.0])
    (14, None)
    """

    def worth(number: int) -> float:
        return values[number] if number >= 0 else -np.inf

    better = [a for a in actions if worth(a.segment) > max(worth(own), worth(a.idle_segment))]
    return min(better, key=lambda action: action.cost, default=None)


def sentence(action: Action | None, names: Sequence[str], currency: str) -> str:
    """Return an action in words, as a description of the model and no promise.

    Parameters
    ----------
    action : Action or None
        As found.
    names : sequence of str
        Of the segments, by number.
    currency : str
        ISO code, or empty.

    Returns
    -------
    str
        What would move them where, and where doing nothing leads.

    Examples
    --------
    >>> sentence(Action(1, 616.0, 14, 1, 0), ["Promising", "Loyal"], "GBP").split(". ")[0]
    'One more order of about £616 in the next 14 days would move them to Loyal (checked by
    scoring again; without it they would then be in Promising)'
    """
    if action is None:
        return NOTHING
    orders = "order" if action.orders == 1 else "orders"
    each = "" if action.orders == 1 else " each"
    idle = names[action.idle_segment] if action.idle_segment >= 0 else "no segment"
    return (
        f"{_NUMBERS[action.orders - 1].capitalize()} more {orders} of about "
        f"{fmt.money(action.amount, currency)}{each} in the next {action.days} days would move "
        f"them to {names[action.segment]} (checked by scoring again; without it they would then "
        f"be in {idle}). {DISCLAIMER}"
    )


def expected_values(
    n_segments: int, labels: Any, features: pa.Table, segments: Mapping[int, float]
) -> list[float]:
    """Return the mean expected spend of each segment's customers; else the values given.

    Parameters
    ----------
    n_segments : int
        Segments of the model.
    labels : int32 array, shape (n,)
        The segment of each customer of ``features``.
    features : pa.Table
        May have the column ``clv``.
    segments : mapping of int to float
        What to go by without customer value, such as spend a customer.

    Returns
    -------
    list of float
        By segment number.
    """
    if CLV.name not in features.column_names:
        return [segments.get(number, 0.0) for number in range(n_segments)]
    value = to_floats(features.column(CLV.name))
    return [
        float(value[labels == number].mean()) if (labels == number).any() else 0.0
        for number in range(n_segments)
    ]
