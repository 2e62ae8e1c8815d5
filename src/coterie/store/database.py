"""The registry of a project: which runs there are, which is published, what users renamed.

Runs themselves are folders and hold all that is needed to score; the registry
points at them, and one transaction moves the pointer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from coterie.errors import DataError
from coterie.store import faults

_METADATA = sa.MetaData()

RUNS = sa.Table(
    "runs",
    _METADATA,
    sa.Column("run_id", sa.String, primary_key=True),
    sa.Column("input_hash", sa.String, nullable=False, index=True),
    sa.Column("settings_hash", sa.String, nullable=False),
    sa.Column("model_id", sa.String, nullable=False),
    sa.Column("parent_run", sa.String),
    sa.Column("as_of", sa.Integer),
    sa.Column("segments", sa.Integer, nullable=False, server_default="0"),
    sa.Column("number", sa.Integer, nullable=False),
)
"""One row a finished run; ``number`` is the order in which they were finished, ``segments``
how many segment ids had been given by then: also a run that is deleted has used its ids up."""

PUBLISHED = sa.Table(
    "published",
    _METADATA,
    sa.Column("one", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id"), nullable=False),
)
"""At most one row: the run whose model scores."""

NAMES = sa.Table(
    "segment_names",
    _METADATA,
    sa.Column("segment_id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
)
"""Names that users gave; they survive refits."""


_HINTS = {
    "disk I/O": "Free some space and run again; nothing was left half-written.",
    "is full": "Free some space and run again; nothing was left half-written.",
    "locked": "Another program holds it; try again when it has finished.",
    "readonly": "Check that you may write there.",
}
_DAMAGED = "If it is damaged, restore it from a backup, or move it away and run again."


class Registry:
    """The SQLite registry of one project.

    Parameters
    ----------
    path : Path
        Its file; made when first used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
        sa.event.listen(self._engine, "connect", _configure)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, *, writes: bool = False) -> Iterator[sa.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._engine.begin() as connection:
                connection.execute(sa.text("BEGIN IMMEDIATE"))
                writes = writes or not sa.inspect(connection).has_table(RUNS.name)
                _METADATA.create_all(connection)
                yield connection
                if writes:
                    faults.point()
        except sa.exc.DatabaseError as error:
            said = str(error.orig)
            hint = next((hint for words, hint in _HINTS.items() if words in said), _DAMAGED)
            raise DataError(
                f"The registry {self.path} cannot be read or written: {said}", hint=hint
            ) from error
        if writes:
            faults.point()

    def published(self) -> dict[str, Any] | None:
        """Return the row of the published run, or None."""
        query = sa.select(RUNS).join(PUBLISHED, PUBLISHED.c.run_id == RUNS.c.run_id)
        with self._transaction() as connection:
            row = connection.execute(query).mappings().first()
            return dict(row) if row else None

    def find(self, **where: object) -> dict[str, Any] | None:
        """Return the newest run whose columns have these values, or None."""
        query = sa.select(RUNS).filter_by(**where).order_by(RUNS.c.number.desc()).limit(1)
        with self._transaction() as connection:
            row = connection.execute(query).mappings().first()
            return dict(row) if row else None

    def runs(self) -> list[dict[str, Any]]:
        """Return all runs, newest first."""
        with self._transaction() as connection:
            rows = connection.execute(sa.select(RUNS).order_by(RUNS.c.number.desc())).mappings()
            return [dict(row) for row in rows]

    def segments(self, input_hash: str = "", parent_run: str | None = None) -> int:
        """Return how many segment ids were given, so that none is given twice.

        A run of the same input after the same parent does not count: if its folder was
        deleted it is made again, with the ids that it had.
        """
        same = (RUNS.c.input_hash == input_hash) & RUNS.c.parent_run.is_not_distinct_from(
            parent_run
        )
        query = sa.select(sa.func.max(RUNS.c.segments)).where(~same)
        with self._transaction() as connection:
            return connection.execute(query).scalar() or 0

    def publish(self, row: Mapping[str, Any]) -> None:
        """Record a finished run and make it the published one, in one transaction."""
        with self._transaction(writes=True) as connection:
            known = connection.execute(sa.select(RUNS.c.run_id).filter_by(run_id=row["run_id"]))
            if known.first() is None:
                last = connection.execute(sa.select(sa.func.max(RUNS.c.number))).scalar()
                connection.execute(RUNS.insert().values(**row, number=(last or 0) + 1))
            faults.point()
            connection.execute(PUBLISHED.delete())
            connection.execute(PUBLISHED.insert().values(one=1, run_id=row["run_id"]))

    def rename(self, segment_id: str, name: str) -> None:
        """Keep the name that a user gives a segment; empty takes back the one given before."""
        with self._transaction(writes=True) as connection:
            connection.execute(NAMES.delete().filter_by(segment_id=segment_id))
            if name:
                connection.execute(NAMES.insert().values(segment_id=segment_id, name=name))

    def names(self) -> dict[str, str]:
        """Return segment id -> the name that a user gave it."""
        with self._transaction() as connection:
            return {row.segment_id: row.name for row in connection.execute(sa.select(NAMES))}


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for setting in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {setting}")
