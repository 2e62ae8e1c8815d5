"""What a run says as a whole: quality, features, report, models, moves; and files to take away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import Field

from coterie.api import Run, list_features
from coterie.config import load_settings
from coterie.pipeline.consenting import held_back
from coterie.profiling.comparison import compare
from coterie.profiling.export import csv_parts, parquet_parts
from coterie.profiling.export_rows import customer_rows, segment_rows
from coterie.profiling.flows_json import flows_dict
from coterie.profiling.publication import floor_of
from coterie.service.deps import (
    AllProjects,
    Cursor,
    Limit,
    SeesAll,
    ThisProject,
    sees_identities,
)
from coterie.service.lists import Chosen
from coterie.service.models import FlowsWish, Job, Page, RunInfo
from coterie.service.models_people import Open
from coterie.service.problems import NotFoundError, RefusedError
from coterie.service.projects import Served
from coterie.service.published import check_page, moves_for
from coterie.service.reading import RunId, chosen, day_of, made, plain, run_info, segment_of
from coterie.service.routes.jobs import AtDesk
from coterie.service.slices import slice_of
from coterie.store.members import MOVES, NOBODY
from coterie.store.results import LATEST, PREVIOUS
from coterie.store.runs import MANIFEST, read_json

router = APIRouter(tags=["results"])
SAFE = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; sandbox"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-cache",
}
"""Headers of pages that hold names from the data: nothing in them runs or is fetched."""
_EXAMPLES = 3
_WHICH, _WHERE = ("table", "reason"), ("source", "row", "message")
Kind = Literal["csv", "parquet"]
_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_PARTS: dict[Kind, Callable[[Iterable[pa.RecordBatch]], Iterator[bytes]]] = {
    "csv": csv_parts,
    "parquet": parquet_parts,
}


class Quality(Open):
    """The account of every row that came in, and examples of those that were set aside."""

    run_id: str
    as_of: date | None = None
    tables: dict[str, Any]
    quarantine: list[dict[str, Any]]


class Flows(Open):
    """Who moved between two moments, and why."""

    customers: int | None
    causes: dict[str, int | None]
    segments: list[dict[str, Any]]
    items: list[dict[str, Any]]
    total: int
    suppressed: bool
    listed: bool = Field(False, description="Whether lists know who moved.")


class Comparison(Open):
    """How far two runs agree, and what each tells."""

    customers: int | None
    same: float | None = None
    ari: float | None = None
    suppressed: bool


@router.get("/projects/{project}/quality")
def show_quality(request: Request, served: ThisProject, run_id: RunId = "") -> Quality:
    """Account for every row: how many came in, what was found, what was done with it.

    What rows said, and with it who somebody is, is for analysts alone.
    """
    run, whole = chosen(served, run_id), sees_identities(request)
    rows = pq.read_table(run.folder / "quarantine.parquet", columns=[*_WHICH, *_WHERE])
    counts = rows.group_by(list(_WHICH), use_threads=False).aggregate([([], "count_all")])
    refused = []
    for one in counts.to_pylist():
        same = [pc.equal(rows[name], one[name]) for name in _WHICH]
        examples = rows.filter(pc.and_(*same)).select(list(_WHERE)).slice(0, _EXAMPLES)
        which = {name: one[name] for name in _WHICH}
        shown = examples.to_pylist() if whole else []
        refused.append({**which, "rows": one["count_all"], "examples": shown})
    quality = plain(run.quality if whole else _counted(run.quality))
    return Quality(run_id=run.id, as_of=day_of(run), **quality, quarantine=refused)


def _counted(data: Any) -> Any:
    """Return an account without what rows said: findings by their kind and number alone."""
    if isinstance(data, Mapping):
        kept = {name: _counted(value) for name, value in data.items() if name != "examples"}
        if "code" in kept and "message" in kept:
            kept["message"] = str(kept["code"]).replace("_", " ")
        return kept
    return [_counted(one) for one in data] if isinstance(data, list | tuple) else data


@router.get("/projects/{project}/quality/quarantine")
def list_quarantine(
    served: ThisProject, run_id: RunId = "", limit: Limit = 50, cursor: Cursor = ""
) -> Page[dict[str, Any]]:
    """List the rows that were set aside, as they came in, with the reason of each."""
    path = chosen(served, run_id).folder / "quarantine.parquet"
    return slice_of(path, name="quarantine", cursor=cursor, limit=limit)


@router.get("/projects/{project}/features")
def show_features(served: ThisProject) -> Page[dict[str, str]]:
    """List the features of the published run, with their definitions."""
    served.published()
    items = list_features(served.folder)
    return Page(items=items, total=len(items))


@router.get("/projects/{project}/models")
def list_models(served: ThisProject) -> Page[RunInfo]:
    """List the runs whose models can score, the newest first."""
    published = served.published()["run_id"]
    items = [
        run_info(row, published)
        for row in served.registry.runs()
        if (served.home.runs / row["run_id"]).is_dir()
    ]
    return Page(items=items, total=len(items))


@router.post("/projects/{project}/models/{run_id}/publish")
def publish(
    served: ThisProject, projects: AllProjects, run_id: Annotated[str, InPath(max_length=40)]
) -> RunInfo:
    """Let the model of a run score from now on; a former run is restored in this one call."""
    run = served.run_of(run_id)
    projects.project(served.name).publish(run.id)
    return run_info(served.registry.find(run_id=run.id) or {}, run.id)


RunName = Annotated[str, Query(max_length=40, description="A run, ``latest`` or ``previous``.")]


@router.get("/projects/{project}/compare")
def compare_runs(
    served: ThisProject, whole: SeesAll, one: RunName = PREVIOUS, other: RunName = LATEST
) -> Comparison:
    """Compare two runs: how far they agree, and what each tells; figures of few are null."""
    run = _named(served, other)
    found = compare(_named(served, one), run)
    return Comparison(**plain(found.to_dict(None if whole else floor_of(run.manifest))))


def _named(served: Served, name: str) -> Run:
    row = served.published()
    if name == PREVIOUS and row["parent_run"] is None:
        raise NotFoundError(f"Run {row['run_id']} is the first of the project.", where="run_id")
    return served.run_of({LATEST: row["run_id"], PREVIOUS: row["parent_run"]}.get(name, name))


@router.get("/projects/{project}/flows")
def show_flows(served: ThisProject, whole: SeesAll, run_id: RunId = "") -> Flows:
    """Show who moved since the run before, and why; for others start a job (POST).

    To viewers numbers of few customers are null, and rows of few are left out.
    """
    run = chosen(served, run_id)
    parent = run.manifest.get("parent_run")
    known: dict[str, dict[str, Any]] = {}
    runs = [run]
    if parent and (served.home.runs / parent).is_dir():
        runs.append(served.run_of(parent))
    for one in runs:  # the later first: its order, then what ended since
        for segment in one.segments:
            known.setdefault(segment["id"], {name: segment[name] for name in ("name", "slot")})
    hidden = None if whole else moves_for(run, runs[1] if len(runs) > 1 else None)
    moves = run.table("migration")
    told = flows_dict(moves, known, str(parent or ""), run.id, hidden=hidden)
    return Flows(**plain(told), listed=(run.folder / MOVES).is_file())


@router.post("/projects/{project}/flows", status_code=202)
def start_flows(desk: AtDesk, wish: FlowsWish) -> Job:
    """Work out who moved between two dates or two runs: a job, whose result they are."""
    return desk.start("flows", wish.model_dump(mode="json"))


@router.get(
    "/projects/{project}/report",
    response_class=FileResponse,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
def show_report(
    request: Request,
    served: ThisProject,
    whole: SeesAll,
    run_id: RunId = "",
    of: Annotated[
        Literal["run", "value", "products", "offers", "evidence"],
        Query(description="The run itself, or what was worked out from it."),
    ] = "run",
) -> Response:
    """Show the page of a run, or of what was worked out from it; it runs and fetches nothing.

    What was worked out counts few customers as well, so its pages are for analysts; a viewer
    has the figures by ``recommendations``, ``offers/plan`` and ``offers/report``.
    """
    run = chosen(served, run_id)
    if not whole and of != "run":
        raise RefusedError(403, "This page needs the role Analyst.")
    folder = run.folder if of == "run" else made(served, of, run)
    if not whole:
        check_page(served, run)
    tag = f'"{read_json(folder / MANIFEST)["files"]["report.html"]["sha256"][:32]}"'
    headers = {**SAFE, "etag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return FileResponse(folder / "report.html", media_type="text/html", headers=headers)


@router.get("/projects/{project}/exports/sql", response_class=Response)
def export_sql(
    served: ThisProject,
    *,
    dialect: Annotated[str, Query(max_length=20, description="Of the warehouse.")] = "duckdb",
    rules: Annotated[bool, Query(description="The rules, which only approximate.")] = False,
    run_id: RunId = "",
) -> Response:
    """Give the assignment of customers as one SQL statement for a warehouse.

    Dialects: duckdb, postgres, spark, bigquery, snowflake.
    """
    run = chosen(served, run_id)
    text = run.sql(dialect, rules=rules)
    name = _file(served, run, f"{'rules' if rules else 'assignment'}-{dialect}", "sql")
    return Response(f"{text}\n", media_type="application/sql", headers=name)


@router.get(
    "/projects/{project}/exports/{what}",
    response_class=StreamingResponse,
    responses={200: {"content": {kind: {} for kind in _TYPES.values()}}},
)
def export(
    served: ThisProject,
    what: Literal["assignments", "customers", "segments"],
    *,
    run_id: RunId = "",
    which: Annotated[Chosen, Depends()],
    kind: Annotated[Kind, Query(alias="format", description="Of the file.")] = "csv",
    activation: Annotated[
        bool, Query(description="To be written to: without those who did not agree.")
    ] = False,
) -> StreamingResponse:
    """Give assignments, customers with their features, or segments as a file, piece by piece.

    In CSV no cell is a formula to a spreadsheet. With ``activation`` the header ``x-held-back``
    tells how many customers of the run did not agree to be written to.
    """
    run = chosen(served, run_id)
    segment = which.segment
    if segment not in {"", NOBODY}:
        segment_of(run, segment)
    rows: Iterable[pa.RecordBatch] = [segment_rows(run)]
    name = _file(served, run, f"{what}{segment and '-'}{segment}", kind)
    if what != "segments":
        held = None
        if activation:
            held = held_back(run, load_settings(served.folder).privacy.consent)
            name["x-held-back"] = str(len(held))
        rows = customer_rows(
            run, which.of(run), features=what == "customers", segment_id=segment, held=held
        )
    return StreamingResponse(_PARTS[kind](rows), media_type=_TYPES[kind], headers=name)


def _file(served: Served, run: Run, what: str, ending: str) -> dict[str, str]:
    day = f"-{run.as_of}" if run.as_of else ""
    name = f"{served.name}-{what}{day}.{ending}"
    return {"content-disposition": f'attachment; filename="{name}"', "x-run-id": run.id}
