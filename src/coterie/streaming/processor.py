"""Micro-batches: what came is written, counted, scored and told in one transaction.

A message that came before changes nothing, so whoever sends may send again after any failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from coterie.engine.duckdb import DuckDB
from coterie.features.windows import to_date
from coterie.store.database import Database
from coterie.store.streams import Streams
from coterie.streaming.counting import Counting
from coterie.streaming.messages import COLUMNS, Batch, Refused, read_batch
from coterie.streaming.model import StreamModel

_TS, _DAY, _CUSTOMER = (
    {table: names.index(name) for table, names in COLUMNS.items()}
    for name in ("ts", "day", "customer_id")
)
ACCEPTED, LATE, REPEATED, REFUSED = range(4)
Clock = Callable[[], datetime]
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Done:
    """What became of a batch.

    Parameters
    ----------
    accepted, repeated, late, refused : int
        Messages: used, known before, of those used from before the day of the run, not usable.
    moves : int
        Messages to tell.
    refusals : tuple of Refused
        What cannot be used.
    fates : bytes
        What became of each message, in order: ``ACCEPTED``, ``LATE``, ``REPEATED`` or ``REFUSED``.
    moved : tuple of int
        Place of the message with which each of ``moves`` is counted: the last of its customer.
    """

    accepted: int
    repeated: int
    late: int
    refused: int
    moves: int
    refusals: tuple[Refused, ...] = ()
    fates: bytes = b""
    moved: tuple[int, ...] = ()

    def part(self, start: int, stop: int) -> Done:
        """Return what became of the messages from one place to before another.

        Parameters
        ----------
        start, stop : int
            Places in the batch, from 0.

        Returns
        -------
        Done
            As if they had come alone; the parts of a batch add up to the batch.
        """
        fates = self.fates[start:stop]
        late, repeated, refused = (fates.count(fate) for fate in (LATE, REPEATED, REFUSED))
        mine = [replace(r, at=r.at - start) for r in self.refusals if start <= r.at < stop]
        moved = tuple(at - start for at in self.moved if start <= at < stop)
        accepted = len(fates) - repeated - refused
        return Done(accepted, repeated, late, refused, len(moved), tuple(mine), fates, moved)


class Processor:
    """Takes events of a project, one batch after the other.

    Parameters
    ----------
    database : Database
        Of the project's registry.
    project : str
        Whose rows in it.
    model : StreamModel
        The published run.
    db : DuckDB
        To compute in; its tables are those of the last batch.
    clock : callable
        What time it is.
    """

    def __init__(
        self, database: Database, project: str, model: StreamModel, db: DuckDB, clock: Clock
    ) -> None:
        self.database = database
        self.project = project
        self.model = model
        self.clock = clock
        self.counting = Counting(model, db)

    @contextmanager
    def writing(self) -> Iterator[Streams]:
        """Give the rows of the project in a transaction that is whole or nothing."""
        with self.database.transaction(writes=True) as connection:
            yield Streams(connection, self.project)

    def process(
        self,
        messages: Sequence[bytes],
        *,
        source: str = "http",
        topic: str = "",
        offsets: Mapping[int, int] | None = None,
    ) -> Done:
        """Take some messages; afterwards they are durable, counted and told.

        Parameters
        ----------
        messages : sequence of bytes
            JSON objects.
        source : str, default "http"
            Where they came from, for dead letters.
        topic : str, optional
            Of Kafka.
        offsets : mapping of int to int, optional
            Partition -> the next message to be read of it.

        Returns
        -------
        Done
            What became of them.

        Raises
        ------
        DatabaseError
            If they cannot be written; then nothing was.
        """
        batch = read_batch(list(messages), self.model.reading)
        now = self.clock()
        with self.writing() as streams:
            done = self._take(streams, batch, now, source)
            if offsets:
                streams.set_offsets(topic, offsets)
        return done

    def _take(self, streams: Streams, batch: Batch, now: datetime, source: str) -> Done:
        row = streams.opened(lock="share")  # nobody changes the day meanwhile
        as_of = int(row["sweeping"] or row["as_of"])
        self._hide(batch)
        _refuse_early(batch, as_of)
        rows = {table: self._new(streams, batch, table) for table in COLUMNS}
        streams.keep(rows)
        lines, events = rows["lines"], rows["events"]
        found = self.counting.apply(streams, lines, events, as_of=as_of, cause="event")
        fates, last = self._fates(batch, rows)
        late, repeated, refused = (fates.count(fate) for fate in (LATE, REPEATED, REFUSED))
        stamps = [row[_TS[table]] for table, some in rows.items() for row in some]
        counted = {"accepted": len(stamps), "repeated": repeated, "late": late}
        counted |= {"refused": refused, "moves": len(found)}
        streams.bury(source, [_letter(one) for one in batch.refused], now)
        streams.count(now, max(stamps, default=None), **counted)
        streams.add_moves(found, now)
        moved = tuple(last[move[0]] for move in found)
        return Done(**counted, refusals=tuple(batch.refused), fates=fates, moved=moved)

    def _fates(
        self, batch: Batch, rows: Mapping[str, Sequence[Row]]
    ) -> tuple[bytes, dict[str, int]]:
        """Return what became of each message, and the place of the last of each customer."""
        fates = bytearray([REPEATED]) * len(batch)
        for one in batch.refused:
            fates[one.at] = REFUSED
        last: dict[str, int] = {}
        for table, some in rows.items():
            day, who = _DAY[table], _CUSTOMER[table]
            for row in some:
                at = batch.at[table, row[0]]
                # What came of an offer is counted by nobody's day.
                late = row[day] < self.model.watermark and table != "touches"
                fates[at] = LATE if late else ACCEPTED
                last[row[who]] = max(at, last.get(row[who], 0))
        return bytes(fates), last

    def _hide(self, batch: Batch) -> None:
        """Take out those who were erased, and call the others as the project does."""
        erasures = self.model.erasures()
        if erasures is None:
            return
        if erasures.hides:  # what cannot be read may say who somebody is
            batch.raw = [b""] * len(batch.raw)
            batch.refused = [replace(one, raw="") for one in batch.refused]
        parts = [(rows, table, _CUSTOMER[table]) for table, rows in batch.rows.items()]
        people = sorted({row[who] for rows, _, who in parts for row in rows.values()} - {None})
        gone = set(erasures.among(people))
        names = erasures.pseudonyms(people) if erasures.pseudonyms else {}
        for rows, table, who in parts:
            for key, row in list(rows.items()):
                if row[who] in gone:
                    batch.raw[batch.at[table, key]] = b""  # nothing of her is kept
                    batch.refuse(table, key, "erased", "It is about somebody who was erased.")
                elif row[who] in names:
                    rows[key] = (*row[:who], names[row[who]], *row[who + 1 :])

    def _new(self, streams: Streams, batch: Batch, table: str) -> list[Row]:
        """Return the rows that came neither before nor in the run, and may be counted."""
        rows, day = batch.rows[table], _DAY[table]
        known = streams.known(table, list(rows))
        watermark = self.model.watermark
        late = [key for key, row in rows.items() if row[day] < watermark and key not in known]
        if table in self.model.own_ids:
            known |= self.counting.seen_by_run(table, late)
        elif table in self.model.tables and table != "touches":
            for key in late:
                message = (
                    f"It is of {to_date(rows[key][day])}, and the run has seen all before "
                    f"{to_date(watermark)}: its rows have no ids to tell whether this is one."
                )
                batch.refuse(table, key, "late", message)
        return [row for key, row in rows.items() if key not in known]


def _refuse_early(batch: Batch, as_of: int) -> None:
    """Take out what is of a day that has not begun."""
    for table, rows in batch.rows.items():
        day = _DAY[table]
        for key in [key for key, row in rows.items() if row[day] >= as_of]:
            when, today = to_date(rows[key][day]), to_date(as_of - 1)
            batch.refuse(table, key, "future_date", f"It is of {when}, and today is {today}.")


def _letter(one: Refused) -> tuple[str, str, str]:
    return one.reason, one.message, one.raw
