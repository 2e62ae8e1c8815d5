"""Rows that come twice: in every column, or under the same id.

Copies in every column are kept unless the source says otherwise, because two equal
lines of one order are two pieces; an own id that comes again is always refused.
"""

from __future__ import annotations

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import DataError
from coterie.validation.erased import ERASED
from coterie.validation.findings import note
from coterie.validation.staging import Problem, Staged, refuse


def refuse_repeats(db: DuckDB, staged: Staged, canonical: str, own: str) -> None:
    """Count rows that come twice, and refuse those whose own id came before.

    Parameters
    ----------
    db : DuckDB
        Where the raw and the staging table lie.
    staged : Staged
        The source.
    canonical : str
        Canonical table that holds the rows of the sources before.
    own : str
        The id column, for example ``line_id``.

    Raises
    ------
    DataError
        If more than half of the rows would be refused: then the column is no id.
    """
    if own in staged.fields:  # where every row has an id of its own, nothing comes twice
        ((rows, ids, before),) = db.rows(
            f"SELECT count(*), count(DISTINCT {own}), (SELECT count(*) FROM {canonical}) "
            f"FROM {staged.relation}"
        )
        if rows == ids and not before:
            return
    mark_repeats(db, staged)
    check_unique(db, staged, canonical, own)


def mark_repeats(db: DuckDB, staged: Staged) -> int:
    """Find rows that repeat an earlier one in every column; drop them if the source says so.

    Parameters
    ----------
    db : DuckDB
        Where the raw and the staging table lie.
    staged : Staged
        The source.

    Returns
    -------
    int
        Rows that are second or later copies.
    """
    raw, name = staged.raw, f"repeats__{staged.raw.name}"
    columns = ", ".join(f"r.{identifier(column)}" for column in raw.columns)
    source = f"{identifier(raw.relation)} AS r"
    if raw.erased:  # they are all alike, and nobody's
        gone = next(n for n, p in enumerate(staged.problems, 1) if p.reason == ERASED)
        rows = f'SELECT "row" FROM {staged.relation} WHERE problem = {gone}'
        source = f"{source} WHERE r.rowid + 1 NOT IN ({rows})"
    also = "AND" if raw.erased else "WHERE"
    # The hash only narrows the search; the rows themselves are compared.
    twice = f"SELECT hash({columns}) FROM {source} GROUP BY 1 HAVING count(*) > 1"
    db.create(
        name,
        f'SELECT "row", first FROM (SELECT r.rowid + 1 AS "row", '
        f"min(r.rowid + 1) OVER (PARTITION BY {columns}) AS first "
        f'FROM {source} {also} hash({columns}) IN ({twice})) WHERE "row" > first',
    )
    repeats = identifier(name)
    ((count,),) = db.rows(f"SELECT count(*) FROM {repeats}")
    examples = db.rows(f'SELECT "row", first FROM {repeats} ORDER BY "row" LIMIT 3')
    drop = staged.source.duplicates == "drop"
    if count:
        verb = "dropped" if drop else "kept and counted"
        staged.findings.append(
            note(
                "exact_repeats",
                f"{count:,} rows repeat an earlier row in every column; they are {verb}.",
                rows=count,
                total=raw.rows,
                examples=[{"row": row, "value": f"repeats row {first}"} for row, first in examples],
                action="quarantined" if drop else "kept",
            )
        )
    if drop and count:
        first = f'(SELECT first FROM {repeats} AS d WHERE d."row" = s."row")'
        message = f"'exact repeat of row ' || {first}"
        refuse(
            db, staged, Problem(f'"row" IN (SELECT "row" FROM {repeats})', "duplicate_key", message)
        )
    return int(count)


def check_unique(db: DuckDB, staged: Staged, canonical: str, own: str) -> None:
    """Refuse rows whose own id came before, in this source or in one already read.

    Parameters
    ----------
    db : DuckDB
        Where the staging table lies.
    staged : Staged
        The source.
    canonical : str
        Canonical table that holds the rows of the sources before.
    own : str
        The id column, for example ``line_id``.

    Raises
    ------
    DataError
        If more than half of the rows would be refused: then the column is no id.
    """
    if own not in staged.fields:
        return
    first = f'min("row") OVER (PARTITION BY {own})'
    later = (
        f'SELECT "row" FROM (SELECT "row", {first} AS first FROM {staged.relation} '
        f'WHERE problem = 0 AND {own} IS NOT NULL) WHERE "row" > first'
    )
    seen = f"SELECT {own} FROM {canonical}"
    condition = f'"row" IN ({later}) OR {own} IN ({seen})'
    user = staged.fields[own].column
    ((rows, repeated),) = db.rows(
        f"SELECT count(*), count(*) FILTER ({condition}) FROM {staged.relation} WHERE problem = 0"
    )
    if not repeated:
        return
    if repeated * 2 > rows and rows > 1:
        raise DataError(
            f"{own} should be each row's own id, but {repeated:,} of {rows:,} values of "
            f"{user!r} repeat.",
            hint=f"Leave {own} out of the mapping of [sources.{staged.raw.name}].",
            where=f"sources.{staged.raw.name}.columns.{own}",
        )
    message = f"{literal(user + ' ')} || s.{own} || ' was there before.'"
    refuse(db, staged, Problem(condition, "duplicate_key", message))
