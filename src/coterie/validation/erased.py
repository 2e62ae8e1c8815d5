"""Rows of people who were erased: emptied before anything is made of them, and counted.

Emptied and not removed, since rows are known by their number; an empty row tells nothing to
whatever looks at a column as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.sources.base import Raw, Source

ERASED = "erased"
"""Reason of rows that are dropped and not kept in quarantine."""
_ID = "customer_id"
_WORDS = re.compile(r"[,;\t|]")


@dataclass(frozen=True)
class Erasures:
    """Who was erased from a project.

    Parameters
    ----------
    tombstones : tuple of str
        What determines the result: sorted, none for a project that nobody was erased from.
    among : callable
        Given distinct ids, returns those who were erased.
    """

    tombstones: tuple[str, ...]
    among: Callable[[Collection[str]], Collection[str]]


def drop_erased(db: DuckDB, raw: Raw, source: Source, erasures: Erasures | None) -> Raw:
    """Empty the rows of a source that belong to people who were erased.

    Parameters
    ----------
    db : DuckDB
        Holds ``raw.relation``.
    raw : Raw
        A source as read.
    source : Source
        Says which column has the ids.
    erasures : Erasures or None
        None if nobody was erased: then nothing is read.

    Returns
    -------
    Raw
        With the numbers of their rows in ``erased``.
    """
    if erasures is None:
        return raw
    column = source.mapping().get(_ID, _ID)
    numbers: list[int] = []
    if column in raw.columns:
        name = identifier(column)
        found = db.query(
            f"SELECT DISTINCT CAST({name} AS VARCHAR) AS id FROM {identifier(raw.relation)} "
            f"WHERE {name} IS NOT NULL"
        )["id"].to_pylist()
        gone = _gone(found, erasures)
        if gone:
            numbers = _empty(db, raw, name, gone)
    left, dropped = _split(raw.rejected, erasures)
    return replace(raw, rejected=left, erased=tuple(numbers), rejected_erased=dropped)


def _gone(found: Sequence[str], erasures: Erasures) -> list[str]:
    """Return the texts, as they stand in a source, of ids that were erased."""
    plain = {text: _forms(text) for text in found if text.strip() != text or text.endswith(".0")}
    asked = set(found).union(*plain.values()) if plain else found
    gone = set(erasures.among(asked))
    return [t for t in found if t in gone or not gone.isdisjoint(plain.get(t, ()))] if gone else []


def _forms(text: str) -> set[str]:
    """Return the ids that a text may stand for.

    Examples
    --------
    >>> sorted(_forms(" 17850.0"))
    ['17850', '17850.0']
    """
    return {text.strip(), text.strip().removesuffix(".0")}


def _empty(db: DuckDB, raw: Raw, name: str, gone: Sequence[str]) -> list[int]:
    relation = identifier(raw.relation)
    db.load("erased_ids", pa.table({"id": pa.array(gone, pa.string())}))
    theirs = f"CAST({name} AS VARCHAR) IN (SELECT id FROM erased_ids)"
    rows = db.rows(f"SELECT rowid FROM {relation} WHERE {theirs} ORDER BY rowid")
    nothing = ", ".join(f"{identifier(column)} = NULL" for column in db.columns(raw.relation))
    db.execute(f"UPDATE {relation} SET {nothing} WHERE {theirs}")
    db.drop("erased_ids")
    return [row + 1 for (row,) in rows]


def _split(rejected: pa.Table, erasures: Erasures) -> tuple[pa.Table, int]:
    """Drop the rows that could not be split and have an erased id among their words."""
    if not rejected.num_rows:
        return rejected, 0
    words = [
        {form for word in _WORDS.split(text or "") for form in _forms(word.strip("\"' \r\n"))}
        for text in rejected["raw"].to_pylist()
    ]
    gone = set(erasures.among(set().union(*words)))
    kept = [gone.isdisjoint(said) for said in words]
    return rejected.filter(pa.array(kept)), kept.count(False)
