"""How a text file is written: encoding, separator, quote and header, told from its first bytes.

A separator is believed when the rows have as many fields as the header, not
because it is frequent.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from coterie.errors import DataError, ParameterError

SAMPLE = 1 << 20
"""Bytes looked at."""
SEPARATORS = (",", ";", "\t", "|", "^", "~", ":")
ALONE = "\x1f"
"""Separator handed to the reader when there is but one column: it does not occur in text."""
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", "^": "caret", ALONE: "none"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MIN_SHARE = 0.9
_MAX_SKIP = 1_000


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written. ``skip`` lines come before ``header``."""

    separator: str
    quote: str
    escape: str
    skip: int
    header: tuple[str, ...]
    newline: bytes = b"\n"

    def note(self) -> str:
        """Return what was decided, in words."""
        name = _NAMES.get(self.separator, repr(self.separator))
        escape = "" if self.escape == self.quote else f", escape {self.escape}"
        return f"separator {name}, quote {self.quote}{escape}"


def sniff_encoding(head: bytes, where: str, *, complete: bool) -> str:
    """Tell the encoding of a text from its first bytes.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.
    where : str
        Name of the file for the error.
    complete : bool
        Whether ``head`` is the whole file; else a character may be cut at its end.

    Returns
    -------
    str
        Name of a Python codec: a byte order mark decides; else ascii and UTF-8 if
        all bytes fit, UTF-16 if every other byte is zero, else cp1252.

    Raises
    ------
    DataError
        If the bytes are no text.

    Examples
    --------
    >>> sniff_encoding("café".encode("cp1252"), "a.csv", complete=True)
    'cp1252'
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if b"\0" in head:
        for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
            zeros, others = head[offset::2].count(0), head[1 - offset :: 2].count(0)
            if zeros > 0.7 * len(head) / 2 and not others:
                return name
        raise DataError(
            f"{where} is not text: byte {head.index(0):,} is zero.",
            hint="Give a CSV, Parquet, JSON lines or Excel file, or set 'encoding'.",
            where=where,
        )
    if head.isascii():
        return "ascii"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=complete)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def check_encoding(name: str) -> str:
    """Return the codec's own name, or say that there is no such encoding."""
    try:
        info = codecs.lookup(name)
        if not getattr(info, "_is_text_encoding", True):
            raise LookupError(name)
    except (LookupError, ValueError) as error:
        raise ParameterError.unknown(
            "encoding", name, ["utf-8", "utf-16", "cp1252", "latin-1", "shift_jis", "gb18030"]
        ) from error
    return info.name


def sniff_dialect(text: str, separator: str, where: str, *, complete: bool) -> Dialect:
    r"""Tell separator, quote, escape and header of a CSV text from its beginning.

    Parameters
    ----------
    text : str
        The beginning of the file.
    separator : str
        The separator the user gave, or empty.
    where : str
        Name of the file for errors.
    complete : bool
        Whether ``text`` is the whole file; else its last row is not looked at.

    Returns
    -------
    Dialect
        The reading under which most rows have as many fields as the header; ties go
        to the one with more columns, then to the earlier of ``SEPARATORS``.

    Raises
    ------
    DataError
        If there is no header, or if ``separator`` leaves one column where another
        separator gives several.

    Examples
    --------
    >>> sniff_dialect("a;b\n1,5;2\n", "", "a.csv", complete=True).separator
    ';'
    """
    body, skip, told = _skip_lines(text)
    if not body.strip():
        raise DataError(f"{where} is empty.", hint="Check the export.", where=where)
    wanted = separator or told
    first = body.splitlines()[0]
    candidates = [wanted] if wanted else [s for s in SEPARATORS if s in first]
    scored = _score(body, candidates, complete=complete)
    if separator and scored[1] < 2:
        _check_separator(body, separator, where, complete=complete)
    dialect = scored[2]
    if dialect is None or (scored[1] < 2 and not separator):
        dialect = (ALONE, '"', '"')
    header = next(_rows(body, dialect))
    newline = b"\n" if "\n" in body else b"\r"
    return Dialect(*dialect, skip, tuple(header), newline)


def _skip_lines(text: str) -> tuple[str, int, str]:
    """Leave out blank lines at the top and the line ``sep=;`` that Excel understands."""
    skip, told = 0, ""
    body = text.removeprefix("\ufeff")
    while skip < _MAX_SKIP:
        found = re.match(r"(?:sep=(.))?[ ]*(\r\n|\n|\r)", body)
        if not found:
            break
        told = found[1] or told
        skip += 1
        body = body[found.end() :]
    return body, skip, told


def _rows(text: str, dialect: tuple[str, str, str]) -> Iterator[list[str]]:
    separator, quote, escape = dialect
    if len(separator) > 1:
        text, separator = text.replace(separator, ALONE), ALONE
    doubled = escape == quote
    return csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        quotechar=quote,
        doublequote=doubled,
        escapechar=None if doubled else escape,
    )


def _widths(text: str, dialect: tuple[str, str, str], *, complete: bool) -> list[int]:
    """Return the number of fields of each row, blank rows left out."""
    widths: list[int] = []
    try:
        widths.extend(len(row) for row in _rows(text, dialect) if row)
    except csv.Error:
        # A quote that never closes; what was read until then still counts.
        return widths
    return widths if complete or len(widths) < 2 else widths[:-1]


def _score(
    text: str, separators: list[str], *, complete: bool
) -> tuple[float, int, tuple[str, str, str] | None]:
    """Return share of rows as wide as the header, that width, and the dialect."""
    styles = [('"', '"')]
    if '\\"' in text:
        styles.append(('"', "\\"))
    if re.search(r"(?m)(^|[,;\t|])'", text):
        styles.append(("'", "'"))
    best: tuple[float, int, tuple[str, str, str] | None] = (0.0, 0, None)
    for separator in separators:
        for quote, escape in styles:
            widths = _widths(text, (separator, quote, escape), complete=complete)
            if not widths:
                continue
            # Two digits: one broken row in a thousand must not decide.
            share = round(sum(w == widths[0] for w in widths) / len(widths), 2)
            if widths[0] < 2:
                share = 0.0
            if (share, widths[0]) > best[:2]:
                best = (share, widths[0], (separator, quote, escape))
    return best


def _check_separator(text: str, separator: str, where: str, *, complete: bool) -> None:
    first = text.splitlines()[0]
    others = [s for s in SEPARATORS if s in first and s != separator]
    share, width, dialect = _score(text, others, complete=complete)
    if dialect and share >= _MIN_SHARE:
        raise DataError(
            f"separator={separator!r} leaves {where} with one column; "
            f"{dialect[0]!r} gives {width}.",
            hint=f"Set separator = {dialect[0]!r}, or leave it out.",
            where="separator",
        )
