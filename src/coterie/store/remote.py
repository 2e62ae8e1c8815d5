"""Runs in S3, beside those on the disk: a run is there whole or not at all.

The manifest is written last and read first, so a run without one does not count; what is
fetched is compared with its hashes before anybody sees it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
from pyarrow.fs import AwsStandardS3RetryStrategy, FileSelector, S3FileSystem

from coterie.errors import DataError, ParameterError
from coterie.store import faults
from coterie.store.runs import LOG, MANIFEST, check_run, disk_errors, read_json, sync

_BLOCK = 8 << 20
_LOCK = "fetching"
_FETCH = ".fetch-"
_SECONDS = 10
_BUCKET = ("there is no such bucket", "Make it, or mend [store] runs.")
_RIGHTS = (
    "access is denied",
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of somebody who may.",
)
_NETWORK = ("no server answers", "Check the network, and AWS_ENDPOINT_URL if it is set.")
_CAUSES = {
    "NO_SUCH_BUCKET": _BUCKET,
    "ACCESS_DENIED": _RIGHTS,
    "INVALID_ACCESS_KEY_ID": _RIGHTS,
    "SIGNATURE_DOES_NOT_MATCH": _RIGHTS,
    "NETWORK_CONNECTION": _NETWORK,
    "resolve": _NETWORK,
    "imeout": ("the server does not answer in time", "Check the network and try again."),
}
"""Words in what the library says -> why in ours, and what to try."""


class RemoteRuns:
    """The runs of a project in S3 or what speaks like it.

    Who asks, and where, is told by the environment as for other programs:
    ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``.

    Parameters
    ----------
    url : str
        ``s3://bucket/prefix``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._root = url.removeprefix("s3://").strip("/")
        if not self._root:
            raise ParameterError(f"{url!r} names no bucket.", allowed="s3://bucket/prefix")

    def check(self) -> None:
        """Look whether the bucket can be read.

        Raises
        ------
        DataError
            If it cannot.
        """
        with self._told("read"):
            bucket = self._root.split("/")[0]
            found = _filesystem()
            if found.get_file_info(bucket).type.name == "NotFound":
                raise OSError("NO_SUCH_BUCKET")
            found.get_file_info(FileSelector(self._root, allow_not_found=True))

    def keep(self, folder: Path) -> None:
        """Copy a finished run, unless it is there already.

        Parameters
        ----------
        folder : Path
            The run; its name is its id.

        Raises
        ------
        DataError
            If it cannot be written.
        """
        mine = (folder / MANIFEST).read_bytes()
        place = f"{self._root}/{folder.name}"
        with self._told("written"):
            there = _filesystem()
            if _read(there, f"{place}/{MANIFEST}") == mine:
                return
            for name in [*read_json(folder / MANIFEST)["files"], LOG]:
                with (folder / name).open("rb") as source:
                    _write(there, f"{place}/{name}", source)
                faults.point()
            with (folder / MANIFEST).open("rb") as source:
                _write(there, f"{place}/{MANIFEST}", source)
        faults.point()

    def drop(self, run_id: str) -> None:
        """Remove a run, if it is kept there.

        Raises
        ------
        DataError
            If it cannot be removed.
        """
        place = f"{self._root}/{run_id}"
        with self._told("written"):
            there = _filesystem()
            if there.get_file_info(place).type.name != "NotFound":
                there.delete_dir(place)

    def fetch(self, run_id: str, runs: Path) -> bool:
        """Fetch a run, check it, and give it its name.

        Parameters
        ----------
        run_id : str
            Of the run.
        runs : Path
            Folder of the runs; nothing appears in it but the whole run.

        Returns
        -------
        bool
            False if it is not kept there.

        Raises
        ------
        DataError
            If it cannot be read, or what came is damaged.
        """
        place = f"{self._root}/{run_id}"
        with disk_errors(runs):
            runs.mkdir(parents=True, exist_ok=True)
            file = (runs.parent / _LOCK).open("w")
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)  # of all who miss it, one fetches it
            for leftover in runs.glob(f"{_FETCH}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            if (runs / run_id).is_dir():
                return True
            with self._told("read"):
                there = _filesystem()
                manifest = _read(there, f"{place}/{MANIFEST}")
            if manifest is None:
                self.check()  # a run that is not there is told from a bucket that is not
                return False
            folder = Path(tempfile.mkdtemp(prefix=_FETCH, dir=runs))
            try:
                (folder / MANIFEST).write_bytes(manifest)
                self._fill(there, place, folder)
                folder.rename(runs / run_id)
                sync(runs)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        faults.point()
        return True

    def _fill(self, there: Any, place: str, folder: Path) -> None:
        """Fetch the files that the manifest names, and compare them with it."""
        for name in [*read_json(folder / MANIFEST)["files"], LOG]:
            parts = PurePosixPath(name)
            if parts.is_absolute() or ".." in parts.parts:
                raise DataError(f"The manifest of {place} names a file outside the run.")
            target = folder / name
            with self._told("read"):
                info = there.get_file_info(f"{place}/{name}")
                if info.type.name != "File":
                    continue  # the check below says which one is missing
                with disk_errors(target):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with (
                        there.open_input_stream(f"{place}/{name}") as source,
                        target.open("wb") as out,
                    ):
                        shutil.copyfileobj(source, out, _BLOCK)
                    sync(target)
            faults.point()
        try:
            check_run(folder)
        except DataError as error:
            raise DataError(
                f"The run {folder.name and place} is damaged: {error.where or 'manifest'}.",
                hint="Delete it there and run again: coterie run",
                where=self.url,
            ) from error

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Say in plain words why S3 cannot be read or written."""
        try:
            yield
        except DataError:
            raise
        except (OSError, pa.ArrowException) as error:
            said = " ".join(str(error).split())
            known = ((why, hint) for words, (why, hint) in _CAUSES.items() if words in said)
            why, hint = next(known, (said[:300], "Check [store] runs and the variables AWS_…"))
            raise DataError(
                f"{self.url} cannot be {what}: {why}.", hint=hint, where="store.runs"
            ) from error


def _filesystem() -> Any:
    """Return the way to S3 that the environment names."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    how: dict[str, Any] = {"endpoint_override": endpoint} if endpoint else {}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region:
        how["region"] = region
    return S3FileSystem(
        connect_timeout=_SECONDS,
        request_timeout=6 * _SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=3),
        **how,
    )


def _read(there: Any, place: str) -> bytes | None:
    """Return a small object, or None if it is not there."""
    try:
        with there.open_input_stream(place) as source:
            found: bytes = source.read()
    except FileNotFoundError:
        return None
    return found


def _write(there: Any, place: str, source: Any) -> None:
    with there.open_output_stream(place) as out:
        shutil.copyfileobj(source, out, _BLOCK)
