"""Every route of the server, asked by everybody there is: who may is let in, nobody else."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from benchmarks.figures import Outcome, at_least, at_most, figure
from coterie import Project
from coterie.service.app import create_app
from coterie.service.auth import Doors, hash_token, new_key, new_token
from coterie.service.ids import new_id
from coterie.service.params import ServerParams
from coterie.service.rules import RULES
from coterie.service.who import SCOPES

PROJECT, OTHER = "cards", "other"
FILLED = {
    "project": PROJECT,
    "customer_id": "c001",
    "segment_id": "seg-001",
    "run_id": "r0",
    "job_id": "j0",
    "upload_id": "u0",
    "schedule_id": "s0",
    "user_id": "u0",
    "key_id": "k0",
    "what": "segments",
}
"""What stands in paths; what is not there is looked for after it is known who may look."""
RANKS = ("viewer", "analyst", "admin")
REFUSALS = {"unauthenticated", "forbidden", "foreign"}


@dataclass(frozen=True)
class Person:
    """Somebody who asks: what she shows, and what she is."""

    headers: dict[str, str]
    rank: int = -1
    scope: str = ""


@dataclass(frozen=True)
class Pair:
    """A route asked by somebody, and whether she was let in."""

    route: str
    person: str
    let_in: bool
    expected: bool
    status: int


@contextmanager
def serving(params: ServerParams) -> Iterator[tuple[FastAPI, httpx.Client]]:
    """Serve on a free port while the block lasts; yield the application and a client."""
    app = create_app(params)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield app, client
    finally:
        server.should_exit = True
        thread.join()


def sign_in(doors: Doors, email: str, **what: Any) -> dict[str, str]:
    """Make a user with a session; return what her browser sends."""
    roles = what.pop("roles", {})
    found = doors.accounts.by_email(email)
    now = doors.clock()
    user = found or doors.accounts.add(
        {"id": new_id("u"), "email": email, **what}, roles=roles, now=now
    )
    token = new_token()
    doors.accounts.begin_session(user.id, hash_token(token), now=now)
    doors.forget()
    return {"cookie": f"coterie={token}", "x-csrf-token": doors.csrf(token)}


def make_key(doors: Doors, scopes: list[str], project: str, *, days: int = 1) -> dict[str, str]:
    """Make a key; return what a program sends."""
    wish = {"name": "k", "scopes": scopes, "project": project, "days": 1}
    now = doors.clock() + timedelta(days=days - 1)
    secret, row = new_key(wish, "", now=now)
    doors.api_keys.add(row)
    return {"authorization": f"Bearer {secret}"}


def people(doors: Doors) -> dict[str, Person]:
    """Make everybody there is."""
    found = {"nobody": Person({})}
    for rank, role in enumerate(RANKS):
        given = {"admin": True} if role == "admin" else {"roles": {PROJECT: role}}
        found[role] = Person(sign_in(doors, f"{role}@shop.example", **given), rank)
    for scope in SCOPES:
        project = "" if scope == "admin" else PROJECT
        found[f"key {scope}"] = Person(make_key(doors, [scope], project), scope=scope)
    others = [scope for scope in SCOPES if scope != "admin"]
    found["key of another project"] = Person(make_key(doors, others, OTHER))
    found["member of another project"] = Person(
        sign_in(doors, "o@shop.example", roles={OTHER: "analyst"})
    )
    found["key that has ended"] = Person(make_key(doors, list(SCOPES), "", days=-2))
    revoked = make_key(doors, list(SCOPES), "")
    newest = max(doors.api_keys.all(), key=lambda row: (row["project"] == "", row["created"]))
    doors.api_keys.revoke(key_id=newest["id"], now=doors.clock())
    found["key that was revoked"] = Person(revoked)
    found["forged cookie"] = Person({"cookie": f"coterie={new_token()}", "x-csrf-token": "0" * 64})
    doors.forget()
    return found


UNTOLD: dict[str, dict[str, dict[str, str]]] = {
    "/openapi.json": {"get": {}},
    "/": {"get": {"operationId": "show_app"}},
    "/assets/none.js": {"get": {"operationId": "show_asset"}},
    "/favicon.svg": {"get": {"operationId": "show_icon"}},
}
"""Paths that the documentation leaves out."""
HERE = ("/predict", "/train", "/api/v1/events")
"""Paths whose project is named in the query, or is the only one."""


def expected(route: str, name: str, person: Person, *, in_project: bool) -> bool:
    """Say whether somebody is to be let in, worked out from the table in another way."""
    rule = RULES[route]
    if rule.role == "open":
        return True
    if name in {"nobody", "key that has ended", "key that was revoked", "forged cookie"}:
        return False
    if name.startswith(("key of another", "member of another")):
        of_key = name.startswith("key")
        if route.endswith("_here"):  # of the only project that is theirs
            return True
        return rule.role == "member" and (bool(rule.scope) or not of_key)
    if person.scope:
        fits = rule.scope and person.scope in {rule.scope, "admin"}
        return bool(fits) and (in_project or rule.role == "member" or person.scope == "admin")
    return rule.role == "member" or person.rank >= RANKS.index(rule.role)


def ask_all(app: FastAPI, client: httpx.Client) -> list[Pair]:
    """Ask every route as everybody."""
    doors: Doors = app.state.doors
    everybody, found = people(doors), []
    for path, ways in {**app.openapi()["paths"], **UNTOLD}.items():
        for method, about in ways.items():
            route = about.get("operationId", "openapi")
            url = path.format(**FILLED)
            for name, person in everybody.items():
                headers = person.headers
                if route == "sign_out" and person.rank >= 0:
                    headers = sign_in(doors, f"{RANKS[person.rank]}@shop.example")
                elif route == "sign_out" and name.startswith("member"):
                    headers = sign_in(doors, "o@shop.example")
                body = {} if method == "get" else {"json": {}}
                said = client.request(method.upper(), url, headers=headers, **body)
                client.cookies.clear()
                in_project = "{project}" in path or path in HERE
                wanted = expected(route, name, person, in_project=in_project)
                found.append(Pair(route, name, let_in(said), wanted, said.status_code))
    return found


def let_in(said: httpx.Response) -> bool:
    """Say whether the answer is one of the route itself."""
    if said.status_code < 400 or "json" not in said.headers.get("content-type", ""):
        return said.status_code < 500
    told = said.json()
    hidden = told["code"] == "not_found" and told.get("where") == "project"
    return told["code"] not in REFUSALS and not hidden


@figure("R4")
def routes_and_roles() -> Outcome:
    """Ask every route as everybody, on a server with a published run."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        (home / OTHER).mkdir(parents=True)
        (home / PROJECT).mkdir()
        rows = "".join(f"c{n:03d},{n % 7 * 10 + n % 3},{1 if n % 2 else 9}\n" for n in range(120))
        (home / PROJECT / "cards.csv").write_text(f"id,spend,visits\n{rows}")
        (home / PROJECT / "coterie.toml").write_text(
            '[sources.customers]\nfile = "cards.csv"\nkey = "id"\n[segmentation]\nk = 3\n'
        )
        Project(home / PROJECT).run()
        with serving(ServerParams(home, refusals=100_000)) as (app, client):
            found = ask_all(app, client)
    wrong = [pair for pair in found if pair.let_in != pair.expected]
    for pair in wrong:
        print(pair)
    asked = {(pair.route, pair.person) for pair in found}
    everybody = {pair.person for pair in found}
    left = len(RULES) - 1 - len({pair.route for pair in found})
    return Outcome(
        f"{len(everybody)} kinds of people and keys ask {len(RULES) - 1} routes of a real server; "
        "the fast route of predictions stands in for the documented one",
        (
            at_least("pairs tried", len(asked), (len(RULES) - 1) * len(everybody)),
            at_most("routes left out", left, 0),
            at_most("let in or refused against the table", len(wrong), 0),
        ),
    )
