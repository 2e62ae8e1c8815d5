"""The projects of a server: folders, opened once and watched for a newer published run."""

from __future__ import annotations

import glob
import re
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from coterie.api import Project, Run
from coterie.config import Settings, load_settings
from coterie.errors import NotReadyError, ParameterError
from coterie.service.params import ServerParams
from coterie.service.problems import ConflictError, NotFoundError, RefusedError
from coterie.store.connections import Connections
from coterie.store.database import Database
from coterie.store.home import Home
from coterie.store.listing import may_be
from coterie.store.members import Members
from coterie.store.places import FILE, REGISTRY, SERVER
from coterie.store.registry import Registry
from coterie.store.runs import MANIFEST

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
CONNECTION = "connection:"
READING = frozenset({"run", "train", "candidate", "prospects", "flows"})
"""Jobs that may read the sources; the others go by what is kept."""
WAIT = 1.0
"""Seconds that a request waits for customers to be loaded."""
_KEPT = 4
"""Runs of a project that are kept open."""


def server_settings(
    folder: Path, connections: Mapping[str, str], *, root: Path | None = None
) -> Settings:
    """Return the settings of a project whose sources a server may read.

    Parameters
    ----------
    folder : Path
        The project folder.
    connections : mapping of str to str
        Name of each registered connection to the variable that holds its URL.
    root : Path, optional
        Where files are looked for; default the folder.

    Returns
    -------
    Settings
        With ``connection:NAME`` replaced by what it stands for.

    Raises
    ------
    ParameterError
        If a source lies outside the project, or is a database that nobody registered.
    """
    settings = load_settings(folder)
    root = (root or folder).resolve()
    found = {}
    for name, source in settings.sources.items():
        where = f"sources.{name}"
        if source.file and not _is_inside(source.file, root):
            raise ParameterError(
                f"[{where}] reads a file outside the project.",
                allowed="uploads, and connections that an administrator registered",
                hint="Upload the file.",
                where=where,
            )
        if source.database:
            known = source.database.removeprefix(CONNECTION)
            if known == source.database or known not in connections:
                raise ParameterError(
                    f"[{where}] reads a database that is not registered here.",
                    allowed=f"connection:NAME with one of: {', '.join(connections) or 'none'}",
                    hint="An administrator registers it: coterie connection add NAME VARIABLE",
                    where=where,
                )
            source = source.model_copy(update={"database": f"env:{connections[known]}"})  # noqa: PLW2901 - the same source, with its place filled in
        found[name] = source
    return settings.model_copy(update={"sources": found})


def kept_settings(folder: Path) -> Settings:
    """Return the settings of a project for what is kept of it already: nothing is read anew.

    Parameters
    ----------
    folder : Path
        The project folder; its own files alone can be looked at, whatever the settings name.

    Returns
    -------
    Settings
        As they are, but for the places of sources that a server may not read.
    """
    settings = load_settings(folder)
    root = folder.resolve()
    nowhere = {"file": "", "database": ""}
    sources = {
        name: source
        if source.file and _is_inside(source.file, root)
        else source.model_copy(update=nowhere)
        for name, source in settings.sources.items()
    }
    return settings.model_copy(update={"sources": sources})


def _is_inside(file: str, root: Path) -> bool:
    """Say whether all that a path or pattern means lies in a folder, links followed."""
    wanted = root / file
    found = [wanted, *map(Path, glob.glob(str(wanted), recursive=True))]  # noqa: PTH207 - read so by the sources
    return all(path.resolve().is_relative_to(root) for path in found)


class Served:
    """One project of a server.

    Parameters
    ----------
    name : str
        By which it is asked for.
    folder : Path
        The project folder.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.inode = folder.stat().st_ino
        self.home = Home(folder)
        self.explaining = threading.Lock()
        """Held while a run explains itself: it keeps tables for that."""
        self._lock = threading.Lock()
        self._registry: Registry | None = None
        self._runs: dict[tuple[Any, ...], Run] = {}
        self._ready = ""
        self._loader = ThreadPoolExecutor(1)
        self._loading: tuple[str, Future[None]] | None = None

    @property
    def registry(self) -> Registry:
        """The registry; opened when first asked for."""
        with self._lock:
            if self._registry is None:
                self._registry = self.home.open_registry()
            return self._registry

    @property
    def members(self) -> Members:
        """The customers of the published run, for lists."""
        self.run()
        return self.registry.members

    def close(self) -> None:
        """Close the registry."""
        self._loader.shutdown()
        with self._lock:
            if self._registry is not None:
                self._registry.close()
                self._registry = None

    def published(self) -> dict[str, Any]:
        """Return the row of the published run.

        Raises
        ------
        NotReadyError
            If there is none yet.
        """
        row = self.home.published(self.registry) if self.home.has_registry else None
        if row is None:
            raise NotReadyError(
                f"The project {self.name} has no segments yet.",
                hint=f"Start a run: POST /api/v1/projects/{self.name}/runs",
            )
        return row

    def run(self) -> Run:
        """Return the published run; its files are checked once, its customers loaded once.

        Raises
        ------
        NotReadyError
            If there is none yet.
        RefusedError
            While its customers are being loaded: no thread waits for a million.
        """
        row = self.published()
        if row["run_id"] != self._ready:
            self._load(row)
        return self.run_of(row["run_id"])

    def _load(self, row: Mapping[str, Any]) -> None:
        run_id, registry = row["run_id"], self.registry
        with self._lock:
            if self._loading is None or self._loading[0] != run_id:
                self._loading = run_id, self._loader.submit(registry.serve, row)
            loading = self._loading[1]
        try:
            loading.result(WAIT)
        except TimeoutError as error:
            raise RefusedError(
                409, f"The customers of run {run_id} are being loaded.", code="loading", wait=1
            ) from error
        finally:
            if loading.done():
                with self._lock:
                    self._loading = None
        self._ready = run_id

    def run_of(self, run_id: str) -> Run:
        """Return a run by its id.

        Raises
        ------
        NotFoundError
            If there is no such run.
        """
        row = self.registry.find(run_id=run_id) if may_be(run_id) else None
        if row is None or not self.home.has_run(run_id):
            raise NotFoundError(f"There is no run {run_id!r} in {self.name}.", where="run_id")
        names = self.registry.names()
        index = (self.home.runs / run_id / MANIFEST).stat()
        key = (run_id, index.st_mtime_ns, index.st_size, *sorted(names.items()))
        with self._lock:
            kept = self._runs.get(key)
            if kept is None:
                kept = Run(self.home.runs / run_id, names)
                self._runs = {**dict(list(self._runs.items())[1 - _KEPT :]), key: kept}
        return kept


class Projects:
    """All projects of a server.

    Parameters
    ----------
    params : ServerParams
        Where they lie.
    database : Database
        Of the server, for connections.
    """

    def __init__(self, params: ServerParams, database: Database) -> None:
        self.params = params
        self.database = database
        self.alone = (params.home / FILE).is_file()
        self._open: dict[str, Served] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all registries."""
        with self._lock:
            for served in self._open.values():
                served.close()
            self._open.clear()

    def names(self) -> list[str]:
        """Return the names of all projects, in order."""
        if self.alone:
            return [_slug(self.params.home)]
        folders = self.params.home.iterdir() if self.params.home.is_dir() else ()
        return sorted(f.name for f in folders if f.is_dir() and NAME.fullmatch(f.name))

    def only(self, names: list[str]) -> str:
        """Return the only one of the projects that somebody sees.

        Raises
        ------
        ParameterError
            If there are several, or none.
        """
        if len(names) != 1:
            known = ", ".join(names[:20]) or "none"
            raise ParameterError(
                "Which project is meant?", allowed=f"Known: {known}.", hint="?project=NAME"
            )
        return names[0]

    def get(self, name: str) -> Served:
        """Return a project.

        Raises
        ------
        NotFoundError
            If there is none of this name.
        """
        folder = self.params.home if self.alone else self.params.home / name
        known = name == _slug(folder) if self.alone else NAME.fullmatch(name) and folder.is_dir()
        if not known:
            raise NotFoundError(f"There is no project {name!r}.", where="project")
        with self._lock:
            # One that was removed, and made again by another process, is another folder.
            if name not in self._open or self._open[name].inode != folder.stat().st_ino:
                self._open[name] = Served(name, folder)
            return self._open[name]

    def create(self, name: str) -> Served:
        """Make a project.

        Raises
        ------
        ParameterError
            If the name will not do.
        ConflictError
            If it is taken, or the server serves one project alone.
        """
        if not NAME.fullmatch(name):
            raise ParameterError(
                f"{name!r} is no name for a project.",
                allowed="1 to 63 small letters, digits and hyphens, a letter or digit at both ends",
                where="name",
            )
        if self.alone:
            raise ConflictError("This server serves one project alone.", where="name")
        try:
            (self.params.home / name).mkdir(parents=True)
        except FileExistsError as error:
            raise ConflictError(f"There is a project {name!r} already.", where="name") from error
        return self.get(name)

    def forget(self, name: str) -> None:
        """Close a project whose folder is gone."""
        with self._lock:
            served = self._open.pop(name, None)
        if served is not None:
            served.close()

    def connections(self) -> dict[str, str]:
        """Return the registered connections: name to variable."""
        return Connections(self.database).all()

    def server(self, name: str) -> tuple[str, str | None]:
        """Return where the server's own database is, and whose rows in it are a project's."""
        where = self.params.database or str(self.params.home / SERVER / REGISTRY)
        return where, None if self.alone else name

    def project(self, name: str, *, reads: bool = False) -> Project:
        """Return the project with its settings.

        Parameters
        ----------
        name : str
            By which it is asked for.
        reads : bool, default False
            Whether its sources are to be read: then they must be such as a server may read.

        Raises
        ------
        NotReadyError
            If nothing is mapped yet.
        """
        served = self.get(name)
        if not (served.folder / FILE).is_file():
            raise NotReadyError(
                f"The project {name} has no sources yet.",
                hint=f"Upload files and map them: PUT /api/v1/projects/{name}/mapping",
            )
        if reads:
            return Project(served.folder, server_settings(served.folder, self.connections()))
        return Project(served.folder, kept_settings(served.folder))


def _slug(folder: Path) -> str:
    """Return the name by which a folder is asked for, whatever it is called on disk."""
    words = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:63]
    return words.strip("-") or "project"
