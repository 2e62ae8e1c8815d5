"""From sources to canonical tables on disk, once for the same content and the same mapping.

The folder is named by a fingerprint of all that determines it, so a second run
on the same files reads Parquet instead of parsing text again.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from coterie.engine.base import scalar
from coterie.engine.duckdb import BATCH_ROWS, DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import DataError, NotReadyError
from coterie.schema import CANONICAL, Attribute, ColumnParams
from coterie.sources.base import Raw, Source
from coterie.sources.read import fingerprint, read
from coterie.store.home import Home
from coterie.store.runs import (
    FORMAT_VERSION,
    FolderWriter,
    disk_errors,
    first_changed,
    hash_of,
    read_json,
)
from coterie.validation.apart import taken_apart
from coterie.validation.build import build_tables
from coterie.validation.erased import Erasures, guard

_TABLES = (*CANONICAL, "customers")
_ABOUT = "tables.json"
PART_ROWS = 8 * BATCH_ROWS
"""Rows of a table in one file."""
AT_ONCE = 4
"""Files that are written at a time, each with some rows in memory."""


@dataclass(frozen=True)
class Ingested:
    """The canonical tables of a project, ready in the working database."""

    fingerprints: dict[str, str]
    """Source name -> SHA-256 of what it held."""
    attributes: tuple[Attribute, ...]
    quality: dict[str, Any]
    folder: Path
    """Where the tables lie as Parquet."""
    tombstones: tuple[str, ...] = ()
    """Of those whose rows were dropped."""

    def check(self) -> None:
        """Raise a DataError if no row of some table could be used, with the reasons counted."""
        for table, account in self.quality["tables"].items():
            if account["accepted"] or not account["rows_in"]:
                continue
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in account["by_reason"].items())
            raise DataError(
                f"None of the {account['rows_in']:,} rows of {table} can be used: {reasons}.",
                hint=f"Check the columns; the rows are in {self.folder / 'quarantine'}.",
                where=table,
            )


def ingest(
    db: DuckDB,
    sources: Mapping[str, Source],
    columns: Mapping[str, ColumnParams],
    *,
    timezone: str,
    home: Home,
    tell: Callable[[str], None],
    erasures: Erasures | None = None,
) -> Ingested:
    """Read all sources, or find the tables that an earlier run made of the same content.

    Parameters
    ----------
    db : DuckDB
        The working database; the canonical tables are in it afterwards.
    sources, columns : mappings
        As the settings have them.
    timezone : str
        IANA zone of the project.
    home : Home
        The project folder, and the folder in it that keeps canonical tables.
    tell : callable
        Told what is being read.
    erasures : Erasures, optional
        Who was erased: rows of theirs are dropped and counted; and how the others are hidden.

    Returns
    -------
    Ingested
        Fingerprints, attributes, the account of every row, and the folder of the tables.

    Raises
    ------
    DataError
        If a source cannot be read or does not fit its mapping; nothing is kept then.
    """
    project, data = home.project, home.data
    with ThreadPoolExecutor(1) as aside:
        asked = aside.submit(
            lambda: {name: fingerprint(name, source, project) for name, source in sources.items()}
        )
        # What was never kept is read at once; else the content may tell that it need not be.
        raws = {} if _any_kept(data) else _read(db, sources, project, tell)
        prints = asked.result()
    key = {
        "format_version": FORMAT_VERSION,
        "version": importlib.metadata.version("coterie"),
        "sources": {name: source.model_dump(mode="json") for name, source in sources.items()},
        "columns": {name: params.model_dump(mode="json") for name, params in columns.items()},
        "timezone": timezone,
        "fingerprints": prints,
    }
    folder = data / hash_of(key | (erasures.hiding if erasures else {}), 24)
    sealed = erasures.sealed if erasures else None
    sound = _sound(folder)
    if not sound or (sealed is not None and sealed.taken != folder.name):
        raws = raws or _read(db, sources, project, tell)
        raws = {n: (guard(db, *raw, erasures), raw[1]) for n, raw in raws.items()}
        if not sound:
            shutil.rmtree(folder, ignore_errors=True)
            _make(db, raws, columns, timezone=timezone, folder=folder, tell=tell)
        for raw, _ in raws.values():
            db.drop(raw.relation)
        if sealed is not None:
            sealed.put(folder.name, taken_apart(db))
    about = read_json(folder / _ABOUT)
    for table in _TABLES:
        db.drop(table)  # it lies in a file now, as it does for the runs after this one
        if (folder / table).is_dir():
            files = literal(str(folder.resolve() / table / "*.parquet"))
            db.view(table, f"SELECT * FROM read_parquet({files})")
    stones = erasures.tombstones if erasures else ()
    attributes = tuple(Attribute.from_dict(attribute) for attribute in about["attributes"])
    found = Ingested(prints, attributes, about["quality"], folder, stones)
    found.check()
    return found


def _any_kept(data: Path) -> bool:
    return data.is_dir() and any(data.iterdir())


def _read(
    db: DuckDB, sources: Mapping[str, Source], project: Path, tell: Callable[[str], None]
) -> dict[str, tuple[Raw, Source]]:
    raws = {}
    for name, source in sources.items():
        tell(f"reading {source.file or source.database}")
        raws[name] = (read(db, name, source, project), source)
    return raws


def _write(db: DuckDB, writer: FolderWriter, tables: Sequence[str]) -> None:
    """Write tables in parts, several at once; what is in a part depends on the rows alone."""
    parts = []
    for table in tables:
        with disk_errors(writer.path(table)):
            writer.path(table).mkdir()
        rows = int(scalar(db, f"SELECT COALESCE(MAX(rowid) + 1, 0) FROM {identifier(table)}"))
        parts += [(table, part) for part in range(max(1, -(-rows // PART_ROWS)))]

    def write(table: str, part: int) -> None:
        inside = f"rowid >= {part * PART_ROWS} AND rowid < {(part + 1) * PART_ROWS}"
        rows = db.stream(f"SELECT * FROM {identifier(table)} WHERE {inside}")
        writer.table(f"{table}/part-{part:04}.parquet", rows, private=table == "quarantine")

    threads = int(scalar(db, "SELECT current_setting('threads')"))
    with ThreadPoolExecutor(min(threads, AT_ONCE)) as pool:
        for done in [pool.submit(write, *part) for part in parts]:
            done.result()


def _sound(folder: Path) -> bool:
    """Return whether the tables are there as they were written; else they are made again."""
    try:
        about = read_json(folder / _ABOUT)
        return not first_changed(folder, about["files"])
    except (NotReadyError, LookupError, TypeError, ValueError, AttributeError):
        return False


def _make(
    db: DuckDB,
    raws: Mapping[str, tuple[Raw, Source]],
    columns: Mapping[str, ColumnParams],
    *,
    timezone: str,
    folder: Path,
    tell: Callable[[str], None],
) -> None:
    tell("checking every row")
    tables = build_tables(db, raws, columns, timezone=timezone)
    about = {
        "attributes": [asdict(attribute) for attribute in tables.attributes],
        "quality": tables.quality,
    }
    tell("keeping the checked tables")
    with FolderWriter(folder.parent, folder.name) as writer:
        _write(db, writer, [name for name in _TABLES if name in db.tables()])
        writer.json(_ABOUT, about | {"files": writer.files()})
        writer.commit()
