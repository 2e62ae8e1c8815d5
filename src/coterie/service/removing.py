"""The end of a project: its rows go first, so one that was stopped midway can be removed again."""

from __future__ import annotations

import shutil
from datetime import datetime

from coterie.privacy.keys import unguessable
from coterie.service.problems import ConflictError
from coterie.service.projects import Projects
from coterie.store.unmaking import forget_project


def remove(projects: Projects, name: str, *, now: datetime) -> None:
    """Remove a project: its rows, its runs wherever they are kept, and its folder.

    Parameters
    ----------
    projects : Projects
        All of the server.
    name : str
        By which it is asked for.
    now : datetime
        When keys that were for it alone end.

    Raises
    ------
    ConflictError
        If a job of it waits or is at work, or the server serves one project alone.
    NotReadyError
        If another process is at work in its folder.
    """
    served = projects.get(name)
    if projects.alone:
        raise ConflictError("This server serves one project alone.", where="project")
    with served.home.alone():
        if not forget_project(projects.database, name, now=now):
            raise ConflictError(
                f"A job of {name} waits or is at work.",
                hint="Wait for it, or cancel it.",
                where="project",
            )
        if served.home.has_registry:
            for run in served.registry.runs():
                served.home.drop(run["run_id"])
        if served.home.places.database:
            forget_project(served.registry.database, name, now=now)
        # No project is called so: from here on there is none.
        gone = served.folder.with_name(f".gone-{unguessable(8).hex()}")
        served.folder.rename(gone)
    projects.forget(name)
    shutil.rmtree(gone, ignore_errors=True)
