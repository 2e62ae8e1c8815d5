"""Headers that every answer carries: browsers are told to trust nothing more than they must."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = "content-security-policy"
STRICT = {
    _POLICY: "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""Of answers that are no page; a route may set another policy for what it shows."""
PAGE = (
    "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'self'; "
    "object-src 'none'; frame-ancestors 'none'"
)
"""The policy of pages of the application: all comes from here, nothing is written inline."""
_YEAR = "max-age=31536000"


class Strict:
    """Adds the headers to whatever leaves, unless a route has set its own."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        wanted = {**STRICT, "strict-transport-security": _YEAR} if secure else STRICT
        self._always = _raw(wanted)
        self._page = _raw({**wanted, _POLICY: PAGE})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add them when the answer begins."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = dict(message["headers"])
                is_page = given.get(b"content-type", b"").startswith(b"text/html")
                wanted = self._page if is_page else self._always
                more = [pair for pair in wanted if pair[0] not in given]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await self.app(scope, receive, strict)


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]
