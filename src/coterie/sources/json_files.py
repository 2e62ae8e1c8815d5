"""JSON lines: one object a line, in columns of text named by the keys of all lines.

Values stay text as in a CSV file; nested values are JSON text. A line that is no
JSON object is rejected, not the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import DataError
from coterie.sources.base import Source
from coterie.sources.csv_files import line_numbers, read_rows, row_starts
from coterie.sources.limits import LIMITS
from coterie.sources.names import column_names
from coterie.sources.parts import MAX_RAW, Loaded, Rejected
from coterie.sources.staging import Plain, plain_text

_NEVER = "\x01"
"""No JSON text holds this character unescaped, so a line is one field."""


def load_json(
    db: DuckDB, relation: str, files: Sequence[Path], source: Source, scratch: Path
) -> Loaded:
    """Read JSON lines into ``relation``; keys in the order in which they first come.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    relation : str
        Name of the table to fill.
    files : sequence of Path
        All of one source, in the order of their names.
    source : Source
        May name the encoding.
    scratch : Path
        Folder for unpacked copies; emptied by the caller.

    Returns
    -------
    Loaded
        Header, what could not be read, and notes on how the files are written.
    """
    lines = f"{relation}__lines"
    rejected: list[tuple[str, Sequence[Rejected]]] = []
    notes: list[str] = []
    try:
        db.execute(f"CREATE OR REPLACE TABLE {identifier(lines)} (line VARCHAR, sound BOOLEAN)")
        for path in files:
            plain = plain_text(path, source.encoding, scratch)
            _check_start(plain)
            rejected.append((path.name, _append(db, lines, plain)))
            notes += plain.notes
            if plain.path != path:
                plain.path.unlink()
        header = _keys(db, lines)
        if header:
            columns = column_names(header, source.file)
            db.create(relation, _select(lines, header, columns))
        else:
            db.create(relation, "SELECT '' AS nothing WHERE false")
    finally:
        db.drop(lines)
    return Loaded(header, tuple(rejected), tuple(notes))


def _check_start(plain: Plain) -> None:
    start = plain.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    name = plain.source.name
    if not start:
        raise DataError(f"{name} is empty.", hint="Check the export.", where=name)
    if start.startswith(b"["):
        raise DataError(
            f"{name} is one JSON array; JSON lines hold one object a line.",
            hint=f"Convert it: jq -c '.[]' {name} > lines.jsonl",
            where=name,
        )


def _append(db: DuckDB, lines: str, plain: Plain) -> list[Rejected]:
    before = int(db.rows(f"SELECT count(*) FROM {identifier(lines)}")[0][0])
    found = read_rows(
        db,
        f"INSERT INTO {identifier(lines)} SELECT line, more IS NULL "
        "AND coalesce(json_type(TRY_CAST(line AS JSON)) = 'OBJECT', false)",
        plain.path,
        "header = false, columns = {line: 'VARCHAR', more: 'VARCHAR'}, "
        f"delim = {literal(_NEVER)}, quote = '', "
        "escape = '', nullstr = '', strict_mode = false, null_padding = true",
    )
    unread = line_numbers(plain.path, row_starts(found), b"\n")
    bad = {
        line: Rejected(
            line, f"Line {line}: {_reason(row['error_type'])}", (row["raw"] or "").strip("\r\n")
        )
        for line, row in zip(unread, found, strict=True)
    }
    broken = db.rows(
        f"SELECT rowid - {before}, left(line, {MAX_RAW}) FROM {identifier(lines)} "
        f"WHERE NOT sound AND rowid >= {before} AND trim(line, ' \t\r') <> '' ORDER BY rowid"
    )
    numbers = _numbers_of(plain.path, [index for index, _ in broken], set(bad))
    for line, (_, raw) in zip(numbers, broken, strict=True):
        bad[line] = Rejected(line, f"Line {line}: not a JSON object.", raw)
    return [bad[line] for line in sorted(bad)]


def _reason(kind: str) -> str:
    if "ENCODING" in kind:
        return "bytes that do not fit the encoding."
    if "LINE SIZE" in kind:
        return f"longer than {LIMITS.line_bytes:,} bytes."
    return "not a JSON object."


def _numbers_of(path: Path, wanted: Sequence[int], unread: set[int]) -> list[int]:
    """Return the line numbers of the rows with these positions among the lines read."""
    numbers: list[int] = []
    if not wanted:
        return numbers
    at = -1
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            # The reader passes over empty lines and over those it could not read.
            if number in unread or not line.strip(b"\r\n"):
                continue
            at += 1
            if at == wanted[len(numbers)]:
                numbers.append(number)
                if len(numbers) == len(wanted):
                    break
    return numbers


def _keys(db: DuckDB, lines: str) -> tuple[str, ...]:
    name = identifier(lines)
    found = db.rows(
        "SELECT word FROM (SELECT line_no, unnest(keys) AS word, "
        "generate_subscripts(keys, 1) AS place FROM "
        f"(SELECT rowid AS line_no, json_keys(line) AS keys FROM {name} WHERE sound)) "
        f"GROUP BY word ORDER BY min(line_no * {LIMITS.line_bytes} + place)"
    )
    return tuple(word for (word,) in found)


def _select(lines: str, keys: Sequence[str], columns: Sequence[str]) -> str:
    pointers = ", ".join(literal("/" + key.replace("~", "~0").replace("/", "~1")) for key in keys)
    picked = ", ".join(
        f"nullif(field[{i}], '') AS {identifier(name)}" for i, name in enumerate(columns, start=1)
    )
    return (
        f"SELECT {picked} FROM (SELECT json_extract_string(line, [{pointers}]) AS field "
        f"FROM {identifier(lines)} WHERE sound)"
    )
