"""A customer scored again after orders that have not happened.

The orders are put into a copy of her own lines and measured by the definitions of the run, so
nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.engine.statement import Statement
from coterie.errors import NotReadyError
from coterie.features.asof import RFM, SCORES, FeatureModel
from coterie.features.boosted import together
from coterie.features.catalogue import BOOSTED, CLV
from coterie.features.column import to_floats
from coterie.features.level1 import build_level1
from coterie.schema import CANONICAL, MICROS
from coterie.segmentation.released import Released


@dataclass(frozen=True)
class Trial:
    """Orders within some days, of a size; no orders is doing nothing."""

    days: int
    orders: int = 0
    factor: float = 1.0
    """Of the size of her usual order, the median of her order days."""
    amount: float | None = None
    """Money of each order, in units, instead."""

    def order_days(self, as_of: int) -> list[int]:
        """Return the days of the orders, evenly spread; the last falls on the last day.

        Examples
        --------
        >>> Trial(days=7, orders=3).order_days(100)
        [101, 104, 106]
        """
        ends = [round(self.days * (i + 1) / self.orders) for i in range(self.orders)]
        return [as_of + max(end - 1, 0) for end in ends]


@dataclass(frozen=True)
class Outcome:
    """Where a trial leads."""

    segment: int
    value: float | None
    """Expected spend within the horizon, if the model of the run knows it."""


def score_again(
    db: DuckDB,
    released: Released,
    folder: Path,
    customer_ids: Sequence[str],
    trials: Sequence[Trial],
    *,
    as_of: int,
) -> tuple[dict[tuple[str, int], Outcome], dict[str, float]]:
    """Score copies of customers, each with the orders of a trial.

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
    trials : sequence of Trial
        What to try; each is scored on the day after its last.
    as_of : int
        The day of the run: the orders begin on it.

    Returns
    -------
    dict of (str, int) to Outcome
        By customer and number of the trial.
    dict of str to float
        Each customer's usual order, in micros; customers without one are left out of both.

    Raises
    ------
    NotReadyError
        If the model looks at something that orders do not change, or the tables are gone.
    """
    model = released.features
    numbers = {feature.name for feature in model.features} | {*SCORES} if model else set()
    if model is None or not set(released.matrix.sources) <= numbers:
        raise NotReadyError("The segments look at columns that orders do not change.")
    _copy_lines(db, model, folder, customer_ids, _planned(trials, as_of), as_of)
    frame = _measure(db, model.needed(released.matrix.sources), trials, as_of)
    labels = released.model.assign(released.matrix.transform(frame))
    values = [None] * len(labels)
    if CLV.name in frame.column_names:
        values = frame.column(CLV.name).to_pylist()
    found = {}
    for key, label, value in zip(frame["customer_id"].to_pylist(), labels, values, strict=True):
        _, number, customer = key.split(":", 2)
        found[customer, int(number)] = Outcome(int(label), value)
    return found, dict(db.rows("SELECT customer_id, usual FROM usual"))


def _copy_lines(
    db: DuckDB,
    model: FeatureModel,
    folder: Path,
    customer_ids: Sequence[str],
    planned: pa.Table,
    as_of: int,
) -> None:
    """Make ``lines``: for each trial a copy of each customer's lines, with its new orders."""
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
    db.load("plan", planned)
    row = {
        "line_id": "'new' || p.key || p.day",
        "customer_id": "p.key || ':' || u.customer_id",
        "order_id": "'new' || p.key || p.day",
        "ts": f"MAKE_TIMESTAMP(p.day * {86_400 * MICROS})",
        "day": "p.day",
        "hour": "12",
        "quantity_milli": "1000",
        "amount_micros": "COALESCE(p.amount, CAST(round(u.usual * p.factor) AS BIGINT))",
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


def _planned(trials: Sequence[Trial], as_of: int) -> pa.Table:
    """Return the days on which each trial orders; doing nothing has a row without a day."""
    none: list[int | None] = [None]
    rows = [
        {"key": f"{one.days}:{number}", "day": day, "factor": one.factor, "amount": _micros(one)}
        for number, one in enumerate(trials)
        for day in one.order_days(as_of) or none
    ]
    kinds = [("key", pa.string()), ("day", pa.int32())]
    kinds += [("factor", pa.float64()), ("amount", pa.int64())]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds))


def _micros(trial: Trial) -> int | None:
    return None if trial.amount is None else round(trial.amount * MICROS)


def _measure(db: DuckDB, model: FeatureModel, trials: Sequence[Trial], as_of: int) -> pa.Table:
    """Return the features of all copies, each as of the end of its own days."""
    state, steps = model.catalogue.state, Statement()
    spans = sorted({trial.days for trial in trials})
    build_level1(steps, state.rules, as_of + spans[-1])
    each = [
        f"SELECT * FROM ({state.sql(as_of + days)}) WHERE starts_with(customer_id, '{days}:')"
        for days in spans
    ]
    steps.create("state", " UNION ALL ".join(each))
    last = (
        f"SELECT f.*, s.as_of AS scored_on, s.order_days AS x, s.first_day AS t0, "
        "s.last_day AS t1, s.net - s.first_day_net AS repeat_net "
        f"FROM ({model.catalogue.sql()}) AS f JOIN state AS s USING (customer_id) "
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
