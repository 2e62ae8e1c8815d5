"""What is worked out from a run when first asked, kept in a folder of its own.

A run never changes once it is published; so forecasts, product lists and the like lie
beside it under ``.coterie/predictions``, named by a hash of all that determines them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.store.home import Home
from coterie.store.runs import FORMAT_VERSION, MANIFEST, FolderWriter, check_run, hash_of, read_json

SUMMARY, PAGE = "summary.json", "report.html"
"""Files that every prediction for people has: its figures, and its page."""


class Kept:
    """A prediction that is kept: its figures and its page.

    Parameters
    ----------
    folder : Path
        The folder in which it is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All figures that the page shows, as JSON."""
        found: dict[str, Any] = read_json(self.folder / SUMMARY)
        return found

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.folder / PAGE


def rows_of(path: Path, customer_id: str) -> pa.Table:
    """Return the rows of one customer; none for an id that no text can be.

    Parameters
    ----------
    path : Path
        A Parquet file with a column ``customer_id``.
    customer_id : str
        As in the data, or whatever came from outside.

    Returns
    -------
    pyarrow.Table
        In the order of the file.
    """
    try:
        customer_id.encode()
    except UnicodeEncodeError:  # bytes of a command line that are not UTF-8
        return pq.read_schema(path).empty_table()
    return pq.read_table(path, filters=[("customer_id", "=", customer_id)])


def kept_in(home: Home, kind: str, key: Mapping[str, Any]) -> Path:
    """Return the folder that a prediction has, or will have.

    Parameters
    ----------
    home : Home
        The project's folder.
    kind, key : str, mapping
        As for ``kept``.

    Returns
    -------
    Path
        If it is there, ``kept`` only reads, and needs nobody to wait.
    """
    return home.predictions / f"{kind}-{hash_of({'format_version': FORMAT_VERSION, **key})}"


def find_kept(home: Home, kind: str, **key: Any) -> Path | None:
    """Return the newest folder of a kind whose key has these values, or None; nothing is made.

    Parameters
    ----------
    home : Home
        The project's folder.
    kind : str
        As for ``kept``.
    **key : Any
        Values that its key must have; of the others the newest decides.

    Returns
    -------
    Path or None
        Of two that are equally new, the last by name.
    """
    found = [
        ((folder / MANIFEST).stat().st_mtime_ns, folder)
        for folder in home.predictions.glob(f"{kind}-*")
        if (folder / MANIFEST).is_file()
        and key.items() <= read_json(folder / MANIFEST)["key"].items()
    ]
    return max(found)[1] if found else None


def kept(
    home: Home, kind: str, key: Mapping[str, Any], make: Callable[[FolderWriter], None]
) -> Path:
    """Return the folder of a prediction; make it first if it is not there.

    Parameters
    ----------
    home : Home
        The project's folder.
    kind : str
        What it is, such as ``value``; the beginning of the folder's name.
    key : mapping
        All that determines the result, as JSON: the run or the data, the settings, the seed.
    make : callable
        Writes the files; called when no folder has this key.

    Returns
    -------
    Path
        A folder that appeared whole. Its ``manifest.json`` holds the key, and the hash and
        rows of each file; none holds a clock, so the same key gives the same bytes.

    Raises
    ------
    DataError
        If a file of the folder is missing or was changed, or it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as project:
    ...     home = Home(Path(project))
    ...     key = {"run": "r1", "horizon": 90}
    ...     one = kept(home, "value", key, lambda writer: writer.text("a.txt", "1"))
    ...     two = kept(home, "value", key, lambda writer: writer.text("a.txt", "2"))
    ...     one == two, (two / "a.txt").read_text()
    (True, '1')
    """
    folder = kept_in(home, kind, key)
    if folder.is_dir():
        check_run(folder)
        return folder
    with FolderWriter(home.predictions, folder.name) as writer:
        make(writer)
        writer.json(MANIFEST, {"kind": kind, "key": dict(key), "files": writer.files()})
        return writer.commit()


def kept_alone(
    home: Home, kind: str, key: Mapping[str, Any], make: Callable[[FolderWriter], None]
) -> Path:
    """Return the folder of a prediction as ``kept`` does, and hold the project while it is made.

    What is there already can be read while a run is at work.

    Parameters
    ----------
    home, kind, key, make
        As for ``kept``.

    Returns
    -------
    Path
        As ``kept``.

    Raises
    ------
    NotReadyError
        If it has to be made while another process holds the project.
    DataError
        As ``kept``.
    """
    if kept_in(home, kind, key).is_dir():
        return kept(home, kind, key, make)
    with home.alone():
        return kept(home, kind, key, make)
