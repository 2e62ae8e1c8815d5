"""Kafka: events are read from a topic, batch after batch.

Where a partition goes on is asked of our database alone: a batch and its offsets are written there
in one transaction, so that whatever ends, nothing counts twice and nothing is lost. What Kafka is
told of offsets serves those who look at lags.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field

from coterie.errors import CoterieError, MissingExtraError
from coterie.store.database import DatabaseError
from coterie.streaming.outbox import Say
from coterie.streaming.topics import LOG, QUIET, words_of

try:
    from confluent_kafka import (
        OFFSET_BEGINNING,
        Consumer,
        KafkaError,
        KafkaException,
        TopicPartition,
    )
    from confluent_kafka import Message as Record
except ImportError as missing:
    raise MissingExtraError.of("stream", "Kafka") from missing

Take = Callable[[list[bytes], dict[int, int]], None]
NOTHING = b"null"
"""What a record without a value, a tombstone, is taken for: no message, so it is refused."""
LONG = 5.0
"""Seconds after which a batch is long: no more is read meanwhile, and the group is told we live."""
TRIES = 5
"""Failures in a row after which reading up to the end is given up."""
FIRST, LONGEST = 0.5, 30.0
"""Seconds between tries: each wait is twice the last."""


class KafkaFailedError(CoterieError):
    """Kafka cannot be reached or does not do what is asked."""

    code = "kafka"


@dataclass(frozen=True)
class Place:
    """Where events are read.

    Parameters
    ----------
    options : mapping of str to str
        Servers and security, as librdkafka calls them.
    topic, group : str
        What is read, and with whom it is shared.
    most : int
        Messages of one batch.
    seconds : float, default 0.2
        For which a batch is gathered.
    """

    options: Mapping[str, str]
    topic: str
    group: str
    most: int
    seconds: float = 0.2


@dataclass
class _Held:
    """What a consumer has at a moment."""

    following: dict[int, int] = field(default_factory=dict)
    """Partition -> the next message of it."""
    ended: set[int] = field(default_factory=set)
    """Partitions read up to their end."""
    early: list[Record] = field(default_factory=list)
    """What came while a batch was long."""
    is_known: bool = False
    """Whether the group has said which partitions are ours."""

    @property
    def is_at_end(self) -> bool:
        """Whether all that is ours is read."""
        return self.is_known and self.following.keys() <= self.ended


class Reader:
    """Reads a topic, batch after batch.

    Parameters
    ----------
    place : Place
        What is read.
    take : callable
        Takes the values of a batch and partition -> the next message, in one transaction. It is
        called in a thread of its own, one call at a time.
    offsets : callable
        Returns partition -> the next message, as our database has them.
    say : callable
        Told in a sentence what is wrong.
    idle : callable, optional
        Called when nothing came, in the thread of ``take``.
    tick : callable, optional
        Called after each batch, and when nothing came.
    """

    def __init__(
        self,
        place: Place,
        take: Take,
        offsets: Callable[[], Mapping[int, int]],
        say: Say,
        idle: Callable[[], None] = lambda: None,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._place, self._take, self._offsets = place, take, offsets
        self._say, self._idle, self._tick = say, idle, tick
        self._held = _Held()
        self._said: set[str] = set()
        self._failures = 0
        self._work: Future[None] | None = None
        self._consumer: Consumer | None = None

    def run(self, stop: threading.Event, *, until_end: bool = False) -> None:
        """Read until told to stop; what fails is tried again, each wait longer than the last.

        Parameters
        ----------
        stop : threading.Event
            The batch that is being taken is finished, then nothing more is read.
        until_end : bool, default False
            Stop when all partitions that are ours have been read.

        Raises
        ------
        KafkaFailedError
            If the end cannot be reached.
        """
        with ThreadPoolExecutor(1, "batch") as pool:
            while not stop.is_set():
                try:
                    self._read(pool, stop, until_end=until_end)
                    return
                except (KafkaException, DatabaseError) as error:
                    self._failures += 1
                    said = words_of(error)
                    if until_end and self._failures >= TRIES:
                        raise KafkaFailedError(
                            f"{self._place.topic} cannot be read: {said}",
                            hint="Check the servers and the topic of [stream].",
                        ) from error
                    pause = min(FIRST * 2 ** (self._failures - 1), LONGEST)
                    self._say(f"{said} Trying again in {pause:g} s.")
                    stop.wait(pause)

    def behind(self) -> int:
        """Return how many messages are in our partitions that were not taken yet."""
        if self._consumer is None:
            return 0
        found = 0
        for number, following in list(self._held.following.items()):
            part = TopicPartition(self._place.topic, number)
            ends = self._consumer.get_watermark_offsets(part, cached=True)
            if ends is not None and ends[1] > 0:
                found += max(0, ends[1] - max(following, ends[0], 0))
        return found

    def _read(self, pool: ThreadPoolExecutor, stop: threading.Event, *, until_end: bool) -> None:
        consumer = Consumer(self._options(), logger=LOG)
        with closing(consumer):
            self._look(consumer)
            self._held, self._consumer = _Held(), consumer
            consumer.subscribe(
                [self._place.topic],
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_revoke,
            )
            try:
                while not stop.is_set():
                    found = consumer.consume(self._place.most, self._place.seconds)
                    early, self._held.early = self._held.early, []
                    values, offsets = self._sorted(early + found)
                    if values:
                        self._work = pool.submit(self._take, values, offsets)
                        self._await(consumer)
                        self._taken(consumer, offsets)
                    elif until_end and self._held.is_at_end:
                        return
                    else:
                        self._work = pool.submit(self._idle)
                        self._await(consumer)
                    self._tick()
            finally:
                self._consumer = None

    def _options(self) -> dict[str, object]:
        return {
            **self._place.options,
            "group.id": self._place.group,
            "client.id": "coterie",
            "log_level": QUIET,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 2_000,
            "queued.max.messages.kbytes": 32_768,
            "error_cb": self._on_error,
        }

    def _look(self, consumer: Consumer) -> None:
        """Find the topic, so that a wrong name is said and not waited for."""
        topics = consumer.list_topics(self._place.topic, timeout=LONG).topics
        if error := topics[self._place.topic].error:
            raise KafkaException(error)

    def _sorted(self, records: Sequence[Record]) -> tuple[list[bytes], dict[int, int]]:
        """Return the values of records of our partitions, and what comes next in each."""
        values: list[bytes] = []
        offsets: dict[int, int] = {}
        for record in records:
            number, error = record.partition(), record.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            if number not in self._held.following:
                continue  # it was ours, and another has it now
            if error is not None:
                self._held.ended.add(number)
                continue
            value = record.value()
            values.append(NOTHING if value is None else value)
            offsets[number] = (record.offset() or 0) + 1
            self._held.ended.discard(number)
        return values, offsets

    def _await(self, consumer: Consumer) -> None:
        """Wait for a batch; if it is long, read nothing more, but go on talking to the group."""
        if self._work and not wait([self._work], LONG).done:
            consumer.pause(consumer.assignment())
            while self._work and not self._work.done():
                if (record := consumer.poll(0.1)) is not None:
                    self._held.early.append(record)
            consumer.resume(consumer.assignment())
        self._finish()

    def _finish(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            work.result()

    def _taken(self, consumer: Consumer, offsets: Mapping[int, int]) -> None:
        """Note what is taken, and tell Kafka for those who look at lags."""
        mine = {n: nxt for n, nxt in offsets.items() if n in self._held.following}
        self._held.following |= mine
        self._failures = 0
        self._said.clear()
        if mine:
            parts = [TopicPartition(self._place.topic, n, nxt) for n, nxt in mine.items()]
            consumer.commit(offsets=parts, asynchronous=True)

    def _on_assign(self, consumer: Consumer, parts: list[TopicPartition]) -> None:
        try:
            known = self._offsets()
        except CoterieError:
            consumer.assign([])  # else it would begin where Kafka thinks
            raise
        begin = {part.partition: known.get(part.partition, OFFSET_BEGINNING) for part in parts}
        self._held = _Held(begin, is_known=True)
        topic = self._place.topic
        consumer.assign([TopicPartition(topic, number, at) for number, at in begin.items()])

    def _on_revoke(self, consumer: Consumer, parts: list[TopicPartition]) -> None:
        del consumer, parts  # all are taken away, and given anew
        self._held = _Held()
        self._finish()

    def _on_error(self, error: KafkaError) -> None:
        said = f"Kafka: {error.str()}."
        if said not in self._said:
            self._said.add(said)
            self._say(said)
