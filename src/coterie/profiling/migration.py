"""Who moved between two moments, and why: time, orders, a corrected past, or a moved border.

Between the segment before and the one after stands a third: where the old model puts the
customer now. What she did leads to it, what the new model does leads on from it, so the
two are never mixed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.segmentation.released import Released

MIGRATION = pa.schema(
    [
        ("from_id", pa.string()),
        ("via_id", pa.string()),
        ("to_id", pa.string()),
        ("cause", pa.string()),
        ("customers", pa.int64()),
    ]
)
"""Columns of ``migration.parquet``: ``via_id`` is the segment by the old model on today's data."""
MOVES = "moves"
"""Table of every customer of either moment: customer_id, from_id, via_id, to_id, cause."""
ABSENT = "absent"
"""Segment id of customers whom one of the two moments does not know."""
CAUSES = {
    "stayed": "are where they were",
    "aged": "did nothing; time passed",
    "behaved": "did something new",
    "border": "did nothing; the new model drew the line elsewhere",
    "corrected": "did nothing new; what is known of their past changed",
    "new": "were not known before",
    "gone": "are not known any more",
    "unknown": "moved, and the old model can no longer say why",
}
_SUMS = (
    "first_day",
    "last_day",
    "orders",
    "order_days",
    "net",
    "gross",
    "returned",
    "discount",
    "lines",
    "units",
)
"""Measures of all time: without a new line they change only if the past is corrected."""


@dataclass(frozen=True)
class Earlier:
    """The moment before: its run folder, its model, and the day before which its rows lie."""

    folder: Path
    released: Released
    as_of: int | None


def migration_since(
    db: DuckDB, earlier: Earlier | None, released: Released, as_of: int | None
) -> pa.Table:
    """Return how many customers moved since the run before, and why.

    Parameters
    ----------
    db : DuckDB
        Holds ``assignments``, ``features``, the canonical tables, with orders ``state``, and,
        if the model is new, ``old_labels``; gets ``moves``.
    earlier : Earlier or None
        The run before; None if there is none.
    released : Released
        The model by which customers are placed now.
    as_of : int or None
        Today; None without orders.

    Returns
    -------
    pa.Table
        Columns of ``MIGRATION``; empty for the first run.
    """
    if earlier is None:
        return MIGRATION.empty_table()
    _view(db, "before", earlier.folder / "assignments.parquet")
    old, new = earlier.released.features, released.features
    _make_via(db, earlier.released, released)
    find_active(db, earlier.as_of, as_of)
    if old and new and old.catalogue.state.rules == new.catalogue.state.rules:
        _view(db, "state_before", earlier.folder / "state.parquet")
        find_corrected(db, "state_before", "state")
    else:
        db.create("corrected", _NOBODY)
    if new is None:
        _view(db, "features_before", earlier.folder / "features.parquet")
        find_changed(db, "features_before", "features")
    make_moves(db)
    return count_moves(db)


def _view(db: DuckDB, name: str, file: Path) -> None:
    db.view(name, f"SELECT * FROM read_parquet({literal(str(file))})")


def _make_via(db: DuckDB, old: Released, new: Released) -> None:
    """Make table ``via``, the segments by the old model on today's data, if they are known."""
    db.drop("via")
    if old.model_id == new.model_id:
        db.create("via", "SELECT customer_id, segment_id FROM assignments")
    elif old.ids and "old_labels" in db.tables():
        ids = {"label": pa.array(range(len(old.ids)), pa.int32()), "id": list(old.ids)}
        db.load("old_ids", pa.table(ids))
        db.create(
            "via",
            "SELECT a.customer_id, COALESCE(i.id, 'none') AS segment_id FROM assignments AS a "
            "LEFT JOIN old_labels AS o USING (customer_id) LEFT JOIN old_ids AS i USING (label)",
        )


def find_active(db: DuckDB, before: int | None, now: int | None) -> None:
    """Make table ``active``: the customers with a line or event between two days.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical tables.
    before, now : int or None
        The two days, in any order; without them nobody is active.
    """
    parts = []
    if before is not None and now is not None:
        low, high = sorted((before, now))
        parts = [
            f"SELECT DISTINCT customer_id FROM {name} "
            f"WHERE customer_id IS NOT NULL AND day >= {low} AND day < {high}"
            for name in ("lines", "events")
            if name in db.tables()
        ]
    db.create("active", " UNION ".join(parts) or _NOBODY)


def find_active_by_state(db: DuckDB, before: int, now: str) -> None:
    """Make table ``active`` from a later state alone: those whose last order is not earlier.

    Parameters
    ----------
    db : DuckDB
        Holds the state.
    before : int
        Day that ends what the earlier run saw.
    now : str
        Name of the later state.
    """
    db.create("active", f"SELECT customer_id FROM {now} WHERE last_day >= {before}")


def find_corrected(db: DuckDB, before: str, now: str) -> None:
    """Make table ``corrected``: those whose sums of all time differ between two states.

    Who is not active has new lines only before the earlier day, or lost some: her past
    was corrected.

    Parameters
    ----------
    db : DuckDB
        Holds both states.
    before, now : str
        Their names.
    """
    shared = set(db.columns(before)) & set(db.columns(now))
    differs = " OR ".join(
        f"b.{identifier(name)} IS DISTINCT FROM n.{identifier(name)}"
        for name in _SUMS
        if name in shared
    )
    db.create(
        "corrected",
        f"SELECT n.customer_id FROM {now} AS n JOIN {before} AS b USING (customer_id) "
        f"WHERE {differs or 'FALSE'}",
    )


def find_changed(db: DuckDB, before: str, now: str) -> None:
    """Make table ``active`` without dates: those of whom a column differs, for that is news.

    Parameters
    ----------
    db : DuckDB
        Holds both tables of features.
    before, now : str
        Their names.
    """
    shared = set(db.columns(before)) & set(db.columns(now)) - {"customer_id"}
    differs = " OR ".join(
        f"b.{identifier(name)} IS DISTINCT FROM n.{identifier(name)}" for name in sorted(shared)
    )
    db.create(
        "active",
        f"SELECT n.customer_id FROM {now} AS n JOIN {before} AS b USING (customer_id) "
        f"WHERE {differs or 'FALSE'}",
    )


_NOBODY = "SELECT CAST(NULL AS VARCHAR) AS customer_id WHERE FALSE"


def make_moves(db: DuckDB) -> None:
    """Make table ``moves`` from ``before``, ``assignments``, ``via``, ``active``, ``corrected``.

    A customer who would have moved under the old model too has the cause of that move;
    ``border`` is only who did nothing and would have stayed. Without ``via`` the cause of
    a move is unknown.

    Parameters
    ----------
    db : DuckDB
        ``before``, ``assignments`` and ``via`` hold customer_id and segment_id, the others
        customer_id.
    """
    known = "via" in db.tables()
    via = "v.segment_id" if known else "CAST(NULL AS VARCHAR)"
    join = "LEFT JOIN via AS v ON v.customer_id = p.customer_id" if known else ""
    db.create(
        MOVES,
        f"""
        SELECT customer_id, from_id, via_id, to_id, CASE
            WHEN from_id = '{ABSENT}' THEN 'new'
            WHEN to_id = '{ABSENT}' THEN 'gone'
            WHEN from_id = to_id THEN 'stayed'
            WHEN via_id IS NULL THEN 'unknown'
            WHEN via_id = from_id THEN 'border'
            WHEN active THEN 'behaved'
            WHEN corrected THEN 'corrected'
            ELSE 'aged' END AS cause
        FROM (
            SELECT p.customer_id, p.from_id, p.to_id,
                CASE WHEN p.to_id = '{ABSENT}' THEN '{ABSENT}' ELSE {via} END AS via_id,
                p.customer_id IN (SELECT customer_id FROM active) AS active,
                p.customer_id IN (SELECT customer_id FROM corrected) AS corrected
            FROM (
                SELECT customer_id, COALESCE(b.segment_id, '{ABSENT}') AS from_id,
                    COALESCE(a.segment_id, '{ABSENT}') AS to_id
                FROM before AS b FULL JOIN assignments AS a USING (customer_id)
            ) AS p {join}
        )
        """,
    )


def count_moves(db: DuckDB) -> pa.Table:
    """Return how many customers of ``moves`` went which way for which cause.

    Returns
    -------
    pa.Table
        Columns of ``MIGRATION``, ordered by all of them; every customer is in one row.
    """
    return db.query(
        "SELECT from_id, via_id, to_id, cause, CAST(COUNT(*) AS BIGINT) AS customers "
        f"FROM {MOVES} GROUP BY ALL ORDER BY ALL"
    ).cast(MIGRATION)


@dataclass(frozen=True)
class Flows:
    """Who moved between two moments.

    Parameters
    ----------
    start, end : str
        What the two moments are called: a date, or a run and its date.
    moves : pa.Table
        customer_id, from_id, via_id, to_id, cause, ordered by customer_id.
    migration : pa.Table
        The same counted, with the columns of ``MIGRATION``.
    segments : mapping of str to mapping
        Segment id to its ``name`` and ``slot``, in the order of the later moment.
    note : str
        What could not be told, in words; empty if nothing.
    """

    start: str
    end: str
    moves: pa.Table
    migration: pa.Table
    segments: Mapping[str, Mapping[str, Any]]
    note: str = ""

    def entered(self, segment_id: str) -> list[str]:
        """Return who is in a segment now and was not before, by customer id."""
        return self._ids("to_id", "from_id", segment_id)

    def left(self, segment_id: str) -> list[str]:
        """Return who was in a segment and is not any more, by customer id."""
        return self._ids("from_id", "to_id", segment_id)

    def _ids(self, inside: str, outside: str, segment_id: str) -> list[str]:
        here = pc.equal(self.moves.column(inside), segment_id)
        away = pc.not_equal(self.moves.column(outside), segment_id)
        found: list[str] = self.moves.filter(pc.and_(here, away)).column(0).to_pylist()
        return found

    @property
    def causes(self) -> dict[str, int]:
        """Customers by cause, in the order of ``CAUSES``; those without customers are left out."""
        return causes_of(self.migration)


def causes_of(migration: pa.Table) -> dict[str, int]:
    """Return customers by cause, in the order of ``CAUSES``, without those of nobody.

    Examples
    --------
    >>> causes_of(MIGRATION.empty_table())
    {}
    """
    found = dict.fromkeys(CAUSES, 0)
    for row in migration.select(["cause", "customers"]).to_pylist():
        found[row["cause"]] += row["customers"]
    return {cause: count for cause, count in found.items() if count}


def summed_up(
    migration: pa.Table, told: Callable[[str, str, int], int | None] = lambda _kind, _name, n: n
) -> str:
    """Return the sum of all moves in words; it always adds up.

    Parameters
    ----------
    migration : pa.Table
        Columns of ``MIGRATION``.
    told : callable, optional
        Given the kind and name of a number and the number; returns it, or None to hide it.

    Returns
    -------
    str
        One sentence without its full stop.

    Examples
    --------
    >>> row = {"from_id": "a", "via_id": "a", "to_id": "a", "cause": "stayed", "customers": 2}
    >>> new = {"from_id": ABSENT, "via_id": "a", "to_id": "a", "cause": "new", "customers": 1}
    >>> summed_up(pa.Table.from_pylist([row, new], schema=MIGRATION))
    '2 then: 2 stayed + 0 moved; + 1 new = 3 now'
    """
    causes = causes_of(migration)
    stayed, new, gone = (causes.get(name, 0) for name in ("stayed", "new", "gone"))
    moved = sum(causes.values()) - stayed - new - gone

    def word(kind: str, name: str, n: int) -> str:
        shown = told(kind, name, n)
        return "(hidden)" if shown is None else f"{shown:,}"

    lost = f" + {word('cause', 'gone', gone)} gone" if gone else ""
    return (
        f"{word('sum', 'then', stayed + moved + gone)} then: {word('cause', 'stayed', stayed)} "
        f"stayed + {word('sum', 'moved', moved)} moved{lost}; "
        f"+ {word('cause', 'new', new)} new = {word('sum', 'now', stayed + moved + new)} now"
    )
