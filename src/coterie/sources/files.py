"""Files as sources: which ones are meant, what they are, and what their bytes sum to.

The format is told from the first bytes; the name decides only between kinds of text.
"""

from __future__ import annotations

import glob
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError
from coterie.sources.base import Source
from coterie.sources.csv_files import load_csv_file
from coterie.sources.excel_files import load_excel
from coterie.sources.json_files import load_json
from coterie.sources.limits import BLOCK, reading
from coterie.sources.parquet_files import load_parquet
from coterie.sources.parts import Loaded, Loader, Rejected, same_header

_MAX_PATH = 4_000
"""Bytes of the longest path; systems know none beyond 4,096."""
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
    b"\xd0\xcf\x11\xe0": (
        "a legacy or password-protected Excel file (.xls)",
        "Save it as .xlsx or CSV.",
    ),
    b"SQLite format 3": ("an SQLite database", 'Write database = "sqlite:…" and relation = "…".'),
    b"%PDF": ("a PDF", "Export the table as CSV."),
    b"<!DOCTYPE": ("a web page", "The download may have failed; fetch the file again."),
    b"<html": ("a web page", "The download may have failed; fetch the file again."),
    b"ARROW1": ("an Arrow (Feather) file", "Save it as Parquet."),
}


def find_files(source: Source, folder: Path) -> list[Path]:
    """Return the files that ``source.file`` means, ordered by their path.

    Raises
    ------
    DataError
        If there is none, or a folder of that name.
    """
    wanted = folder / source.file
    try:
        str(wanted).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"The name of the file is not written in UTF-8: {os.fsencode(wanted)!r}.",
            hint="Rename it.",
            where="file",
        ) from error
    if len(os.fsencode(wanted)) > _MAX_PATH:
        raise DataError(f"There is no file {source.file[:80]} …: the name is too long.")
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
    raise DataError(
        f"There is no file {source.file[:200]}.", hint=_nearest(wanted), where=source.file
    )


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


def read_files(db: DuckDB, relation: str, source: Source, folder: Path) -> Loaded:
    """Read the files of a source, all of one format, into table ``relation``.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    relation : str
        Name of the table to fill.
    source : Source
        Names the files, and their format where it is not told from the bytes.
    folder : Path
        The project folder; files are relative to it.

    Returns
    -------
    Loaded
        Header, what could not be read, and notes on how the files are written.
    """
    files = find_files(source, folder)
    # The bytes are looked at even if the user names a format: .xls and the like end here.
    told = {told_format(path) for path in files}
    kinds = {source.format} if source.format else told
    if len(kinds) > 1:
        raise DataError(
            f"{source.file} means files of several formats: {', '.join(sorted(kinds))}.",
            hint="Use a pattern that means one format only.",
            where=source.file,
        )
    with tempfile.TemporaryDirectory(prefix="coterie-") as scratch:
        return LOADERS[kinds.pop()](db, relation, files, source, Path(scratch))


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
    if head.startswith(b"PK") and _is_workbook(path):
        return "excel"
    suffixes = [s.lower() for s in path.suffixes if s.lower() not in {".gz", ".zip"}]
    last = suffixes[-1] if suffixes else ""
    if (
        last not in _FORMATS
        and last != ".csv"
        and head.lstrip(b"\xef\xbb\xbf \n").startswith(b'{"')
    ):
        return "jsonl"
    return _FORMATS.get(last, "csv")


def _is_workbook(path: Path) -> bool:
    with reading(path), zipfile.ZipFile(path) as archive:
        return "xl/workbook.xml" in archive.namelist()


def _load_csv_files(
    db: DuckDB, relation: str, files: Sequence[Path], source: Source, scratch: Path
) -> Loaded:
    header: tuple[str, ...] = ()
    notes: list[str] = []
    rejected: list[tuple[str, Sequence[Rejected]]] = []
    for path in files:
        part = load_csv_file(db, relation, path, source, scratch)
        same_header(header, part.header, files[0], path)
        header = part.header
        notes += part.notes
        rejected.append((path.name, part.rejected))
    return Loaded(header, tuple(rejected), tuple(notes))


LOADERS: dict[str, Loader] = {
    "csv": _load_csv_files,
    "excel": load_excel,
    "jsonl": load_json,
    "parquet": load_parquet,
}
"""Reader of each format."""
