"""Pseudonyms of customers: what a project keeps names nobody without the key.

The map from id to pseudonym is one encrypted file. An id that is in it keeps its pseudonym when
the key is rotated; only new ones are made by the new key.
"""

from __future__ import annotations

import hmac
import io
import os
from collections.abc import Collection, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.errors import DataError
from coterie.privacy.keys import Keys
from coterie.privacy.sealing import seal_bytes, unseal_bytes
from coterie.store.runs import PRIVATE, whole_file

USE = "pseudonym"
FILE = "identities.sealed"
_DIGITS = 20


class Pseudonyms:
    """The pseudonyms of a project.

    Parameters
    ----------
    folder : Path
        Where the map lies.
    keys : Keys
        Of the project.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     names = Pseudonyms(Path(folder), Keys((bytes(32),)))
    ...     made = names.of(["17850"])
    ...     len(made["17850"]), names.identities([made["17850"]]) == {made["17850"]: "17850"}
    (21, True)
    """

    def __init__(self, folder: Path, keys: Keys) -> None:
        self.path = folder / FILE
        self.keys = keys

    def all(self) -> dict[str, str]:
        """Return id -> pseudonym of everybody.

        Raises
        ------
        DataError
            If the key that opens the map is not there.
        """
        if not self.path.is_file():
            return {}
        plain = unseal_bytes(self.keys, USE, self.path.read_bytes())
        table = pq.read_table(io.BytesIO(plain))
        return dict(zip(table["id"].to_pylist(), table["pseudonym"].to_pylist(), strict=True))

    def of(self, ids: Collection[str]) -> dict[str, str]:
        """Return the pseudonyms of some ids; those that have none get one, which is kept."""
        known = self.all()
        key = self.keys.derive(USE)
        fresh = {one: _made(key, one) for one in ids if one not in known}
        if fresh:
            self._write(known | fresh)
        return {one: known.get(one) or fresh[one] for one in ids}

    def identities(self, pseudonyms: Collection[str]) -> dict[str, str]:
        """Return pseudonym -> id of those that are known."""
        wanted = set(pseudonyms)
        return {name: one for one, name in self.all().items() if name in wanted}

    def forget(self, customer_id: str) -> None:
        """Take somebody out of the map."""
        known = self.all()
        if known.pop(customer_id, None) is not None:
            self._write(known)

    def seal_again(self) -> None:
        """Encrypt the map by the newest key."""
        if self.path.is_file():
            self._write(self.all())

    def _write(self, known: Mapping[str, str]) -> None:
        if len(set(known.values())) < len(known):
            raise DataError("Two customers have one pseudonym.", hint="Rotate the key; run again.")
        names = {"id": list(known), "pseudonym": list(known.values())}
        plain = io.BytesIO()
        pq.write_table(pa.table(names), plain, compression="zstd")
        with whole_file(self.path) as partial:
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
            with os.fdopen(handle, "wb") as file:
                file.write(seal_bytes(self.keys, USE, plain.getvalue()))


def _made(key: bytes, customer_id: str) -> str:
    return f"p{hmac.digest(key, customer_id.encode(), 'sha256').hex()[:_DIGITS]}"
