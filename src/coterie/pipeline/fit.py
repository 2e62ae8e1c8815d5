"""Segments for every customer: by the published model, or by one chosen and fitted now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.errors import NotReadyError, ParameterError
from coterie.features.asof import Custom, FeatureModel, Sources, fit_features
from coterie.features.catalogue import BOOSTED
from coterie.features.lenses import (
    FeatureSet,
    create_attribute_features,
    default_lens,
    feature_sets,
)
from coterie.features.matrix import Matrix
from coterie.features.origins import Lessons
from coterie.features.windows import check_usable
from coterie.pipeline.by_rules import Known, place_by_rules
from coterie.pipeline.plan import Plan, Tell
from coterie.segmentation.algorithms import to_try
from coterie.segmentation.base import (
    BY_HAND,
    SegmentationParams,
    horizon_days,
    k_range,
    seconds,
)
from coterie.segmentation.candidates import Selection
from coterie.segmentation.conclusion import conclude, doubt
from coterie.segmentation.evidence import (
    Case,
    Past,
    judge_later,
    judge_now,
    look_back,
    today,
)
from coterie.segmentation.lessons import lessons_before
from coterie.segmentation.placing import fit_choice, place
from coterie.segmentation.proofs import Prover
from coterie.segmentation.refit import Today, go_on
from coterie.segmentation.released import (
    Released,
    identify,
    keep_labels,
    labels_by_name,
    prepare,
)
from coterie.segmentation.renewal import Limits
from coterie.segmentation.search import Search
from coterie.segmentation.select import select
from coterie.segmentation.tree import DistilledTree, telling_value
from coterie.validation.ingest import Ingested
from coterie.validation.moment import has_rows


def segment_customers(
    db: DuckDB,
    settings: Settings,
    ingested: Ingested,
    plan: Plan,
    tell: Tell,
    measured: Callable[[], None],
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
    measured : callable
        Called once ``features`` and, with orders, ``state`` are what they will be; ``state``
        is not asked for after that.

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
        measured()
    elif (renewed := _go_on(db, settings, ingested, plan, sources, tell)) is not None:
        released, selection = renewed, None
        measured()
    else:
        released, selection = _fit(db, settings, ingested, plan, sources, tell, measured)
    db.drop("order_days")
    tell("place", 0.0, "placing every customer")
    place(db, released.matrix, released.model, released.ids)
    return released, selection


def _go_on(
    db: DuckDB,
    settings: Settings,
    ingested: Ingested,
    plan: Plan,
    sources: Sources,
    tell: Tell,
) -> Released | None:
    """Refit the published model if the settings are the same; None asks for a new choice."""
    params = settings.segmentation
    now = Today(
        as_of=plan.as_of if has_rows(db, "lines") else None,
        horizon=horizon_days(params.horizon),
        sources=sources,
        limits=Limits(*k_range(params.k)),
        seed=params.seed,
        run_id=plan.run_id,
        given=plan.segments_given,
    )
    return go_on(db, plan.parent, plan.settings_hash, ingested.attributes, now, tell)


def _fit(
    db: DuckDB,
    settings: Settings,
    ingested: Ingested,
    plan: Plan,
    sources: Sources,
    tell: Tell,
    measured: Callable[[], None],
) -> tuple[Released, Selection]:
    """Choose a segmentation, fit it on today's customers and give its segments their ids."""
    params, attributes = settings.segmentation, ingested.attributes
    as_of = plan.as_of if has_rows(db, "lines") else None
    lens = params.lens if params.lens != "auto" else default_lens(has_orders=as_of is not None)
    tell("measure", 0.0, "measuring every customer")
    parent = keep_labels(db, plan.parent, attributes, as_of=plan.as_of, sources=sources)
    past: tuple[Past, ...] | str = ""
    model, lessons = None, None
    if as_of is not None:
        past, model, lessons = _measure(db, settings, as_of, sources)
    else:
        create_attribute_features(db, attributes)
    check_usable(db, as_of)
    if params.algorithm == BY_HAND:
        measured()
        return place_by_rules(db, params, Known(model, attributes, past, parent), plan)
    sets = feature_sets(
        lens,
        model,
        attributes,
        features=params.features,
        include_protected=params.include_protected,
        outcome=params.outcome,
    )
    sets, past = _of_basis(params.basis, sets, past)
    unboosted = _unboosted(params, past, model)
    if params.algorithm in {DistilledTree.name, (DistilledTree.name,)}:
        sets, past = telling_value(sets), _past_value(past)
    case = past if isinstance(past, str) else judge_later(db, past)
    if isinstance(case, str):
        case = judge_now(db, model, sets, params, case)
    known = labels_by_name(model, attributes)
    now = today(db, model, sets, known, as_of=as_of, seed=params.seed, lessons=lessons)
    db.drop("order_days")
    measured()
    prover = Prover(now.ground, now.revenue, seed=params.seed)
    selection = _choose(params, sets, case, prover, tell)
    low, high = k_range(params.k)
    matrix, fitted, selection = fit_choice(
        db, selection, sets, seed=params.seed, has_orders=as_of is not None, fixed=low == high
    )
    tell("choose", 1.0, "what may be said of the segments")
    said = conclude(selection, prover, now, matrix, fitted)
    used = selection.winner.features if selection.winner else sets[0].name
    model_id = "m" + plan.run_id[1:]
    kept = _kept(model, matrix)
    released = Released(model_id, plan.settings_hash, lens, used, kept, matrix, fitted)
    note = " ".join(words for words in (case.note, unboosted, doubt(said)) if words)
    choice = selection.summary(note) | said
    released = replace(released, choice=choice, attributes=attributes)
    return identify(db, released, parent, run_id=plan.run_id, given=plan.segments_given), selection


def _measure(
    db: DuckDB, settings: Settings, as_of: int, sources: Sources
) -> tuple[tuple[Past, ...] | str, FeatureModel, Lessons | None]:
    """Measure the customers of the past, then today's, and what boosted value learns from."""
    params, rules = settings.segmentation, settings.rules
    custom = Custom(settings.measures, settings.features, params.frequency)
    past = look_back(db, rules, custom, params, as_of=as_of)
    lessons = lessons_before(db, rules, custom, params, as_of=as_of)
    model = fit_features(
        db,
        rules,
        custom,
        as_of=as_of,
        horizon=horizon_days(params.horizon),
        sources=sources,
        boosted=lessons.fit() if lessons else None,
    )
    return past, model, lessons


def _unboosted(
    params: SegmentationParams, past: tuple[Past, ...] | str, model: FeatureModel | None
) -> str:
    """Say why boosted value is no candidate though it was asked for; empty if it is one."""
    if not params.boosts or params.lens == "custom":  # there it is refused, not left out
        return ""
    why = ""
    if isinstance(past, tuple):
        why = past[0].unboosted
    elif model is None or model.boosted is None:
        why = "there are too few orders to learn it from"
    return f"Boosted value was not tried: {why.rstrip('.')}." if why else ""


def _kept(model: FeatureModel | None, matrix: Matrix) -> FeatureModel | None:
    """Return the features without boosted trees that place nobody: all would have to carry them."""
    if model is None or BOOSTED.name in matrix.sources:
        return model
    return replace(model, boosted=None)


def _of_basis(
    basis: str, sets: tuple[FeatureSet, ...], past: tuple[Past, ...] | str
) -> tuple[tuple[FeatureSet, ...], tuple[Past, ...] | str]:
    """Return the one feature set that the settings name, today and in the past; else all."""
    if not basis:
        return sets, past
    mine = tuple(one for one in sets if one.name == basis)
    if not mine:
        raise ParameterError.unknown("basis", basis, [one.name for one in sets])
    if isinstance(past, str):
        return mine, past
    then = [tuple(one for one in moment.sets if one.name == basis) for moment in past]
    if not all(then):
        return mine, f"Later behaviour could not be used: before it, {basis} was not known yet."
    return mine, tuple(replace(one, sets=named) for one, named in zip(past, then, strict=True))


def _past_value(past: tuple[Past, ...] | str) -> tuple[Past, ...] | str:
    """Return the past for a tree, which tells customer value, or why it is no use."""
    if isinstance(past, str):
        return past
    try:
        return tuple(replace(one, sets=telling_value(one.sets)) for one in past)
    except NotReadyError:
        return "Later behaviour could not be used: before it, customer value was not known yet."


def _choose(
    params: SegmentationParams,
    sets: Sequence[FeatureSet],
    case: Case,
    prover: Prover,
    tell: Tell,
) -> Selection:
    """Choose a segmentation by the settings."""
    low, high = k_range(params.k)
    algorithms = to_try(
        params.algorithm,
        one_k=low == high,
        timeline=case.evidence.window is not None,
        words=any(want.kind == "category" for one in sets for want in one.wanted),
    )
    budget = seconds(params.budget) if params.budget else None
    return select(
        case.spaces,
        case.references,
        case.evidence,
        range(low, high + 1),
        search=Search(algorithms, prover, case.earlier, budget, params.weights),
        seed=params.seed,
        on_progress=lambda share, what: tell("choose", share, what),
    )
