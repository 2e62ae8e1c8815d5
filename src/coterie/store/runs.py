"""A run is a folder that appears whole or not at all, and is checked when read.

The id is a hash of all that determines the result, and no file in the folder but
``log.jsonl`` holds a clock: the same input gives the same id and the same bytes.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.errors import DataError, NotReadyError
from coterie.store import faults

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
LOG = "log.jsonl"
BEFORE = "before"
"""Hash that a file has until a revision of its folder is through."""
PARTIAL = ".tmp-"
"""Beginning of the name of what is not finished."""
PRIVATE = 0o600
"""Mode of files that hold rows as they came in."""

ROW_GROUP = 122_880
"""Rows of a Parquet row group: fixed, so that bytes do not depend on who made the batches."""

_ROW_IDS = frozenset({"line_id", "order_id", "event_id", "session_id", "text_id", "touch_id"})
_BLOCK = 1 << 20


def to_json(data: Any) -> str:
    r"""Write JSON the one way: sorted keys, no NaN, a line break at the end.

    Examples
    --------
    >>> to_json({"b": 1, "a": [None, "é"]})
    '{"a": [null, "é"], "b": 1}\n'
    """
    return json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def hash_of(data: Any, digits: int = 12) -> str:
    """Return the first hex digits of the SHA-256 of ``data`` as JSON."""
    return hashlib.sha256(to_json(data).encode()).hexdigest()[:digits]


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def check_file(path: Path) -> None:
    """Refuse a name that something other than a file has.

    Raises
    ------
    DataError
        If it is a folder or the like.
    """
    try:
        taken = not path.name or (path.exists() and not path.is_file())
    except OSError as error:  # such as a name too long
        raise DataError(f"{str(path)!r}: {error.strerror}.", where=str(path)) from error
    if taken:
        raise DataError(
            f"{str(path)!r} is no file that can be written.",
            hint="Name a file, such as out.csv.",
            where=str(path),
        )


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give the name under which a file is to be written, then bring it to disk and rename it.

    Parameters
    ----------
    path : Path
        The name it gets; a file of that name is replaced. What goes wrong leaves it as it was.

    Raises
    ------
    DataError
        If it cannot be written, or something that is no file has that name.
    """
    check_file(path)
    partial = path.with_name(f".{path.name}.partial")
    with disk_errors(path):
        try:
            yield partial
            faults.point()
            sync(partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        sync(path.parent)
    faults.point()


def write_atomic(path: Path, text: str) -> None:
    """Write a text file that appears whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a forbidden path into one clear ``DataError``."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            message = f"The disk is full; {path} could not be written."
            hint = "Free some space and run again; nothing was left half-written."
        else:
            reason = os.strerror(error.errno) if error.errno else str(error)
            message = f"{path} could not be written: {reason}."
            hint = "Check that the folder exists and that you may write there."
        raise DataError(message, hint=hint, where=str(path)) from error


class FolderWriter:
    """A folder under construction: ``.tmp-<name>`` until ``commit`` gives it its name.

    Used as a context manager; without ``commit`` nothing of it stays.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.target = root / name
        self.folder = root / f"{PARTIAL}{name}"

    def __enter__(self) -> Self:
        with disk_errors(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
        faults.point()
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name: str) -> Path:
        """Return where a file of this name is to be written."""
        return self.folder / name

    def text(self, name: str, text: str) -> None:
        """Write a UTF-8 text file."""
        with disk_errors(self.path(name)):
            self.path(name).write_text(text, encoding="utf-8", newline="")
        faults.point()

    def json(self, name: str, data: Any) -> None:
        """Write a JSON file."""
        self.text(name, to_json(data))

    def table(
        self, name: str, data: pa.Table | pa.RecordBatchReader, *, private: bool = False
    ) -> None:
        """Write an Arrow table, or a stream of batches, as Parquet in the order of its rows.

        Parameters
        ----------
        name : str
            File name.
        data : pyarrow.Table or RecordBatchReader
            A reader is drained.
        private : bool, default False
            Readable by the owner alone.
        """
        path = self.path(name)
        reader = data.to_reader() if isinstance(data, pa.Table) else data
        with disk_errors(path):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT, PRIVATE if private else 0o644)
            with (
                os.fdopen(handle, "wb") as file,
                pq.ParquetWriter(
                    file, data.schema, compression="zstd", use_dictionary=_recurring(data.schema)
                ) as writer,
            ):
                for group in row_groups(reader):
                    writer.write_table(group, row_group_size=ROW_GROUP)
        faults.point()

    def files(self) -> dict[str, dict[str, Any]]:
        """Return name -> SHA-256 and number of rows (Parquet) of what was written so far."""
        found = {}
        for path in sorted(p for p in self.folder.rglob("*") if p.is_file() and p.name != LOG):
            entry: dict[str, Any] = {"sha256": file_hash(path)}
            if path.suffix == ".parquet":
                entry["rows"] = pq.read_metadata(path).num_rows
            found[path.relative_to(self.folder).as_posix()] = entry
        return found

    def commit(self) -> Path:
        """Bring all files to disk and give the folder its name; keep one that is there already."""
        with disk_errors(self.target):
            for path in self.folder.rglob("*"):
                sync(path)
            sync(self.folder)
            faults.point()
            if self.target.exists():
                return self.target
            self.folder.rename(self.target)
            sync(self.target.parent)
        faults.point()
        return self.target


def _recurring(schema: pa.Schema) -> list[str]:
    """Return the columns in which values come again; a dictionary of ids costs time and room."""
    return [
        field.name
        for field in schema
        if not (pa.types.is_timestamp(field.type) or field.name in _ROW_IDS)
    ]


def row_groups(reader: Iterable[pa.RecordBatch], rows: int = ROW_GROUP) -> Iterator[pa.Table]:
    """Cut a stream into tables of so many rows, whatever its batches; the last has the rest.

    Parameters
    ----------
    reader : RecordBatchReader, or iterable of RecordBatch
        Is drained; no more than one table is held at a time.
    rows : int, optional
        Of a table.

    Yields
    ------
    pyarrow.Table
        In one chunk.
    """
    held: list[pa.RecordBatch] = []
    for batch in reader:
        start = 0
        while start < batch.num_rows:
            part = batch.slice(start, rows - sum(b.num_rows for b in held))
            start += part.num_rows
            held.append(part)
            if sum(b.num_rows for b in held) == rows:
                yield pa.Table.from_batches(held).combine_chunks()
                held = []
    if held:
        yield pa.Table.from_batches(held).combine_chunks()


def read_json(path: Path) -> Any:
    """Read a JSON file that Coterie wrote.

    Raises
    ------
    NotReadyError
        If it is not there.
    DataError
        If it is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotReadyError(f"{path} is not there.", hint="Run again: coterie run") from error
    except ValueError as error:
        hint = f"Delete the folder {path.parent} and run again."
        raise DataError(f"{path} is damaged.", hint=hint) from error


def check_run(folder: Path) -> dict[str, Any]:
    """Return a run's manifest after comparing every file with its hash.

    Raises
    ------
    NotReadyError
        If there is no run.
    DataError
        If a file is missing or differs.
    """
    hint = f"Delete the folder {folder} and run again."
    if folder.is_dir() and not (folder / MANIFEST).is_file():
        raise DataError(f"{folder / MANIFEST} is not there.", hint=hint)
    manifest: dict[str, Any] = read_json(folder / MANIFEST)
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict):
        raise DataError(f"{folder / MANIFEST} is damaged.", hint=hint)
    changed = first_changed(folder, files)
    if changed:
        raise DataError(
            f"{folder / changed} is missing or was changed since the run.", hint=hint, where=changed
        )
    return manifest


def first_changed(folder: Path, files: Mapping[str, Any]) -> str:
    """Return the first file that is not as its index says; empty if all are.

    While a revision is under way (``store.revisions``) a file may be as it was, or as it will be.
    """
    for name, entry in files.items():
        path, known = folder / name, dict(entry)
        allowed = {known.get("sha256"), known.get(BEFORE)} - {None}
        if not path.is_file() or file_hash(path) not in allowed:
            return name
    return ""


def remove_partial(roots: Sequence[Path], *, before: float = math.inf) -> None:
    """Remove what was interrupted: all of it, or what was last changed before a moment.

    Parameters
    ----------
    roots : sequence of Path
        Folders in which something may have been left.
    before : float, optional
        Seconds since 1970, as files tell them.
    """
    for root in roots:
        for leftover in root.glob(f"{PARTIAL}*"):
            try:
                old = leftover.stat().st_mtime < before
            except FileNotFoundError:  # its owner has just finished
                continue
            if old:
                shutil.rmtree(leftover, ignore_errors=True)


def append_log(folder: Path, entry: Mapping[str, Any]) -> None:
    """Add one line to a run's log, the only place with clock times."""
    with disk_errors(folder / LOG), (folder / LOG).open("a", encoding="utf-8") as file:
        file.write(to_json(entry))
    faults.point()
