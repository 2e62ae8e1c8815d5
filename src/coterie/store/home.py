"""The folder ``.coterie`` of a project: what Coterie writes lies here and nowhere else."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coterie.errors import NotReadyError
from coterie.store import faults
from coterie.store.database import Database
from coterie.store.places import REGISTRY, STORE, places_of
from coterie.store.registry import Registry
from coterie.store.remote import RemoteRuns
from coterie.store.runs import PARTIAL, disk_errors, remove_partial, write_atomic


class Home:
    """Where the runs, the checked tables and the registry of a project lie.

    Parameters
    ----------
    project : Path
        The project folder.
    """

    def __init__(self, project: Path) -> None:
        self.project = project
        self.places = places_of(project)
        self.path = project / STORE
        self.runs = self.path / "runs"
        self.data = self.path / "data"
        self.predictions = self.path / "predictions"
        self.feedback = self.path / "feedback"
        self._roots = (self.path, self.runs, self.data, self.predictions, self.feedback)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the project, so that two runs never write at once.

        The lock dies with the process, however that ends.

        Raises
        ------
        NotReadyError
            If another process holds it.
        """
        with disk_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            file = (self.path / "lock").open("w")
        faults.point()
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                where = self.project.resolve()
                raise NotReadyError(
                    f"Another run is at work in {where}.", hint="Wait until it has finished."
                ) from error
            if not (self.path / ".gitignore").exists():
                write_atomic(self.path / ".gitignore", "*\n")
            yield

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """Make a folder for what need not last, after clearing what a broken run left."""
        remove_partial(self._roots)
        try:
            with disk_errors(self.path):
                work = Path(tempfile.mkdtemp(prefix=f"{PARTIAL}work-", dir=self.path))
            faults.point()
            yield work
        finally:
            self._clear()

    def _clear(self) -> None:
        """Remove all that is unfinished, even what was made but not yet named to us."""
        try:
            remove_partial(self._roots)
        except BaseException:  # stopped while clearing up: clear up, then stop
            remove_partial(self._roots)
            raise

    def published(self, registry: Registry) -> dict[str, Any] | None:
        """Return the published run; if its folder was deleted, the newest whose folder is there.

        What was never published does not stand in for it.
        """
        row = registry.published()
        rows = [row, *(one for one in registry.runs() if not one["trial"])] if row else []
        return next((row for row in rows if row and self.has_run(row["run_id"])), None)

    def has_run(self, run_id: str) -> bool:
        """Say whether a run is here; one that is kept elsewhere too is fetched if it is missing."""
        if (self.runs / run_id).is_dir():
            return True
        return bool(self.places.runs) and RemoteRuns(self.places.runs).fetch(run_id, self.runs)

    def keep(self, run_id: str) -> None:
        """Copy a finished run to where runs are kept besides, if the settings name a place."""
        if self.places.runs:
            RemoteRuns(self.places.runs).keep(self.runs / run_id)

    def drop(self, run_id: str) -> None:
        """Remove the folder of a run, also where runs are kept besides."""
        if self.places.runs:
            RemoteRuns(self.places.runs).drop(run_id)
        gone = self.runs / f"{PARTIAL}{run_id}"
        if (self.runs / run_id).is_dir():
            with disk_errors(self.runs):
                (self.runs / run_id).rename(gone)
            faults.point()
        shutil.rmtree(gone, ignore_errors=True)

    @property
    def has_registry(self) -> bool:
        """Whether there is a registry to be asked: asking for a run must not make one."""
        return bool(self.places.database) or (self.path / REGISTRY).is_file()

    def open_registry(self) -> Registry:
        """Return the registry, to be closed by the caller."""
        if self.places.database:
            name = self.project.resolve().name
            return Registry(Database(self.places.database), name, self.runs)
        return Registry(Database(self.path / REGISTRY), "", self.runs)

    @contextmanager
    def registry(self) -> Iterator[Registry]:
        """Open the registry."""
        registry = self.open_registry()
        try:
            yield registry
        finally:
            registry.close()
