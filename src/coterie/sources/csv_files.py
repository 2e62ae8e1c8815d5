"""CSV files into a table of text columns, and the rows that cannot be split into a list.

The engine splits the rows in parallel. Only if it meets a broken quote, which
makes it skip what follows, the quotes are looked at here (``repair``), the lines
with broken quotes are set aside, and the rest is read again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import CoterieError, DataError
from coterie.sources.base import Source
from coterie.sources.limits import LIMITS
from coterie.sources.names import column_names
from coterie.sources.parts import MAX_RAW, Rejected
from coterie.sources.repair import Cut, cut_broken_quotes
from coterie.sources.sniff import Dialect, sniff_dialect
from coterie.sources.staging import Plain, plain_text


@dataclass(frozen=True)
class Part:
    """What reading one file gave besides the rows in the table."""

    header: tuple[str, ...]
    rejected: list[Rejected]
    notes: tuple[str, ...]
    bad_bytes: bool
    """Whether a row was rejected for bytes that do not fit the encoding."""


def load_csv_file(db: DuckDB, relation: str, path: Path, source: Source, folder: Path) -> Part:
    """Append one CSV file to ``relation``: unpack it, tell how it is written, read it.

    A file whose beginning is ASCII, with bytes further on that are no UTF-8 and no
    character that is, is read again as cp1252.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    relation : str
        Name of the table to fill.
    path : Path
        The file; gzip is unpacked.
    source : Source
        How it is to be read.
    folder : Path
        For unpacked copies.

    Returns
    -------
    Part
        Header, what could not be read, and notes on how the file is written.
    """
    before = _count(db, relation)
    plain = plain_text(path, source.encoding, folder)
    part = load_csv(db, relation, plain, source.separator, folder)
    guessed = not source.encoding and plain.encoding == "ascii"
    if guessed and part.bad_bytes and not _has_accents(db, relation, before):
        _cut_back(db, relation, before)
        plain = plain_text(path, "cp1252", folder)
        part = load_csv(db, relation, plain, source.separator, folder)
    if plain.path != path:
        plain.path.unlink()
    return replace(part, notes=(*plain.notes, *part.notes))


def load_csv(db: DuckDB, relation: str, plain: Plain, separator: str, folder: Path) -> Part:
    """Append the rows of one CSV file to table ``relation``, which is made if missing.

    Parameters
    ----------
    db : DuckDB
        The working database.
    relation : str
        Table of VARCHAR columns; empty fields become NULL.
    plain : Plain
        The file, unpacked and in UTF-8.
    separator : str
        What the user says, or empty to tell it from the rows.
    folder : Path
        Place for a repaired copy.

    Returns
    -------
    Part
        The header as written, the rejected rows in file order, and notes.

    Raises
    ------
    DataError
        If the header cannot be used or the separator is plainly wrong.
    """
    name = plain.source.name
    text = plain.head.decode("utf-8", "replace")
    dialect = sniff_dialect(text, separator, name, complete=plain.complete)
    columns = column_names(dialect.header, name)
    reader = _Reader(db, relation, plain, dialect, columns)
    rejected = reader.read(folder)
    bad_bytes = any(row.message.endswith(_BAD_BYTES) for row in rejected)
    return Part(dialect.header, rejected, (f"{name}: {dialect.note()}",), bad_bytes)


@dataclass(frozen=True)
class _Reader:
    db: DuckDB
    relation: str
    plain: Plain
    dialect: Dialect
    columns: tuple[str, ...]

    def read(self, folder: Path) -> list[Rejected]:
        self._make()
        before = _count(self.db, self.relation)
        try:
            found = self._append(self.plain.path)
        except CoterieError:
            raise
        except Exception as error:
            # Mixed line ends stop the engine's parser.
            if "state machine" not in str(error):
                raise _failed(self.plain.source.name, error) from error
            _cut_back(self.db, self.relation, before)
            return self._read_repaired(folder, unify=True)
        if any(row["error_type"] in _QUOTING for row in found):
            _cut_back(self.db, self.relation, before)
            return self._read_repaired(folder, unify=False)
        if any(not (row["raw"] or "").strip("\r\n") for row in found):
            # A rejected row without text: a broken quote met mixed line ends.
            _cut_back(self.db, self.relation, before)
            return self._read_repaired(folder, unify=True)
        return self._describe(found, self.plain.path, Cut())

    def _read_repaired(self, folder: Path, *, unify: bool) -> list[Rejected]:
        copy = folder / "repaired.txt"
        cut = cut_broken_quotes(self.plain.path, copy, self.dialect, unify=unify)
        try:
            found = self._append(copy)
        except CoterieError:
            raise
        except Exception as error:
            raise _failed(self.plain.source.name, error) from error
        rejected = self._describe(found, copy, cut)
        lines = line_numbers(self.plain.path, cut.starts, self.dialect.newline)
        for line, raw in zip(lines, cut.raw, strict=True):
            message = f"Line {line}: a quote is not closed, or text follows the closing quote."
            rejected.append(Rejected(line, message, raw.decode("utf-8", "replace")[:MAX_RAW]))
        copy.unlink()
        return sorted(rejected, key=lambda row: row.row)

    def _make(self) -> None:
        columns = ", ".join(f"{identifier(name)} VARCHAR" for name in self.columns)
        self.db.execute(f"CREATE TABLE IF NOT EXISTS {identifier(self.relation)} ({columns})")

    def _append(self, path: Path) -> list[dict[str, Any]]:
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in self.columns)
        dialect = self.dialect
        return read_rows(
            self.db,
            f"INSERT INTO {identifier(self.relation)} SELECT *",
            path,
            f"header = true, skip = {dialect.skip}, columns = {{{columns}}}, "
            f"delim = {literal(dialect.separator)}, quote = {literal(dialect.quote)}, "
            f"escape = {literal(dialect.escape)}, nullstr = ''",
        )

    def _describe(self, found: Sequence[dict[str, Any]], path: Path, cut: Cut) -> list[Rejected]:
        begins = row_starts(found)
        lines = [
            line + cut.lines_before(at)
            for line, at in zip(
                line_numbers(path, begins, self.dialect.newline), begins, strict=True
            )
        ]
        return [
            Rejected(line, f"Line {line}: {self._reason(row)}", (row["raw"] or "").strip("\r\n"))
            for line, row in zip(lines, found, strict=True)
        ]

    def _reason(self, row: dict[str, Any]) -> str:
        kind = str(row["error_type"])
        width = re.search(r"Found: (\d+)", str(row["message"]))
        if width:
            return f"{int(width[1])} fields where the header has {len(self.columns)}."
        if "ENCODING" in kind:
            return _BAD_BYTES
        if "LINE SIZE" in kind:
            return f"longer than {LIMITS.line_bytes:,} bytes."
        return str(row["message"]).splitlines()[0]


_BAD_BYTES = "bytes that do not fit the encoding."
_QUOTING = frozenset({"UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM", "INVALID STATE"})


def _count(db: DuckDB, relation: str) -> int:
    if relation not in db.tables():
        return 0
    return int(db.rows(f"SELECT count(*) FROM {identifier(relation)}")[0][0])


def _cut_back(db: DuckDB, relation: str, rows: int) -> None:
    """Keep the first ``rows`` rows; deleting the others would leave holes in rowid."""
    db.create(relation, f"SELECT * FROM {identifier(relation)} WHERE rowid < {rows}")


def _has_accents(db: DuckDB, relation: str, before: int) -> bool:
    """Return whether a row from number ``before`` on holds a character beyond ASCII."""
    longer = " OR ".join(
        f"strlen({identifier(name)}) > length({identifier(name)})" for name in db.columns(relation)
    )
    found = f"SELECT 1 FROM {identifier(relation)} WHERE rowid >= {before} AND ({longer}) LIMIT 1"
    return bool(db.rows(found))


def _failed(name: str, error: Exception) -> CoterieError:
    return DataError(
        f"{name} cannot be read as CSV: {str(error).splitlines()[0]}",
        hint="Check separator and encoding, or open the file in an editor.",
        where=name,
    )


def read_rows(db: DuckDB, insert: str, path: Path, options: str) -> list[dict[str, Any]]:
    """Run ``insert FROM read_csv(path, options)``; return the rows the engine could not split.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    insert : str
        The statement, up to its FROM.
    path : Path
        Plain CSV in UTF-8.
    options : str
        Further arguments of ``read_csv``, as SQL.

    Returns
    -------
    list of dict
        ``position`` (byte where the row begins, the first being 1), ``error_type``,
        ``message`` and ``raw``, in file order, one for each row.
    """
    table = db.query(
        f"{insert} FROM read_csv({literal(str(path))}, auto_detect = false, {options}, "
        f"max_line_size = {LIMITS.line_bytes}, compression = 'none', store_rejects = true); "
        # One list of statements: the engine keeps the rejects for one connection only.
        "SELECT line_byte_position AS position, min(error_type::VARCHAR) AS error_type, "
        f"any_value(left(csv_line, {MAX_RAW})) AS raw, "
        "min(error_message) AS message FROM reject_errors GROUP BY 1 ORDER BY 1"
    )
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def row_starts(found: Sequence[dict[str, Any]]) -> list[int]:
    """Return the byte position of each row that ``read_rows`` gave, the first being 0."""
    starts = []
    for row in found:
        raw = row["raw"] or ""
        # After CR LF the engine counts the LF to the row.
        starts.append(int(row["position"]) - 1 + len(raw) - len(raw.lstrip("\r\n")))
    return starts


def line_numbers(path: Path, positions: Sequence[int], newline: bytes) -> list[int]:
    """Return the line number, the first being 1, of each byte position; they ascend.

    Parameters
    ----------
    path : Path
        The file the positions are of.
    positions : sequence of int
        Bytes, the first being 1; ascending.
    newline : bytes
        How its lines end.

    Returns
    -------
    list of int
        One a position.
    """
    lines: list[int] = []
    if not positions:
        return lines
    with path.open("rb") as file:
        line, at = 1, 0
        while len(lines) < len(positions) and (block := file.read(1 << 20)):
            inside = bisect_left(positions, at + len(block), lo=len(lines))
            begin = 0
            for position in positions[len(lines) : inside]:
                line += block.count(newline, begin, position - at)
                begin = position - at
                lines.append(line)
            line += block.count(newline, begin)
            at += len(block)
    return [*lines, *([line] * (len(positions) - len(lines)))]
