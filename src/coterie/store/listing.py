"""How a list of customers is asked for, and the statement that reads little more than a page.

No index sorts all customers by a number: the first of each segment are merged, which halves what
is written for every customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from coterie.errors import ParameterError
from coterie.store.tables import CUSTOMERS, MOVED, SORTED

BY_ID = "customer_id"
SORTS = (BY_ID, *SORTED)
"""What lists can be sorted by."""
SHOWN = tuple(column for column in CUSTOMERS.c if column.name != "loaded")
"""Columns of a row in a list."""
STAYED, NEW, ANY = "stayed", "new", "moved"
"""Causes that stand for themselves: no move, no segment before, and any move between segments."""
_LAST = "\U0010ffff"
_FEW = 100_000
"""Up to so many found by their ids are sorted when asked for; more are met soon in any order."""

Place = tuple[Any, str]
"""Where a page ended: what it is sorted by, and the id of the last customer."""


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
        One of ``SORTS``; ties by id. What is not known comes last when falling.
    falling : bool, default False
        Largest first.
    moved_from : str, optional
        Only those whom the run before had in this segment; "none" for in none. Without a cause
        those who are elsewhere now.
    cause : str, optional
        Only those who moved for it; ``STAYED`` for who did not, ``ANY`` for who moved at all.

    Raises
    ------
    ParameterError
        If lists cannot be sorted so.
    """

    segment_id: str = ""
    search: str = ""
    sort: str = BY_ID
    falling: bool = False
    moved_from: str = ""
    cause: str = ""

    def __post_init__(self) -> None:
        if self.sort not in SORTS:
            raise ParameterError.unknown("sort", self.sort, SORTS)

    @property
    def order(self) -> list[sa.UnaryExpression[Any]]:
        """What to order by."""
        c = CUSTOMERS.c
        columns = [c.customer_id] if self.sort == BY_ID else [c[self.sort], c.customer_id]
        return [column.desc() if self.falling else column.asc() for column in columns]

    def beyond(self, after: Place) -> sa.ColumnElement[bool]:
        """Say which rows come after a place."""
        c, (value, customer_id) = CUSTOMERS.c, after
        if self.sort == BY_ID:
            return c.customer_id < customer_id if self.falling else c.customer_id > customer_id
        place, last = sa.tuple_(c[self.sort], c.customer_id), sa.tuple_(value, customer_id)
        return place < last if self.falling else place > last

    def found(self, customer_id: sa.ColumnElement[str]) -> list[sa.ColumnElement[bool]]:
        """Say which ids begin as wanted."""
        if not self.search:
            return []
        return [customer_id >= self.search, customer_id < self.search + _LAST]


def who_moved(number: int, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """Say which rows of ``CUSTOMERS`` came where they are with their run, as wanted.

    Parameters
    ----------
    number : int
        Of the run in ``LOADED``.
    wanted : Wanted
        From where, and for which cause.

    Returns
    -------
    list of sqlalchemy.ColumnElement
        All of which must hold.
    """
    m, c = MOVED.c, CUSTOMERS.c
    mine = m.loaded == number, m.customer_id == c.customer_id
    if wanted.cause == STAYED:
        here = [c.segment_id == wanted.moved_from] if wanted.moved_from else []
        return [~sa.exists().where(*mine), *here]
    how = [m.from_id == wanted.moved_from] if wanted.moved_from else []
    if wanted.cause == ANY:
        how.append(m.cause != NEW)
    elif wanted.cause:
        how.append(m.cause == wanted.cause)
    # Few moved: they are found first, then looked up.
    ids = sa.select(m.customer_id).where(m.loaded == number, *how)
    return [c.customer_id.in_(ids)]


@dataclass(frozen=True)
class Page:
    """Some rows of a list; ``after`` is where the next page begins, None on the last."""

    rows: list[dict[str, Any]]
    after: Place | None
    total: int


def may_be(text: str) -> bool:
    r"""Say whether a text may be an id at all: what no database can hold is asked of none.

    Examples
    --------
    >>> may_be("17850"), may_be("1\0"), may_be("\ud800")
    (True, False, False)
    """
    return "\0" not in text and text.encode(errors="ignore").decode() == text


def page_query(
    number: int,
    segments: Mapping[str, int],
    wanted: Wanted,
    total: int,
    beyond: Sequence[sa.ColumnElement[bool]],
    limit: int,
) -> sa.Select[Any]:
    """Return the statement of a page, which reads little more than the page from an index.

    Parameters
    ----------
    number : int
        Of the run in ``LOADED``.
    segments : mapping of str to int
        Its customers by segment.
    wanted : Wanted
        Which of them, and in which order.
    total : int
        How many they are: few are sorted when asked for.
    beyond : sequence
        Empty for the first page, else what ``Wanted.beyond`` says.
    limit : int
        Rows at most.

    Returns
    -------
    sqlalchemy.Select
        Of the columns of ``SHOWN``.
    """
    c = CUSTOMERS.c
    which = [c.loaded == number]
    query = sa.select(*SHOWN)
    if wanted.sort == BY_ID:
        if wanted.segment_id:
            which.append(c.segment_id == wanted.segment_id)
        query = query.where(*which, *wanted.found(c.customer_id), *beyond)
        return query.order_by(*wanted.order).limit(limit)
    if wanted.search and total <= _FEW:
        if wanted.segment_id:
            which.append(c.segment_id == wanted.segment_id)
        query = query.where(*which, *wanted.found(c.customer_id)).order_by(c.customer_id)
        # With a limit of its own it is read by id; else a database might walk all in order.
        return _outer(query.limit(total), wanted, beyond, limit)
    # No index sorts all customers: the first of each segment are merged.
    names = [wanted.segment_id] if wanted.segment_id else sorted(segments)
    hidden = c.customer_id.concat("")  # so that the search is no range of another index
    parts = [
        query.where(*which, c.segment_id == name, *wanted.found(hidden), *beyond)
        .order_by(*wanted.order)
        .limit(limit)
        .subquery()
        for name in names
    ]
    merged = sa.union_all(*(sa.select(part) for part in parts))
    return _outer(merged, wanted, (), limit)


def _outer(
    inner: sa.Select[Any] | sa.CompoundSelect[Any],
    wanted: Wanted,
    beyond: Sequence[sa.ColumnElement[bool]],
    limit: int,
) -> sa.Select[Any]:
    """Return the first rows of an inner statement, which has the columns of ``CUSTOMERS``."""
    rows = inner.subquery()
    adapt = sa.sql.util.ClauseAdapter(rows)
    order = [adapt.traverse(column) for column in wanted.order]
    return sa.select(rows).where(*map(adapt.traverse, beyond)).order_by(*order).limit(limit)


def total_of(
    connection: sa.Connection, number: int, segments: Mapping[str, int], wanted: Wanted
) -> int:
    """Return how many customers of a loaded run are wanted.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Asked only if there is something to search.
    number : int
        Of the run in ``LOADED``.
    segments : mapping of str to int
        Its customers by segment.
    wanted : Wanted
        Which of them.

    Returns
    -------
    int
        Of all pages together.
    """
    c = CUSTOMERS.c
    all_of_run = c.loaded == number
    if wanted.search:
        ends = [
            sa.select(c.customer_id).where(all_of_run).order_by(order).limit(1)
            for order in (c.customer_id.asc(), c.customer_id.desc())
        ]
        # Where all ids begin so, as in "c000001", a million need not be counted.
        alike = all(
            str(connection.execute(end).scalar() or "").startswith(wanted.search) for end in ends
        )
        if not alike:
            count = sa.select(sa.func.count()).where(all_of_run, *wanted.found(c.customer_id))
            if wanted.segment_id:
                count = count.where(c.segment_id == wanted.segment_id)
            return int(connection.execute(count).scalar_one())
    return segments.get(wanted.segment_id, 0) if wanted.segment_id else sum(segments.values())
