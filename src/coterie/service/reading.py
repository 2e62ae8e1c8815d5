"""What reading routes share: which run is meant, which customer, and what is made already."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import Path as InPath
from fastapi import Query

from coterie.api import Run
from coterie.errors import NotReadyError
from coterie.features.windows import to_date
from coterie.service.models import RunInfo
from coterie.service.problems import NotFoundError
from coterie.service.projects import Served
from coterie.store.predictions import find_kept
from coterie.store.runs import check_run

CustomerId = Annotated[str, InPath(description="Id as in the data.", max_length=1_000)]
SegmentId = Annotated[str, InPath(description="Id of the segment.", max_length=100)]
RunId = Annotated[str, Query(max_length=40, description="A run; default: the published one.")]
_CHECKED = 512
_WORDS = {
    "value": "What customers will spend has not been worked out for this run yet.",
    "products": "The product lists of this run have not been made yet.",
    "offers": "No offers have been planned for this run yet.",
    "evidence": "What offers brought has not been worked out for this run yet.",
}


def chosen(served: Served, run_id: str = "") -> Run:
    """Return a run by its id, or the published one, without its customers in lists."""
    return served.run_of(run_id or served.published()["run_id"])


def day_of(run: Run) -> date | None:
    """Return the day before which all rows of a run lie; None without dates."""
    return date.fromisoformat(run.as_of) if run.as_of else None


def run_info(row: Mapping[str, Any], published: str | None) -> RunInfo:
    """Return what lists of runs tell of one, from its row in the registry."""
    return RunInfo(
        run_id=row["run_id"],
        as_of=to_date(row["as_of"]) if row["as_of"] is not None else None,
        model_id=row["model_id"],
        parent_run=row["parent_run"],
        published=row["run_id"] == published,
        trial=row["trial"],
    )


def customer_of(served: Served, customer_id: str) -> tuple[Run, dict[str, Any]]:
    """Return the published run and the row of a customer in it.

    Raises
    ------
    NotFoundError
        If she is not in it.
    """
    run = served.run()
    row = served.registry.members.one(run.id, customer_id)
    if row is None:
        raise NotFoundError(f"No customer has the id {customer_id[:100]!r}.", where="customer_id")
    return run, row


def segment_of(run: Run, segment_id: str) -> dict[str, Any]:
    """Return a segment of a run.

    Raises
    ------
    NotFoundError
        If it has none of this id.
    """
    for segment in run.segments:
        if segment["id"] == segment_id:
            return segment
    raise NotFoundError(
        f"Run {run.id} has no segment {segment_id!r}.",
        allowed=", ".join(segment["id"] for segment in run.segments),
        where="segment_id",
    )


def made(served: Served, kind: str, run: Run, **key: Any) -> Path:
    """Return the folder of what was worked out from a run; nothing is worked out here.

    Parameters
    ----------
    served : Served
        The project.
    kind : str
        value, products, offers or evidence.
    run : Run
        The run.
    **key : Any
        More that it must have been made for, such as the horizon.

    Returns
    -------
    Path
        Of several the newest; its files were compared with their hashes.

    Raises
    ------
    NotReadyError
        If it has to be made first: which job does so.
    """
    found = find_kept(served.home, kind, run=run.id, **key)
    if found is None:
        job = "offers" if kind == "evidence" else kind
        raise NotReadyError(
            _WORDS[kind],
            hint=f'Start it: POST /api/v1/projects/{served.name}/jobs {{"kind": "{job}"}}',
        )
    _check(found)
    return found


@lru_cache(_CHECKED)
def _check(folder: Path) -> None:
    check_run(folder)  # once: what is kept never changes


def named(run: Run) -> dict[str, Mapping[str, Any]]:
    """Return segment id -> segment."""
    return {segment["id"]: segment for segment in run.segments}


def plain(data: Any) -> Any:
    """Return the same for JSON: what is no number is unknown.

    Examples
    --------
    >>> plain({"a": [1.5, float("nan")]})
    {'a': [1.5, None]}
    """
    if isinstance(data, Mapping):
        return {name: plain(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
