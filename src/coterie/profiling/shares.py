"""What each segment brings: net spend, its share with a 95 % range, and by month.

Sums are exact integers. Up to 20,000 customers the range is a Poisson bootstrap (each
customer counts a Poisson(1) number of times: heavy tails make it lopsided, as it should
be); above, the delta method's normal interval, since the bootstrap then agrees with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from coterie.engine.duckdb import DuckDB
from coterie.profiling.dominance import who_made
from coterie.schema import MICROS

BOOTSTRAP_UP_TO = 20_000
REPLICATES = 1_000
_BATCH = 50
_Z95 = 1.959963984540054
_CENT = 10_000
"""Micros in a cent: squares of cents summed over millions still fit in 128 bits."""


@dataclass(frozen=True)
class Value:
    """Net spend of one segment before ``as_of``, in units of money.

    ``largest`` and ``top_two`` are the parts of it that the largest one and two
    customers make (None unless the segment's value is positive).
    """

    value: float
    share: float | None
    low: float | None
    high: float | None
    largest: float | None
    top_two: float | None


@dataclass(frozen=True)
class Month:
    """Net spend of one segment in one month (``YYYY-MM``), and who made it.

    ``customers``, ``largest`` and ``top_two`` as in ``dominance.Made``. The value is None
    where it must not leave.
    """

    segment: int
    month: str
    value: float | None
    customers: int
    largest: float | None
    top_two: float | None


def customer_values(db: DuckDB, counted: str, out: str, *, customers: str) -> None:
    """Make table ``out``: who, segment, net and gross micros of every placed customer.

    Parameters
    ----------
    db : DuckDB
        Holds the tables named next.
    counted : str
        Table of ``counted.count_lines``.
    out : str
        The table to make.
    customers : str
        Table of ``counted.number_customers``.
    """
    db.create(
        out,
        f"""SELECT c.who, c.segment, COALESCE(v.net, 0)::BIGINT AS net,
            COALESCE(v.gross, 0)::BIGINT AS gross FROM {customers} c
        LEFT JOIN (SELECT who, SUM(money)::BIGINT AS net,
                SUM(GREATEST(money, 0))::BIGINT AS gross
            FROM {counted} WHERE who IS NOT NULL GROUP BY who) v USING (who)""",
    )


def bootstrap_shares(
    cents: NDArray[np.int64], codes: NDArray[np.int32], n_segments: int, *, seed: int
) -> list[tuple[float, float]]:
    """Return the 95 % percentile range of each segment's share of the sum.

    Parameters
    ----------
    cents : int64 array, shape (n,)
        Money of each customer.
    codes : int32 array, shape (n,)
        Segment of each customer, from 0.
    n_segments : int
        Number of segments; an empty one has the range (0, 0).
    seed : int
        Same seed, same order of customers: same ranges.

    Returns
    -------
    list of (float, float)
        One range a segment, in the order of their numbers.

    Examples
    --------
    >>> bootstrap_shares(np.array([5, 5]), np.array([0, 0], np.int32), 1, seed=0)
    [(1.0, 1.0)]
    """
    order = np.argsort(codes, kind="stable")
    money = cents[order].astype(float)
    present, starts = np.unique(codes[order], return_index=True)
    rng = np.random.default_rng(seed)
    shares = np.zeros((REPLICATES, n_segments))
    for first in range(0, REPLICATES, _BATCH):
        weights = rng.poisson(1.0, (_BATCH, money.size))
        sums = np.add.reduceat(weights * money, starts, axis=1)
        total = sums.sum(axis=1, keepdims=True)
        shares[first : first + _BATCH, present] = np.divide(
            sums, total, out=np.full_like(sums, np.nan), where=total > 0
        )
    low, high = np.nanquantile(shares, (0.025, 0.975), axis=0)
    return [(round(float(a), 6), round(float(b), 6)) for a, b in zip(low, high, strict=True)]


def normal_share(part: int, total: int, part_squares: int, all_squares: int) -> tuple[float, float]:
    """Return the delta method's 95 % range of ``part / total``, cut to 0 and 1.

    Parameters
    ----------
    part, total : int
        Sums over the segment and over all customers.
    part_squares, all_squares : int
        Sums of squares over the same.

    Returns
    -------
    low, high : float
        Rounded to six digits.

    Examples
    --------
    >>> normal_share(50, 100, 250, 500)
    (0.280869, 0.719131)
    """
    share = part / total
    # sum over customers of (v * [in segment] - share * v)^2, from exact sums of squares
    squares = part_squares / total**2 * (1 - 2 * share) + share**2 * (all_squares / total**2)
    half = _Z95 * float(np.sqrt(max(squares, 0.0)))
    return round(max(share - half, 0.0), 6), round(min(share + half, 1.0), 6)


def segment_values(
    db: DuckDB, values: str, n_segments: int, *, seed: int
) -> tuple[list[Value], str]:
    """Return the value of each segment and the name of the range's method.

    Parameters
    ----------
    db : DuckDB
        Holds ``values`` as ``customer_values`` makes it.
    values : str
        Name of that table.
    n_segments : int
        Number of segments.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    list of Value, str
        In the order of segments; the method is ``bootstrap``, ``normal``, or empty when
        all customers together have not spent more than nothing and shares are unknown.
    """
    rows = db.rows(
        f"""SELECT segment, COUNT(*), SUM(net)::HUGEINT, SUM((net // {_CENT})::HUGEINT),
        SUM((net // {_CENT})::HUGEINT * (net // {_CENT})::HUGEINT), MAX(net),
        COALESCE(list_sum(max(net, 2)), 0)::HUGEINT
        FROM {values} GROUP BY segment ORDER BY segment"""
    )
    found = {int(row[0]): tuple(int(cell) for cell in row[1:]) for row in rows}
    empty = (0, 0, 0, 0, 0, 0)
    stats = [found.get(code, empty) for code in range(n_segments)]
    n = sum(row[0] for row in stats)
    net, cents, squares = (sum(row[i] for row in stats) for i in (1, 2, 3))
    method = "" if cents <= 0 else "bootstrap" if n <= BOOTSTRAP_UP_TO else "normal"
    ranges: Sequence[tuple[float, float]] = []
    if method == "bootstrap":
        table = db.query(f"SELECT segment, net // {_CENT} AS cents FROM {values} ORDER BY who")
        ranges = bootstrap_shares(
            table.column("cents").to_numpy(),
            table.column("segment").to_numpy(),
            n_segments,
            seed=seed,
        )
    elif method == "normal":
        ranges = [normal_share(row[2], cents, row[3], squares) for row in stats]
    return [
        Value(
            row[1] / MICROS,
            round(row[1] / net, 6) if method else None,
            ranges[code][0] if method else None,
            ranges[code][1] if method else None,
            round(row[4] / row[1], 6) if row[1] > 0 else None,
            round(row[5] / row[1], 6) if row[1] > 0 else None,
        )
        for code, row in enumerate(stats)
    ], method


def value_by_month(db: DuckDB, counted: str, values: str = "") -> list[Month]:
    """Return net spend by segment and month.

    Parameters
    ----------
    db : DuckDB
        Holds ``counted``.
    counted : str
        Table of ``counted.count_lines``.
    values : str, optional
        Table of ``customer_values``; with it who made the money of many is looked at roughly.

    Returns
    -------
    list of Month
        By month and then segment; only what is there.
    """
    month = "strftime(DATE '1970-01-01' + day, '%Y-%m')"
    rows = db.rows(
        f"""SELECT segment, {month} AS month, SUM(money)::HUGEINT FROM (
            SELECT segment, day, SUM(money)::HUGEINT AS money FROM {counted}
            WHERE segment IS NOT NULL GROUP BY segment, day)
        GROUP BY ALL ORDER BY 2, 1"""
    )
    lines = (
        "SELECT segment::VARCHAR AS part, month AS item, who, 0 AS line, money "
        f"FROM {counted} JOIN (SELECT DISTINCT day, {month} AS month FROM {counted}) USING (day) "
        "WHERE segment IS NOT NULL"
    )
    made = who_made(db, lines, values)
    return [
        Month(int(code), name, int(net) / MICROS, *astuple(made[str(code), name]))
        for code, name, net in rows
    ]
