"""Files as sources: which ones are meant, what they are, and what their bytes sum to.

The format is told from the first bytes; the name decides only between kinds of text.
"""

from __future__ import annotations

import glob
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.errors import DataError
from coterie.sources.base import Raw, Source
from coterie.sources.csv_files import Rejected, load_csv
from coterie.sources.limits import BLOCK, reading
from coterie.sources.names import name_notes, table_of
from coterie.sources.staging import plain_text

BAD_ROW = "bad_row"
_FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".xlsx": "excel",
    ".xlsm": "excel",
}
_FOREIGN = {
    b"\xd0\xcf\x11\xe0": ("a legacy Excel file (.xls)", "Save it as .xlsx or CSV."),
    b"SQLite format 3": ("an SQLite database", 'Write database = "sqlite:…" and relation = "…".'),
    b"%PDF": ("a PDF", "Export the table as CSV."),
    b"<!DOCTYPE": ("a web page", "The download may have failed; fetch the file again."),
    b"<html": ("a web page", "The download may have failed; fetch the file again."),
    b"ARROW1": ("an Arrow (Feather) file", "Save it as Parquet."),
}


@dataclass(frozen=True)
class Loaded:
    """What a format's reader gives: the header, rejected rows by file, and notes."""

    header: tuple[str, ...]
    rejected: tuple[tuple[str, Sequence[Rejected]], ...]
    notes: tuple[str, ...]


Loader = Callable[[DuckDB, str, Sequence[Path], Source, Path], Loaded]


def find_files(source: Source, folder: Path) -> list[Path]:
    """Return the files that ``source.file`` means, ordered by their path.

    Raises
    ------
    DataError
        If there is none, or a folder of that name.
    """
    wanted = folder / source.file
    if wanted.is_dir():
        raise DataError(
            f"{source.file} is a folder.",
            hint=f"Name a file in it, or a pattern such as '{source.file.rstrip('/')}/*.csv'.",
            where=source.file,
        )
    if wanted.exists():
        return [wanted]
    found = [Path(path) for path in sorted(glob.glob(str(wanted), recursive=True))]  # noqa: PTH207 - Path.glob refuses absolute patterns
    files = [path for path in found if path.is_file()]
    if files:
        return files
    raise DataError(f"There is no file {source.file}.", hint=_nearest(wanted), where=source.file)


def _nearest(wanted: Path) -> str:
    try:
        names = sorted(os.listdir(wanted.parent))  # noqa: PTH208 - names are all that is needed
    except OSError:
        return f"There is no folder {wanted.parent.name!r} either."
    near = get_close_matches(wanted.name, names, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    shown = ", ".join(names[:5])
    return f"The folder holds: {shown}." if shown else "The folder is empty."


def fingerprint_files(source: Source, folder: Path) -> str:
    """Return the SHA-256 of the files' bytes, as hex; of several, each file's size goes first."""
    files = find_files(source, folder)
    digest = hashlib.sha256()
    if len(files) > 1:
        digest.update(f"{len(files)} files\n".encode())
    for path in files:
        with reading(path), path.open("rb") as file:
            if len(files) > 1:
                digest.update(f"{path.stat().st_size}\n".encode())
            while block := file.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def read_files(db: DuckDB, name: str, source: Source, folder: Path) -> Raw:
    """Read the files of a source into ``raw__<name>``; see ``sources.read.read``."""
    files = find_files(source, folder)
    kinds = {source.format or told_format(path) for path in files}
    if len(kinds) > 1:
        raise DataError(
            f"{source.file} means files of several formats: {', '.join(sorted(kinds))}.",
            hint="Use a pattern that means one format only.",
            where=source.file,
        )
    relation = f"raw__{name}"
    db.drop(relation)
    with tempfile.TemporaryDirectory(prefix="coterie-") as scratch:
        loaded = LOADERS[kinds.pop()](db, relation, files, source, Path(scratch))
    return finish(db, name, source, loaded)


def finish(db: DuckDB, name: str, source: Source, loaded: Loaded) -> Raw:
    """Make the Raw of a table that was read; no row at all is an error."""
    relation = f"raw__{name}"
    rows = int(db.rows(f"SELECT count(*) FROM {identifier(relation)}")[0][0])
    several = len(loaded.rejected) > 1
    bad = [(file, row) for file, rejected in loaded.rejected for row in rejected]
    where = source.file or source.database or name
    if not rows:
        first = f" {bad[0][1].message}" if bad else ""
        raise DataError(
            f"{where} has no rows that can be read.{first}" if bad else f"{where} has no rows.",
            hint="Check separator and encoding." if bad else "Check the export.",
            where=where,
        )
    return Raw(
        name=name,
        table=table_of(name, source),
        relation=relation,
        columns=db.columns(relation),
        rows=rows + len(bad),
        rejected=rejected_table([(file if several else "", row) for file, row in bad]),
        notes=(*loaded.notes, *name_notes(loaded.header)),
    )


def rejected_table(bad: Sequence[tuple[str, Rejected]]) -> pa.Table:
    """Return rejected rows as the table that ``Raw.rejected`` holds."""
    messages = [f"{file}: {row.message}" if file else row.message for file, row in bad]
    return pa.table(
        {
            "row": pa.array([row.row for _, row in bad], pa.int64()),
            "reason": pa.array([BAD_ROW] * len(bad), pa.string()),
            "message": pa.array(messages, pa.string()),
            "raw": pa.array([row.raw for _, row in bad], pa.string()),
        }
    )


def told_format(path: Path) -> str:
    """Return csv, parquet, jsonl or excel, told from the first bytes and the name of a file.

    Raises
    ------
    DataError
        If the file is empty or of a kind that is not read, such as .xls.
    """
    with reading(path), path.open("rb") as file:
        head = file.read(64)
    if not head:
        raise DataError(f"{path.name} is empty.", hint="Check the export.", where=path.name)
    for magic, (what, hint) in _FOREIGN.items():
        if head.lower().startswith(magic.lower()):
            raise DataError(f"{path.name} is {what}.", hint=hint, where=path.name)
    if head.startswith(b"PAR1"):
        return "parquet"
    suffixes = [s.lower() for s in path.suffixes if s.lower() not in {".gz", ".zip"}]
    named = _FORMATS.get(suffixes[-1], "csv") if suffixes else "csv"
    if named == "csv" and suffixes[-1:] == [".xls"]:
        raise DataError(
            f"{path.name} is a legacy Excel file (.xls).",
            hint="Save it as .xlsx or CSV.",
            where=path.name,
        )
    return named


def _load_csv_files(
    db: DuckDB, relation: str, files: Sequence[Path], source: Source, scratch: Path
) -> Loaded:
    header: tuple[str, ...] = ()
    notes: list[str] = []
    rejected: list[tuple[str, Sequence[Rejected]]] = []
    for path in files:
        plain = plain_text(path, source.encoding, scratch)
        part = load_csv(db, relation, plain, source.separator, scratch)
        same_header(header, part.header, files[0], path)
        header = part.header
        notes += [*plain.notes, *part.notes]
        rejected.append((path.name, part.rejected))
        if plain.path != path:
            plain.path.unlink()
    return Loaded(header, tuple(rejected), tuple(notes))


def same_header(header: tuple[str, ...], other: tuple[str, ...], first: Path, path: Path) -> None:
    """Raise a DataError unless the file ``path`` has the header of the first one."""
    if not header or header == other:
        return
    differing = sorted(set(header) ^ set(other))
    named = f" They differ in: {', '.join(differing[:10])}." if differing else ""
    raise DataError(
        f"{path.name} has another header than {first.name}.{named}",
        hint="Files read together need the same columns in the same order.",
        where=path.name,
    )


LOADERS: dict[str, Loader] = {"csv": _load_csv_files}
"""Reader of each format."""
