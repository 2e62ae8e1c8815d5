"""Lines with broken quotes, found and set aside so that the rows after them are kept.

A quote that is never closed would swallow the rest of the file. Here a row whose
quotes do not fit costs its first line only; the next line is read as a new row.
"""

from __future__ import annotations

import mmap
import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from coterie.sources.limits import LIMITS
from coterie.sources.sniff import Dialect


@dataclass(frozen=True)
class Cut:
    """Lines that were left out of a copy, in file order.

    ``starts`` is where they began in the original, ``copy_starts`` where they would
    begin in the copy.
    """

    starts: tuple[int, ...] = ()
    copy_starts: tuple[int, ...] = ()
    raw: tuple[bytes, ...] = ()

    def lines_before(self, position: int) -> int:
        """Return how many lines were left out before byte ``position`` of the copy.

        Examples
        --------
        >>> Cut((4,), (4,), (b"bad",)).lines_before(4)
        1
        """
        return bisect_right(self.copy_starts, position)


def record_pattern(dialect: Dialect) -> re.Pattern[bytes]:
    r"""Return the pattern of one row with sound quotes, its line end included.

    Examples
    --------
    >>> pattern = record_pattern(Dialect(",", '"', '"', 0, ("a", "b")))
    >>> [bool(pattern.match(row)) for row in (b'1,"x\n""y"\n', b'1,"x"y\n', b'1,"x\n')]
    [True, False, False]
    """
    separator = re.escape(dialect.separator.encode())
    first = re.escape(dialect.separator[0].encode())
    quote = re.escape(dialect.quote.encode())
    escape = re.escape(dialect.escape.encode())
    if dialect.escape == dialect.quote:
        inside = rb"(?:[^%b]|%b%b)*+" % (quote, quote, quote)
    else:
        inside = rb"(?:[^%b%b]|%b.)*+" % (quote, escape, escape)
    quoted = rb"%b%b%b\ *" % (quote, inside, quote)
    stop = rb"[^%b\r\n]" % first
    if len(dialect.separator) > 1:
        stop = rb"(?:(?!%b)[^\r\n])" % separator
    field = rb"(?:%b|(?!%b)%b*+|)" % (quoted, quote, stop)
    return re.compile(rb"%b(?:%b%b)*+(?:\r\n|\n|\r|\Z)" % (field, separator, field), re.DOTALL)


def cut_broken_quotes(path: Path, copy: Path, dialect: Dialect, *, unify: bool) -> Cut:
    """Write ``copy`` without the lines of ``path`` at which broken quotes begin.

    Parameters
    ----------
    path, copy : Path
        The file, which is not empty, and the copy to write.
    dialect : Dialect
        How the file is written.
    unify : bool
        Whether to end all rows alike, for a file that mixes line ends; line breaks
        inside quotes stay as they are.

    Returns
    -------
    Cut
        The lines that were left out. Each is one line of the file: when a quote
        opened on it is not closed soundly, the row cannot be told from what follows.
    """
    pattern, quote, newline = record_pattern(dialect), dialect.quote.encode(), dialect.newline
    starts: list[int] = []
    copy_starts: list[int] = []
    raw: list[bytes] = []
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        copy.open("wb") as out,
    ):
        kept = at = 0
        while (found := data.find(quote, at)) >= 0:
            start = max(data.rfind(newline, at, found) + 1, at)
            sound = pattern.match(data, start, min(len(data), start + LIMITS.line_bytes))
            if sound and sound.end() > start:
                at = sound.end()
                if unify:
                    out.write(_unified(data[kept:start]))
                    out.write(data[start:at].rstrip(b"\r\n") + b"\n")
                    kept = at
                continue
            end = data.find(newline, start)
            end = len(data) if end < 0 else end + 1
            before = data[kept:start]
            out.write(_unified(before) if unify else before)
            starts.append(start)
            copy_starts.append(out.tell())
            raw.append(data[start:end].rstrip(b"\r\n"))
            kept = at = end
        out.write(_unified(data[kept:]) if unify else data[kept:])
    return Cut(tuple(starts), tuple(copy_starts), tuple(raw))


def _unified(rows: bytes) -> bytes:
    return rows.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
