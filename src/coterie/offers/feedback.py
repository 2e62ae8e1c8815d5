"""Answers that came back: kept as they were fed, and seen as one table in which none counts twice.

A touch that comes again replaces the one before if it knows the answer, so the contacts can be
fed on the day they are made and once more when their answers are in.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal

TOUCHES = "touches"


def name_touches(db: DuckDB) -> int:
    """Name each row of ``touches`` by what it says, where the file has no id of its own.

    Customer, moment and offer make the id, so the same row in another file is the same touch.

    Returns
    -------
    int
        Rows that say the same as another and were left out, the one with an answer stays.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     db.create("touches", '''SELECT 'touches:' || i AS touch_id, 'a' AS customer_id,
    ...         TIMESTAMPTZ '2025-01-01' AS ts, 'o' AS offer_id, NULL AS responded, NULL AS treated,
    ...         NULL AS value_micros, NULL AS propensity, NULL AS channel
    ...         FROM range(2) t(i)''')
    ...     name_touches(db), db.rows("SELECT count(*) FROM touches")
    (1, [(1,)])
    """
    said = "customer_id || '@' || CAST(epoch_us(ts) AS VARCHAR) || '@' || offer_id"
    db.create("named", f"SELECT * REPLACE ({said} AS touch_id) FROM {TOUCHES}")
    ((before,),) = db.rows("SELECT count(*) FROM named")
    db.create(
        TOUCHES,
        "SELECT * FROM named QUALIFY row_number() OVER "
        "(PARTITION BY touch_id ORDER BY responded IS NULL, responded DESC, treated DESC, "
        "value_micros DESC, propensity DESC, channel) = 1",
    )
    db.drop("named")
    ((after,),) = db.rows(f"SELECT count(*) FROM {TOUCHES}")
    return int(before - after)


def gather(db: DuckDB, name: str, folders: Sequence[Path], *, before: int | None = None) -> None:
    """Make table ``name`` of the touches in several folders, each once.

    Parameters
    ----------
    db : DuckDB
        Where the table is made.
    name : str
        Its name.
    folders : sequence of Path
        Folders of Parquet files of canonical touches; the later one is the newer.
    before : int, optional
        Day from which on touches are not seen.
    """
    columns = "touch_id, customer_id, day, offer_id, treated, responded, value_micros, propensity"
    parts = [
        f"SELECT {columns}, {number} AS number "
        f"FROM read_parquet({literal(str(folder.resolve() / '*.parquet'))})"
        for number, folder in enumerate(folders)
    ]
    seen = f"WHERE day < {before}" if before is not None else ""
    db.create(
        name,
        f"SELECT {columns} FROM ({' UNION ALL '.join(parts)}) {seen} QUALIFY row_number() OVER "
        "(PARTITION BY touch_id ORDER BY responded IS NULL, number DESC) = 1",
    )


def count_new(db: DuckDB, known: str) -> tuple[int, int]:
    """Return how many of ``touches`` were never fed, and how many bring an answer first now.

    Parameters
    ----------
    db : DuckDB
        Holds ``touches`` and the table of those known.
    known : str
        As ``gather`` makes it.

    Returns
    -------
    (int, int)
        New touches, and answers to touches that were known without one.
    """
    ((new, answers),) = db.rows(
        "SELECT count(*) FILTER (k.touch_id IS NULL), "
        "count(*) FILTER (k.touch_id IS NOT NULL AND k.responded IS NULL "
        f"AND t.responded IS NOT NULL) FROM {TOUCHES} AS t "
        f"LEFT JOIN {identifier(known)} AS k USING (touch_id)"
    )
    return int(new), int(answers)
