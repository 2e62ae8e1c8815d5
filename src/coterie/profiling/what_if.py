"""What would move a customer up: real orders, tried on the exact state and scored again.

Every action is carried out on a copy of the customer's own lines and measured by the
definitions of the run, so nothing is interpolated. Beside it stands what doing nothing for
the same days comes to, because time alone moves customers too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.engine.statement import Statement
from coterie.errors import NotReadyError
from coterie.features.asof import RFM, SCORES, FeatureModel
from coterie.features.boosted import together
from coterie.features.catalogue import BOOSTED, CLV, Catalogue
from coterie.features.column import to_floats
from coterie.features.level1 import build_level1
from coterie.features.measures import Measure, StateSpec
from coterie.profiling import format as fmt
from coterie.schema import CANONICAL, MICROS
from coterie.segmentation.released import Released

ORDERS = (1, 2, 3)
FACTORS = (1.0, 1.25, 1.5)
DAYS = (7, 14, 28)
IDLE = len(ORDERS) * len(FACTORS)
"""Number of the action of doing nothing, within each number of days."""
_ALWAYS = ("order_days", "first_day", "last_day", "net", "first_day_net")
"""Measures of which status and customer value are made."""
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


@dataclass(frozen=True)
class _Needed(StateSpec):
    """The measures that a model looks at: fewer columns are measured in less time."""

    wanted: frozenset[str] = frozenset()

    @property
    def measures(self) -> tuple[Measure, ...]:
        return tuple(measure for measure in super().measures if measure.name in self.wanted)


def _needed(model: FeatureModel, sources: Sequence[str]) -> Catalogue:
    """Return the catalogue without what neither the matrix nor customer value looks at."""
    features = {feature.name: feature for feature in model.catalogue.features}
    wanted = {*_ALWAYS, *sources, *(RFM if model.rfm else ())}
    wanted |= set(model.boosted.columns if model.boosted else ())
    for feature in reversed(model.catalogue.features):  # a feature names only those before it
        if feature.name in wanted:
            wanted |= set(re.findall(r'"([^"]+)"', feature.expr))
    whole = model.catalogue.state
    state = _Needed(whole.rules, whole.vocabularies, whole.custom, frozenset(wanted))
    return Catalogue(state, tuple(f for name, f in features.items() if name in wanted))


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
    model = released.features
    numbers = {feature.name for feature in model.features} | {*SCORES} if model else set()
    if model is None or not set(released.matrix.sources) <= numbers:
        raise NotReadyError("The segments look at columns that orders do not change.")
    _copy_lines(db, model, folder, customer_ids, as_of)
    frame = _measure(db, model, _needed(model, released.matrix.sources), as_of)
    labels = released.model.assign(released.matrix.transform(frame))
    keys = [key.split(":", 2) for key in frame.column("customer_id").to_pylist()]
    placed = {
        (customer, int(days), int(action)): int(label)
        for (days, action, customer), label in zip(keys, labels, strict=True)
    }
    usual = dict(db.rows("SELECT customer_id, usual FROM usual"))
    plans = list(enumerate(product(ORDERS, FACTORS)))
    return {
        customer: [
            Action(
                orders,
                round(size * factor) / MICROS,
                days,
                placed[customer, days, number],
                placed[customer, days, IDLE],
            )
            for days in DAYS
            for number, (orders, factor) in plans
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


def _copy_lines(
    db: DuckDB, model: FeatureModel, folder: Path, customer_ids: Sequence[str], as_of: int
) -> None:
    """Make ``lines``: for each days and action a copy of each customer's lines, with new orders."""
    files = folder / "lines" / "*.parquet"
    if not (folder / "lines").is_dir():
        raise NotReadyError(
            "The checked order lines of this run are gone.", hint="Make them again: coterie run"
        )
    wanted = ", ".join(map(literal, customer_ids))
    db.create(
        "known",
        f"SELECT * REPLACE (CASE WHEN net_day < {as_of} THEN net_day END AS net_day) "
        f"FROM read_parquet({literal(str(files))}) WHERE day < {as_of} "
        f"AND customer_id IN ({wanted})",
    )
    rules = model.catalogue.state.rules
    days = Statement()
    build_level1(days, rules, as_of, lines="known")
    db.create(
        "usual",
        days.sql(
            "SELECT customer_id, CAST(median(net_micros) AS DOUBLE) AS usual FROM order_days "
            f"WHERE {rules.counts} GROUP BY customer_id",
            db.dialect,
        ),
    )
    db.load("plan", _plan(as_of))
    row = {
        "line_id": "'new' || p.key || p.day",
        "customer_id": "p.key || ':' || u.customer_id",
        "order_id": "'new' || p.key || p.day",
        "ts": f"MAKE_TIMESTAMP(p.day * {86_400 * MICROS})",
        "day": "p.day",
        "hour": "12",
        "quantity_milli": "1000",
        "amount_micros": "CAST(round(u.usual * p.factor) AS BIGINT)",
        "discount_micros": "0",
        "kind": "'sale'",
    }
    names = CANONICAL["lines"].names
    copied = ", ".join(
        "c.key || ':' || k.customer_id AS customer_id" if name == "customer_id" else f"k.{name}"
        for name in names
    )
    new = ", ".join(f"{row.get(name, 'NULL')} AS {identifier(name)}" for name in names)
    db.create(
        "lines",
        f"SELECT {copied} FROM known AS k, (SELECT DISTINCT key FROM plan) AS c "
        f"UNION ALL SELECT {new} FROM usual AS u, plan AS p WHERE p.day IS NOT NULL",
    )


def _plan(as_of: int) -> pa.Table:
    """Return the days on which each action orders; doing nothing has a row without a day."""
    rows: list[dict[str, Any]] = []
    for days in DAYS:
        rows.append({"key": f"{days}:{IDLE}", "day": None, "factor": 0.0})
        for number, (orders, factor) in enumerate(product(ORDERS, FACTORS)):
            spread = [as_of + round(days * (i + 1) / orders) - 1 for i in range(orders)]
            key = f"{days}:{number}"
            rows += [{"key": key, "day": day, "factor": factor} for day in spread]
    kinds = [("key", pa.string()), ("day", pa.int32()), ("factor", pa.float64())]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds))


def _measure(db: DuckDB, model: FeatureModel, few: Catalogue, as_of: int) -> pa.Table:
    """Return the features of all copies, each as of the end of its own days."""
    state, steps = few.state, Statement()
    build_level1(steps, state.rules, as_of + max(DAYS))
    each = [
        f"SELECT * FROM ({state.sql(as_of + days)}) WHERE starts_with(customer_id, '{days}:')"
        for days in DAYS
    ]
    steps.create("state", " UNION ALL ".join(each))
    last = (
        f"SELECT f.*, s.as_of AS scored_on, s.order_days AS x, s.first_day AS t0, "
        "s.last_day AS t1, s.net - s.first_day_net AS repeat_net "
        f"FROM ({few.sql()}) AS f JOIN state AS s USING (customer_id) "
        "WHERE f.status = 'ok' ORDER BY customer_id"
    )
    frame = db.query(steps.sql(last, db.dialect))
    if model.value:
        x, first = to_floats(frame.column("x")) - 1.0, to_floats(frame.column("t0"))
        tenure = to_floats(frame.column("scored_on")) - 1.0 - first
        mean = to_floats(frame.column("repeat_net")) / MICROS / np.maximum(x, 1.0)
        spend = model.value.expected_spend(x, to_floats(frame.column("t1")) - first, tenure, mean)
        frame = frame.append_column(CLV.name, pa.array(spend))
        if model.boosted:
            known = [to_floats(frame.column(name)) for name in model.boosted.columns]
            trees = model.boosted.expected_spend(np.column_stack(known))
            frame = frame.append_column(BOOSTED.name, pa.array(together(spend, trees)))
    if model.rfm:
        scores = model.rfm.score(*(to_floats(frame.column(name)) for name in RFM))
        for name, column in zip(SCORES, scores.T, strict=True):
            frame = frame.append_column(name, pa.array(column.astype(np.float64)))
    return frame
