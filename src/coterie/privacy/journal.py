"""What outlasts a restore: tombstones noted beside the secret key, which no backup has.

A backup is older than the erasures after it; whoever brings the key back brings these too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from coterie.privacy.keys import FILE, VARIABLE
from coterie.privacy.scope import Scope
from coterie.store.runs import write_atomic
from coterie.store.tombstones import Tombstone, Tombstones


def journal_of(folder: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the file in which tombstones are noted: beside the key, wherever that lies."""
    key = Path(environment.get(VARIABLE) or folder / FILE)
    return key.with_name(f"{key.name}.erased")


def note(scope: Scope, stones: Sequence[Tombstone]) -> None:
    """Note tombstones in the journal."""
    path = journal_of(scope.home.path)
    known = path.read_text("ascii").splitlines() if path.is_file() else []
    fresh = [f"{_name(scope)} {stone.mac} {stone.key}" for stone in stones]
    lines = [*known, *(line for line in fresh if line not in known)]
    if lines != known:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, "".join(f"{line}\n" for line in lines))


def recall(scope: Scope, now: datetime) -> int:
    """Take up tombstones that the journal knows and a restored registry does not.

    Parameters
    ----------
    scope : Scope
        The project.
    now : datetime
        The time, with its zone.

    Returns
    -------
    int
        How many there were; they are pending now.
    """
    path = journal_of(scope.home.path)
    if not path.is_file():
        return 0
    stones = Tombstones(scope.registry.database, scope.registry.project)
    known = {stone.mac for stone in stones.all()}
    fresh = {}
    for line in path.read_text("ascii").splitlines():
        project, mac, key = line.split()
        if mac not in known and project == _name(scope):
            fresh[mac] = Tombstone(mac, key, now, "known from before a restore")
    if fresh:
        stones.put(list(fresh.values()))
    return len(fresh)


def _name(scope: Scope) -> str:
    """Return by which name a project goes in a journal; one of its own needs none."""
    if journal_of(scope.home.path).parent.resolve() == scope.home.path.resolve():
        return "-"
    return scope.home.project.resolve().name.replace(" ", "_")
