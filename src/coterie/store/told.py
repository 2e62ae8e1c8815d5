"""What a stream told and what it refused, for those who look at it: nothing here is counted anew.

Dead letters go by their number as moves do, the oldest first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from coterie.store.stream_tables import DEAD, MOVES

CAME = ("http", "kafka", "replay", "retry")
"""Where letters came from that may be taken again; the others could not be delivered."""


class Told:
    """The rows of one project.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    project : str
        Whose.
    """

    def __init__(self, connection: sa.Connection, project: str) -> None:
        self._connection = connection
        self.project = project

    def last(self) -> int:
        """Return the number of the last move; 0 if there is none."""
        query = sa.select(sa.func.max(MOVES.c.seq)).where(MOVES.c.project == self.project)
        return int(self._connection.execute(query).scalar() or 0)

    def newest(self, n: int, *, customer: str = "") -> list[dict[str, Any]]:
        """Return the last moves in their order.

        Parameters
        ----------
        n : int
            How many at most.
        customer : str, optional
            Whose alone.

        Returns
        -------
        list of dict
            Rows of ``MOVES``.
        """
        query = sa.select(MOVES).where(MOVES.c.project == self.project)
        if customer:
            query = query.where(MOVES.c.customer_id == customer)
        rows = self._connection.execute(query.order_by(MOVES.c.seq.desc()).limit(n)).mappings()
        return [dict(row) for row in rows][::-1]

    def moved_since(self, since: datetime) -> int:
        """Count the moves since a time; all are looked through."""
        mine = MOVES.c.project == self.project, MOVES.c.at >= since
        query = sa.select(sa.func.count()).select_from(MOVES).where(*mine)
        return int(self._connection.execute(query).scalar() or 0)

    def dead(
        self, after: int, n: int, *, reason: str = "", seq: int = 0, again: bool = False
    ) -> list[dict[str, Any]]:
        """Return messages that could not be used, in order.

        Parameters
        ----------
        after : int
            A number.
        n : int
            How many at most.
        reason : str, optional
            Of this reason alone.
        seq : int, optional
            This one alone.
        again : bool, default False
            Those alone that came from outside and whose text was kept.

        Returns
        -------
        list of dict
            Rows of ``DEAD``.
        """
        query = sa.select(DEAD).where(DEAD.c.seq > after, *self._meant(reason, seq))
        if again:
            query = query.where(DEAD.c.source.in_(CAME), DEAD.c.raw != "")
        rows = self._connection.execute(query.order_by(DEAD.c.seq).limit(n)).mappings()
        return [dict(row) for row in rows]

    def reasons(self) -> dict[str, int]:
        """Count the messages that could not be used, by reason."""
        query = sa.select(DEAD.c.reason, sa.func.count()).where(DEAD.c.project == self.project)
        rows = self._connection.execute(query.group_by(DEAD.c.reason).order_by(DEAD.c.reason))
        return {row[0]: int(row[1]) for row in rows}

    def remove(self, *, reason: str = "", seq: int = 0) -> int:
        """Forget messages that could not be used, and say how many.

        Parameters
        ----------
        reason : str, optional
            Of this reason alone.
        seq : int, optional
            This one alone.

        Returns
        -------
        int
            How many there were.
        """
        gone = self._connection.execute(DEAD.delete().where(*self._meant(reason, seq)))
        return int(gone.rowcount)

    def _meant(self, reason: str, seq: int) -> list[sa.ColumnElement[bool]]:
        meant: list[sa.ColumnElement[bool]] = [DEAD.c.project == self.project]
        if reason:
            meant.append(DEAD.c.reason == reason)
        if seq:
            meant.append(DEAD.c.seq == seq)
        return meant
