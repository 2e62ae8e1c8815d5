"""What routes ask for: the projects, the project of the path, the jobs, a page of a list."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Path, Query, Request, UploadFile

from coterie.errors import ParameterError
from coterie.service.auth import get_who
from coterie.service.problems import NotFoundError, TooLargeError
from coterie.service.projects import Projects, Served
from coterie.service.who import Who
from coterie.store.accounts import ADMIN, ANALYST
from coterie.store.database import Database
from coterie.store.jobs import Jobs

_BLOCK = 1 << 20
MOST = 500
"""Rows of a page."""


def get_projects(request: Request) -> Projects:
    """Return the projects of this server."""
    return cast("Projects", request.app.state.projects)


def get_jobs(request: Request) -> Jobs:
    """Return the jobs of this server."""
    return cast("Jobs", request.app.state.jobs)


def get_database(request: Request) -> Database:
    """Return the operational database of this server."""
    return cast("Database", request.app.state.database)


def get_now(request: Request) -> datetime:
    """Return the time by the server's clock."""
    return cast("datetime", request.app.state.clock())


def get_served(
    request: Request,
    projects: Annotated[Projects, Depends(get_projects)],
    project: Annotated[str, Path(description="Name of the project.", max_length=63)],
) -> Served:
    """Return the project that the path names; of others there is none.

    Parameters
    ----------
    request : Request
        Who asks.
    projects : Projects
        Of the server.
    project : str
        Name.

    Returns
    -------
    Served
        The project.
    """
    if not get_who(request).sees(project):
        raise NotFoundError(f"There is no project {project!r}.", where="project")
    return projects.get(project)


def sees_all(request: Request) -> bool:
    """Say whether who asks sees figures of few customers too: analysts, admins and their keys."""
    return get_who(request).role_in(str(request.state.project)) in {ANALYST, ADMIN}


SeesAll = Annotated[bool, Depends(sees_all)]


def sees_identities(request: Request) -> bool:
    """Say whether who asks sees who the customers are: those who see all."""
    return sees_all(request)


def only_project(request: Request) -> str:
    """Return the name of the only project that is there for who asks.

    Raises
    ------
    ParameterError
        If there are several, or none.
    """
    projects = get_projects(request)
    return projects.only(get_who(request).visible(projects.names()))


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


AllProjects = Annotated[Projects, Depends(get_projects)]
AllJobs = Annotated[Jobs, Depends(get_jobs)]
ThisDatabase = Annotated[Database, Depends(get_database)]
Now = Annotated[datetime, Depends(get_now)]
ThisProject = Annotated[Served, Depends(get_served)]
ThisWho = Annotated[Who, Depends(get_who)]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Rows of the page.")]
Cursor = Annotated[
    str, Query(max_length=2_000, description="``next`` of the page before; empty for the first.")
]


def blocks_of(file: UploadFile, most: int) -> Iterator[bytes]:
    """Yield the content of an uploaded file, piece by piece.

    Parameters
    ----------
    file : UploadFile
        As it came.
    most : int
        Bytes that are taken.

    Yields
    ------
    bytes
        In its order.

    Raises
    ------
    TooLargeError
        When more have come.
    """
    size = 0
    while block := file.file.read(_BLOCK):
        size += len(block)
        if size > most:
            raise TooLargeError(
                f"The file is larger than {most:,} bytes.",
                hint="Split it, or register a database and read from that.",
            )
        yield block


def to_cursor(place: tuple[Any, ...] | None) -> str | None:
    """Write the place where a page ended, so that the next one goes on there.

    Examples
    --------
    >>> from_cursor(to_cursor((1.5, "17850")), 2)
    (1.5, '17850')
    """
    if place is None:
        return None
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def from_cursor(cursor: str | None, parts: int) -> tuple[Any, ...] | None:
    """Read a cursor; none, if it is empty.

    Raises
    ------
    ParameterError
        If it is not one that was given out.
    """
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise wrong_cursor() from error
    plain = isinstance(place, list) and all(isinstance(one, str | int | float) for one in place)
    if not plain or len(place) != parts:
        raise wrong_cursor()
    return tuple(place)


def moment_of(text: object) -> datetime:
    """Read a moment out of a cursor.

    Raises
    ------
    ParameterError
        If it is none.
    """
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise wrong_cursor() from error
    if moment.tzinfo is None:
        raise wrong_cursor()
    return moment


def wrong_cursor() -> ParameterError:
    """Say that a cursor is not one that was given out."""
    hint = "Take it from `next` of the page before, or leave it out."
    return ParameterError("This is no cursor.", hint=hint, where="cursor")
