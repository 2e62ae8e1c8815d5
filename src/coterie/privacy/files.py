"""Files of a project in which a person stands: tables of any format that is read, and pages.

What was written by others is not put into another form: the lines of all others stay as they are,
byte for byte, in text files.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from coterie.errors import CoterieError
from coterie.privacy.person import Person
from coterie.privacy.sifting import GONE, Found, sift_json, sift_page, sift_parquet
from coterie.sources.base import Source
from coterie.sources.files import told_format
from coterie.sources.sniff import SAMPLE, Dialect, sniff_dialect, sniff_encoding

TABLES = frozenset(
    {".csv", ".tsv", ".txt", ".gz", ".json", ".jsonl", ".ndjson", ".parquet", ".pq"}
    | {".xlsx", ".xlsm"}
)
PAGES = frozenset({".html"})
_LONGEST = 200
"""Lines of a row with line breaks in it; a quote that closes later does not close."""


class UnreadableError(CoterieError):
    """A file that cannot be looked through."""


def sift_file(path: Path, target: Path | None, person: Person, source: Source) -> Found:
    """Find a person in a file, and write it again without her.

    Parameters
    ----------
    path : Path
        CSV (also gzip), JSON lines, JSON, Parquet, Excel, or a page.
    target : Path or None
        Where it is written if it holds anything of her; None only looks.
    person : Person
        Who is looked for.
    source : Source
        How the file is read, if the settings say so; else what ``Source()`` says.

    Returns
    -------
    Found
        Her rows, and sentences that name her.

    Raises
    ------
    UnreadableError
        If it cannot be read as what it seems to be.
    """
    try:
        if path.suffix in PAGES:
            return sift_page(path, target, person)
        kind = source.format or told_format(path)
        if kind == "parquet":
            return sift_parquet(path, target, person)
        if kind == "excel":
            return _sift_workbook(path, target, person)
        if kind == "jsonl":
            return _sift_json(path, target, person, source)
        return _sift_csv(path, target, person, source)
    except (CoterieError, OSError, ValueError, csv.Error, EOFError) as error:
        raise UnreadableError(f"{path.name}: {error}") from error


@contextmanager
def _opened(path: Path, mode: str, encoding: str) -> Iterator[TextIO]:
    how = {"encoding": encoding, "errors": "surrogateescape", "newline": ""}
    if _is_packed(path):
        with gzip.open(path, f"{mode}t", **how) as file:  # type: ignore[call-overload] # text
            yield file
    else:
        with path.open(mode, **how) as file:  # type: ignore[call-overload] # text
            yield file


def _is_packed(path: Path) -> bool:
    return path.name.removesuffix(".partial").endswith(".gz")


def _head(path: Path, source: Source) -> tuple[str, str]:
    """Return the encoding, and the beginning as text."""
    with gzip.open(path) if _is_packed(path) else path.open("rb") as file:
        head = file.read(SAMPLE)
    encoding = source.encoding or sniff_encoding(head, path.name, complete=len(head) < SAMPLE)
    # Bytes further on that do not fit come back as they were.
    encoding = "utf-8" if encoding == "ascii" else encoding
    with _opened(path, "r", encoding) as file:
        return encoding, file.read(SAMPLE)


def _sift_csv(path: Path, target: Path | None, person: Person, source: Source) -> Found:
    encoding, head = _head(path, source)
    dialect = sniff_dialect(head, source.separator, path.name, complete=len(head) < SAMPLE)
    header = [name.removeprefix("\ufeff").strip() for name in dialect.header]
    rows: list[dict[str, Any]] = []
    named: list[str] = []
    needles = _needles(person, dialect.quote)

    def kept(records: Iterator[str]) -> Iterator[str]:
        for _ in range(dialect.skip + 1):
            yield next(records, "")
        for record in records:
            if not any(needle in record.casefold() for needle in needles):
                yield record
                continue
            row = _fields(record, dialect, header)
            if person.is_hers(row):
                rows.append(row)
                continue
            left = person.redacted(record, foreign=True)
            if left != record:
                named.append(record.strip())
            yield left

    with _opened(path, "r", encoding) as file:
        _write(kept(_records(file, dialect.quote)), path, None, encoding)
    if target is not None and (rows or named):
        found = Found(tuple(rows), tuple(named))
        with _opened(path, "r", encoding) as file:
            _write(kept(_records(file, dialect.quote)), path, target, encoding)
        return found
    return Found(tuple(rows), tuple(named))


def _write(records: Iterator[str], path: Path, target: Path | None, encoding: str) -> None:
    """Write the records, or only go through them."""
    if target is None:
        for _ in records:
            pass
        return
    plain = target if not _is_packed(path) else target.with_name(f"{target.name}.gz")
    encoding = {"utf-8-sig": "utf-8"}.get(encoding, encoding)  # the mark is in the first record
    with _opened(plain, "w", encoding) as out:
        out.writelines(records)
    if plain != target:
        plain.replace(target)


def _needles(person: Person, quote: str = '"') -> tuple[str, ...]:
    plain = [needle.casefold() for needle in person.needles]
    return tuple({*plain, *(needle.replace(quote, quote * 2) for needle in plain)})


def _records(file: TextIO, quote: str) -> Iterator[str]:
    """Yield rows with the line breaks that stand in quotes; a quote that stays open ends a row."""
    held: list[str] = []
    open_ = False
    for line in file:
        held.append(line)
        open_ ^= line.count(quote) % 2 == 1
        if open_ and len(held) < _LONGEST:
            continue
        if open_:
            yield from held
        else:
            yield "".join(held)
        held, open_ = [], False
    yield from held


def _fields(record: str, dialect: Dialect, header: list[str]) -> dict[str, Any]:
    separator = dialect.separator
    text = record.removesuffix("\n").removesuffix("\r")
    if len(separator) > 1:
        text, separator = text.replace(separator, "\x1f"), "\x1f"
    doubled = dialect.escape == dialect.quote
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        quotechar=dialect.quote,
        doublequote=doubled,
        escapechar=None if doubled else dialect.escape,
    )
    fields = next(reader, [])
    names = [*header, *(f"column {n}" for n in range(len(header) + 1, len(fields) + 1))]
    return dict(zip(names, fields, strict=False))


def _sift_json(path: Path, target: Path | None, person: Person, source: Source) -> Found:
    encoding, head = _head(path, source)
    start = head.lstrip("\ufeff \t\r\n")
    if start.startswith("[") or not _object(start.split("\n", 1)[0]):
        return _sift_whole_json(path, target, person, encoding)
    rows: list[dict[str, Any]] = []
    named: list[str] = []
    needles = {json.dumps(n)[1:-1].casefold() for n in person.needles} | set(_needles(person))

    def kept(lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            if any(needle in line.casefold() for needle in needles):
                row = _object(line)
                if person.is_hers(row):
                    rows.append(row)
                    continue
                left = person.redacted(line, foreign=True)
                if left != line:
                    named.append(line.strip())
                yield left
            else:
                yield line

    with _opened(path, "r", encoding) as file:
        _write(kept(iter(file)), path, None, encoding)
    found = Found(tuple(rows), tuple(named))
    if target is not None and found:
        with _opened(path, "r", encoding) as file:
            _write(kept(iter(file)), path, target, encoding)
    return found


def _object(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _sift_whole_json(path: Path, target: Path | None, person: Person, encoding: str) -> Found:
    with _opened(path, "r", encoding) as file:
        text = file.read()
    left, found = sift_json(json.loads(text.removeprefix("\ufeff")), person)
    if target is not None and found:
        written = json.dumps([] if left is GONE else left, ensure_ascii=False, indent=1)
        _write(iter([written]), path, target, encoding)
    return found


def _sift_workbook(path: Path, target: Path | None, person: Person) -> Found:
    import openpyxl

    rows: list[dict[str, Any]] = []
    copy = path if target is None else shutil.copy(path, target)
    with Path(copy).open("rb") as file:
        book = openpyxl.load_workbook(file, keep_vba=path.suffix == ".xlsm")
    for sheet in book.worksheets:
        header: list[str] = []
        mine: list[int] = []
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            if not header:
                header = [str(cell or "").strip() for cell in cells] if any(cells) else []
                continue
            row = dict(zip(header, cells, strict=False))
            if person.is_hers(row):
                rows.append(row)
                mine.append(number)
        for number in reversed(mine):
            sheet.delete_rows(number)
    if target is not None:
        if rows:
            book.save(target)
        else:
            target.unlink()
    return Found(tuple(rows))
