"""Runs and other long work: asked for, followed, cancelled; schedules are beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from coterie.service.deps import (
    AllJobs,
    AllProjects,
    Cursor,
    Limit,
    Now,
    ThisProject,
    from_cursor,
    moment_of,
    only_project,
    to_cursor,
)
from coterie.service.ids import new_id
from coterie.service.models import Job, JobWish, Page, RunInfo, RunWish
from coterie.service.problems import NotFoundError
from coterie.service.projects import READING
from coterie.service.reading import run_info
from coterie.store.jobs import ENDED, Jobs

router = APIRouter(tags=["runs and jobs"])
root = APIRouter(tags=["runs and jobs"])
LOOK = 0.25
"""Seconds between two looks at a job that is followed."""
JobId = Annotated[str, InPath(description="Id of the job.", max_length=40)]
_AT = "/api/v1/projects/{}/jobs/{}"


class Desk:
    """Where work is asked for: puts a job into the queue and says where it can be followed."""

    def __init__(
        self,
        served: ThisProject,
        projects: AllProjects,
        jobs: AllJobs,
        now: Now,
        response: Response,
    ) -> None:
        self.served, self.projects, self.jobs = served, projects, jobs
        self.now, self.response = now, response

    def start(self, kind: str, params: dict[str, Any]) -> Job:
        """Start a job, once the settings of the project have been read and will do."""
        self.projects.project(self.served.name, reads=kind in READING)
        name = self.served.name
        row = self.jobs.add(new_id("j"), name, kind, params, now=self.now)
        self.response.headers["Location"] = _AT.format(name, row["id"])
        return Job.model_validate(row)


AtDesk = Annotated[Desk, Depends()]


@router.post("/projects/{project}/runs", status_code=202)
def start_run(desk: AtDesk, wish: RunWish | None = None) -> Job:
    """Read the sources, score or fit, and publish."""
    return desk.start("run", (wish or RunWish()).model_dump(mode="json"))


@router.post("/projects/{project}/train", status_code=202)
def train(desk: AtDesk, wish: RunWish | None = None) -> Job:
    """Refit the model on what the sources hold now, and publish."""
    return desk.start("train", (wish or RunWish()).model_dump(mode="json"))


@root.post("/train", status_code=202)
def train_here(
    request: Request,
    projects: AllProjects,
    jobs: AllJobs,
    now: Now,
    response: Response,
    wish: RunWish | None = None,
    project: Annotated[str, Query(max_length=63, description="Needed if there are several.")] = "",
) -> Job:
    """Refit the project that is named, or the only one there is."""
    served = projects.get(project or only_project(request))
    return train(Desk(served, projects, jobs, now, response), wish)


@router.post("/projects/{project}/jobs", status_code=202)
def start_job(desk: AtDesk, wish: JobWish) -> Job:
    """Start any long work: run, train, value, products, offers, flows (``start``, ``end``)."""
    return desk.start(wish.kind, wish.params)


@router.get("/projects/{project}/jobs")
def list_jobs(
    served: ThisProject, jobs: AllJobs, limit: Limit = 50, cursor: Cursor = ""
) -> Page[Job]:
    """List the jobs of a project, the newest first."""
    place = from_cursor(cursor, 2)
    after = (moment_of(place[0]), str(place[1])) if place else None
    rows, total = jobs.page(served.name, after=after, limit=limit + 1)
    end = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[Job.model_validate(row) for row in rows[:limit]],
        next=to_cursor((end["created"].isoformat(), end["id"]) if end else None),
        total=total,
    )


@router.get("/projects/{project}/jobs/{job_id}")
def show_job(served: ThisProject, jobs: AllJobs, job_id: JobId) -> Job:
    """Show a job."""
    return _job(jobs, served.name, job_id)


def _job(jobs: Jobs, project: str, job_id: str) -> Job:
    row = jobs.get(job_id, project)
    if row is None:
        raise NotFoundError(f"There is no job {job_id!r}.", where="job_id")
    return Job.model_validate(row)


@router.delete("/projects/{project}/jobs/{job_id}", status_code=202)
def cancel_job(served: ThisProject, jobs: AllJobs, now: Now, job_id: JobId) -> Job:
    """Cancel a job: one that waits at once, one at work as soon as its worker hears of it."""
    _job(jobs, served.name, job_id)
    return Job.model_validate(jobs.cancel(job_id, now=now))


@router.get(
    "/projects/{project}/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def follow_job(
    request: Request, served: ThisProject, jobs: AllJobs, job_id: JobId
) -> StreamingResponse:
    """Follow a job: server-sent events ``progress`` with the job, until it has ended."""
    first = await run_in_threadpool(_job, jobs, served.name, job_id)

    async def events() -> AsyncIterator[str]:
        job, told = first, ""
        while True:
            text = job.model_dump_json()
            if text != told:
                yield f"event: progress\ndata: {text}\n\n"
                told = text
            if job.state in ENDED or await request.is_disconnected():
                return
            await asyncio.sleep(LOOK)
            job = await run_in_threadpool(_job, jobs, served.name, job_id)

    return StreamingResponse(events(), media_type="text/event-stream")


@router.get("/projects/{project}/runs")
def list_runs(served: ThisProject) -> Page[RunInfo]:
    """List all runs, the newest first."""
    rows = served.registry.runs() if served.home.has_registry else []
    row = served.registry.published() if rows else None
    published = row["run_id"] if row else None
    items = [run_info(row, published) for row in rows]
    return Page(items=items, total=len(items))


@router.get("/projects/{project}/runs/{run_id}")
def show_run(served: ThisProject, run_id: Annotated[str, InPath(max_length=40)]) -> dict[str, Any]:
    """Show the manifest of a run and its segments."""
    run = served.run_of(run_id)
    return {"manifest": run.manifest, "segments": run.segments}
