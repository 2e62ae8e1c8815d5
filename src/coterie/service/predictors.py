"""The predictors of published runs, kept open: a request costs what the answer costs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from coterie.errors import NotReadyError
from coterie.pipeline.predictor import Predictor, open_predictor
from coterie.pipeline.prospects_made import Asked
from coterie.service.projects import Projects, Served
from coterie.store.places import FILE
from coterie.store.predictions import kept_in

FRESH = 0.5
"""Seconds within which the pointer to the published run is not looked at again."""


@dataclass(frozen=True)
class Open:
    """A predictor, and when it was last known to be that of the published run."""

    predictor: Predictor
    key: tuple[object, ...]
    seen: float


class Predictors:
    """All predictors of a server.

    Parameters
    ----------
    projects : Projects
        The server's projects.
    """

    def __init__(self, projects: Projects) -> None:
        self.projects = projects
        self._open: dict[tuple[str, str], Open] = {}
        self._asked: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def fresh(self, project: str, label: str) -> Predictor | None:
        """Return a predictor that was looked at a moment ago, or is being looked at; else None.

        Who gets None calls ``get``; meanwhile the others go on with what there is.
        """
        place = (project, label)
        kept = self._open.get(place)
        if kept is None:
            return None
        if time.monotonic() - kept.seen < FRESH or place in self._asked:
            return kept.predictor
        self._asked.add(place)
        return None

    def get(self, project: str, label: str) -> Predictor:
        """Return the predictor of the published run.

        Parameters
        ----------
        project : str
            Name of the project.
        label : str
            A column to predict instead of the segment; may be empty.

        Returns
        -------
        Predictor
            Opened anew if another run was published, a segment renamed or the settings changed.

        Raises
        ------
        NotReadyError
            If there is no run, or the classifier has not been learnt yet.
        """
        place = (project, label)
        try:
            served = self.projects.get(project)
            row, names = served.published(), served.registry.names()
            settings = (served.folder / FILE).stat()
            key = (row["run_id"], settings.st_mtime_ns, settings.st_size, *sorted(names.items()))
            with self._lock:
                kept = self._open.get(place)
                if kept is None or kept.key != key:
                    kept = Open(self._opened(served, label), key, 0.0)
                self._open[place] = Open(kept.predictor, key, time.monotonic())
            return kept.predictor
        finally:
            self._asked.discard(place)

    def _opened(self, served: Served, label: str) -> Predictor:
        settings = self.projects.project(served.name).settings
        asked = Asked(settings, served.folder, label)
        made = kept_in(asked.home, "prospects", asked.key)
        if asked.by != "model" and not made.is_dir():
            raise NotReadyError(
                "The classifier of this run has not been learnt yet.",
                hint=f'POST /api/v1/projects/{served.name}/jobs {{"kind": "prospects"}}',
            )
        return open_predictor(asked)
