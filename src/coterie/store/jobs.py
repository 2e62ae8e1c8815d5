"""Jobs: long work that waits in the database, so that it outlives whoever asked for it.

A worker that has a job renews its lease; when that runs out the worker is taken for dead,
and the job is given to another. Of one project one job is at work at a time: the database
itself sees to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from coterie.store.database import Database
from coterie.store.tables import JOBS

LEASE = timedelta(seconds=15)
"""How long a worker may be silent."""
ATTEMPTS = 3
"""How often a job is begun: one that kills its worker each time is given up."""
KEPT = timedelta(days=90)
"""How long a job is remembered after its end."""
DEAD = "worker_lost"
ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Held:
    """A job in the hands of a worker; ``attempt`` tells it from a later try of the same job."""

    id: str
    attempt: int
    project: str
    kind: str
    params: Mapping[str, Any]


class Jobs:
    """The jobs of a server.

    Parameters
    ----------
    database : Database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(
        self, job_id: str, project: str, kind: str, params: Mapping[str, Any], *, now: datetime
    ) -> dict[str, Any]:
        """Add a job to the queue.

        Parameters
        ----------
        job_id : str
            A name that no other job has.
        project : str
            Whose work it is.
        kind : str
            What is to be done.
        params : mapping
            How, as JSON.
        now : datetime
            The time, with its zone.

        Returns
        -------
        dict
            The row of the job.
        """
        row = {"id": job_id, "project": project, "kind": kind, "state": "queued"}
        with self.database.transaction(writes=True) as connection:
            connection.execute(JOBS.insert().values(**row, params=dict(params), created=now))
            return _one(connection, job_id)

    def get(self, job_id: str, project: str | None = None) -> dict[str, Any] | None:
        """Return a job, or None if there is none of this id (in this project)."""
        query = sa.select(JOBS).filter_by(id=job_id)
        if project is not None:
            query = query.filter_by(project=project)
        with self.database.transaction() as connection:
            row = connection.execute(query).mappings().first()
        return dict(row) if row else None

    def page(
        self, project: str, *, after: tuple[datetime, str] | None = None, limit: int = 50
    ) -> tuple[list[dict[str, Any]], int]:
        """Return jobs of a project, the newest first.

        Parameters
        ----------
        project : str
            Whose jobs.
        after : (datetime, str), optional
            When the last one of the page before was made, and its id.
        limit : int, default 50
            Rows at most.

        Returns
        -------
        list of dict, int
            The rows, and how many jobs the project has.
        """
        mine = JOBS.c.project == project
        query = sa.select(JOBS).where(mine)
        place = sa.tuple_(JOBS.c.created, JOBS.c.id)
        if after:
            last = sa.literal(after[0], JOBS.c.created.type), after[1]
            query = query.where(place < sa.tuple_(*last))
        query = query.order_by(JOBS.c.created.desc(), JOBS.c.id.desc()).limit(limit)
        with self.database.transaction() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
            count = sa.select(sa.func.count()).select_from(JOBS).where(mine)
            return rows, int(connection.execute(count).scalar_one())

    def take(self, worker: str, *, now: datetime, lease: timedelta = LEASE) -> Held | None:
        """Give the oldest waiting job of an idle project to a worker, or None.

        Two workers never get the same job, nor two jobs of one project.
        """
        at_work = sa.select(JOBS.c.project).where(JOBS.c.state == "running")
        query = (
            sa.select(JOBS)
            .where(JOBS.c.state == "queued", JOBS.c.project.not_in(at_work))
            .order_by(JOBS.c.created, JOBS.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self.database.transaction(writes=True) as connection:
            row = connection.execute(query).mappings().first()
            if row is None:
                return None
            attempt = row["attempts"] + 1
            taken = {
                "state": "running",
                "worker": worker,
                "lease": now + lease,
                "attempts": attempt,
                "started": row["started"] or now,
            }
            update = JOBS.update().where(JOBS.c.id == row["id"]).values(**taken)
            try:
                with connection.begin_nested():
                    connection.execute(update)
            except sa.exc.IntegrityError:
                return None  # another worker took a job of the same project in this moment
        return Held(row["id"], attempt, row["project"], row["kind"], row["params"])

    def renew(
        self,
        held: Held,
        *,
        now: datetime,
        stage: str | None = None,
        fraction: float | None = None,
        lease: timedelta = LEASE,
    ) -> str:
        """Tell that a job is still at work, and how far.

        Parameters
        ----------
        held : Held
            The job as it was taken.
        now : datetime
            The time, with its zone.
        stage : str, optional
            What is being done.
        fraction : float, optional
            Share of the stage that is done.
        lease : timedelta, optional
            How long the worker may be silent from now on.

        Returns
        -------
        str
            "" to go on, "cancel" if somebody wants it to stop, "lost" if it was given to another.
        """
        told: dict[str, object] = {"lease": now + lease}
        if stage is not None:
            told |= {"stage": stage, "fraction": fraction or 0.0}
        with self.database.transaction(writes=True) as connection:
            done = connection.execute(JOBS.update().where(*_mine(held)).values(**told))
            if not done.rowcount:
                return "lost"
            asked = connection.execute(sa.select(JOBS.c.cancel).filter_by(id=held.id)).scalar()
        return "cancel" if asked else ""

    def end(
        self,
        held: Held,
        state: str,
        *,
        now: datetime,
        result: object = None,
        error: object = None,
    ) -> bool:
        """End a job.

        Parameters
        ----------
        held : Held
            The job as it was taken.
        state : str
            done, failed or cancelled.
        now : datetime
            The time, with its zone.
        result, error : object, optional
            What came of it, as JSON.

        Returns
        -------
        bool
            False if it was given to another worker meanwhile: then nothing is written.
        """
        told: dict[str, object] = {
            "state": state,
            "result": result,
            "error": error,
            "finished": now,
            "lease": None,
        }
        if state == "done":
            told |= {"fraction": 1.0}
        with self.database.transaction(writes=True) as connection:
            done = connection.execute(JOBS.update().where(*_mine(held)).values(**told))
        return bool(done.rowcount)

    def give_back(self, held: Held) -> bool:
        """Put a job back into the queue, as its worker ends; the try does not count."""
        free = {"state": "queued", "worker": None, "lease": None, "stage": "", "fraction": 0.0}
        with self.database.transaction(writes=True) as connection:
            update = JOBS.update().where(*_mine(held)).values(**free, attempts=held.attempt - 1)
            return bool(connection.execute(update).rowcount)

    def cancel(self, job_id: str, *, now: datetime) -> dict[str, Any]:
        """Cancel a job: one that waits at once, one at work as soon as its worker hears of it."""
        mine = JOBS.c.id == job_id
        waiting = JOBS.update().where(mine, JOBS.c.state == "queued")
        at_work = JOBS.update().where(mine, JOBS.c.state == "running")
        with self.database.transaction(writes=True) as connection:
            connection.execute(waiting.values(state="cancelled", cancel=True, finished=now))
            connection.execute(at_work.values(cancel=True))
            return _one(connection, job_id)

    def sweep(self, *, now: datetime) -> int:
        """Take the jobs of dead workers back, or give them up; return how many there were."""
        dead = (JOBS.c.state == "running") & (JOBS.c.lease < now)
        lost = {"code": DEAD, "message": f"Its worker died, {ATTEMPTS} times running."}
        over = dead & (JOBS.c.attempts >= ATTEMPTS)
        free = {"worker": None, "lease": None}
        with self.database.transaction(writes=True) as connection:
            update = JOBS.update()
            done = [
                update.where(dead & JOBS.c.cancel).values(state="cancelled", finished=now, **free),
                update.where(over).values(state="failed", error=lost, finished=now, **free),
                update.where(dead).values(state="queued", stage="", fraction=0.0, **free),
            ]
            return sum(connection.execute(one).rowcount for one in done)

    def prune(self, before: datetime) -> int:
        """Remove jobs that ended before a moment, and return how many there were."""
        gone = JOBS.c.state.in_(ENDED), JOBS.c.finished < before
        with self.database.transaction(writes=True) as connection:
            return int(connection.execute(JOBS.delete().where(*gone)).rowcount)


def _mine(held: Held) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        JOBS.c.id == held.id,
        JOBS.c.state == "running",
        JOBS.c.attempts == held.attempt,
    )


def _one(connection: sa.Connection, job_id: str) -> dict[str, Any]:
    return dict(connection.execute(sa.select(JOBS).filter_by(id=job_id)).mappings().one())
