"""Signing in and out, and who one is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from coterie.service import signin
from coterie.service.auth import Doors, get_came, get_doors
from coterie.service.came import Came
from coterie.service.deps import ThisWho
from coterie.service.models import Wire
from coterie.service.oidc import COOKIE, Oidc
from coterie.service.problems import ConflictError, NotFoundError
from coterie.service.who import Who

router = APIRouter(tags=["accounts"])
TheDoors = Annotated[Doors, Depends(get_doors)]
ThisCame = Annotated[Came, Depends(get_came)]
Email = Annotated[str, Field(min_length=3, max_length=254, examples=["ana@shop.example"])]
Password = Annotated[str, Field(min_length=1, max_length=1_000)]
_BACK = "come_back"


class SignIn(Wire):
    """E-mail and password."""

    email: Email
    password: Password


class NewPassword(Wire):
    """One's password, and the one that takes its place."""

    old: Password
    new: Annotated[str, Field(max_length=1_000)]


class Session(BaseModel):
    """Who is asking, and what she may."""

    accounts: bool = Field(description="Whether there are any; without, all is open to loopback.")
    signed_in: bool
    kind: str = Field(description="nobody, local, user or key.")
    id: str = ""
    name: str = ""
    email: str = ""
    admin: bool = False
    roles: dict[str, str] = Field(default={}, description="Project to viewer or analyst.")
    scopes: list[str] = Field(default=[], description="Of a key.")
    must_change: bool = Field(default=False, description="Whether the password is temporary.")
    csrf: str = Field(default="", description="To be sent as X-CSRF-Token with every change.")
    oidc: str = Field(default="", description="Name of the provider by which one may sign in.")


def _session(request: Request, who: Who, token: str = "") -> Session:
    doors = get_doors(request)
    oidc: Oidc | None = request.app.state.oidc
    return Session(
        accounts=who.kind != "local",
        signed_in=who.kind not in {"nobody", "local"},
        kind=who.kind,
        id=who.id,
        name=who.name,
        email=who.email,
        admin=who.admin,
        roles=dict(who.roles),
        scopes=sorted(who.scopes) if who.kind == "key" else [],
        must_change=who.temporary,
        csrf=doors.csrf(token) if token else "",
        oidc=oidc.params.name if oidc else "",
    )


@router.get("/session")
def show_session(request: Request, who: ThisWho, came: ThisCame) -> Session:
    """Tell who is asking, her roles, and the token that changes need."""
    return _session(request, who, came.cookie if who.kind == "user" else "")


@router.post("/session")
def sign_in(
    request: Request, response: Response, wish: SignIn, doors: TheDoors, came: ThisCame
) -> Session:
    """Sign in; the answer sets a cookie that no script can read."""
    token = signin.sign_in(doors, wish.email, wish.password, came, response)
    return _session(request, doors.find(came.with_cookie(token)), token)


@router.delete("/session", status_code=204)
def sign_out(response: Response, who: ThisWho, doors: TheDoors) -> None:
    """Sign out."""
    if who.kind == "user":
        signin.end(doors, who, response)


@router.put("/session/password")
def change_password(
    request: Request,
    response: Response,
    wish: NewPassword,
    who: ThisWho,
    doors: TheDoors,
    came: ThisCame,
) -> Session:
    """Change one's own password; all other sessions end."""
    if who.kind != "user":
        raise ConflictError("Nobody is signed in, so there is no password to change.")
    user = signin.change_password(doors, who, wish.old, wish.new, came)
    token = signin.begin(doors, user, came, response)
    return _session(request, doors.find(came.with_cookie(token)), token)


def _oidc(request: Request) -> Oidc:
    found: Oidc | None = request.app.state.oidc
    if found is None:
        raise NotFoundError("No provider is set up here.", hint="Sign in with e-mail and password.")
    return found


@router.get("/session/oidc", response_class=RedirectResponse, status_code=302)
def sign_in_elsewhere(request: Request, doors: TheDoors) -> RedirectResponse:
    """Go to the provider that knows who one is (OpenID Connect)."""
    url, cookie = _oidc(request).start(str(request.url_for(_BACK)), now=doors.clock())
    answer = RedirectResponse(url, status_code=302)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=600,
        secure=doors.params.secure,
        httponly=True,
        samesite="lax",
        path=request.url_for(_BACK).path,
    )
    return answer


@router.get("/session/oidc/callback", response_class=RedirectResponse, status_code=303)
def come_back(
    request: Request,
    doors: TheDoors,
    came: ThisCame,
    code: Annotated[str, Query(max_length=4_000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> RedirectResponse:
    """Come back from the provider, signed in."""
    back = str(request.url_for(_BACK))
    oidc = _oidc(request)
    user = oidc.finish(doors, (code, state, came.named(COOKIE)), back, came)
    answer = RedirectResponse("/", status_code=303)
    signin.begin(doors, user, came, answer, by="oidc")
    answer.delete_cookie(COOKIE, path=request.url_for(_BACK).path)
    return answer
