"""Where the published run places each customer, as lists of a service need it: sorted, by page.

A run is loaded under its own id beside the one that is published, so readers see the one or
the other, never a mixture; the transaction that moves the pointer also writes the history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from coterie.errors import DataError, ParameterError
from coterie.store.database import Database
from coterie.store.tables import CUSTOMERS, HISTORY, LOADED, NUMBERS, PUBLISHED, SORTED, UNKNOWN

NOBODY = "none"
"""Segment of those who are in none."""
_BATCH = 50_000
_NAMES = tuple(column.name for column in CUSTOMERS.c)
_FEATURES = {"value": "clv", "monetary": "monetary", "recency": "recency", "frequency": "frequency"}
_AFTER_ALL = "\U0010ffff"

Sort = Literal["customer_id", "value", "monetary", "recency", "margin"]


@dataclass(frozen=True)
class Wanted:
    """Which customers a list shows, and in which order.

    Parameters
    ----------
    segment_id : str, optional
        Only those of a segment; "none" for those in none.
    search : str, optional
        Only those whose id begins so.
    sort : str, default "customer_id"
        One of ``SORTED`` or the id; ties by id. What is not known comes last when falling.
    falling : bool, default False
        Largest first.

    Raises
    ------
    ParameterError
        If lists cannot be sorted so.
    """

    segment_id: str = ""
    search: str = ""
    sort: str = "customer_id"
    falling: bool = False

    def __post_init__(self) -> None:
        known = ("customer_id", *SORTED)
        if self.sort not in known:
            raise ParameterError.unknown("sort", self.sort, known)


@dataclass(frozen=True)
class Page:
    """Some rows of a list; ``after`` is where the next page begins, None on the last."""

    rows: list[dict[str, Any]]
    after: tuple[Any, str] | None
    total: int


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
        query = sa.select(LOADED.c.run_id).filter_by(project=self.project).limit(1)
        return connection.execute(query).first() is not None

    def load(self, run_id: str, folder: Path) -> int:
        """Copy what lists need of a run, unless it is there already; return the customers.

        Parameters
        ----------
        run_id : str
            Of the run.
        folder : Path
            Its folder.
        """
        mine = {"project": self.project, "run_id": run_id}
        with self.database.transaction(writes=True) as connection:
            known = connection.execute(sa.select(LOADED.c.customers).filter_by(**mine)).scalar()
            if known is not None:
                return int(known)
            number = _insert(connection, (self.project, run_id), folder)
            connection.execute(LOADED.insert().values(**mine, customers=number))
        return number

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
        last = sa.select(sa.func.max(HISTORY.c.number)).filter_by(**mine)
        number = (connection.execute(last).scalar() or 0) + 1
        if number > 1 and before == run_id:
            return run_id  # published again: nobody moved
        old, new = CUSTOMERS.alias("old"), CUSTOMERS.alias("new")
        same = (
            (old.c.project == new.c.project)
            & (old.c.run_id == (before if number > 1 else None))
            & (old.c.customer_id == new.c.customer_id)
        )
        told = (sa.literal(number), sa.literal(run_id), sa.literal(as_of, sa.Integer))
        moved = (
            sa.select(new.c.project, new.c.customer_id, *told, new.c.segment_id)
            .select_from(new.outerjoin(old, same))
            .where(new.c.project == self.project, new.c.run_id == run_id)
            .where(old.c.segment_id.is_distinct_from(new.c.segment_id))
        )
        columns = ["project", "customer_id", "number", "run_id", "as_of", "segment_id"]
        connection.execute(HISTORY.insert().from_select(columns, moved))
        return before

    def forget(self, keep: Sequence[str]) -> None:
        """Drop the loaded rows of all runs but some."""
        with self.database.transaction(writes=True) as connection:
            for table in (LOADED, CUSTOMERS):
                mine = table.c.project == self.project
                connection.execute(table.delete().where(mine, table.c.run_id.not_in(keep)))

    def page(
        self, run_id: str, wanted: Wanted, *, after: tuple[Any, str] | None = None, limit: int = 50
    ) -> Page:
        """Return a page of the customers of a loaded run.

        Parameters
        ----------
        run_id : str
            A loaded run.
        wanted : Wanted
            Which of them, and in which order.
        after : (value, customer_id), optional
            The last row of the page before.
        limit : int, default 50
            Rows at most.

        Returns
        -------
        Page
            With the number of all that are wanted.
        """
        c = CUSTOMERS.c
        which = [c.project == self.project, c.run_id == run_id]
        if wanted.segment_id:
            which.append(c.segment_id == wanted.segment_id)
        if wanted.search:
            which += [c.customer_id >= wanted.search, c.customer_id < wanted.search + _AFTER_ALL]
        key = c[wanted.sort]
        order = (key, c.customer_id) if wanted.sort != "customer_id" else (key,)
        query = sa.select(*(column for column in c if column.name not in {"project", "run_id"}))
        query = query.where(*which)
        if after:
            place = sa.tuple_(*order)
            last = sa.tuple_(*(after if len(order) == 2 else after[1:]))
            query = query.where(place < last if wanted.falling else place > last)
        ordered = [column.desc() if wanted.falling else column.asc() for column in order]
        with self.database.transaction() as connection:
            total = self._total(connection, run_id, wanted, which)
            found = connection.execute(query.order_by(*ordered).limit(limit + 1)).mappings()
            rows = [dict(row) for row in found]
        more, rows = len(rows) > limit, rows[:limit]
        end = (rows[-1][wanted.sort], rows[-1]["customer_id"]) if more else None
        return Page([_known(row) for row in rows], end, total)

    def one(self, run_id: str, customer_id: str) -> dict[str, Any] | None:
        """Return the row of a customer in a loaded run, or None."""
        one = {"project": self.project, "run_id": run_id, "customer_id": customer_id}
        with self.database.transaction() as connection:
            row = connection.execute(sa.select(CUSTOMERS).filter_by(**one)).mappings().first()
        return _known(dict(row)) if row else None

    def history(self, customer_id: str) -> list[dict[str, Any]]:
        """Return the segments that a customer came into, the first one first."""
        query = sa.select(HISTORY.c.run_id, HISTORY.c.as_of, HISTORY.c.segment_id)
        query = query.filter_by(project=self.project, customer_id=customer_id)
        with self.database.transaction() as connection:
            rows = connection.execute(query.order_by(HISTORY.c.number)).mappings()
            return [dict(row) for row in rows]

    def _total(
        self,
        connection: sa.Connection,
        run_id: str,
        wanted: Wanted,
        which: Sequence[sa.ColumnElement[bool]],
    ) -> int:
        if not wanted.segment_id and not wanted.search:
            known = sa.select(LOADED.c.customers).filter_by(project=self.project, run_id=run_id)
            return int(connection.execute(known).scalar() or 0)
        count = sa.select(sa.func.count()).select_from(CUSTOMERS).where(*which)
        return int(connection.execute(count).scalar_one())


def _known(row: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value == UNKNOWN else value for name, value in row.items()}


def _insert(connection: sa.Connection, key: tuple[str, str], folder: Path) -> int:
    """Insert all customers of a run folder, and return how many."""
    rows = _rows(folder)
    raw = connection.connection.cursor()
    number = 0
    if connection.dialect.name == "postgresql":
        named = ", ".join(_NAMES)
        with raw.copy(f"COPY {CUSTOMERS.name} ({named}) FROM STDIN") as copy:
            for batch in rows:
                number += len(batch)
                for row in batch:
                    copy.write_row((*key, *row))
        return number
    marks = ", ".join("?" * len(_NAMES))
    for batch in rows:
        number += len(batch)
        raw.executemany(
            f"INSERT INTO {CUSTOMERS.name} ({', '.join(_NAMES)}) VALUES ({marks})",
            [(*key, *row) for row in batch],
        )
    return number


def _rows(folder: Path) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows in the order of ``CUSTOMERS`` without project and run, some at a time."""
    placed = pq.ParquetFile(folder / "assignments.parquet")
    known = pq.ParquetFile(folder / "features.parquet")
    there = set(known.schema_arrow.names)
    names = {name: feature for name, feature in _FEATURES.items() if feature in there}
    asked = ["customer_id", *names.values()]
    both = zip(placed.iter_batches(_BATCH), known.iter_batches(_BATCH, columns=asked), strict=True)
    for mine, theirs in both:
        if mine["customer_id"] != theirs["customer_id"]:
            raise DataError(f"The tables of the run in {folder} are not about the same customers.")
        numbers = {name: _numbers(theirs[feature]) for name, feature in names.items()}
        numbers["margin"] = _numbers(mine["margin"])
        blank = [UNKNOWN] * len(mine)
        yield list(
            zip(
                mine["customer_id"].to_pylist(),
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
