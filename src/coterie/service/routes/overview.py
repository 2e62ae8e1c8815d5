"""A run at a glance, how it was chosen, and its customers as points."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from coterie.errors import ParameterError
from coterie.pipeline.forecast import Value
from coterie.pipeline.overview import Sight, how_chosen, overview
from coterie.profiling.publication import floor_of
from coterie.profiling.report import told_reason
from coterie.profiling.scatter import MOST_POINTS, blurred, numeric_columns, scatter
from coterie.segmentation.base import horizon_days
from coterie.service.deps import SeesAll, ThisProject
from coterie.service.models_people import Open
from coterie.service.published import hiding_for, moves_for
from coterie.service.reading import RunId, chosen, day_of, plain
from coterie.store.predictions import find_kept

router = APIRouter(tags=["results"])
AxisName = Annotated[
    str, Query(max_length=200, description="A column of numbers; empty: a principal component.")
]


class Figure(Open):
    """A number with its unit and date; a reason where it is not known."""

    name: str
    label: str
    value: float | None
    unit: str
    as_of: date | None = None
    n: int | None = None
    before: float | None = None
    reason: str | None = None


class Insight(BaseModel):
    """A sentence that passed its test: parts of text, segments and numbers."""

    kind: str
    parts: list[dict[str, Any]]
    test: str
    link: dict[str, str] | None = None


class Overview(Open):
    """A run at a glance."""

    run_id: str
    as_of: date | None = None
    before: date | None = None
    figures: list[Figure]
    insights: list[Insight]
    proofs: dict[str, Any]
    verdict: str | None = None
    sentences: list[str]


class Choice(Open):
    """How the segmentation was chosen."""

    run_id: str
    as_of: date | None = None
    sentences: list[str]
    verdict: str
    judged: list[str]
    gates: list[dict[str, Any]]
    natural: list[dict[str, Any]]
    candidates: list[dict[str, Any]]


class Axis(BaseModel):
    """What one axis shows."""

    name: str
    label: str
    unit: str = ""
    log: bool = False


class Points(BaseModel):
    """Customers as points; the lists are of one length."""

    run_id: str
    as_of: date | None = None
    x: Axis
    y: Axis
    shown: float | None
    total: int
    ids: list[str]
    xs: list[float | None]
    ys: list[float | None]
    segments: list[str | None]
    axes: list[Axis]


@router.get("/projects/{project}/overview")
def show_overview(served: ThisProject, whole: SeesAll, run_id: RunId = "") -> Overview:
    """Show a run at a glance: figures, what stands out, what is proven.

    To viewers what would tell of few customers is null or not said.
    """
    run = chosen(served, run_id)
    parent = run.manifest.get("parent_run")
    before = None
    if parent and (served.home.runs / parent).is_dir():
        before = served.run_of(parent)
    days = horizon_days(run.manifest["settings"]["segmentation"]["horizon"])
    kept = find_kept(served.home, "value", run=run.id, horizon=days)
    sight = None if whole else Sight(hiding_for(served, run), moves_for(run, before))
    value = Value(kept) if kept else None
    return Overview(**plain(overview(run, before, value, sight=sight)))


@router.get("/projects/{project}/choice")
def show_choice(served: ThisProject, whole: SeesAll, run_id: RunId = "") -> Choice:
    """Show how the segmentation was chosen: what was tried, and why the rest was not taken."""
    run = chosen(served, run_id)
    found = asdict(how_chosen(run))
    found["candidates"] = run.table("candidates").to_pylist()
    for row in () if whole else found["candidates"]:
        row["reason_lost"] = told_reason(row["reason_lost"], floor_of(run.manifest))
    return Choice(**plain({"run_id": run.id, "as_of": day_of(run), **found}))


@router.get("/projects/{project}/map")
def show_map(
    served: ThisProject,
    whole: SeesAll,
    run_id: RunId = "",
    x: AxisName = "",
    y: AxisName = "",
    limit: Annotated[int, Query(ge=1, le=MOST_POINTS, description="Points at most.")] = 5_000,
) -> Points:
    """Place customers in a plane, by two columns or by what varies most.

    To viewers all ids are empty, and points are where many are alike: each is moved to the
    middle of its square, and is left out where the square holds few of its segment.
    """
    if bool(x) != bool(y):
        raise ParameterError(
            "One axis alone is named.", allowed="both x and y, or neither", where="x" if y else "y"
        )
    run = chosen(served, run_id)
    with served.explaining:
        known = run.customers
        found = scatter(known, (x, y) if x else None, most=limit, seed=0)
    if not whole:
        found = blurred(found, floor_of(run.manifest))
    return Points(
        run_id=run.id,
        as_of=day_of(run),
        x=Axis(**asdict(found.x)),
        y=Axis(**asdict(found.y)),
        shown=found.shown,
        total=len(run.table("assignments")) if whole else len(found.ids),
        ids=list(found.ids),
        xs=plain(found.points[:, 0].tolist()),
        ys=plain(found.points[:, 1].tolist()),
        segments=list(found.segment_ids),
        axes=[Axis(name=one, label=known.label(one)) for one in numeric_columns(known)],
    )
