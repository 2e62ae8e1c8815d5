"""Returns matched with their sales, as brackets match, without a loop.

Walk a customer's lines of one product, size and price in order of (ts, line_id): a sale
goes one step up, a return one down. A return belongs to the sale directly before
it among the steps over the same edge of that walk, which one window function finds.
"""

from __future__ import annotations

from collections.abc import Sequence

from coterie.engine.duckdb import DuckDB


def match_returns(db: DuckDB, ranges: Sequence[tuple[int, int]] | None = None) -> int:
    """Set ``net_day`` of each matched return and its sale in ``lines``.

    A return (negative quantity) takes the latest unmatched line of kind sale of the
    same customer and product with exactly the opposite quantity and amount, so that
    a pair leaves the sum of all money as it was. Guests and lines without product
    never match. A return before any such sale stays unmatched.

    Parameters
    ----------
    db : DuckDB
        Holds ``lines``. The pairs are left in table ``pairs``: ``sale`` and ``back``
        (rowids of ``lines``) and ``net_day``.
    ranges : sequence of (first, last), optional
        Rowids of ``lines`` to look at, ``last`` exclusive; all by default.

    Returns
    -------
    int
        Pairs found.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     db.create("lines", '''
    ...         SELECT line_id, 'anna' AS customer_id, 'mug' AS product_id, day,
    ...                TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_days(day) AS ts,
    ...                quantity * 1000 AS quantity_milli,
    ...                quantity * 9000000 AS amount_micros,
    ...                CASE WHEN quantity < 0 THEN 'return' ELSE 'sale' END AS kind,
    ...                CAST(NULL AS INTEGER) AS net_day
    ...         FROM (VALUES ('a', 1, 2), ('b', 2, 2), ('c', 5, -2)) AS v(line_id, day, quantity)
    ...     ''')
    ...     match_returns(db), db.rows("SELECT line_id, net_day FROM lines ORDER BY 1")
    (1, [('a', None), ('b', 5), ('c', 5)])
    """
    parts = [f"rowid >= {first} AND rowid < {last}" for first, last in ranges or ()]
    window = f"({' OR '.join(parts)})" if parts else str(ranges is None).lower()
    known = "customer_id IS NOT NULL AND product_id IS NOT NULL"
    key = "customer_id, product_id, abs(quantity_milli), amount_micros * sign(quantity_milli)"
    returned = f"kind = 'return' AND quantity_milli < 0 AND {known} AND {window}"
    # A table of its own: the engine sees how few they are, and holds them instead of the lines.
    db.create("touched", f"SELECT DISTINCT {key} FROM lines WHERE {returned}")
    db.create(
        "pairs",
        f"""
        WITH steps AS (
            SELECT rowid AS line, customer_id AS c, product_id AS p, abs(quantity_milli) AS q,
                   amount_micros * sign(quantity_milli) AS m, ts, line_id, day,
                   CASE WHEN kind = 'sale' THEN 1 ELSE -1 END AS step
            FROM lines
            WHERE {known} AND {window} AND ((kind = 'sale' AND quantity_milli > 0) OR ({returned}))
              AND ({key}) IN (FROM touched)
        ),
        walk AS (
            SELECT *, sum(step) OVER (
                PARTITION BY c, p, q, m ORDER BY ts, line_id ROWS UNBOUNDED PRECEDING
            ) + CASE WHEN step < 0 THEN 1 ELSE 0 END AS edge
            FROM steps
        ),
        before AS (
            SELECT *, lag(line) OVER w AS sale, lag(step) OVER w AS step_before
            FROM walk WINDOW w AS (PARTITION BY c, p, q, m, edge ORDER BY ts, line_id)
        )
        SELECT sale, line AS back, day AS net_day FROM before
        WHERE step = -1 AND step_before = 1 ORDER BY line
        """,
    )
    db.drop("touched")
    for side in ("sale", "back"):
        db.execute(
            f"UPDATE lines SET net_day = pairs.net_day FROM pairs WHERE lines.rowid = pairs.{side}"
        )
    ((count,),) = db.rows("SELECT count(*) FROM pairs")
    return int(count)
