"""Names of customers in answers: who may see them, and that every look at them is written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request

from coterie.config import Settings
from coterie.errors import CoterieError
from coterie.pipeline.identifying import people_of
from coterie.privacy.identities import FILE
from coterie.service.auth import get_doors, get_who
from coterie.service.deps import ThisProject
from coterie.service.models_people import Customer
from coterie.service.projects import kept_settings
from coterie.service.who import Rule, Who

EVENT = "identity"
SCOPE = "identities"
_ENOUGH = 16
"""Digits of a hash of which a page of customers has many."""


class Looker:
    """Puts names into answers for whoever may see them."""

    def __init__(self, request: Request, served: ThisProject) -> None:
        self.doors, self.who, self.served = get_doors(request), get_who(request), served

    def put(self, route: str, rows: Sequence[Customer]) -> None:
        """Put names into the rows of an answer, or why there are none; a look is noted before.

        Parameters
        ----------
        route : str
            Which answer it is.
        rows : sequence of Customer
            They are changed.
        """
        found: dict[str, dict[str, str]] = {}
        try:
            settings = kept_settings(self.served.folder) if self._is_kept() else None
            reason = self._why_not(settings)
            if settings is not None and not reason:
                people = people_of(settings, self.served.home)
                found = people.of([row.customer_id for row in rows])
                reason = "The sources do not say who this is."
        except CoterieError as error:  # all else of the answer is there
            reason = error.message
        seen = [one for one, told in found.items() if told]
        if seen:
            self._note(route, seen)
        for row in rows:
            row.identity = found.get(row.customer_id) or None
            row.identity_reason = None if row.identity else reason

    def _is_kept(self) -> bool:
        return (self.served.home.path / FILE).is_file()

    def _why_not(self, settings: Settings | None) -> str:
        """Return why names are not shown; empty if they are."""
        if settings is None or not settings.privacy.sealed:
            return "Names are not kept in this project."
        rule = Rule(settings.privacy.seen_by, SCOPE)
        return "" if self.who.may(rule, self.served.name) else _needs(self.who, rule)

    def _note(self, route: str, seen: Sequence[str]) -> None:
        hidden = [self.doors.hidden(one) for one in seen]
        told = {"customer_id": hidden[0]}
        if len(hidden) > 1:
            told = {"customer_ids": " ".join(one[:_ENOUGH] for one in hidden)}
        self.doors.note(EVENT, self.who, project=self.served.name, route=route, **told)


def _needs(who: Who, rule: Rule) -> str:
    if who.kind == "key":
        return f"Names need a key with the scope {rule.scope}."
    return f"Names need the role {rule.role.capitalize()}."


ThisLooker = Annotated[Looker, Depends()]
