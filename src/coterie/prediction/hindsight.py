"""What would have been foretold for the last window, and how far off that was.

Everything is fitted on what was known before the window, then compared with what came: the
only figures of quality that are shown. What a window decides is tried on the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from coterie.errors import NotReadyError
from coterie.features.windows import MIN_WINDOW_DAYS, Window, inner_window, window_before
from coterie.prediction.churn import Calibration, calibrate
from coterie.prediction.evaluate import Chances, Decile, Spend, deciles, judge_chances, judge_spend
from coterie.prediction.forecast import (
    Choices,
    Expected,
    Forecaster,
    choose,
    plan_origins,
    too_few,
)
from coterie.prediction.history import History
from coterie.prediction.intervals import Ranges, fit_ranges
from coterie.prediction.next_segment import (
    STEP_DAYS,
    Hits,
    Markov,
    Moves,
    NextSegment,
    fit_next,
    judge_next,
    markov,
)
from coterie.prediction.survival import Curve, kaplan_meier
from coterie.segmentation.base import Labels

Floats = NDArray[np.float64]

MIN_CURVE = 25
"""Customers of a segment below which no curve is drawn."""


@dataclass(frozen=True)
class Hindsight:
    """What the last window tells.

    Parameters
    ----------
    window : Window or None
        Its days; None if there is none to judge by.
    reason : str
        Why there is none; empty if there is.
    choices : Choices
        Which forecasts were better.
    calibration : Calibration
        Of the chance of an order from now on.
    calibration_reason : str
        Why chances are calibrated or not.
    ranges : Ranges or None
        Around what is expected.
    spend, orders : mapping of str to Spend
        Of ``chosen``, ``classic`` (BG/NBD), ``last`` (the same as in as many days before)
        and ``mean`` (the same for everybody).
    churn : mapping of str to Chances
        Of no order: ``chosen`` and ``classic``.
    hiatus_auc : float or None
        Of days away over the usual gap: the rule without a model.
    deciles : tuple of Decile
        Of the chosen spend.
    customers : int
        Who were judged.
    """

    window: Window | None = None
    reason: str = ""
    choices: Choices = field(default_factory=Choices)
    calibration: Calibration = field(default_factory=Calibration)
    calibration_reason: str = ""
    ranges: Ranges | None = None
    spend: Mapping[str, Spend] = field(default_factory=dict)
    orders: Mapping[str, Spend] = field(default_factory=dict)
    churn: Mapping[str, Chances] = field(default_factory=dict)
    hiatus_auc: float | None = None
    deciles: tuple[Decile, ...] = ()
    customers: int = 0


def forecaster_on(history: History, day: int, horizon: int, *, seed: int) -> Forecaster:
    """Fit what foretells from a day, on what was known before it.

    Parameters
    ----------
    history : History
        The past.
    day : int
        Nothing on or after it is read.
    horizon : int
        Days ahead.
    seed : int
        Of the trees.

    Returns
    -------
    Forecaster
        With trees if an earlier origin has enough customers.

    Raises
    ------
    NotReadyError
        With fewer than 100 repeat buyers of positive spend, or 90 days of history.
    """
    plan = plan_origins(history.first_day(), day, horizon)
    pasts = [history.past(start, plan.days, now=day) for start in plan.starts]
    return Forecaster.fit(history.on(day).known, pasts, horizon=horizon, seed=seed)


def look_back(history: History, as_of: int, horizon: int, *, seed: int) -> Hindsight:
    """Foretell the last window from its start, and compare.

    Parameters
    ----------
    history : History
        The past.
    as_of : int
        End of the window; nothing on or after it is read.
    horizon : int
        Days of the window, if history is long enough; else half the history.
    seed : int
        Of the trees.

    Returns
    -------
    Hindsight
        Without figures, and with the reason, if nothing can be judged.
    """
    window = inner_window(history.first_day(), as_of, horizon)
    if horizon < MIN_WINDOW_DAYS:
        return Hindsight(reason=f"A horizon below {MIN_WINDOW_DAYS} days is too short to judge by.")
    if window is None:
        return Hindsight(reason="History is too short for a window to judge by.")
    try:
        forecaster = forecaster_on(history, window.start, window.days, seed=seed)
    except NotReadyError as error:
        return Hindsight(reason=f"The last window could not be used. {error.message}")
    last = history.past(window.start, window.days, now=as_of)
    if lacking := too_few(last):
        return Hindsight(reason=f"The last window could not be used: {lacking}")
    choices = choose(forecaster, last)
    expected = forecaster.expect(last.known, choices)
    classic = forecaster.classic(last.known)
    line, why = _line_before(history, window, choices, seed)
    happened = last.orders > 0
    calibration, active = Calibration(), expected.active
    if line is not None:
        better = (
            judge_chances(happened, line.of(active)).brier < judge_chances(happened, active).brier
        )
        why = "A line taken from the window before made the last one "
        why += "better." if better else "worse, so none is used."
        if better:
            calibration, active = calibrate(happened, active), line.of(active)
    day = history.on(window.start)
    before = history.followed(
        day.ids, f"seen_{window.start}", window.start - window.days, window.start
    )
    away = day.known.features[:, 0] / day.usual_gap  # recency is the first of the features
    return Hindsight(
        window=window,
        choices=choices,
        calibration=calibration,
        calibration_reason=why,
        ranges=fit_ranges(last.spend, expected.spend),
        spend=_judged(last.spend, expected.spend, classic.spend, before[0]),
        orders=_judged(last.orders, expected.orders, classic.orders, before[1]),
        churn={
            "chosen": judge_chances(~happened, 1 - active),
            "classic": judge_chances(~happened, 1 - classic.active),
        },
        hiatus_auc=float(roc_auc_score(~happened, away)),
        deciles=deciles(last.spend, expected.spend),
        customers=last.known.size,
    )


def _judged(actual: Floats, ours: Floats, classic: Floats, before: Floats) -> dict[str, Spend]:
    told = {
        "chosen": ours,
        "classic": classic,
        "last": np.maximum(before, 0.0),
        "mean": np.full(actual.size, np.maximum(before, 0.0).mean()),
    }
    return {name: judge_spend(actual, expected) for name, expected in told.items()}


def _line_before(
    history: History, window: Window, choices: Choices, seed: int
) -> tuple[Calibration | None, str]:
    """Return the line that the window before the last asks for, or why there is none."""
    before = window_before(window, history.first_day())
    if before is None:
        return None, "History has no window before the last to calibrate on."
    try:
        forecaster = forecaster_on(history, before.start, before.days, seed=seed)
    except NotReadyError as error:
        return None, error.message
    past = history.past(before.start, before.days, now=before.end)
    if lacking := too_few(past):
        return None, lacking
    told = forecaster.expect(past.known, choices).active
    return calibrate(past.orders > 0, told), ""


def ahead(expected: Expected, seen: Hindsight) -> Expected:
    """Return what is expected with calibrated chances."""
    return replace(expected, active=seen.calibration.of(expected.active))


@dataclass(frozen=True)
class Movement:
    """How customers move between segments within four weeks.

    Parameters
    ----------
    model : NextSegment or None
        Foretells the segment of a customer; None if history is too short.
    markov : Markov or None
        Moves in the last 28 days.
    judged : mapping of str to Hits
        Of ``trees``, ``markov`` and ``stay`` over those days, fitted on the days before.
    reason : str
        Why something is missing; empty if nothing is.
    """

    model: NextSegment | None = None
    markov: Markov | None = None
    judged: Mapping[str, Hits] = field(default_factory=dict)
    reason: str = ""


def movement(history: History, as_of: int, k: int, *, seed: int) -> Movement:
    """Learn how customers move between segments, and try it on the last four weeks.

    Parameters
    ----------
    history : History
        The past.
    as_of : int
        Nothing on or after it is read.
    k : int
        Number of segments.
    seed : int
        Of the trees.

    Returns
    -------
    Movement
        Trees are fitted on the eight weeks before ``as_of``, once tried.
    """
    days = [as_of - turn * STEP_DAYS for turn in range(3)]
    if days[2] - history.first_day() < STEP_DAYS:
        return Movement(reason="History is shorter than twelve weeks.")
    if k < 2:
        return Movement(reason="There is one segment alone.")
    last, before = (_moves(history, days[turn + 1], days[turn]) for turn in range(2))
    if (
        min(len(last.end), len(before.end)) < 200
        or min(np.unique(one.end).size for one in (last, before)) < 2
    ):
        return Movement(reason="Fewer than 200 customers, or all are in one segment.")
    tried = fit_next([before], k, seed=seed)
    stay = (last.start == last.end).mean()
    judged = {
        "trees": judge_next(last.end, tried.chances(last.features, last.start)),
        "markov": judge_next(last.end, markov(before.start, before.end, k).chances(last.start)),
        "stay": Hits(float(stay), None),
    }
    model = fit_next([last, before], k, seed=seed)
    return Movement(model, markov(last.start, last.end, k), judged)


def _moves(history: History, start: int, end: int) -> Moves:
    """Return the customers in a segment on both days."""
    first, last = history.on(start), history.on(end)
    at = pc.index_in(first.ids, value_set=last.ids).fill_null(-1).to_numpy()
    before, after = history.places(start), history.places(end)[at]
    both = (at >= 0) & (before >= 0) & (after >= 0)
    return Moves(first.known.features[both], before[both], after[both])


def curves(history: History, day: int, k: int, *, now: int) -> list[Curve | None]:
    """Return how long each segment of a day took to order again, watched until ``now``.

    Parameters
    ----------
    history : History
        The past.
    day : int
        From which customers are watched, in the segments they were in on it.
    k : int
        Number of segments.
    now : int
        Nothing on or after it is read.

    Returns
    -------
    list of Curve or None
        One a segment; None with fewer than 25 customers.
    """
    until, ordered = history.until_order(day, now=now)
    places: Labels = history.places(day)
    return [
        kaplan_meier(until[own], ordered[own]) if own.sum() >= MIN_CURVE else None
        for own in (places == number for number in range(k))
    ]
