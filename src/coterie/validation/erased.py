"""Rows of people who were erased are emptied and counted; who the others are may be hidden.

Emptied and not removed, since rows are known by their number; an empty row tells nothing to
whatever looks at a column as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.sources.base import Raw, Source
from coterie.validation.apart import called_by, set_apart

ERASED = "erased"
"""Reason of rows that are dropped and not kept in quarantine."""
_ID = "customer_id"
_WHOLE = re.compile(r"-?[0-9]+[.]0")
_MAIL = r"\s*[^@\s]+@[^@\s]+[.][^@\s]+\s*"
_WORDS = re.compile(r"[,;\t|]")


class Sealed(Protocol):
    """Where what identifies customers is kept, apart from all else."""

    @property
    def taken(self) -> str:
        """Of which content of the sources it was made."""

    def put(self, taken: str, rows: Iterable[pa.RecordBatch]) -> None:
        """Write it anew: ``customer_id`` in order, and columns of text."""


@dataclass(frozen=True)
class Erasures:
    """Who was erased from a project, and whether it is hidden who the others are.

    Parameters
    ----------
    tombstones : tuple of str
        What determines the result: sorted, none for a project that nobody was erased from.
    among : callable
        Given distinct ids, returns those who were erased.
    pseudonyms : callable, optional
        Given distinct ids, returns the pseudonym of each; None where ids stay.
    names : callable, optional
        Says of a column's name whether it holds what identifies people.
    listed : tuple of str, optional
        The columns that ``names`` knows from the settings, sorted.
    sealed : Sealed, optional
        Keeps what stands in these columns; None where it is dropped, or stays.
    """

    tombstones: tuple[str, ...]
    among: Callable[[Collection[str]], Collection[str]]
    pseudonyms: Callable[[Collection[str]], Mapping[str, str]] | None = None
    names: Callable[[str], bool] = bool
    listed: tuple[str, ...] = ()
    sealed: Sealed | None = None

    @property
    def hides(self) -> bool:
        """Whether it is hidden who customers are."""
        return self.pseudonyms is not None or self.sealed is not None

    @property
    def hiding(self) -> dict[str, object]:
        """What the checked tables depend on besides the sources; empty if all stays as it is."""
        told: dict[str, object] = {"tombstones": self.tombstones} if self.tombstones else {}
        if self.hides:
            told["sealed" if self.pseudonyms is None else "pseudonyms"] = True
            told |= {"identity": self.listed} if self.listed else {}
        return told


def guard(db: DuckDB, raw: Raw, source: Source, erasures: Erasures | None) -> Raw:
    """Drop the rows of people who were erased, and hide who the others are.

    Parameters
    ----------
    db : DuckDB
        Holds ``raw.relation``.
    raw : Raw
        A source as read.
    source : Source
        Says which column has the ids.
    erasures : Erasures or None
        None if nobody was erased and ids stay as they are: then nothing is read.

    Returns
    -------
    Raw
        The source as everything after this sees it.
    """
    raw = drop_erased(db, raw, source, erasures)
    return raw if erasures is None else _hide(db, raw, source, erasures)


def _hide(db: DuckDB, raw: Raw, source: Source, erasures: Erasures) -> Raw:
    """Replace ids by pseudonyms, keep what identifies people apart, and empty its columns."""
    if not erasures.hides:
        return raw
    relation, column = identifier(raw.relation), source.mapping().get(_ID, _ID)
    mapped = {column, *source.mapping().values()}
    told = [
        other
        for other in raw.columns
        if other not in mapped and (erasures.names(other) or _is_mail(db, relation, other))
    ]
    if column in raw.columns:
        called = _call(db, relation, column, erasures)
        if erasures.sealed is not None and told:
            set_apart(db, raw, called, told)
    for other in told:
        db.execute(f"UPDATE {relation} SET {identifier(other)} = NULL")
    blank = pa.array([""] * raw.rejected.num_rows, pa.string())
    place = raw.rejected.schema.get_field_index("raw")
    return replace(raw, rejected=raw.rejected.set_column(place, "raw", blank))


def _call(db: DuckDB, relation: str, column: str, erasures: Erasures) -> str:
    """Put pseudonyms in a column of ids; return how customers are called in what is kept, SQL."""
    name = identifier(column)
    if erasures.pseudonyms is None:
        return called_by(db, relation, f"CAST({name} AS VARCHAR)")
    db.execute(f"ALTER TABLE {relation} ALTER {name} TYPE VARCHAR")
    found = db.query(f"SELECT DISTINCT {name} AS id FROM {relation} WHERE {name} IS NOT NULL")
    texts = [text for text in found["id"].to_pylist() if text.strip()]
    whole = all(_WHOLE.fullmatch(text.strip()) for text in texts)
    plain = [text.strip().removesuffix(".0") if whole else text.strip() for text in texts]
    known = erasures.pseudonyms(sorted(set(plain)))
    names = {"id": texts, "name": [known[one] for one in plain]}
    db.load("pseudonyms", pa.table({n: pa.array(v, pa.string()) for n, v in names.items()}))
    db.execute(
        f"UPDATE {relation} SET {name} = p.name FROM pseudonyms AS p WHERE {relation}.{name} = p.id"
    )
    db.drop("pseudonyms")
    return name


def _is_mail(db: DuckDB, relation: str, column: str) -> bool:
    text = f"CAST({identifier(column)} AS VARCHAR)"
    ((mails, given),) = db.rows(
        f"SELECT count(*) FILTER (regexp_full_match({text}, {literal(_MAIL)})), count({text}) "
        f"FROM {relation}"
    )
    return bool(given) and mails * 2 > given


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
