"""Any packed or foreign-encoded text file as a plain UTF-8 file that the engine reads in parallel.

A byte that does not fit the encoding is written as 0xFF, which is never valid
UTF-8, so that the reader rejects exactly the row it stands in.
"""

from __future__ import annotations

import codecs
import gzip
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from coterie.errors import DataError
from coterie.sources.limits import BLOCK, LIMITS, Bounded, Limits, reading
from coterie.sources.sniff import SAMPLE, check_encoding, sniff_encoding

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_PACKED = {
    _GZIP: "gzip",
    b"PK": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf": "7z",
    b"Rar!": "rar",
}
_UTF8 = frozenset({"ascii", "utf-8"})
_GLOB = frozenset("*?[]")
_BAD = "coterie-bad-bytes"


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    # Encoded with surrogateescape this becomes the byte 0xFF.
    return "\udcff", error.end


codecs.register_error(_BAD, _mark)


@dataclass(frozen=True)
class Plain:
    """A plain text file: ``path`` is the user's own file if nothing had to be done."""

    path: Path
    source: Path
    encoding: str
    head: bytes
    """The first bytes, in UTF-8."""
    complete: bool
    """Whether ``head`` is the whole file."""
    notes: tuple[str, ...]


def packing(head: bytes) -> str:
    """Return the name of the packer whose files begin like ``head``, or empty.

    Examples
    --------
    >>> packing(bytes([0x1F, 0x8B, 8]))
    'gzip'
    """
    return next((name for magic, name in _PACKED.items() if head.startswith(magic)), "")


@contextmanager
def open_unpacked(path: Path, limits: Limits = LIMITS) -> Iterator[Bounded]:
    """Open ``path``, unpacking gzip and zip on the way, within ``limits``.

    Parameters
    ----------
    path : Path
        The file. A zip file must hold exactly one member.
    limits : Limits
        Bounds on the unpacked size, counted while reading.

    Yields
    ------
    Bounded
        The stream of unpacked bytes.

    Raises
    ------
    DataError
        If the file cannot be unpacked, is packed twice, or unpacks to too much.
    """
    size = path.stat().st_size
    with reading(path), path.open("rb") as file:
        head = file.read(8)
        file.seek(0)
        kind = packing(head)
        if kind == "gzip":
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield Bounded(cast(IO[bytes], unpacked), size, path.name, limits)
        elif kind == "zip":
            with zipfile.ZipFile(file) as archive, archive.open(_member(archive, path)) as member:
                yield Bounded(member, size, path.name, limits)
        elif kind:
            raise DataError(
                f"{path.name} is packed with {kind}.",
                allowed="gzip and zip are read.",
                hint="Unpack it yourself.",
                where=path.name,
            )
        else:
            _check_suffix(path)
            yield Bounded(file, size, path.name, Limits(unpacked_bytes=size, ratio=2))


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() in {".gz", ".zip"} and path.stat().st_size:
        raise DataError(
            f"{path.name} is not a {path.suffix[1:].lower()} file, whatever its name says.",
            hint="Rename it, or pack it again.",
            where=path.name,
        )


def _member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [
        info
        for info in archive.infolist()
        if not info.is_dir()
        and not info.filename.startswith("__MACOSX/")
        and not Path(info.filename).name.startswith(".")
    ]
    if len(members) != 1:
        names = ", ".join(info.filename for info in members[:10])
        raise DataError(
            f"{path.name} holds {len(members)} files{': ' if names else ''}{names}.",
            allowed="A zip file must hold exactly one.",
            hint="Unpack it and name the files, or a pattern such as 'orders-*.csv'.",
            where=path.name,
        )
    if members[0].flag_bits & 1:
        raise DataError(
            f"{path.name} is protected by a password.", hint="Unpack it.", where=path.name
        )
    return members[0]


def plain_text(path: Path, encoding: str, folder: Path, limits: Limits = LIMITS) -> Plain:
    """Make a text file readable for the engine: unpacked and in UTF-8.

    Parameters
    ----------
    path : Path
        The user's file.
    encoding : str
        Any Python codec; empty to tell it from the bytes.
    folder : Path
        Where a copy is written if one is needed.
    limits : Limits
        Bounds on the unpacked size.

    Returns
    -------
    Plain
        The user's own file if it is plain UTF-8, else the copy.

    Raises
    ------
    DataError
        If the file is empty, no text, damaged, or unpacks to too much.
    ParameterError
        If there is no such encoding.
    """
    with open_unpacked(path, limits) as stream:
        head = _read_head(stream)
        if not head:
            raise DataError(f"{path.name} is empty.", hint="Check the export.", where=path.name)
        complete = len(head) < SAMPLE
        with path.open("rb") as file:
            packed = packing(file.read(8))
        if inner := packing(head) if packed else "":
            raise DataError(
                f"{path.name} holds a file that is itself packed ({inner}).",
                hint="Unpack it once.",
                where=path.name,
            )
        codec = check_encoding(encoding) if encoding else ""
        codec = codec or sniff_encoding(head, path.name, complete=complete)
        told = "utf-8" if codec == "ascii" else codec
        notes = (f"{path.name}: {'unpacked from ' + packed + ', ' if packed else ''}{told}",)
        if not packed and codec in _UTF8 | {"utf-8-sig"} and not _GLOB & set(str(path)):
            return Plain(path, path, codec, head, complete, notes)
        copy = folder / f"{len(list(folder.iterdir()))}.txt"
        try:
            with copy.open("wb") as out:
                _copy(stream, head, out, codec)
        except (UnicodeError, LookupError) as error:
            raise DataError(
                f"{path.name} cannot be read as {codec}: {error}",
                hint="Leave 'encoding' out, or name another one, such as cp1252.",
                where=path.name,
            ) from error
    with copy.open("rb") as file:
        return Plain(copy, path, codec, file.read(SAMPLE), complete, notes)


def _read_head(stream: Bounded) -> bytes:
    parts: list[bytes] = []
    missing = SAMPLE
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _copy(stream: Bounded, head: bytes, out: IO[bytes], codec: str) -> None:
    if codec in _UTF8:
        out.write(head)
        while block := stream.read(BLOCK):
            out.write(block)
        return
    decoder = codecs.getincrementaldecoder(codec)(errors=_BAD)
    block = head
    while block:
        out.write(decoder.decode(block).encode("utf-8", "surrogateescape"))
        block = stream.read(BLOCK)
    out.write(decoder.decode(b"", final=True).encode("utf-8", "surrogateescape"))
