"""Backups: one file with all that a project or a server needs, made while it runs.

SQLite is copied by its own means, rows of PostgreSQL as JSON lines in one snapshot; both before
the folders, so that every run that a copied registry knows is in the file. The manifest, with a
hash of each part, is written last: a file without one is no backup.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import IO, Any

from coterie.errors import DataError, ParameterError
from coterie.store import faults
from coterie.store.database import Database
from coterie.store.places import (
    FILE,
    REGISTRY,
    STORE,
    UPLOADS,
    databases_in,
    places_of,
    projects_in,
)
from coterie.store.rows import read_rows, write_rows
from coterie.store.runs import PARTIAL, disk_errors, file_hash, sync, to_json, whole_file
from coterie.store.tables import HEAD

MANIFEST = "backup.json"
FORMAT = 1
_SECRET = ("secret.key", "secret.key.erased")
"""Whoever finds a backup must not find its key with it; what was noted beside the key is newer."""
_LEFT = ("lock", "fetching", REGISTRY, f"{REGISTRY}-wal", f"{REGISTRY}-shm", *_SECRET)
_BLOCK = 1 << 20


def back_up(home: Path, file: Path, *, database: str = "") -> dict[str, Any]:
    """Write all that a project, or a server with its projects, needs into one file.

    Parameters
    ----------
    home : Path
        The project folder, or the folder of the projects.
    file : Path
        A tar, written whole or not at all.
    database : str, optional
        ``env:NAME`` of a server's own database, if that is PostgreSQL.

    Returns
    -------
    dict
        The manifest: ``kind``, ``projects``, ``files`` with their hashes, ``databases``.

    Raises
    ------
    DataError
        If something cannot be read or written.
    ParameterError
        If there is nothing to back up.
    """
    home = home.resolve()
    projects = projects_in(home)
    if not projects:
        raise ParameterError(
            f"{home} is no project and holds none.",
            allowed=f"a folder with a {FILE}, or one with project folders in it",
        )
    with disk_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="coterie-") as work, whole_file(file) as partial:
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "version": importlib.metadata.version("coterie"),
            "revision": HEAD,
            "kind": "project" if projects == [home] else "server",
            "projects": [project.name for project in projects],
            "databases": {},
            "files": {},
        }
        with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
            _add_databases(tar, manifest, (home, projects), database, Path(work))
            for path in _files(projects):
                _add(tar, manifest, path.relative_to(home).as_posix(), path)
            body = to_json(manifest).encode()
            tar.addfile(_entry(MANIFEST, len(body)), io.BytesIO(body))
    return manifest


def restore(file: Path, folder: Path) -> dict[str, Any]:
    """Bring back what ``back_up`` wrote.

    Everything is unpacked beside the folder and compared with its hashes, rows go into
    PostgreSQL in one transaction, and then the folder gets its name: stopped at any moment
    there is no folder, and the same call again brings all of it.

    Parameters
    ----------
    file : Path
        A backup.
    folder : Path
        Where it goes; it must be empty, or not be there.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    DataError
        If the file is no backup, is damaged, or is of a newer version.
    ParameterError
        If there is something in the folder, or in the PostgreSQL database.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ParameterError(
            f"{folder} is not empty.",
            hint="Restore into a new folder; nothing is ever written over.",
        )
    work = folder.with_name(f"{PARTIAL}restore-{folder.name}")
    shutil.rmtree(work, ignore_errors=True)
    try:
        with disk_errors(work):
            work.mkdir(parents=True)
            manifest = _unpack(file, work)
        faults.point()
        _restore_rows(manifest, work, folder)
        shutil.rmtree(work / "rows", ignore_errors=True)
        faults.point()
        with disk_errors(folder):
            work.rename(folder)
            sync(folder.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    faults.point()
    return manifest


def _files(projects: list[Path]) -> Iterator[Path]:
    """Yield the files that are kept as they are, in the order of their names."""
    for project in projects:
        if (project / FILE).is_file():
            yield project / FILE
        for name in (UPLOADS, STORE):
            for folder, inner, names in os.walk(project / name):
                inner[:] = sorted(one for one in inner if not one.startswith((PARTIAL, ".fetch-")))
                for one in sorted(names):
                    path = Path(folder, one)
                    left = one in _LEFT or one.endswith(".partial")
                    if path.is_file() and not path.is_symlink() and not left:
                        yield path


def _add_databases(
    tar: tarfile.TarFile,
    manifest: dict[str, Any],
    places: tuple[Path, list[Path]],
    database: str,
    work: Path,
) -> None:
    """Add the copies of SQLite databases, and the rows of PostgreSQL databases."""
    home, projects = places
    for where in databases_in(home, database):
        if isinstance(where, Path):
            copy = work / REGISTRY
            copy.unlink(missing_ok=True)
            _copy_sqlite(where, copy)
            _add(tar, manifest, where.relative_to(home).as_posix(), copy)
            continue
        names = [one.name for one in projects if places_of(one).database == where]
        copy, name = work / "rows", f"rows/{len(manifest['databases'])}.jsonl"
        rows = _write(where, copy, None if where == database else names)
        _add(tar, manifest, name, copy)
        manifest["databases"][name] = {"database": where, "rows": rows}


def _write(where: str, target: Path, names: list[str] | None) -> int:
    database = Database(where)
    try:
        with target.open("w", encoding="utf-8") as out:
            return write_rows(database, out, names)
    finally:
        database.close()


def _copy_sqlite(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(target)) as here:
            there.backup(here)
    except sqlite3.Error as error:
        raise DataError(f"{source} cannot be copied: {error}.", where=str(source)) from error


def _add(tar: tarfile.TarFile, manifest: dict[str, Any], name: str, path: Path) -> None:
    """Add a file as long as it was when it was opened, and note its hash."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return  # cleared away since it was listed
    with file:
        size = os.fstat(file.fileno()).st_size
        entry = _entry(name, size)
        entry.mode = path.stat().st_mode & 0o777
        hashed = _Hashed(file)
        tar.addfile(entry, hashed)
    manifest["files"][name] = {"sha256": hashed.digest.hexdigest(), "bytes": size}


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry


class _Hashed(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self.file.read(size)
        self.digest.update(block)
        return block


def _unpack(file: Path, work: Path) -> dict[str, Any]:
    """Unpack a backup, and return its manifest once all is as that says."""
    hint = "Take another backup."
    try:
        with tarfile.open(file, "r:") as tar:
            for entry in tar:
                place = PurePosixPath(entry.name)
                if not entry.isreg() or place.is_absolute() or ".." in place.parts:
                    raise DataError(f"{file} holds {entry.name!r}: that is no backup.", hint=hint)
                target = work / entry.name
                target.parent.mkdir(parents=True, exist_ok=True)
                source = tar.extractfile(entry)
                with target.open("wb") as out:
                    shutil.copyfileobj(source, out, _BLOCK)  # type: ignore[arg-type] # a regular file has one
                target.chmod(entry.mode & 0o777)
                sync(target)
        manifest: dict[str, Any] = json.loads((work / MANIFEST).read_text(encoding="utf-8"))
        files = dict(manifest["files"])
    except FileNotFoundError as error:
        what = "is not there" if not file.exists() else "is not whole: its manifest is missing"
        raise DataError(f"{file} {what}.", hint=hint, where=str(file)) from error
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{file} is no backup, or is damaged.", hint=hint, where=str(file)
        ) from error
    if manifest.get("format") != FORMAT or str(manifest.get("revision")) > HEAD:
        raise DataError(
            f"{file} was written by coterie {manifest.get('version')}, which is newer.",
            hint="Install that version.",
        )
    there = {p.relative_to(work).as_posix() for p in work.rglob("*") if p.is_file()} - {MANIFEST}
    for name in sorted(there | set(files)):
        if name not in there or name not in files:
            raise DataError(f"{file} is damaged: {name} is missing or unknown.", hint=hint)
        if file_hash(work / name) != files[name]["sha256"]:
            raise DataError(f"{file} is damaged: {name} differs from its hash.", hint=hint)
    (work / MANIFEST).unlink()
    return manifest


def _restore_rows(manifest: dict[str, Any], work: Path, folder: Path) -> None:
    """Put the rows of each PostgreSQL database back."""
    renamed = {}
    if manifest["kind"] == "project":  # its rows go by the name of its folder
        renamed = {manifest["projects"][0]: folder.name}
    for name, told in manifest["databases"].items():
        database = Database(told["database"])
        try:
            with (work / name).open(encoding="utf-8") as lines:
                read_rows(database, lines, renamed)
        finally:
            database.close()
