"""Boosted value learned before today, from the sampled customers alone, so that it costs little.

Learning measures earlier days and leaves their level 1 behind, so it comes before the day
itself is measured.
"""

from __future__ import annotations

from coterie.engine.duckdb import DuckDB
from coterie.features.asof import Custom, FeatureModel
from coterie.features.boosted import BoostedValue
from coterie.features.level1 import Rules
from coterie.features.origins import Lessons, learn
from coterie.segmentation.base import SegmentationParams, horizon_days
from coterie.segmentation.evidence import SAMPLE_LINES, draw_lines


def lessons_before(
    db: DuckDB, rules: Rules, custom: Custom, params: SegmentationParams, *, as_of: int
) -> Lessons | None:
    """Return what boosted value learns from before a day.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical tables; level 1 and ``state`` are overwritten.
    rules : Rules
        How lines are counted.
    custom : Custom
        What ``frequency`` counts.
    params : SegmentationParams
        Whether it is asked for, horizon and seed.
    as_of : int
        Rows on or after this day are not read.

    Returns
    -------
    Lessons or None
        None if it is not asked for, or history is too short.
    """
    if not params.boosts:
        return None
    draw_lines(db, params.seed)
    days = horizon_days(params.horizon)
    found = learn(db, rules, custom.frequency, as_of=as_of, horizon=days, lines=SAMPLE_LINES)
    return found if isinstance(found, Lessons) else None


def learn_again(
    db: DuckDB, model: FeatureModel, *, as_of: int, horizon: int, seed: int
) -> BoostedValue | None:
    """Return boosted value learned anew before a day.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical tables; level 1 and ``state`` are overwritten.
    model : FeatureModel
        As released.
    as_of : int
        Rows on or after this day are not read.
    horizon : int
        Days ahead for which value is expected.
    seed : int
        Of the sample.

    Returns
    -------
    BoostedValue or None
        None if the model has none, or history is too short.
    """
    if model.boosted is None:
        return None
    draw_lines(db, seed)
    rules, frequency = model.catalogue.state.rules, model.custom.frequency
    found = learn(db, rules, frequency, as_of=as_of, horizon=horizon, lines=SAMPLE_LINES)
    return found.fit() if isinstance(found, Lessons) else None
