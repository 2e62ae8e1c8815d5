"""A list of customers, page by page; it goes on with the run with which it began."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

import pyarrow.compute as pc
from fastapi import Query

from coterie.api import Run
from coterie.errors import NotReadyError
from coterie.profiling.moved import Mask, who_went
from coterie.service.deps import Cursor, Limit, from_cursor, to_cursor, wrong_cursor
from coterie.service.models_people import Customer, CustomerPage
from coterie.service.problems import NotFoundError
from coterie.service.projects import Served
from coterie.service.reading import day_of, named
from coterie.store.listing import BY_ID, SORTS, Place, Wanted, may_be
from coterie.store.members import MOVES

_SORT = f"{', '.join(SORTS)}; with - in front the largest first."

Search = Annotated[str, Query(max_length=200, description="Beginning of the id.")]
MovedFrom = Annotated[
    str, Query(max_length=100, description="Id of the segment that they left, or ``none``.")
]
Cause = Annotated[
    Literal["stayed", "moved", "aged", "behaved", "border", "corrected", "new", "unknown"],
    Query(description="Why they are where they are since the run before; ``moved``: any move."),
]


class Chosen:
    """Which customers leave as a file: those of the list of the same name."""

    def __init__(
        self,
        segment: Annotated[str, Query(max_length=100, description="Id; only its customers.")] = "",
        search: Search = "",
        moved_from: MovedFrom = "",
        cause: Cause | None = None,
    ) -> None:
        self.segment, self.search = segment, search
        self.moved_from, self.cause = moved_from, cause or ""

    def of(self, run: Run) -> list[Mask]:
        """Return what tells who of a run is wanted, beside the segment.

        Raises
        ------
        NotReadyError
            If moves are asked for that the run does not know.
        """
        wanted: list[Mask] = []
        if self.moved_from or self.cause:
            must_know_moves(run)
            wanted.append(who_went(run.folder, self.cause, self.moved_from))
        if self.search:
            wanted.append(lambda table: pc.starts_with(table["customer_id"], pattern=self.search))
        return wanted


class Listing:
    """How a list of customers is asked for."""

    def __init__(
        self,
        sort: Annotated[str, Query(max_length=20, description=_SORT)] = BY_ID,
        search: Search = "",
        moved_from: MovedFrom = "",
        cause: Cause | None = None,
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> None:
        self.sort, self.limit, self.cursor = sort, limit, cursor
        falling = sort.startswith("-")
        self.wanted = Wanted(
            search=search,
            moved_from=moved_from,
            cause=cause or "",
            sort=sort.removeprefix("-"),
            falling=falling,
        )

    def page(self, served: Served, segment_id: str = "") -> CustomerPage:
        """Return the page.

        Raises
        ------
        ParameterError
            If the cursor is none, or of a list in another order.
        NotReadyError
            If moves are asked for that the run does not know.
        """
        run, after = served.run(), None
        if self.cursor:
            began, after = self._place()
            run = run if began == run.id else _began(served, began)
        wanted = replace(self.wanted, segment_id=segment_id)
        if wanted.moved_from or wanted.cause:
            must_know_moves(run)
        found = served.registry.members.page(run.id, wanted, after=after, limit=self.limit)
        segments = named(run)
        return CustomerPage(
            items=[Customer(**row_of(row, segments)) for row in found.rows],
            next=to_cursor((run.id, self.sort, *found.after) if found.after else None),
            total=found.total,
            run_id=run.id,
            as_of=day_of(run),
        )

    def _place(self) -> tuple[str, Place]:
        run_id, sort, value, customer_id = from_cursor(self.cursor, 4) or ("",) * 4
        texts = (run_id, customer_id, *([value] if self.wanted.sort == BY_ID else []))
        if sort != self.sort or not all(isinstance(one, str) and may_be(one) for one in texts):
            raise wrong_cursor()
        if self.wanted.sort == BY_ID:
            return run_id, (value, customer_id)
        if not isinstance(value, float) or not math.isfinite(value):
            raise wrong_cursor()
        return run_id, (value, customer_id)


def must_know_moves(run: Run) -> None:
    """Refuse lists of who moved, where a run does not know who did.

    Raises
    ------
    NotReadyError
        If it is the first run, or one of an earlier version.
    """
    if not (run.folder / MOVES).is_file():
        raise NotReadyError(
            f"The run {run.id} does not tell who moved.", hint="Run again: the next one does."
        )


def _began(served: Served, run_id: str) -> Run:
    try:
        return served.run_of(run_id)
    except NotFoundError as error:
        raise wrong_cursor() from error


def row_of(row: Mapping[str, Any], segments: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a row of a list with the names of its segments.

    Parameters
    ----------
    row : mapping
        As ``Members`` gives it.
    segments : mapping
        Those of the run, by id.

    Returns
    -------
    dict
        As ``models_people.Customer``.

    Examples
    --------
    >>> row = {"customer_id": "1", "segment_id": "seg-001", "second_id": None}
    >>> row_of(row, {"seg-001": {"name": "Loyal", "slot": 2}})["segment_name"]
    'Loyal'
    """
    own = segments.get(row["segment_id"], {})
    second = segments.get(row["second_id"] or "", {})
    names = {"segment_name": own.get("name"), "slot": own.get("slot")}
    return {**row, **names, "second_name": second.get("name")}
