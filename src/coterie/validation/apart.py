"""What identifies customers, taken out of the sources before anything is made of them.

Of what the rows of a customer say of one column the last is taken, and of several sources the
customer table is asked first: an address is where she lives now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from coterie.engine.base import scalar
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.sources.base import Raw
from coterie.validation.fields import BLANKS

_WHOLE = "-?[0-9]+[.]0"
_APART = "apart "
"""Beginning of the names of our tables."""
_FIRST = "customers"
_OURS = frozenset({"customer_id", "apart_order"})


def called_by(db: DuckDB, relation: str, text: str) -> str:
    """Return SQL of the ids of a column as they are kept.

    Parameters
    ----------
    db : DuckDB
        Holds the relation.
    relation : str
        Quoted.
    text : str
        The column as text, SQL.

    Returns
    -------
    str
        Trimmed; ``17850.0`` is ``17850`` if every id ends so.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     db.create("t", "SELECT ' 7.0' AS id")
    ...     called = called_by(db, "t", "id")
    ...     db.rows(f"SELECT {called} FROM t")
    [('7',)]
    """
    plain = f"NULLIF(trim({text}, {literal(BLANKS)}), '')"
    matches = f"regexp_full_match({plain}, {literal(_WHOLE)})"
    whole = scalar(db, f"SELECT COALESCE(bool_and({matches}), FALSE) FROM {relation}")
    return f"regexp_replace({plain}, '[.]0$', '')" if whole else plain


def set_apart(db: DuckDB, raw: Raw, called: str, columns: Sequence[str]) -> None:
    """Take some columns of a source apart, one row a customer, until ``taken_apart`` asks for them.

    Parameters
    ----------
    db : DuckDB
        Holds ``raw.relation``.
    raw : Raw
        The source, with its columns as they came.
    called : str
        SQL of the ids of its customers.
    columns : sequence of str
        Which.
    """
    told = [f"{0 if raw.table == _FIRST else 1} AS apart_order"]
    for column in (one for one in columns if one.casefold() not in _OURS):
        text = f"trim(CAST({identifier(column)} AS VARCHAR), {literal(BLANKS)})"
        told.append(f"arg_max({text}, rowid) FILTER ({text} <> '') AS {identifier(column)}")
    db.drop(_APART + raw.name)
    db.create(
        _APART + raw.name,
        f"SELECT {called} AS customer_id, {', '.join(told)} "
        f"FROM {identifier(raw.relation)} WHERE {called} IS NOT NULL GROUP BY 1",
    )


def taken_apart(db: DuckDB) -> Iterator[pa.RecordBatch]:
    """Yield what was set apart of all sources, a row a customer, in the order of their ids.

    Parameters
    ----------
    db : DuckDB
        As ``set_apart`` left it; nothing of it is left afterwards.

    Yields
    ------
    RecordBatch
        ``customer_id``, and columns of text.
    """
    made = sorted(name for name in db.tables() if name.startswith(_APART))
    if not made:
        return
    parts = (f"SELECT *, {n} AS apart_source FROM {identifier(m)}" for n, m in enumerate(made))
    everything = f"({' UNION ALL BY NAME '.join(parts)})"
    columns = {name.casefold(): name for table in made for name in db.columns(table)}
    told = ", ".join(
        f"arg_min({name}, (apart_order, apart_source)) FILTER ({name} IS NOT NULL) AS {name}"
        for name in map(identifier, (name for flat, name in columns.items() if flat not in _OURS))
    )
    yield from db.stream(f"SELECT customer_id, {told} FROM {everything} GROUP BY 1 ORDER BY 1")
    for name in made:
        db.drop(name)
