"""A routine refit of the published model: same columns and scaling, value fitted anew.

Whether it should replace the published one is advice, by the last complete window and by
how many customers it moves who did nothing; who asks for a refit has decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.features.asof import Sources, build_features, refit_value
from coterie.features.boosted import BoostedValue
from coterie.features.catalogue import VALUE_FEATURES
from coterie.features.column import to_floats
from coterie.features.lenses import read_columns
from coterie.features.windows import (
    Window,
    check_usable,
    inner_window,
    outcome_sql,
    why_unusable,
)
from coterie.schema import Attribute
from coterie.segmentation.base import Floats, Labels
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.evidence import (
    SAMPLE,
    SAMPLE_LINES,
    draw_lines,
    draw_sample,
    spent_by,
)
from coterie.segmentation.judges import OutcomeJudge
from coterie.segmentation.lessons import learn_again
from coterie.segmentation.lloyd import refine
from coterie.segmentation.placing import make_frame, matrices
from coterie.segmentation.released import Released, identify, keep_labels, sample_rows
from coterie.segmentation.renewal import Limits, Rows, renew

BETTER, MOST_CHURN = 0.02, 0.1
"""A refit is promoted without a person if P rises by so much and so few customers change."""


@dataclass(frozen=True)
class Today:
    """What a refit is given besides the working database.

    ``as_of`` is None without orders; ``given`` counts the segment ids given before;
    ``boosted`` is that of the released model learned anew, if it has one.
    """

    as_of: int | None
    horizon: int
    sources: Sources
    limits: Limits
    seed: int
    run_id: str
    given: int
    boosted: BoostedValue | None = None


@dataclass(frozen=True)
class Before:
    """How the old model and its refit would have done in the last complete window."""

    window: Window
    customers: pa.Table
    known: Floats
    old: Labels
    new: Labels


def go_on(
    db: DuckDB,
    released: Released | None,
    settings_hash: str,
    attributes: Sequence[Attribute],
    today: Today,
    tell: Callable[[str, float, str], None],
) -> Released | None:
    """Refit the published model, if a routine refit can go on from it.

    Other settings ask for a new choice, and only k-means has centres to go on from; else
    all is fitted anew, and ids are matched.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical tables; gets ``features`` and ``frame``.
    released : Released or None
        The published model.
    settings_hash : str
        Of today's settings.
    attributes : sequence of Attribute
        Columns of the customer table.
    today : Today
        When, and within what limits.
    tell : callable
        Told about progress.

    Returns
    -------
    Released or None
        None if a model is to be chosen and fitted anew.
    """
    if released is None or released.settings_hash != settings_hash:
        return None
    if type(released.model) is not KMeansModel:
        return None
    tell("measure", 0.0, "measuring every customer")
    try:
        before = look_back(db, released, today)
    except (ParameterError, DataError):  # the data lost a column: keep_labels finds it too
        before = "The data no longer has what the model needs."
    if released.features and today.as_of is not None:  # before today's level 1 is made
        boosted = learn_again(
            db, released.features, as_of=today.as_of, horizon=today.horizon, seed=today.seed
        )
        today = replace(today, boosted=boosted)
    parent = keep_labels(db, released, attributes, as_of=today.as_of, sources=today.sources)
    if parent is None or not parent.ids:
        return None
    check_usable(db, today.as_of)
    tell("choose", 0.0, "moving the segments on to today's customers")
    return refit_released(db, released, today, before)


def look_back(db: DuckDB, released: Released, today: Today) -> Before | str:
    """Return what model and refit made of the customers before the last window, or why not.

    Overwrites level 1, ``state`` and ``features``.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical tables.
    released : Released
        The published model, of k-means.
    today : Today
        When, and for how long ahead.

    Returns
    -------
    Before or str
        The reason in words if the history is too short.
    """
    if released.features is None or today.as_of is None:
        return "There are no orders to judge by."
    ((first_day,),) = db.rows("SELECT MIN(day) FROM lines")
    window = inner_window(first_day, today.as_of, today.horizon)
    if window is None:
        return "There are too few days of orders to judge by."
    draw_lines(db, today.seed)
    day, days = window.start, window.days
    boosted = learn_again(db, released.features, as_of=day, horizon=days, seed=today.seed)
    sources = replace(today.sources, lines=SAMPLE_LINES, customers="")
    build_features(db, released.features, as_of=day, sources=sources)
    names = tuple(dict.fromkeys([*VALUE_FEATURES, *released.matrix.sources]))
    frame = read_columns(db, names)
    if not frame.num_rows:
        return "Nobody had ordered before the last window."
    measured = released.matrix.transform(frame)
    old = _kmeans(released).assign(measured)
    refit_value(db, released.features, as_of=day, horizon=days, sources=sources, boosted=boosted)
    again = read_columns(db, names)
    rows = released.matrix.transform(again)
    renewed = renew(
        _kmeans(released),
        Rows(rows, measured, to_floats(again.column("monetary"))),
        today.limits,
        usual=released.gain,
        seed=today.seed,
    )
    known = np.column_stack([to_floats(frame.column(name)) for name in VALUE_FEATURES])
    return Before(window, frame.select(["customer_id"]), known, old, renewed.model.assign(rows))


def judge_refit(db: DuckDB, before: Before | str, seed: int) -> dict[str, Any]:
    """Return P of the old model and of its refit in the last complete window.

    Parameters
    ----------
    db : DuckDB
        Its level 1 is that of the window's end.
    before : Before or str
        See ``look_back``.
    seed : int
        Of folds and trees.

    Returns
    -------
    dict
        ``p_old`` and ``p_new``, None with a ``p_reason`` where they cannot be known.
    """
    if isinstance(before, str):
        return {"p_old": None, "p_new": None, "p_reason": before}
    outcome = spent_by(db, before.customers, f"({outcome_sql(before.window)})")
    reason = why_unusable(len(outcome), int((outcome > 0).sum()))
    if reason:
        return {"p_old": None, "p_new": None, "p_reason": reason}
    judge = OutcomeJudge.of_spend(outcome, before.known, seed=seed)
    old, new = judge.of_labels(before.old), judge.of_labels(before.new)
    if old is None or new is None:
        return {"p_old": None, "p_new": None, "p_reason": "Nothing in the window can be foretold."}
    return {"p_old": old.p, "p_new": new.p}


def advise(p_old: float | None, p_new: float | None, churn: float | None) -> tuple[bool, str]:
    """Say whether a refit may replace the released model without a person, and why.

    Parameters
    ----------
    p_old, p_new : float or None
        P of both in the last complete window.
    churn : float or None
        Share of customers who change segment because of the model alone.

    Returns
    -------
    (bool, str)
        The advice in words.

    Examples
    --------
    >>> advise(0.80, 0.83, 0.04)
    (True, 'It tells 3 points more of later behaviour, and moves 4% of customers.')
    >>> advise(0.80, 0.81, 0.04)[1]
    'It tells 1 point more of later behaviour; 2 are worth a change.'
    >>> advise(0.80, 0.90, 0.2)[1]
    'It moves 20% of customers, who did nothing; more than 10% is for a person to decide.'
    """
    if p_old is None or p_new is None:
        return False, "How it does on later behaviour is not known."
    points = 100 * (p_new - p_old)
    more = f"{abs(points):.0f} point{'' if round(abs(points)) == 1 else 's'}"
    told = f"It tells {more} {'more' if points >= 0 else 'less'} of later behaviour"
    if abs(points) < 0.5:
        told = "It tells as much of later behaviour"
    if p_new - p_old < BETTER - 1e-9:
        return False, f"{told}; {100 * BETTER:.0f} are worth a change."
    if churn is not None and churn > MOST_CHURN:
        return False, (
            f"It moves {100 * churn:.0f}% of customers, who did nothing; more than "
            f"{100 * MOST_CHURN:.0f}% is for a person to decide."
        )
    return True, f"{told}, and moves {100 * (churn or 0):.0f}% of customers."


def refit_released(db: DuckDB, released: Released, today: Today, before: Before | str) -> Released:
    """Refit the published model on today's customers: same columns and scaling, near centres.

    Customer value is fitted anew; vocabularies, scores and the matrix stay.

    Parameters
    ----------
    db : DuckDB
        Holds ``features`` as of today by the released model and its ``old_labels``
        (``keep_labels``); gets those of the refit, and ``frame``.
    released : Released
        The published model, of k-means.
    today : Today
        When, and within what limits.
    before : Before or str
        See ``look_back``.

    Returns
    -------
    Released
        With ids, with what changed, and with the advice whether it should be promoted.
    """
    features = released.features
    draw_sample(db, "features", today.seed)
    measured = sample_rows(db, released.matrix)
    if features is not None and today.as_of is not None:
        features = refit_value(
            db,
            features,
            as_of=today.as_of,
            horizon=today.horizon,
            sources=today.sources,
            boosted=today.boosted,
        )
        make_frame(db, released.matrix)
    revenue = None
    if features is not None:
        spent = read_columns(db, ("monetary",), only=SAMPLE)
        revenue = to_floats(spent.column("monetary"))
    renewed = renew(
        _kmeans(released),
        Rows(sample_rows(db, released.matrix), measured, revenue),
        today.limits,
        usual=released.gain,
        seed=today.seed,
        exact=lambda model: refine(model, lambda: matrices(db, released.matrix)),
    )
    judged = judge_refit(db, before, today.seed)
    fitted = replace(
        released,
        model_id="m" + today.run_id[1:],
        features=features,
        model=renewed.model,
        # What is usual stays that of the choice, else many small steps would hide a new group.
        gain=released.gain if renewed.model.n_segments == released.model.n_segments else None,
        choice=_carried(released.choice or {}, renewed.carried),
        changes={**judged, "refit": True},
    )
    found = identify(
        db, fitted, released, run_id=today.run_id, given=today.given, born=renewed.born
    )
    churn = (found.changes or {}).get("churn")
    promote, why = advise(judged["p_old"], judged["p_new"], churn)
    return replace(found, changes={**(found.changes or {}), "promote": promote, "why": why})


def _carried(choice: Mapping[str, Any], carried: Sequence[int]) -> dict[str, Any]:
    """Return the choice with what it said of each segment under its new number."""
    rows = choice.get("segments") or []
    if not rows:
        return dict(choice)
    return {**choice, "segments": [rows[old] if 0 <= old < len(rows) else {} for old in carried]}


def _kmeans(released: Released) -> KMeansModel:
    if not isinstance(released.model, KMeansModel):
        raise TypeError(released.model.kind)
    return released.model
