"""Who is asking, and what she may: users by their role in a project, keys by their scopes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from coterie.store.accounts import ADMIN, ANALYST, VIEWER

Kind = Literal["nobody", "local", "user", "key"]
RANKS = ("", VIEWER, ANALYST, ADMIN)
"""Roles, each more than the one before; the first is none."""
SCOPES = {
    "read": "what a viewer sees: segments, flows, quality, reports",
    "customers": "what an analyst sees: also customers, lists and exports",
    "identities": "names, e-mails and the like of customers, where they are kept encrypted",
    "predict": "segments of people who are typed in",
    "run": "upload, map, run, publish, schedule",
    "feedback": "tell what came of offers",
    "events": "tell what happens: orders and other events",
    "admin": "all of these, the audit log and the figures; never accounts or keys",
}
"""What a key may be made for."""
_WHAT_ADMINS_MAY = frozenset(SCOPES)


@dataclass(frozen=True)
class Rule:
    """What a route asks of who calls it.

    Parameters
    ----------
    role : str
        The least role; ``open`` for anybody, ``member`` for whoever is known.
    scope : str, optional
        What a key must be made for; empty: no key will do.
    costly : bool, default False
        Whether it may be called less often.
    event : str, optional
        By which the audit log has it, once it was answered well.
    """

    role: str
    scope: str = ""
    costly: bool = False
    event: str = ""


@dataclass(frozen=True)
class Who:
    """Somebody who asks.

    Parameters
    ----------
    kind : str
        ``nobody``; ``local``, on a server without accounts; ``user``; ``key``.
    id : str, optional
        Of the user or key.
    name, email : str, optional
        Of the user; of a key its name.
    admin : bool, default False
        Whether a user is an admin, of all projects.
    roles : mapping of str to str, optional
        What a user is in which project.
    project : str, optional
        The only one a key is for; empty: all.
    scopes : frozenset of str, optional
        What a key may.
    session : str, optional
        Hash of the session's token.
    temporary : bool, default False
        Whether the password must be changed before anything else.

    Examples
    --------
    >>> ana = Who("user", "u1", roles={"shop": "analyst"})
    >>> ana.role_in("shop"), ana.sees("other")
    ('analyst', False)
    """

    kind: Kind
    id: str = ""
    name: str = ""
    email: str = ""
    admin: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    project: str = ""
    scopes: frozenset[str] = frozenset()
    session: str = ""
    temporary: bool = False

    @property
    def actor(self) -> str:
        """By which the audit log knows her."""
        return f"{self.kind}:{self.id}" if self.id else self.kind

    def role_in(self, project: str) -> str:
        """Return her role in a project; of a key the role whose sight it has."""
        if self.kind == "local" or self.admin:
            return ADMIN
        if self.kind == "user":
            return self.roles.get(project, "")
        if self.kind == "nobody" or (self.project and self.project != project):
            return ""
        return ANALYST if self.has("customers") else VIEWER

    def sees(self, project: str) -> bool:
        """Say whether a project is there for her."""
        return self.role_in(project) != ""

    def has(self, scope: str) -> bool:
        """Say whether a key was made for something."""
        return scope in self.scopes or "admin" in self.scopes

    def visible(self, projects: Iterable[str]) -> list[str]:
        """Return those projects that are there for her."""
        return [name for name in projects if self.sees(name)]

    def may(self, rule: Rule, project: str | None) -> bool:
        """Say whether she may call a route.

        Parameters
        ----------
        rule : Rule
            Of the route.
        project : str or None
            That it is about; None if it is about the server.

        Returns
        -------
        bool
            What is open needs no asking.
        """
        if self.kind == "local" or rule.role == "open":
            return True
        if self.kind == "nobody":
            return False
        if self.kind == "key":
            if not rule.scope or not self.has(rule.scope):
                return False
            about_all = project is None and rule.role != "member"
            return not (about_all and self.project)
        if rule.role == "member":
            return True
        if rule.role not in RANKS:
            return False
        role = ADMIN if self.admin else self.roles.get(project or "", "")
        return RANKS.index(role) >= RANKS.index(rule.role)


NOBODY = Who("nobody")
LOCAL = Who("local", admin=True, scopes=_WHAT_ADMINS_MAY)
"""Whoever asks a server without accounts: it listens to its own machine alone."""
