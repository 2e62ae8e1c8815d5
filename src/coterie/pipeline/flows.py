"""Who moved between two dates or two runs: worked out when asked, with nothing stored.

Between dates one model, the published one, places everybody twice; between runs the model
of the earlier places everybody once more on the later day, so that what customers did and
what a new model did stay apart.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.errors import CoterieError, DataError, NotReadyError, ParameterError
from coterie.features.asof import Sources
from coterie.features.windows import check_usable, to_date, to_day
from coterie.pipeline.erasing import find_erasures
from coterie.profiling.migration import (
    MOVES,
    Flows,
    count_moves,
    find_active,
    find_active_by_state,
    find_changed,
    find_corrected,
    make_moves,
)
from coterie.segmentation.placing import place
from coterie.segmentation.released import Released, load_released, prepare
from coterie.store.home import Home
from coterie.store.results import Run, published_run
from coterie.validation.ingest import Ingested, ingest
from coterie.validation.moment import find_as_of, has_rows, see_people

_PLACES = "SELECT customer_id, segment_id FROM assignments"


def flows_between_days(settings: Settings, folder: Path, start: date, end: date) -> Flows:
    """Place everybody by the published model as of two days, and compare.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    start, end : date
        Rows on or after each day are not read for it.

    Returns
    -------
    Flows
        All moves are of customers: the model is one.

    Raises
    ------
    ParameterError
        If the days are in the wrong order.
    NotReadyError
        If nothing is published, or the project has no dates.
    """
    if start >= end:
        raise ParameterError(
            f"From {start} to {end}.", allowed="The first date lies before the second."
        )
    run, home = published_run(folder), Home(folder)
    released = load_released(run.folder)
    if released.features is None:
        raise NotReadyError("Flows between dates need orders; this project has none.")
    with home.alone(), tempfile.TemporaryDirectory() as work, _engine(settings, work) as db:
        ingested = _ingest(db, settings, home)
        db.lock([home.path])
        latest = find_as_of(db, None)
        if latest is not None and to_day(end) > latest:
            raise DataError(
                f"The data ends before {to_date(latest)}; customers as of {end} are not known yet."
            )
        find_as_of(db, end)
        sources = _sources(db, to_day(end))
        _place(db, released, ingested, to_day(start), sources)
        db.create("before", _PLACES)
        _place(db, released, ingested, to_day(end), sources)
        db.create("via", _PLACES)
        find_active(db, to_day(start), to_day(end))
        db.create("corrected", "SELECT customer_id FROM before WHERE FALSE")
        return _flows(db, str(start), str(end), [run])


def flows_between_runs(settings: Settings, folder: Path, before: Run, after: Run) -> Flows:
    """Compare where two runs placed everybody.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder; its data as they are now tell what customers did between the runs.
    before, after : Run
        Two runs of the project.

    Returns
    -------
    Flows
        With a note if the data cannot be read any more, or no longer suit the earlier model.
    """
    old, new, home = load_released(before.folder), load_released(after.folder), Home(folder)
    start, end = _day(before), _day(after)
    note = ""
    with home.alone(), tempfile.TemporaryDirectory() as work, _engine(settings, work) as db:
        try:
            ingested = _ingest(db, settings, home)
            db.lock([home.path])
            if old.model_id != new.model_id:
                _place(db, old, ingested, end, _sources(db, end))
                db.create("via", _PLACES)
        except CoterieError as error:
            note = f"The data no longer tells why customers moved: {error.message}"
        _view(db, "before", before.folder / "assignments.parquet")
        _view(db, "after", after.folder / "assignments.parquet")
        db.create("assignments", "SELECT * FROM after")
        if old.model_id == new.model_id:
            db.create("via", _PLACES)
        _find_news(db, before, after, start, end)
        return _flows(db, _called(before), _called(after), [before, after], note)


def _find_news(db: DuckDB, before: Run, after: Run, start: int | None, end: int | None) -> None:
    """Make tables ``active`` and ``corrected`` between two runs."""
    _view(db, "features_before", before.folder / "features.parquet")
    _view(db, "features_after", after.folder / "features.parquet")
    states = [run.folder / "state.parquet" for run in (before, after)]
    if start is None or end is None or not all(file.is_file() for file in states):
        find_changed(db, "features_before", "features_after")
        db.create("corrected", "SELECT customer_id FROM before WHERE FALSE")
        return
    _view(db, "state_before", states[0])
    _view(db, "state_after", states[1])
    if "lines" in db.tables():
        find_active(db, start, end)
    else:
        find_active_by_state(db, start, "state_after")
    if before.manifest["settings_hash"] == after.manifest["settings_hash"]:
        find_corrected(db, "state_before", "state_after")
    else:
        db.create("corrected", "SELECT customer_id FROM before WHERE FALSE")


def _engine(settings: Settings, work: str) -> DuckDB:
    return DuckDB(Path(work), threads=settings.threads, memory_limit=settings.memory_limit or None)


def _ingest(db: DuckDB, settings: Settings, home: Home) -> Ingested:
    with home.registry() as registry:
        erasures = find_erasures(settings, home, registry)
    return ingest(
        db,
        settings.sources,
        settings.columns,
        timezone=settings.project.timezone,
        home=home,
        tell=lambda _: None,
        erasures=erasures,
    )


def _sources(db: DuckDB, day: int | None) -> Sources:
    see_people(db, day)
    events, people = (name if has_rows(db, name) else "" for name in ("events", "people"))
    return Sources(events=events, customers=people)


def _place(
    db: DuckDB, released: Released, ingested: Ingested, day: int | None, sources: Sources
) -> None:
    prepare(db, released, ingested.attributes, as_of=day, sources=sources)
    check_usable(db, day)
    place(db, released.matrix, released.model, released.ids)


def _view(db: DuckDB, name: str, file: Path) -> None:
    db.view(name, f"SELECT * FROM read_parquet({literal(str(file))})")


def _flows(db: DuckDB, start: str, end: str, runs: list[Run], note: str = "") -> Flows:
    make_moves(db)
    known: dict[str, Mapping[str, Any]] = {}
    for run in reversed(runs):  # the later run first: its order, then what ended since
        for segment in run.segments:
            known.setdefault(segment["id"], {k: segment[k] for k in ("name", "slot")})
    moves = db.query(f"SELECT * FROM {MOVES} ORDER BY customer_id")
    return Flows(start, end, moves, count_moves(db), known, note)


def _day(run: Run) -> int | None:
    return to_day(date.fromisoformat(run.as_of)) if run.as_of else None


def _called(run: Run) -> str:
    return f"{run.id} ({run.as_of})" if run.as_of else run.id
