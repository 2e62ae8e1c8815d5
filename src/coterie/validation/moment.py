"""The day that ends what a run may see, found in the data and never on a clock."""

from __future__ import annotations

from datetime import date, timedelta

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.errors import DataError
from coterie.validation.future import far_future

_EPOCH = date(1970, 1, 1)
_DATED = ("lines", "events", "texts", "touches")


def has_rows(db: DuckDB, table: str) -> bool:
    """Return whether a canonical table is there and holds anything."""
    return table in db.tables() and bool(db.rows(f"SELECT 1 FROM {identifier(table)} LIMIT 1"))


def find_as_of(db: DuckDB, as_of: date | None) -> int | None:
    """Return ``as_of`` as a day number, by default the day after the last in the data.

    None if no table has dates.

    Raises
    ------
    DataError
        If it lies before all data, or if it is to be found and a few rows lie far
        after all others.
    """
    dated = [table for table in _DATED if has_rows(db, table)]
    if not dated:
        return None
    days = " UNION ALL ".join(f"SELECT day FROM {table}" for table in dated)
    ((first, last),) = db.rows(f"SELECT MIN(day), MAX(day) FROM ({days})")
    if as_of is None:
        for far in filter(None, (far_future(db, table) for table in dated)):
            raise far.error()
        return int(last) + 1
    if (as_of - _EPOCH).days <= first:
        earliest = _EPOCH + timedelta(days=int(first) + 1)
        raise DataError(
            f"as_of={as_of} lies before all rows.",
            allowed=f"From {earliest} on; rows on that day or later are not read.",
            where="as_of",
        )
    return (as_of - _EPOCH).days


def see_people(db: DuckDB, as_of: int | None) -> None:
    """Make view ``people``: the attributes of each customer as of a day, one row a customer.

    Of several rows the last that was valid before the day counts; a row without
    ``valid_from`` holds from the beginning. The view is empty without customers.
    """
    known = f"WHERE valid_from IS NULL OR valid_from < {as_of}" if as_of is not None else ""
    db.view(
        "people",
        f"SELECT * EXCLUDE (valid_from) FROM customers {known} QUALIFY row_number() OVER "
        "(PARTITION BY customer_id ORDER BY valid_from DESC NULLS LAST) = 1",
    )
