"""What goes over the wire about segments and customers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from coterie.service.models import Page, Wire


class Open(BaseModel):
    """An answer of the core: what is not named here is handed on as it is."""

    model_config = ConfigDict(extra="allow")


class Segment(Open):
    """A segment of a run."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "id": "seg-002",
                "slot": 2,
                "name": "Loyal",
                "name_source": "lexicon",
                "description": "Order about every 26 days; last order 9 days ago (medians).",
                "n": 339,
                "share": 0.078,
                "value_share": 0.249,
                "status": "live",
            }
        },
    )
    id: str
    slot: Annotated[int | None, Field(description="Colour and shape, 1 to 12.")] = None
    name: str
    name_source: Annotated[str, Field(description="lexicon, contrast or user.")]
    description: str = ""
    n: Annotated[int | None, Field(description="Customers; null where they are few.")]
    share: float | None
    value_share: float | None = None
    value_share_ci: list[float] | None = None
    stability: dict[str, Any] | float | None = None
    verdict: str | None = None
    born_run: str | None = None
    parents: list[str] = []
    status: str = "live"
    drivers: list[dict[str, Any]] = []
    rule: dict[str, Any] | None = None
    next: dict[str, Any] | None = None
    top_products: list[dict[str, Any]] | None = None
    suppressed: bool = False


class SegmentDetail(Segment):
    """A segment, and what it hangs on."""

    run_id: str
    as_of: date | None = None
    importance: Annotated[
        list[dict[str, Any]],
        Field(description="The share of members who would leave if a column were another's."),
    ] = []
    fidelity: Annotated[
        float | None, Field(description="Share of customers whom rules put where they belong.")
    ] = None


class SegmentPage(Page[Segment]):
    """The segments of a run, by value falling."""

    run_id: str
    as_of: date | None = None


class Rename(Wire):
    """A name for a segment; it survives refits."""

    name: str = Field(max_length=200, description="One to four words; empty takes it back.")
    was: str | None = Field(
        default=None,
        max_length=200,
        description="The name it has, if it matters that nobody renamed it meanwhile.",
    )


class Customer(BaseModel):
    """A customer in a list; unknown is null."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "customer_id": "12347",
                "segment_id": "seg-003",
                "segment_name": "Potential loyalists",
                "slot": 3,
                "second_id": "seg-002",
                "second_name": "Loyal",
                "margin": 0.18,
                "status": "ok",
                "value": 800.5,
                "monetary": 4310.0,
                "recency": 2.0,
                "frequency": 7.0,
            }
        }
    )
    customer_id: str
    segment_id: str = Field(description="``none`` for customers in no segment.")
    segment_name: str | None = None
    slot: int | None = None
    second_id: str | None = None
    second_name: str | None = None
    margin: float | None = Field(default=None, description="How clearly she is there, 0 to 1.")
    status: str
    value: float | None = Field(default=None, description="Expected spend within the horizon.")
    monetary: float | None = None
    recency: float | None = None
    frequency: float | None = None
    identity: Annotated[
        dict[str, str] | None,
        Field(description="Name, e-mail and the like; a look at them stands in the audit log."),
    ] = None
    identity_reason: Annotated[str | None, Field(description="Why they are not told.")] = None


class CustomerPage(Page[Customer]):
    """Customers of a run. A list goes on with the run with which it began."""

    run_id: str
    as_of: date | None = None


class Move(BaseModel):
    """When a customer came into a segment."""

    run_id: str
    as_of: date | None = None
    segment_id: str
    segment_name: str | None = None


class CustomerDetail(Customer):
    """All that a run knows of a customer."""

    run_id: str
    as_of: date | None = None
    value_reason: Annotated[str | None, Field(description="Why the value is unknown.")] = None
    features: dict[str, Any]
    history: list[Move]


class Why(Open):
    """Why a customer is in her segment, or not in another."""

    customer_id: str
    segment: dict[str, Any] | None = None
    reasons: list[dict[str, Any]] | None = None
    gaps: list[dict[str, Any]] | None = None


class WhatIf(Open):
    """The cheapest action that would move a customer; it describes the model alone."""

    customer_id: str
    segment: dict[str, Any] | None = None
    action: dict[str, Any] | list[dict[str, Any]] | None = None
    reaches: dict[str, Any] | None = None
    text: str


Value = Annotated[bool | float | Annotated[str, Field(max_length=1_000)], Field()]


class Supposing(BaseModel):
    """What is supposed of a customer; without any change only her levers are answered."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"changes": {"orders": 1, "amount": 616, "days": 14}}]},
    )

    changes: dict[Annotated[str, Field(max_length=200)], Value] = Field(
        default_factory=dict, max_length=50
    )


class Lever(BaseModel):
    """Something of a customer that can change."""

    name: str
    label: str
    value: Value | None
    unit: str
    low: float | None
    high: float | None
    step: float | None
    least: float | None
    most: float | None
    values: list[Value]


class Outcome(BaseModel):
    """Where a customer is or would be."""

    segment: dict[str, Any] | None = None
    value: float | None = Field(default=None, description="Expected spend, where it is known.")


class Supposed(BaseModel):
    """Where a customer would be if something of her changed."""

    customer_id: str
    levers: list[Lever]
    changes: dict[str, Value] = {}
    now: Outcome | None = None
    then: Outcome | None = None
    idle: Outcome | None = Field(default=None, description="As long without any order.")
    text: str = ""


class Entry(Open):
    """Something that happened to a customer."""

    kind: Literal["order", "return", "event", "text", "touch", "segment"]
    day: date | None = None
    ts: str | None = None
    id: str


class Ahead(Open):
    """What a customer is expected to do within the horizon."""

    customer_id: str
    horizon_days: int
    currency: str
    spend: float | None = None
    spend_reason: str | None = None
    spend_low: float | None = None
    spend_high: float | None = None
    orders: float | None = None
    churn: float | None = None
    next_segment_id: str | None = None
    next_segment_name: str | None = None


class ProductList(BaseModel):
    """Products for a customer."""

    customer_id: str
    known: bool = Field(description="Whether she has bought any product.")
    note: str = ""
    items: list[dict[str, Any]]


class Offered(BaseModel):
    """What a customer is offered by the current plan, and which offers suit her."""

    customer_id: str
    plan: str = Field(description="Id of the plan.")
    day: Annotated[date | None, Field(description="Day of the plan.")] = None
    next: dict[str, Any] | None = Field(description="Null: she is not contacted by this plan.")
    eligible: list[dict[str, Any]] | None = Field(
        description="Offers that suit her, and whether she may be contacted now."
    )
