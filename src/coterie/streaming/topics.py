"""Topics of Kafka that are told who moved, or what could not be used; and how Kafka is reached.

A topic has what it was sent when all of its copies have it; only then its place moves on.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from coterie.errors import MissingExtraError, ParameterError
from coterie.streaming.outbox import Message, UndeliveredError
from coterie.streaming.params import StreamParams

try:
    from confluent_kafka import KafkaError, KafkaException, Producer
    from confluent_kafka import Message as Record
except ImportError as missing:
    raise MissingExtraError.of("stream", "Kafka") from missing

LOG = logging.getLogger(__name__)
QUIET = 2
"""What the library logs of its own: only what is critical, for all else is said by us."""
FLUSH = 30.0
"""Seconds in which a topic must have what it is sent."""


def options_of(params: StreamParams) -> dict[str, str]:
    """Return servers and security of the settings, values of the environment put in.

    Parameters
    ----------
    params : StreamParams
        ``[stream]``.

    Returns
    -------
    dict of str to str
        As librdkafka calls them.

    Raises
    ------
    ParameterError
        If no servers are set, or a variable of the environment is not.

    Examples
    --------
    >>> options_of(StreamParams(kafka="a:9092,b:9092"))
    {'bootstrap.servers': 'a:9092,b:9092'}
    """
    if not params.kafka:
        raise ParameterError(
            "No Kafka servers are set.",
            allowed='kafka = "host:port" or "env:NAME" under [stream]',
            where="stream.kafka",
        )
    given = {"bootstrap.servers": params.kafka, **params.kafka_options}
    return {name: _from_environment(name, value) for name, value in given.items()}


def _from_environment(name: str, value: str) -> str:
    if not value.startswith("env:"):
        return value
    found = os.environ.get(value[4:], "")
    if not found:
        raise ParameterError(f"The environment variable {value[4:]} is not set.", where=name)
    return found


def words_of(error: Exception) -> str:
    """Say in a sentence what Kafka said."""
    if isinstance(error, KafkaException) and error.args:
        first = error.args[0]
        text = first.str() if isinstance(first, KafkaError) else str(first)
        return f"Kafka: {text.rstrip('.')}."
    return str(error)


class TopicSink:
    """A topic that is told who moved, keyed by customer, or what could not be used.

    Parameters
    ----------
    options : mapping of str to str
        As of ``options_of``.
    topic : str
        Its name.
    tells : str
        ``moves`` or ``dead``.
    """

    most = 1_000
    gives_up = False
    types: frozenset[str] = frozenset()

    def __init__(
        self, options: Mapping[str, str], topic: str, tells: Literal["moves", "dead"]
    ) -> None:
        self.name = f"kafka:{topic}"
        self.tells = tells
        self._topic = topic
        self._options: dict[str, object] = {
            **options,
            "client.id": "coterie",
            "log_level": QUIET,
            "enable.idempotence": True,
            "linger.ms": 20,
        }
        self._producer: Producer | None = None

    def send(self, messages: Sequence[Message], now: datetime) -> None:
        """Send messages, and wait until the topic has them.

        Parameters
        ----------
        messages : sequence of dict
            In order; those of a customer go to one partition.
        now : datetime
            Not told to Kafka: the messages say when they were found.

        Raises
        ------
        UndeliveredError
            If not all are there in time; those that are come again.
        """
        del now
        failed: list[str] = []

        def delivered(error: KafkaError | None, _record: Record) -> None:
            if error is not None:
                failed.append(error.str())

        if self._producer is None:
            self._producer = Producer(self._options, logger=LOG)
        try:
            for message in messages:
                key = message.get("customer_id")
                value = json.dumps(message, allow_nan=False)
                self._producer.produce(self._topic, value, key, on_delivery=delivered)
            left = self._producer.flush(FLUSH)
        except (KafkaException, BufferError) as error:
            self._producer = None
            raise UndeliveredError(words_of(error)) from error
        if failed or left:
            self._producer.purge()
            self._producer = None  # a new one begins a new order
            raise UndeliveredError(f"Kafka: {failed[0] if failed else 'no answer'}.")
