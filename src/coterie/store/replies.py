"""What requests with an idempotency key were answered, so that asking twice does nothing twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from coterie.store.database import Database
from coterie.store.tables import REPLIES

KEPT = timedelta(hours=24)
"""How long an answer is remembered."""


@dataclass(frozen=True)
class Reply:
    """What is remembered of a key; without a status the first request is still at work."""

    request: str
    status: int | None
    body: str


class Replies:
    """The answers that a server remembers.

    Parameters
    ----------
    database : Database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def begin(self, project: str, key: str, request: str, *, now: datetime) -> Reply | None:
        """Claim a key.

        Parameters
        ----------
        project : str
            Whose keys are meant.
        key : str
            The key.
        request : str
            Hash of the request.
        now : datetime
            The time, with its zone.

        Returns
        -------
        Reply or None
            None for the first who comes, else what is remembered.
        """
        mine = {"project": project, "key": key}
        with self.database.transaction(writes=True) as connection:
            connection.execute(REPLIES.delete().where(REPLIES.c.created < now - KEPT))
            try:
                with connection.begin_nested():
                    new = REPLIES.insert().values(**mine, request=request, created=now)
                    connection.execute(new)
            except sa.exc.IntegrityError:
                found = connection.execute(sa.select(REPLIES).filter_by(**mine)).one()
                return Reply(found.request, found.status, found.body or "")
        return None

    def end(self, project: str, key: str, outcome: tuple[int, str] | None) -> None:
        """Remember the answer.

        Parameters
        ----------
        project, key : str
            As for ``begin``.
        outcome : (int, str) or None
            Status and body; None forgets the key.
        """
        mine = {"project": project, "key": key}
        with self.database.transaction(writes=True) as connection:
            if outcome is None:
                connection.execute(REPLIES.delete().filter_by(**mine))
                return
            status, body = outcome
            update = REPLIES.update().filter_by(**mine).values(status=status, body=body)
            connection.execute(update)
