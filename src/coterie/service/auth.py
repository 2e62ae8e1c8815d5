"""Who is asking: sessions and keys looked up, and remembered for a second.

What is ended or revoked in this process counts at once, because then all is forgotten; another
process goes on with what it remembers for a second at most.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from coterie.errors import ParameterError
from coterie.privacy.keys import Keys, open_keys, unguessable
from coterie.service.came import Came
from coterie.service.ids import new_id
from coterie.service.params import ServerParams
from coterie.service.who import LOCAL, NOBODY, Who
from coterie.store.accounts import Accounts, ApiKeys, User
from coterie.store.attempts import Attempts
from coterie.store.audit import Audit
from coterie.store.database import Database
from coterie.store.places import SERVER

KEY = "ck_"
"""What a key begins with, so that one that lies about is known for what it is."""
REMEMBERED = 1.0
"""Seconds within which a session or key is not looked up again."""
_MOST = 10_000
"""Sessions and keys that are remembered."""
_EPOCH = date(1970, 1, 1).toordinal()

OFTEN = RateLimitItemPerMinute(60_000)
USUAL = RateLimitItemPerMinute(3_000)
COSTLY = RateLimitItemPerMinute(120)
SIGN_IN = RateLimitItemPerMinute(30)
"""Requests of a session, a key or an address: predictions, others, costly ones, sign-ins.
Each process counts its own."""


class Doors:
    """Tells who is asking.

    Parameters
    ----------
    params : ServerParams
        Of the server.
    database : Database
        With the accounts.
    clock : callable
        The time, with its zone.
    """

    def __init__(
        self, params: ServerParams, database: Database, clock: Callable[[], datetime]
    ) -> None:
        self.params, self.clock = params, clock
        self.accounts, self.api_keys = Accounts(database), ApiKeys(database)
        self.attempts = Attempts(database)
        self.keys: Keys = open_keys(params.home / SERVER)
        self.audit = open_audit(database, self.keys)
        self.refused = RateLimitItemPerMinute(params.refusals)
        self._limits = FixedWindowRateLimiter(MemoryStorage())
        self._known: dict[str, tuple[Who, float]] = {}
        self._forgotten = 0
        self._lock = threading.Lock()

    def remembered(self, came: Came) -> Who | None:
        """Return who is asking if that was found out a moment ago; else None."""
        known = self._known.get(_place(came))
        if known is not None and time.monotonic() < known[1]:
            return known[0]
        return None

    def find(self, came: Came) -> Who:
        """Look up who is asking; a cookie counts only where there is no key."""
        began = self._forgotten
        who = self._found(came)
        with self._lock:
            if began == self._forgotten:  # else somebody may have lost a right meanwhile
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[_place(came)] = who, time.monotonic() + REMEMBERED
        return who

    def forget(self) -> None:
        """Look everybody up again: somebody may do more or less than before."""
        with self._lock:
            self._forgotten += 1
            self._known.clear()

    def _found(self, came: Came) -> Who:
        now = self.clock()
        if came.bearer:
            return self._by_key(came.bearer, now)
        if came.cookie:
            user = self.accounts.session(hash_token(came.cookie), now=now)
            if user is not None:
                return who_is(user, hash_token(came.cookie))
        if self.params.alone and not self.accounts.exist():
            return LOCAL
        return NOBODY

    def _by_key(self, bearer: str, now: datetime) -> Who:
        if not bearer.startswith(KEY):
            return NOBODY
        day = now.astimezone(UTC).date().toordinal() - _EPOCH
        row = self.api_keys.find(hash_token(bearer), now=now, day=day)
        if row is None:
            return NOBODY
        scopes = frozenset(row["scopes"])
        return Who("key", row["id"], row["name"], project=row["project"], scopes=scopes)

    def csrf(self, cookie: str) -> str:
        """Return what a page of this session sends along with whatever it changes."""
        return self.keys.mac("csrf", cookie)

    def within(self, limit: RateLimitItem, *whose: str) -> bool:
        """Count a request, and say whether it is one too many."""
        return self._limits.hit(limit, *whose)

    def note(self, event: str, who: Who, *, project: str = "", **told: str) -> None:
        """Write an entry of the audit log.

        Parameters
        ----------
        event : str
            What was done.
        who : Who
            By whom.
        project : str, optional
            Where.
        **told : str
            More of it; identities by ``hidden``.
        """
        given = {name: value for name, value in told.items() if value}
        self.audit.add(event, who.actor, project=project, told=given, now=self.clock())

    def hidden(self, identity: str) -> str:
        """Return what stands for an identity in the audit log: a keyed hash, always the same."""
        return self.keys.mac("audit-identity", identity)


def new_token() -> str:
    """Return a token that nobody can guess."""
    return base64.urlsafe_b64encode(unguessable()).decode().rstrip("=")


def new_key(wish: Mapping[str, Any], made_by: str, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """Make a key for a program.

    Parameters
    ----------
    wish : mapping
        ``name``, ``scopes``, ``project`` (empty: all), ``days`` after which it ends.
    made_by : str
        Id of the user; empty: on the server itself.
    now : datetime
        The time, with its zone.

    Returns
    -------
    str, dict
        The key, to be shown once, and the row that is kept.

    Raises
    ------
    ParameterError
        If it would be for all that a server has, but of one project.
    """
    if wish["project"] and "admin" in wish["scopes"]:
        raise ParameterError(
            "The scope admin is for all projects.", hint="Leave the project out.", where="scopes"
        )
    secret = KEY + new_token()
    row = {name: wish[name] for name in ("name", "project")}
    row |= {"scopes": sorted(set(wish["scopes"])), "made_by": made_by, "created": now}
    ends = now + timedelta(days=wish["days"])
    return secret, {"id": new_id("k"), "hash": hash_token(secret), "expires": ends, **row}


def open_audit(database: Database, keys: Keys) -> Audit:
    """Return the audit log of a server, sealed by its keys."""
    secrets = [keys.derive("audit", age=age) for age in range(len(keys.secrets))]
    return Audit(database, secrets)


def hash_token(token: str) -> str:
    """Return what is kept of a token of 256 random bits: without a salt none is guessed either."""
    return hashlib.sha256(token.encode()).hexdigest()


def who_is(user: User, session: str = "") -> Who:
    """Return a user as somebody who asks."""
    return Who(
        "user",
        user.id,
        user.name,
        user.email,
        admin=user.admin,
        roles=user.roles,
        session=session,
        temporary=user.temporary,
    )


def get_doors(request: Request) -> Doors:
    """Return what tells who is asking."""
    return cast("Doors", request.app.state.doors)


def get_who(request: Request) -> Who:
    """Return who is asking."""
    return cast("Who", request.state.who)


def get_came(request: Request) -> Came:
    """Return what came with the request and tells who asks."""
    return cast("Came", request.state.came)


def _place(came: Came) -> str:
    return f"b{came.bearer}" if came.bearer else f"c{came.cookie}"
