"""The change of day: most customers who change segment have done nothing, only time has passed.

Measures change by themselves only where an order leaves a window; those customers are measured
anew from level 1. All are placed anew from their kept measures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from coterie.store.streams import STATE, Streams
from coterie.streaming.measuring import score, unpack
from coterie.streaming.moves import Now, find_moves
from coterie.streaming.processor import Processor

PART = 250_000
"""Customers of one transaction."""
_MEASURES = STATE.index("measures")
Tell = Callable[[str, float], None]


def sweep(processor: Processor, as_of: int, tell: Tell | None = None) -> int:
    """Bring all customers to a day; a sweep that was stopped goes on where it was.

    Parameters
    ----------
    processor : Processor
        Of an open stream.
    as_of : int
        The stream has then seen all before this day; a day that is past is left alone.
    tell : callable, optional
        Told what is being done, and how many customers are done.

    Returns
    -------
    int
        Messages to tell.
    """
    told = 0
    tell = tell or (lambda *_: None)
    while True:
        with processor.writing() as streams:
            row = streams.opened(lock="alone")
            if row["sweeping"] is None:
                if as_of <= row["as_of"]:
                    return told
                row |= {"sweeping": as_of, "swept": ""}
            found, last = _sweep_part(processor, streams, row)
            now = processor.clock()
            done = {"as_of": row["sweeping"], "sweeping": None, "swept": None}
            on = {"sweeping": row["sweeping"], "swept": last}
            streams.write(changed=now, **(on if last else done))
            streams.count(now, None, moves=len(found))
            streams.add_moves(found, now)
        told += len(found)
        tell("placing everybody on a new day", 0.0 if last else 1.0)


def _sweep_part(
    processor: Processor, streams: Streams, row: dict[str, Any]
) -> tuple[list[tuple[Any, ...]], str]:
    """Place the next customers; return what is to be told and the last of them, "" at the end."""
    model, db = processor.model, processor.counting.db
    states = streams.next_states(row["swept"], PART)
    if not states:
        return [], ""
    as_of, last = row["sweeping"], states[-1][0]
    before = {state[0]: state for state in states}
    table = unpack([s[_MEASURES] for s in states], [s[0] for s in states], model.kept, as_of)
    leaving = [
        who
        for who in streams.leaving(model.windows, row["as_of"], as_of, (states[0][0], last))
        if who in before
    ]
    if leaving:
        table = _measured_anew(processor, streams, table, leaving, as_of)
    db.load("state", table)
    scored = score(db, model, as_of)
    changed, moves = find_moves(scored, before, model, Now(as_of, "time", {}, {}))
    streams.put_states(changed)
    return moves, last if len(states) == PART else ""


def _measured_anew(
    processor: Processor, streams: Streams, table: pa.Table, who: list[str], as_of: int
) -> pa.Table:
    """Return the table of states with those of some customers as of a later day."""
    processor.counting.measure_anew(streams, who, as_of)
    names = ", ".join(f'"{name}"' for name in table.column_names)
    processor.counting.db.load("all_states", table)
    return processor.counting.db.query(
        f"SELECT {names} FROM state UNION ALL SELECT {names} FROM all_states "
        "WHERE customer_id NOT IN (SELECT customer_id FROM state)"
    )
