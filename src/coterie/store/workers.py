"""Which workers there are: each says now and then that it is alive."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from coterie.store.database import Database
from coterie.store.tables import WORKERS

LATELY = timedelta(seconds=60)
"""How long a worker that says nothing is taken for alive."""
FORGOTTEN = timedelta(days=1)
"""How long one that has died is remembered."""


class Workers:
    """The workers of a server.

    Parameters
    ----------
    database : Database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def see(self, name: str, *, now: datetime) -> None:
        """Note that a worker is alive, and forget those that died long ago."""
        c = WORKERS.c
        with self.database.transaction(writes=True) as connection:
            old = sa.literal(now - FORGOTTEN, c.seen.type)
            connection.execute(WORKERS.delete().where((c.name == name) | (c.seen < old)))
            connection.execute(WORKERS.insert().values(name=name, seen=now))

    def leave(self, name: str) -> None:
        """Forget a worker that ends."""
        with self.database.transaction(writes=True) as connection:
            connection.execute(WORKERS.delete().where(WORKERS.c.name == name))

    def alive(self, *, now: datetime) -> list[str]:
        """Return the names of those that were seen lately, in order."""
        c = WORKERS.c
        query = sa.select(c.name).where(c.seen >= sa.literal(now - LATELY, c.seen.type))
        with self.database.transaction() as connection:
            return list(connection.execute(query.order_by(c.name)).scalars())
