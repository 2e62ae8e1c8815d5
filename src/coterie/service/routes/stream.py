"""Events as they happen: taken in, and who moved by them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import Future
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from coterie.errors import DataError, ParameterError
from coterie.service.deps import Limit, ThisProject, get_served, only_project
from coterie.service.feeds import LOOK, Feed, Feeds
from coterie.service.models_stream import (
    EVENT,
    DeadLetter,
    DeadPage,
    EventsTaken,
    LiveCustomer,
    MovePage,
    Refusal,
    Removed,
    Retried,
    StreamMove,
    StreamStatus,
    Swept,
)
from coterie.service.problems import NotFoundError, TooLargeError
from coterie.service.reading import CustomerId, named, plain
from coterie.streaming.messages import MAX_TEXT, split
from coterie.streaming.processor import Done

router = APIRouter(tags=["stream"])
MOST = 50_000
"""Messages of one request."""
SHOWN = 20
"""Refusals that an answer repeats."""
NEWEST = 50
RETRIED = 5_000
"""Dead letters that are taken again at once."""
BEAT = 15.0
"""Seconds of silence after which whoever follows is told that the line still stands."""
LONGEST = 900.0
"""Seconds after which who follows has to ask again, and is asked again who she is."""
_JSON = ("application/json", "text/json", "")
_LINES = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/jsonlines",
)
_RAW = msgspec.json.Decoder(msgspec.Raw)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]
                },
                "example": EVENT,
            },
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": f"{json.dumps(EVENT)}\n",
            },
        },
    }
}
_LIVE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
ProjectName = Annotated[str, InPath(description="Name of the project.", max_length=63)]
Seq = Annotated[int, Query(ge=0, le=2**53, description="Number after which to go on.")]
Letter = Annotated[int, Query(ge=0, le=2**53, description="One letter alone; 0: not so.")]
Reason = Annotated[str, Query(max_length=100, description="Of this reason alone.")]
Whose = Annotated[str, Query(max_length=1_000, description="Of this customer alone.")]


def get_feed(request: Request, served: ThisProject) -> Feed:
    """Return the stream of the project, whether or not it has begun."""
    feeds: Feeds = request.app.state.feeds
    return feeds.of(served)


def begun(feed: Annotated[Feed, Depends(get_feed)]) -> Feed:
    """Return the stream of the project, which has begun."""
    feed.check()
    return feed


ThisFeed = Annotated[Feed, Depends(get_feed)]
Begun = Annotated[Feed, Depends(begun)]


@router.post(
    "/projects/{project}/events", status_code=202, openapi_extra=_BODY, response_model=EventsTaken
)
async def send_events(request: Request, project: ProjectName) -> EventsTaken:
    """Take events: one object, a list of them, or one a line (NDJSON).

    It is answered once they are durable. An id that came before changes nothing, so whoever got
    no answer may send again. What cannot be used is counted, and kept as a dead letter.
    """
    return await _send(request, project)


@router.post("/events", status_code=202, openapi_extra=_BODY, response_model=EventsTaken)
async def send_events_here(
    request: Request,
    project: Annotated[str, Query(max_length=63, description="Needed if there are several.")] = "",
) -> EventsTaken:
    """Take events of the project that is named, or of the only one there is."""
    return await _send(request, project or await run_in_threadpool(only_project, request))


async def _send(request: Request, project: str) -> EventsTaken:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {*_JSON, *_LINES}:
        raise ParameterError(
            f"{kind[:100]!r} is not understood.",
            allowed="application/json, application/x-ndjson",
            where="content-type",
        )
    messages = _messages(await request.body())
    served = await run_in_threadpool(get_served, request, request.app.state.projects, project)
    return _taken(await _done(get_feed(request, served).intake.put(messages)))


async def _done(told: Future[Done]) -> Done:
    return await asyncio.wrap_future(told)


def _messages(body: bytes) -> list[bytes]:
    """Split a body; what is no JSON at all is refused as a whole."""
    hint = '{"id": …, "type": "order", …}, a list of such, or one a line'
    try:
        messages = split(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"This is no JSON: {error}.", hint=hint) from error
    if not any(map(_is_json, messages)):
        raise DataError("This is no JSON." if messages else "Nothing was sent.", hint=hint)
    if len(messages) > MOST:
        raise TooLargeError(
            f"The request has {len(messages):,} messages.", allowed=f"at most {MOST:,}"
        )
    return messages


def _is_json(message: bytes) -> bool:
    try:
        _RAW.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _taken(done: Done) -> EventsTaken:
    return EventsTaken(**_counted(done))


def _counted(done: Done) -> dict[str, Any]:
    names = ("accepted", "repeated", "late", "refused", "moves")
    first = sorted(done.refusals, key=lambda one: one.at)[:SHOWN]
    shown = [Refusal(at=one.at, reason=one.reason, message=one.message) for one in first]
    return {**{name: getattr(done, name) for name in names}, "refusals": shown}


@router.get("/projects/{project}/stream")
def show_stream(feed: ThisFeed) -> StreamStatus:
    """Show where the stream stands, what came, and how fast it flows."""
    return StreamStatus.model_validate(feed.status() if feed.exists else {"open": False})


@router.post("/projects/{project}/stream/sweep")
def sweep_stream(feed: Begun) -> Swept:
    """Follow the published run and the day now; it is done by itself within a minute."""
    done = feed.intake.look_at_day().result()
    return Swept(as_of=feed.reader.status()["as_of"], moves=done.moves)


@router.get("/projects/{project}/stream/moves")
def list_stream_moves(
    feed: Begun, after: Seq = 0, limit: Limit = 50, customer: Whose = ""
) -> MovePage:
    """List who moved, in the order in which it was told, after a number."""
    found = feed.reader.moves(after, limit + 1, customer=customer)
    items = [StreamMove.model_validate(one) for one in found[:limit]]
    return MovePage(items=items, last=items[-1].seq if items else after, more=len(found) > limit)


@router.get(
    "/projects/{project}/stream/moves/live", response_class=StreamingResponse, responses=_LIVE
)
async def follow_moves(
    request: Request,
    served: ThisProject,
    newest: Annotated[
        int, Query(ge=0, le=NEWEST, description="So many of the last are told first.")
    ] = 0,
    last_event_id: Annotated[
        str, Header(max_length=20, description="Goes on after this number.")
    ] = "",
) -> StreamingResponse:
    """Follow who moves: server-sent events ``move``, each with its number as id.

    A line that was cut goes on by ``Last-Event-ID`` where it ended. After a quarter of an hour it
    ends by itself, and is to be opened again.
    """
    feed = get_feed(request, served)
    await run_in_threadpool(feed.check)
    if last_event_id.isdecimal():
        first, after = [], int(last_event_id)
    else:
        first = await run_in_threadpool(feed.reader.newest, newest) if newest else []
        after = first[-1]["seq"] if first else await run_in_threadpool(feed.reader.last)
    return StreamingResponse(
        _live(request, feed, first, after),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _live(
    request: Request, feed: Feed, first: list[dict[str, Any]], after: int
) -> AsyncIterator[str]:
    feed.figures.clients.inc()
    try:
        yield ": follows\n\n" + "".join(map(_event, first))
        loop = asyncio.get_running_loop()
        began = said = loop.time()
        while loop.time() - began < LONGEST and not request.app.state.ending():
            if await request.is_disconnected():
                return
            if await run_in_threadpool(feed.last) > after:
                found = await run_in_threadpool(feed.reader.moves, after, 500)
                if found:
                    after, said = found[-1]["seq"], loop.time()
                    yield "".join(map(_event, found))
                    continue
            if loop.time() - said >= BEAT:
                said = loop.time()
                yield ": beat\n\n"
            await asyncio.sleep(LOOK)
    finally:
        feed.figures.clients.dec()


def _event(move: dict[str, Any]) -> str:
    return f"event: move\nid: {move['seq']}\ndata: {json.dumps(move)}\n\n"


@router.get("/projects/{project}/stream/customers/{customer_id:path}")
def show_live_customer(feed: Begun, customer_id: CustomerId) -> LiveCustomer:
    """Show where a customer stands now, by all that came until now."""
    found = feed.customer(customer_id)
    if found is None:
        raise NotFoundError(
            f"The stream knows nobody with the id {customer_id[:200]!r}.", where="customer_id"
        )
    name = named(feed.served.run()).get(found["label_id"], {}).get("name")
    return LiveCustomer(**plain(found), name=name)


@router.get("/projects/{project}/stream/dead")
def list_dead(feed: Begun, after: Seq = 0, limit: Limit = 50, reason: Reason = "") -> DeadPage:
    """List messages that could not be used, or not be delivered, and why."""
    rows, reasons = feed.reader.dead(after, limit + 1, reason=reason)
    return DeadPage(
        items=[DeadLetter(**row) for row in rows[:limit]],
        next=rows[limit - 1]["seq"] if len(rows) > limit else None,
        total=reasons.get(reason, 0) if reason else sum(reasons.values()),
        reasons=reasons,
    )


@router.delete("/projects/{project}/stream/dead")
def remove_dead(feed: Begun, seq: Letter = 0, reason: Reason = "") -> Removed:
    """Forget dead letters: one, those of a reason, or all."""
    seqs = [seq] if seq else None
    return Removed(removed=feed.reader.remove_dead(reason=reason, seqs=seqs))


@router.post("/projects/{project}/stream/dead/retry")
def retry_dead(feed: Begun, seq: Letter = 0, reason: Reason = "") -> Retried:
    """Take dead letters again as if they came now: one, those of a reason, or all; 5,000 at once.

    They are no longer dead letters then, unless they are refused again.
    """
    found = feed.reader.retryable(RETRIED, reason=reason, seq=seq)
    whole = [one for one in found if 0 < len(one["raw"]) < MAX_TEXT]
    left = len(found) - len(whole)
    if not whole:
        return Retried(**_counted(Done(0, 0, 0, 0, 0)), left=left)
    done = feed.intake.put([one["raw"].encode() for one in whole], "retry").result()
    feed.reader.remove_dead(seqs=[one["seq"] for one in whole])
    return Retried(**_counted(done), left=left)
