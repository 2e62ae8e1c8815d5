"""One entry for all sources: rows of a file or a database into the working database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.errors import DataError, ParameterError
from coterie.sources.base import Raw, Source
from coterie.sources.database import fingerprint_database, read_database
from coterie.sources.files import fingerprint_files, read_files
from coterie.sources.names import name_notes, table_of
from coterie.sources.parts import Loaded, rejected_table


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
    table = table_of(name, source)
    _check_place(name, source)
    relation = f"raw__{name}"
    db.drop(relation)
    try:
        if source.database:
            loaded = read_database(db, relation, source, folder)
        else:
            loaded = read_files(db, relation, source, folder)
        return _finish(db, Raw(name, table, relation, (), 0, rejected_table([])), source, loaded)
    except BaseException:
        db.drop(relation)
        raise


def fingerprint(name: str, source: Source, folder: Path) -> str:
    """Return the SHA-256 of what a source holds, as 64 hex digits.

    Parameters
    ----------
    name : str
        Name of the source, for messages.
    source : Source
        What would be read.
    folder : Path
        The project folder.

    Returns
    -------
    str
        Of the files' bytes; for databases of the content.
    """
    _check_place(name, source)
    if source.database:
        return fingerprint_database(source, folder)
    return fingerprint_files(source, folder)


def _check_place(name: str, source: Source) -> None:
    if bool(source.file) == bool(source.database):
        raise ParameterError(
            f"sources.{name} has both file and database."
            if source.file
            else f"sources.{name} has neither file nor database.",
            allowed="Exactly one of them is needed.",
            where=f"sources.{name}",
        )


def _finish(db: DuckDB, raw: Raw, source: Source, loaded: Loaded) -> Raw:
    """Fill in what was read; no row at all is an error."""
    rows = int(db.rows(f"SELECT count(*) FROM {identifier(raw.relation)}")[0][0])
    several = len(loaded.rejected) > 1
    bad = [(file if several else "", row) for file, rows_ in loaded.rejected for row in rows_]
    where = source.file or source.relation or "query"
    if not rows:
        raise DataError(
            f"{where} has no rows that can be read. {bad[0][1].message}"
            if bad
            else f"{where} has no rows.",
            hint="Check separator and encoding." if bad else "Check the export.",
            where=where,
        )
    return replace(
        raw,
        columns=db.columns(raw.relation),
        rows=rows + len(bad),
        rejected=rejected_table(bad),
        notes=(*loaded.notes, *name_notes(loaded.header)),
    )
