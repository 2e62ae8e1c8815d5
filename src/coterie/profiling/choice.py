"""How the segmentation was chosen: the table of candidates, and what the report says of it.

Every figure comes from the candidates and the recorded choice; nothing is measured here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.profiling.charts_choice import ALGORITHM_WORDS, TOO_SMALL, SweepPoint
from coterie.profiling.charts_choice import Candidate as Shown
from coterie.segmentation.base import BY_HAND
from coterie.segmentation.candidates import Selection
from coterie.segmentation.gates import RELAXED, STRICT, percent
from coterie.segmentation.structure import MIN_DIP_SHARE, MIN_GAP, MIN_STRENGTH
from coterie.segmentation.wishes import plain_weights

CANDIDATES = pa.schema(
    [
        ("algorithm", pa.string()),
        ("features", pa.string()),
        ("k", pa.int32()),
        ("P", pa.float64()),
        ("ci", pa.list_(pa.float64(), 2)),
        ("S_w", pa.float64()),
        ("S_min", pa.float64()),
        ("D", pa.float64()),
        ("silhouette", pa.float64()),
        ("db", pa.float64()),
        ("ch", pa.float64()),
        ("inertia", pa.float64()),
        ("reference", pa.bool_()),
        ("chosen", pa.bool_()),
        ("reason_lost", pa.string()),
    ]
)
"""Columns of ``candidates.parquet``; what was not measured is NULL."""


@dataclass(frozen=True)
class Check:
    """One test of the segments: what was found, what is needed, and whether it is reached."""

    name: str
    found: str
    needed: str
    passed: bool


@dataclass(frozen=True)
class Choice:
    """How the segmentation was chosen, as plain data.

    ``sentences`` are for people; ``verdict`` is natural, reproducible, constructed or empty;
    ``judged`` says what the verdict means and ``not_as`` how not to read the segments.
    """

    sentences: tuple[str, ...] = ()
    candidates: tuple[Shown, ...] = ()
    sweep: tuple[SweepPoint, ...] = ()
    chosen_k: int | None = None
    verdict: str = ""
    method: str = ""
    judged: tuple[str, ...] = ()
    not_as: str = ""
    gates: tuple[Check, ...] = ()
    natural: tuple[Check, ...] = ()


def candidate_rows(selection: Selection | None, parent: Path | None) -> pa.Table:
    """Return the candidates of the choice; a run that did not choose has its parent's."""
    if selection is None:
        if parent is None:
            return CANDIDATES.empty_table()
        return pq.read_table(parent / "candidates.parquet")
    rows = []
    for candidate in selection.candidates:
        row = candidate.to_dict()
        known = row["p_low"] is not None
        measured = {
            "P": _of_all(row["p"]),
            "ci": [_of_all(row["p_low"]), _of_all(row["p_high"])] if known else None,
            "S_w": row["s_w"],
            "S_min": row["s_min"],
            "D": row["d"],
        }
        rows.append(row | measured | {"chosen": candidate is selection.winner})
    return pa.Table.from_pylist(rows, schema=CANDIDATES)


def _of_all(p: float | None) -> float | None:
    """Return P as it is told: of few customers chance may lift it above all that can be told.

    Examples
    --------
    >>> _of_all(1.04), _of_all(0.9), _of_all(None)
    (1.0, 0.9, None)
    """
    return None if p is None else min(p, 1.0)


def choice_of(told: Mapping[str, Any], candidates: pa.Table, n_columns: int) -> Choice:
    """Return how the segmentation was chosen, as the report shows it.

    Parameters
    ----------
    told : mapping
        The recorded choice (``choice`` of ``model.json``).
    candidates : pyarrow.Table
        As ``candidate_rows`` gives them.
    n_columns : int
        Columns that the segments are made from.

    Returns
    -------
    Choice
        With a check for each gate and each test of the verdict that was made.
    """
    rows = candidates.to_pylist()
    chosen = next((row for row in rows if row["chosen"]), None)
    same = [
        row
        for row in rows
        if chosen
        and (row["algorithm"], row["features"]) == (chosen["algorithm"], chosen["features"])
    ]
    return Choice(
        sentences=_sentences(chosen, rows, told, n_columns),
        candidates=tuple(_shown(row) for row in rows),
        sweep=_sweep(same, told.get("elbow", [])),
        chosen_k=chosen["k"] if chosen else None,
        verdict=told.get("verdict") or "",
        method=told.get("method", ""),
        judged=tuple(told.get("sentences", ())),
        not_as=told.get("do_not_read_as", ""),
        gates=_gates(told),
        natural=_natural(told),
    )


def _gates(told: Mapping[str, Any]) -> tuple[Check, ...]:
    """Return what every candidate must pass, as the published segments do."""
    back, described = told.get("stability"), told.get("described")
    if not back or described is None:
        return ()
    bars = RELAXED if told.get("gates") == "relaxed" else STRICT
    named = (
        ("Refitted on resampled customers, a segment is found again", back["S_w"], bars[0]),
        ("The segment that comes back worst is found again", back["S_min"], bars[1]),
        ("Short rules place a customer in the right segment", described, bars[2]),
    )
    return tuple(
        Check(name, percent(found, needed), f"{needed:.0%}", found >= needed)
        for name, found, needed in named
    )


def _natural(told: Mapping[str, Any]) -> tuple[Check, ...]:
    """Return the tests of whether groups are there without our drawing them."""
    found = told.get("structure")
    if not found:
        return ()
    strength, gap, apart = found["prediction_strength"], found["gap_z"], found["dip_share"]
    return (
        Check(
            "One half of the customers foretells who belongs together in the other",
            f"{strength:.0%}",
            f"{MIN_STRENGTH:.0%}",
            strength >= MIN_STRENGTH,
        ),
        Check(
            "Tighter than 20 data sets without groups, in standard errors",
            f"{gap:.1f}",
            f"above {MIN_GAP:.0f}",
            gap > MIN_GAP,
        ),
        Check(
            "Segments with fewer customers in between than on both sides",
            f"{apart:.0%}",
            f"{MIN_DIP_SHARE:.0%}",
            apart >= MIN_DIP_SHARE,
        ),
    )


def _sweep(
    tried: Sequence[Mapping[str, Any]], elbow: Sequence[tuple[int, float]]
) -> tuple[SweepPoint, ...]:
    """Return the usual measures by number of segments; of those not tried only the inertia."""
    points = {k: SweepPoint(k, inertia) for k, inertia in elbow}
    for row in tried:
        low, high = row["ci"] or (None, None)
        points[row["k"]] = SweepPoint(
            row["k"], row["inertia"], row["silhouette"], row["P"], low, high, row["S_w"]
        )
    return tuple(points[k] for k in sorted(points))


def _shown(row: Mapping[str, Any]) -> Shown:
    low, high = row["ci"] or (None, None)
    measured = {"p": row["P"], "p_low": low, "p_high": high, "s_w": row["S_w"], "d": row["D"]}
    names = {field.name for field in fields(Shown)} - measured.keys()
    return Shown(**measured, **{name: row[name] for name in names})


def _sentences(
    chosen: Mapping[str, Any] | None,
    rows: Sequence[Mapping[str, Any]],
    told: Mapping[str, Any],
    n_columns: int,
) -> tuple[str, ...]:
    """Say in plain sentences what was chosen, by what, and what to keep in mind."""
    windows = told.get("windows", 1)
    held = "the time held back" if windows == 1 else "two stretches of time held back"
    by = {
        "out-of-time": f"how well they tell what customers did in {held}",
        "outcome": "how well they separate the outcome column",
        "leave-one-out": "how well they tell each column from the others",
    }.get(told.get("method", ""), "")
    sentences = []
    if chosen and chosen["algorithm"] == BY_HAND:
        sentences += [_by_hand(chosen, rows, by), *_written(told.get("written", ()))]
    elif chosen and by:
        algorithm = _words(chosen)
        listed = "," in chosen["features"]  # a list of columns has no name of its own
        features = f"{n_columns} columns" if listed else chosen["features"]
        weights = told.get("weights")
        p = "" if chosen["P"] is None else f": {100 * chosen['P']:.0f} of 100 that can be told"
        judged = _weighed(weights) if weights else f"{by}{p}"
        sentences.append(
            f"{chosen['k']} segments by {algorithm} on {features} were chosen "
            f"among {len(rows)} candidates{_kinds(rows)} by {judged}."
        )
        sentences.append(f"Judged by {by}{p}." if weights else _why_so_many(chosen, rows))
    if told.get("method") == "leave-one-out":
        sentences.append("Nothing is proven on later behaviour by that.")
    if told.get("note"):
        sentences.append(told["note"])
    if told.get("cut"):
        sentences.append(
            f"The time budget left {len(told['cut'])} further candidates untried; without it "
            "another one might have been chosen."
        )
    return tuple(sentences)


def _words(row: Mapping[str, Any]) -> str:
    name = str(row["algorithm"])
    return ALGORITHM_WORDS.get(name, name)


def _kinds(rows: Sequence[Mapping[str, Any]]) -> str:
    """Name the ways to find segments that were tried, if there are several."""
    tried = list(dict.fromkeys(_words(row) for row in rows if not row["reference"]))
    beside = list(dict.fromkeys(_words(row) for row in rows if row["reference"]))
    if len(tried) < 2:
        return ""
    compared = f"; for comparison {', '.join(beside)}" if beside else ""
    return f" ({', '.join(tried)}{compared})"


def _many(row: Mapping[str, Any], chosen: Mapping[str, Any]) -> str:
    """Say how many segments a candidate has, and by what if that is not as in the chosen one."""
    other = "" if row["algorithm"] == chosen["algorithm"] else f" by {_words(row)}"
    return f"{row['k']} segments{other}"


def _weighed(weights: Mapping[str, float]) -> str:
    """Say that the user weighed the criteria, and how."""
    return (
        f"weights of the criteria that were set by the user ({plain_weights(weights)}): of "
        "those that pass all gates the one with the highest weighted mean"
    )


def _by_hand(chosen: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], by: str) -> str:
    """Say that nothing was chosen, and what the rules of the user tell."""
    said = f"The {chosen['k']} segments are rules written by hand; nothing was chosen."
    if chosen["P"] is None or not by:
        return f"{said} How much they tell of later behaviour was not measured."
    beside = next((row for row in rows if row["reference"] and row["P"] is not None), None)
    other = f", the {beside['algorithm']} {100 * beside['P']:.0f}" if beside else ""
    return f"{said} By {by} they reach {100 * chosen['P']:.0f} of 100 that can be told{other}."


def _written(rules: Sequence[tuple[str, str]]) -> list[str]:
    """Say the rules in their order."""
    if not rules:
        return []
    said = (f"{i}. {name}: {words or 'all others'}." for i, (name, words) in enumerate(rules, 1))
    return ["Each customer is in the first whose rule she meets:", *said]


def _why_so_many(chosen: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Say why this number of segments, with the figures of the candidates that reach more."""
    known = [row for row in rows if row["P"] is not None and not row["reference"]]
    if chosen["P"] is None or chosen not in known:
        return "Of those within 2 points of the best, the one with the fewest segments wins."
    above = sorted(
        (row for row in known if row["P"] > chosen["P"]), key=lambda row: (-row["P"], row["k"])
    )
    sentences = []
    small = next((row for row in above if row["reason_lost"].startswith(TOO_SMALL)), None)
    if small:
        sentences.append(
            f"{_many(small, chosen)} would reach {100 * small['P']:.0f}, but with "
            f"{small['reason_lost']}, too few to act on."
        )
    unsteady = next((row for row in above if _closed(row)), None)
    if unsteady:
        sentences.append(
            f"{_many(unsteady, chosen)} would reach {100 * unsteady['P']:.0f}, but a gate is "
            f"closed: {unsteady['reason_lost']}."
        )
    open_to = [row for row in above if not _closed(row) and row["reason_lost"] and row is not small]
    near = [row for row in open_to if not row["reason_lost"].startswith(TOO_SMALL)]
    if near and near[0]["reason_lost"].startswith("more segments"):
        sentences.append(
            f"Of candidates that pass all gates the most, {100 * near[0]['P']:.0f}, is reached "
            f"with {_many(near[0], chosen)}; within 2 points of that, the fewest segments win."
        )
    elif near:
        sentences.append(
            f"{_many(near[0], chosen)} would reach {100 * near[0]['P']:.0f}, but their groups are "
            "less clearly there: natural groups go before a higher figure."
        )
    else:
        sentences.append("No other candidate that passes all gates reaches more.")
    return " ".join(sentences)


def _closed(row: Mapping[str, Any]) -> bool:
    """Return whether a gate beside that of substance was closed to a candidate."""
    begins = ("does not come back", "a segment dissolves", "cannot be")
    return bool(row["reason_lost"].startswith(begins))
