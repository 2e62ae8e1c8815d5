"""Users, what they are in projects, and their sessions; passwords and tokens come hashed.

There is always an admin who can sign in once there has been one: changes that would leave none
are refused in the transaction that would make them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from coterie.errors import CoterieError, ParameterError
from coterie.store.database import Database
from coterie.store.tables import API_KEYS, MEMBERSHIPS, SESSIONS, USERS

VIEWER, ANALYST, ADMIN = "viewer", "analyst", "admin"
ROLES = (VIEWER, ANALYST)
"""What a user may be in a project; admins are so of the whole server."""
IDLE = timedelta(hours=8)
LONGEST = timedelta(days=7)
"""How long a session lasts: unused, and at all."""
_NOTED = timedelta(minutes=1)
"""How exactly it is known when a session was last used."""
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,63}|[^@\s]{1,64}@localhost")


class LastAdminError(CoterieError):
    """There would be no admin left."""

    code = "last_admin"


class TakenError(CoterieError):
    """There is a user with this e-mail already."""

    code = "taken"


@dataclass(frozen=True)
class User:
    """A user, and what she is in which project."""

    id: str
    email: str
    name: str
    admin: bool
    disabled: bool
    temporary: bool
    password: str | None
    created: datetime
    roles: Mapping[str, str]


class Accounts:
    """The users of a server.

    Parameters
    ----------
    database : Database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def exist(self) -> bool:
        """Say whether there is any user."""
        with self.database.transaction() as connection:
            return connection.execute(sa.select(USERS.c.id).limit(1)).first() is not None

    def all(self) -> list[User]:
        """Return all users, in the order of their e-mails."""
        with self.database.transaction() as connection:
            return _users(connection, sa.true())

    def by_id(self, user_id: str) -> User | None:
        """Return a user, or None."""
        with self.database.transaction() as connection:
            return next(iter(_users(connection, USERS.c.id == user_id)), None)

    def by_email(self, email: str) -> User | None:
        """Return the user of an e-mail, however it is written, or None."""
        with self.database.transaction() as connection:
            found = _users(connection, USERS.c.email == email.strip().lower())
            return next(iter(found), None)

    def add(
        self, row: Mapping[str, Any], *, roles: Mapping[str, str] | None = None, now: datetime
    ) -> User:
        """Add a user.

        Parameters
        ----------
        row : mapping
            ``id``, ``email``, and of ``name``, ``password`` (hashed), ``temporary``, ``admin``
            what is known.
        roles : mapping of str to str, optional
            Project to viewer or analyst.
        now : datetime
            The time, with its zone.

        Returns
        -------
        User
            As she is kept.

        Raises
        ------
        ParameterError
            If the e-mail is none.
        TakenError
            If there is a user with it.
        """
        email = str(row["email"]).strip().lower()
        if not _EMAIL.fullmatch(email):
            raise ParameterError(f"{email[:100]!r} is no e-mail.", where="email")
        with self.database.transaction(writes=True) as connection:
            try:
                with connection.begin_nested():
                    connection.execute(
                        USERS.insert().values({**row, "email": email, "created": now})
                    )
            except sa.exc.IntegrityError as error:
                raise TakenError(f"There is a user {email} already.", where="email") from error
            _write_roles(connection, str(row["id"]), roles or {})
            return _users(connection, USERS.c.id == row["id"])[0]

    def change(
        self,
        user_id: str,
        changes: Mapping[str, Any],
        *,
        roles: Mapping[str, str | None] | None = None,
    ) -> User | None:
        """Change a user; her sessions end if she may do something else from now on.

        Parameters
        ----------
        user_id : str
            Of the user.
        changes : mapping
            Any of ``name``, ``password``, ``temporary``, ``admin``, ``disabled``.
        roles : mapping of str to str or None, optional
            Project to role; None takes it away, projects not named stay.

        Returns
        -------
        User or None
            As she is now; None if there is none of this id.

        Raises
        ------
        LastAdminError
            If there would be no admin left.
        """
        with self.database.transaction(writes=True) as connection:
            admins = _admins(connection)
            if changes:
                connection.execute(USERS.update().where(USERS.c.id == user_id).values(**changes))
            _write_roles(connection, user_id, roles or {})
            _keep_one(connection, admins)
            if set(changes) - {"name"} or roles:
                connection.execute(SESSIONS.delete().where(SESSIONS.c.user_id == user_id))
            return next(iter(_users(connection, USERS.c.id == user_id)), None)

    def remove(self, user_id: str) -> bool:
        """Remove a user with her sessions; say whether she was there.

        Raises
        ------
        LastAdminError
            If there would be no admin left.
        """
        with self.database.transaction(writes=True) as connection:
            admins = _admins(connection)
            gone = connection.execute(USERS.delete().where(USERS.c.id == user_id)).rowcount
            _keep_one(connection, admins)
            return bool(gone)

    def begin_session(self, user_id: str, token_hash: str, *, now: datetime) -> None:
        """Let a user be signed in; sessions that have ended are forgotten.

        Parameters
        ----------
        user_id : str
            Of the user.
        token_hash : str
            SHA-256 of what the cookie holds.
        now : datetime
            The time, with its zone.
        """
        c = SESSIONS.c
        row = {"hash": token_hash, "user_id": user_id, "created": now, "seen": now}
        with self.database.transaction(writes=True) as connection:
            old = (c.expires <= sa.literal(now, c.expires.type)) | (
                c.seen <= sa.literal(now - IDLE, c.seen.type)
            )
            connection.execute(SESSIONS.delete().where(old))
            connection.execute(SESSIONS.insert().values(**row, expires=now + LONGEST))

    def session(self, token_hash: str, *, now: datetime) -> User | None:
        """Return who is signed in by a token; None if nobody is, or no longer."""
        c = SESSIONS.c
        with self.database.transaction() as connection:
            found = connection.execute(sa.select(SESSIONS).where(c.hash == token_hash)).first()
            if found is None or found.expires <= now or found.seen <= now - IDLE:
                return None
            user = next(iter(_users(connection, USERS.c.id == found.user_id)), None)
        if user is None or user.disabled:
            return None
        if now - found.seen >= _NOTED:
            with self.database.transaction(writes=True) as connection:
                connection.execute(SESSIONS.update().where(c.hash == token_hash).values(seen=now))
        return user

    def end_session(self, token_hash: str) -> None:
        """Sign out."""
        with self.database.transaction(writes=True) as connection:
            connection.execute(SESSIONS.delete().where(SESSIONS.c.hash == token_hash))


def _users(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[User]:
    rows = connection.execute(sa.select(USERS).where(which).order_by(USERS.c.email)).mappings()
    found = [dict(row) for row in rows]
    c = MEMBERSHIPS.c
    mine = c.user_id.in_([row["id"] for row in found])
    roles: dict[str, dict[str, str]] = {}
    for one in connection.execute(sa.select(MEMBERSHIPS).where(mine).order_by(c.project)):
        roles.setdefault(one.user_id, {})[one.project] = one.role
    return [User(**row, roles=roles.get(row["id"], {})) for row in found]


def _write_roles(connection: sa.Connection, user_id: str, roles: Mapping[str, str | None]) -> None:
    c = MEMBERSHIPS.c
    for project, role in roles.items():
        if role is not None and role not in ROLES:
            raise ParameterError.unknown("role", role, ROLES)
        which = (c.user_id == user_id) & (c.project == project)
        connection.execute(MEMBERSHIPS.delete().where(which))
        if role is not None:
            row = {"user_id": user_id, "project": project, "role": role}
            connection.execute(MEMBERSHIPS.insert().values(row))


def _admins(connection: sa.Connection) -> int:
    """Count the admins who may sign in; nobody else counts them until this has ended."""
    query = sa.select(USERS.c.id).where(USERS.c.admin & ~USERS.c.disabled).order_by(USERS.c.id)
    return len(connection.execute(query.with_for_update()).all())


def _keep_one(connection: sa.Connection, before: int) -> None:
    if before and not _admins(connection):
        raise LastAdminError("You are the only admin; name another first.")


class ApiKeys:
    """The keys of programs.

    Parameters
    ----------
    database : Database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Add a key, and return its row."""
        with self.database.transaction(writes=True) as connection:
            connection.execute(API_KEYS.insert().values(**row))
            query = sa.select(API_KEYS).where(API_KEYS.c.id == row["id"])
            return dict(connection.execute(query).mappings().one())

    def all(self) -> list[dict[str, Any]]:
        """Return all keys, the newest first."""
        query = sa.select(API_KEYS).order_by(API_KEYS.c.created.desc(), API_KEYS.c.id)
        with self.database.transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def find(self, key_hash: str, *, now: datetime, day: int) -> dict[str, Any] | None:
        """Return a key that may be used now, and note the day; else None.

        Parameters
        ----------
        key_hash : str
            SHA-256 of what was shown.
        now : datetime
            The time, with its zone.
        day : int
            The day, as days since 1970-01-01.

        Returns
        -------
        dict or None
            The row.
        """
        mine = API_KEYS.c.hash == key_hash
        with self.database.transaction() as connection:
            row = connection.execute(sa.select(API_KEYS).where(mine)).mappings().first()
        if row is None or row["revoked"] is not None or row["expires"] <= now:
            return None
        if row["last_used"] != day:
            with self.database.transaction(writes=True) as connection:
                connection.execute(API_KEYS.update().where(mine).values(last_used=day))
        return dict(row)

    def revoke(self, *, now: datetime, key_id: str = "", made_by: str = "") -> int:
        """Revoke a key, or all that somebody made; return how many.

        Parameters
        ----------
        now : datetime
            The time, with its zone.
        key_id : str
            Of the key; or
        made_by : str
            whose keys.

        Returns
        -------
        int
            How many could be used before.
        """
        c = API_KEYS.c
        which = c.id == key_id if key_id else c.made_by == made_by
        with self.database.transaction(writes=True) as connection:
            done = API_KEYS.update().where(which & c.revoked.is_(None)).values(revoked=now)
            return connection.execute(done).rowcount
