"""How large an input may grow once it is unpacked, and what a broken input raises.

Sizes are counted while the bytes stream by; what an archive's header claims is not believed.
"""

from __future__ import annotations

import errno
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from coterie.errors import DataError

BLOCK = 1 << 20
"""Bytes per read of a stream."""


@dataclass(frozen=True)
class Limits:
    """Bounds on what one input file may unpack to."""

    unpacked_bytes: int = 20_000_000_000
    ratio: int = 200
    """Unpacked : packed bytes, looked at only beyond ``ratio_free_bytes``."""
    ratio_free_bytes: int = 100_000_000
    workbook_bytes: int = 2_000_000_000
    """All parts of an .xlsx file together."""
    workbook_text_bytes: int = 500_000_000
    """The table of shared texts, the one part of an .xlsx file that is held in memory."""
    workbook_rows: int = 1_048_576
    """Rows of one sheet: Excel's own bound."""
    workbook_cells: int = 100_000_000
    columns: int = 4_000
    rows: int = 2_000_000_000
    line_bytes: int = 2_000_000
    """Longest row of a text file."""


LIMITS = Limits()


class Bounded:
    r"""A byte stream that stops with a DataError once it has given too much.

    Parameters
    ----------
    stream : binary file
        The stream of unpacked bytes.
    packed : int
        Size of the packed file in bytes.
    where : str
        Name of the file for the error.
    limits : Limits
        The bounds.

    Examples
    --------
    >>> import io
    >>> small = Limits(unpacked_bytes=10)
    >>> Bounded(io.BytesIO(bytes(9)), 9, "a.gz", small).read(11)
    b'\x00\x00\x00\x00\x00\x00\x00\x00\x00'
    """

    def __init__(self, stream: IO[bytes], packed: int, where: str, limits: Limits) -> None:
        self._stream = stream
        self._packed = max(packed, 1)
        self._where = where
        self._limits = limits
        self._total = 0

    def read(self, size: int = BLOCK) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        block = self._stream.read(size)
        self._total += len(block)
        limits = self._limits
        if self._total > limits.unpacked_bytes:
            raise DataError(
                f"{self._where} unpacks to more than {limits.unpacked_bytes:,} bytes.",
                hint="Split it into several files, or unpack it yourself.",
                where=self._where,
            )
        if self._total > max(limits.ratio_free_bytes, limits.ratio * self._packed):
            raise DataError(
                f"{self._where} unpacks to more than {limits.ratio} times its size.",
                hint="If the file is sound, unpack it yourself.",
                where=self._where,
            )
        return block


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the system and the unpackers raise about ``path`` into a DataError."""
    name = path.name
    try:
        yield
    except PermissionError as error:
        raise DataError(
            f"{name} may not be read.", hint="Check the permissions of the file.", where=name
        ) from error
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise _damaged(name, error) from error
    except (NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"{name} is packed in a way that cannot be read: {error}",
            hint="Unpack it yourself, or pack it with gzip.",
            where=name,
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DataError(
                f"The disk is full while {name} is being unpacked.",
                hint="Free some space, or set TMPDIR to a folder on a larger disk.",
                where=name,
            ) from error
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> DataError:
    return DataError(
        f"{name} is damaged or not what its name says: {error}",
        hint="Fetch or pack the file again.",
        where=name,
    )
