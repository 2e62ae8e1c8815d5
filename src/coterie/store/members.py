"""Where the published run places each customer, as lists of a service need it: sorted, by page.

A run is loaded beside the one that is published, so readers see the one or the other, never a
mixture; the transaction that moves the pointer also writes the history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from coterie.errors import DataError, NotReadyError
from coterie.store.database import Database
from coterie.store.listing import (
    BY_ID,
    SHOWN,
    Page,
    Place,
    Wanted,
    may_be,
    page_query,
    total_of,
    who_moved,
)
from coterie.store.tables import CUSTOMERS, HISTORY, LOADED, MOVED, NUMBERS, PUBLISHED, UNKNOWN

NOBODY = "none"
"""Segment of those who are in none."""
MOVES = "moves.parquet"
"""File of a run with who did not stay where the run before had them."""
_BATCH = 50_000
_NAMES = tuple(column.name for column in CUSTOMERS.c)
_FEATURES = {"value": "clv", "monetary": "monetary", "recency": "recency", "frequency": "frequency"}
_CACHE = "PRAGMA cache_size = -131072"
_USUAL = "PRAGMA cache_size = -2000"


class Members:
    """The customers of a project in the operational database.

    Parameters
    ----------
    database : Database
        Where they are kept.
    project : str
        Whose customers are meant.
    """

    def __init__(self, database: Database, project: str) -> None:
        self.database = database
        self.project = project

    def served(self, connection: sa.Connection) -> bool:
        """Say whether lists of this project are asked for at all: then publishing loads them."""
        query = sa.select(LOADED.c.number).filter_by(project=self.project).limit(1)
        return connection.execute(query).first() is not None

    def load(self, run_id: str, folder: Path) -> int:
        """Copy what lists need of a run, unless it is there already; return the customers.

        Parameters
        ----------
        run_id : str
            Of the run.
        folder : Path
            Its folder.

        Raises
        ------
        DataError
            If its tables are not about the same customers.
        """
        with self.database.transaction() as connection:
            known = self._loaded(connection, run_id)
        if known is not None:
            return sum(known[1].values())
        with self.database.transaction(writes=True) as connection:
            row = {"project": self.project, "run_id": run_id, "segments": {}}
            try:
                with connection.begin_nested():
                    made = connection.execute(LOADED.insert().values(**row))
            except sa.exc.IntegrityError:  # another has loaded it in this moment
                return sum(self._known(connection, run_id)[1].values())
            number = int((made.inserted_primary_key or [0])[0])
            segments = _insert(connection, number, folder)
            _insert_moves(connection, number, folder)
            mine = LOADED.c.number == number
            connection.execute(LOADED.update().where(mine).values(segments=segments))
        return sum(segments.values())

    def follow(self, connection: sa.Connection, run_id: str, as_of: int | None) -> str | None:
        """Write who came into another segment, just before the run is published.

        Parameters
        ----------
        connection : sqlalchemy.Connection
            In the transaction that publishes it.
        run_id : str
            The run, loaded.
        as_of : int or None
            Its day.

        Returns
        -------
        str or None
            The run that was published until now.
        """
        mine = {"project": self.project}
        before = connection.execute(sa.select(PUBLISHED.c.run_id).filter_by(**mine)).scalar()
        newest = sa.select(sa.func.max(HISTORY.c.number)).filter_by(**mine)
        last = connection.execute(newest).scalar() or 0
        if last and before == run_id:
            return run_id  # published again: nobody moved
        told = (sa.literal(last + 1), sa.literal(run_id), sa.literal(as_of, sa.Integer))
        until_now = (
            sa.select(HISTORY.c.segment_id)
            .filter_by(**mine)
            .where(HISTORY.c.customer_id == CUSTOMERS.c.customer_id)
            .order_by(HISTORY.c.number.desc())
            .limit(1)
            .correlate(CUSTOMERS)
            .scalar_subquery()
        )
        who = (sa.literal(self.project), CUSTOMERS.c.customer_id, *told, CUSTOMERS.c.segment_id)
        moved = sa.select(*who).where(
            CUSTOMERS.c.loaded == self._known(connection, run_id)[0],
            CUSTOMERS.c.segment_id.is_distinct_from(until_now),
        )
        columns = ["project", BY_ID, "number", "run_id", "as_of", "segment_id"]
        connection.execute(HISTORY.insert().from_select(columns, moved))
        return before

    def forget(self, keep: Sequence[str]) -> None:
        """Drop the loaded rows of all runs but some."""
        gone = LOADED.c.project == self.project, LOADED.c.run_id.not_in(keep)
        with self.database.transaction(writes=True) as connection:
            numbers = sa.select(LOADED.c.number).where(*gone)
            for table in (CUSTOMERS, MOVED):
                connection.execute(table.delete().where(table.c.loaded.in_(numbers)))
            connection.execute(LOADED.delete().where(*gone))

    def page(
        self, run_id: str, wanted: Wanted, *, after: Place | None = None, limit: int = 50
    ) -> Page:
        """Return a page of the customers of a loaded run.

        Parameters
        ----------
        run_id : str
            A loaded run.
        wanted : Wanted
            Which of them, and in which order.
        after : (value, customer_id), optional
            ``after`` of the page before.
        limit : int, default 50
            Rows at most.

        Returns
        -------
        Page
            With the number of all that are wanted.

        Raises
        ------
        NotReadyError
            If the run is not loaded.
        """
        with self.database.transaction() as connection:
            number, segments = self._known(connection, run_id)
            beyond = [wanted.beyond(after)] if after else []
            if not may_be(wanted.search + wanted.moved_from + wanted.cause):
                total, query = 0, sa.select(*SHOWN)
            elif wanted.moved_from or wanted.cause:
                query = _moved(number, wanted)
                count = sa.select(sa.func.count()).select_from(query.subquery())
                total = int(connection.execute(count).scalar_one())
                query = query.where(*beyond).order_by(*wanted.order).limit(limit + 1)
            else:
                total = total_of(connection, number, segments, wanted)
                query = page_query(number, segments, wanted, total, beyond, limit + 1)
            rows = [dict(row) for row in connection.execute(query).mappings()] if total else []
        more, rows = len(rows) > limit, rows[:limit]
        end = (rows[-1][wanted.sort], rows[-1][BY_ID]) if more else None
        return Page([_plain(row) for row in rows], end, total)

    def one(self, run_id: str, customer_id: str) -> dict[str, Any] | None:
        """Return the row of a customer in a loaded run, or None."""
        if not may_be(customer_id):
            return None
        with self.database.transaction() as connection:
            number = self._known(connection, run_id)[0]
            query = sa.select(*SHOWN).filter_by(loaded=number, customer_id=customer_id)
            row = connection.execute(query).mappings().first()
        return _plain(dict(row)) if row else None

    def history(self, customer_id: str) -> list[dict[str, Any]]:
        """Return the segments that a customer came into, the first one first."""
        if not may_be(customer_id):
            return []
        query = sa.select(HISTORY.c.run_id, HISTORY.c.as_of, HISTORY.c.segment_id)
        query = query.filter_by(project=self.project, customer_id=customer_id)
        with self.database.transaction() as connection:
            rows = connection.execute(query.order_by(HISTORY.c.number)).mappings()
            return [dict(row) for row in rows]

    def _loaded(self, connection: sa.Connection, run_id: str) -> tuple[int, dict[str, int]] | None:
        query = sa.select(LOADED.c.number, LOADED.c.segments)
        row = connection.execute(query.filter_by(project=self.project, run_id=run_id)).first()
        return (row.number, row.segments) if row else None

    def _known(self, connection: sa.Connection, run_id: str) -> tuple[int, dict[str, int]]:
        found = self._loaded(connection, run_id)
        if found is None:
            raise NotReadyError(f"The customers of run {run_id} are not loaded any more.")
        return found


def _moved(number: int, wanted: Wanted) -> sa.Select[Any]:
    """Return who came where they are with a run: few, so no index sorts them."""
    c = CUSTOMERS.c
    which = [c.loaded == number, *who_moved(number, wanted)]
    if wanted.segment_id:
        which.append(c.segment_id == wanted.segment_id)
    return sa.select(*SHOWN).where(*which, *wanted.found(c.customer_id))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value == UNKNOWN else value for name, value in row.items()}


def _insert(connection: sa.Connection, number: int, folder: Path) -> dict[str, int]:
    """Insert all customers of a run folder, and return how many are in each segment."""
    segments: dict[str, int] = {}
    raw = connection.connection.cursor()
    rows = _rows(folder, number, segments)
    if connection.dialect.name == "postgresql":
        with raw.copy(f"COPY {CUSTOMERS.name} ({', '.join(_NAMES)}) FROM STDIN") as copy:
            for batch in rows:
                for row in batch:
                    copy.write_row(row)
        return segments
    marks = ", ".join("?" * len(_NAMES))
    # Six orders are kept at once: with the usual cache each row would be read back from disk.
    raw.execute(_CACHE)
    for batch in rows:
        raw.executemany(
            f"INSERT INTO {CUSTOMERS.name} ({', '.join(_NAMES)}) VALUES ({marks})", batch
        )
    raw.execute(_USUAL)
    return segments


def _insert_moves(connection: sa.Connection, number: int, folder: Path) -> None:
    """Insert who did not stay where the run before had them; a run may not know."""
    file = folder / MOVES
    if not file.is_file():
        return
    columns = [BY_ID, "from_id", "cause"]
    for batch in pq.ParquetFile(file).iter_batches(_BATCH, columns=columns):
        here = batch.filter(pc.not_equal(batch["cause"], "gone"))
        if rows := [{"loaded": number, **row} for row in here.to_pylist()]:
            connection.execute(MOVED.insert(), rows)


def _rows(folder: Path, number: int, segments: dict[str, int]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows in the order of ``CUSTOMERS``, some at a time, and count them by segment."""
    placed = pq.ParquetFile(folder / "assignments.parquet")
    known = pq.ParquetFile(folder / "features.parquet")
    there = set(known.schema_arrow.names)
    names = {name: feature for name, feature in _FEATURES.items() if feature in there}
    asked = [BY_ID, *names.values()]
    both = zip(placed.iter_batches(_BATCH), known.iter_batches(_BATCH, columns=asked), strict=True)
    for mine, theirs in both:
        if mine[BY_ID] != theirs[BY_ID]:
            raise DataError(f"The tables of the run in {folder} are not about the same customers.")
        for counted in mine["segment_id"].value_counts().to_pylist():
            name = counted["values"] or NOBODY
            segments[name] = segments.get(name, 0) + counted["counts"]
        numbers = {name: _numbers(theirs[feature]) for name, feature in names.items()}
        numbers["margin"] = _numbers(mine["margin"])
        blank = [UNKNOWN] * len(mine)
        yield list(
            zip(
                [number] * len(mine),
                mine[BY_ID].to_pylist(),
                [one or NOBODY for one in mine["segment_id"].to_pylist()],
                mine["second_id"].to_pylist(),
                mine["status"].to_pylist(),
                *(numbers.get(name, blank) for name in NUMBERS),
                strict=True,
            )
        )


def _numbers(column: pa.Array) -> list[float]:
    """Return numbers, with what is not known (or no number) as ``UNKNOWN``."""
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    found: list[float] = np.where(np.isfinite(values), values, UNKNOWN).tolist()
    return found
