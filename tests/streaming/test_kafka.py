"""Events from a real broker count once, whatever ends and whoever else reads."""

from __future__ import annotations

import json
import random
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from confluent_kafka import Consumer, TopicPartition

from benchmarks.commands import Forks, fork_server
from coterie.errors import ParameterError
from coterie.pipeline.consuming import Consuming, Counts
from coterie.pipeline.streaming import Stream
from coterie.store.database import DatabaseError
from coterie.store.stream_tables import DEAD
from coterie.store.streams import Streams
from coterie.streaming.kafka import KafkaFailedError, Place, Reader, options_of
from coterie.streaming.params import StreamParams
from tests.streaming.feeding import PARTS, Topic, event, events, level1, money

Open = Callable[[Path], Stream]
N = 3_000
EUROS = sum((1 + n % 3) * (1 + n % 17) for n in range(N))

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Start the process that forks; see ``Forks``."""
    with fork_server(tmp_path_factory.mktemp("forks")) as server:
        yield server


def read_all(stream: Stream) -> Counts:
    """Read a topic up to its end; nothing may be wrong meanwhile."""
    wrong: list[str] = []
    counts = Consuming(stream, wrong.append).run(threading.Event(), until_end=True)
    assert not wrong
    return counts


def test_all_that_a_topic_holds_is_counted_as_if_it_came_at_once(project, topic, stream):
    topic.feed(events(N) + events(100))
    topic.settings(project)
    fed = stream(project)
    counts = read_all(fed)
    assert (counts.read, counts.accepted, counts.repeated) == (N + 100, N, 100)
    assert money(fed) == EUROS * 1_000_000
    assert sum(fed.offsets(topic.name).values()) == N + 100
    assert read_all(fed).read == 0


def test_a_consumer_killed_at_random_moments_loses_nothing_and_doubles_nothing(
    shop, project, topic, stream, forks, tmp_path
):
    topic.feed(events(N))
    rng = random.Random(7)
    for number in range(6):
        # each is of a group of its own: where it begins is asked of nobody but our database
        topic.settings(project, batch=50, group=f"g{number}")
        moment = (signal.SIGKILL, 1.5 + 2 * rng.random())
        said = forks(project, "stream", "consume", "--until-end", kill=moment)
        assert said.code in {0, -signal.SIGKILL}, said.err
    topic.settings(project, group="last")
    said = forks(project, "stream", "consume", "--until-end", "--json")
    assert said.code == 0, said.err
    killed = stream(project)
    assert money(killed) == EUROS * 1_000_000
    whole = tmp_path / "whole"
    topic.settings(Path(shutil.copytree(shop, whole)))
    undisturbed = stream(whole)
    undisturbed.take(events(N))
    assert level1(killed) == level1(undisturbed)
