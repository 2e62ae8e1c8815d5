"""Certificates of erasure: signed, and of nobody."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from coterie.privacy.keys import Keys
from coterie.privacy.person import Person
from coterie.privacy.recognising import USE
from coterie.privacy.scope import Scope
from coterie.privacy.sealing import sign
from coterie.store.revisions import finished
from coterie.store.runs import MANIFEST, read_json, to_json, write_atomic
from coterie.store.tombstones import Tombstone

SIGNED = "certificate"
FOLDER = "erasures"


@dataclass(frozen=True)
class Certificate:
    """What an erasure came to.

    Parameters
    ----------
    told : dict
        Signed JSON without any identity: when, places and counts, hash of the tombstone, runs
        that were revised, what is left.
    file : Path
        Where it is kept.
    """

    told: dict[str, Any]
    file: Path


@dataclass(frozen=True)
class Erased:
    """Somebody who was erased.

    Parameters
    ----------
    stone : Tombstone
        Hers.
    counts : mapping
        Place to file or table to how much was there.
    left : sequence of str
        What was not reached, in sentences.
    runs : mapping
        Run id to its newest revision.
    """

    stone: Tombstone
    counts: Mapping[str, Mapping[str, int]]
    left: Sequence[str]
    runs: Mapping[str, Any]


def revisions_of(scope: Scope) -> dict[str, Any]:
    """Return the newest revision of every run that has one."""
    folders = finished(scope.home.runs)
    found = {folder.name: read_json(folder / MANIFEST)["revisions"] for folder in folders}
    return {run_id: revisions[-1] for run_id, revisions in found.items() if revisions}


def certify(
    scope: Scope, keys: Keys, erased: Erased, notes: Sequence[str], now: datetime
) -> Certificate:
    """Sign and keep a certificate.

    Parameters
    ----------
    scope : Scope
        The project.
    keys : Keys
        Of the project.
    erased : Erased
        What was done.
    notes : sequence of str
        What may be left of everybody who was erased now.
    now : datetime
        The time, with its zone.

    Returns
    -------
    Certificate
        Kept under the hash of the tombstone.
    """
    stone, counts = erased.stone, erased.counts
    places = {
        f"{place}: {name}" if name != place else place: number
        for place, held in counts.items()
        for name, number in held.items()
    }
    told: dict[str, Any] = {
        "format": 1,
        "act": "erasure",
        "at": now.isoformat(timespec="seconds"),
        "asked": stone.made.isoformat(timespec="seconds"),
        "reason": stone.reason,
        "tombstone": hashlib.sha256(stone.mac.encode()).hexdigest(),
        "places": places,
        "removed": sum(places.values()),
        "runs": dict(erased.runs),
        "left": [*erased.left, *notes],
        "version": importlib.metadata.version("coterie"),
    }
    told = sign(keys, SIGNED, told)
    folder = scope.home.path / FOLDER
    folder.mkdir(exist_ok=True)
    file = _file_of(folder, told["tombstone"], told["asked"])
    write_atomic(file, to_json(told))
    return Certificate(told, file)


def _file_of(folder: Path, tombstone: str, asked: str) -> Path:
    """Return the file of a certificate: somebody who came back and was erased again has two."""
    number, file = 1, folder / f"{tombstone[:12]}.json"
    while file.is_file() and read_json(file)["asked"] != asked:
        number += 1
        file = folder / f"{tombstone[:12]}-{number}.json"
    return file


def certificate_of(scope: Scope, keys: Keys, person: Person) -> Certificate | None:
    """Return the newest certificate of somebody who was erased, or None.

    Parameters
    ----------
    scope : Scope
        The project.
    keys : Keys
        Of the project.
    person : Person
        By her id.

    Returns
    -------
    Certificate or None
        As it was signed.
    """
    for mac in keys.macs(USE, person.id):
        name = hashlib.sha256(mac.encode()).hexdigest()[:12]
        files = sorted((scope.home.path / FOLDER).glob(f"{name}*.json"), key=lambda f: len(f.name))
        if files:
            return Certificate(read_json(files[-1]), files[-1])
    return None
