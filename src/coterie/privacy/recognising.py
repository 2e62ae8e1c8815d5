"""Who was erased is recognised by the hash of her id, under any key that the project ever had."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from coterie.errors import DataError
from coterie.privacy.keys import Keys
from coterie.store.tombstones import Tombstone

USE = "tombstone"


def key_mark(keys: Keys, age: int = 0) -> str:
    """Return by what a key is known that must not be told."""
    return hashlib.sha256(keys.derive("mark of the key", age=age)).hexdigest()[:12]


def among(keys: Keys, macs: Collection[str], ids: Iterable[str]) -> list[str]:
    """Return which of some ids have a tombstone.

    Parameters
    ----------
    keys : Keys
        A tombstone may be of any of them.
    macs : collection of str
        The tombstones.
    ids : iterable of str
        Distinct.

    Returns
    -------
    list of str
        In their order.
    """
    wanted = {bytes.fromhex(mac) for mac in macs}
    secrets = [keys.derive(USE, age=age) for age in range(len(keys.secrets))]
    return [
        one
        for one in ids
        if any(hmac.digest(secret, one.encode(), "sha256") in wanted for secret in secrets)
    ]


def check_keys(keys: Keys | None, stones: Sequence[Tombstone], where: Path) -> None:
    """Refuse to go on without the keys by which tombstones were made: the erased would come back.

    Parameters
    ----------
    keys : Keys or None
        Those that are there.
    stones : sequence of Tombstone
        Of the project.
    where : Path
        Where the keys should lie.

    Raises
    ------
    DataError
        If a key is missing.
    """
    known = {key_mark(keys, age) for age in range(len(keys.secrets))} if keys else set()
    lost = sorted({stone.key for stone in stones} - known)
    if lost:
        number = sum(stone.key in lost for stone in stones)
        raise DataError(
            f"{number:,} erased people cannot be recognised: {where} "
            f"{'is not there' if keys is None else 'is another one'}.",
            allowed="the key by which their tombstones were made",
            hint="Bring it back from where keys are kept: no backup has it.",
            where=str(where),
        )
