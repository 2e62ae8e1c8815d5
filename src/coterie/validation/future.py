"""A row dated far after all the others, which would set the clock of the whole project.

It is reported before anything is computed; an explicit ``as_of``, or a source that says
``future = "quarantine"``, settles it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError
from coterie.validation.staging import Problem, Staged, refuse

LIMIT_DAYS = 31
"""Days that the last day may lie after the 99.9 % quantile of days."""

_EPOCH = date(1970, 1, 1)
_OWN_ID = {"lines": "line_id", "events": "event_id", "texts": "text_id", "touches": "touch_id"}
_INPUT = {"lines": "orders", "events": "events", "texts": "texts", "touches": "touches"}


@dataclass(frozen=True)
class FarFuture:
    """Rows of a table that lie more than 31 days after nearly all others."""

    table: str
    last_day: int
    usual_day: int
    """The last day of all other rows."""
    rows: int
    ids: tuple[str, ...]
    """Ids of the first few, latest first."""

    def error(self) -> DataError:
        """Return the error that names the rows and the two ways out."""
        last = _EPOCH + timedelta(days=self.last_day)
        usual = _EPOCH + timedelta(days=self.usual_day)
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        return DataError(
            f"{rows} of {_INPUT[self.table]} dated far in the future: the last is "
            f"{last.isoformat()}, while the others end on {usual.isoformat()} "
            f"({', '.join(self.ids)}{' …' if self.rows > len(self.ids) else ''}).",
            hint=f"Correct them, or set --as-of {(usual + timedelta(days=1)).isoformat()} "
            'to leave them out, or future = "quarantine" in their source.',
            where=self.table,
        )


def far_future(db: DuckDB, table: str = "lines") -> FarFuture | None:
    """Return the rows more than 31 days after the 99.9 % quantile of days, if any.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical table.
    table : {'lines', 'events', 'texts', 'touches'}
        Which one to look at.

    Returns
    -------
    FarFuture or None
        None if the last day is in line with the others. The quantile is interpolated
        between days, so that one row of five stands out as well as one of a million.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     db.create("lines", "SELECT range AS day, 'r' || range AS line_id FROM range(100) "
    ...                        "UNION ALL SELECT 47481, 'typo'")
    ...     far_future(db).ids
    ('typo',)
    """
    test = beyond(db, table)
    if not test:
        return None
    own = _OWN_ID[table]
    ((rows, usual),) = db.rows(
        f"SELECT count(*) FILTER ({test}), max(day) FILTER (NOT {test}) FROM {table}"
    )
    ((last,),) = db.rows(f"SELECT max(day) FROM {table}")
    ids = db.rows(f"SELECT {own} FROM {table} WHERE {test} ORDER BY day DESC, {own} LIMIT 5")
    return FarFuture(table, int(last), int(usual), int(rows), tuple(i for (i,) in ids))


def refuse_future(db: DuckDB, staged: Staged) -> None:
    """Refuse the rows of a source dated far after its others, if the source says so.

    Parameters
    ----------
    db : DuckDB
        Where the staging table lies.
    staged : Staged
        The source; the problem is added to its list.
    """
    if staged.source.future != "quarantine":
        return
    test = beyond(db, f"{staged.relation} WHERE problem = 0")
    if test:
        message = "'Dated ' || (DATE '1970-01-01' + s.day) || ', far after all other rows.'"
        refuse(db, staged, Problem(test, "future_date", message))


def beyond(db: DuckDB, relation: str) -> str:
    """Return the condition on rows that lie far after the others; empty if there are none.

    Parameters
    ----------
    db : DuckDB
        Holds the rows.
    relation : str
        Quoted name, or a subquery in brackets, with a column ``day``.

    Returns
    -------
    str
        SQL over ``day``.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     beyond(db, "(SELECT 19000 + i // 1999 * 9999 AS day FROM range(2000) AS t(i))")
    'day > 19031.0'
    """
    ((last, quantile),) = db.rows(f"SELECT max(day), quantile_cont(day, 0.999) FROM {relation}")
    if last is None or last - quantile <= LIMIT_DAYS:
        return ""
    return f"day > {quantile + LIMIT_DAYS!r}"
