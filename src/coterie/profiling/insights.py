"""Sentences that a run can say of its customers; one that fails its test is not said.

Each holds its numbers apart from its words, so that a reader may write them as usual where he
is, and tells how much money is at stake: the dearest comes first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.features.column import to_floats
from coterie.privacy.disclosure import FLOOR
from coterie.profiling.migration import ABSENT

MOST = 5
LATE = 2.0
"""Usual gaps after which a customer is overdue."""
MOST_BIAS = 0.15
"""How far off the last forecast of the total may have been for another one to be told."""
_TWICE = 2.0
_DOMINANT = 0.5
_CHANGE = 0.05
_HALF = 0.5
_Z = 1.96

Part = dict[str, Any]


@dataclass(frozen=True)
class Insight:
    """A sentence, and what it rests on.

    Parameters
    ----------
    kind : str
        concentration, gone_quiet, won_back, overdue, size, nothing, forecast or no_forecast.
    parts : tuple of dict
        In their order: ``text``; or ``segment``, an id; or ``value`` with ``unit`` (count,
        share, money, days) and, where it is an estimate, ``low`` and ``high``.
    test : str
        What was tested before it was said.
    stake : float
        Money, by which insights are sorted.
    link : dict
        What it counts: a segment, or a move from one to another for a cause.
    """

    kind: str
    parts: tuple[Part, ...]
    test: str
    stake: float = 0.0
    link: Mapping[str, str] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        link = dict(self.link) if self.link else None
        return {"kind": self.kind, "parts": list(self.parts), "test": self.test, "link": link}


@dataclass(frozen=True)
class Moved:
    """What came between two runs.

    Parameters
    ----------
    migration : pa.Table
        from_id, to_id, cause and customers.
    sizes : mapping of str to int
        Customers of each segment before.
    days : int
        Between the two.
    """

    migration: pa.Table
    sizes: Mapping[str, int]
    days: int


@dataclass(frozen=True)
class Forecast:
    """Spend that is expected from all customers, and how far off that was the last time."""

    total: float
    low: float | None
    high: float | None
    days: int
    bias: float | None
    when: str


def find_insights(
    segments: Sequence[Mapping[str, Any]],
    frame: pa.Table,
    moved: Moved | None = None,
    forecast: Forecast | None = None,
) -> list[Insight]:
    """Return what can be said of the customers of a run, the most money first.

    Parameters
    ----------
    segments : sequence of mapping
        As ``segments.json`` has them.
    frame : pa.Table
        segment_id and, where there are orders, monetary, clv and overdue of each customer.
    moved : Moved, optional
        Since the run before.
    forecast : Forecast, optional
        If spend ahead was worked out.

    Returns
    -------
    list of Insight
        At most ``MOST``; what was said of the forecast comes last.
    """
    live = [one for one in segments if one["status"] == "live" and one["n"]]
    found = [*_concentration(live, frame), *_overdue(live, frame)]
    if moved is not None:
        worth = _worth(live, frame)
        news = [*_gone_quiet(moved, worth), *_won_back(moved, worth), *_sizes(live, moved, worth)]
        found += news or [_nothing(moved)]
    found.sort(key=lambda one: -one.stake)
    last = [_ahead(forecast)] if forecast is not None else []
    return [*found[: MOST - len(last)], *last]


def _column(frame: pa.Table, name: str, segment_id: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    if name not in frame.column_names:
        return np.empty(0)
    numbers = to_floats(frame[name].filter(pc.equal(frame["segment_id"], segment_id)))
    return numbers[np.isfinite(numbers)]


def _worth(live: Sequence[Mapping[str, Any]], frame: pa.Table) -> dict[str, float]:
    """Return what a customer of each segment is worth: expected spend, else spend to date."""
    name = "clv" if "clv" in frame.column_names else "monetary"
    spent = {one["id"]: _column(frame, name, one["id"]) for one in live}
    return {key: float(money.mean()) if money.size else 0.0 for key, money in spent.items()}


def _concentration(live: Sequence[Mapping[str, Any]], frame: pa.Table) -> list[Insight]:
    found = []
    for one in live:
        spent, ci = _column(frame, "monetary", one["id"]), one.get("value_share_ci")
        if one["value_share"] is None or ci is None or not spent.size or one["n"] < FLOOR:
            continue
        low, high = ci
        if low < _TWICE * one["share"] or spent.max() > _DOMINANT * spent.sum():
            continue
        parts: tuple[Part, ...] = (
            {"segment": one["id"]},
            {"text": " are "},
            {"value": one["share"], "unit": "share"},
            {"text": " of customers and about "},
            {"value": one["value_share"], "unit": "share", "low": low, "high": high},
            {"text": " of spend."},
        )
        test = "The low end of the share of spend is at least twice the share of customers."
        link = {"segment": one["id"]}
        found.append(Insight("concentration", parts, test, float(spent.sum()), link))
    return sorted(found, key=lambda one: -one.stake)[:1]


def _overdue(live: Sequence[Mapping[str, Any]], frame: pa.Table) -> list[Insight]:
    """Return who is late of the best: the segments that hold half of what is expected."""
    if not live or not {"overdue", "clv"} <= set(frame.column_names):
        return []
    worth = _worth(live, frame)
    ranked = sorted(live, key=lambda one: -worth[one["id"]])
    expected = [float(_column(frame, "clv", one["id"]).sum()) for one in ranked]
    reached = np.cumsum(expected) / max(sum(expected), 1e-12)
    best = [one["id"] for one in ranked[: int(np.searchsorted(reached, _HALF)) + 1]]
    late = pc.and_(
        pc.is_in(frame["segment_id"], pa.array(best)), pc.greater_equal(frame["overdue"], LATE)
    )
    rows = frame.filter(pc.and_(late, pc.is_finite(frame["overdue"])))
    if rows.num_rows < FLOOR:
        return []
    money = float(to_floats(rows.column("clv")).sum())
    parts: tuple[Part, ...] = (
        {"value": rows.num_rows, "unit": "count"},
        {"text": " of your best are past twice their usual gap; about "},
        {"value": money, "unit": "money"},
        {"text": " is expected from them."},
    )
    test = f"{rows.num_rows} customers of {len(best)} segments; {FLOOR} are needed."
    return [Insight("overdue", parts, test, money, {"segment": best[0]})]


def _moves(moved: Moved, cause: str) -> list[tuple[str, str, int]]:
    rows = moved.migration.filter(pc.equal(moved.migration["cause"], cause)).to_pylist()
    return [
        (row["from_id"], row["to_id"], row["customers"])
        for row in rows
        if ABSENT not in {row["from_id"], row["to_id"]}
    ]


def _gone_quiet(moved: Moved, worth: Mapping[str, float]) -> list[Insight]:
    down = [
        (n * (worth[a] - worth[b]), n, a, b)
        for a, b, n in _moves(moved, "aged")
        if a in worth and b in worth and worth[b] < worth[a] and n >= FLOOR
    ]
    if not down:
        return []
    stake, n, before, after = max(down)
    parts: tuple[Part, ...] = (
        {"value": n, "unit": "count"},
        {"text": " customers went quiet: from "},
        {"segment": before},
        {"text": " to "},
        {"segment": after},
        {"text": " in "},
        {"value": moved.days, "unit": "days"},
        {"text": "."},
    )
    link = {"from": before, "to": after, "cause": "aged"}
    return [Insight("gone_quiet", parts, "All of them moved by time alone.", stake, link)]


def _won_back(moved: Moved, worth: Mapping[str, float]) -> list[Insight]:
    """Return who ordered again out of the segment that is worth least."""
    if not worth:
        return []
    least = min(worth, key=lambda one: (worth[one], one))
    up = [(n, b) for a, b, n in _moves(moved, "behaved") if a == least and b in worth]
    back = sum(n for n, b in up if worth[b] > worth[least])
    if back < FLOOR:
        return []
    stake = sum(n * (worth[b] - worth[least]) for n, b in up)
    parts: tuple[Part, ...] = (
        {"value": back, "unit": "count"},
        {"text": " came back from "},
        {"segment": least},
        {"text": "."},
    )
    link = {"from": least, "cause": "behaved"}
    return [Insight("won_back", parts, "All of them ordered since.", stake, link)]


def _sizes(
    live: Sequence[Mapping[str, Any]], moved: Moved, worth: Mapping[str, float]
) -> list[Insight]:
    """Return the change of size that is dearest, beyond the chance of who comes and goes."""
    found = []
    for one in live:
        before = moved.sizes.get(one["id"], 0)
        change = one["n"] - before
        came, went = _crossed(moved.migration, one["id"])
        least = max(FLOOR, _CHANGE * before, _Z * math.sqrt(came + went))
        if before and abs(change) >= least:
            word = " grew by " if change > 0 else " shrank by "
            parts: tuple[Part, ...] = (
                {"segment": one["id"]},
                {"text": word},
                {"value": abs(change), "unit": "count"},
                {"text": " to "},
                {"value": one["n"], "unit": "count"},
                {"text": "."},
            )
            test = f"{came} came and {went} went; chance alone explains less than that."
            stake = abs(change) * worth.get(one["id"], 0.0)
            found.append(Insight("size", parts, test, stake, {"segment": one["id"]}))
    return sorted(found, key=lambda one: -one.stake)[:1]


def _crossed(migration: pa.Table, segment_id: str) -> tuple[int, int]:
    came = went = 0
    for row in migration.select(["from_id", "to_id", "customers"]).to_pylist():
        if row["from_id"] != row["to_id"]:
            came += row["customers"] * (row["to_id"] == segment_id)
            went += row["customers"] * (row["from_id"] == segment_id)
    return came, went


def _nothing(moved: Moved) -> Insight:
    parts: tuple[Part, ...] = (
        {"text": "No segment changed more than chance in "},
        {"value": moved.days, "unit": "days"},
        {"text": "."},
    )
    return Insight("nothing", parts, "No change of size and no move is beyond chance.")


def _ahead(forecast: Forecast) -> Insight:
    if forecast.bias is None or abs(forecast.bias) > MOST_BIAS:
        told = "how far off it would be is not known"
        if forecast.bias is not None:
            word = "low" if forecast.bias < 0 else "high"
            told = f"last time ({forecast.when}) it was {abs(forecast.bias):.0%} too {word}"
        text = f"No total is forecast: {told}. Rankings still hold."
        test = f"A total is told if the last one was within {MOST_BIAS:.0%}."
        return Insight("no_forecast", ({"text": text},), test)
    total: Part = {"value": forecast.total, "unit": "money"}
    if forecast.low is not None:
        total |= {"low": forecast.low, "high": forecast.high}
    parts: tuple[Part, ...] = (
        {"text": "About "},
        total,
        {"text": " is expected from today's customers in "},
        {"value": forecast.days, "unit": "days"},
        {"text": "."},
    )
    test = f"The last forecast was {abs(forecast.bias):.0%} off; {MOST_BIAS:.0%} is allowed."
    return Insight("forecast", parts, test)
