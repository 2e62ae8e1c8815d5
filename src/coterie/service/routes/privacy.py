"""The rights of people: all that is kept on one, and its erasure."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from coterie.pipeline.erasing import announce
from coterie.pipeline.fairness import fairness
from coterie.service.deps import AllProjects, ThisProject
from coterie.service.models import Job
from coterie.service.reading import CustomerId, RunId, chosen, plain
from coterie.service.routes.jobs import AtDesk

router = APIRouter(tags=["privacy"])
Reason = Annotated[
    str, Query(max_length=200, description="Kept in the certificate; it must not name anybody.")
]


class Stored(BaseModel):
    """What stands in one file or table: rows, and sentences that name her."""

    rows: list[dict[str, Any]]
    named: list[str]


class Access(BaseModel):
    """Everything that is kept on one person: by place, then by file or table."""

    customer_id: str
    places: dict[str, dict[str, Stored]]
    total: int


class Fairness(BaseModel):
    """How the segments relate to protected attributes, though these were left out."""

    run_id: str
    as_of: date | None = None
    floor: int
    alarm: float
    least_ratio: float
    plan: str | None = None
    attributes: list[dict[str, Any]]
    note: str


@router.get("/projects/{project}/fairness")
def show_fairness(served: ThisProject, projects: AllProjects, run_id: RunId = "") -> Fairness:
    """Show whether segments stand in for a protected attribute; what tells of few is hidden."""
    floor = projects.project(served.name).settings.privacy.floor
    return Fairness(**plain(fairness(chosen(served, run_id), floor=floor)))


@router.get("/projects/{project}/customers/{customer_id:path}/access")
def show_access(served: ThisProject, projects: AllProjects, customer_id: CustomerId) -> Access:
    """Show everything that is kept on one person; ``DELETE`` removes exactly this."""
    mine = projects.database, projects.server(served.name)[1]
    held = projects.project(served.name).access(customer_id, server=mine)
    return Access(**plain(held.to_dict()))


@router.delete("/projects/{project}/customers/{customer_id:path}", status_code=202)
def erase_customer(desk: AtDesk, customer_id: CustomerId, reason: Reason = "") -> Job:
    """Erase one person from all that is kept; the job's result is the signed certificate.

    From this answer on no row of hers comes in any more.
    """
    project = desk.projects.project(desk.served.name)
    announce(project.settings, project.folder, customer_id, reason=reason, now=desk.now)
    return desk.start("erase", {})
