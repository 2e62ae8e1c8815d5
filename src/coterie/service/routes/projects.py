"""Projects, what is uploaded to them, and what its columns mean."""

from __future__ import annotations

import hashlib
import re
import tempfile
import tomllib
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, UploadFile
from fastapi import Path as InPath

from coterie.api import inspect
from coterie.config import load_settings
from coterie.errors import DataError, ParameterError
from coterie.features.windows import to_date
from coterie.service.deps import AllProjects, ThisProject
from coterie.service.models import (
    Mapping,
    MappingWish,
    NewProject,
    Page,
    ProjectInfo,
    Settings,
    Upload,
)
from coterie.service.problems import NotFoundError, TooLargeError
from coterie.service.projects import Served, server_settings
from coterie.store.home import Home
from coterie.store.places import FILE, UPLOADS
from coterie.store.runs import PARTIAL, remove_partial, write_atomic
from coterie.validation.template import project_toml

router = APIRouter(tags=["projects"])
_BLOCK = 1 << 20
_UPLOAD = re.compile(r"u[0-9a-f]{12}")
_SAFE = re.compile(r"[^\w. -]", re.ASCII)
_LONGEST = 100
_A_DAY = 86_400.0


@router.get("/projects")
def list_projects(projects: AllProjects) -> Page[ProjectInfo]:
    """List the projects of this server."""
    items = [_info(projects.get(name)) for name in projects.names()]
    return Page(items=items, total=len(items))


@router.post("/projects", status_code=201)
def create_project(wish: NewProject, projects: AllProjects) -> ProjectInfo:
    """Make an empty project."""
    return _info(projects.create(wish.name))


@router.get("/projects/{project}")
def show_project(served: ThisProject) -> ProjectInfo:
    """Show a project."""
    return _info(served)


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
    )


@router.post("/projects/{project}/uploads", status_code=201)
def upload(file: UploadFile, served: ThisProject, projects: AllProjects) -> Upload:
    """Upload a file: CSV, Parquet, JSON lines or Excel, plain or packed.

    It is read once to see that it holds rows. The same content again has the same id.
    """
    target = served.folder / UPLOADS
    target.mkdir(parents=True, exist_ok=True)
    name = _name(file.filename or "")
    with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=target) as work:
        _forget_broken(target, Path(work))
        place = Path(work) / "content" / name
        place.parent.mkdir()
        digest, size = hashlib.sha256(), 0
        with place.open("wb") as out:
            while block := file.file.read(_BLOCK):
                size += len(block)
                if size > projects.params.max_upload:
                    raise TooLargeError(
                        f"{name} is larger than {projects.params.max_upload:,} bytes.",
                        hint="Split it, or register a database and read from that.",
                    )
                digest.update(block)
                out.write(block)
        if not size:
            raise DataError(f"{name} is empty.", where="file")
        inspect([place], place.parent)
        found = Upload(
            id=f"u{digest.hexdigest()[:12]}", name=name, bytes=size, sha256=digest.hexdigest()
        )
        if not (target / found.id).exists():
            place.parent.rename(target / found.id)
    return _upload(served, found.id)


def _forget_broken(target: Path, newest: Path) -> None:
    """Remove what uploads left that broke off long ago; others may still be coming in."""
    long_ago = newest.stat().st_mtime - _A_DAY
    remove_partial([target], before=long_ago)


def _name(given: str) -> str:
    """Return a file name that is safe on disk and tells the format as before."""
    plain = _SAFE.sub("_", Path(given.replace("\\", "/")).name).strip(" .")
    if not plain:
        raise ParameterError("The file has no name.", hint="Give it one, such as orders.csv.")
    return plain[-_LONGEST:]


@router.get("/projects/{project}/uploads")
def list_uploads(served: ThisProject) -> Page[Upload]:
    """List what was uploaded."""
    there = (served.folder / UPLOADS).glob("u*")
    found = sorted(folder.name for folder in there if _UPLOAD.fullmatch(folder.name))
    return Page(items=[_upload(served, one) for one in found], total=len(found))


UploadId = Annotated[str, InPath(description="Id of the upload.", max_length=20)]


@router.get("/projects/{project}/uploads/{upload_id}")
def show_upload(served: ThisProject, upload_id: UploadId) -> Upload:
    """Show an upload."""
    return _upload(served, upload_id)


def _file_of(served: Served, upload_id: str) -> Path:
    folder = served.folder / UPLOADS / upload_id
    if not _UPLOAD.fullmatch(upload_id) or not folder.is_dir():
        raise NotFoundError(f"There is no upload {upload_id!r}.", where="uploads")
    return next(folder.iterdir())


def _upload(served: Served, upload_id: str) -> Upload:
    file = _file_of(served, upload_id)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Upload(id=upload_id, name=file.name, bytes=file.stat().st_size, sha256=digest)


@router.post("/projects/{project}/mapping")
def propose_mapping(wish: MappingWish, served: ThisProject) -> Mapping:
    """Propose what uploads hold and how their columns map to ours; nothing is written."""
    files = [_file_of(served, one) for one in dict.fromkeys(wish.uploads)]
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
    text = wish.toml if wish.toml.endswith("\n") else wish.toml + "\n"
    try:
        given = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ParameterError(f"This is no TOML: {error}.", where="toml") from error
    if "store" in given:
        raise ParameterError("[store] is decided by who runs the server.", where="store")
    if projects.params.database:
        text += f'\n[store]\ndatabase = "{projects.params.database}"\n'
    with tempfile.TemporaryDirectory(prefix=".tmp-", dir=served.folder) as work:
        # Checked where relative paths mean the same, before anything is replaced.
        trial = Path(work)
        (trial / FILE).write_text(text, encoding="utf-8")
        server_settings(trial, projects.connections(), root=served.folder)
    with Home(served.folder).alone():
        write_atomic(served.folder / FILE, text)
    return Settings(toml=wish.toml)
