"""The one place that strings the stages together: from settings to a published run.

A run is planned before it is made: if the same input was already scored by the
published model, there is nothing to do. Otherwise all is computed in a working
folder, written under a temporary name, renamed, and published last.
"""

from __future__ import annotations

import importlib.metadata
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, NotReadyError, ParameterError
from coterie.features.asof import Custom, Sources, fit_features
from coterie.features.lenses import create_attribute_features, default_lens, feature_sets
from coterie.features.level1 import drop_level1
from coterie.features.windows import check_usable, to_date
from coterie.profiling.output import candidate_rows, choice_of, describe_segments, write_tables
from coterie.profiling.profile import ProfileParams
from coterie.profiling.report import ReportData, render
from coterie.profiling.segments import segment_objects
from coterie.segmentation.base import horizon_days, k_range
from coterie.segmentation.candidates import Selection
from coterie.segmentation.evidence import Past, judge_later, judge_now, look_back
from coterie.segmentation.parallel import at_most
from coterie.segmentation.placing import FRAME, fit_choice, place
from coterie.segmentation.reasons import reasons
from coterie.segmentation.released import (
    Released,
    identify,
    keep_labels,
    load_released,
    prepare,
    published,
)
from coterie.segmentation.select import select
from coterie.sources.read import read
from coterie.store.database import Registry
from coterie.store.home import Home
from coterie.store.runs import (
    FORMAT_VERSION,
    MANIFEST,
    FolderWriter,
    append_log,
    check_run,
    hash_of,
)
from coterie.validation.build import build_tables
from coterie.validation.ingest import Ingested, ingest
from coterie.validation.moment import find_as_of, has_rows, see_people

Tell = Callable[[str, float, str], None]
"""Told the stage, how much of it is done (0 to 1), and what is being done."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    run_id: str
    folder: Path
    fresh: bool
    """False if the run was there already and nothing had to be done."""


@dataclass(frozen=True)
class Plan:
    """What a run depends on, and what it will be called."""

    run_id: str
    input_hash: str
    settings_hash: str
    as_of: int | None
    parent: Released | None
    parent_run: str | None
    fits: bool
    inputs: Mapping[str, Any]
    segments_given: int
    """Segment ids that were given before."""


def run(
    settings: Settings,
    folder: Path,
    *,
    as_of: date | None = None,
    refit: bool = False,
    tell: Tell | None = None,
) -> Outcome:
    """Read, check, measure, segment, profile and publish.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder; all that is written goes to its ``.coterie``.
    as_of : date, optional
        Rows on or after this day are not read. Default: the day after the last one.
    refit : bool, default False
        Fit again even if a published model fits the settings.
    tell : callable, optional
        Told about progress.

    Returns
    -------
    Outcome
        Where the run lies. The same input gives the same id and the same bytes.

    Raises
    ------
    CoterieError
        If the data or the settings will not do; nothing is left half-written.
    """
    home = Home(folder)
    tell = tell or (lambda *_: None)
    settings.check_ready()
    share = at_most(settings.threads)
    with home.alone(), share, home.workplace() as work, home.registry() as registry:
        db = DuckDB(work, threads=settings.threads, memory_limit=settings.memory_limit or None)
        with db:
            ingested = ingest(
                db,
                settings.sources,
                settings.columns,
                timezone=settings.project.timezone,
                project=folder,
                data=home.data,
                tell=partial(tell, "read", 0.0),
            )
            moment = find_as_of(db, as_of)
            see_people(db, moment)
            plan = _plan(settings, ingested, moment, registry, home, refit=refit)
            if isinstance(plan, Outcome):
                return plan
            db.lock([home.path])
            places = _Places(home, registry, datetime.now(UTC), tell)
            return _make(db, settings, ingested, plan, places)


@dataclass(frozen=True)
class _Places:
    """Where a run is written, and who is told."""

    home: Home
    registry: Registry
    started: datetime
    tell: Tell


def _plan(
    settings: Settings,
    ingested: Ingested,
    as_of: int | None,
    registry: Registry,
    home: Home,
    *,
    refit: bool,
) -> Plan | Outcome:
    """Decide what to do: nothing, score by the published model, or fit."""
    inputs = {
        "format_version": FORMAT_VERSION,
        "settings": settings.result_bearing,
        "inputs": ingested.fingerprints,
        "tombstones": [],
        "names": registry.names(),
        "as_of": to_date(as_of).isoformat() if as_of is not None else None,
        "seed": settings.segmentation.seed,
        "version": importlib.metadata.version("coterie"),
    }
    input_hash, settings_hash = hash_of(inputs), hash_of(settings.model_bearing)
    row = home.published(registry)
    fits = refit or row is None or row["settings_hash"] != settings_hash
    if row and not fits:
        same = registry.find(input_hash=input_hash, model_id=row["model_id"])
        if same and (home.runs / same["run_id"]).is_dir():
            registry.publish(same)  # the data may be as it was before the last run
            return Outcome(same["run_id"], home.runs / same["run_id"], fresh=False)
    parent_run = row["run_id"] if row else None
    parent = load_released(home.runs / parent_run) if parent_run else None
    given = registry.segments()
    continued = {"fits": fits, "run": parent_run, "segments": given}
    run_id = "r" + hash_of({"inputs": inputs, "continues": continued})
    return Plan(run_id, input_hash, settings_hash, as_of, parent, parent_run, fits, inputs, given)


def assign(settings: Settings, folder: Path, file: Path, *, as_of: date | None = None) -> pa.Table:
    """Place the customers of a file by the published model, and store nothing.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    file : Path
        Rows like those of the project: orders if it has orders, else customers.
    as_of : date, optional
        Default: the day after the last one in the file.

    Returns
    -------
    pa.Table
        customer_id, segment_id, second_id, margin, status, reasons, ordered by customer_id.

    Raises
    ------
    NotReadyError
        If nothing is published.
    DataError
        If the file cannot be read, or has lost a column that the model needs.
    """
    released = published(folder)
    table = "customers" if released.features is None else "orders"
    name = next((name for name in settings.sources if settings.table_of(name) == table), "")
    if not name:
        raise NotReadyError(f"The model needs {table}, and the project has no such source.")
    reading = {"file": str(file.resolve()), "database": "", "relation": "", "query": ""}
    source = settings.sources[name].model_copy(update=reading | {"format": ""})
    with tempfile.TemporaryDirectory() as work, DuckDB(Path(work)) as db:
        raw = read(db, name, source, folder)
        raws, zone = {name: (raw, source)}, settings.project.timezone
        tables = build_tables(db, raws, released.params(raw.columns), timezone=zone)
        db.lock([])
        moment = find_as_of(db, as_of)
        see_people(db, moment)
        try:
            prepare(db, released, tables.attributes, as_of=moment, sources=Sources())
        except ParameterError as error:
            lacks = f"{file.name} lacks what the model needs: {error.message}"
            raise DataError(lacks, hint=error.hint) from error
        place(db, released.matrix, released.model, released.ids)
        if not has_rows(db, "assignments"):
            raise DataError(f"{file.name} holds no customer.", hint="Rows of guests have no id.")
        placed = db.query("SELECT * FROM assignments ORDER BY customer_id")
        frame = db.query(f"SELECT * FROM {FRAME} ORDER BY customer_id")
    said = reasons(frame, released.matrix, released.model, released.words)
    status = placed["status"].to_pylist()
    why = [phrases if ok == "ok" else [] for phrases, ok in zip(said, status, strict=True)]
    return placed.append_column("reasons", pa.array(why, pa.list_(pa.string())))


def _make(
    db: DuckDB, settings: Settings, ingested: Ingested, plan: Plan, places: _Places
) -> Outcome:
    """Compute, write and publish the planned run."""
    target = places.home.runs / plan.run_id
    if not target.is_dir():
        placed = _segment(db, settings, ingested, plan, places.tell)
        with FolderWriter(target.parent, plan.run_id) as writer:
            released = _describe(db, settings, ingested, plan, places, placed, writer)
            manifest = {
                **plan.inputs,
                "run_id": plan.run_id,
                "parent_run": plan.parent_run,
                "model_id": released.model_id,
                "input_hash": plan.input_hash,
                "settings_hash": plan.settings_hash,
                "revisions": [],
                "files": writer.files(),
            }
            writer.json(MANIFEST, manifest)
            span = {"start": str(places.started), "end": str(datetime.now(UTC))}
            append_log(writer.folder, {"event": "made", **span})
            writer.commit()
    kept = ("run_id", "input_hash", "settings_hash", "model_id", "parent_run")
    row = {name: value for name, value in check_run(target).items() if name in kept}
    last = max(plan.segments_given, load_released(target).last_number)
    places.registry.publish(row | {"as_of": plan.as_of, "segments": last})
    places.tell("write", 1.0, "published")
    return Outcome(plan.run_id, target, fresh=True)


def _describe(
    db: DuckDB,
    settings: Settings,
    ingested: Ingested,
    plan: Plan,
    places: _Places,
    placed: tuple[Released, Selection | None],
    writer: FolderWriter,
) -> Released:
    """Profile, name and write what was found; return the released model with its names."""
    released, selection = placed
    parent = places.home.runs / plan.parent_run if plan.parent_run else None
    places.tell("profile", 0.0, "describing the segments")
    params = ProfileParams(
        as_of=plan.as_of,
        seed=settings.segmentation.seed,
        currency=settings.project.currency,
        clustered=released.matrix.sources,
    )
    names = places.registry.names()
    profile, released = describe_segments(db, released, ingested.attributes, params, names)
    places.tell("write", 0.0, "writing the run")
    write_tables(db, writer, released, ingested, parent=parent)
    candidates = candidate_rows(selection, parent)
    writer.table("candidates.parquet", candidates)
    writer.json("model.json", released.to_dict())
    segments = segment_objects(profile, released.verdicts)
    writer.json("segments.json", segments)
    report = ReportData(
        title=settings.project.name,
        profile=profile,
        segments=segments,
        choice=choice_of(released, candidates),
        quality=ingested.quality["tables"],
        run={
            "Run": plan.run_id,
            "Model": released.model_id,
            "Lens": released.lens,
            "Seed": str(settings.segmentation.seed),
            "Coterie": plan.inputs["version"],
        },
    )
    writer.text("report.html", render(report))
    return released


def _segment(
    db: DuckDB, settings: Settings, ingested: Ingested, plan: Plan, tell: Tell
) -> tuple[Released, Selection | None]:
    """Place every customer, by the published model or by a new one."""
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
