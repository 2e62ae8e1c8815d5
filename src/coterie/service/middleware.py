"""What holds for every request: its size, its id, its answer when asked twice, its tag."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coterie.service.ids import new_id
from coterie.service.params import ServerParams
from coterie.service.problems import answer, problem
from coterie.store.replies import Replies

_ID = re.compile(r"[\w.-]{1,100}", re.ASCII)
_PROJECT = re.compile(r"/api/v1/projects/([^/]+)/")
_FREE = ("/uploads", "/predict", "/events", "/session", "/users", "/keys", "/password")
"""Requests that may be large and do the same however often they come, and those whose answers
hold secrets, which are kept nowhere."""
_TAGGED = 1 << 20
"""Answers up to so many bytes get an ETag."""


class Limits:
    """Refuses bodies that are too large, also those that do not say how large they are."""

    def __init__(self, app: ASGIApp, params: ServerParams) -> None:
        self.app = app
        self.params = params

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        csv = headers.get("content-type", "").startswith("text/csv")
        large = scope["path"].endswith("/uploads") or (csv and scope["path"].endswith("/predict"))
        most = self.params.max_upload if large else self.params.max_body
        length = headers.get("content-length", "0")
        # A multipart body is a little longer than the file in it.
        room = most + (1 << 16)
        if not length.isdigit() or int(length) > room:
            error = _TooLarge(most)
            body = problem(error.status_code, error.code, str(error.detail))
            await answer(error.status_code, body)(scope, receive, send)
            return
        seen, began, whole = 0, False, False
        since = time.monotonic()

        async def counted() -> Message:
            nonlocal seen, whole
            if whole:
                return await receive()
            left = since + self.params.patience + seen / self.params.pace - time.monotonic()
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.0))
            except TimeoutError as error:
                raise _TooSlow from error
            whole = not message.get("more_body", False)
            seen += len(message.get("body", b""))
            if seen > room:
                raise _TooLarge(most)
            return message

        async def watched(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self.app(scope, counted, watched)
        except (_TooLarge, _TooSlow) as error:
            if not began:
                body = problem(error.status_code, error.code, str(error.detail))
                await answer(error.status_code, body, error.headers)(scope, receive, send)


class _TooLarge(HTTPException):
    """More came than is taken; of a kind that FastAPI does not take for a body it cannot read."""

    code = "too_large"

    def __init__(self, most: int) -> None:
        super().__init__(413, f"The request is larger than {most:,} bytes.")


class _TooSlow(HTTPException):
    """What was announced did not come."""

    code = "too_slow"

    def __init__(self) -> None:
        said = "The request did not come in time."
        super().__init__(408, said, headers={"connection": "close"})


class RequestIds:
    """Gives each request an id, which its answer and its lines in the log carry."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the id that came, if it is one, or make one."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else new_id()
        scope.setdefault("state", {})["request_id"] = request_id

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        await self.app(scope, receive, marked)


class Tags:
    """Gives answers to GET an ETag, and answers 304 to whoever has them already."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold small JSON answers back until they are whole."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        held: list[Message] = []
        passing = False
        known = Headers(scope=scope).get("if-none-match", "")

        async def tagged(message: Message) -> None:
            nonlocal passing
            if passing:
                await send(message)
                return
            held.append(message)
            if message["type"] == "http.response.start":
                headers = Headers(raw=message["headers"])
                length = int(headers.get("content-length", _TAGGED + 1))
                json_like = "json" in headers.get("content-type", "")
                if message["status"] != 200 or not json_like or length > _TAGGED:
                    passing = True
                    await send(held.pop())
                return
            if message.get("more_body"):
                return
            body = b"".join(one.get("body", b"") for one in held[1:])
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            headers = MutableHeaders(raw=held[0]["headers"])
            headers["etag"] = tag
            headers["cache-control"] = "private, no-cache"
            start = dict(held[0], headers=headers.raw)
            if tag in {one.strip().removeprefix("W/") for one in known.split(",")}:
                del headers["content-length"]
                await send(dict(start, status=304, headers=headers.raw))
                await send({"type": "http.response.body", "body": b""})
                return
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, tagged)


class Idempotency:
    """Answers a POST that comes again with the same Idempotency-Key as it was answered before."""

    def __init__(self, app: ASGIApp, replies: Replies, clock: Callable[[], datetime]) -> None:
        self.app = app
        self.replies = replies
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep the answer of the first, give it to the others."""
        key = Headers(scope=scope).get("idempotency-key") if scope["type"] == "http" else None
        if key is None or scope["method"] != "POST" or scope["path"].endswith(_FREE):
            await self.app(scope, receive, send)
            return
        if not _ID.fullmatch(key):
            said = "An Idempotency-Key has 1 to 100 letters, digits, dots, hyphens."
            await answer(422, problem(422, "invalid_request", said))(scope, receive, send)
            return
        given = await _whole(receive)
        place = f"{scope['path']}?".encode() + scope["query_string"]
        request = hashlib.sha256(place + b"\n" + given).hexdigest()
        found = _PROJECT.match(scope["path"])
        owner = found[1] if found else ""
        who = scope["state"]["who"]
        key = f"{who.id} {key}" if who.id else key  # nobody is told what another was answered
        reply = await run_in_threadpool(self.replies.begin, owner, key, request, now=self.clock())
        if reply is None:
            await self._first(scope, given, send, (owner, key))
            return
        if reply.request != request:
            said = "This Idempotency-Key came before, with another request."
            body = problem(422, "idempotency_key_reused", said)
            await answer(422, body)(scope, receive, send)
        elif reply.status is None:
            said = "The first request with this Idempotency-Key is still at work."
            await answer(409, problem(409, "conflict", said))(scope, receive, send)
        else:
            await _again(send, reply.status, reply.body)

    async def _first(self, scope: Scope, body: bytes, send: Send, place: tuple[str, str]) -> None:
        """Keep the answer, then give it: who asks again at once is answered the same."""
        messages: list[Message] = []

        async def held(message: Message) -> None:
            messages.append(message)

        outcome = None
        try:
            await self.app(scope, _given(body), held)
            outcome = _outcome(messages)
        finally:
            await run_in_threadpool(self.replies.end, *place, outcome)
        for message in messages:
            await send(message)


def _outcome(messages: list[Message]) -> tuple[int, str] | None:
    """Return what is to be remembered; what failed on our side may be tried again."""
    start, *parts = messages
    if start["status"] >= 500:
        return None
    headers = Headers(raw=start["headers"])
    kept = {name: headers[name] for name in ("content-type", "location") if name in headers}
    said = b"".join(part.get("body", b"") for part in parts)
    return start["status"], json.dumps({"headers": kept, "body": said.decode()})


def _given(body: bytes) -> Callable[[], Awaitable[Message]]:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _whole(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _again(send: Send, status: int, kept: str) -> None:
    told = json.loads(kept)
    body = told["body"].encode()
    headers = {**told["headers"], "content-length": str(len(body)), "idempotent-replayed": "true"}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
