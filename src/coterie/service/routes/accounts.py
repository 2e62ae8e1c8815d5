"""Users and keys: for admins; what is secret is shown once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from coterie.features.windows import to_date
from coterie.service.auth import new_key
from coterie.service.deps import AllProjects, Now, ThisWho
from coterie.service.ids import new_id
from coterie.service.models import Name, Page, Wire
from coterie.service.passwords import hash_password, new_password
from coterie.service.problems import ConflictError, NotFoundError
from coterie.service.projects import Projects
from coterie.service.routes.session import Email, TheDoors
from coterie.store.accounts import User

router = APIRouter(tags=["accounts"])
Role = Literal["viewer", "analyst"]
Scope = Literal["read", "customers", "identities", "predict", "run", "feedback", "events", "admin"]
UserId = Annotated[str, InPath(description="Id of the user.", max_length=40)]
KeyId = Annotated[str, InPath(description="Id of the key.", max_length=40)]
Roles = Annotated[dict[Name, Role], Field(max_length=1_000, description="Project to role.")]


class NewUser(Wire):
    """Somebody who is invited."""

    email: Email
    name: Annotated[str, Field(max_length=200)] = ""
    admin: bool = False
    roles: Roles = {}


class UserChange(Wire):
    """What is to be different; what is left out stays, a role of null is taken away."""

    name: Annotated[str | None, Field(max_length=200)] = None
    admin: bool | None = None
    disabled: bool | None = None
    roles: Annotated[dict[Name, Role | None], Field(max_length=1_000)] = {}


class UserInfo(BaseModel):
    """A user."""

    id: str
    email: str
    name: str
    admin: bool
    disabled: bool
    must_change: bool = Field(description="Whether the password is temporary.")
    roles: dict[str, str]
    created: datetime


class Invited(UserInfo):
    """A user and the password for the first sign-in: it is shown once."""

    password: str


class NewKey(Wire):
    """A key for a program."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = Field(examples=["nightly"])
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=8)]
    project: Annotated[str, Field(max_length=63, description="Empty: all projects.")] = ""
    days: Annotated[int, Field(ge=1, le=3_650, description="After which it ends.")] = 90


class KeyInfo(BaseModel):
    """A key, without what is secret."""

    id: str
    name: str
    scopes: list[str]
    project: str
    made_by: str = Field(description="Id of the user.")
    created: datetime
    expires: datetime
    revoked: datetime | None = None
    last_used: date | None = None


class MadeKey(KeyInfo):
    """A key: copy it now, it is not shown again."""

    key: str


@router.get("/users")
def list_users(doors: TheDoors) -> Page[UserInfo]:
    """List all users."""
    items = [UserInfo(**_user(user)) for user in doors.accounts.all()]
    return Page(items=items, total=len(items))


def _user(user: User) -> dict[str, Any]:
    told = {name: getattr(user, name) for name in ("id", "email", "name", "admin", "disabled")}
    return {
        **told,
        "must_change": user.temporary,
        "roles": dict(user.roles),
        "created": user.created,
    }


@router.post("/users", status_code=201)
def create_user(
    wish: NewUser, who: ThisWho, doors: TheDoors, projects: AllProjects, now: Now
) -> Invited:
    """Invite somebody: the password is shown once and must be changed at the first sign-in."""
    if who.kind == "local":
        raise ConflictError(
            "No users yet.", hint="The first is made on the server: coterie admin create"
        )
    _check(projects, wish.roles)
    password = new_password()
    row = {"id": new_id("u"), "email": wish.email, "name": wish.name, "admin": wish.admin}
    row |= {"password": hash_password(password), "temporary": True}
    user = doors.accounts.add(row, roles=wish.roles, now=now)
    doors.note("user.made", who, user=user.id)
    return Invited(**_user(user), password=password)


@router.patch("/users/{user_id}")
def change_user(
    wish: UserChange, who: ThisWho, doors: TheDoors, projects: AllProjects, user_id: UserId
) -> UserInfo:
    """Change what a user may: what she had open ends, and she signs in again."""
    _check(projects, [name for name, role in wish.roles.items() if role is not None])
    changes = wish.model_dump(exclude={"roles"}, exclude_none=True)
    user = doors.accounts.change(user_id, changes, roles=wish.roles)
    if user is None:
        raise _nobody(user_id)
    if wish.disabled:
        doors.api_keys.revoke(made_by=user_id, now=doors.clock())
    doors.forget()
    said = ", ".join(sorted([*changes, *(f"role in {project}" for project in wish.roles)]))
    doors.note("user.changed", who, user=user.id, what=said)
    return UserInfo(**_user(user))


@router.delete("/users/{user_id}", status_code=204)
def remove_user(who: ThisWho, doors: TheDoors, user_id: UserId) -> None:
    """Remove a user with her sessions; the keys that she made are revoked."""
    if not doors.accounts.remove(user_id):
        raise _nobody(user_id)
    doors.api_keys.revoke(made_by=user_id, now=doors.clock())
    doors.forget()
    doors.note("user.removed", who, user=user_id)


@router.post("/users/{user_id}/password")
def reset_password(who: ThisWho, doors: TheDoors, user_id: UserId) -> Invited:
    """Give a user who forgot hers a new password: it is shown once and must be changed."""
    password = new_password()
    changes = {"password": hash_password(password), "temporary": True}
    user = doors.accounts.change(user_id, changes)
    if user is None:
        raise _nobody(user_id)
    doors.forget()
    doors.note("user.reset", who, user=user_id)
    return Invited(**_user(user), password=password)


def _check(projects: Projects, named: Iterable[str]) -> None:
    for name in named:
        projects.get(name)


def _nobody(user_id: str) -> NotFoundError:
    return NotFoundError(f"There is no user {user_id!r}.", where="user_id")


@router.get("/keys")
def list_keys(doors: TheDoors) -> Page[KeyInfo]:
    """List all keys, the newest first."""
    items = [KeyInfo.model_validate(_key(row)) for row in doors.api_keys.all()]
    return Page(items=items, total=len(items))


def _key(row: dict[str, Any]) -> dict[str, Any]:
    used = row["last_used"]
    return {**row, "last_used": None if used is None else to_date(used)}


@router.post("/keys", status_code=201)
def create_key(
    wish: NewKey, who: ThisWho, doors: TheDoors, projects: AllProjects, now: Now
) -> MadeKey:
    """Make a key: it is shown once."""
    if wish.project:
        projects.get(wish.project)
    secret, row = new_key(wish.model_dump(), who.id, now=now)
    made = doors.api_keys.add(row)
    doors.note("key.made", who, project=wish.project, key=str(made["id"]))
    return MadeKey(**_key(made), key=secret)


@router.delete("/keys/{key_id}", status_code=204)
def revoke_key(who: ThisWho, doors: TheDoors, now: Now, key_id: KeyId) -> None:
    """Revoke a key: it opens nothing from now on, here at once and elsewhere within two seconds."""
    if not doors.api_keys.revoke(key_id=key_id, now=now):
        raise NotFoundError(f"There is no key {key_id!r} to revoke.", where="key_id")
    doors.forget()
    doors.note("key.revoked", who, key=key_id)
