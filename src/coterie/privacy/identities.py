"""Names, e-mails and the like of customers, in one sealed file apart from all else that is kept.

The file is written in blocks of some thousand customers in the order of their ids, each encrypted
on its own, so that a look at one opens one block and a million need no memory to speak of. Every
block is bound to its place in its file: none can be left out, moved, or put back from a former one.
"""

from __future__ import annotations

import io
import json
import os
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from coterie.errors import DataError
from coterie.privacy.keys import Keys, unguessable
from coterie.privacy.person import ID, Person
from coterie.privacy.sealing import seal_bytes, unseal_bytes
from coterie.privacy.sifting import Found, sift_table
from coterie.store.runs import PRIVATE, row_groups, whole_file

USE = "identity"
FILE = "people.sealed"
ROWS = 16_384
"""Customers in a block."""
_END = b"COTERIE1"
_LENGTH = 8
_INDEX = "index"


@dataclass(frozen=True)
class _Index:
    """What a file holds: encrypted as well, since the first ids of blocks are ids."""

    taken: str = ""
    columns: tuple[str, ...] = ()
    mark: str = ""
    blocks: tuple[tuple[int, int, str], ...] = ()
    """Start and length in bytes, and the first id."""


class Identities:
    """What identifies the customers of a project.

    Parameters
    ----------
    folder : Path
        Where the file lies.
    keys : Keys
        Of the project.

    Examples
    --------
    >>> import tempfile
    >>> rows = pa.record_batch({"customer_id": ["c1", "c2"], "email": ["a@ex.org", None]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     people = Identities(Path(folder), Keys((bytes(32),)))
    ...     people.put("fingerprint", [rows])
    ...     people.of(["c1", "c2", "c3"])
    {'c1': {'email': 'a@ex.org'}, 'c2': {}}
    """

    def __init__(self, folder: Path, keys: Keys) -> None:
        self.path = folder / FILE
        self.keys = keys

    @property
    def taken(self) -> str:
        """Of which content of the sources the file was made; empty if there is none."""
        return self._index().taken

    @property
    def columns(self) -> tuple[str, ...]:
        """What is known of customers."""
        return self._index().columns

    def put(self, taken: str, rows: Iterable[pa.RecordBatch]) -> None:
        """Write the file anew, whole or not at all.

        Parameters
        ----------
        taken : str
            What tells the content of the sources.
        rows : iterable of RecordBatch
            ``customer_id``, in the order of its bytes and none twice, and columns of text.
        """
        mark, columns = unguessable(16).hex(), ()
        blocks: list[tuple[int, int, str]] = []
        with whole_file(self.path) as partial:
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
            with os.fdopen(handle, "wb") as file:
                for table in row_groups(rows, ROWS):
                    place = f"{mark} {len(blocks)}"
                    sealed = seal_bytes(self.keys, USE, _packed(table), owner=place)
                    blocks.append((file.tell(), len(sealed), table[ID][0].as_py()))
                    columns = tuple(name for name in table.column_names if name != ID)
                    file.write(sealed)
                index = {"taken": taken, "columns": columns, "mark": mark, "blocks": blocks}
                sealed = seal_bytes(self.keys, USE, json.dumps(index).encode(), owner=_INDEX)
                file.write(sealed + len(sealed).to_bytes(_LENGTH, "big") + _END)

    def of(self, ids: Collection[str]) -> dict[str, dict[str, str]]:
        """Return what identifies some customers.

        Parameters
        ----------
        ids : collection of str
            As in what is kept: pseudonyms, if customers go by any.

        Returns
        -------
        dict
            Id -> column -> text, of those who are known, without what is unknown.

        Raises
        ------
        DataError
            If no key of the project opens the file, or it was changed.
        """
        found = {}
        with self._opened() as (file, index):
            firsts = [first for _, _, first in index.blocks]
            asked: dict[int, list[str]] = {}
            for one in ids:
                asked.setdefault(bisect_right(firsts, one) - 1, []).append(one)
            for number, some in asked.items():
                if number >= 0:
                    table = self._block(file, index, number)
                    theirs = table.filter(pc.is_in(table[ID], pa.array(some, pa.string())))
                    for row in theirs.to_pylist():
                        told = {n: v for n, v in row.items() if n != ID and v is not None}
                        found[row[ID]] = told
        return {one: found[one] for one in ids if one in found}

    def tables(self) -> Iterator[pa.Table]:
        """Yield all customers, a block at a time."""
        with self._opened() as (file, index):
            for number in range(len(index.blocks)):
                yield self._block(file, index, number)

    def find(self, person: Person) -> Found:
        """Return the row of somebody, and what is said of her in rows of others."""
        found = [sift_table(table, person)[1] for table in self.tables()]
        return Found(
            tuple(row for one in found for row in one.rows),
            tuple(text for one in found for text in one.named),
        )

    def forget(self, person: Person) -> None:
        """Write the file again without somebody; if it holds nothing of her it stays."""
        if self.find(person):
            left = (sift_table(table, person)[0] for table in self.tables())
            self._again(left)

    def seal_again(self) -> None:
        """Encrypt the file by the newest key."""
        if self.path.is_file():
            self._again(self.tables())

    def _again(self, tables: Iterable[pa.Table]) -> None:
        self.put(self.taken, (batch for table in tables for batch in table.to_batches()))

    def _index(self) -> _Index:
        with self._opened() as (_, index):
            return index

    @contextmanager
    def _opened(self) -> Iterator[tuple[IO[bytes], _Index]]:
        """Open the file once, so that index and blocks are of one file if it is replaced."""
        if not self.path.is_file():
            yield io.BytesIO(), _Index()
            return
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            tail = _LENGTH + len(_END)
            file.seek(max(0, size - tail))
            length, end = file.read(_LENGTH), file.read()
            start = size - tail - int.from_bytes(length, "big")
            if end != _END or start < 0:
                raise DataError(
                    f"{self.path} is damaged.",
                    hint="Remove it: the next run makes it again from the sources.",
                    where=str(self.path),
                )
            file.seek(start)
            plain = unseal_bytes(self.keys, USE, file.read(size - tail - start), owner=_INDEX)
            told = json.loads(plain)
            blocks = tuple((start, length, first) for start, length, first in told["blocks"])
            yield file, _Index(told["taken"], tuple(told["columns"]), told["mark"], blocks)

    def _block(self, file: IO[bytes], index: _Index, number: int) -> pa.Table:
        start, length, _ = index.blocks[number]
        file.seek(start)
        plain = unseal_bytes(self.keys, USE, file.read(length), owner=f"{index.mark} {number}")
        with pa.ipc.open_stream(pa.py_buffer(plain)) as reader:
            return reader.read_all()


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    how = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=how) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
