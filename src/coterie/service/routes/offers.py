"""Products and offers: what to show whom, what is planned, and what came of it."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, UploadFile
from pydantic import BaseModel, Field

from coterie.api import Project, Run
from coterie.offers.kept_plan import Planned
from coterie.offers.kept_products import Products
from coterie.offers.published_plan import published_plan
from coterie.pipeline.feedback import account, fed
from coterie.privacy.few import hide_few
from coterie.profiling.publication import floor_of
from coterie.service.deps import AllProjects, Cursor, Limit, SeesAll, ThisProject, blocks_of
from coterie.service.models import Page, Wire
from coterie.service.models_people import Open
from coterie.service.projects import Served
from coterie.service.reading import RunId, chosen, made, plain
from coterie.service.slices import slice_of

router = APIRouter(tags=["offers"])
_ROWS = 10_000
Text = Annotated[str, Field(max_length=1_000)]


class Shelf(Open):
    """What a segment buys, or all: now and next month."""

    segment: dict[str, str]
    next_month: date
    products: list[dict[str, Any]]


class Plan(Open):
    """A plan of offers, or a report on what they brought."""

    id: str
    run_id: str
    day: date | None = None
    offers: list[dict[str, Any]]
    notes: list[str]


class Touch(Wire):
    """A contact, or a control, and what came of it."""

    touch_id: Annotated[str | None, Field(max_length=1_000)] = None
    customer_id: Text
    timestamp: Annotated[str, Field(max_length=40)] = Field(examples=["2026-01-05T10:00:00Z"])
    offer_id: Text
    channel: Annotated[str | None, Field(max_length=1_000)] = None
    treated: bool | None = None
    responded: bool | None = None
    value: Annotated[float | None, Field(allow_inf_nan=False)] = None
    propensity: Annotated[float | None, Field(gt=0, le=1)] = None


class Touches(Wire):
    """Touches that are fed back."""

    rows: list[Touch] = Field(min_length=1, max_length=_ROWS)


class Account(BaseModel):
    """What became of a file of touches: rows in = accepted + quarantined."""

    id: str
    rows: int
    accepted: int
    quarantined: int
    by_reason: dict[str, int]
    repeated: int
    new: int = Field(description="Never fed before.")
    answered: int = Field(description="Known before, and answered now.")
    fresh: bool = Field(description="False if the very same was fed before.")
    unknown_offers: dict[str, int]


@router.get("/projects/{project}/recommendations")
def show_recommendations(
    served: ThisProject,
    whole: SeesAll,
    segment: Annotated[str, Query(max_length=200, description="Id or name; empty: all.")] = "",
    run_id: RunId = "",
) -> Shelf:
    """Show what a segment buys, what rises and falls, and what is bought together.

    To viewers numbers of few customers or orders are null. It is made by the job
    ``products``; before that the answer is 409.
    """
    run = chosen(served, run_id)
    shelf = Products(made(served, "products", run)).segment(segment)
    return Shelf(**plain(shelf if whole else hide_few(shelf, floor_of(run.manifest))))


@router.get("/projects/{project}/recommendations/lists")
def list_recommendations(
    served: ThisProject, run_id: RunId = "", limit: Limit = 50, cursor: Cursor = ""
) -> Page[dict[str, Any]]:
    """List the products for every customer, ten at most for each."""
    folder = made(served, "products", chosen(served, run_id))
    path = folder / "recommendations.parquet"
    return slice_of(path, name=folder.name, cursor=cursor, limit=limit)


@router.get("/projects/{project}/offers")
def list_offers(served: ThisProject, projects: AllProjects) -> Page[dict[str, Any]]:
    """List the catalogue of offers."""
    offers = projects.project(served.name).settings.offers
    items = [offer.model_dump(mode="json") for offer in offers]
    return Page(items=items, total=len(items))


@router.get("/projects/{project}/offers/plan")
def show_plan(served: ThisProject, whole: SeesAll, run_id: RunId = "") -> Plan:
    """Show the current plan: who gets what and why, how much room is used.

    To viewers numbers of few customers are null. It is made by the job ``offers``; before
    that the answer is 409.
    """
    return _plan(served, "offers", chosen(served, run_id), whole=whole)


def _plan(served: Served, kind: str, run: Run, *, whole: bool) -> Plan:
    found = Planned(made(served, kind, run))
    summary = found.summary
    if not whole:
        summary = published_plan(summary, floor_of(run.manifest))
    return Plan(id=found.folder.name, **plain(summary))


@router.get("/projects/{project}/offers/plan/customers")
def list_planned(
    served: ThisProject, run_id: RunId = "", limit: Limit = 50, cursor: Cursor = ""
) -> Page[dict[str, Any]]:
    """List who is offered what by the current plan, the control included, by customer."""
    folder = made(served, "offers", chosen(served, run_id))
    return slice_of(folder / "plan.parquet", name=folder.name, cursor=cursor, limit=limit)


@router.get("/projects/{project}/offers/report")
def show_evidence(served: ThisProject, whole: SeesAll, run_id: RunId = "") -> Plan:
    """Show what contacts changed: effects against the control, with intervals.

    To viewers what was seen of few customers is null.
    """
    return _plan(served, "evidence", chosen(served, run_id), whole=whole)


@router.get("/projects/{project}/feedback")
def list_feedback(served: ThisProject, projects: AllProjects) -> Page[Account]:
    """List all that was fed back, the oldest first, with the account of every row."""
    settings = projects.project(served.name).settings
    items = [
        Account(id=folder.name, **_told(account(settings, folder))) for folder in fed(served.home)
    ]
    return Page(items=items, total=len(items))


@router.post("/projects/{project}/feedback", status_code=201)
def feed_rows(served: ThisProject, projects: AllProjects, wish: Touches) -> Account:
    """Feed back what came of offers; each touch counts once, however often it is fed."""
    project = projects.project(served.name)
    settings = project.settings
    sources = [s for n, s in settings.sources.items() if settings.table_of(n) == "touches"]
    named = sources[0].mapping() if sources else {}
    asked = {name for row in wish.rows for name in row.model_fields_set} | set(named)
    rows = [
        {named.get(n, n): v for n, v in row.model_dump().items() if n in asked} for row in wish.rows
    ]
    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / "touches.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        return _feed(project, file)


@router.post("/projects/{project}/feedback/uploads", status_code=201)
def feed_file(file: UploadFile, served: ThisProject, projects: AllProjects) -> Account:
    """Feed back a file of touches, with our column names or those of the project's source."""
    project = projects.project(served.name)
    with tempfile.TemporaryDirectory() as work:
        ending = "".join(Path(file.filename or "touches.csv").suffixes)[-20:]
        place = Path(work) / f"touches{ending if ending.isprintable() else '.csv'}"
        with place.open("wb") as out:
            out.writelines(blocks_of(file, projects.params.max_upload))
        return _feed(project, place)


def _feed(project: Project, file: Path) -> Account:
    found = project.feedback(file)
    return Account(id=found.folder.name, **_told(found.to_dict()))


def _told(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name != "folder"}
