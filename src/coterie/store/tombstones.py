"""Who was erased from a project: hashes under a secret key, never an id.

A tombstone is made before anything is erased and is pending until all of it is, so that what
was interrupted is finished later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from coterie.store.database import Database
from coterie.store.tables import TOMBSTONES


@dataclass(frozen=True)
class Tombstone:
    """One erased person.

    Parameters
    ----------
    mac : str
        HMAC of her id in hex.
    key : str
        Mark of the key by which it was made.
    made : datetime
        When, with its zone.
    reason : str
        As the one who asked for it said.
    pending : bool
        Whether something of her may still be there.
    sealed : str or None
        Who she is, encrypted, while that is so.
    """

    mac: str
    key: str
    made: datetime
    reason: str = ""
    pending: bool = True
    sealed: str | None = None


class Tombstones:
    """The tombstones of a project.

    Parameters
    ----------
    database : Database
        Where they are kept.
    project : str
        Whose they are.
    """

    def __init__(self, database: Database, project: str) -> None:
        self.database = database
        self.project = project

    def all(self) -> list[Tombstone]:
        """Return all, by their hash."""
        query = sa.select(TOMBSTONES).filter_by(project=self.project).order_by(TOMBSTONES.c.mac)
        with self.database.transaction() as connection:
            rows = connection.execute(query).mappings()
            return [Tombstone(**{n: v for n, v in row.items() if n != "project"}) for row in rows]

    def put(self, stones: Sequence[Tombstone]) -> None:
        """Add tombstones, all or none; one that is there already is pending again.

        Parameters
        ----------
        stones : sequence of Tombstone
            To be erased.
        """
        with self.database.transaction(writes=True) as connection:
            for stone in stones:
                one = {"project": self.project, "mac": stone.mac}
                told = {"pending": True, "sealed": stone.sealed}
                again = TOMBSTONES.update().filter_by(**one).values(**told)
                if not connection.execute(again).rowcount:
                    new = {"key": stone.key, "made": stone.made, "reason": stone.reason}
                    connection.execute(TOMBSTONES.insert().values(**one, **told, **new))

    def finish(self, mac: str) -> None:
        """Tell that all is erased, and forget who she was."""
        one = {"project": self.project, "mac": mac}
        with self.database.transaction(writes=True) as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(sa.text("PRAGMA secure_delete = ON"))
            done = TOMBSTONES.update().filter_by(**one).values(pending=False, sealed=None)
            connection.execute(done)
