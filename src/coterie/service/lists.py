"""A list of customers, page by page; it goes on with the run with which it began."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query

from coterie.api import Run
from coterie.service.deps import Cursor, Limit, from_cursor, to_cursor, wrong_cursor
from coterie.service.models_people import Customer, CustomerPage
from coterie.service.problems import NotFoundError
from coterie.service.projects import Served
from coterie.service.reading import day_of, named
from coterie.store.listing import BY_ID, SORTS, Place, Wanted, may_be

_SORT = f"{', '.join(SORTS)}; with - in front the largest first."


class Listing:
    """How a list of customers is asked for."""

    def __init__(
        self,
        sort: Annotated[str, Query(max_length=20, description=_SORT)] = BY_ID,
        search: Annotated[str, Query(max_length=200, description="Beginning of the id.")] = "",
        moved_from: Annotated[
            str,
            Query(max_length=100, description="Id of the segment that they left, or ``none``."),
        ] = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> None:
        self.sort, self.limit, self.cursor = sort, limit, cursor
        falling = sort.startswith("-")
        self.wanted = Wanted(
            search=search, moved_from=moved_from, sort=sort.removeprefix("-"), falling=falling
        )

    def page(self, served: Served, segment_id: str = "") -> CustomerPage:
        """Return the page.

        Raises
        ------
        ParameterError
            If the cursor is none, or of a list in another order.
        """
        run, after = served.run(), None
        if self.cursor:
            began, after = self._place()
            run = run if began == run.id else _began(served, began)
        wanted = replace(self.wanted, segment_id=segment_id)
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
