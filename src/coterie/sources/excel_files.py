"""Excel workbooks (.xlsx), read row by row.

Every part of the workbook is unpacked once and counted before the XML is parsed,
and a document type declaration, the door to entity tricks, is refused.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coterie.engine.duckdb import DuckDB
from coterie.errors import CoterieError, DataError, ParameterError
from coterie.sources.base import Source
from coterie.sources.cells import CellTable
from coterie.sources.limits import BLOCK, LIMITS, Bounded, Limits, reading
from coterie.sources.names import column_names
from coterie.sources.parts import Loaded, Rejected, same_header

_ERRORS = frozenset(
    {"#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#GETTING_DATA"}
)
_DOCTYPES = tuple("<!DOCTYPE".encode(codec) for codec in ("utf-8", "utf-16-le", "utf-16-be"))
_OVERLAP = max(map(len, _DOCTYPES)) - 1


def load_excel(
    db: DuckDB, relation: str, files: Sequence[Path], source: Source, scratch: Path
) -> Loaded:
    """Read one sheet of each workbook into ``relation``, with the types of the cells.

    The first row that is not empty is the header; empty rows are no rows. A row
    with values beyond the header is rejected. Dates become timestamps; cells that
    hold an Excel error such as ``#N/A`` are NULL.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    relation : str
        Name of the table to fill.
    files : sequence of Path
        All of one source, in the order of their names.
    source : Source
        May name the sheet; otherwise the first.
    scratch : Path
        Not used.

    Returns
    -------
    Loaded
        Header, what could not be read, and notes on how the files are written.
    """
    del scratch  # the layout of a loader; nothing has to be copied
    header: tuple[str, ...] = ()
    table: CellTable | None = None
    notes: list[str] = []
    rejected: list[tuple[str, Sequence[Rejected]]] = []
    try:
        for path in files:
            check_workbook(path)
            bad: list[Rejected] = []
            with _workbook(path) as book:
                sheet = _sheet(book, source.sheet, path.name)
                notes.append(f"{path.name}: sheet {sheet.title!r} of {len(book.sheetnames)}")
                rows = _bounded_rows(sheet, path.name)
                number, first = next(((n, row) for n, row in rows), (0, ()))
                names = _header(first)
                if not names:
                    raise DataError(f"{path.name} has no rows.", where=path.name)
                same_header(header, names, files[0], path)
                header = names
                if table is None:
                    table = CellTable(db, relation, column_names(header, path.name))
                table.append(_split(rows, len(header), bad))
            rejected.append((path.name, bad))
            notes.append(f"{path.name}: header in row {number}")
        if table:
            table.finish()
    finally:
        if table:
            table.discard()
    return Loaded(header, tuple(rejected), tuple(notes))


def check_workbook(path: Path, limits: Limits = LIMITS) -> None:
    """Unpack every part of a workbook once, without keeping it, and look for traps.

    Raises
    ------
    DataError
        If it is no workbook, unpacks to too much, or declares a document type.
    """
    size = path.stat().st_size
    bounds = Limits(
        unpacked_bytes=limits.workbook_bytes,
        ratio=limits.ratio,
        ratio_free_bytes=limits.ratio_free_bytes,
    )
    total = 0
    with reading(path), zipfile.ZipFile(path) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise DataError(
                f"{path.name} is not an Excel workbook (.xlsx).",
                hint="Save it as .xlsx or CSV.",
                where=path.name,
            )
        for info in archive.infolist():
            with archive.open(info) as member:
                unpacked = _check_part(Bounded(member, size, path.name, bounds), path.name)
            total += unpacked
            texts = info.filename.lower().endswith("sharedstrings.xml")
            if total > limits.workbook_bytes or (texts and unpacked > limits.workbook_text_bytes):
                raise DataError(
                    f"{path.name} unpacks to more than a workbook may hold.",
                    allowed=f"{limits.workbook_bytes:,} bytes, of them "
                    f"{limits.workbook_text_bytes:,} of texts.",
                    hint="Save the sheet as CSV.",
                    where=path.name,
                )


def _check_part(stream: Bounded, name: str) -> int:
    total, tail = 0, b""
    while block := stream.read(BLOCK):
        total += len(block)
        window = tail + block
        if any(mark in window for mark in _DOCTYPES):
            raise DataError(
                f"{name} declares a document type, which no workbook needs.",
                hint="Open it in Excel and save it again.",
                where=name,
            )
        tail = window[-_OVERLAP:]
    return total


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    import openpyxl

    try:
        with reading(path), path.open("rb") as file, warnings.catch_warnings():
            # openpyxl warns of styles and extensions, which are not read anyway.
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                yield book
            finally:
                book.close()
    except CoterieError:
        raise
    except Exception as error:
        raise DataError(
            f"{path.name} cannot be read as an Excel workbook: {error}",
            hint="Open it in Excel and save it again, or save the sheet as CSV.",
            where=path.name,
        ) from error


def _sheet(book: Any, wanted: str, name: str) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if wanted and wanted not in sheets:
        raise ParameterError.unknown("sheet", wanted, sheets)
    if not sheets:
        raise DataError(f"{name} has no sheet with cells.", where=name)
    shown = [title for title, sheet in sheets.items() if sheet.sheet_state == "visible"]
    sheet = sheets[wanted or next(iter(shown or sheets))]
    # The size a file claims for its sheet is often wrong, and must not be believed.
    sheet.reset_dimensions()
    return sheet


def _bounded_rows(
    sheet: Any, name: str, limits: Limits = LIMITS
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield number and values of the rows that are not empty."""
    cells = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells += len(row) + 1
        if number > limits.workbook_rows or cells > limits.workbook_cells:
            raise DataError(
                f"{name} has more cells than are read from a workbook.",
                allowed=f"{limits.workbook_rows:,} rows and {limits.workbook_cells:,} cells.",
                hint="Save the sheet as CSV.",
                where=name,
            )
        values = tuple(None if v == "" or v in _ERRORS else v for v in row)
        if any(value is not None for value in values):
            yield number, values


def _header(row: Sequence[Any]) -> tuple[str, ...]:
    width = max((i for i, value in enumerate(row, start=1) if value is not None), default=0)
    return tuple("" if value is None else str(value) for value in row[:width])


def _split(
    rows: Iterator[tuple[int, tuple[Any, ...]]], width: int, bad: list[Rejected]
) -> Iterator[tuple[Any, ...]]:
    for number, row in rows:
        if any(value is not None for value in row[width:]):
            raw = "\t".join("" if value is None else str(value) for value in row)[:10_000]
            message = f"Row {number}: values to the right of the header's {width} columns."
            bad.append(Rejected(number, message, raw))
        else:
            yield row[:width] + (None,) * (width - len(row))
