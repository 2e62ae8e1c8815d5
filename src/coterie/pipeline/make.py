"""A planned run, computed, written and published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.features.windows import to_date, to_day
from coterie.pipeline.fit import segment_customers
from coterie.pipeline.plan import Outcome, Plan, make_plan
from coterie.profiling.charts_flows import flow_section
from coterie.profiling.choice import candidate_rows, choice_of
from coterie.profiling.format import long_date
from coterie.profiling.hidden_moves import HiddenMoves, hidden_moves
from coterie.profiling.migration import Earlier, migration_since
from coterie.profiling.output import describe_segments, write_measured, write_tables
from coterie.profiling.profile import ProfileParams
from coterie.profiling.publication import hidden_sizes
from coterie.profiling.report import ReportData, render
from coterie.profiling.rules import Rules
from coterie.profiling.segments import segment_objects
from coterie.profiling.surrogate import draw_placed, importance, segment_rules, with_rules
from coterie.segmentation.candidates import Selection
from coterie.segmentation.parallel import aside
from coterie.segmentation.released import (
    Released,
    load_released,
)
from coterie.store.runs import (
    MANIFEST,
    FolderWriter,
    append_log,
    check_run,
    read_json,
)
from coterie.validation.ingest import Ingested

if TYPE_CHECKING:
    from coterie.pipeline.run import Places


def make_run(
    db: DuckDB,
    settings: Settings,
    ingested: Ingested,
    places: Places,
    *,
    as_of: int | None,
    refit: bool,
) -> Outcome:
    """Plan a run, and compute, write and publish it unless it is there already.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical tables; it is locked.
    settings : Settings
        Of the project.
    ingested : Ingested
        What the sources held.
    places : Places
        Where it is written, and who is told.
    as_of : int or None
        Rows on or after this day are not read; None without dates.
    refit : bool
        Fit again even if a published model fits the settings.

    Returns
    -------
    Outcome
        Where the run lies.
    """
    plan = make_plan(settings, ingested, as_of, places, refit=refit)
    if isinstance(plan, Outcome):
        return plan
    db.lock([places.home.path])
    return _make(db, settings, ingested, plan, places)


def _make(
    db: DuckDB, settings: Settings, ingested: Ingested, plan: Plan, places: Places
) -> Outcome:
    """Compute, write and publish the planned run."""
    target = places.home.runs / plan.run_id
    if not target.is_dir():
        written: list[Future[None]] = []

        def tell(stage: str, share: float, what: str) -> None:
            if written and written[0].done():
                written[0].result()  # a full disk is told now, not once all is chosen
            places.tell(stage, share, what)

        with FolderWriter(target.parent, plan.run_id) as writer:
            with ThreadPoolExecutor(1) as pool:  # one core writes while the other chooses
                placed = segment_customers(
                    db,
                    settings,
                    ingested,
                    plan,
                    tell,
                    lambda: written.append(pool.submit(write_measured, db, writer)),
                )
            written[0].result()
            released = _describe(db, settings, ingested, plan, places, placed, writer)
            manifest = {
                **plan.inputs,
                "run_id": plan.run_id,
                "parent_run": plan.parent_run,
                "model_id": released.model_id,
                "input_hash": plan.input_hash,
                "settings_hash": plan.settings_hash,
                "data": ingested.folder.name,
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
    places.home.keep(plan.run_id)
    keep = places.registry.publish if places.publish else places.registry.record
    keep(row | {"as_of": plan.as_of, "segments": last})
    places.tell("write", 1.0, "published" if places.publish else "kept to be looked at")
    return Outcome(plan.run_id, target, fresh=True)


def _describe(
    db: DuckDB,
    settings: Settings,
    ingested: Ingested,
    plan: Plan,
    places: Places,
    placed: tuple[Released, Selection | None],
    writer: FolderWriter,
) -> Released:
    """Profile, name and write what was found; return the released model with its names."""
    released, selection = placed
    parent = places.home.runs / plan.parent_run if plan.parent_run else None
    earlier = _earlier(plan, parent)
    params = ProfileParams(
        as_of=plan.as_of,
        seed=settings.segmentation.seed,
        currency=settings.project.currency,
        clustered=released.matrix.sources,
    )
    names = places.registry.names()
    refitted = earlier is not None and earlier.released.model_id != released.model_id
    places.tell("profile", 0.0, "describing the segments")
    migration = migration_since(db, earlier, released, plan.as_of)
    with aside() as begin:  # one core writes and rules while the other describes
        tables = begin(write_tables, db, writer, released, ingested, migration)
        ruled = begin(_rule, db, released, params.seed)
        profile, released = describe_segments(
            db, released, ingested.attributes, params, names, refitted=refitted
        )
        places.tell("write", 0.0, "writing the run")
        candidates = candidate_rows(selection, parent)
        writer.table("candidates.parquet", candidates)
        writer.json("model.json", released.to_dict())
        rules, moved = ruled.result()
        ruled_by = rules.to_dict() if rules else None
        writer.json("rules.json", {"rules": ruled_by, "importance": moved})
        known = with_rules(released.verdicts, rules, currency=params.currency)
        segments = segment_objects(profile, known)
        writer.json("segments.json", segments)
        report = ReportData(
            title=settings.project.name,
            profile=profile,
            segments=segments,
            choice=choice_of(released.choice or {}, candidates, len(set(released.matrix.sources))),
            quality=ingested.quality["tables"],
            floor=settings.privacy.floor,
            run=_facts(plan, released, settings),
            flows=flow_section(
                migration,
                *_flow_facts(segments, released, earlier, refitted=refitted),
                _hidden_moves(migration, segments, earlier, settings.privacy.floor),
            ),
        )
        writer.text("report.html", render(report))
        tables.result()
    return released


def _facts(plan: Plan, released: Released, settings: Settings) -> dict[str, str]:
    return {
        "Run": plan.run_id,
        "Model": released.model_id,
        "Lens": released.lens,
        "Seed": str(settings.segmentation.seed),
        "Coterie": plan.inputs["version"],
    }


def _rule(db: DuckDB, released: Released, seed: int) -> tuple[Rules | None, dict[str, Any]]:
    """Return the rules of the segments, and what each hangs on."""
    drawn = draw_placed(db, released, seed=seed)
    return segment_rules(drawn, released, seed=seed), importance(drawn, released, seed=seed)


def _earlier(plan: Plan, folder: Path | None) -> Earlier | None:
    """Return the run before, with which this one is compared."""
    if folder is None or plan.parent is None:
        return None
    day = read_json(folder / MANIFEST)["as_of"]
    return Earlier(folder, plan.parent, to_day(date.fromisoformat(day)) if day else None)


def _hidden_moves(
    migration: pa.Table,
    segments: Sequence[Mapping[str, Any]],
    earlier: Earlier | None,
    floor: int,
) -> HiddenMoves:
    """Return what the report must not tell of the moves."""
    if earlier is None:
        return HiddenMoves()
    former = read_json(earlier.folder / "segments.json")
    before, after = hidden_sizes(former, floor), hidden_sizes(segments, floor)
    return hidden_moves(migration, floor, before=before, after=after)


def _flow_facts(
    segments: Sequence[Mapping[str, Any]],
    released: Released,
    earlier: Earlier | None,
    *,
    refitted: bool,
) -> tuple[dict[str, dict[str, Any]], str, Mapping[str, Any] | None]:
    """Return the segments of the flows, those that ended last; since when; what a refit changed."""
    known: dict[str, dict[str, Any]] = {
        s["id"]: {"name": s["name"], "slot": s["slot"]} for s in segments
    }
    for identity in released.segments:
        known.setdefault(identity.id, {"name": identity.name or identity.id, "slot": identity.slot})
    day = earlier.as_of if earlier else None
    since = long_date(to_date(day - 1)) if day is not None else "the run before"
    return known, since, released.changes if refitted else None
