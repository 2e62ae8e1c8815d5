"""Names of columns, as the user wrote them, and of the table a source feeds.

Column names are checked, never rewritten, with one exception: a first column
without a name, as spreadsheets and pandas write row numbers, is called ``column1``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import cast, get_args

from coterie.errors import DataError, ParameterError
from coterie.sources.base import Source, TableName
from coterie.sources.limits import LIMITS

FIRST = "column1"


def column_names(header: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the names of a header, or say which of them cannot be used.

    Parameters
    ----------
    header : sequence of str
        Names in the order of the columns.
    where : str
        Name of the file or relation for the error.

    Returns
    -------
    tuple of str
        The same names; an empty first one is ``column1``.

    Raises
    ------
    DataError
        If another name is empty, if two are the same (upper and lower case count
        as the same, as in SQL), or if there are too many.

    Examples
    --------
    >>> column_names(["", "Age"], "a.csv")
    ('column1', 'Age')
    >>> column_names(["id", "ID"], "a.csv")
    Traceback (most recent call last):
    coterie.errors.DataError: a.csv has 2 columns named 'id'. Rename all but one of them.
    """
    names = tuple(header)
    if len(names) > LIMITS.columns:
        raise DataError(
            f"{where} has {len(names):,} columns.",
            allowed=f"Up to {LIMITS.columns:,} are read.",
            where=where,
        )
    if names and not names[0].strip():
        names = (FIRST, *names[1:])
    empty = [i for i, name in enumerate(names, start=1) if not name.strip()]
    if empty:
        listed = ", ".join(str(i) for i in empty[:10])
        raise DataError(
            f"{where} has columns without a name: number {listed}.",
            hint="Write a name into the header for each of them.",
            where=where,
        )
    counts = Counter(name.casefold() for name in names)
    double = [n for n in dict.fromkeys(name.casefold() for name in names) if counts[n] > 1]
    if double:
        listed = ", ".join(
            f"{counts[key]} columns named {next(n for n in names if n.casefold() == key)!r}"
            for key in double[:10]
        )
        raise DataError(f"{where} has {listed}.", hint="Rename all but one of them.", where=where)
    return names


def name_notes(header: Sequence[str]) -> tuple[str, ...]:
    """Return the note about a first column without a name, if there is one."""
    if header and not header[0].strip():
        return (f"The first column has no name; it is called {FIRST!r}.",)
    return ()


def table_of(name: str, source: Source) -> TableName:
    """Return the input table a source feeds: ``table``, else its own name.

    Examples
    --------
    >>> table_of("shop", Source(table="orders", file="shop.csv"))
    'orders'
    """
    table = source.table or name
    known = get_args(TableName)
    if table not in known:
        raise ParameterError.unknown(f"sources.{name}.table", table, known)
    return cast(TableName, table)
