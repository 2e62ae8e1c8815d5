"""Events from a real broker count once, whatever ends and whoever else reads."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from confluent_kafka import Consumer, TopicPartition

from coterie.errors import ParameterError
from coterie.pipeline.consuming import Consuming, Counts
from coterie.pipeline.streaming import Stream
from coterie.store.database import DatabaseError
from coterie.store.stream_tables import DEAD
from coterie.store.streams import Streams
from coterie.streaming.kafka import KafkaFailedError, Place, Reader
from coterie.streaming.params import StreamParams
from coterie.streaming.topics import options_of
from tests.streaming.feeding import PARTS, Topic, events, level1, money

Open = Callable[[Path], Stream]
N = 3_000

pytestmark = pytest.mark.integration


def euros(n: int) -> int:
    """Return what the first n events cost, by hand."""
    return sum((1 + number % 3) * (1 + number % 17) for number in range(n))


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
    assert money(fed) == euros(N) * 1_000_000
    assert sum(fed.offsets(topic.name).values()) == N + 100
    assert read_all(fed).read == 0


def kill_after(n: int, stream: Stream, topic: Topic, project: Path) -> int:
    """Start a consumer, kill it some time after so many messages, and return how many it took."""
    command = [sys.executable, "-m", "coterie.cli", "stream", "consume", "-p", str(project)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while sum(stream.offsets(topic.name).values()) < n:
            assert process.poll() is None
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.005)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    return sum(stream.offsets(topic.name).values())


def test_a_consumer_killed_at_random_moments_loses_nothing_and_doubles_nothing(
    shop, project, topic, stream, tmp_path
):
    n_all = 1_200
    topic.feed(events(n_all))
    rng = random.Random(7)
    topic.settings(project)
    killed = stream(project)
    for number, n in enumerate(sorted(rng.sample(range(1, n_all - 300), 3))):
        # each is of a group of its own: where it begins is asked of nobody but our database
        topic.settings(project, batch=20, group=f"g{number}")
        assert n <= kill_after(n, killed, topic, project) < n_all
    topic.settings(project, group="last")
    assert read_all(stream(project)).repeated == 0
    assert money(killed) == euros(n_all) * 1_000_000
    whole = Path(shutil.copytree(shop, tmp_path / "whole"))
    undisturbed = stream(whole)
    undisturbed.take(events(n_all))
    assert level1(killed) == level1(undisturbed)


def test_told_to_stop_it_finishes_and_that_is_no_failure(project, topic, stream):
    topic.feed(events(300))
    topic.settings(project)
    fed = stream(project)
    command = [sys.executable, "-m", "coterie.cli", "stream", "consume", "--json"]
    with subprocess.Popen(
        [*command, "-p", str(project)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while sum(fed.offsets(topic.name).values()) < 300:
            assert process.poll() is None
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        process.terminate()
        out, err = process.communicate()
    assert process.returncode == 0, err
    told = json.loads(out)
    assert (told["command"], told["data"]["accepted"]) == ("stream consume", 300)


class Begun:
    """A consumer in a thread of its own."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.wrong, self.stop = stream, list[str](), threading.Event()
        self.consuming = Consuming(stream, self.wrong.append)
        self.thread = threading.Thread(target=self.consuming.run, args=(self.stop,), daemon=True)

    def end(self) -> None:
        """Tell it to stop, and wait until it has."""
        self.stop.set()
        self.thread.join()


def wait_for(n: int, topic: Topic, begun: list[Begun]) -> None:
    """Wait until so many messages of a topic were taken."""
    while sum(begun[0].stream.offsets(topic.name).values()) < n:
        assert all(one.thread.is_alive() for one in begun), [one.wrong for one in begun]
        begun[0].thread.join(0.02)


def test_two_consumers_of_a_group_share_the_work_and_one_goes_on_for_the_other(
    shop, served, topic, stream, tmp_path
):
    topic.settings(served, batch=100)
    begun = [Begun(stream(served)), Begun(stream(served))]
    topic.feed(events(500))
    begun[0].thread.start()
    wait_for(100, topic, begun[:1])
    begun[1].thread.start()
    topic.feed(events(N)[500:])
    wait_for(600, topic, begun)
    topic.feed(events(400))
    wait_for(N + 400, topic, begun)
    begun[0].end()
    topic.feed(events(N + 200)[N:])
    wait_for(N + 600, topic, begun[1:])
    begun[1].end()
    assert sum(one.consuming.counts.accepted for one in begun) == N + 200
    assert begun[1].consuming.counts.read >= 200
    undisturbed = stream(Path(shutil.copytree(shop, tmp_path / "whole")))
    undisturbed.take(events(N + 200))
    assert level1(begun[0].stream) == level1(undisturbed)
    assert not begun[0].wrong + begun[1].wrong


def test_what_cannot_be_used_is_a_dead_letter_in_the_table_and_in_its_topic(project, topic, stream):
    poison = [b"{", None, b"[]", b'{"id": 5}', b"\xff\x00", b'{"id":"x"}' + b" " * 70_000]
    topic.feed([*poison, *events(5)], keys=["k"] * 11)
    dead = topic.make(f"{topic.name}-dead")
    topic.settings(project, dead_topic=dead)
    fed = stream(project)
    counts = read_all(fed)
    assert (counts.read, counts.accepted, counts.refused) == (11, 5, 6)
    assert counts.delivered == 6
    with fed.registry.database.transaction() as connection:
        kept = connection.execute(sa.select(DEAD).order_by(DEAD.c.seq)).mappings().all()
    assert {row["source"] for row in kept} == {"kafka"}
    reasons = ["bad_json", "bad_json", "bad_json", "bad_json", "bad_json", "too_long"]
    assert [row["reason"] for row in kept] == reasons
    told = [value for _, value in topic.read(dead)]
    key = ["reason", "message", "raw"]
    assert sorted([one[k] for k in key] for one in told) == sorted(
        [row[k] for k in key] for row in kept
    )


def test_the_broker_is_told_of_offsets_and_never_asked_for_them(project, topic, stream):
    topic.feed(events(100))
    topic.settings(project)
    fed = stream(project)
    read_all(fed)
    consumer = Consumer({**topic.servers, "group.id": "coterie"})
    parts = [TopicPartition(topic.name, number) for number in range(PARTS)]
    told = {part.partition: part.offset for part in consumer.committed(parts, timeout=10)}
    ours = fed.offsets(topic.name)
    assert {number: at for number, at in told.items() if at >= 0} == ours
    # what a backup of our database would have forgotten comes again, whatever the broker says
    with fed.registry.database.transaction(writes=True) as connection:
        connection.execute(sa.text("DELETE FROM stream_offsets"))
    assert read_all(fed).repeated == 100
    far = [TopicPartition(topic.name, number, 1) for number in range(PARTS)]
    consumer.commit(offsets=far, asynchronous=False)
    consumer.close()
    topic.feed(events(110)[100:])
    counts = read_all(fed)
    assert (counts.read, counts.accepted) == (10, 10)


def test_offsets_of_our_database_never_go_back(project, stream):
    fed = stream(project)
    fed.take([], topic="t", offsets={0: 10, 1: 5})
    fed.take([], topic="t", offsets={0: 7, 1: 6})
    assert fed.offsets("t") == {0: 10, 1: 6}
    assert fed.offsets("other") == {}


def test_every_move_is_told_to_a_topic_in_the_order_of_its_customer(project, topic, stream):
    out = topic.make(f"{topic.name}-out")
    topic.feed(events(N))
    topic.settings(project, out_topic=out)
    fed = stream(project)
    counts = read_all(fed)
    with fed.registry.database.transaction() as connection:
        moves = Streams(connection, "").moves_after(0, 100_000)
    assert counts.delivered == len(moves) > 100
    told = topic.read(out)
    assert all(key == value["customer_id"] for key, value in told)
    for who in {row["customer_id"] for row in moves}:
        mine = [value["id"] for key, value in told if key == who]
        assert mine == [row["id"] for row in moves if row["customer_id"] == who]


def test_what_fails_is_said_tried_again_and_ends_when_told_to_stop():
    said: list[str] = []
    stop = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        if "Trying again" in text:
            stop.set()

    place = Place({"bootstrap.servers": "127.0.0.1:1"}, "t", "g", 10)
    Reader(place, lambda *_: None, dict, say).run(stop)
    assert any("Trying again in 0.5 s." in text for text in said)


def test_a_topic_that_is_not_there_is_an_error_at_the_end_of_a_bounded_reading(topic):
    waits: list[str] = []
    place = Place(topic.servers, f"{topic.name}-none", "g", 10)
    stop = threading.Event()
    stop.wait = lambda _: waits.append("waited")  # type: ignore[method-assign, assignment, return-value]
    with pytest.raises(KafkaFailedError, match="Check the servers and the topic"):
        Reader(place, lambda *_: None, dict, waits.append).run(stop, until_end=True)
    assert [w for w in waits if "again" in w][-1].endswith("Trying again in 4 s.")


def test_a_database_that_fails_is_tried_again_from_where_it_was(project, topic, stream):
    topic.feed(events(100))
    topic.settings(project)
    fed, said, failures = stream(project), [], [1]

    def take(values: list[bytes], offsets: dict[int, int]) -> None:
        if failures.pop() if failures else 0:
            raise DatabaseError("The registry cannot be written.")
        fed.take(values, source="kafka", topic=topic.name, offsets=offsets)

    place = Place(topic.servers, topic.name, "g", 1000)
    reader = Reader(place, take, lambda: fed.offsets(topic.name), said.append)
    reader.run(threading.Event(), until_end=True)
    assert said == ["The registry cannot be written. Trying again in 0.5 s."]
    assert sum(fed.offsets(topic.name).values()) == 100


def test_settings_name_servers_and_what_is_safe_of_the_library(monkeypatch):
    monkeypatch.setenv("SERVERS", "a:1,b:2")
    monkeypatch.setenv("WORD", "secret")
    options = {"sasl.password": "env:WORD", "security.protocol": "SASL_SSL"}
    params = StreamParams(kafka="env:SERVERS", kafka_options=options)
    assert options_of(params) == {
        "bootstrap.servers": "a:1,b:2",
        "sasl.password": "secret",
        "security.protocol": "SASL_SSL",
    }
    monkeypatch.delenv("WORD")
    with pytest.raises(ParameterError, match="WORD is not set"):
        options_of(params)
    with pytest.raises(ParameterError, match="No Kafka servers"):
        options_of(StreamParams())
    with pytest.raises(ValueError, match="kinit"):
        StreamParams(kafka_options={"sasl.kerberos.kinit.cmd": "rm -rf /"})
