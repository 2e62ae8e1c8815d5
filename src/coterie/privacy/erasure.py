"""Erasure of a person: from every place, for good, with a certificate that names nobody.

The tombstone comes first and says who she is in a form that only the project's key opens, so an
erasure that was stopped is ended by whoever comes next; that is forgotten last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from coterie.errors import DataError
from coterie.privacy.certificates import Certificate, Erased, certify, revisions_of
from coterie.privacy.database import forget_free_pages
from coterie.privacy.files import UnreadableError, sift_file
from coterie.privacy.journal import note
from coterie.privacy.keys import Keys
from coterie.privacy.person import ID, Person, may_name
from coterie.privacy.places import all_places, unreadable
from coterie.privacy.recognising import USE, among, key_mark
from coterie.privacy.retiring import retire, unfit_models
from coterie.privacy.scope import Scope
from coterie.privacy.sealing import seal, unseal
from coterie.privacy.sifting import Found
from coterie.sources.base import Source
from coterie.store.revisions import finished
from coterie.store.tombstones import Tombstone, Tombstones


def find_person(scope: Scope, customer_id: str) -> Person:
    """Return somebody by her id, with the other values that name her alone.

    Parameters
    ----------
    scope : Scope
        The project; files of sources outside of it are read too.
    customer_id : str
        As in the data.

    Returns
    -------
    Person
        Marks are values of columns such as e-mail or name, and whatever is an e-mail address,
        that stand in rows of hers and in none of anybody else in the same file.
    """
    own, alias = names_of(scope, customer_id.strip())
    person = Person(own, columns=scope.id_columns, alias=alias)
    marks: set[str] = set()
    tables = sorted(scope.home.data.glob("*/customers/*.parquet"))
    checked = [(path, Source()) for path in tables]  # a restored project may lack its sources
    files = [*scope.own_files(), *scope.foreign_files(), *checked]
    looks: list[Callable[[Person], Found]] = [partial(_in_file, *file) for file in files]
    if scope.people is not None:
        looks.append(scope.people.find)
    for look in looks:
        try:
            wanted = {
                (column, str(value).strip())
                for row in look(person).rows
                for column, value in row.items()
                if column not in person.columns and may_name(column, value)
            }
            for column, value in wanted:
                same = Person(value, columns=frozenset({column}))
                holders = look(same).rows
                if not any(_is_anothers(row, person) for row in holders):
                    marks.add(value)
        except UnreadableError:
            continue
    return replace(person, marks=frozenset(marks - {*person.ids}))


def _in_file(path: Path, source: Source, person: Person) -> Found:
    return sift_file(path, None, person, source)


def names_of(scope: Scope, name: str) -> tuple[str, str]:
    """Return id and pseudonym of somebody who is called by either; "" where she has none."""
    known = scope.names.all() if scope.names else {}
    if name in known:
        return name, known[name]
    own = next((one for one, alias in known.items() if alias == name), name)
    return own, known.get(own, "")


def _is_anothers(row: Mapping[str, Any], person: Person) -> bool:
    """Return whether a row has an id, and that of somebody else."""
    ids = [row[name] for name in person.columns & row.keys() if row[name] not in {None, ""}]
    return bool(ids) and not any(person.is_named(one) for one in ids)


def access(scope: Scope, person: Person) -> dict[str, dict[str, Found]]:
    """Return all that is held on a person: by place, then by file or table.

    Parameters
    ----------
    scope : Scope
        The project.
    person : Person
        As ``find_person`` found her.

    Returns
    -------
    dict
        Places that hold nothing are left out; what an erasure removes is exactly this.
    """
    held = ((place.name, dict(place.find(person))) for place in all_places(scope))
    return {name: found for name, found in held if found}


def begin(scope: Scope, keys: Keys, customer_ids: Sequence[str], why: str, now: datetime) -> None:
    """Make tombstones: from now on nothing of these people comes in, and they will be erased.

    Parameters
    ----------
    scope : Scope
        The project.
    keys : Keys
        Of the project.
    customer_ids : sequence of str
        As in the data.
    why : str
        The reason, such as the number of a request; it must not name anybody.
    now : datetime
        The time, with its zone.
    """
    stones = []
    for customer_id in customer_ids:
        own, _ = names_of(scope, customer_id.strip())
        mac = keys.mac(USE, own)
        sealed = _sealed(keys, mac, {"id": own})
        stones.append(Tombstone(mac, key_mark(keys), now, why, sealed=sealed))
    _stones(scope).put(stones)
    note(scope, stones)


def _sealed(keys: Keys, mac: str, about: Mapping[str, Any]) -> str:
    return seal(keys, USE, json.dumps(about), owner=mac)


def finish(scope: Scope, keys: Keys, now: datetime) -> list[Certificate]:
    """Erase everybody whose erasure is pending; what was stopped is ended, nothing is done twice.

    Parameters
    ----------
    scope : Scope
        The project; nobody else writes in it meanwhile.
    keys : Keys
        Of the project.
    now : datetime
        The time, with its zone.

    Returns
    -------
    list of Certificate
        One a person.

    Raises
    ------
    DataError
        If something of somebody is still there afterwards; the erasure stays pending.
    """
    stones = [stone for stone in _stones(scope).all() if stone.pending]
    if not stones:
        return []
    note(scope, stones)
    done: list[Erased] = []
    for stone in stones:
        for about in _who(scope, keys, stone):
            person = Person(
                about["id"], frozenset(about["marks"]), scope.id_columns, about["alias"]
            )
            for place in all_places(scope):
                place.erase(person, now.date())
            retire(scope, about["unfit"])
            if rest := access(scope, person):
                raise DataError(
                    f"Something of this person is still in {', '.join(rest)}.",
                    hint="Nothing may write there meanwhile; erase again.",
                )
            left = _left(scope, person)
            done.append(Erased(stone, about["counts"], left, revisions_of(scope)))
    notes = [said for database, _ in scope.databases() if (said := forget_free_pages(database))]
    for folder in finished(scope.home.runs):
        scope.home.keep(folder.name)
    found = [certify(scope, keys, one, notes, now) for one in done]
    for stone in stones:
        _stones(scope).finish(stone.mac)
    for database, _ in scope.databases():
        forget_free_pages(database)
    return found


def _stones(scope: Scope) -> Tombstones:
    return Tombstones(scope.registry.database, scope.registry.project)


def _who(scope: Scope, keys: Keys, stone: Tombstone) -> list[dict[str, Any]]:
    """Return who a tombstone is of, with all that is held on her before anything is erased.

    That is sealed into the tombstone: an erasure that was stopped finds less. A tombstone from
    before a restore says not who she is: she is looked for by its hash.
    """
    if stone.sealed:
        about: dict[str, Any] = json.loads(unseal(keys, USE, stone.sealed, owner=stone.mac))
        if "counts" in about:
            return [about]
        found = [about["id"]]
    else:
        found = among(keys, [stone.mac], sorted(_all_ids(scope)))
    people = [_described(scope, find_person(scope, one)) for one in found]
    for about in people:
        _stones(scope).put([replace(stone, sealed=_sealed(keys, stone.mac, about))])
    return people


def _described(scope: Scope, person: Person) -> dict[str, Any]:
    counts = {
        place: {name: len(found) for name, found in held.items()}
        for place, held in access(scope, person).items()
    }
    return {
        "id": person.id,
        "alias": person.alias,
        "marks": sorted(person.marks),
        "counts": counts,
        "unfit": sorted(unfit_models(scope, person)),
    }


def _all_ids(scope: Scope) -> set[str]:
    """Return every customer id that stands in a table of ours."""
    ids: set[str] = set()
    for folder in finished(scope.home.path):
        for file in sorted(folder.rglob("*.parquet")):
            if ID in pq.read_schema(file).names:
                ids.update(pq.read_table(file, columns=[ID])[ID].unique().to_pylist())
    for table in scope.people.tables() if scope.people else ():
        ids.update(table[ID].to_pylist())
    known = {alias: own for own, alias in scope.names.all().items()} if scope.names else {}
    return {known.get(one, one) for one in ids if one}


def _left(scope: Scope, person: Person) -> list[str]:
    """Say in sentences what an erasure does not reach."""
    said = []
    for path, source in scope.foreign_files():
        try:
            number = len(sift_file(path, None, person, source))
        except UnreadableError:
            number = 0
        if number:
            said.append(
                f"{path.name} lies outside the project and is only read: {number:,} rows stay "
                "there, and are dropped whenever it is read."
            )
    databases = [name for name, source in scope.sources.items() if source.database]
    if databases:
        said.append(
            f"Databases are only read: rows of {', '.join(databases)} stay there, "
            "and are dropped whenever they are read."
        )
    said += [f"{name} cannot be looked through." for name in unreadable(scope, person)]
    return said
