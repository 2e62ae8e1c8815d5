"""What boosted value learns from: customers on earlier days, and what they spent after them.

Every earlier day ends its window on or before the day on which value is asked for, and
features are measured as of it, so no row on or after that day is ever read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coterie.engine.base import Engine, scalar
from coterie.features.boosted import BoostedValue
from coterie.features.catalogue import VALUE_FEATURES, Catalogue
from coterie.features.column import to_floats
from coterie.features.level1 import Rules, build_level1
from coterie.features.measures import StateSpec
from coterie.features.windows import (
    MIN_CUSTOMERS,
    MIN_EITHER,
    MIN_WINDOW_DAYS,
    Window,
    outcome_sql,
)
from coterie.schema import MICROS

Floats = NDArray[np.float64]

MOST_ORIGINS = 3
"""Earlier days that are pooled."""
_LATER = "origin_days"


@dataclass(frozen=True, eq=False)
class Lessons:
    """Customers on earlier days; a customer has a row for each day on which she was known.

    Parameters
    ----------
    customers : array of str, shape (n,)
        Whose row it is.
    known : float64 array, shape (n, 13)
        ``VALUE_FEATURES`` as of the earlier day.
    spent : float64 array, shape (n,)
        Net spend in the window after it, in units of money.
    scale : float
        Days of the horizon for each day of the window.
    """

    customers: NDArray[Any]
    known: Floats
    spent: Floats
    scale: float

    def fit(self) -> BoostedValue:
        """Return the trees learned from these rows."""
        return BoostedValue.fit(self.known, self.spent, scale=self.scale)

    def take(self, rows: NDArray[np.int64]) -> Lessons:
        """Return some of the rows."""
        return replace(
            self,
            customers=self.customers[rows],
            known=self.known[rows],
            spent=self.spent[rows],
        )


def origin_windows(first_day: int, as_of: int, horizon: int) -> tuple[Window, ...]:
    """Return the windows that boosted value learns from, the last first.

    Each is as long as the horizon, or half the history if that is shorter. They begin half
    a window apart, and before each lies at least as much history as it is long.

    Parameters
    ----------
    first_day : int
        Day of the first row.
    as_of : int
        No window reaches beyond it.
    horizon : int
        Days to look ahead.

    Returns
    -------
    tuple of Window
        At most three; none if half the history is shorter than 28 days.

    Examples
    --------
    >>> origin_windows(0, 365, 90)
    (Window(start=275, end=365), Window(start=230, end=320), Window(start=185, end=275))
    >>> origin_windows(0, 100, 90), origin_windows(0, 50, 90)
    ((Window(start=50, end=100),), ())
    """
    days = min(horizon, (as_of - first_day) // 2)
    if days < MIN_WINDOW_DAYS:
        return ()
    starts = [as_of - days - place * days // 2 for place in range(MOST_ORIGINS)]
    return tuple(Window(s, s + days) for s in starts if s - first_day >= days)


def learn(
    engine: Engine,
    rules: Rules,
    frequency: Literal["order_days", "orders"],
    *,
    as_of: int,
    horizon: int,
    lines: str = "lines",
) -> Lessons | str:
    """Return what boosted value can learn from before a day, or why it can learn nothing.

    Overwrites level 1 in the engine.

    Parameters
    ----------
    engine : Engine
        Holds the lines.
    rules : Rules
        How lines are counted.
    frequency : {'order_days', 'orders'}
        What the feature ``frequency`` counts.
    as_of : int
        Rows on or after this day are not read.
    horizon : int
        Days ahead for which value is expected.
    lines : str, default "lines"
        Table of the lines.

    Returns
    -------
    Lessons or str
        Rows by day, the last first, then by customer; or the reason in words.
    """
    first = scalar(engine, f"SELECT MIN(day) FROM {lines} WHERE customer_id IS NOT NULL")
    windows = origin_windows(int(first), as_of, horizon) if first is not None else ()
    if not windows:
        days = max(as_of - int(first), 0) if first is not None else 0
        return f"there are {days:,} days of orders, and {2 * MIN_WINDOW_DAYS} are needed"
    build_level1(engine, rules, as_of, lines=lines)
    engine.create(_LATER, "SELECT customer_id, day, net_micros FROM order_days")
    catalogue = Catalogue.build(StateSpec(rules), (), frequency)
    found = [_on(engine, catalogue, window, lines) for window in windows]
    engine.drop(_LATER)
    found = [table for table in found if table.num_rows >= MIN_CUSTOMERS]
    if not found:
        return f"fewer than {MIN_CUSTOMERS} customers were known on every earlier day"
    table = pa.concat_tables(found)
    spent = to_floats(table.column("spent")) / MICROS
    buyers = int((spent > 0).sum())
    if buyers < MIN_EITHER:
        return f"{buyers:,} customers spent something after earlier days; {MIN_EITHER} are needed"
    known = np.column_stack([to_floats(table.column(name)) for name in VALUE_FEATURES])
    customers = np.asarray(table.column("customer_id").to_numpy(zero_copy_only=False), dtype=str)
    return Lessons(customers, known, spent, horizon / windows[0].days)


def _on(engine: Engine, catalogue: Catalogue, window: Window, lines: str) -> pa.Table:
    """Return the customers of one earlier day, with what they spent after it, by id."""
    build_level1(engine, catalogue.state.rules, window.start, lines=lines)
    engine.create("state", catalogue.state.sql(window.start))
    later = outcome_sql(window, _LATER)
    return engine.query(
        f"SELECT f.*, COALESCE(o.net, 0) AS spent FROM ({catalogue.sql()}) AS f LEFT JOIN "
        f"({later}) AS o ON o.customer_id = f.customer_id WHERE f.status = 'ok' "
        "ORDER BY f.customer_id"
    )
