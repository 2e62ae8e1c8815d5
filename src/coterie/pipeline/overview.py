"""What a run says at a glance: figures, sentences that passed their tests, and proofs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coterie.features.column import to_floats
from coterie.features.matrix import Matrix
from coterie.pipeline.explained import Run
from coterie.pipeline.forecast import Value
from coterie.profiling.choice import Choice, choice_of
from coterie.profiling.hidden_moves import HiddenMoves
from coterie.profiling.insights import Forecast, Insight, Moved, find_insights
from coterie.profiling.migration import causes_of
from coterie.profiling.publication import Hiding
from coterie.segmentation.validity import least_customers
from coterie.store.runs import read_json

RECENT = 90
"""Days within which a customer who ordered is active."""
_MEASURES = ("monetary", "clv", "overdue", "orders_90d")


@dataclass(frozen=True)
class Sight:
    """What somebody does not see: of the segments, and of the moves since the run before."""

    hiding: Hiding
    moves: HiddenMoves


def overview(
    run: Run,
    before: Run | None = None,
    value: Value | None = None,
    *,
    sight: Sight | None = None,
) -> dict[str, Any]:
    """Return a run at a glance.

    Parameters
    ----------
    run : Run
        Any.
    before : Run, optional
        Its parent, for what changed since.
    value : Value, optional
        What its customers are expected to spend, if that was worked out.
    sight : Sight, optional
        What must not be told; None: all is.

    Returns
    -------
    dict
        run_id, as_of, before (the date), ``figures`` (customers, spend, active, moved: value,
        unit, n, before, as_of, or None with a reason), ``insights``, ``proofs`` (holds_later,
        comes_back, told_by_rules, each 0 to 1 or None; smallest, with how many are needed),
        ``verdict``, ``sentences``.
    """
    frame = _frame(run)
    former = _frame(before) if before else None
    moved = _moved(run, before)
    told = find_insights(run.segments, frame, moved, _forecast(value))
    choice = run.choice
    figures, proofs = _figures(run, frame, former, moved), _proofs(run, choice)
    if sight is not None:
        told = [_retold(one) for one in told if _may_be_told(one, sight)]
        figures = [_told_figure(figure, sight) for figure in figures]
        if sight.hiding.sizes:
            proofs["smallest"] = {"value": None, "reason": sight.hiding.why}
    return {
        "run_id": run.id,
        "as_of": run.as_of,
        "before": before.as_of if before else None,
        "currency": run.manifest["settings"]["project"]["currency"],
        "figures": figures,
        "insights": [one.to_dict() for one in told],
        "proofs": proofs,
        "verdict": choice.get("verdict") or None,
        "sentences": list(choice.get("sentences", ())),
        "note": choice.get("note", ""),
    }


def _may_be_told(one: Insight, sight: Sight) -> bool:
    """Tell whether a sentence speaks of no few customers, nor of what would tell of them."""
    hiding, secret = sight.hiding, sight.moves.keys
    named = {part["segment"] for part in one.parts if "segment" in part}
    counts = [part["value"] for part in one.parts if part.get("unit") == "count"]
    link = one.link or {}
    gone = {
        "concentration": hiding.sizes | hiding.money | hiding.changed,
        "size": hiding.sizes,
    }.get(one.kind, hiding.none)
    moves = {
        key
        for key in secret
        if key[0] == "row" and (key[1], key[3]) == (link.get("from"), link.get("cause"))
    }
    if "to" in link:
        moves = {key for key in moves if key[2] == link["to"]}
    return not (named & gone or moves or min(counts, default=hiding.floor) < hiding.floor)


def _retold(one: Insight) -> Insight:
    """Return a sentence whose test counts nobody who came or went."""
    test = "Chance alone explains less than that." if one.kind == "size" else one.test
    return replace(one, test=test)


def _told_figure(figure: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return a figure, or its reason where it would tell of a few."""
    hiding, moves = sight.hiding, sight.moves
    few = {"value": None, "before": None, "reason": hiding.why}
    n = figure.get("n") or 0
    if hiding.whole:
        return {**figure, **few, "n": None}
    if figure["name"] == "customers" and n - (figure["value"] or 0) < hiding.floor:
        return {**figure, "n": figure["value"]}
    if figure["name"] == "active" and figure["value"] is not None:
        some = round(figure["value"] * n)
        return {**figure, **(few if min(some, n - some) < hiding.floor else {})}
    if figure["name"] == "moved" and figure["value"] is not None:
        causes = {name: moves.told("cause", name, k) for name, k in figure["causes"].items()}
        value = moves.told("sum", "moved", figure["value"])
        stayed = causes.get("stayed", 0)
        known = value is not None and stayed is not None
        told = {"causes": causes, "n": figure["n"] if known else None}
        return {**figure, **({} if value is not None else few), **told}
    return figure


def _frame(run: Run) -> pa.Table:
    """Return segment_id and what is measured, of the customers that have a segment."""
    placed = _read(run, "assignments", ["customer_id", "segment_id"])
    path = run.folder / "features.parquet"
    names = [name for name in _MEASURES if name in pq.read_schema(path).names]
    features = _read(run, "features", ["customer_id", *names])
    # Both are by customer id, a row for each customer: what is told of one is beside her.
    if features["customer_id"] != placed["customer_id"]:
        ids = features["customer_id"].combine_chunks()
        features = features.take(pc.index_in(placed["customer_id"], ids))
    joined = features.drop_columns(["customer_id"]).append_column(
        "segment_id", placed["segment_id"]
    )
    return joined.filter(pc.not_equal(joined["segment_id"], "none"))


def _read(run: Run, name: str, columns: list[str]) -> pa.Table:
    return pq.read_table(run.folder / f"{name}.parquet", columns=columns)


def _moved(run: Run, before: Run | None) -> Moved | None:
    if before is None or run.as_of is None or before.as_of is None:
        return None
    migration = run.table("migration")
    days = (date.fromisoformat(run.as_of) - date.fromisoformat(before.as_of)).days
    if not migration.num_rows or days <= 0:
        return None
    return Moved(migration, {one["id"]: one["n"] for one in before.segments}, days)


def _forecast(value: Value | None) -> Forecast | None:
    if value is None:
        return None
    told = value.summary
    window = told.get("last_window") or {}
    bias = window.get("spend", {}).get("chosen", {}).get("total_error")
    when = ""
    if window:
        first = date.fromisoformat(window["from"])
        last = first + timedelta(days=window["days"] - 1)
        when = f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"
    total = float(np.nansum(to_floats(value.table().column("spend"))))
    return Forecast(total, None, None, told["horizon_days"], bias, when)


def _figures(
    run: Run, frame: pa.Table, former: pa.Table | None, moved: Moved | None
) -> list[dict[str, Any]]:
    day = run.as_of
    figures = [
        {
            "name": "customers",
            "label": "Customers",
            "unit": "count",
            "value": frame.num_rows,
            "n": run.manifest["files"]["assignments.parquet"]["rows"],
            "before": former.num_rows if former is not None else None,
        },
        _spend(frame, former),
        _active(frame, former),
        _stirred(run, moved),
    ]
    return [{"as_of": day, "reason": None, **figure} for figure in figures]


def _spend(frame: pa.Table, former: pa.Table | None) -> dict[str, Any]:
    found: dict[str, Any] = {"name": "spend", "label": "Spend to date", "unit": "money"}
    if "monetary" not in frame.column_names:
        return found | {"value": None, "reason": "There are no orders in this data."}
    before = None if former is None else _total(former)
    return found | {"value": _total(frame), "n": frame.num_rows, "before": before}


def _total(frame: pa.Table) -> float | None:
    if "monetary" not in frame.column_names:
        return None
    return round(float(np.nansum(to_floats(frame.column("monetary")))), 6)


def _active(frame: pa.Table, former: pa.Table | None) -> dict[str, Any]:
    label = f"Active, last {RECENT} days"
    found: dict[str, Any] = {"name": "active", "label": label, "unit": "share"}
    share = _active_share(frame)
    if share is None:
        return found | {"value": None, "reason": "There are no orders in this data."}
    before = None if former is None else _active_share(former)
    return found | {"value": share, "n": frame.num_rows, "before": before}


def _active_share(frame: pa.Table) -> float | None:
    if "orders_90d" not in frame.column_names or not frame.num_rows:
        return None
    return float((to_floats(frame.column("orders_90d")) > 0).mean())


def _stirred(run: Run, moved: Moved | None) -> dict[str, Any]:
    found: dict[str, Any] = {"name": "moved", "label": "Moved", "unit": "count"}
    if moved is None:
        return found | {"value": None, "reason": "Changes appear after the next run."}
    causes = causes_of(run.table("migration"))
    stayed = causes.get("stayed", 0)
    both = sum(causes.values()) - causes.get("new", 0) - causes.get("gone", 0)
    return found | {"value": both - stayed, "n": both, "before": None, "causes": causes}


def _proofs(run: Run, choice: Mapping[str, Any]) -> dict[str, Any]:
    rows = run.table("candidates").to_pylist()
    chosen = next((row for row in rows if row["chosen"]), None)
    counted = [one["n"] for one in run.segments if one["status"] == "live"]
    known = chosen or {}
    low, high = known.get("ci") or (None, None)
    return {
        "method": choice.get("method", ""),
        "holds_later": {"value": known.get("P"), "low": low, "high": high},
        "comes_back": {"value": (choice.get("stability") or {}).get("S_w")},
        "told_by_rules": {"value": choice.get("described")},
        "smallest": {
            "value": min(counted, default=None),
            "needed": math.ceil(least_customers(sum(counted))),
        },
    }


def how_chosen(run: Run) -> Choice:
    """Return how the segmentation of a run was chosen: sentences, candidates, gates, verdict."""
    matrix = Matrix.from_dict(read_json(run.folder / "matrix.json"))
    return choice_of(run.choice, run.table("candidates"), len(matrix.sources))
