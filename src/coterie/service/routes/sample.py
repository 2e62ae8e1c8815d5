"""The simulated shop, put into an empty project at one click."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fastapi import APIRouter

from coterie.service.deps import AllProjects, ThisProject
from coterie.service.models import Job
from coterie.service.problems import ConflictError
from coterie.service.routes.jobs import AtDesk
from coterie.service.routes.projects import accept
from coterie.sources.samples import write_sample
from coterie.store.places import FILE

router = APIRouter(tags=["projects"])


@router.post("/projects/{project}/sample", status_code=202)
def use_sample(served: ThisProject, projects: AllProjects, desk: AtDesk) -> Job:
    """Fill an empty project with the simulated shop, and start its first run.

    2,000 made-up customers with orders, clicks, reviews and campaigns; always the same ones.
    """
    if (served.folder / FILE).is_file():
        raise ConflictError(
            f"The project {served.name} has sources already.",
            hint="Make an empty project for the sample.",
            where="project",
        )
    with tempfile.TemporaryDirectory(dir=served.folder, prefix=".sample-") as work:
        written = write_sample("shop", Path(work))
        for table in written.parent.glob("*.parquet"):
            table.replace(served.folder / table.name)
        accept(written.read_text(encoding="utf-8"), served, projects)
    return desk.start("run", {})
