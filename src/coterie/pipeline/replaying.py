"""Events of a file, taken as if they came now: the clock goes with them, not with the machine.

So days change as they do in the data, and customers are told as they would have been.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from coterie.config import Settings
from coterie.errors import DataError, ParameterError
from coterie.pipeline.streaming import Stream
from coterie.streaming.processor import Done

EARLY = 0.2
"""Seconds that an event may come too early when it is not replayed as fast as can be."""
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
Tell = Callable[[str, float, str], None]


class Stamp(msgspec.Struct):
    """What is read of a line before it is taken."""

    timestamp: datetime


class Pace(NamedTuple):
    """How fast the events of a file are to come.

    Parameters
    ----------
    speed : float
        Seconds of the data in a second; 0: as fast as can be.
    now : callable
        Seconds of a clock that only goes on.
    wait : callable
        Waits so many seconds.
    """

    speed: float
    now: Callable[[], float]
    wait: Callable[[float], None]


class Replay:
    """The events of one file.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    file : Path
        One event a line, as JSON, in the order in which they are to come.
    size : int
        Events of one batch.

    Raises
    ------
    ParameterError
        If there is no such file.
    """

    def __init__(self, settings: Settings, folder: Path, file: Path, size: int) -> None:
        if not file.is_file():
            raise ParameterError(f"{file} is no file.", allowed="a file with one event a line")
        self.settings, self.folder, self.file, self.size = settings, folder, file, size
        self._zone = ZoneInfo(settings.project.timezone)
        self._decoder = msgspec.json.Decoder(Stamp)
        self._latest: datetime | None = None
        self._read = 0

    def run(self, pace: Pace, tell: Tell) -> dict[str, Any]:
        """Take all events.

        Parameters
        ----------
        pace : Pace
            How fast.
        tell : callable
            Told the stage, the share that is done, and what is being done.

        Returns
        -------
        dict
            accepted, repeated, late, refused, moves and, of what was refused, the reasons.

        Raises
        ------
        DataError
            If no line has a time.
        """
        whole = max(self.file.stat().st_size, 1)
        sums: Counter[str] = Counter(_counts(Done(0, 0, 0, 0, 0)))
        reasons: Counter[str] = Counter()
        with Stream(self.settings, self.folder, self._clock) as stream:
            before = stream.status().get("moves", 0)
            for batch in self._batches(pace):
                stream.open(lambda stage, share: tell("stream", share, stage))
                done = stream.take(batch, source="replay")
                sums.update(_counts(done))
                reasons.update(one.reason for one in done.refusals)
                tell("stream", self._read / whole, f"{sums['accepted']:,} taken")
            if self._latest is None:
                raise DataError(f"No line of {self.file.name} has a time.")
            sums["moves"] = stream.status()["moves"] - before  # those of new days too
        return {**sums, "reasons": dict(sorted(reasons.items()))}

    def _clock(self) -> datetime:
        return self._latest or _FIRST

    def _batches(self, pace: Pace) -> Iterator[list[bytes]]:
        """Yield the lines; a batch ends with its day, and while the next event is not due."""
        batch: list[bytes] = []
        began, first = pace.now(), None
        with self.file.open("rb") as lines:
            for line in lines:
                when = self._when(line)
                if when is not None and batch and self._latest and self._day(when) > self._day():
                    yield batch
                    batch = []
                if when is not None and pace.speed:
                    first = first or when
                    due = began + (when - first).total_seconds() / pace.speed
                    if batch and due - pace.now() > EARLY:
                        yield batch
                        batch = []
                    pace.wait(max(due - pace.now(), 0.0))
                if when is not None:
                    self._latest = max(when, self._latest or when)
                self._read += len(line)
                if line.strip():
                    batch.append(line.strip())
                if len(batch) == self.size:
                    yield batch
                    batch = []
        if batch:
            yield batch

    def _when(self, line: bytes) -> datetime | None:
        try:
            when = self._decoder.decode(line).timestamp
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None  # it is refused with its reason when it is taken
        return when if when.tzinfo else when.replace(tzinfo=self._zone)

    def _day(self, when: datetime | None = None) -> date:
        return (when or self._clock()).astimezone(self._zone).date()


def _counts(done: Done) -> dict[str, int]:
    names = ("accepted", "repeated", "late", "refused", "moves")
    return {name: getattr(done, name) for name in names}
