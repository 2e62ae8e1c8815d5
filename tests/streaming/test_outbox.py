"""Receivers are told all, in order, by one at a time; what they refuse waits, and then is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa

from coterie.errors import ParameterError
from coterie.http import SIGNATURE, Wire, is_signed
from coterie.store.database import Database
from coterie.store.outbox import STOPPED, cursors, hold, resume
from coterie.store.stream_tables import DEAD
from coterie.store.streams import Streams
from coterie.streaming.outbox import MOST_FAILURES, UndeliveredError, run_sinks
from coterie.streaming.params import Webhook
from coterie.streaming.webhooks import DELIVERY, WebhookSink

NOW = datetime(2026, 1, 2, 10, tzinfo=UTC)
KEY = "a key of enough characters"
CRM = Webhook(name="crm", url="http://crm.example/moves?a=1", secret="env:CRM_KEY")


class Receiver:
    """A server of ours that answers as it is told; it knows what came."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.came: list[tuple[dict[str, str], bytes]] = []
        mine = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                mine.came.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(mine.answers.pop(0) if mine.answers else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def wire(self) -> Wire:
        """Return a way by which every name leads here."""
        import socket

        def connect(_: tuple[str, int], seconds: float) -> socket.socket:
            return socket.create_connection(self.server.server_address[:2], seconds)

        return Wire(
            schemes=("http",), resolve=lambda *_: ["93.184.216.34"], connect=connect, seconds=5
        )

    @property
    def ids(self) -> list[list[str]]:
        """What came, sending after sending."""
        return [[message["id"] for message in json.loads(body)] for _, body in self.came]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Serve until the test ends."""
    monkeypatch.setenv("CRM_KEY", KEY)
    found = Receiver()
    found.thread.start()
    yield found
    found.server.shutdown()
    found.thread.join()
    found.server.server_close()


def tell(database: Database, n: int, *, first: int = 0, kind: str = "segment.entered") -> None:
    """Write moves into the outbox of the project ``p``."""
    rows: list[tuple[Any, ...]] = []
    for number in range(first, first + n):
        value = (1.0, 2.0) if kind == "value.changed" else (None, None)
        who = (f"c{number % 7}", kind, "event", "s1", "s2", *value, 0.5, "m", 20455, None)
        rows.append(who)
    with database.transaction(writes=True) as connection:
        streams = Streams(connection, "p")
        streams.count(NOW, None, moves=n)
        streams.add_moves(rows, NOW)


def outbox(database: Database) -> list[str]:
    """Return the ids of what is told, in order."""
    with database.transaction() as connection:
        return [row["id"] for row in Streams(connection, "p").moves_after(0, 10_000)]


def place(database: Database, sink: str = "webhook:crm") -> tuple[int, int, datetime | None]:
    """Return how far a sink was told."""
    with database.transaction() as connection:
        found = cursors(connection, "p")[sink]
    return found.seq, found.failures, found.again


def test_a_webhook_gets_signed_lists_of_a_hundred_in_order(database, receiver):
    tell(database, 250)
    sink = WebhookSink(CRM, receiver.wire())
    said: list[str] = []
    assert [run_sinks(database, "p", [sink], lambda: NOW, said.append) for _ in range(4)] == [
        100,
        100,
        50,
        0,
    ]
    assert [one for some in receiver.ids for one in some] == outbox(database)
    assert not said
    headers, body = receiver.came[0]
    assert is_signed([KEY.encode()], headers[SIGNATURE], body, now=int(NOW.timestamp()))
    assert not is_signed([b"another key"], headers[SIGNATURE], body, now=int(NOW.timestamp()))
    assert headers["content-type"] == "application/json"
    first = json.loads(body)[0]
    assert (first["from"], first["to"], first["value"], first["effective"]) == (
        "s1",
        "s2",
        None,
        None,
    )


def test_what_is_not_taken_comes_again_after_waits_that_double(database, receiver):
    tell(database, 3)
    sink = WebhookSink(CRM, receiver.wire())
    receiver.answers = [500, 503, 200]
    said: list[str] = []
    now = NOW
    assert run_sinks(database, "p", [sink], lambda: now, said.append) == 0
    assert said == [
        "webhook:crm did not take 3 messages: The answer was 500. They are sent again in 1 s."
    ]
    assert run_sinks(database, "p", [sink], lambda: now, said.append) == 0
    assert len(receiver.came) == 1  # the wait is not over
    now += timedelta(seconds=1)
    assert run_sinks(database, "p", [sink], lambda: now, said.append) == 0
    assert place(database)[1:] == (2, now + timedelta(seconds=2))
    now += timedelta(seconds=2)
    assert run_sinks(database, "p", [sink], lambda: now, said.append) == 3
    assert place(database)[1:] == (0, None)
    assert receiver.ids == [outbox(database)] * 3
    assert len({headers[DELIVERY] for headers, _ in receiver.came}) == 1


def test_a_receiver_that_is_gone_is_left_alone_until_it_is_resumed(database, receiver):
    tell(database, 2)
    sink = WebhookSink(CRM, receiver.wire())
    receiver.answers = [410]
    said: list[str] = []
    later = NOW + timedelta(days=9)
    assert run_sinks(database, "p", [sink], lambda: NOW, said.append) == 0
    assert "coterie stream deliver --resume webhook:crm" in said[0]
    assert run_sinks(database, "p", [sink], lambda: later) == 0
    assert place(database)[1] == STOPPED
    with database.transaction(writes=True) as connection:
        assert resume(connection, "p", "webhook:crm")
        assert not resume(connection, "p", "webhook:other")
    assert run_sinks(database, "p", [sink], lambda: later) == 2


def test_after_a_day_of_failures_messages_are_dead_and_the_next_are_sent(database, receiver):
    tell(database, 101)
    sink = WebhookSink(CRM, receiver.wire())
    receiver.answers = [500] * MOST_FAILURES
    now, said, told = NOW, list[str](), 0
    for _ in range(MOST_FAILURES):
        told = run_sinks(database, "p", [sink], lambda at=now: at, said.append)
        now += timedelta(hours=1)
    assert told == 100
    assert "3,600 s" in said[-2]
    with database.transaction() as connection:
        dead = connection.execute(sa.select(DEAD).order_by(DEAD.c.seq)).mappings().all()
    assert [json.loads(row["raw"])["id"] for row in dead] == outbox(database)[:100]
    assert {(row["source"], row["reason"]) for row in dead} == {("webhook:crm", "undelivered")}
    assert run_sinks(database, "p", [sink], lambda: now) == 1
    assert receiver.ids[-1] == outbox(database)[100:]


def test_only_the_types_that_are_wanted_are_sent_and_the_place_moves_past_the_others(
    database, receiver
):
    tell(database, 5)
    tell(database, 1, first=5, kind="value.changed")
    sink = WebhookSink(CRM.model_copy(update={"types": ("value.changed",)}), receiver.wire())
    assert run_sinks(database, "p", [sink], lambda: NOW) == 6
    ((_, body),) = receiver.came
    (message,) = json.loads(body)
    assert message["value"] == {"before": 1.0, "after": 2.0}
    tell(database, 5, first=6)
    assert run_sinks(database, "p", [sink], lambda: NOW) == 5
    assert len(receiver.came) == 1


def test_an_address_of_our_own_network_is_never_asked(database, monkeypatch):
    monkeypatch.setenv("CRM_KEY", KEY)
    tell(database, 1)
    hook = Webhook(name="in", url="https://127.0.0.1/x", secret="env:CRM_KEY")
    said: list[str] = []
    assert run_sinks(database, "p", [WebhookSink(hook)], lambda: NOW, said.append) == 0
    assert "no address of the open network" in said[0]


def test_a_key_is_in_the_environment_and_long_enough(monkeypatch):
    monkeypatch.delenv("CRM_KEY", raising=False)
    with pytest.raises(ParameterError, match="CRM_KEY is not set"):
        WebhookSink(CRM)
    monkeypatch.setenv("CRM_KEY", "short")
    with pytest.raises(ParameterError, match=r"has 5 characters\. a key of at least 16"):
        WebhookSink(CRM)


class Slow:
    """A sink during whose sending something else happens."""

    name, tells, most, gives_up, types = "slow", "moves", 10, False, frozenset[str]()

    def __init__(self, meanwhile: Any) -> None:
        self.meanwhile, self.got = meanwhile, list[str]()

    def send(self, messages: Sequence[dict[str, Any]], now: datetime) -> None:
        """Take messages."""
        self.meanwhile()
        self.got += [message["id"] for message in messages]


def test_who_tells_a_sink_holds_it_and_nobody_else_does_so_meanwhile(database):
    tell(database, 15)
    others: list[int] = []
    second = Slow(lambda: None)
    first = Slow(lambda: others.append(run_sinks(database, "p", [second], lambda: NOW)))
    assert run_sinks(database, "p", [first], lambda: NOW) == 10
    assert (others, second.got) == ([0], [])
    assert run_sinks(database, "p", [second], lambda: NOW) == 5
    assert first.got + second.got == outbox(database)


def test_a_sink_that_breaks_is_free_again_and_has_what_it_had(database):
    tell(database, 3)

    def breaks() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sinks(database, "p", [Slow(breaks)], lambda: NOW)
    sink = Slow(lambda: None)
    assert run_sinks(database, "p", [sink], lambda: NOW) == 3
    assert sink.got == outbox(database)


def test_a_topic_is_never_given_up(database):
    tell(database, 1)

    def refuses() -> None:
        raise UndeliveredError("Kafka: no answer.")

    now = NOW
    for _ in range(2 * MOST_FAILURES):
        assert run_sinks(database, "p", [Slow(refuses)], lambda at=now: at) == 0
        now += timedelta(hours=1)
    assert place(database, "slow")[:2] == (0, 2 * MOST_FAILURES)


def test_a_place_that_is_held_says_so_until_it_is_written(database):
    with hold(database, "p", "a", NOW) as held:
        assert held is not None
        with hold(database, "p", "a", NOW) as other:
            assert other is None
        held.move(7)
    assert place(database, "a") == (7, 0, None)
