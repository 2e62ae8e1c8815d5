"""Events of a project as they happen: the stream stands on the published run and follows it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.errors import NotReadyError
from coterie.features.asof import create_features
from coterie.features.windows import to_date, to_day
from coterie.pipeline.erasing import find_erasures
from coterie.pipeline.stream_reading import StreamReader, moment_of
from coterie.segmentation.released import load_released
from coterie.store.home import Home
from coterie.store.runs import MANIFEST, read_json
from coterie.store.streams import Streams
from coterie.streaming.canonical import Reading
from coterie.streaming.measuring import score
from coterie.streaming.model import StreamModel
from coterie.streaming.opening import Tell, open_stream
from coterie.streaming.processor import Clock, Done, Processor
from coterie.streaming.sweeping import sweep
from coterie.validation.erased import Erasures

STREAMED = ("lines", "events", "texts", "touches", "customers")
"""Checked tables that a stream looks into."""
OWN_IDS = {"lines": ("orders", "line_id"), "events": ("events", "event_id")}
"""Checked table -> the input table and the column by which its rows are known again."""
THREADS = 2
"""Threads that compute one batch: it is small, and the machine has more to do."""


class Stream:
    """The stream of one project.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    clock : callable
        What time it is, with a zone.

    Raises
    ------
    NotReadyError
        If nothing is published yet, or the published model knows no orders.
    """

    def __init__(self, settings: Settings, folder: Path, clock: Clock) -> None:
        self.settings = settings
        self.home = Home(folder)
        self.clock = clock
        self.registry = self.home.open_registry()
        self.registry.database.endure()
        self._lock = threading.RLock()
        self._db: DuckDB | None = None
        self._processor: Processor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the databases."""
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db = self._processor = None
            self.registry.close()

    def open(self, tell: Tell | None = None) -> Processor:
        """Stand on the published run: what it has seen, and all that came since.

        Parameters
        ----------
        tell : callable, optional
            Told what is being done, and the share that is done.

        Returns
        -------
        Processor
            That takes events.
        """
        with self._lock:
            row = self.home.published(self.registry) if self.home.has_registry else None
            if row is None:
                raise NotReadyError(
                    "Nothing is published yet, so nobody can be placed.",
                    hint="Run first: coterie run",
                )
            if self._processor is None or self._processor.model.run_id != row["run_id"]:
                model = self._model(row["run_id"])
                if self._db is not None:
                    self._db.close()
                self._db = DuckDB(threads=self.settings.threads or THREADS)
                self._processor = Processor(
                    self.registry.database, self.registry.project, model, self._db, self.clock
                )
                open_stream(self._processor, tell)
            return self._processor

    def take(
        self,
        messages: Sequence[bytes],
        *,
        source: str = "http",
        topic: str = "",
        offsets: Mapping[int, int] | None = None,
    ) -> Done:
        """Take messages, after the day has changed if it has.

        Parameters
        ----------
        messages : sequence of bytes
            JSON objects, one an event.
        source : str, default "http"
            Where they came from.
        topic : str, optional
            Of Kafka.
        offsets : mapping of int to int, optional
            Partition -> the next message to be read of it.

        Returns
        -------
        Done
            What became of them: they are durable, counted and told.
        """
        with self._lock:
            processor = self.open()
            self.advance()
            return processor.process(messages, source=source, topic=topic, offsets=offsets)

    def advance(self, to: date | None = None, tell: Tell | None = None) -> int:
        """Place everybody on today, if a new day has begun.

        Parameters
        ----------
        to : date, optional
            A day before which all is seen then; default the end of today by the clock.
        tell : callable, optional
            Told what is being done.

        Returns
        -------
        int
            Messages to tell.
        """
        with self._lock:
            processor = self.open()
            day = to_day(to) if to else self._tomorrow()
            return sweep(processor, day, tell)

    def offsets(self, topic: str) -> dict[int, int]:
        """Return the next message to be read of each partition of a topic of Kafka."""
        with self._reading() as streams:
            return streams.offsets(topic)

    @contextmanager
    def _reading(self) -> Iterator[Streams]:
        with self.registry.database.transaction() as connection:
            yield Streams(connection, self.registry.project)

    def _tomorrow(self) -> int:
        here = self.clock().astimezone(ZoneInfo(self.settings.project.timezone))
        return to_day(here.date()) + 1

    def status(self) -> dict[str, Any]:
        """Return where the stream stands, as JSON; ``open`` is false before it began."""
        return StreamReader(self.registry).status()

    def customer(self, customer_id: str) -> dict[str, Any] | None:
        """Return where a customer stands now, as JSON; None if she has no orders yet."""
        with self._lock:
            processor = self.open()
            model, db = processor.model, processor.counting.db
            with self._reading() as streams:
                row, found = streams.row(), streams.peek(customer_id)
                if found is None or row is None:
                    return None
                as_of = int(row["sweeping"] or row["as_of"])
                table = processor.counting.measures(streams, [customer_id], as_of)
            db.load("state", table)
            create_features(db, model.features, as_of)
            told = ", ".join(identifier(one.name) for one in model.features.catalogue.features)
            features = db.query(f"SELECT {told} FROM features").to_pylist()[0]
            scored = score(db, model, as_of)
            measures = table.select(list(model.spec.names)).to_pylist()[0]
        return {
            "customer_id": customer_id,
            "segment_id": scored.segments[0],
            "label_id": found["label_id"],
            "since": str(to_date(found["since"])),
            "margin": scored.margins[0],
            "value": scored.values[0],
            "as_of": str(to_date(as_of)),
            "last_event": None if found["last_ts"] is None else moment_of(found["last_ts"]),
            "features": features,
            "measures": measures,
        }

    def _model(self, run_id: str) -> StreamModel:
        folder = self.home.runs / run_id
        about = read_json(folder / MANIFEST)
        data = self.home.data / about["data"]
        filled = {name for name in STREAMED if _holds(data / name)}
        day = about["as_of"]
        return StreamModel(
            run_id,
            load_released(folder),
            to_day(date.fromisoformat(day)) if day else 0,
            data,
            frozenset(filled),
            frozenset(table for table, ids in OWN_IDS.items() if self._all_map(*ids)),
            Reading(self.settings.project.timezone, frozenset(self._services())),
            self.settings.stream,
            self._erasures,
        )

    def _services(self) -> set[str]:
        """Return the codes of what is no product."""
        orders = (s for n, s in self.settings.sources.items() if self._is(n, "orders"))
        return {code.strip() for source in orders for code in source.service_codes}

    def _all_map(self, table: str, column: str) -> bool:
        """Say whether all sources of a table have a column."""
        mine = [s for n, s in self.settings.sources.items() if self._is(n, table)]
        return bool(mine) and all(column in source.mapping() for source in mine)

    def _is(self, source: str, table: str) -> bool:
        return self.settings.table_of(source) == table

    def _erasures(self) -> Erasures | None:
        return find_erasures(self.settings, self.home, self.registry)


def _holds(folder: Path) -> bool:
    """Say whether a checked table is there and has rows."""
    return any(pq.read_metadata(file).num_rows for file in folder.glob("*.parquet"))
