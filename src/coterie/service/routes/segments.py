"""Segments: what they are, what they are called, who cares for them, and who is in them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pyarrow.compute as pc
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from coterie.features.column import to_floats
from coterie.pipeline.forecast import Value
from coterie.prediction.reach import reach
from coterie.profiling.spread import spread_of
from coterie.segmentation.base import horizon_days
from coterie.service.deps import AllProjects, SeesAll, ThisProject
from coterie.service.lists import Listing
from coterie.service.models import Wire
from coterie.service.models_people import CustomerPage, Rename, Segment, SegmentDetail, SegmentPage
from coterie.service.problems import ConflictError
from coterie.service.published import segments_for
from coterie.service.reading import RunId, SegmentId, chosen, day_of, made, plain, segment_of
from coterie.store.members import NOBODY

router = APIRouter(tags=["segments"])
_RUNS = 12
"""Runs back to which a segment is followed."""


class Note(Wire):
    """Who cares for a segment, and what is done for it; both may be empty."""

    owner: Annotated[str, Field(max_length=80, examples=["Ana Diaz"])] = ""
    action: Annotated[str, Field(max_length=280, examples=["First look at new ranges"])] = ""


class Size(BaseModel):
    """How many were in a segment, as a run tells it; null where they are few."""

    run_id: str
    as_of: date | None = None
    n: int | None
    share: float | None


class Sizes(BaseModel):
    """A segment through the runs, the oldest first; runs that lack it are left out."""

    items: list[Size]


class Curve(BaseModel):
    """The share that has not ordered again after so many days; of those with an order."""

    days: list[float]
    away: list[float]
    low: list[float]
    high: list[float]
    customers: int
    median_days: float | None = None


class Reach(BaseModel):
    """Who leaves among the likeliest to, for some numbers of them; a range of chance alone."""

    n: list[int]
    leave: list[float]
    low: list[float]
    high: list[float]
    random: Annotated[list[float], Field(description="Among as many who are drawn at random.")]


class Dots(BaseModel):
    """What each of some customers spent, and what is known of all of them."""

    n: int
    median: float | None
    below: Annotated[int, Field(description="Who spent nothing or less: they have no dot.")]
    values: Annotated[list[float], Field(description="Above 0, ascending; at most 500.")]


class Spread(BaseModel):
    """Spend to date of a segment and of the rest; null without orders."""

    here: Dots | None
    rest: Dots | None


class AheadOfSegment(BaseModel):
    """What a segment is expected to do, all its members together."""

    horizon_days: int
    currency: str
    n: int
    spend: float | None
    orders: float | None
    churn: Annotated[float | None, Field(description="The mean chance to leave.")]
    returns: Curve | None = None
    reach: Reach | None = None


@router.get("/projects/{project}/segments")
def list_segments(served: ThisProject, whole: SeesAll, run_id: RunId = "") -> SegmentPage:
    """List the segments of the published run, or of another, by value falling.

    To viewers figures of few customers are null, with the reason beside them.
    """
    run = chosen(served, run_id)
    items = [Segment(**plain(one)) for one in segments_for(served, run, whole=whole)]
    return SegmentPage(items=items, total=len(items), run_id=run.id, as_of=day_of(run))


@router.get("/projects/{project}/segments/{segment_id}")
def show_segment(
    served: ThisProject, whole: SeesAll, segment_id: SegmentId, run_id: RunId = ""
) -> SegmentDetail:
    """Show a segment: who they are, the rule that tells them, and what they hang on.

    To viewers figures of few customers are null, with the reason beside them.
    """
    run = chosen(served, run_id)
    segment_of(run, segment_id)
    shown = segments_for(served, run, whole=whole)
    (segment,) = (one for one in shown if one["id"] == segment_id)
    told = run.explain()
    (mine,) = (one for one in told["segments"] if one["id"] == segment_id)
    few = "drivers_reason" in segment
    more = {"importance": [] if few else mine["importance"], "fidelity": told["fidelity"]}
    return SegmentDetail(**plain({**segment, **more}), run_id=run.id, as_of=day_of(run))


@router.patch("/projects/{project}/segments/{segment_id}")
def rename_segment(
    served: ThisProject, projects: AllProjects, segment_id: SegmentId, wish: Rename
) -> SegmentDetail:
    """Rename a segment of the published run; the name stays with its id through refits."""
    now = segment_of(chosen(served), segment_id)["name"]
    if wish.was is not None and wish.was != now:
        raise ConflictError(
            f"Somebody renamed this to {now} meanwhile.",
            hint="Send that name as `was` to replace it.",
            where="was",
        )
    projects.project(served.name).rename(segment_id, wish.name)
    return show_segment(served, whole=True, segment_id=segment_id)


@router.put("/projects/{project}/segments/{segment_id}/note")
def note_segment(served: ThisProject, segment_id: SegmentId, wish: Note) -> Note:
    """Say who cares for a segment and what is done for it; it stays with its id through refits."""
    segment_of(chosen(served), segment_id)
    note = Note(owner=wish.owner.strip(), action=wish.action.strip())
    served.registry.note(segment_id, owner=note.owner, action=note.action)
    return note


@router.get("/projects/{project}/segments/{segment_id}/note")
def show_note(served: ThisProject, segment_id: SegmentId) -> Note:
    """Show who cares for a segment, and what is done for it."""
    segment_of(chosen(served), segment_id)
    return Note(**served.registry.notes().get(segment_id, {}))


@router.get("/projects/{project}/segments/{segment_id}/sizes")
def show_sizes(served: ThisProject, whole: SeesAll, segment_id: SegmentId) -> Sizes:
    """Show how large a segment was in the last runs, one a day: 12 at most.

    To viewers figures of few customers are null.
    """
    segment_of(chosen(served), segment_id)
    rows = [one for one in served.registry.runs() if not one["trial"]]
    newest = {row["as_of"]: row["run_id"] for row in reversed(rows)}
    newest[served.published()["as_of"]] = served.published()["run_id"]
    there = [name for name in newest.values() if served.home.has_run(name)]
    runs = [served.run_of(name) for name in there]
    runs = sorted(runs, key=lambda run: str(run.as_of))[-_RUNS:]
    return Sizes(
        items=[
            Size(run_id=run.id, as_of=day_of(run), n=one["n"], share=one["share"])
            for run in runs
            for one in segments_for(served, run, whole=whole)
            if one["id"] == segment_id
        ]
    )


@router.get("/projects/{project}/segments/{segment_id}/ahead")
def show_ahead(served: ThisProject, segment_id: SegmentId, run_id: RunId = "") -> AheadOfSegment:
    """Show what a segment is expected to spend, and how soon its members order again.

    It is worked out by the job ``value``; before that the answer is 409.
    """
    run = chosen(served, run_id)
    segment_of(run, segment_id)
    days = horizon_days(run.manifest["settings"]["segmentation"]["horizon"])
    value = Value(made(served, "value", run, horizon=days))
    told, rows = value.summary, value.table()
    (mine,) = (one for one in told["segments"] if one["id"] == segment_id)
    names = ("horizon_days", "currency")
    chances = to_floats(rows.filter(pc.equal(rows["segment_id"], segment_id))["churn"])
    more = {name: told[name] for name in names} | {"reach": reach(chances)}
    return AheadOfSegment(**plain({**mine, **more}))


@router.get("/projects/{project}/segments/{segment_id}/spread")
def show_spread(served: ThisProject, segment_id: SegmentId, run_id: RunId = "") -> Spread:
    """Show what each of at most 500 members spent, and as many of the rest."""
    run = chosen(served, run_id)
    segment_of(run, segment_id)
    return Spread(**spread_of(run, segment_id))


@router.get("/projects/{project}/segments/{segment_id}/members")
def list_members(
    served: ThisProject, segment_id: SegmentId, listing: Annotated[Listing, Depends()]
) -> CustomerPage:
    """List the customers of a segment of the published run; ``none`` is a segment here."""
    if segment_id != NOBODY:
        segment_of(chosen(served), segment_id)
    return listing.page(served, segment_id)
