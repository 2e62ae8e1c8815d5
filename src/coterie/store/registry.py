"""The registry of a project: which runs there are, which is published, what users renamed.

Runs themselves are folders and hold all that is needed to score; the registry
points at them, and one transaction moves the pointer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from coterie.store import faults
from coterie.store.database import Database
from coterie.store.members import Members
from coterie.store.tables import NAMES, NOTES, PUBLISHED, RUNS

RETIRED = ""
"""Stands where the hash of the settings was, which no settings have."""


class Registry:
    """The registry of one project.

    Parameters
    ----------
    database : Database or Path
        Where it is kept; a path stands for the SQLite file there.
    project : str, optional
        Whose rows are meant, in a database of many projects.
    runs : Path, optional
        Where the run folders lie: of a project that is served, a run's customers are loaded
        before it is published.
    """

    def __init__(
        self, database: Database | Path, project: str = "", runs: Path | None = None
    ) -> None:
        self.database = Database(database) if isinstance(database, Path) else database
        self.project = project
        self.members = Members(self.database, project)
        self._runs_folder = runs

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def published(self) -> dict[str, Any] | None:
        """Return the row of the published run, or None."""
        on = (PUBLISHED.c.run_id == RUNS.c.run_id) & (PUBLISHED.c.project == RUNS.c.project)
        return self._first(self._runs().join(PUBLISHED, on))

    def find(self, **where: object) -> dict[str, Any] | None:
        """Return the newest run whose columns have these values, or None."""
        return self._first(self._runs().filter_by(**where).order_by(RUNS.c.number.desc()).limit(1))

    def runs(self) -> list[dict[str, Any]]:
        """Return all runs, newest first."""
        with self.database.transaction() as connection:
            rows = connection.execute(self._runs().order_by(RUNS.c.number.desc())).mappings()
            return [dict(row) for row in rows]

    def segments(self, input_hash: str = "", parent_run: str | None = None) -> int:
        """Return how many segment ids were given, so that none is given twice.

        A run of the same input after the same parent does not count: if its folder was
        deleted it is made again, with the ids that it had.
        """
        same = (RUNS.c.input_hash == input_hash) & RUNS.c.parent_run.is_not_distinct_from(
            parent_run
        )
        query = sa.select(sa.func.max(RUNS.c.segments)).filter_by(project=self.project)
        with self.database.transaction() as connection:
            return connection.execute(query.where(~same)).scalar() or 0

    def record(self, row: Mapping[str, Any]) -> None:
        """Record a finished run that is only looked at, unless it is known; nothing else changes.

        Parameters
        ----------
        row : mapping
            As for ``publish``.
        """
        with self.database.transaction(writes=True) as connection:
            self._record(connection, row, trial=True)

    def _record(self, connection: sa.Connection, row: Mapping[str, Any], *, trial: bool) -> None:
        mine, run_id = {"project": self.project}, row["run_id"]
        one = RUNS.c.project == self.project, RUNS.c.run_id == run_id
        if connection.execute(sa.select(RUNS.c.run_id).where(*one)).first() is None:
            newest = sa.select(sa.func.max(RUNS.c.number)).filter_by(**mine)
            last = connection.execute(newest).scalar() or 0
            told = {**row, **mine, "number": last + 1, "trial": trial}
            connection.execute(RUNS.insert().values(**told))
        elif not trial:
            connection.execute(RUNS.update().where(*one).values(trial=False))

    def publish(self, row: Mapping[str, Any]) -> None:
        """Record a finished run and make it the published one, in one transaction.

        Where customers are listed, the pointer moves together with their history.

        Parameters
        ----------
        row : mapping
            Of the table ``runs``; its number is not needed.
        """
        mine, run_id = {"project": self.project}, row["run_id"]
        with self.database.transaction() as connection:
            served = self._runs_folder if self.members.served(connection) else None
        if served:
            self.members.load(run_id, served / run_id)
        with self.database.transaction(writes=True) as connection:
            self._record(connection, row, trial=False)
            faults.point()
            before = self.members.follow(connection, run_id, row["as_of"]) if served else None
            connection.execute(PUBLISHED.delete().filter_by(**mine))
            connection.execute(PUBLISHED.insert().values(**mine, run_id=run_id))
        if served:
            self.members.forget([run_id, before or run_id])

    def serve(self, row: Mapping[str, Any]) -> None:
        """Load the customers of the published run, if they are not there: from now on they are.

        Parameters
        ----------
        row : mapping
            Of the published run.
        """
        if self._runs_folder is None:
            return
        self.members.load(row["run_id"], self._runs_folder / row["run_id"])
        with self.database.transaction(writes=True) as connection:
            self.members.follow(connection, row["run_id"], row["as_of"])

    def retire(self, models: Collection[str]) -> None:
        """Let no run go on with some models: the next one fits anew."""
        theirs = RUNS.c.project == self.project, RUNS.c.model_id.in_(sorted(models))
        with self.database.transaction(writes=True) as connection:
            connection.execute(RUNS.update().where(*theirs).values(settings_hash=RETIRED))

    def retired(self) -> list[str]:
        """Return the runs of models that were retired, the published one left out."""
        published = sa.select(PUBLISHED.c.run_id).filter_by(project=self.project)
        query = sa.select(RUNS.c.run_id).filter_by(project=self.project, settings_hash=RETIRED)
        with self.database.transaction() as connection:
            return list(connection.execute(query.where(RUNS.c.run_id.not_in(published))).scalars())

    def rename(self, segment_id: str, name: str) -> None:
        """Keep the name that a user gives a segment; empty takes back the one given before."""
        one = {"project": self.project, "segment_id": segment_id}
        with self.database.transaction(writes=True) as connection:
            connection.execute(NAMES.delete().filter_by(**one))
            if name:
                connection.execute(NAMES.insert().values(**one, name=name))

    def names(self) -> dict[str, str]:
        """Return segment id -> the name that a user gave it."""
        query = sa.select(NAMES).filter_by(project=self.project)
        with self.database.transaction() as connection:
            return {row.segment_id: row.name for row in connection.execute(query)}

    def note(self, segment_id: str, *, owner: str, action: str) -> None:
        """Keep who cares for a segment and what is done for it; both empty takes it back.

        Parameters
        ----------
        segment_id : str
            Of the segment.
        owner : str
            Who cares for it.
        action : str
            What is done for it.
        """
        one = {"project": self.project, "segment_id": segment_id}
        with self.database.transaction(writes=True) as connection:
            connection.execute(NOTES.delete().filter_by(**one))
            if owner or action:
                connection.execute(NOTES.insert().values(**one, owner=owner, action=action))

    def notes(self) -> dict[str, dict[str, str]]:
        """Return segment id -> its ``owner`` and ``action``."""
        query = sa.select(NOTES).filter_by(project=self.project)
        with self.database.transaction() as connection:
            rows = connection.execute(query)
            return {row.segment_id: {"owner": row.owner, "action": row.action} for row in rows}

    def _runs(self) -> sa.Select[Any]:
        columns = [column for column in RUNS.c if column.name != "project"]
        return sa.select(*columns).filter_by(project=self.project).select_from(RUNS)

    def _first(self, query: sa.Select[Any]) -> dict[str, Any] | None:
        with self.database.transaction() as connection:
            row = connection.execute(query).mappings().first()
            return dict(row) if row else None
