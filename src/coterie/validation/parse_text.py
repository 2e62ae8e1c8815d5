"""Ids and texts: trimmed, case and leading zeros kept.

``17850.0`` becomes ``17850`` only when every id of the column ends in ``.0``: one
id that does not is proof that the point belongs to the ids.
"""

from __future__ import annotations

from dataclasses import dataclass

from coterie.engine.duckdb import DuckDB
from coterie.validation.fields import FLOATS, INTEGERS, Field


@dataclass(frozen=True)
class TextColumn:
    """An id or text column as SQL over alias ``r``."""

    value: str
    stripped: int = 0
    """Ids that lost ``.0``."""
    mixed: int = 0
    """Ids that end in ``.0`` in a column where others do not."""


def read_id(db: DuckDB, field: Field) -> TextColumn:
    """Return the SQL of an id column, and how many ids lose a ``.0``.

    Parameters
    ----------
    db : DuckDB
        Where the column lies.
    field : Field
        The column; any type.

    Returns
    -------
    TextColumn
        ``value`` is VARCHAR, NULL where the id is blank.
    """
    text = field.text
    if field.type != "VARCHAR" and field.type not in FLOATS and not field.type.startswith("DEC"):
        return TextColumn(text)
    ends = f"regexp_full_match({text}, '-?[0-9]+[.]0')"
    ((given, ending),) = db.rows(
        f"SELECT count({text}), count(*) FILTER ({ends}) FROM {field.source}"
    )
    if given and ending == given:
        return TextColumn(f"left({text}, -2)", stripped=int(given))
    if field.type in FLOATS:
        return TextColumn(text)
    return TextColumn(text, mixed=int(ending))


def read_flag(field: Field) -> str:
    """Return the SQL of a yes-or-no column as BOOLEAN, NULL where it says neither.

    Parameters
    ----------
    field : Field
        The column; BOOLEAN, numbers 0 and 1, or words.

    Returns
    -------
    str
        SQL over alias ``r``.
    """
    if field.type == "BOOLEAN":
        return field.raw
    if field.type in INTEGERS:
        return f"CASE {field.raw} WHEN 1 THEN true WHEN 0 THEN false END"
    return flag_of(field.text)


TRUE_WORDS = ("1", "1.0", "true", "t", "yes", "y", "ja", "oui", "si", "sí", "sim", "on")
FALSE_WORDS = ("0", "0.0", "false", "f", "no", "n", "nein", "non", "não", "nao", "off")


def flag_of(text: str) -> str:
    """Return SQL that reads the words of yes and no.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     db.rows(f"SELECT {flag_of('w')} FROM (VALUES ('Yes'), ('nein'), ('maybe')) AS t(w)")
    [(True,), (False,), (None,)]
    """
    yes, no = (", ".join(f"'{word}'" for word in words) for words in (TRUE_WORDS, FALSE_WORDS))
    return (
        f"CASE WHEN lower({text}) IN ({yes}) THEN true WHEN lower({text}) IN ({no}) THEN false END"
    )
