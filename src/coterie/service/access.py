"""The door: who is asking and whether she may, before anything of a request is read.

It stands before the routes, so that who is refused cannot send a body first; what a route asks
for is in ``rules``. Who may not see a project is told that there is none.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coterie.errors import CoterieError
from coterie.service.auth import COSTLY, OFTEN, SIGN_IN, USUAL, Doors
from coterie.service.came import Came, read_headers
from coterie.service.problems import RefusedError, told
from coterie.service.projects import Projects
from coterie.service.rules import RULES
from coterie.service.who import LOCAL, NOBODY, Rule, Who

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HERE = ("predict_here", "train_here", "send_events_here")
"""Routes whose project is named in the query, or is the only one."""
_BLIND = ("live", "ready")
"""Routes that are answered without asking who it is: also when the database does not answer."""
_LATER = frozenset({"show_session", "change_password", "sign_in", "sign_out"})
"""What is open to who has to change her password first."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_UNLISTED = Rule("nobody")
_FOREIGN = "This did not come from a page of this server."


class Table:
    """Finds the name of the route that a request is for, in the order of the application."""

    def __init__(self) -> None:
        self._rows: list[tuple[re.Pattern[str], Sequence[str], str]] = []

    def add(self, routes: Iterable[Any], prefix: str = "") -> None:
        """Add routes that were included with a prefix."""
        for route in routes:
            methods = sorted(route.methods or ())
            self._rows.append((compile_path(prefix + route.path)[0], methods, route.name))

    def names(self) -> set[str]:
        """Return the names of all routes."""
        return {name for _, _, name in self._rows}

    def find(self, method: str, path: str) -> tuple[str, dict[str, str]]:
        """Return the name of a route and what its path holds; an empty name for none."""
        for pattern, methods, name in self._rows:
            if method in methods and (found := pattern.match(path)):
                return name, found.groupdict()
        return "", {}


def table_of(before: Iterable[Any], routers: Iterable[tuple[APIRouter, str]]) -> Table:
    """Return the table of an application's routes.

    Parameters
    ----------
    before : iterable of Route
        Routes that are asked before all others.
    routers : iterable of (APIRouter, str)
        In the order in which they were included, each with its prefix.

    Returns
    -------
    Table
        That finds what the application finds.
    """
    table = Table()
    table.add(route for route in before if isinstance(route, Route))
    for router, prefix in routers:
        table.add(router.routes, prefix)
    return table


@dataclass(frozen=True)
class _Wish:
    """What somebody wants."""

    who: Who
    rule: Rule
    door: str
    project: str | None
    came: Came
    changes: bool

    @property
    def undecided(self) -> bool:
        """Whether the route itself has to say which project is meant."""
        return self.door in _HERE and self.project is None


class Access:
    """Lets in who may come in."""

    def __init__(self, app: ASGIApp, doors: Doors, projects: Projects, table: Table) -> None:
        self.app, self.doors, self.projects, self.table = app, doors, projects, table
        self._checks = (
            self._is_from_here,
            self._is_known,
            self._is_there,
            self._is_allowed,
            self._is_not_too_much,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who is asking, and refuse or go on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            wish, found = await self._wish(scope)
            scope["state"].update(who=wish.who, came=wish.came, project=wish.project or "")
            for check in self._checks:
                check(wish)
        except RefusedError as error:
            await self._refuse(error, wish, (scope, receive, send))
            return
        except CoterieError as error:
            await told(error)(scope, receive, send)
            return
        if wish.rule.event:
            send = self._noting(wish, found, send)
        await self.app(scope, receive, send)

    async def _wish(self, scope: Scope) -> tuple[_Wish, dict[str, str]]:
        door, found = self.table.find(scope["method"], scope["path"])
        came = read_headers(scope, secure=self.doors.params.secure)
        who = NOBODY if door in _BLIND else self.doors.remembered(came)
        if who is None:
            who = await self._find(door, came)
        project = found.get("project") or self._project_here(door, scope, who)
        rule = RULES.get(door, _UNLISTED)
        return _Wish(who, rule, door, project, came, scope["method"] not in _SAFE), found

    async def _find(self, door: str, came: Came) -> Who:
        try:
            return await run_in_threadpool(self.doors.find, came)
        except CoterieError:
            # That the database does not answer is among the figures, and they name nobody.
            if door == "metrics" and self.doors.params.alone:
                return LOCAL
            raise

    def _project_here(self, door: str, scope: Scope, who: Who) -> str | None:
        """Return the project that is meant where the path names none."""
        if door not in _HERE:
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("project", [""])[-1]
        seen = [] if given else who.visible(self.projects.names())
        return given or (seen[0] if len(seen) == 1 else None)

    def _is_from_here(self, wish: _Wish) -> None:
        came = wish.came
        if wish.who.kind == "local" and came.host_name not in _LOOPBACK:
            said = "This server has no accounts: it answers to its own machine alone."
            raise RefusedError(421, said, code="misdirected")
        if wish.changes and not came.bearer and _is_foreign(came):
            raise RefusedError(403, _FOREIGN, code="foreign")

    def _is_known(self, wish: _Wish) -> None:
        if wish.rule.role == "open":
            return
        who, came = wish.who, wish.came
        if who.kind == "nobody":
            raise RefusedError(401, "Sign in, or send a key.", code="unauthenticated")
        if who.kind != "user":
            return
        if wish.changes and not is_same(came.csrf, self.doors.csrf(came.cookie)):
            raise RefusedError(403, _FOREIGN, code="foreign")
        if who.temporary and wish.door not in _LATER:
            raise RefusedError(403, "Change your password first.", code="password_change_needed")

    def _is_there(self, wish: _Wish) -> None:
        if wish.project is not None and not wish.who.sees(wish.project):
            said = f"There is no project {wish.project!r}."
            raise RefusedError(404, said, code="not_found", where="project")

    def _is_allowed(self, wish: _Wish) -> None:
        # What no route has, and which of several projects is meant, the application says.
        if wish.door and not wish.undecided and not wish.who.may(wish.rule, wish.project):
            raise RefusedError(403, _needs(wish.who, wish.rule))

    def _is_not_too_much(self, wish: _Wish) -> None:
        if wish.who.kind == "local":
            return
        limit, what = USUAL, ""
        if wish.door in {"sign_in", "come_back"}:
            limit, what = SIGN_IN, "sign_in"
        elif wish.rule.costly:
            limit, what = COSTLY, "costly"
        elif wish.rule.scope in {"predict", "events"}:
            limit, what = OFTEN, wish.rule.scope
        known = wish.who.kind != "nobody" and what != "sign_in"
        if not self.doors.within(limit, what, wish.who.actor if known else wish.came.address):
            raise too_many()

    async def _refuse(
        self, error: RefusedError, wish: _Wish, wire: tuple[Scope, Receive, Send]
    ) -> None:
        """Answer, and write down what was refused if it was more than a way to ask."""
        bearer, cookie = wish.came.bearer, wish.came.cookie
        if error.status == 403 or (error.status == 401 and (bearer or cookie)):
            if self.doors.within(self.doors.refused, "refused", wish.came.address):
                await run_in_threadpool(self._note_refused, error, wish)
            else:
                error = too_many()
        await told(error)(*wire)

    def _note_refused(self, error: RefusedError, wish: _Wish) -> None:
        event = "refused"
        if error.status == 401:
            event = "key.refused" if wish.came.bearer else "session.refused"
        who = NOBODY if wish.who.kind == "local" else wish.who
        address = self.doors.hidden(wish.came.address)
        self.doors.note(event, who, route=wish.door, why=error.code, address=address)

    def _noting(self, wish: _Wish, found: dict[str, str], send: Send) -> Send:
        """Write an entry before the answer leaves, if it says that something was done."""
        more = {name: value for name, value in found.items() if name != "project"}
        if "customer_id" in more:
            more["customer_id"] = self.doors.hidden(more["customer_id"])

        def note() -> None:
            project = wish.project or ""
            self.doors.note(wish.rule.event, wish.who, project=project, route=wish.door, **more)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                await run_in_threadpool(note)
            await send(message)

        return noting


def is_same(given: str, wanted: str) -> bool:
    """Compare two secrets in a time that tells nothing of them."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def too_many(wait: int = 60) -> RefusedError:
    """Say that there were too many requests, and after how many seconds there may be more."""
    minutes = -(-wait // 60)
    unit = "minute" if minutes == 1 else "minutes"
    said = f"Too many tries. Again in {minutes} {unit}."
    return RefusedError(429, said, code="too_many", wait=wait)


def _needs(who: Who, rule: Rule) -> str:
    if who.kind == "user":
        return f"This needs the role {rule.role.capitalize()}."
    if not rule.scope:
        return "This is done by people, not by keys."
    return f"This needs a key with the scope {rule.scope}."


def _is_foreign(came: Came) -> bool:
    """Say whether the page of another site asks, as browsers tell."""
    if came.site:
        return came.site not in {"same-origin", "none"}
    return bool(came.origin) and came.origin.partition("://")[2].lower() != came.host.lower()
