"""One entry for all sources: rows of a file or a database into the working database."""

from __future__ import annotations

from pathlib import Path

from coterie.engine.duckdb import DuckDB
from coterie.sources.base import Raw, Source
from coterie.sources.files import fingerprint_files, read_files
from coterie.sources.names import table_of


def read(db: DuckDB, name: str, source: Source, folder: Path) -> Raw:
    """Read a source into table ``raw__<name>`` of the working database.

    Parameters
    ----------
    db : DuckDB
        The working database; it must not be locked yet.
    name : str
        Name of the source, ``[sources.NAME]``.
    source : Source
        Where the rows lie and how they are written.
    folder : Path
        The project folder; ``source.file`` is relative to it.

    Returns
    -------
    Raw
        The table, in the order of the source at any number of threads, and the
        rows that could not be split into columns.

    Raises
    ------
    DataError
        If the source cannot be read as it is; no table is left behind.
    ParameterError
        If the settings contradict each other.
    """
    table_of(name, source)
    try:
        return read_files(db, name, source, folder)
    except BaseException:
        db.drop(f"raw__{name}")
        raise


def fingerprint(name: str, source: Source, folder: Path) -> str:
    """Return the SHA-256 of what a source holds, as 64 hex digits."""
    table_of(name, source)
    return fingerprint_files(source, folder)
