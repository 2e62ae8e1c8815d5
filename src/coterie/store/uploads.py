"""Uploaded files of a project: kept by their content, whole or not at all."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from coterie.errors import DataError, ParameterError
from coterie.store import faults
from coterie.store.places import UPLOADS
from coterie.store.runs import PARTIAL, disk_errors, file_hash, remove_partial, sync

_ID = re.compile(r"u[0-9a-f]{12}")
_UNSAFE = re.compile(r"[^\w. -]", re.ASCII)
_LONGEST = 100
_A_DAY = 86_400.0


@dataclass(frozen=True)
class Upload:
    """A kept file.

    Parameters
    ----------
    id : str
        ``u`` and 12 hex digits of the hash of its content.
    file : Path
        Where it lies.
    bytes : int
        Its size.
    sha256 : str
        The hash of its content.
    """

    id: str
    file: Path
    bytes: int
    sha256: str


class Uploads:
    r"""The uploads of a project, in its folder ``uploads``.

    Parameters
    ----------
    project : Path
        The project folder.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as project:
    ...     uploads = Uploads(Path(project))
    ...     one = uploads.add("../a.csv", [b"id\n", b"7\n"])
    ...     two = uploads.add("b.csv", [b"id\n7\n"])
    ...     one == two, one.file.name, [upload.id == one.id for upload in uploads.all()]
    (True, 'a.csv', [True])
    """

    def __init__(self, project: Path) -> None:
        self.folder = project / UPLOADS

    def add(
        self, name: str, blocks: Iterable[bytes], *, check: Callable[[Path], object] | None = None
    ) -> Upload:
        """Keep a file.

        Parameters
        ----------
        name : str
            As its owner calls it; what could lead elsewhere is taken out of it.
        blocks : iterable of bytes
            Its content.
        check : callable, optional
            Given the file before it is kept; what it raises keeps nothing.

        Returns
        -------
        Upload
            The one that is there already, if it has the same content.

        Raises
        ------
        ParameterError
            If it has no name.
        DataError
            If it is empty, or cannot be written.
        """
        name = _safe(name)
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=self.folder) as work:
                # Others may still be coming in; what broke off long ago is not.
                remove_partial([self.folder], before=Path(work).stat().st_mtime - _A_DAY)
                place = Path(work) / "content" / name
                place.parent.mkdir()
                digest = hashlib.sha256()
                with place.open("wb") as out:
                    for block in blocks:
                        digest.update(block)
                        out.write(block)
                if not place.stat().st_size:
                    raise DataError(f"{name} is empty.", where="file")
                if check:
                    check(place)
                sync(place)
                faults.point()
                target = self.folder / f"u{digest.hexdigest()[:12]}"
                if not target.exists():
                    place.parent.rename(target)
                    sync(self.folder)
                faults.point()
        return self._of(target)

    def get(self, upload_id: str) -> Upload | None:
        """Return an upload, or None if there is none of this id."""
        folder = self.folder / upload_id
        if not _ID.fullmatch(upload_id) or not folder.is_dir():
            return None
        return self._of(folder)

    def all(self) -> list[Upload]:
        """Return all uploads, by id."""
        found = sorted(self.folder.glob("u*"))
        return [self._of(folder) for folder in found if _ID.fullmatch(folder.name)]

    @staticmethod
    def _of(folder: Path) -> Upload:
        file = next(folder.iterdir())
        return Upload(folder.name, file, file.stat().st_size, file_hash(file))


def _safe(given: str) -> str:
    """Return a file name that is safe on disk and tells the format as before."""
    plain = _UNSAFE.sub("_", Path(given.replace("\\", "/")).name).strip(" .")
    if not plain:
        raise ParameterError("The file has no name.", hint="Give it one, such as orders.csv.")
    return plain[-_LONGEST:]
