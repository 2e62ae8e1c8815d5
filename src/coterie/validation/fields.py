"""A mapped column as SQL: which of the user's columns stands for which of ours, and its text.

Every statement reads the user's table under the alias ``r``; its row number is
``r.rowid + 1``, which holds because the readers only ever append.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import DataError
from coterie.schema import INPUT_TABLES
from coterie.sources.base import Raw, Source

BLANKS = " \t\r\n\u00a0\u202f\u2009\ufeff"
"""Characters that are trimmed off both ends of every text."""

INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
    | {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)
FLOATS = frozenset({"FLOAT", "DOUBLE"})

_TOGETHER = 50
"""Columns looked at in one statement."""


@dataclass(frozen=True)
class Field:
    """One of the user's columns in the working database.

    Parameters
    ----------
    relation : str
        DuckDB table it lies in.
    column : str
        The user's name for it.
    type : str
        DuckDB type, ``VARCHAR`` for text files.
    where : str
        What to name in a message: ``sources.orders.columns.timestamp``.
    clean : bool, default False
        Whether no value is blank or has blanks at its ends, so that nothing is trimmed.
    longest : int, optional
        Bytes of its longest text, if known.
    """

    relation: str
    column: str
    type: str
    where: str
    clean: bool = False
    longest: int | None = None

    @property
    def raw(self) -> str:
        """The value as it came, SQL over alias ``r``."""
        return f"r.{identifier(self.column)}"

    @property
    def text(self) -> str:
        """The value as trimmed text, NULL when blank; SQL over alias ``r``."""
        if self.type in FLOATS:
            whole = f"{self.raw} = floor({self.raw}) AND abs({self.raw}) BETWEEN 1e7 AND 1e30"
            # DuckDB writes large floats as 1e+16, which is no id.
            plain = f"CAST(CAST({self.raw} AS DECIMAL(38, 0)) AS VARCHAR) || '.0'"
            return f"CASE WHEN {whole} THEN {plain} ELSE CAST({self.raw} AS VARCHAR) END"
        if self.type != "VARCHAR":
            return f"CAST({self.raw} AS VARCHAR)"
        if self.clean:  # trimming costs more than all other parsing together
            return self.raw
        return f"NULLIF(trim({self.raw}, {literal(BLANKS)}), '')"

    @property
    def source(self) -> str:
        """FROM clause that gives alias ``r``."""
        return f"{identifier(self.relation)} AS r"


def column_types(db: DuckDB, relation: str) -> dict[str, str]:
    """Return the DuckDB type of each column of a table, in order.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     db.create("t", "SELECT 1 AS a, 'x' AS b")
    ...     column_types(db, "t")
    {'a': 'INTEGER', 'b': 'VARCHAR'}
    """
    described = db.query(f"SELECT column_name, column_type FROM (DESCRIBE {identifier(relation)})")
    names, types = (column.to_pylist() for column in described.columns)
    return dict(zip(names, types, strict=True))


def look_at(db: DuckDB, fields: Mapping[str, Field]) -> dict[str, Field]:
    """Return the fields of one table knowing whether they are clean, and how long they are.

    Parameters
    ----------
    db : DuckDB
        Where the table lies; it is read once.
    fields : mapping of str to Field
        Fields of the same relation.

    Returns
    -------
    dict of str to Field
        The same names in the same order.
    """
    names = list(fields)
    if len(names) > _TOGETHER:  # a statement takes time by the square of its columns
        parts = (names[at : at + _TOGETHER] for at in range(0, len(names), _TOGETHER))
        return {
            n: f for part in parts for n, f in look_at(db, {n: fields[n] for n in part}).items()
        }
    texts = {name: field for name, field in fields.items() if field.type == "VARCHAR"}
    if not texts:
        return dict(fields)
    # Blanks sort below '!' or are beyond ASCII; almost no text comes near, so that few
    # columns are left for the exact question, which costs three times as much.
    # Asked of both ends apart, since the first is known from the statistics of the column.
    near = "bool_or({0} < '!' OR {0} >= chr(160)), bool_or({0}[-1] < '!' OR {0}[-1] >= chr(160))"
    looks = ", ".join(f"{near.format(f.raw)}, max(strlen({f.raw}))" for f in texts.values())
    relation = next(iter(texts.values())).source
    ((*seen,),) = db.rows(f"SELECT {looks} FROM {relation}")
    ends = zip(texts.values(), seen[::3], seen[1::3], strict=True)
    doubtful = [field.raw for field, first, last in ends if first or last]
    dirty: dict[str, bool] = {}
    if doubtful:
        exact = literal(f"^[{BLANKS}]|[{BLANKS}]$|^$")
        asked = ", ".join(f"bool_or(regexp_matches({raw}, {exact}))" for raw in doubtful)
        (answers,) = db.rows(f"SELECT {asked} FROM {relation}")
        dirty = dict(zip(doubtful, answers, strict=True))
    known = {
        name: replace(field, clean=not dirty.get(field.raw), longest=longest or 0)
        for (name, field), longest in zip(texts.items(), seen[2::3], strict=True)
    }
    return {name: known.get(name, field) for name, field in fields.items()}


def mapped_fields(db: DuckDB, raw: Raw, source: Source) -> dict[str, Field]:
    """Return the field of each of our columns that the source has.

    A column that the mapping leaves out is taken when the user's table has one of
    exactly our name.

    Parameters
    ----------
    db : DuckDB
        Where ``raw.relation`` lies.
    raw : Raw
        The source as read.
    source : Source
        What the user says of it.

    Returns
    -------
    dict of str to Field
        Our name to the user's column, in the order of the input table.

    Raises
    ------
    DataError
        If a name on our side is not one of the table's, a mapped column does not
        exist, one is mapped twice, or a required one is missing.
    """
    types = column_types(db, raw.relation)
    table = INPUT_TABLES[raw.table]
    ours = [column.name for column in table.columns]
    mapping = _checked_mapping(source.mapping(), ours, types, raw.name)
    fields = {
        name: Field(raw.relation, user, types[user], f"sources.{raw.name}.columns.{name}")
        for name in ours
        if (user := mapping.get(name) or (name if name in types else None)) is not None
        and (name in mapping or user not in mapping.values())
    }
    _check_required(raw, fields, types)
    return look_at(db, fields)


def _checked_mapping(
    mapping: Mapping[str, str], ours: list[str], types: Mapping[str, str], name: str
) -> Mapping[str, str]:
    seen: dict[str, str] = {}
    for our, user in mapping.items():
        where = f"sources.{name}.columns.{our}"
        if our not in ours:
            near = get_close_matches(our, ours, n=1)
            raise DataError(
                f"columns.{our} of source {name!r} is not a column of this table.",
                allowed=f"Known: {', '.join(ours)}.",
                hint=f"Did you mean {near[0]!r}?" if near else "",
                where=where,
            )
        if user not in types:
            raise DataError(
                f"Source {name!r} has no column {user!r} (mapped to {our}).",
                allowed=f"It has: {', '.join(types)}.",
                hint=nearest(user, types),
                where=where,
            )
        if user in seen:
            raise DataError(
                f"Column {user!r} of source {name!r} is mapped twice: {seen[user]} and {our}.",
                hint="Keep one of the two lines.",
                where=where,
            )
        seen[user] = our
    return mapping


def nearest(name: str, known: Mapping[str, str]) -> str:
    """Return a hint with the known name nearest to ``name``, matched without case; else ''.

    Examples
    --------
    >>> nearest("customerid", {"CustomerID": "VARCHAR"})
    "Did you mean 'CustomerID'?"
    """
    lower = {key.lower(): key for key in known}
    near = get_close_matches(name.lower(), list(lower), n=1, cutoff=0.5)
    return f"Did you mean {lower[near[0]]!r}?" if near else ""


def _check_required(raw: Raw, fields: Mapping[str, Field], types: Mapping[str, str]) -> None:
    missing = [name for name in INPUT_TABLES[raw.table].required if name not in fields]
    if raw.table == "orders" and "amount" not in fields:
        parts = {"quantity", "unit_price"} - set(fields)
        if parts:
            missing.append("amount (or quantity and unit_price)")
    if raw.table == "events" and not {"customer_id", "visitor_id"} & set(fields):
        missing.append("customer_id or visitor_id")
    if missing:
        raise DataError(
            f"Source {raw.name!r} ({raw.table}) says nothing about {', '.join(missing)}.",
            allowed=f"The columns that came: {', '.join(types)}.",
            hint=f'Name the column under [sources.{raw.name}] columns = {{ our_name = "Theirs" }}.',
            where=f"sources.{raw.name}.columns",
        )
