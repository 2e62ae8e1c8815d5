"""Projects, what is uploaded to them, and what its columns mean."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, UploadFile
from fastapi import Path as InPath

from coterie.api import inspect
from coterie.config import load_settings
from coterie.errors import ParameterError
from coterie.features.windows import to_date
from coterie.pipeline.stream_reading import StreamReader
from coterie.service.deps import AllProjects, Now, ThisProject, ThisWho, blocks_of
from coterie.service.models import (
    Mapping,
    MappingWish,
    NewProject,
    Page,
    ProjectInfo,
    Settings,
    Upload,
    Uses,
)
from coterie.service.problems import NotFoundError
from coterie.service.projects import Projects, Served, server_settings
from coterie.service.removing import remove
from coterie.store.home import Home
from coterie.store.places import FILE
from coterie.store.runs import write_atomic
from coterie.store.unmaking import uses_of
from coterie.store.uploads import Upload as Kept
from coterie.store.uploads import Uploads
from coterie.validation.template import project_toml

router = APIRouter(tags=["projects"])
PLACED = "assignments.parquet"
"""The file of a run that has a row for each customer."""


@router.get("/projects")
def list_projects(projects: AllProjects, who: ThisWho) -> Page[ProjectInfo]:
    """List the projects of this server that are there for who asks."""
    items = [_info(projects.get(name)) for name in who.visible(projects.names())]
    return Page(items=items, total=len(items))


@router.post("/projects", status_code=201)
def create_project(wish: NewProject, projects: AllProjects) -> ProjectInfo:
    """Make an empty project."""
    return _info(projects.create(wish.name))


@router.get("/projects/{project}")
def show_project(served: ThisProject) -> ProjectInfo:
    """Show a project."""
    return _info(served)


@router.get("/projects/{project}/uses")
def show_uses(served: ThisProject, projects: AllProjects) -> Uses:
    """Say what a project holds and what leans on it: all that ends with it."""
    runs = len(served.registry.runs()) if served.home.has_registry else 0
    kept = Uploads(served.folder).all()
    row = served.home.published(served.registry) if runs else None
    return Uses(
        runs=runs,
        uploads=len(kept),
        customers=served.run_of(row["run_id"]).manifest["files"][PLACED]["rows"] if row else 0,
        live=runs > 0 and StreamReader(served.registry).exists,
        **uses_of(projects.database, served.name),
    )


@router.delete("/projects/{project}", status_code=204)
def remove_project(
    served: ThisProject,
    projects: AllProjects,
    now: Now,
    confirm: Annotated[str, Query(max_length=63, description="The name of the project once more.")],
) -> None:
    """Remove a project with its uploads, runs, predictions, schedules and rights.

    While a job of it waits or is at work the answer is 409. The audit log stays.
    """
    if confirm != served.name:
        raise ParameterError(
            f"{confirm!r} is not the name of this project.",
            allowed=served.name,
            where="confirm",
        )
    remove(projects, served.name, now=now)


def _info(served: Served) -> ProjectInfo:
    title, mapped = "", (served.folder / FILE).is_file()
    if mapped:
        title = load_settings(served.folder).project.name
    row = served.registry.published() if served.home.has_registry else None
    if row is None:
        return ProjectInfo(name=served.name, title=title, mapped=mapped)
    return ProjectInfo(
        name=served.name,
        title=title,
        mapped=mapped,
        run_id=row["run_id"],
        as_of=to_date(row["as_of"]) if row["as_of"] is not None else None,
        live=StreamReader(served.registry).exists,
    )


@router.post("/projects/{project}/uploads", status_code=201)
def upload(file: UploadFile, served: ThisProject, projects: AllProjects) -> Upload:
    """Upload a file: CSV, Parquet, JSON lines or Excel, plain or packed.

    It is read once to see that it holds rows. The same content again has the same id.
    """
    blocks = blocks_of(file, projects.params.max_upload)
    kept = Uploads(served.folder).add(
        file.filename or "", blocks, check=lambda place: inspect([place], place.parent)
    )
    return _shown(kept)


@router.get("/projects/{project}/uploads")
def list_uploads(served: ThisProject) -> Page[Upload]:
    """List what was uploaded."""
    found = Uploads(served.folder).all()
    return Page(items=[_shown(one) for one in found], total=len(found))


UploadId = Annotated[str, InPath(description="Id of the upload.", max_length=20)]


@router.get("/projects/{project}/uploads/{upload_id}")
def show_upload(served: ThisProject, upload_id: UploadId) -> Upload:
    """Show an upload."""
    return _shown(_kept(served, upload_id))


def _kept(served: Served, upload_id: str) -> Kept:
    found = Uploads(served.folder).get(upload_id)
    if found is None:
        raise NotFoundError(f"There is no upload {upload_id!r}.", where="uploads")
    return found


def _shown(kept: Kept) -> Upload:
    return Upload(id=kept.id, name=kept.file.name, bytes=kept.bytes, sha256=kept.sha256)


@router.post("/projects/{project}/mapping")
def propose_mapping(wish: MappingWish, served: ThisProject) -> Mapping:
    """Propose what uploads hold and how their columns map to ours; nothing is written."""
    files = [_kept(served, one).file for one in dict.fromkeys(wish.uploads)]
    found = inspect(files, served.folder)
    proposals = [
        {"upload": file.parent.name, "file": source.file, **proposal.to_dict()}
        for file, (source, proposal) in zip(files, found, strict=True)
    ]
    return Mapping(proposals=proposals, toml=project_toml(served.name, found))


@router.get("/projects/{project}/mapping")
def show_mapping(served: ThisProject) -> Settings:
    """Show the settings of the project."""
    path = served.folder / FILE
    return Settings(toml=path.read_text(encoding="utf-8") if path.is_file() else "")


@router.put("/projects/{project}/mapping")
def accept_mapping(wish: Settings, served: ThisProject, projects: AllProjects) -> Settings:
    """Accept settings: they are checked as a whole, and replace those that were there."""
    accept(wish.toml, served, projects)
    return Settings(toml=wish.toml)


def accept(toml: str, served: Served, projects: Projects) -> None:
    """Check settings as a whole, and put them in the place of those that were there.

    Parameters
    ----------
    toml : str
        The settings.
    served : Served
        The project.
    projects : Projects
        All of the server: it knows the connections and where the database is.

    Raises
    ------
    ParameterError
        If they will not do.
    """
    text = toml if toml.endswith("\n") else toml + "\n"
    try:
        given = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ParameterError(f"This is no TOML: {error}.", where="toml") from error
    if "store" in given:
        raise ParameterError("[store] is decided by who runs the server.", where="store")
    if projects.params.database:
        text += f'\n[store]\ndatabase = "{projects.params.database}"\n'
    with tempfile.TemporaryDirectory() as work:
        # Checked where relative paths mean the same, before anything is replaced.
        trial = Path(work)
        (trial / FILE).write_text(text, encoding="utf-8")
        server_settings(trial, projects.connections(), root=served.folder)
    with Home(served.folder).alone():
        write_atomic(served.folder / FILE, text)
