"""Signing in: the same words whatever was wrong, a delay that locks nobody out, one way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response

from benchmarks.bench_accounts import serving, sign_in
from coterie.errors import ParameterError
from coterie.service import signin
from coterie.service.auth import Doors, hash_token
from coterie.service.came import Came
from coterie.service.ids import new_id
from coterie.service.params import ServerParams
from coterie.service.passwords import check_password, hash_password, is_right, new_password
from coterie.service.problems import RefusedError
from coterie.store.accounts import IDLE, LONGEST
from coterie.store.attempts import Attempts, wait_after
from coterie.store.database import Database

SESSION = "/api/v1/session"
RIGHT = "a lamp over the stairs"
KEPT = hash_password(RIGHT)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def make(doors: Doors, email: str = "ana@shop.example", **more: Any) -> str:
    """Make a user who knows the right password; return her id."""
    row = {"id": new_id("u"), "email": email, "password": KEPT, **more}
    return doors.accounts.add(row, now=doors.clock()).id


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[FastAPI, httpx.Client]]:
    """Yield a server with an admin, and a client."""
    with serving(ServerParams(tmp_path / "home")) as (app, client):
        make(app.state.doors, admin=True, name="Ana Diaz")
        app.state.doors.forget()
        yield app, client


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Callable[[datetime], Doors]]:
    """Yield what tells the same users at any time."""
    database = Database(tmp_path / "coterie.db")
    params = ServerParams(tmp_path)
    yield lambda now: Doors(params, database, lambda: now)
    database.close()


def enter(client: httpx.Client, email: str, password: str) -> httpx.Response:
    """Sign in."""
    return client.post(SESSION, json={"email": email, "password": password})


def test_signing_in_opens_what_the_role_allows_and_signing_out_closes_it(server):
    _, client = server
    assert client.get("/api/v1/projects").status_code == 401
    said = enter(client, " ANA@shop.example", RIGHT)
    assert said.status_code == 200
    told = said.json()
    assert (told["name"], told["admin"], told["signed_in"]) == ("Ana Diaz", True, True)
    cookie = said.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie  # there is no TLS here
    assert client.get(SESSION).json() == told
    csrf = {"x-csrf-token": told["csrf"]}
    made = client.post("/api/v1/projects", json={"name": "shop"}, headers=csrf)
    assert made.status_code == 201
    before = client.cookies["coterie"]
    assert client.delete(SESSION, headers=csrf).status_code == 204
    replayed = client.get("/api/v1/projects", headers={"cookie": f"coterie={before}"})
    assert replayed.status_code == 401


def test_nobody_learns_whether_an_account_exists(server):
    app, client = server
    doors = app.state.doors
    make(doors, "gone@shop.example", disabled=True)
    doors.accounts.add({"id": "u9", "email": "sso@shop.example"}, now=doors.clock())
    said = {
        enter(client, email, password).text
        for email, password in [
            ("ana@shop.example", "wrong"),
            ("nobody@shop.example", "wrong"),
            ("gone@shop.example", RIGHT),
            ("sso@shop.example", "A" * 43),
        ]
    }
    assert len(said) == 1
    assert "E-mail or password is wrong." in said.pop()
    entries = doors.audit.page(limit=10)[0]
    assert [row["event"] for row in entries] == ["sign-in.refused"] * 4
    assert "shop.example" not in str(entries)
    assert "127.0.0.1" not in str(entries)


def test_a_password_is_checked_for_who_is_not_there_too(monkeypatch, server):
    _, client = server
    checked: list[str | None] = []

    def look(kept: str | None, password: str) -> bool:
        checked.append(kept)
        return is_right(kept, password)

    monkeypatch.setattr(signin, "is_right", look)
    enter(client, "ana@shop.example", "wrong")
    enter(client, "nobody@shop.example", "wrong")
    assert checked == [KEPT, None]


def test_a_new_session_takes_the_place_of_the_old_one(server):
    app, client = server
    first = enter(client, "ana@shop.example", RIGHT)
    old = client.cookies["coterie"]
    assert enter(client, "ana@shop.example", RIGHT).status_code == 200
    assert client.cookies["coterie"] != old
    doors = app.state.doors
    assert doors.accounts.session(hash_token(old), now=doors.clock()) is None
    assert first.json()["csrf"] != client.get(SESSION).json()["csrf"]


def test_changing_the_password_asks_for_the_old_one_and_ends_other_sessions(server):
    app, client = server
    other = sign_in(app.state.doors, "ana@shop.example")
    csrf = {"x-csrf-token": enter(client, "ana@shop.example", RIGHT).json()["csrf"]}
    place = f"{SESSION}/password"
    wrong = client.put(place, headers=csrf, json={"old": "x", "new": "four loaves of rye"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong")
    short = client.put(place, headers=csrf, json={"old": RIGHT, "new": "ana"})
    assert short.status_code == 422
    done = client.put(place, headers=csrf, json={"old": RIGHT, "new": "four loaves of rye"})
    assert done.status_code == 200
    assert client.get(SESSION).json()["signed_in"]
    client.cookies.clear()
    assert client.get("/api/v1/projects", headers=other).status_code == 401
    assert enter(client, "ana@shop.example", RIGHT).status_code == 401
    assert enter(client, "ana@shop.example", "four loaves of rye").status_code == 200


def test_who_is_invited_changes_the_password_before_anything_else(server):
    app, client = server
    admin = sign_in(app.state.doors, "ana@shop.example")
    wish = {"email": "Tom@shop.example", "name": "Tom Reed"}
    made = client.post("/api/v1/users", headers=admin, json=wish).json()
    again = client.post("/api/v1/users", headers=admin, json=wish)
    assert (again.status_code, again.json()["code"]) == (409, "taken")
    client.cookies.clear()
    told = enter(client, "tom@shop.example", made["password"]).json()
    assert told["must_change"]
    refused = client.get("/api/v1/projects")
    assert (refused.status_code, refused.json()["code"]) == (403, "password_change_needed")
    new = {"old": made["password"], "new": "four loaves of rye"}
    csrf = {"x-csrf-token": told["csrf"]}
    assert not client.put(f"{SESSION}/password", headers=csrf, json=new).json()["must_change"]
    assert client.get("/api/v1/projects").json()["items"] == []


def test_the_last_admin_stays(server):
    app, client = server
    admin = sign_in(app.state.doors, "ana@shop.example")
    me = client.get(SESSION, headers=admin).json()["id"]
    place = f"/api/v1/users/{me}"
    for said in (
        client.patch(place, headers=admin, json={"admin": False}),
        client.patch(place, headers=admin, json={"disabled": True}),
        client.delete(place, headers=admin),
    ):
        assert said.status_code == 409
        assert said.json()["detail"] == "You are the only admin; name another first."
    make(app.state.doors, "second@shop.example", admin=True)
    assert client.delete(place, headers=admin).status_code == 204
    assert client.get(SESSION, headers=admin).json()["signed_in"] is False


def test_who_is_removed_or_changed_is_out_at_once(server):
    app, client = server
    doors = app.state.doors
    (app.state.params.home / "shop").mkdir()
    admin = sign_in(doors, "ana@shop.example")
    tom = sign_in(doors, "tom@shop.example", roles={"shop": "viewer"})
    tom_id = client.get(SESSION, headers=tom).json()["id"]
    client.cookies.clear()
    wish = {"roles": {"shop": "analyst"}}
    changed = client.patch(f"/api/v1/users/{tom_id}", headers=admin, json=wish).json()
    assert changed["roles"] == {"shop": "analyst"}
    client.cookies.clear()
    assert client.get(SESSION, headers=tom).json()["signed_in"] is False
    gone = client.patch(f"/api/v1/users/{tom_id}", headers=admin, json={"roles": {"shop": None}})
    assert gone.json()["roles"] == {}
    unknown = {"roles": {"nowhere": "viewer"}}
    said = client.patch(f"/api/v1/users/{tom_id}", headers=admin, json=unknown)
    assert said.status_code == 404


def test_sessions_end_by_themselves(at):
    doors = at(NOON)
    user = make(doors)
    doors.accounts.begin_session(user, "hash", now=NOON)
    live = doors.accounts.session
    assert live("hash", now=NOON + IDLE - timedelta(seconds=1)) is not None
    late = NOON + 2 * IDLE - timedelta(seconds=2)
    assert live("hash", now=late) is not None  # it was used meanwhile
    assert live("hash", now=late + IDLE) is None
    moment = NOON
    doors.accounts.begin_session(user, "busy", now=NOON)
    while moment < NOON + LONGEST:
        assert live("busy", now=moment) is not None
        moment += IDLE / 2
    assert live("busy", now=moment) is None


def refused(doors: Doors, password: str, address: str) -> RefusedError | None:
    """Try a password from an address; return why it was refused."""
    try:
        signin.sign_in(doors, "ana@shop.example", password, Came(client=address), Response())
    except RefusedError as error:
        return error
    return None


def test_who_guesses_waits_and_waits_longer(at):
    make(at(NOON))
    now, waits = NOON, []
    for _ in range(9):
        while (error := refused(at(now), "wrong", "192.0.2.1")) and error.code == "too_many":
            waits.append(error.wait)
            assert str(error) == f"Too many tries. Again in {_minutes(error.wait)}."
            now += timedelta(seconds=error.wait)
    assert waits == [60, 120, 240, 480]


def _minutes(seconds: int) -> str:
    n = -(-seconds // 60)
    return f"{n} minute{'s' if n > 1 else ''}"


def test_nobody_can_keep_an_admin_out(at):
    doors = at(NOON)
    make(doors)
    attempts = Attempts(doors.accounts.database)
    account = doors.keys.mac("attempt", "account ana@shop.example")
    for n in range(200):
        assert attempts.begin(account, f"address {n}", now=NOON) == 0
    # Her own address has not failed: she is let in while the account is under attack.
    assert refused(doors, RIGHT, "198.51.100.7") is None
    # One slip of hers costs what the account has suffered, at most 15 minutes from her own slip.
    assert str(refused(doors, "slip", "198.51.100.7")) == "E-mail or password is wrong."
    for n in range(50):
        attempts.begin(account, f"other {n}", now=NOON + timedelta(minutes=14))
    waiting = refused(at(NOON + timedelta(minutes=14)), RIGHT, "198.51.100.7")
    assert waiting is not None
    assert waiting.wait == 60
    assert refused(at(NOON + timedelta(minutes=15)), RIGHT, "198.51.100.7") is None


def test_each_address_has_one_guess_at_an_account_under_attack(at):
    doors = at(NOON)
    make(doors)
    attempts = Attempts(doors.accounts.database)
    account = doors.keys.mac("attempt", "account ana@shop.example")
    for n in range(5):
        attempts.begin(account, f"address {n}", now=NOON)
    later = NOON + timedelta(seconds=59)
    assert all(attempts.begin(account, f"address {n}", now=later) > 0 for n in range(5))


def test_many_tries_at_once_count_as_many(database):
    attempts = Attempts(database)
    assert [attempts.begin("a", "b", now=NOON) for _ in range(7)] == [0, 0, 0, 0, 0, 60, 60]
    attempts.succeeded("a", "b")
    assert attempts.begin("a", "b", now=NOON) == 0
    assert wait_after(10**9) == timedelta(minutes=15)
    assert attempts.begin("a", "b", now=NOON + timedelta(hours=25)) == 0


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 1_001,
        "password1234",
        "PasswordPassword",
        "qwertyuiop123456",
        "aaaaaaaaaaaaaaaa",
        "ana.diaz.2026!!!",
        "shop.example 1234",
    ],
)
def test_passwords_that_everybody_tries_first_are_refused(password):
    with pytest.raises(ParameterError):
        check_password(password, "ana@shop.example", "Ana Diaz")


def test_passwords_that_are_given_out_will_do_and_are_never_the_same():
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    assert {check_password(one) for one in made} == made


def test_a_password_is_right_only_against_its_own_hash():
    assert is_right(KEPT, RIGHT)
    assert not is_right(KEPT, RIGHT + " ")
    assert not is_right(None, RIGHT)
    assert not is_right("no hash at all", RIGHT)
    assert KEPT.startswith("$argon2id$")
