"""Looks whether all is there that a project or a server needs.

Each check stands alone: one that goes wrong hides none of the others. Nothing is changed, but
for tables of an older revision, which are brought up to date as by any command.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from coterie.config import load_settings
from coterie.errors import CoterieError, NotReadyError
from coterie.pipeline.erasing import let_go
from coterie.privacy.keys import existing_keys, key_file
from coterie.privacy.recognising import check_keys
from coterie.store.database import Database, version_of
from coterie.store.home import Home
from coterie.store.places import FILE, databases_in, places_of, projects_in
from coterie.store.remote import RemoteRuns
from coterie.store.runs import check_run
from coterie.store.tables import HEAD
from coterie.store.tombstones import Tombstones

LEAST_DISK = 1 << 30
LEAST_MEMORY = 1 << 30
_PYTHON = ((3, 11), (3, 14))
_EXTRA = re.compile(r"extra\s*==\s*['\"](\w+)['\"]")
_GIGA = 1 << 30


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: what was seen, and what to do if it will not do."""

    name: str
    ok: bool
    said: str
    hint: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON."""
        return asdict(self)


def examine(folder: Path, database: str = "") -> list[Check]:
    """Look at everything.

    Parameters
    ----------
    folder : Path
        A project folder, or a server's folder of projects.
    database : str, optional
        ``env:NAME`` of a server's own database, if that is PostgreSQL.

    Returns
    -------
    list of Check
        In the order in which they depend on each other.
    """
    found = [_python(), *_libraries(), _folder(folder), _disk(folder), _memory()]
    found += _databases(folder, database)
    for project in projects_in(folder) if folder.is_dir() else []:
        found += _project(project)
    return found


def clean_up(folder: Path, *, now: datetime) -> dict[str, dict[str, int]]:
    """Let go of what projects were to keep for a while only, and end stopped erasures.

    Parameters
    ----------
    folder : Path
        A project folder, or a server's folder of projects.
    now : datetime
        The time, with its zone.

    Returns
    -------
    dict
        Project to what was let go.
    """
    return {
        project.resolve().name: let_go(load_settings(project), project, now=now).to_dict()
        for project in projects_in(folder)
        if (project / FILE).is_file()
    }


def _try(name: str, look: Callable[[], str], hint: str = "") -> Check:
    """Return what a look says, or why it failed."""
    try:
        return Check(name, ok=True, said=look())
    except CoterieError as error:
        more = " ".join(filter(None, (error.allowed, error.hint))) or hint
        return Check(name, ok=False, said=error.message, hint=more)
    except OSError as error:
        return Check(name, ok=False, said=f"{error.strerror or error}.", hint=hint)


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    least, below = _PYTHON
    allowed = f"Python {least[0]}.{least[1]} to {below[0]}.{below[1] - 1}."
    ok = least <= sys.version_info[:2] < below
    return Check("python", ok, f"{version}.", "" if ok else allowed)


def _libraries() -> Iterator[Check]:
    """Look at the libraries that are needed, and at those of each extra."""
    groups: dict[str, dict[str, str]] = {}
    for wanted in importlib.metadata.requires("coterie") or []:
        extra = _EXTRA.search(wanted)
        name = re.split(r"[^\w.-]", wanted, maxsplit=1)[0]
        groups.setdefault(extra[1] if extra else "", {})[name] = _version(name)
    for group, found in sorted(groups.items()):
        missing = sorted(name for name, version in found.items() if not version)
        there = ", ".join(f"{name} {version}" for name, version in found.items() if version)
        if group:
            said = f"{there}." if not missing else f"Not installed: {', '.join(missing)}."
            hint = f"If you need it: pip install 'coterie[{group}]'" if missing else ""
            yield Check(f"extra {group}", ok=True, said=said, hint=hint)
        else:
            said = f"{there}." if not missing else f"Missing: {', '.join(missing)}."
            hint = "Install again: pip install coterie" if missing else ""
            yield Check("libraries", ok=not missing, said=said, hint=hint)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _folder(folder: Path) -> Check:
    name, place = "folder", folder.resolve()
    if not folder.is_dir():
        return Check(name, ok=False, said=f"{place} is no folder.", hint="Name one: -p FOLDER")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        hint = "Let the user who runs coterie read and write there."
        return Check(name, ok=False, said=f"{place} cannot be written.", hint=hint)
    projects = projects_in(folder)
    if not projects:
        said = f"{place} is no project and holds none yet."
        return Check(name, ok=True, said=said, hint="Make one: coterie init FILE…")
    return Check(name, ok=True, said=f"{place} can be read and written.")


def _disk(folder: Path) -> Check:
    there = next(place for place in (folder.resolve(), *folder.resolve().parents) if place.exists())
    free = shutil.disk_usage(there).free
    ok = free >= LEAST_DISK
    hint = "" if ok else f"A run needs room: free {LEAST_DISK // _GIGA} GB at least."
    return Check("disk", ok, f"{free / _GIGA:,.1f} GB are free.", hint)


def _memory() -> Check:
    size = os.sysconf("SC_PAGE_SIZE")
    free, whole = (os.sysconf(name) * size for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"))
    ok = whole >= LEAST_MEMORY
    hint = "" if ok else f"{LEAST_MEMORY // _GIGA} GB are needed at least."
    said = f"{whole / _GIGA:,.1f} GB, of which {free / _GIGA:,.1f} GB are unused."
    return Check("memory", ok, said, hint)


def _databases(folder: Path, database: str) -> Iterator[Check]:
    for where in databases_in(folder.resolve(), database):
        name = f"database {where}"

        def look(where: Path | str = where) -> str:
            base = Database(where)
            try:
                with base.alone() as connection:
                    found = version_of(connection)
            finally:
                base.close()
            return f"It answers; its tables are of revision {found or 'none'} (newest: {HEAD})."

        yield _try(name, look)


def _project(project: Path) -> Iterator[Check]:
    name = project.resolve().name
    if (project / FILE).is_file():
        yield _try(f"settings of {name}", lambda: f"{len(load_settings(project).sources)} sources.")
    runs = _try(f"places of {name}", lambda: places_of(project).runs)
    if not runs.ok:
        yield runs
        return
    if runs.said:
        yield _try(f"S3 of {name}", lambda: _answers(runs.said))
    published = _try(f"published run of {name}", lambda: _published(project))
    yield published
    if published.ok:
        yield _try(f"erasures of {name}", lambda: _erasures(project))


def _answers(url: str) -> str:
    RemoteRuns(url).check()
    return f"{url} answers."


def _published(project: Path) -> str:
    home = Home(project)
    if not home.has_registry:
        return "There is none yet."
    with home.registry() as registry:
        row = registry.published()
    if row is None:
        return "There is none yet."
    if not (home.runs / row["run_id"]).is_dir() and home.places.runs:
        return f"{row['run_id']} is not here; it will be fetched from {home.places.runs}."
    check_run(home.runs / row["run_id"])
    return f"{row['run_id']}: all files are as they were written."


def _erasures(project: Path) -> str:
    home = Home(project)
    if not home.has_registry:
        return "There are none."
    with home.registry() as registry:
        stones = Tombstones(registry.database, registry.project).all()
    if not stones:
        return "There are none."
    check_keys(existing_keys(home.path), stones, key_file(home.path))
    pending = sum(stone.pending for stone in stones)
    if pending:
        hint = f"End them: coterie erase --pending -p {project}"
        raise NotReadyError(f"{pending:,} of {len(stones):,} are not finished.", hint=hint)
    return f"{len(stones):,}, all of them finished; the key that recognises them is here."
