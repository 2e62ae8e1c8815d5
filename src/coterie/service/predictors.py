"""The predictors of published runs, kept open: a request costs what the answer costs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from coterie.errors import NotReadyError
from coterie.pipeline.predictor import Predictor, open_predictor
from coterie.pipeline.prospects_made import Asked
from coterie.service.projects import Projects
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
        self._lock = threading.Lock()

    def fresh(self, project: str, label: str) -> Predictor | None:
        """Return a predictor that was looked at a moment ago, else None."""
        kept = self._open.get((project, label))
        return kept.predictor if kept and time.monotonic() - kept.seen < FRESH else None

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
            Opened anew if another run was published or a segment renamed.

        Raises
        ------
        NotReadyError
            If there is no run, or the classifier has not been learnt yet.
        """
        served = self.projects.get(project)
        row, names = served.published(), served.registry.names()
        settings = self.projects.project(project).settings
        key = (row["run_id"], *sorted(names.items()), settings.predict, *sorted(settings.columns))
        with self._lock:
            kept = self._open.get((project, label))
            if kept is None or kept.key != key:
                asked = Asked(settings, served.folder, label)
                made = kept_in(asked.home, "prospects", asked.key)
                if asked.by != "model" and not made.is_dir():
                    raise NotReadyError(
                        "The classifier of this run has not been learnt yet.",
                        hint=f'POST /api/v1/projects/{project}/jobs {{"kind": "prospects"}}',
                    )
                kept = Open(open_predictor(asked), key, 0.0)
            self._open[project, label] = Open(kept.predictor, key, time.monotonic())
        return kept.predictor
