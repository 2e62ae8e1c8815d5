"""What those who run a server ask: is it alive, may it be asked, and its figures."""

from __future__ import annotations

import shutil

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from coterie.errors import CoterieError
from coterie.service.deps import Now, ThisDatabase
from coterie.service.metrics import MEDIA_TYPE
from coterie.store.database import Database, version_of
from coterie.store.tables import HEAD
from coterie.store.workers import Workers

router = APIRouter(tags=["operations"])


class Alive(BaseModel):
    """The server runs."""

    status: str = "ok"


class Check(BaseModel):
    """One thing that was looked at."""

    name: str = Field(examples=["database"])
    ok: bool
    needed: bool = Field(description="Whether the server is not ready without it.")
    said: str


class Readiness(BaseModel):
    """Whether the server may be asked, and why not."""

    ready: bool
    checks: list[Check]


@router.get("/health/live")
def live() -> Alive:
    """Say that the server runs; nothing else is looked at."""
    return Alive()


@router.get("/health/ready", responses={503: {"model": Readiness}})
def ready(request: Request, response: Response, database: ThisDatabase, now: Now) -> Readiness:
    """Say whether the server may be asked: database, its tables, room on the disk.

    Without a worker what is known is still answered, so that is told, but does not count.
    """
    params = request.app.state.params
    checks = _database(database)
    home = next(place for place in (params.home, *params.home.parents) if place.exists())
    free = shutil.disk_usage(home).free
    said = f"{free >> 20:,} MB are free."
    checks.append(Check(name="disk", ok=free >= params.min_free, needed=True, said=said))
    if all(check.ok for check in checks[:2]):
        seen = len(Workers(database).alive(now=now))
        said = f"{seen} seen in the last minute."
        checks.append(Check(name="workers", ok=seen > 0, needed=False, said=said))
    found = Readiness(ready=all(c.ok for c in checks if c.needed), checks=checks)
    if not found.ready:
        response.status_code = 503
    return found


def _database(database: Database) -> list[Check]:
    """Look whether the database answers, and what its tables are like."""
    answers, newest = "It answers.", "They are up to date."
    try:
        with database.transaction() as connection:
            found = version_of(connection)
    except CoterieError:
        answers, newest, found = "It does not answer.", "They cannot be seen.", ""
    if found and found != HEAD:
        newest = "They are not up to date: coterie migrate"
    return [
        Check(name="database", ok=bool(found), needed=True, said=answers),
        Check(name="tables", ok=found == HEAD, needed=True, said=newest),
    ]


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request) -> Response:
    """Return the figures as Prometheus reads them."""
    return Response(request.app.state.metrics.text(), media_type=MEDIA_TYPE)
