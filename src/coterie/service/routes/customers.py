"""Customers: lists of them, and all that is known of one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pyarrow.parquet as pq
from fastapi import APIRouter, Depends, Query

from coterie.errors import ParameterError
from coterie.features.windows import to_date
from coterie.offers.kept_plan import Planned
from coterie.offers.kept_products import Products
from coterie.pipeline.feedback import fed, streamed_touches
from coterie.pipeline.forecast import Value
from coterie.pipeline.timeline import place, timeline
from coterie.segmentation.base import horizon_days
from coterie.service.deps import Cursor, Limit, ThisProject, from_cursor, to_cursor
from coterie.service.identities import ThisLooker
from coterie.service.lists import Listing, row_of
from coterie.service.models import Page
from coterie.service.models_people import (
    Ahead,
    CustomerDetail,
    CustomerPage,
    Entry,
    Move,
    Offered,
    ProductList,
    Supposed,
    Supposing,
    WhatIf,
    Why,
)
from coterie.service.projects import Served
from coterie.service.reading import CustomerId, customer_of, day_of, made, named, plain
from coterie.store.members import NOBODY

router = APIRouter(tags=["customers"])
# An id may hold a slash: what comes after one is looked for before the id itself.
Other = Annotated[str, Query(max_length=200, description="Id or name of a segment.")]


@router.get("/projects/{project}/customers")
def list_customers(
    served: ThisProject,
    looker: ThisLooker,
    listing: Annotated[Listing, Depends()],
    segment: Annotated[
        str, Query(max_length=100, description="Id of a segment, or ``none``.")
    ] = "",
    *,
    identity: Annotated[bool, Query(description="Also who they are, for who may see it.")] = False,
) -> CustomerPage:
    """List the customers of the published run."""
    known = named(served.run())
    if segment not in {"", NOBODY, *known}:
        raise ParameterError.unknown("segment", segment, [*known, NOBODY])
    page = listing.page(served, segment)
    if identity:
        looker.put("list_customers", page.items)
    return page


def _moves(served: Served, customer_id: str) -> list[dict[str, Any]]:
    segments = named(served.run())
    return [
        {
            **move,
            "as_of": _day(move["as_of"]),
            "segment_name": segments.get(move["segment_id"], {}).get("name"),
        }
        for move in served.registry.members.history(customer_id)
    ]


def _day(day: int | None) -> date | None:
    return None if day is None else to_date(day)


@router.get("/projects/{project}/customers/{customer_id:path}/why")
def why(served: ThisProject, customer_id: CustomerId, not_in: Other = "") -> Why:
    """Say why a customer is in her segment, or what keeps her out of another (``not_in``)."""
    run, _ = customer_of(served, customer_id)
    with served.explaining:
        found = run.why(customer_id, not_in=not_in)
    return Why(**plain({"customer_id": customer_id, **found}))


@router.get("/projects/{project}/customers/{customer_id:path}/what-if")
def what_if(served: ThisProject, customer_id: CustomerId, to: Other = "") -> WhatIf:
    """Show the cheapest action that would move a customer to a segment of higher value."""
    run, _ = customer_of(served, customer_id)
    with served.explaining:
        found = run.what_if(customer_id, to=to)
    return WhatIf(**plain(found))


@router.post("/projects/{project}/customers/{customer_id:path}/what-if")
def suppose(served: ThisProject, customer_id: CustomerId, body: Supposing) -> Supposed:
    """Score a customer again as if something of her had changed; nothing is stored.

    What can change is listed by ``levers``: of a customer with orders how many more, of what
    size, within how many days; else the columns that are not fixed.
    """
    run, _ = customer_of(served, customer_id)
    with served.explaining:
        levers = run.levers(customer_id)
        found = run.suppose(customer_id, body.changes) if body.changes else None
    return Supposed(**plain({"customer_id": customer_id, **(found or {}), "levers": levers}))


@router.get("/projects/{project}/customers/{customer_id:path}/timeline")
def show_timeline(
    served: ThisProject, customer_id: CustomerId, limit: Limit = 50, cursor: Cursor = ""
) -> Page[Entry]:
    """Show what happened to a customer, newest first.

    Orders and returns with their items, events, texts, contacts, and moves between segments,
    before the day of the published run.
    """
    run, _ = customer_of(served, customer_id)
    came = streamed_touches(served.registry, customer_id).to_pylist()
    entries = timeline(run, customer_id, feedback=fed(served.home), streamed=came)
    entries += [
        {
            "kind": "segment",
            # A run knows the days before its own.
            "day": to_date(move["as_of"] - 1).isoformat() if move["as_of"] is not None else None,
            "ts": None,
            "id": f"{number:06}-{move['run_id']}",
            **move,
            "as_of": _day(move["as_of"]),
            "segment_name": named(run).get(move["segment_id"], {}).get("name"),
        }
        for number, move in enumerate(served.registry.members.history(customer_id))
    ]
    entries.sort(key=place, reverse=True)
    after = from_cursor(cursor, 3)
    rest = [one for one in entries if after is None or place(one) < tuple(map(str, after))]
    more = len(rest) > limit
    return Page(
        items=[Entry(**plain(one)) for one in rest[:limit]],
        next=to_cursor(place(rest[limit - 1]) if more else None),
        total=len(entries),
    )


@router.get("/projects/{project}/customers/{customer_id:path}/value")
def show_value(
    served: ThisProject,
    customer_id: CustomerId,
    horizon: Annotated[str, Query(max_length=10, description="Such as ``90d``.")] = "",
) -> Ahead:
    """Show what a customer is expected to spend, and whether she leaves.

    It is worked out by the job ``value``; before that the answer is 409.
    """
    run, _ = customer_of(served, customer_id)
    days = horizon_days(horizon or run.manifest["settings"]["segmentation"]["horizon"])
    found = Value(made(served, "value", run, horizon=days))
    row = found.customer(customer_id)
    told = {name: found.summary[name] for name in ("horizon_days", "currency")}
    if row["spend"] is None:
        told["spend_reason"] = "No order counts for this customer."
    after = named(run).get(row["next_segment_id"] or "", {}).get("name")
    return Ahead(**plain({**row, **told, "next_segment_name": after}))


@router.get("/projects/{project}/customers/{customer_id:path}/products")
def show_products(
    served: ThisProject,
    customer_id: CustomerId,
    n: Annotated[int, Query(ge=1, le=10, description="Products at most.")] = 10,
    track: Annotated[
        Literal["again", "new"] | None, Query(description="Bought before, or new to her.")
    ] = None,
) -> ProductList:
    """List products for a customer; made by the job ``products``, before that 409."""
    run, _ = customer_of(served, customer_id)
    found = Products(made(served, "products", run))
    return ProductList(**plain(found.recommend(customer_id, n=n, track=track)))


@router.get("/projects/{project}/customers/{customer_id:path}/offers")
def show_offers(served: ThisProject, customer_id: CustomerId) -> Offered:
    """Show what a customer is offered next by the current plan, and which offers suit her.

    The plan is made by the job ``offers``; before that the answer is 409.
    """
    run, _ = customer_of(served, customer_id)
    plan = Planned(made(served, "offers", run))
    rows = pq.read_table(
        plan.folder / "plan.parquet", filters=[("customer_id", "=", customer_id)]
    ).to_pylist()
    return Offered(
        customer_id=customer_id,
        plan=plan.folder.name,
        day=plan.summary["day"],
        next=plain(rows[0]) if rows else None,
        eligible=plain(plan.offered(customer_id)),
    )


@router.get("/projects/{project}/customers/{customer_id:path}")
def show_customer(
    served: ThisProject, looker: ThisLooker, customer_id: CustomerId
) -> CustomerDetail:
    """Show a customer: segment and next nearest, value, features, and where she was before.

    Where names are kept encrypted, also who she is, for who may see it: a key needs the scope
    ``identities``.
    """
    run, row = customer_of(served, customer_id)
    found = run.customer(customer_id)
    shown = row_of(row, named(run))
    told = CustomerDetail(
        **shown,
        run_id=run.id,
        as_of=day_of(run),
        value_reason=found.get("value_reason"),
        features=plain(found["features"]),
        history=[Move(**move) for move in _moves(served, customer_id)],
    )
    looker.put("show_customer", [told])
    return told
