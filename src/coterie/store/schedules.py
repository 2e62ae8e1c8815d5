"""Schedules: jobs that come again, by a cron expression read in a time zone.

Whoever ticks turns what is due into jobs, in one transaction that locks the schedule, so that
of many workers one does it. Times that were missed are made up for by one job, not by many.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from cronsim import CronSim, CronSimError

from coterie.errors import ParameterError
from coterie.store.database import Database
from coterie.store.tables import JOBS, SCHEDULES

ALLOWED = (
    "minute hour day-of-month month day-of-week, such as 0 3 * * * (daily at 3:00), "
    "30 6 * * MON-FRI, 0 0 1 * * (monthly), */15 * * * *"
)
_FIELDS = 5


def next_time(cron: str, timezone: str, after: datetime) -> datetime:
    """Return when a schedule is due next.

    A time that the change to summer time leaves out is due when the gap ends; one that comes
    twice in autumn is due once, unless the expression comes every hour or oftener.

    Parameters
    ----------
    cron : str
        Five fields, as ``ALLOWED`` says.
    timezone : str
        In which they are read, such as Europe/Berlin.
    after : datetime
        With its zone; the answer is later.

    Returns
    -------
    datetime
        In UTC.

    Raises
    ------
    ParameterError
        If the expression or the zone is none.

    Examples
    --------
    >>> next_time("30 2 * * *", "Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=UTC)).isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ParameterError(
            f"timezone={timezone!r} is not known.",
            allowed="a time zone such as UTC or Europe/London",
            where="timezone",
        ) from error
    try:
        if len(cron.split()) != _FIELDS:
            raise CronSimError(f"It has {len(cron.split())} fields")
        times = CronSim(" ".join(cron.split()), after.astimezone(zone))
        # Of an hour that comes twice, the first is meant, also when it is over.
        found = (moment.astimezone(UTC) for moment in times)
        return next(moment for moment in found if moment > after)
    except (CronSimError, StopIteration) as error:
        why = str(error) or "It never comes"
        raise ParameterError(
            f"cron={cron!r} is no cron expression: {why}.", allowed=ALLOWED, where="cron"
        ) from error


class Schedules:
    """The schedules of a server.

    Parameters
    ----------
    database : Database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, row: dict[str, Any], *, now: datetime) -> dict[str, Any]:
        """Add a schedule.

        Parameters
        ----------
        row : dict
            ``id``, ``project``, ``kind``, ``cron``, ``timezone``, ``enabled``.
        now : datetime
            The time, with its zone.

        Returns
        -------
        dict
            The row, with ``next``: when it is due.

        Raises
        ------
        ParameterError
            If the expression or the zone is none.
        """
        due = next_time(row["cron"], row["timezone"], now)
        with self.database.transaction(writes=True) as connection:
            connection.execute(SCHEDULES.insert().values(**row, next=due))
            return _one(connection, row["id"])

    def of(self, project: str) -> list[dict[str, Any]]:
        """Return the schedules of a project, in the order of their ids."""
        query = sa.select(SCHEDULES).filter_by(project=project).order_by(SCHEDULES.c.id)
        with self.database.transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def get(self, schedule_id: str, project: str) -> dict[str, Any] | None:
        """Return a schedule, or None if the project has none of this id."""
        query = sa.select(SCHEDULES).filter_by(id=schedule_id, project=project)
        with self.database.transaction() as connection:
            row = connection.execute(query).mappings().first()
        return dict(row) if row else None

    def change(
        self, schedule_id: str, changes: dict[str, Any], *, now: datetime
    ) -> dict[str, Any] | None:
        """Change a schedule; from now on it is due by what it says then.

        Parameters
        ----------
        schedule_id : str
            Of a schedule.
        changes : dict
            Any of ``kind``, ``cron``, ``timezone``, ``enabled``.
        now : datetime
            The time, with its zone.

        Returns
        -------
        dict or None
            The row, or None if it was removed meanwhile.
        """
        mine = SCHEDULES.c.id == schedule_id
        with self.database.transaction(writes=True) as connection:
            query = sa.select(SCHEDULES).where(mine).with_for_update()
            row = connection.execute(query).mappings().first()
            if row is None:
                return None
            told = {**row, **changes}
            due = next_time(told["cron"], told["timezone"], now)
            connection.execute(SCHEDULES.update().where(mine).values(**changes, next=due))
            return _one(connection, schedule_id)

    def remove(self, schedule_id: str) -> None:
        """Remove a schedule; the job that it started last goes on."""
        with self.database.transaction(writes=True) as connection:
            connection.execute(SCHEDULES.delete().where(SCHEDULES.c.id == schedule_id))

    def tick(self, new_id: Callable[[], str], *, now: datetime) -> list[str]:
        """Turn the schedules that are due into jobs.

        One whose last job still waits or is at work is not doubled: it waits for its next time.

        Parameters
        ----------
        new_id : callable
            Returns a name that no other job has.
        now : datetime
            The time, with its zone.

        Returns
        -------
        list of str
            The jobs that were added.
        """
        c = SCHEDULES.c
        due = (c.enabled.is_(other=True)) & (c.next <= sa.literal(now, c.next.type))
        with self.database.transaction() as connection:
            if connection.execute(sa.select(c.id).where(due).limit(1)).first() is None:
                return []
        locked = sa.select(SCHEDULES).where(due).order_by(c.next, c.id)
        with self.database.transaction(writes=True) as connection:
            rows = connection.execute(locked.with_for_update(skip_locked=True)).mappings().all()
            return [job for row in rows if (job := _start(connection, dict(row), new_id, now))]


def _start(
    connection: sa.Connection, row: dict[str, Any], new_id: Callable[[], str], now: datetime
) -> str:
    """Add the job of a schedule that is due, unless its last one has not ended."""
    busy = sa.select(JOBS.c.id).where(
        JOBS.c.id == row["last_job"], JOBS.c.state.in_(("queued", "running"))
    )
    told: dict[str, object] = {"next": next_time(row["cron"], row["timezone"], now)}
    job = ""
    if connection.execute(busy).first() is None:
        job = told["last_job"] = new_id()
        new = {"id": job, "project": row["project"], "kind": row["kind"], "state": "queued"}
        connection.execute(JOBS.insert().values(**new, params={}, created=now))
    connection.execute(SCHEDULES.update().where(SCHEDULES.c.id == row["id"]).values(**told))
    return job


def _one(connection: sa.Connection, schedule_id: str) -> dict[str, Any]:
    query = sa.select(SCHEDULES).filter_by(id=schedule_id)
    return dict(connection.execute(query).mappings().one())
