"""A row dated far after all the others, which would set the clock of the whole project.

It is reported before anything is computed; an explicit ``as_of`` or moving the rows
to quarantine settles it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.errors import DataError

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
            "to leave them out.",
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
    ((last, quantile),) = db.rows(f"SELECT max(day), quantile_cont(day, 0.999) FROM {table}")
    if last is None or last - quantile <= LIMIT_DAYS:
        return None
    own = _OWN_ID[table]
    test = f"day > {quantile + LIMIT_DAYS!r}"
    ((rows, usual),) = db.rows(
        f"SELECT count(*) FILTER ({test}), max(day) FILTER (NOT {test}) FROM {table}"
    )
    ids = db.rows(f"SELECT {own} FROM {table} WHERE {test} ORDER BY day DESC, {own} LIMIT 5")
    return FarFuture(table, int(last), int(usual), int(rows), tuple(i for (i,) in ids))


def check_future(db: DuckDB, table: str = "lines") -> None:
    """Raise if rows of a table are dated far after all others.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical table.
    table : {'lines', 'events', 'texts', 'touches'}
        Which one to look at.

    Raises
    ------
    DataError
        Naming the rows and what settles it.
    """
    found = far_future(db, table)
    if found:
        raise found.error()


def quarantine_future(
    db: DuckDB, quality: dict[str, Any], *, table: str, from_day: int
) -> dict[str, Any]:
    """Move the rows of a table from ``from_day`` on to quarantine, and account for them.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical table and ``quarantine``.
    quality : dict
        The quality report; it is not changed.
    table : {'lines', 'events', 'texts', 'touches'}
        Which one to clean.
    from_day : int
        First day (since 1970-01-01) that is refused.

    Returns
    -------
    dict
        The report with the rows counted as ``future_date``. Their row number is -1 if
        they carry an id of their own, which then stands in ``raw``.
    """
    own, name = _OWN_ID[table], _INPUT[table]
    db.execute(
        f"INSERT INTO quarantine SELECT {literal(name)}, "
        f"coalesce(nullif(regexp_extract({own}, '^(.*):[0-9]+$', 1), ''), {literal(name)}), "
        f"coalesce(TRY_CAST(regexp_extract({own}, ':([0-9]+)$', 1) AS BIGINT), -1), "
        f"'future_date', 'dated far after all other rows', {own} "
        f"FROM {table} WHERE day >= {from_day} ORDER BY day, {own}"
    )
    ((count,),) = db.rows(f"SELECT count(*) FROM {table} WHERE day >= {from_day}")
    db.execute(f"DELETE FROM {table} WHERE day >= {from_day}")
    account = dict(quality["tables"][name])
    account["accepted"] -= count
    account["quarantined"] += count
    reasons = account["by_reason"]
    account["by_reason"] = reasons | {"future_date": reasons.get("future_date", 0) + count}
    return quality | {"tables": quality["tables"] | {name: account}}
