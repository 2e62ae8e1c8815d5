"""A stream fed from Kafka, and its receivers told: strung together from the settings.

Receivers are told in a thread of their own, so that one that is slow holds up no event.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from coterie.errors import ParameterError
from coterie.pipeline.streaming import Stream
from coterie.store.database import DatabaseError
from coterie.store.outbox import resume
from coterie.streaming.outbox import Say, Sink, run_sinks
from coterie.streaming.params import StreamParams
from coterie.streaming.webhooks import WebhookSink

if TYPE_CHECKING:
    from coterie.streaming.kafka import Reader

IDLE = 30.0
"""Seconds between two looks at whether a new day has begun, when nothing comes."""
PAUSE = 0.5
"""Seconds between two looks into the outbox when there was nothing."""
LONGEST = 30.0


@dataclass
class Counts:
    """What came and what was told, in numbers.

    Parameters
    ----------
    read, accepted, repeated, late, refused, moves : int
        Messages read; of them used, known before, late, not usable; messages to tell.
    delivered : int
        Rows by which the receivers went on.
    """

    read: int = 0
    accepted: int = 0
    repeated: int = 0
    late: int = 0
    refused: int = 0
    moves: int = 0
    delivered: int = 0

    def to_dict(self) -> dict[str, int]:
        """Return the numbers as JSON."""
        return asdict(self)


def sinks_of(params: StreamParams) -> list[Sink]:
    """Return who is told, as the settings say.

    Parameters
    ----------
    params : StreamParams
        ``[stream]``.

    Returns
    -------
    list of Sink
        Topics first, then webhooks.

    Raises
    ------
    ParameterError
        If a topic is set and no servers, or the key of a webhook is missing.
    MissingExtraError
        If a topic is set and the extra ``stream`` is not installed.
    """
    sinks: list[Sink] = []
    if params.out_topic or params.dead_topic:
        from coterie.streaming.topics import TopicSink, options_of

        options = options_of(params)
        if params.out_topic:
            sinks.append(TopicSink(options, params.out_topic, "moves"))
        if params.dead_topic:
            sinks.append(TopicSink(options, params.dead_topic, "dead"))
    return sinks + [WebhookSink(one) for one in params.webhooks]


def deliver(
    stream: Stream,
    sinks: Sequence[Sink],
    stop: threading.Event,
    say: Say,
    *,
    once: bool = False,
) -> int:
    """Tell receivers what they have not been told.

    Parameters
    ----------
    stream : Stream
        Of a project.
    sinks : sequence of Sink
        Who is told.
    stop : threading.Event
        Ends it after what is being sent.
    say : callable
        Told in a sentence what a receiver did not take.
    once : bool, default False
        End when there is nothing to be sent now.

    Returns
    -------
    int
        Rows by which the receivers went on.

    Raises
    ------
    DatabaseError
        If the database cannot be read or written and ``once`` is true; else it is tried again.
    """
    database, project = stream.registry.database, stream.registry.project
    told, pause = 0, PAUSE
    while True:
        try:
            found = run_sinks(database, project, sinks, stream.clock, say)
            pause = PAUSE
        except DatabaseError as error:
            if once:
                raise
            say(str(error))
            found, pause = 0, min(2 * pause, LONGEST)
        told += found
        if stop.is_set() or (once and not found) or (not found and stop.wait(pause)):
            return told


def try_again(stream: Stream, sink: str) -> None:
    """Try a receiver again that has stopped or is being waited for.

    Parameters
    ----------
    stream : Stream
        Of a project.
    sink : str
        Its name, such as ``webhook:crm``.

    Raises
    ------
    ParameterError
        If it is not known.
    """
    with stream.registry.database.transaction(writes=True) as connection:
        known = resume(connection, stream.registry.project, sink)
    if not known:
        raise ParameterError.unknown(
            "resume", sink, [s.name for s in sinks_of(stream.settings.stream)]
        )


class Consuming:
    """A stream that is fed from the topic of its settings.

    Parameters
    ----------
    stream : Stream
        Of a project.
    say : callable
        Told in a sentence what is wrong.
    show : callable, optional
        Told once a second what came, how many messages a second, and how many are waiting.
    seconds : callable, optional
        Tells the seconds since any moment.

    Raises
    ------
    ParameterError
        If no servers are set, or the key of a webhook is missing.
    MissingExtraError
        If the extra ``stream`` is not installed.
    """

    def __init__(
        self,
        stream: Stream,
        say: Say,
        show: Callable[[Counts, float, int], None] = lambda *_: None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        from coterie.streaming.kafka import Place, Reader
        from coterie.streaming.topics import options_of

        params = stream.settings.stream
        self.counts = Counts()
        self._stream, self._topic, self._say = stream, params.topic, say
        self._show, self._seconds = show, seconds
        self._sinks = sinks_of(params)
        self._shown: tuple[float, int] = (seconds(), 0)
        self._looked = seconds()
        self._reader: Reader = Reader(
            Place(options_of(params), params.topic, params.group, params.batch),
            self._take,
            lambda: stream.offsets(params.topic),
            say,
            self._look,
            self._tick,
        )

    def run(self, stop: threading.Event, *, until_end: bool = False) -> Counts:
        """Read until told to stop, and tell the receivers meanwhile.

        Parameters
        ----------
        stop : threading.Event
            Ends it after the batch that is being taken.
        until_end : bool, default False
            End when everything is read and told.

        Returns
        -------
        Counts
            What came.
        """
        self._stream.open()
        with self._telling():
            self._reader.run(stop, until_end=until_end)
        self.counts.delivered += deliver(
            self._stream, self._sinks, threading.Event(), self._say, once=True
        )
        return self.counts

    @contextmanager
    def _telling(self) -> Iterator[None]:
        done = threading.Event()
        thread = threading.Thread(target=self._tell, args=(done,), name="receivers")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _tell(self, done: threading.Event) -> None:
        if self._sinks:
            self.counts.delivered += deliver(self._stream, self._sinks, done, self._say)

    def _take(self, messages: list[bytes], offsets: dict[int, int]) -> None:
        found = self._stream.take(messages, source="kafka", topic=self._topic, offsets=offsets)
        self.counts.read += len(messages)
        for name in ("accepted", "repeated", "late", "refused", "moves"):
            setattr(self.counts, name, getattr(self.counts, name) + getattr(found, name))

    def _look(self) -> None:
        """Place everybody on a new day if one has begun."""
        if self._seconds() - self._looked >= IDLE:
            self._looked = self._seconds()
            self.counts.moves += self._stream.advance()

    def _tick(self) -> None:
        now, (before, read) = self._seconds(), self._shown
        if now - before >= 1:
            self._shown = now, self.counts.read
            rate = (self.counts.read - read) / (now - before)
            self._show(self.counts, rate, self._reader.behind())
