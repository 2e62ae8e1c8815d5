"""Segments for every customer: by the published model, or by one chosen and fitted now."""

from __future__ import annotations

from dataclasses import replace

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.features.asof import Custom, Sources, fit_features
from coterie.features.lenses import create_attribute_features, default_lens, feature_sets
from coterie.features.level1 import drop_level1
from coterie.features.windows import check_usable
from coterie.pipeline.plan import Plan, Tell
from coterie.segmentation.base import horizon_days, k_range
from coterie.segmentation.candidates import Selection
from coterie.segmentation.evidence import Past, judge_later, judge_now, look_back
from coterie.segmentation.placing import fit_choice, place
from coterie.segmentation.released import (
    Released,
    identify,
    keep_labels,
    prepare,
)
from coterie.segmentation.select import select
from coterie.validation.ingest import Ingested
from coterie.validation.moment import has_rows


def segment_customers(
    db: DuckDB, settings: Settings, ingested: Ingested, plan: Plan, tell: Tell
) -> tuple[Released, Selection | None]:
    """Place every customer, by the published model or by a new one.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical tables; gets ``features`` and ``assignments``.
    settings : Settings
        Of the project.
    ingested : Ingested
        What the sources held.
    plan : Plan
        Whether to fit, and as of when.
    tell : callable
        Told about progress.

    Returns
    -------
    (Released, Selection or None)
        The model, and how it was chosen if it was chosen now.

    Raises
    ------
    CoterieError
        If there are too few usable customers, or no feature will do.
    """
    events, people = (name if has_rows(db, name) else "" for name in ("events", "people"))
    sources = Sources(events=events, customers=people)
    if not plan.fits and plan.parent is not None:
        tell("measure", 0.0, "measuring every customer")
        prepare(db, plan.parent, ingested.attributes, as_of=plan.as_of, sources=sources)
        check_usable(db, plan.as_of)
        released, selection = plan.parent, None
    else:
        released, selection = _fit(db, settings, ingested, plan, sources, tell)
    tell("place", 0.0, "placing every customer")
    place(db, released.matrix, released.model, released.ids)
    return released, selection


def _fit(
    db: DuckDB,
    settings: Settings,
    ingested: Ingested,
    plan: Plan,
    sources: Sources,
    tell: Tell,
) -> tuple[Released, Selection]:
    """Choose a segmentation, fit it on today's customers and give its segments their ids."""
    params, attributes = settings.segmentation, ingested.attributes
    as_of = plan.as_of if has_rows(db, "lines") else None
    lens = params.lens if params.lens != "auto" else default_lens(has_orders=as_of is not None)
    rules, custom = settings.rules, Custom(settings.measures, settings.features, params.frequency)
    past: Past | str = ""
    tell("measure", 0.0, "measuring every customer")
    if as_of is not None:
        past = look_back(db, rules, custom, params, as_of=as_of)
    parent = keep_labels(db, plan.parent, attributes, as_of=plan.as_of, sources=sources)
    model = None
    if as_of is not None:
        horizon = horizon_days(params.horizon)
        model = fit_features(db, rules, custom, as_of=as_of, horizon=horizon, sources=sources)
    else:
        create_attribute_features(db, attributes)
    check_usable(db, as_of)
    sets = feature_sets(
        lens,
        model,
        attributes,
        features=params.features,
        include_protected=params.include_protected,
        outcome=params.outcome,
    )
    case = judge_later(db, past) if isinstance(past, Past) else past
    if isinstance(case, str):
        case = judge_now(db, model, sets, params, case)
    drop_level1(db)
    low, high = k_range(params.k)
    selection = select(
        case.spaces,
        case.references,
        case.evidence,
        range(low, high + 1),
        seed=params.seed,
        on_progress=lambda share, what: tell("choose", share, what),
    )
    matrix, fitted, selection = fit_choice(
        db, selection, sets, seed=params.seed, has_orders=as_of is not None, fixed=low == high
    )
    used = selection.winner.features if selection.winner else sets[0].name
    model_id = "m" + plan.run_id[1:]
    released = Released(model_id, plan.settings_hash, lens, used, model, matrix, fitted)
    choice = selection.summary(case.note)
    released = replace(released, choice=choice, attributes=attributes)
    return identify(db, released, parent, run_id=plan.run_id, given=plan.segments_given), selection
