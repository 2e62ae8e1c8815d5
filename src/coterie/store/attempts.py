"""Sign-ins that failed, and how long who failed has to wait: a delay, never a lock.

What counts is the address. An address that has not failed need not wait, however often others
failed with the same account: so nobody can keep somebody else out. One that has failed waits
for what the account has suffered as well, counted from its own last failure: so many addresses
do not make many guesses.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import sqlalchemy as sa

from coterie.store.database import Database
from coterie.store.tables import ATTEMPTS

FREE = 5
"""Failures that cost nothing."""
FIRST, LONGEST = timedelta(minutes=1), timedelta(minutes=15)
"""The first wait, which doubles with every failure, and the longest."""
FORGOTTEN = timedelta(hours=24)


def wait_after(failures: int) -> timedelta:
    """Return how long is waited after so many failures.

    Examples
    --------
    >>> [wait_after(n).seconds // 60 for n in (0, 4, 5, 6, 8, 9, 1_000)]
    [0, 0, 1, 2, 8, 15, 15]
    """
    if failures < FREE:
        return timedelta()
    return min(FIRST * (1 << min(failures - FREE, 10)), LONGEST)


class Attempts:
    """Failed sign-ins.

    Parameters
    ----------
    database : Database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def begin(self, account: str, address: str, *, now: datetime) -> int:
        """Count a try as failed before it is looked at, so that many at once count as many.

        Parameters
        ----------
        account, address : str
            Keyed hashes of whose password is tried, and from where.
        now : datetime
            The time, with its zone.

        Returns
        -------
        int
            Seconds that must pass first; 0 if it may be looked at. Only then it counts.
        """
        c = ATTEMPTS.c
        places = sorted((account, address))
        with self.database.transaction(writes=True) as connection:
            old = sa.literal(now - FORGOTTEN, c.last.type)
            connection.execute(ATTEMPTS.delete().where(c.last < old))
            for place in places:  # always in the same order, so that no two wait for each other
                _ensure(connection, place, now)
            query = sa.select(ATTEMPTS).where(c.place.in_(places)).order_by(c.place)
            rows = {row.place: row for row in connection.execute(query.with_for_update())}
            mine = rows[address]
            if mine.failures:
                worst = max(mine.failures, rows[account].failures)
                left: timedelta = mine.last + wait_after(worst) - now
                if left > timedelta():
                    return math.ceil(left.total_seconds())
            more = {"failures": c.failures + 1, "last": now}
            connection.execute(ATTEMPTS.update().where(c.place.in_(places)).values(more))
        return 0

    def succeeded(self, account: str, address: str) -> None:
        """Take back what ``begin`` counted: the password was right."""
        c = ATTEMPTS.c
        mine = c.place.in_((account, address)) & (c.failures > 0)
        with self.database.transaction(writes=True) as connection:
            connection.execute(ATTEMPTS.update().where(mine).values(failures=c.failures - 1))


def _ensure(connection: sa.Connection, place: str, now: datetime) -> None:
    if connection.execute(sa.select(ATTEMPTS).filter_by(place=place)).first() is None:
        try:
            with connection.begin_nested():
                connection.execute(ATTEMPTS.insert().values(place=place, failures=0, last=now))
        except sa.exc.IntegrityError:
            return  # another came first
