"""Segments: what they are, what they are called, and who is in them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from coterie.service.deps import AllProjects, SeesAll, ThisProject
from coterie.service.lists import Listing
from coterie.service.models_people import CustomerPage, Rename, Segment, SegmentDetail, SegmentPage
from coterie.service.problems import ConflictError
from coterie.service.published import segments_for
from coterie.service.reading import RunId, SegmentId, chosen, day_of, plain, segment_of
from coterie.store.members import NOBODY

router = APIRouter(tags=["segments"])


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


@router.get("/projects/{project}/segments/{segment_id}/members")
def list_members(
    served: ThisProject, segment_id: SegmentId, listing: Annotated[Listing, Depends()]
) -> CustomerPage:
    """List the customers of a segment of the published run; ``none`` is a segment here."""
    if segment_id != NOBODY:
        segment_of(chosen(served), segment_id)
    return listing.page(served, segment_id)
