"""What the operational database holds of a project beside its customers, and the end of it.

The audit log stays: that a project was there, and who ended it, is not the project's own.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from coterie.store import stream_tables  # noqa: F401 - its tables belong to a project as well
from coterie.store.database import Database
from coterie.store.jobs import ENDED
from coterie.store.tables import (
    API_KEYS,
    AUDIT,
    CUSTOMERS,
    JOBS,
    LOADED,
    MEMBERSHIPS,
    METADATA,
    MOVED,
    SCHEDULES,
)

_KEPT = (AUDIT, API_KEYS)


def uses_of(database: Database, project: str) -> dict[str, int]:
    """Return how many things of a server lean on a project.

    Parameters
    ----------
    database : Database
        Of the server.
    project : str
        Its name.

    Returns
    -------
    dict of str to int
        ``jobs`` that wait or are at work, ``schedules`` that are on, ``keys`` for this project
        alone that are not revoked, and ``members`` with a role in it.
    """
    at_work = JOBS.c.project == project, JOBS.c.state.not_in(ENDED)
    parts: dict[str, tuple[sa.Table, tuple[sa.ColumnElement[bool], ...]]] = {
        "jobs": (JOBS, at_work),
        "schedules": (SCHEDULES, (SCHEDULES.c.project == project, SCHEDULES.c.enabled)),
        "keys": (API_KEYS, (API_KEYS.c.project == project, API_KEYS.c.revoked.is_(None))),
        "members": (MEMBERSHIPS, (MEMBERSHIPS.c.project == project,)),
    }
    with database.transaction() as connection:
        return {
            name: int(
                connection.execute(
                    sa.select(sa.func.count()).select_from(table).where(*which)
                ).scalar_one()
            )
            for name, (table, which) in parts.items()
        }


def forget_project(database: Database, project: str, *, now: datetime) -> bool:
    """Remove all rows of a project, unless a job of it waits or is at work.

    Parameters
    ----------
    database : Database
        Of the server, or one that several projects share.
    project : str
        Its name; rows of a registry of its own have none and stay.
    now : datetime
        When keys that were for it alone are revoked.

    Returns
    -------
    bool
        Whether it was done; without it nothing has changed.
    """
    with database.transaction(writes=True) as connection:
        busy = sa.select(JOBS.c.id).where(JOBS.c.project == project, JOBS.c.state.not_in(ENDED))
        if connection.execute(busy.limit(1)).first() is not None:
            return False
        loaded = sa.select(LOADED.c.number).where(LOADED.c.project == project)
        for table in (CUSTOMERS, MOVED):
            connection.execute(table.delete().where(table.c.loaded.in_(loaded)))
        for table in METADATA.sorted_tables[::-1]:
            if "project" in table.c and table not in _KEPT:
                connection.execute(table.delete().where(table.c.project == project))
        theirs = API_KEYS.c.project == project, API_KEYS.c.revoked.is_(None)
        connection.execute(API_KEYS.update().where(*theirs).values(revoked=now))
    return True
