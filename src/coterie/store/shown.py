"""The ledger of what viewers were shown: of which run the figures of which segment.

Who keeps the figures of two runs subtracts them; the difference must not be about a few.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from coterie.store.database import Database
from coterie.store.tables import SHOWN


class Shown:
    """What viewers of a project were shown.

    Parameters
    ----------
    database : Database
        Where it is kept.
    project : str
        Whose segments.
    """

    def __init__(self, database: Database, project: str) -> None:
        self.database, self.project = database, project

    def runs(self) -> dict[str, set[str]]:
        """Return of each run that was shown the segments whose figures were."""
        query = sa.select(SHOWN.c.run_id, SHOWN.c.segment_id).filter_by(project=self.project)
        found: dict[str, set[str]] = {}
        with self.database.transaction() as connection:
            for run_id, segment_id in connection.execute(query):
                found.setdefault(run_id, set()).add(segment_id)
        return found

    def add(self, run_id: str, segments: Collection[str]) -> None:
        """Write down what is shown; once is enough."""
        mine = {"project": self.project, "run_id": run_id}
        with self.database.transaction(writes=True) as connection:
            there = sa.select(SHOWN.c.segment_id).filter_by(**mine)
            known = set(connection.execute(there).scalars())
            rows = [{**mine, "segment_id": name} for name in sorted(set(segments) - known)]
            if rows:
                connection.execute(SHOWN.insert(), rows)
