"""Schedules of a project, and the connections that its sources may name."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from coterie.service.deps import Now, ThisDatabase, ThisProject
from coterie.service.ids import new_id
from coterie.service.models import JobKind, Page, Wire
from coterie.service.problems import NotFoundError
from coterie.store.connections import Connections
from coterie.store.schedules import Schedules

router = APIRouter(tags=["schedules and connections"])
ScheduleId = Annotated[str, InPath(description="Id of the schedule.", max_length=40)]


class ScheduleWish(Wire):
    """Work that comes again."""

    kind: JobKind = "run"
    cron: str = Field(
        max_length=200,
        description="minute hour day-of-month month day-of-week.",
        examples=["0 3 * * *"],
    )
    timezone: str = Field(
        default="UTC",
        max_length=100,
        description="In which it is read.",
        examples=["Europe/Berlin"],
    )
    enabled: bool = True


class ScheduleChange(Wire):
    """What is to be different; what is left out stays."""

    kind: JobKind | None = None
    cron: str | None = Field(default=None, max_length=200, examples=["30 6 * * MON-FRI"])
    timezone: str | None = Field(default=None, max_length=100, examples=["Europe/London"])
    enabled: bool | None = None


class Schedule(BaseModel):
    """Work that comes again, when it is due and the job that it started last."""

    id: str
    kind: str
    cron: str
    timezone: str
    enabled: bool
    next: datetime | None = None
    last_job: str | None = None


class ConnectionInfo(BaseModel):
    """A database that sources may name as ``connection:NAME``."""

    name: str


@router.get("/projects/{project}/schedules")
def list_schedules(served: ThisProject, database: ThisDatabase) -> Page[Schedule]:
    """List the schedules of a project."""
    rows = Schedules(database).of(served.name)
    return Page(items=[Schedule.model_validate(row) for row in rows], total=len(rows))


@router.post("/projects/{project}/schedules", status_code=201)
def create_schedule(
    wish: ScheduleWish, served: ThisProject, database: ThisDatabase, now: Now
) -> Schedule:
    """Let work come again: at each time of a cron expression a job is started.

    Times that are missed while no worker runs are made up for by one job; a job is not
    started while the one before waits or is at work.
    """
    row = {"id": new_id("s"), "project": served.name, **wish.model_dump()}
    return Schedule.model_validate(Schedules(database).add(row, now=now))


@router.get("/projects/{project}/schedules/{schedule_id}")
def show_schedule(served: ThisProject, database: ThisDatabase, schedule_id: ScheduleId) -> Schedule:
    """Show a schedule."""
    row = Schedules(database).get(schedule_id, served.name)
    if row is None:
        raise NotFoundError(f"There is no schedule {schedule_id!r}.", where="schedule_id")
    return Schedule.model_validate(row)


@router.patch("/projects/{project}/schedules/{schedule_id}")
def change_schedule(
    wish: ScheduleChange,
    served: ThisProject,
    database: ThisDatabase,
    now: Now,
    schedule_id: ScheduleId,
) -> Schedule:
    """Change a schedule, or turn it on or off."""
    show_schedule(served, database, schedule_id)
    changes = wish.model_dump(exclude_none=True)
    row = Schedules(database).change(schedule_id, changes, now=now)
    if row is None:
        raise NotFoundError(f"There is no schedule {schedule_id!r}.", where="schedule_id")
    return Schedule.model_validate(row)


@router.delete("/projects/{project}/schedules/{schedule_id}", status_code=204)
def remove_schedule(served: ThisProject, database: ThisDatabase, schedule_id: ScheduleId) -> None:
    """Remove a schedule; the job that it started last goes on."""
    show_schedule(served, database, schedule_id)
    Schedules(database).remove(schedule_id)


@router.get("/connections")
def list_connections(database: ThisDatabase) -> Page[ConnectionInfo]:
    """List the databases that an administrator registered; their URLs are not told."""
    names = Connections(database).all()
    return Page(items=[ConnectionInfo(name=name) for name in names], total=len(names))
