"""Who made a sum of money: how many customers, and what part the largest one and two made.

A sum of many is looked at roughly: only customers who spent so much in all that they could
have made a third of it are added up, so that ten million lines take no longer than their sums.
"""

from __future__ import annotations

from dataclasses import dataclass

from coterie.engine.duckdb import DuckDB
from coterie.privacy.disclosure import ONE, TWO

MANY = 1_000
"""Customers from which on a sum is one of many."""
_SURE = 0.8
"""Of so many counted roughly at least so many are there."""
_LEAST = TWO - ONE
"""Least part that the second of two has who make too much, if the first alone does not."""
_CELLS, _HEAVY = "profile__cells", "profile__heavy"


@dataclass(frozen=True)
class Made:
    """Who made a sum.

    Parameters
    ----------
    customers : int
        At least so many; exact below ``MANY``.
    largest, top_two : float or None
        Parts of the sum that the largest one and two made; of many customers 0 if nobody made
        as much as three tenths. None if the sum is not above 0.
    """

    customers: int
    largest: float | None
    top_two: float | None


def who_made(db: DuckDB, lines: str, values: str = "") -> dict[tuple[str, str], Made]:
    """Return who made the sums of money of some lines.

    Parameters
    ----------
    db : DuckDB
        Holds what is named next; tables ``profile__…`` come and go.
    lines : str
        A SELECT of ``part`` and ``item`` (text, which together name a sum), ``who`` (a number;
        NULL: a customer for each line), ``line`` (a number of the line) and ``money``.
    values : str, optional
        Table of ``who`` and ``gross``, all that a customer has spent, returns left out. Without
        it every sum is looked at exactly.

    Returns
    -------
    dict
        (part, item) to who made it.
    """
    few = f"n < {MANY}" if values else "TRUE"
    try:
        db.create(
            _CELLS,
            f"""SELECT part, item, SUM(money)::HUGEINT AS whole, (approx_count_distinct(who)
                + COUNT(*) FILTER (WHERE who IS NULL))::BIGINT AS n
            FROM ({lines}) GROUP BY ALL""",
        )
        found = _largest(db, lines, few)
        if values:
            db.create(
                _HEAVY,
                f"""SELECT who FROM {values} WHERE gross >= {_LEAST} * (
                    SELECT MIN(whole) FROM {_CELLS} WHERE whole > 0 AND NOT ({few}))""",
            )
            some = f"(who IN (FROM {_HEAVY}) OR (who IS NULL AND money >= {_LEAST} * whole))"
            found |= _largest(db, lines, f"NOT ({few}) AND {some}")
        cells = db.rows(f"SELECT part, item, whole, n FROM {_CELLS} ORDER BY ALL")
    finally:
        for name in (_CELLS, _HEAVY):
            db.drop(name)
    made = {}
    for part, item, whole, n in cells:
        exact, largest, two = found.get((part, item), (0, 0, 0))
        customers = exact if not values or n < MANY else int(_SURE * n)
        made[part, item] = Made(customers, *largest_parts(whole, largest, two))
    return made


def _largest(db: DuckDB, lines: str, where: str) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Return of each sum how many customers there are, the largest part and the two largest."""
    rows = db.rows(
        f"""SELECT part, item, COUNT(*), MAX(money)::HUGEINT, list_sum(max(money, 2))::HUGEINT
        FROM (SELECT part, item, who, SUM(money)::BIGINT AS money
            FROM ({lines}) JOIN {_CELLS} USING (part, item) WHERE {where}
            GROUP BY part, item, who, CASE WHEN who IS NULL THEN line END)
        GROUP BY part, item ORDER BY part, item"""
    )
    return {(part, item): (int(n), int(most), int(two)) for part, item, n, most, two in rows}


def largest_parts(whole: int, largest: int, two: int) -> tuple[float | None, float | None]:
    """Return the parts of a sum that its largest one and two make.

    Parameters
    ----------
    whole, largest, two : int
        The sum, its largest part, and its two largest.

    Returns
    -------
    (float, float) or (None, None)
        None if the sum is not above 0.

    Examples
    --------
    >>> largest_parts(200, 50, 90), largest_parts(0, 50, 0)
    ((0.25, 0.45), (None, None))
    """
    if whole <= 0:
        return None, None
    return round(int(largest) / int(whole), 6), round(int(two) / int(whole), 6)
