"""CSV files into a table of text columns, and the rows that cannot be split into a list.

The engine splits the rows in parallel. Only if it meets a broken quote, which
makes it skip what follows, the quotes are looked at here (``repair``), the lines
with broken quotes are set aside, and the rest is read again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import CoterieError, DataError
from coterie.sources.limits import LIMITS
from coterie.sources.names import column_names
from coterie.sources.repair import Cut, cut_broken_quotes
from coterie.sources.sniff import Dialect, sniff_dialect
from coterie.sources.staging import Plain

MAX_RAW = 10_000
"""Characters kept of a rejected row."""


@dataclass(frozen=True)
class Rejected:
    """One row that could not be split; ``row`` is its line in the file, the first being 1."""

    row: int
    message: str
    raw: str


@dataclass(frozen=True)
class Part:
    """What reading one file gave besides the rows in the table."""

    header: tuple[str, ...]
    rejected: list[Rejected]
    notes: tuple[str, ...]


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
    return Part(dialect.header, rejected, (f"{name}: {dialect.note()}",))


@dataclass(frozen=True)
class _Reader:
    db: DuckDB
    relation: str
    plain: Plain
    dialect: Dialect
    columns: tuple[str, ...]

    def read(self, folder: Path) -> list[Rejected]:
        before = self._count()
        try:
            found = self._append(self.plain.path, strict=True)
        except DataError:
            raise
        except Exception as error:
            # Mixed line ends stop the strict parser; the repaired copy is read leniently.
            if "state machine" not in str(error):
                raise _failed(self.plain.source.name, error) from error
            found = [{"error_type": "UNQUOTED VALUE"}]
        if any(row["error_type"] in _QUOTING for row in found):
            self._undo(before)
            return self._read_repaired(folder)
        return self._describe(found, Cut.nothing())

    def _read_repaired(self, folder: Path) -> list[Rejected]:
        copy = folder / "repaired.txt"
        cut = cut_broken_quotes(self.plain.path, copy, self.dialect)
        found = self._append(copy, strict=False)
        rejected = self._describe(found, cut)
        lines = _line_numbers(self.plain.path, cut.starts, self.dialect.newline)
        for line, raw in zip(lines, cut.raw, strict=True):
            message = f"Line {line}: a quote is not closed, or text follows the closing quote."
            rejected.append(Rejected(line, message, raw.decode("utf-8", "replace")[:MAX_RAW]))
        copy.unlink()
        return sorted(rejected, key=lambda row: row.row)

    def _count(self) -> int:
        if self.relation not in self.db.tables():
            columns = ", ".join(f"{identifier(name)} VARCHAR" for name in self.columns)
            self.db.execute(f"CREATE TABLE {identifier(self.relation)} ({columns})")
            return 0
        return int(self.db.rows(f"SELECT count(*) FROM {identifier(self.relation)}")[0][0])

    def _undo(self, before: int) -> None:
        # Deleting would leave holes in rowid, so the table is made anew.
        name = identifier(self.relation)
        self.db.create(self.relation, f"SELECT * FROM {name} WHERE rowid < {before}")

    def _append(self, path: Path, *, strict: bool) -> list[dict[str, Any]]:
        """Append the rows of ``path``; return the engine's list of rows it could not split."""
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in self.columns)
        dialect = self.dialect
        table = self.db.query(
            f"INSERT INTO {identifier(self.relation)} SELECT * FROM read_csv("
            f"{literal(str(path))}, auto_detect = false, header = true, skip = {dialect.skip}, "
            f"columns = {{{columns}}}, delim = {literal(dialect.separator)}, "
            f"quote = {literal(dialect.quote)}, escape = {literal(dialect.escape)}, "
            f"nullstr = '', store_rejects = true, max_line_size = {LIMITS.line_bytes}, "
            f"strict_mode = {str(strict).lower()}, compression = 'none'); "
            # One statement list: the engine keeps rejects per connection.
            "SELECT line_byte_position AS position, min(error_type::VARCHAR) AS error_type, "
            f"any_value(left(csv_line, {MAX_RAW})) AS raw, "
            "min(error_message) AS message FROM reject_errors GROUP BY 1 ORDER BY 1"
        )
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def _describe(self, found: Sequence[dict[str, Any]], cut: Cut) -> list[Rejected]:
        positions = [cut.before(int(row["position"]) - 1) for row in found]
        lines = _line_numbers(self.plain.path, positions, self.dialect.newline)
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
            return f"bytes that are not {self.plain.encoding}."
        if "LINE SIZE" in kind:
            return f"longer than {LIMITS.line_bytes:,} bytes."
        return str(row["message"]).splitlines()[0]


_QUOTING = frozenset({"UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM", "INVALID STATE"})


def _failed(name: str, error: Exception) -> CoterieError:
    return DataError(
        f"{name} cannot be read as CSV: {str(error).splitlines()[0]}",
        hint="Check separator and encoding, or open the file in an editor.",
        where=name,
    )


def _line_numbers(path: Path, positions: Sequence[int], newline: bytes) -> list[int]:
    """Return the line number, the first being 1, of each byte position; they ascend."""
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
