"""Changes of a finished folder that every reader survives: erasure, and what is kept no longer.

The index, which has the hash of each file, is written first and names both the old and the new
content; then the files get their names; then the old hashes go. Stopped anywhere, what there is
can be read, and the same call again ends it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from coterie.store import faults
from coterie.store.runs import (
    BEFORE,
    MANIFEST,
    disk_errors,
    file_hash,
    read_json,
    sync,
    to_json,
    write_atomic,
)

INDEXES = (MANIFEST, "tables.json")
"""Files of which one lies in each finished folder and has the hashes of all others."""
Change = Callable[[str, Path, Path], bool]
"""(name, file, where the new content goes) -> whether anything was written there."""
Amend = Callable[[dict[str, Any]], dict[str, Any]]
_ORDER = {".html": 0, ".json": 1}


def index_of(folder: Path) -> Path | None:
    """Return the index of a finished folder, or None if it is no such folder."""
    return next((folder / name for name in INDEXES if (folder / name).is_file()), None)


def finished(root: Path) -> Iterator[Path]:
    """Yield the finished folders below a folder, in the order of their paths."""
    for name in INDEXES:
        for index in sorted(root.rglob(name)):
            if not any(part.startswith(".") for part in index.relative_to(root).parts):
                yield index.parent


def revise(
    folder: Path,
    change: Change,
    *,
    amend: Amend | None = None,
    reason: str,
    on: date,
) -> bool:
    """Change files of a finished folder, and note it in the index; its name stays.

    Parameters
    ----------
    folder : Path
        A folder with an index.
    change : callable
        Given name, file and target of each file; pages first, then JSON, then tables, and
        whatever it decides must follow from the file alone.
    amend : callable, optional
        Given the index without ``files`` and ``revisions``; returns what it is to say.
    reason : str
        Such as ``erasure``.
    on : date
        The day.

    Returns
    -------
    bool
        Whether anything was changed.
    """
    index = index_of(folder)
    if index is None:
        return False
    about: dict[str, Any] = read_json(index)
    broken_off = any(BEFORE in entry for entry in about["files"].values())
    said = {name: what for name, what in about.items() if name not in {"files", "revisions"}}
    amended = amend(copy.deepcopy(said)) if amend and not broken_off else said
    fresh = _written(folder, about["files"], change)
    if not (fresh or broken_off or amended != said):
        return False
    files = {name: _entry(name, about["files"][name], fresh) for name in about["files"]}
    revisions = list(about.get("revisions", []))
    if not broken_off:
        hashes = {name: files[name]["sha256"] for name in sorted(fresh)}
        revisions.append({"reason": reason, "date": on.isoformat(), "files": hashes})
    about = {**amended, "files": files, "revisions": revisions}
    write_atomic(index, to_json(about))
    for name, partial in fresh.items():
        with disk_errors(folder / name):
            partial.replace(folder / name)
            sync((folder / name).parent)
        faults.point()
    for entry in files.values():
        entry.pop(BEFORE, None)
    write_atomic(index, to_json(about))
    return True


def _written(folder: Path, files: Mapping[str, Any], change: Change) -> dict[str, Path]:
    """Let the new content of each file be written beside it."""
    found = {}
    for name in sorted(files, key=lambda name: (_ORDER.get(Path(name).suffix, 2), name)):
        path = folder / name
        partial = path.with_name(f".{path.name}.partial")
        done = BEFORE in files[name] and path.is_file() and file_hash(path) == files[name]["sha256"]
        if done or not path.is_file():
            continue
        with disk_errors(path):
            partial.unlink(missing_ok=True)
            if change(name, path, partial):
                partial.chmod(path.stat().st_mode & 0o777)
                sync(partial)
                found[name] = partial
                faults.point()
    return found


def _entry(name: str, former: Mapping[str, Any], fresh: Mapping[str, Path]) -> dict[str, Any]:
    if name not in fresh:
        return dict(former)
    entry = {"sha256": file_hash(fresh[name]), BEFORE: former.get(BEFORE, former["sha256"])}
    if "rows" in former:
        entry["rows"] = pq.read_metadata(fresh[name]).num_rows
    return entry
