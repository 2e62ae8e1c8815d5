"""What goes over the wire of a stream: what became of events, where it stands, who moved."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

EVENT = {
    "id": "e-1",
    "type": "order",
    "customer_id": "17850",
    "timestamp": "2026-01-02T10:00:00Z",
    "order_id": "581483",
    "product_id": "23843",
    "quantity": 2,
    "unit_price": 2.08,
}
"""An event, for examples."""


class Refusal(BaseModel):
    """A message that cannot be used; it is kept as a dead letter."""

    at: int = Field(description="Place of the message in the request, from 0.")
    reason: str = Field(description="One word, such as ``bad_json`` or ``future_date``.")
    message: str


class EventsTaken(BaseModel):
    """What became of the messages of a request; all of it is durable."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "accepted": 1,
                "repeated": 0,
                "late": 0,
                "refused": 1,
                "moves": 2,
                "refusals": [
                    {"at": 1, "reason": "bad_number", "message": "unit_price is below zero."}
                ],
            }
        }
    )
    accepted: int = Field(description="Used.")
    repeated: int = Field(description="Their id came before, so they changed nothing.")
    late: int = Field(description="Of those used: from before the day of the published run.")
    refused: int = Field(description="Not usable; kept as dead letters.")
    moves: int = Field(description="Changes told of the customers of these messages.")
    refusals: list[Refusal] = Field(description="The first 20 that were refused.")


class StreamStatus(BaseModel):
    """Where a stream stands and how fast it flows; ``open`` is false before its first event."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "open": True,
                "run_id": "20260101-000000-ab12cd",
                "watermark": "2026-01-01",
                "as_of": "2026-01-03",
                "accepted": 1240,
                "moves": 311,
                "delay_seconds": 0.3,
                "events_per_second": 20.6,
            }
        }
    )
    open: bool
    run_id: str | None = Field(None, description="The run whose model places customers.")
    model_id: str | None = None
    watermark: date | None = Field(None, description="Before this day the run saw everything.")
    as_of: date | None = Field(None, description="Customers are placed as of this day.")
    sweeping: bool = Field(default=False, description="Whether a new day is being worked out.")
    accepted: int = 0
    repeated: int = 0
    late: int = 0
    refused: int = 0
    moves: int = 0
    moves_today: int = Field(0, description="Since midnight of the project.")
    last_event: datetime | None = Field(None, description="The latest time that an event had.")
    at: datetime | None = Field(None, description="When something came last.")
    now: datetime | None = Field(None, description="What time it is here.")
    delay_seconds: float | None = Field(
        None, description="From the time of the last event until it was counted."
    )
    events_per_second: float = Field(0.0, description="Over the last minute.")
    recent: list[float] = Field([], description="Events a second in each part of that minute.")
    usual_gap_seconds: float | None = Field(
        None, description="Usual time between two events while they come; null if not known yet."
    )


class StreamMove(BaseModel):
    """What is told of a customer: she entered a segment, left one, or her value changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "seq": 311,
                "id": "9f2c5e0a7b1d4c3e8f6a5b2c",
                "type": "segment.entered",
                "cause": "event",
                "customer_id": "17850",
                "from_id": "seg-003",
                "to_id": "seg-001",
                "before": None,
                "after": None,
                "margin": 0.42,
                "model_id": "m-1",
                "as_of": "2026-01-03",
                "ts": "2026-01-02T10:00:00Z",
                "at": "2026-01-02T10:00:00.3Z",
            }
        }
    )
    seq: int = Field(description="In the order in which they were committed.")
    id: str = Field(description="The same however often it is told.")
    type: Literal["segment.entered", "segment.left", "value.changed"]
    cause: Literal["event", "time", "model", "correction"]
    customer_id: str
    from_id: str | None = None
    to_id: str | None = None
    before: float | None = Field(None, description="Expected value as it was told before.")
    after: float | None = None
    margin: float | None = Field(None, description="How surely she is in her segment, 0 to 1.")
    model_id: str
    as_of: date
    ts: datetime | None = Field(None, description="Of her last event.")
    at: datetime = Field(description="When it was told.")


class MovePage(BaseModel):
    """Moves in order; ask again with ``after`` = ``last`` for those that come later."""

    items: list[StreamMove]
    last: int = Field(description="Number of the last of these, or ``after`` if there are none.")
    more: bool = Field(description="Whether there are more already.")


class LiveCustomer(BaseModel):
    """Where a customer stands now."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "customer_id": "17850",
                "segment_id": "seg-001",
                "label_id": "seg-001",
                "name": "Loyal",
                "since": "2026-01-02",
                "margin": 0.42,
                "value": 893.0,
                "as_of": "2026-01-03",
                "last_event": "2026-01-02T10:00:00Z",
                "features": {"frequency": 8.0},
                "measures": {"lines": 31},
            }
        }
    )
    customer_id: str
    segment_id: str = Field(description="What the model says now.")
    label_id: str = Field(
        description="By which she is called: another only once it is clearly nearer."
    )
    name: str | None = Field(None, description="Name of ``label_id``.")
    since: date = Field(description="Since when she is called so.")
    margin: float | None = None
    value: float | None = Field(None, description="Expected value over the horizon.")
    as_of: date
    last_event: datetime | None = None
    features: dict[str, Any] = Field(description="Her features, by name, as of that day.")
    measures: dict[str, int | None] = Field(description="The exact integers they are made of.")


class DeadLetter(BaseModel):
    """A message that could not be used or delivered."""

    seq: int
    source: str = Field(description="Where it came from.", examples=["http"])
    reason: str = Field(examples=["bad_json"])
    message: str
    raw: str = Field(description="Its first 10,000 characters; empty where nothing may be kept.")
    at: datetime


class DeadPage(BaseModel):
    """Dead letters, the oldest first."""

    items: list[DeadLetter]
    next: int | None = Field(description="``after`` of the next page; null on the last.")
    total: int
    reasons: dict[str, int] = Field(description="How many of each reason, in all.")


class Removed(BaseModel):
    """How many were forgotten."""

    removed: int


class Swept(BaseModel):
    """What a look at the day told."""

    as_of: Annotated[date | None, Field(description="Customers are placed as of this day.")]
    moves: int


class Retried(EventsTaken):
    """What became of dead letters that were taken again; what is refused again stays one."""

    left: int = Field(description="Letters that were not taken: cut, or not of a message.")
