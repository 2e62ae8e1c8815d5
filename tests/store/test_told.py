"""What a stream told and refused, read back the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coterie.store.database import Database
from coterie.store.streams import Streams
from coterie.store.told import Told

NOW = datetime(2026, 1, 2, 10, tzinfo=UTC)


def move(customer: str, to: str = "seg-001") -> tuple[Any, ...]:
    """Return a move as it is written."""
    return (customer, "segment.entered", "event", None, to, None, None, 0.5, "m1", 20_456, None)


def tell(database: Database, now: datetime, *customers: str) -> None:
    """Write that some customers moved."""
    with database.transaction(writes=True) as connection:
        streams = Streams(connection, "shop")
        streams.count(now, None, moves=len(customers))
        streams.add_moves([move(one) for one in customers], now)


def test_the_last_moves_are_told_in_their_order(database: Database) -> None:
    tell(database, NOW, "anna", "bea")
    tell(database, NOW + timedelta(days=1), "anna", "cleo")
    with database.transaction() as connection:
        told, other = Told(connection, "shop"), Told(connection, "other")
        assert [one["customer_id"] for one in told.newest(3)] == ["bea", "anna", "cleo"]
        assert [one["seq"] for one in told.newest(9, customer="anna")] == [1, 3]
        assert (told.last(), other.last()) == (4, 0)
        assert told.moved_since(NOW + timedelta(hours=1)) == 2
        assert (other.newest(9), other.moved_since(NOW)) == ([], 0)


def test_letters_are_counted_by_reason_and_forgotten_by_it(database: Database) -> None:
    with database.transaction(writes=True) as connection:
        streams = Streams(connection, "shop")
        streams.bury("http", [("bad_json", "no", "{"), ("erased", "gone", "")], NOW)
        streams.bury("webhook", [("bad_json", "not delivered", "{}")], NOW)
        told = Told(connection, "shop")
        assert told.reasons() == {"bad_json": 2, "erased": 1}
        assert [one["raw"] for one in told.dead(0, 9)] == ["{", "", "{}"]
        assert [one["raw"] for one in told.dead(1, 1)] == [""]
        # What could not be delivered, and what was not kept, cannot be taken again.
        assert [one["raw"] for one in told.dead(0, 9, again=True)] == ["{"]
        assert Told(connection, "other").remove() == 0
        assert (told.remove(seq=1), told.remove(reason="erased"), told.remove()) == (1, 1, 1)
        assert told.reasons() == {}


@pytest.mark.parametrize(
    ("between", "found"), [(("a", "z"), ["anna", "bea"]), (("b", "z"), ["bea"]), (("x", "z"), [])]
)
def test_who_leaves_a_window_is_found_between_two_customers(
    database: Database, between: tuple[str, str], found: list[str]
) -> None:
    sums = (0,) * 7
    with database.transaction(writes=True) as connection:
        streams = Streams(connection, "shop")
        # Of 30 days before day 100 and 101: day 70 leaves, days 69 and 71 do not.
        streams.load("order_days", [("anna", 70, *sums), ("bea", 70, *sums), ("cleo", 71, *sums)])
        assert streams.leaving((30,), 100, 101, between) == found


def test_when_something_came_goes_with_its_own_time(database: Database) -> None:
    with database.transaction(writes=True) as connection:
        streams = Streams(connection, "shop")
        streams.count(NOW, 1_000, accepted=1)
        streams.count(NOW + timedelta(hours=1), None, refused=1)
        streams.count(NOW + timedelta(hours=2), 500, accepted=1)
        counts = streams.counts()
    assert (counts["at"], counts["last_ts"]) == (NOW + timedelta(hours=2), 1_000)
    assert (counts["accepted"], counts["refused"]) == (2, 1)
