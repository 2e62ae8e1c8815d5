"""The web application: files that were built beforehand, and nothing from any other host.

Addresses of its pages are all answered with the one page it has; it draws the right one by
itself. Each load of that page gets a new nonce, without which the browser takes no style tag.
"""

from __future__ import annotations

import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from coterie.privacy.keys import unguessable
from coterie.service.problems import NotFoundError

BUILT = Path(__file__).with_name("web")
"""Where ``make ui`` puts the files."""
NONCE = "__COTERIE_NONCE__"
"""The word in the built page in whose place the nonce is put."""
_FOREVER = "public, max-age=31536000, immutable"
_PACKED = ("text/", "application/javascript", "image/svg+xml")
_UNBUILT = (
    "<!doctype html><html lang='en'><meta charset='utf-8'><title>Coterie</title>"
    "<h1>The web application is not built</h1>"
    "<p>Build it in the source folder: <code>make ui</code>. "
    "The installed package brings it along.</p>"
    "<p>What the server can do without it: <a href='/openapi.json'>/openapi.json</a></p></html>"
)

PAGES = (
    "/",
    "/sign-in",
    "/start",
    *(f"/{area}/{{rest:path}}" for area in ("start", "runs", "p", "admin")),
)
"""Addresses of its pages; what lies below them, it reads by itself."""

router = APIRouter(include_in_schema=False)


def policy(nonce: str) -> str:
    """Return what the page may load: its own files, its own server, and nothing else.

    Examples
    --------
    >>> policy("n1").split("; ")[:2]
    ["default-src 'none'", "script-src 'self'"]
    """
    return (
        "default-src 'none'; script-src 'self'; "
        f"style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def show_app() -> Response:
    """Show the application, or how to build it."""
    page = BUILT / "index.html"
    if not page.is_file():
        return HTMLResponse(_UNBUILT)
    nonce = unguessable(16).hex()
    text = page.read_text(encoding="utf-8").replace(NONCE, nonce)
    return HTMLResponse(
        text, headers={"cache-control": "no-cache", "content-security-policy": policy(nonce)}
    )


@router.api_route("/assets/{name}", methods=["GET", "HEAD"])
def show_asset(request: Request, name: str) -> Response:
    """Give a built file; its name changes with its content, so it is kept for good."""
    return _file(request, f"assets/{name}", _FOREVER)


@router.api_route("/favicon.svg", methods=["GET", "HEAD"])
def show_icon(request: Request) -> Response:
    """Give the icon."""
    return _file(request, "favicon.svg", "public, max-age=86400")


for page in PAGES:
    router.add_api_route(page, show_app, methods=["GET", "HEAD"])


def _file(request: Request, name: str, keep: str) -> Response:
    place = BUILT / name
    # A name is one part of a path, but an encoded ".." or slash must not lead out either.
    if not place.resolve().is_relative_to(BUILT.resolve()) or not place.is_file():
        raise NotFoundError(f"There is no file {name[:80]}.")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = {"text/javascript": "application/javascript"}.get(kind, kind)
    headers = {"cache-control": keep, "vary": "accept-encoding"}
    body = place.read_bytes()
    if kind.startswith(_PACKED) and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        body = _packed(body)
    return Response(body, media_type=kind, headers=headers)


@lru_cache(maxsize=256)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, 9, mtime=0)
