"""Events by HTTP, against a real server: durable once answered, once each, and told as they go."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.bench_accounts import make_key, serving
from coterie.client import Client
from coterie.errors import DataError
from coterie.service import intake
from coterie.service.feeds import Feed
from coterie.service.params import ServerParams
from tests.service.conftest import ROOT, wait_for
from tests.service.happening import SHOP, follow, read_move, sale, send

NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def live(
    shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, httpx.Client]]:
    """Yield a server whose shop gets events, and a client."""
    home = tmp_path_factory.mktemp("live") / "home"
    shutil.copytree(shop, home)
    with serving(ServerParams(home)) as (app, client):
        yield app, client


@pytest.fixture
def client(live: tuple[Any, httpx.Client]) -> httpx.Client:
    """Return the client."""
    return live[1]


def feed_of(live: tuple[Any, httpx.Client]) -> Feed:
    """Return the stream of the shop as the server has it."""
    app, _ = live
    found: Feed = app.state.feeds.of(app.state.projects.get("shop"))
    return found


def status(client: httpx.Client) -> dict[str, Any]:
    """Return where the stream stands."""
    return dict(client.get(f"{SHOP}/stream").json())


def test_before_the_first_event_there_is_no_stream(ready: httpx.Client) -> None:
    assert ready.get(f"{ROOT}/cards/stream").json()["open"] is False
    assert ready.get(f"{ROOT}/cards").json()["live"] is False
    for path in ("moves", "moves/live", "customers/c001", "dead"):
        said = ready.get(f"{ROOT}/cards/stream/{path}")
        assert (said.status_code, said.json()["code"]) == (409, "not_ready")
    assert ready.post(f"{ROOT}/cards/stream/sweep").status_code == 409
    orderless = ready.post(f"{ROOT}/cards/events", json=sale("none"))
    assert (orderless.status_code, orderless.json()["code"]) == (409, "not_ready")


def test_what_came_is_counted_once_and_seen_at_once(client: httpx.Client) -> None:
    first = send(client, sale("once-1", "anna"), sale("once-2", "anna"))
    assert (first["accepted"], first["repeated"], first["refused"]) == (2, 0, 0)
    assert first["moves"] >= 1
    assert send(client, sale("once-1", "anna"), sale("once-3", "anna"))["repeated"] == 1
    found = client.get(f"{SHOP}/stream/customers/anna").json()
    assert (found["measures"]["lines"], found["features"]["monetary"]) == (3, 61.5)
    assert found["label_id"].startswith("seg-") or found["label_id"] == "none"
    assert client.get(SHOP).json()["live"] is True


def test_an_object_a_list_and_lines_are_all_taken(client: httpx.Client) -> None:
    one = client.post(f"{SHOP}/events", json=sale("form-1"))
    lines = "\n".join(json.dumps(sale(f"form-{n}")) for n in (2, 3)) + "\n{broken\n"
    many = client.post(f"{SHOP}/events", content=lines, headers=NDJSON).json()
    here = client.post("/api/v1/events", json=[sale("form-4")])
    named = client.post("/api/v1/events?project=shop", json=[sale("form-4")])
    assert one.json()["accepted"] == 1
    assert (many["accepted"], many["refused"]) == (2, 1)
    assert many["refusals"] == [
        {"at": 2, "reason": "bad_json", "message": many["refusals"][0]["message"]}
    ]
    assert (here.json()["accepted"], named.json()["repeated"]) == (1, 1)


@pytest.mark.parametrize("body", [b"", b"   ", b"<xml>", b"[{", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_json_at_all_is_refused_as_a_whole(client: httpx.Client, body: bytes) -> None:
    said = client.post(f"{SHOP}/events", content=body, headers={"content-type": "application/json"})
    assert said.status_code == 422
    assert said.headers["content-type"] == "application/problem+json"


def test_another_type_of_content_is_refused(client: httpx.Client) -> None:
    said = client.post(f"{SHOP}/events", content=b"a,b", headers={"content-type": "text/csv"})
    assert (said.status_code, said.json()["where"]) == (422, "content-type")


def test_each_request_of_a_batch_is_told_its_own_fate(live: tuple[Any, httpx.Client]) -> None:
    feed = feed_of(live)
    send(live[1], sale("own-0"))
    with feed.intake._changed:  # while this is held all three wait, and are taken together
        wanted = ([sale("own-1"), {"id": "own-2"}], [sale("own-1")], [sale("own-3"), sale("own-0")])
        bodies = [[json.dumps(one).encode() for one in part] for part in wanted]
        told = [feed.intake.put(body) for body in bodies]
    first, second, third = (one.result(60) for one in told)
    assert (first.accepted, first.refused, first.refusals[0].at) == (1, 1, 1)
    assert (second.accepted, second.repeated) == (0, 1)
    assert (third.accepted, third.repeated, third.refusals) == (1, 1, ())


def test_when_too_many_wait_whoever_comes_is_told_to_come_again(
    live: tuple[Any, httpx.Client],
) -> None:
    feed, client = feed_of(live), live[1]
    send(client, sale("busy-0"))
    stream = feed._stream("writing")
    lines = "\n".join(json.dumps(sale(f"busy-{n}", f"b{n % 50}")) for n in range(1, 12_001))
    with ThreadPoolExecutor(1) as pool:
        with stream._lock:  # the batch at work cannot go on
            waits = pool.submit(client.post, f"{SHOP}/events", content=lines, headers=NDJSON)
            wait_for(lambda: dict(feed.intake._held), lambda found: found.get("messages") == 12_000)
            turned = client.post(f"{SHOP}/events", content=lines, headers=NDJSON)
        assert waits.result().json()["accepted"] == 12_000
    assert (turned.status_code, turned.json()["code"]) == (503, "busy")
    assert int(turned.headers["retry-after"]) >= 1
    assert intake.MOST_WAITING == 20_000
    again = client.post(f"{SHOP}/events", content=lines, headers=NDJSON)
    assert again.json()["repeated"] == 12_000


def test_who_moved_is_listed_and_followed_from_where_the_line_was_cut(client: httpx.Client) -> None:
    send(client, sale("sse-1", "sse-a"), sale("sse-2", "sse-b"), sale("sse-3", "sse-c"))
    everything, after = [], 0
    while True:
        page = client.get(f"{SHOP}/stream/moves", params={"after": after, "limit": 2}).json()
        everything += page["items"]
        after = page["last"]
        if not page["more"]:
            break
    seqs = [one["seq"] for one in everything]
    assert seqs == sorted(set(seqs))
    cut = seqs[-2]
    with follow(client, {"last-event-id": str(cut)}) as lines:
        assert read_move(lines)["seq"] == seqs[-1]
        send(client, sale("sse-4", "sse-d"))
        later = read_move(lines)
    assert (later["customer_id"], later["seq"]) == ("sse-d", client_last(client))
    mine = client.get(f"{SHOP}/stream/moves", params={"customer": "sse-a"}).json()["items"]
    assert {one["customer_id"] for one in mine} == {"sse-a"}
    with follow(client, {}, newest=2) as lines:
        assert [read_move(lines)["seq"] for _ in range(2)] == [
            client_last(client) - 1,
            client_last(client),
        ]


def client_last(client: httpx.Client) -> int:
    """Return the number of the last move."""
    page = client.get(f"{SHOP}/stream/moves", params={"limit": 500}).json()
    while page["more"]:
        page = client.get(
            f"{SHOP}/stream/moves", params={"after": page["last"], "limit": 500}
        ).json()
    return int(page["last"])


POISON: tuple[bytes, ...] = (
    b'{"id": "p1", "type": "order", "timestamp": "2026-01-01T00:00:00Z", "amount": 1e999999999}',
    b'{"id": "p2", "type": "order", "timestamp": "9999-12-31T23:59:59-14:00", "amount": 1}',
    b'{"id": "p3\\u0000", "type": "order", "timestamp": "2026-01-01T00:00:00Z", "amount": 1}',
    b'{"id": "p4", "type": "order", "timestamp": "2026-01-01T00:00:00Z", "amount": "NaN"}',
    b'{"id": "p5", "more": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"id": "p6", "type": "view", "timestamp": "2026-01-01T00:00:00Z"}',
    b'{"id": "p7", "type": "order", "timestamp": -1e300, "amount": 1}',
    b'{"id": "p8\xff", "type": "order"}',
    b'{"id": "\\ud800", "type": "order", "timestamp": "2026-01-01T00:00:00Z", "amount": 1}',
    b'{"id": {"a": 1}}',
    b"null",
    b'"a"',
)


def test_what_is_poison_stops_nobody_else(client: httpx.Client) -> None:
    good = json.dumps(sale("poison-good", "healthy")).encode()
    before = status(client)["refused"]
    body = b"\n".join([*POISON, good])
    said = client.post(f"{SHOP}/events", content=body, headers=NDJSON)
    assert said.status_code == 202, said.text
    assert (said.json()["accepted"], said.json()["refused"]) == (1, len(POISON))
    assert status(client)["refused"] == before + len(POISON)


def test_a_clock_ten_years_ahead_is_refused(client: httpx.Client) -> None:
    far = (datetime.now(UTC) + timedelta(days=3_653)).isoformat()
    told = send(client, sale("far", timestamp=far), sale("near"))
    assert (told["accepted"], told["refused"]) == (1, 1)
    assert (told["refusals"][0]["at"], told["refusals"][0]["reason"]) == (0, "future_date")


def test_a_message_of_a_megabyte_is_refused_and_a_request_of_it_is_taken(
    client: httpx.Client,
) -> None:
    told = send(client, sale("big", product_name="x" * (1 << 20)), sale("small"))
    assert (told["accepted"], told["refusals"][0]["reason"]) == (1, "too_long")
    many = [sale(f"mega-{n}", f"m{n % 90}", product_name="y" * 300) for n in range(2_200)]
    assert len(json.dumps(many)) > 1 << 20
    assert send(client, *many)["accepted"] == 2_200
    assert client.post(f"{SHOP}/events", content=b"[" + b" " * (17 << 20)).status_code == 413


def test_a_customer_nobody_knows_is_not_there(client: httpx.Client) -> None:
    send(client, sale("known"))
    said = client.get(f"{SHOP}/stream/customers/nobody-at-all")
    assert (said.status_code, said.json()["code"]) == (404, "not_found")


def test_dead_letters_are_listed_forgotten_and_taken_again(client: httpx.Client) -> None:
    client.delete(f"{SHOP}/stream/dead")
    send(client, {"id": "dead-1"}, sale("dead-2", timestamp="never"), sale("dead-3", amount="x"))
    page = client.get(f"{SHOP}/stream/dead", params={"limit": 2}).json()
    assert (len(page["items"]), page["total"]) == (2, 3)
    rest = client.get(f"{SHOP}/stream/dead", params={"after": page["next"]}).json()
    assert ["dead-3" in one["raw"] for one in rest["items"]] == [True]
    assert rest["next"] is None
    again = client.post(f"{SHOP}/stream/dead/retry").json()
    assert (again["accepted"], again["refused"], again["left"]) == (0, 3, 0)
    left = client.get(f"{SHOP}/stream/dead").json()
    assert {one["source"] for one in left["items"]} == {"retry"}
    first = left["items"][0]
    assert client.delete(f"{SHOP}/stream/dead", params={"seq": first["seq"]}).json() == {
        "removed": 1
    }
    assert client.delete(f"{SHOP}/stream/dead").json() == {"removed": 2}


def test_a_day_of_the_stream_can_be_looked_at_at_any_time(client: httpx.Client) -> None:
    send(client, sale("day-1"))
    swept = client.post(f"{SHOP}/stream/sweep").json()
    assert swept == {"as_of": status(client)["as_of"], "moves": 0}
    found = status(client)
    assert found["open"] is True
    assert found["as_of"] > found["watermark"]
    assert found["delay_seconds"] is not None
    assert 0 < found["moves_today"] <= found["moves"]


def test_who_may_do_what(live: tuple[Any, httpx.Client]) -> None:
    app, client = live
    send(client, sale("role-0"))
    doors = app.state.doors
    key = {scope: make_key(doors, [scope], "shop") for scope in ("events", "read", "customers")}
    ways = {
        ("POST", "events"): {"events"},
        ("GET", "stream"): {"read"},
        ("GET", "stream/moves"): {"customers"},
        ("GET", "stream/customers/live-1"): {"customers"},
        ("GET", "stream/dead"): {"customers"},
        ("DELETE", "stream/dead"): set(),
        ("POST", "stream/sweep"): set(),
    }
    for (method, path), may in ways.items():
        for scope, headers in key.items():
            body = {"json": sale("role-1")} if method == "POST" else {}
            said = client.request(method, f"{SHOP}/{path}", headers=headers, **body)
            assert (said.status_code != 403) == (scope in may), (path, scope, said.text)


def test_the_figures_tell_how_much_came_and_of_nobody(client: httpx.Client) -> None:
    send(client, sale("metric-1", "metric-person"))
    text = client.get("/metrics").text
    assert 'coterie_events_total{outcome="accepted"}' in text
    assert "coterie_event_batch_seconds_count" in text
    assert "coterie_live_clients" in text
    assert "metric-person" not in text


def test_the_client_sends_and_reads(client: httpx.Client) -> None:
    with Client(str(client.base_url)) as mine:
        shop = mine.project("shop")
        told = shop.events([sale("py-1", "py"), sale("py-2", "py")])
        assert (told["accepted"], told["refused"]) == (2, 0)
        assert {one["customer_id"] for one in shop.moves() if one["customer_id"] == "py"} == {"py"}
        assert shop.live("py")["measures"]["lines"] == 2
        with pytest.raises(DataError):
            shop.events([])
