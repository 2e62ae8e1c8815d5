"""The value of all customers and of each segment, in figures: ``summary.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.features.windows import to_date
from coterie.prediction.forecast import Forecaster
from coterie.prediction.hindsight import Hindsight, Movement
from coterie.prediction.intervals import COVERAGE
from coterie.prediction.next_segment import STEP_DAYS
from coterie.prediction.survival import Curve

CURVE_POINTS = 60


@dataclass(frozen=True)
class Facts:
    """What a forecast is about.

    Parameters
    ----------
    as_of, horizon : int
        The day it looks from, and the days it looks ahead.
    currency, project : str
        Of the project.
    segments : sequence of mapping
        Segment objects of the run, in their order.
    watched_from : int
        Day from which the curves were watched.
    """

    as_of: int
    horizon: int
    currency: str
    project: str
    segments: Sequence[Mapping[str, Any]]
    watched_from: int


def summarise(
    table: pa.Table,
    facts: Facts,
    forecaster: Forecaster,
    seen: Hindsight,
    moves: Movement,
    drawn: Mapping[str, Curve | None],
) -> dict[str, Any]:
    """Return ``summary.json``.

    Parameters
    ----------
    table : pyarrow.Table
        ``value.parquet``.
    facts : Facts
        What it is about.
    forecaster : Forecaster
        What foretold it.
    seen : Hindsight
        What the last window tells.
    moves : Movement
        Between segments.
    drawn : mapping of str to Curve or None
        Time until the next order, by segment id.

    Returns
    -------
    dict
        Plain JSON; a part that is unknown is None, its reason beside it.
    """
    known = table.filter(pc.is_valid(table.column("spend")))
    boosted = forecaster.boosted
    return {
        "project": facts.project,
        "as_of": to_date(facts.as_of).isoformat(),
        "horizon_days": facts.horizon,
        "currency": facts.currency,
        "customers": known.num_rows,
        "without_orders": table.num_rows - known.num_rows,
        "total": _totals(known),
        "segments": [
            {
                "id": one["id"],
                "name": one["name"],
                "slot": one["slot"],
                **_totals(known.filter(pc.equal(known.column("segment_id"), one["id"]))),
                "returns": _curve(drawn.get(one["id"])),
            }
            for one in facts.segments
        ],
        "watched_from": to_date(facts.watched_from).isoformat(),
        "model": {
            "choices": seen.choices.to_dict(),
            "calibration": {**asdict(seen.calibration), "reason": seen.calibration_reason},
            "trees": {"rows": boosted.rows, "origins": boosted.origins} if boosted else None,
            "classic": forecaster.value.to_dict(),
            "ranges": asdict(seen.ranges) if seen.ranges else None,
        },
        "last_window": _last(seen),
        "last_window_reason": seen.reason,
        "next_segment": {"ids": list(drawn), **_moves(moves)},
    }


def _totals(part: pa.Table) -> dict[str, Any]:
    """Return what a group of customers is expected to do."""
    n = part.num_rows
    column = {
        name: np.asarray(part.column(name).to_numpy(), dtype=np.float64)
        for name in ("spend", "orders", "churn")
    }
    habit = part.column("lapsing").drop_null()
    return {
        "n": n,
        "spend": float(column["spend"].sum()),
        "orders": float(column["orders"].sum()),
        "churn": float(column["churn"].mean()) if n else None,
        "lapsing": int(pc.sum(habit).as_py() or 0),
        "with_habit": len(habit),
    }


def _last(seen: Hindsight) -> dict[str, Any] | None:
    if seen.window is None:
        return None
    return {
        "from": to_date(seen.window.start).isoformat(),
        "until": to_date(seen.window.end).isoformat(),
        "days": seen.window.days,
        "customers": seen.customers,
        "spend": {name: one.to_dict() for name, one in seen.spend.items()},
        "orders": {name: one.to_dict() for name, one in seen.orders.items()},
        "churn": {name: one.to_dict() for name, one in seen.churn.items()},
        "hiatus_auc": seen.hiatus_auc,
        "deciles": [asdict(one) for one in seen.deciles],
        "coverage": seen.ranges.coverage if seen.ranges else None,
        "coverage_wanted": COVERAGE,
    }


def _moves(moves: Movement) -> dict[str, Any]:
    return {
        "days": STEP_DAYS,
        "reason": moves.reason,
        "counts": moves.markov.counts.tolist() if moves.markov else None,
        "shares": moves.markov.shares.tolist() if moves.markov else None,
        "judged": {name: asdict(one) for name, one in moves.judged.items()},
    }


def _curve(curve: Curve | None) -> dict[str, Any] | None:
    """Return a curve as few points that tell it."""
    if curve is None:
        return None
    n = len(curve.days)
    at = np.unique(np.linspace(0, n - 1, min(n, CURVE_POINTS)).round().astype(np.int64))
    return {
        "customers": curve.customers,
        "median_days": curve.median,
        "days": curve.days[at].tolist(),
        "away": curve.away[at].tolist(),
        "low": curve.low[at].tolist(),
        "high": curve.high[at].tolist(),
    }
