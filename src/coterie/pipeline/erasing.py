"""People who asked to be forgotten, or to be told: a project's part in both.

Every run ends erasures that were stopped before it reads anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from coterie.config import Settings
from coterie.errors import NotReadyError
from coterie.privacy.certificates import Certificate, certificate_of
from coterie.privacy.erasure import access, begin, find_person, finish
from coterie.privacy.identities import Identities
from coterie.privacy.journal import recall
from coterie.privacy.keys import Keys, existing_keys, key_file, open_keys, rotate
from coterie.privacy.person import names_people
from coterie.privacy.pseudonyms import Pseudonyms
from coterie.privacy.recognising import among, check_keys
from coterie.privacy.retention import Cleaned, clean
from coterie.privacy.retiring import drop_retired
from coterie.privacy.scope import Scope
from coterie.privacy.sifting import Found
from coterie.store.database import Database
from coterie.store.home import Home
from coterie.store.registry import Registry
from coterie.store.tombstones import Tombstones
from coterie.validation.erased import Erasures

Server = tuple[Database, str | None]


@dataclass(frozen=True)
class Held:
    """All that is held on somebody.

    Parameters
    ----------
    customer_id : str
        Her id.
    places : dict
        Place to file or table to what stands there.
    """

    customer_id: str
    places: dict[str, dict[str, Found]]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON: rows as objects, and sentences that name her."""
        return {
            "customer_id": self.customer_id,
            "places": {
                place: {
                    name: {"rows": list(found.rows), "named": list(found.named)}
                    for name, found in held.items()
                }
                for place, held in self.places.items()
            },
            "total": sum(len(f) for held in self.places.values() for f in held.values()),
        }


def scope_of(
    settings: Settings, home: Home, registry: Registry, server: Server | None = None
) -> Scope:
    """Return what is gone through when a person is looked for.

    Parameters
    ----------
    settings : Settings
        Of the project.
    home : Home
        Its folder.
    registry : Registry
        Its registry.
    server : (Database, str or None), optional
        Of the server that serves it.

    Returns
    -------
    Scope
        With the pseudonyms and what identifies people, where either is kept.
    """
    keys = existing_keys(home.path) or Keys(())  # without any, what is sealed says so
    names = Pseudonyms(home.path, keys)
    people = Identities(home.path, keys)
    return Scope(
        home,
        registry,
        settings.sources,
        server,
        names if names.path.is_file() else None,
        people if people.path.is_file() else None,
    )


def find_erasures(settings: Settings, home: Home, registry: Registry) -> Erasures | None:
    """Return who was erased from a project and how the others are hidden; None if neither is so.

    Parameters
    ----------
    settings : Settings
        Of the project; says whether it is hidden who customers are.
    home : Home
        The project.
    registry : Registry
        Its registry.

    Returns
    -------
    Erasures or None
        For whoever reads its sources.

    Raises
    ------
    DataError
        If the key that recognises them is not there.
    """
    stones = Tombstones(registry.database, registry.project).all()
    pseudonyms, sealed = settings.privacy.pseudonyms, settings.privacy.sealed
    if not stones and not pseudonyms and not sealed:
        return None
    keys = existing_keys(home.path)
    check_keys(keys, stones, key_file(home.path))
    keys = keys or open_keys(home.path)
    macs = tuple(sorted(stone.mac for stone in stones))
    listed = tuple(sorted({name.casefold() for name in settings.privacy.identity}))
    return Erasures(
        macs,
        partial(among, keys, macs),
        Pseudonyms(home.path, keys).of if pseudonyms else None,
        lambda column: names_people(column) or column.casefold() in listed,
        listed,
        Identities(home.path, keys) if sealed else None,
    )


def hold(settings: Settings, folder: Path, customer_id: str, server: Server | None = None) -> Held:
    """Return everything that a project holds on somebody.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    customer_id : str
        As in the data.
    server : (Database, str or None), optional
        Of the server that serves it.

    Returns
    -------
    Held
        Exactly what an erasure would remove.
    """
    home = Home(folder)
    with home.registry() as registry:
        scope = scope_of(settings, home, registry, server)
        person = find_person(scope, customer_id)
        return Held(person.id, access(scope, person))


def announce(
    settings: Settings,
    folder: Path,
    customer_id: str,
    *,
    reason: str = "",
    now: datetime,
    server: Server | None = None,
) -> None:
    """Make the tombstone of somebody; ``erase_pending`` does the rest.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    customer_id : str
        As in the data.
    reason : str, optional
        Kept in the certificate; it must not name anybody.
    now : datetime
        The time, with its zone.
    server : (Database, str or None), optional
        Of the server that serves it.
    """
    home = Home(folder)
    with home.registry() as registry:
        scope = scope_of(settings, home, registry, server)
        begin(scope, open_keys(home.path), [customer_id], reason, now)


def erase(
    settings: Settings,
    folder: Path,
    customer_id: str,
    *,
    reason: str = "",
    now: datetime,
    server: Server | None = None,
) -> Certificate:
    """Erase somebody from all that a project keeps.

    Parameters
    ----------
    settings, folder, customer_id, reason, now, server
        As for ``announce``.

    Returns
    -------
    Certificate
        The former one, if she was erased before and has not come back.
    """
    home = Home(folder)
    with home.alone(), home.workplace(), home.registry() as registry:
        scope = scope_of(settings, home, registry, server)
        finish_pending(scope, now)
        keys = open_keys(home.path)
        person = find_person(scope, customer_id)
        known = certificate_of(scope, keys, person)
        if known is not None and not access(scope, person):
            return known
        begin(scope, keys, [customer_id], reason, now)
        (made,) = finish(scope, keys, now)
        return made


def erase_pending(
    settings: Settings, folder: Path, *, now: datetime, server: Server | None = None
) -> list[Certificate]:
    """End all erasures that were asked for or stopped, or are older than a restore.

    Parameters
    ----------
    settings, folder, now, server
        As for ``announce``.

    Returns
    -------
    list of Certificate
        One a person.
    """
    home = Home(folder)
    if not home.has_registry:
        raise NotReadyError(f"There is nothing in {folder.resolve()} yet.")
    with home.alone(), home.workplace(), home.registry() as registry:
        return finish_pending(scope_of(settings, home, registry, server), now)


def let_go(settings: Settings, folder: Path, *, now: datetime) -> Cleaned:
    """Let go of what a project was to keep for a while only; every run does so too.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    now : datetime
        The time, with its zone.

    Returns
    -------
    Cleaned
        What it was.
    """
    home = Home(folder)
    if not home.has_registry:
        return Cleaned()
    with home.alone(), home.workplace(), home.registry() as registry:
        scope = scope_of(settings, home, registry)
        finish_pending(scope, now)
        return tidy(scope, settings, now)


def tidy(scope: Scope, settings: Settings, now: datetime) -> Cleaned:
    """Do that in a project that is held already.

    Parameters
    ----------
    scope : Scope
        The project.
    settings : Settings
        Of the project.
    now : datetime
        The time, with its zone.

    Returns
    -------
    Cleaned
        What it was.
    """
    drop_retired(scope)
    if scope.people is not None and not settings.privacy.sealed:
        scope.people.path.unlink(missing_ok=True)
    return clean(scope.home, scope.registry, settings.privacy, now)


def finish_pending(scope: Scope, now: datetime) -> list[Certificate]:
    """Do that in a project that is held already; a project nobody was erased from has no key.

    Parameters
    ----------
    scope : Scope
        The project.
    now : datetime
        The time, with its zone.

    Returns
    -------
    list of Certificate
        One a person.
    """
    recall(scope, now)
    stones = Tombstones(scope.registry.database, scope.registry.project).all()
    if not any(stone.pending for stone in stones):
        return []
    keys = existing_keys(scope.home.path)
    check_keys(keys, stones, key_file(scope.home.path))
    return finish(scope, keys or Keys(()), now)


def rotate_keys(folder: Path) -> int:
    """Put a new key in front of a project's, and encrypt what is kept by it.

    Pseudonyms and tombstones stay as they are: the former keys go on reading.

    Parameters
    ----------
    folder : Path
        The project folder.

    Returns
    -------
    int
        Keys that there are now.
    """
    home = Home(folder)
    with home.alone():
        keys = rotate(home.path)
        Pseudonyms(home.path, keys).seal_again()
        Identities(home.path, keys).seal_again()
    return len(keys.secrets)
