"""The streams of a server: opened at the first event, or when a project has one.

Each is watched by a clock of its own: how much comes is measured from the database, so that it is
the same whether events came by this process, by another or by Kafka.
"""

from __future__ import annotations

import logging
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import date, datetime
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from coterie.errors import CoterieError, NotReadyError
from coterie.pipeline.stream_reading import StreamReader
from coterie.pipeline.streaming import Stream
from coterie.service.intake import Intake
from coterie.service.metrics import StreamFigures
from coterie.service.problems import NotFoundError
from coterie.service.projects import Projects, Served
from coterie.store.places import FILE

LOOK = 0.2
"""Seconds between two looks for moves, however many follow them."""
SAMPLE = 5.0
"""Seconds between two looks at how much came."""
MINUTE = 12
"""Samples of a minute; the days, and projects that have a stream now, are looked at as often."""
_KEPT = 60 * MINUTE
_LOG = logging.getLogger("coterie.stream")


class Sample(NamedTuple):
    """How much had come at some time, in seconds of a clock that only goes on."""

    at: float
    came: int


class Feed:
    """The stream of one project in this server.

    Parameters
    ----------
    projects : Projects
        The server's projects.
    served : Served
        The project.
    clock : callable
        The time, with its zone.
    figures : StreamFigures
        Where it is counted.
    """

    def __init__(
        self,
        projects: Projects,
        served: Served,
        clock: Callable[[], datetime],
        figures: StreamFigures,
    ) -> None:
        self.projects, self.served, self.clock, self.figures = projects, served, clock, figures
        self.intake = Intake(lambda: self._stream("writing"), figures)
        self._streams: dict[str, tuple[tuple[int, int], Stream]] = {}
        self._samples: deque[Sample] = deque(maxlen=_KEPT)
        self._before: tuple[date | None, int] = (None, 0)
        self._looked, self._last = 0.0, 0
        self._lock = threading.Lock()

    @property
    def reader(self) -> StreamReader:
        """What is known of the stream."""
        return StreamReader(self.served.registry)

    @property
    def exists(self) -> bool:
        """Whether the stream has begun."""
        return self.served.home.has_registry and self.reader.exists

    def check(self) -> None:
        """Refuse to tell anything of a stream that has not begun.

        Raises
        ------
        NotReadyError
            With how it begins.
        """
        if not self.exists:
            raise NotReadyError(
                f"The project {self.served.name} has no stream yet.",
                hint=f"It begins with the first event: POST /api/v1/projects/"
                f"{self.served.name}/events",
            )

    def close(self) -> None:
        """Commit what was taken, and close."""
        self.intake.close()
        with self._lock:
            for _, stream in self._streams.values():
                stream.close()
            self._streams.clear()

    def last(self) -> int:
        """Return the number of the last move, as it was a moment ago."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked >= LOOK:
                self._last, self._looked = self.reader.last(), now
            return self._last

    def customer(self, customer_id: str) -> dict[str, Any] | None:
        """Return where a customer stands now; who asks waits for no batch that is being written."""
        return self._stream("reading").customer(customer_id)

    def status(self) -> dict[str, Any]:
        """Return where the stream stands and how fast it flows."""
        found = self.reader.status()
        if not found["open"]:
            return found
        came = found["accepted"] + found["repeated"]
        now = [*self._samples, Sample(time.monotonic(), came)]
        delay = None
        if found["at"] and found["last_event"]:
            late = datetime.fromisoformat(found["at"]) - datetime.fromisoformat(found["last_event"])
            delay = max(late.total_seconds(), 0.0)
        return {
            **found,
            "now": self.clock().isoformat(),
            "delay_seconds": delay,
            "events_per_second": _rate(now[-MINUTE - 1 :]),
            "recent": [
                _rate(now[n : n + 2]) for n in range(max(len(now) - MINUTE - 1, 0), len(now) - 1)
            ],
            "usual_gap_seconds": _usual_gap(now),
            "moves_today": found["moves"] - self._moved_before(found["moves"]),
        }

    def sample(self) -> dict[str, Any]:
        """Note how much came until now; return the status."""
        found = self.status()
        if found["open"]:
            self._samples.append(Sample(time.monotonic(), found["accepted"] + found["repeated"]))
        return found

    def is_behind(self) -> bool:
        """Say whether a day has begun, or a run was published, that the stream does not know."""
        found = self.reader.status()
        row = self.served.registry.published()
        run_id = row["run_id"] if row else found["run_id"]
        former = found["sweeping"] or found["run_id"] != run_id
        return bool(former or found["as_of"] <= str(self._today()))

    def _today(self) -> date:
        zone = self.projects.project(self.served.name).settings.project.timezone
        return self.clock().astimezone(ZoneInfo(zone)).date()

    def _moved_before(self, moves: int) -> int:
        """Return how many moves there were before today; they are counted once a day."""
        zone = ZoneInfo(self.projects.project(self.served.name).settings.project.timezone)
        midnight = self.clock().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        if self._before[0] != midnight.date():
            self._before = midnight.date(), moves - self.reader.moved_since(midnight)
        return self._before[1]

    def _stream(self, what: str) -> Stream:
        """Return a stream for a purpose, opened anew if the settings changed."""
        project = self.projects.project(self.served.name)
        file = (self.served.folder / FILE).stat()
        key = file.st_mtime_ns, file.st_size
        with self._lock:
            kept = self._streams.get(what)
            if kept is None or kept[0] != key:
                if kept is not None:
                    kept[1].close()
                kept = key, Stream(project.settings, self.served.folder, self.clock)
                self._streams[what] = kept
            return kept[1]


class Feeds:
    """The streams of a server.

    Parameters
    ----------
    projects : Projects
        The server's projects.
    clock : callable
        The time, with its zone.
    figures : StreamFigures
        Where they are counted.
    """

    def __init__(
        self, projects: Projects, clock: Callable[[], datetime], figures: StreamFigures
    ) -> None:
        self.projects, self.clock, self.figures = projects, clock, figures
        self._open: dict[str, Feed] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="streams", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """Commit what was taken, and close all."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        for feed in list(self._open.values()):
            feed.close()

    def of(self, served: Served) -> Feed:
        """Return the stream of a project, whether or not it has begun."""
        with self._lock:
            known = self._open.get(served.name)
            if known is None or known.served is not served:
                made = Feed(self.projects, served, self.clock, self.figures)
                self._open[served.name] = made
            return self._open[served.name]

    def _watch(self) -> None:
        turn = 0
        while True:
            for name in self.projects.names() if turn % MINUTE == 0 else list(self._open):
                if self._stopped.is_set():
                    return
                self._see(name, day=turn % MINUTE == 0)
            turn += 1
            if self._stopped.wait(SAMPLE):
                return

    def _see(self, name: str, *, day: bool) -> None:
        """Look how much came to a project, and once a minute whether its day is over."""
        try:
            feed = self.of(self.projects.get(name))
            if not feed.exists:
                return
            self.figures.see(name, feed.sample())
            if day and feed.is_behind():
                feed.intake.look_at_day()
        except NotFoundError:  # it was removed
            self._open.pop(name, None)
        except CoterieError as error:  # the database may answer later
            _LOG.warning("stream not looked at: %s", error, extra={"project": name})


def _rate(samples: list[Sample]) -> float:
    """Return how many came in a second, from the first to the last of some samples."""
    seconds = samples[-1].at - samples[0].at
    return round((samples[-1].came - samples[0].came) / seconds, 3) if seconds > 0 else 0.0


def _usual_gap(samples: list[Sample]) -> float | None:
    """Return the usual seconds between two events while they come; None before any came.

    A stop of now would make the usual longer, so the median of the samples in which any came
    stands for it.

    Examples
    --------
    >>> _usual_gap([Sample(0, 0), Sample(5, 10), Sample(10, 20), Sample(500, 20)])
    0.5
    """
    gaps = [
        (after.at - before.at) / (after.came - before.came)
        for before, after in pairwise(samples)
        if after.came > before.came
    ]
    return round(statistics.median(gaps), 3) if gaps else None
