"""The audit log: whatever is done to it is found, by entry."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import ParameterError
from coterie.store.audit import START, Audit, read_head
from coterie.store.database import Database
from coterie.store.tables import AUDIT

KEY, OLD = bytes(range(32)), bytes(32)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
N = 12


@pytest.fixture
def audit(database: Database) -> Audit:
    """Return a log of twelve entries."""
    log = Audit(database, [KEY])
    for number in range(1, N + 1):
        told = {"route": "publish", "run_id": f"r{number}", "wörter": "ä"}
        at = NOON + timedelta(seconds=number, microseconds=number)
        log.add("publish", "user:u1", project="shop", told=told, now=at)
    return log


def change(log: Audit, *statements: str) -> None:
    """Do what somebody with the database and without the key can do."""
    with log.database.transaction(writes=True) as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def test_a_log_that_nobody_touched_is_whole(audit):
    found = audit.verify()
    assert (found.entries, found.broken_at) == (N, None)
    assert found.head == audit.head()
    assert found.said == "12 entries, chain unbroken."
    assert Audit(audit.database, [KEY]).verify(audit.head()).broken_at is None


def test_an_empty_log_is_whole(database):
    log = Audit(database, [KEY])
    assert log.head() == f"0:{START}"
    assert log.verify(log.head()).broken_at is None


@pytest.mark.parametrize(
    ("done", "broken"),
    [
        ("UPDATE audit SET event = 'run' WHERE number = 7", 7),
        ("UPDATE audit SET actor = 'user:u2' WHERE number = 1", 1),
        ("UPDATE audit SET project = '' WHERE number = 12", 12),
        ("UPDATE audit SET told = '{}' WHERE number = 5", 5),
        ("UPDATE audit SET at = '2026-06-01 12:00:06.000007+00:00' WHERE number = 6", 6),
        ("UPDATE audit SET mac = (SELECT b.mac FROM audit b WHERE b.number = 2) WHERE number=3", 3),
        ("DELETE FROM audit WHERE number = 4", 4),
        ("DELETE FROM audit WHERE number = 1", 1),
    ],
)
def test_one_entry_changed_or_removed_is_named(audit, done, broken):
    change(audit, done)
    found = audit.verify()
    assert found.broken_at == broken
    assert found.said == f"Chain broken at entry {broken}."


def test_two_entries_in_another_order_are_found(audit):
    change(
        audit,
        "UPDATE audit SET number = 100 WHERE number = 8",
        "UPDATE audit SET number = 8 WHERE number = 9",
        "UPDATE audit SET number = 9 WHERE number = 100",
    )
    assert audit.verify().broken_at == 8


def test_a_gap_closed_by_numbering_anew_is_found(audit):
    change(
        audit,
        "DELETE FROM audit WHERE number = 3",
        *(f"UPDATE audit SET number = {n - 1} WHERE number = {n}" for n in range(4, N + 1)),
    )
    assert audit.verify().broken_at == 3


def test_entries_cut_off_at_the_end_are_found_by_a_head_noted_before(audit):
    head = audit.head()
    change(audit, "DELETE FROM audit WHERE number > 10")
    assert audit.verify().broken_at is None
    assert audit.verify(head).broken_at == 11
    audit.add("run", "user:u1", now=NOON)
    audit.add("run", "user:u1", now=NOON)
    assert audit.verify(head).broken_at == 12


def test_an_earlier_head_still_fits(audit):
    head = audit.head()
    audit.add("run", "user:u1", now=NOON)
    assert audit.verify(head).broken_at is None


def test_without_the_key_no_entry_can_be_made(audit):
    Audit(audit.database, [OLD]).add("run", "user:u1", now=NOON)
    assert audit.verify().broken_at == 13


def test_entries_sealed_by_an_older_key_stay_good(audit):
    later = Audit(audit.database, [OLD, KEY])
    later.add("run", "user:u1", now=NOON)
    assert later.verify().entries == 13
    assert later.verify().broken_at is None


def test_many_that_write_at_once_make_one_chain(database):
    def write(number: int) -> None:
        Audit(database, [KEY]).add("run", f"user:{number}", now=NOON)

    with database.transaction():
        pass
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(30)))
    found = Audit(database, [KEY]).verify()
    assert (found.entries, found.broken_at) == (30, None)


def test_pages_go_from_the_newest_to_the_first(audit):
    first, total = audit.page(limit=5)
    rest, _ = audit.page(before=first[-1]["number"], limit=50)
    assert [row["number"] for row in [*first, *rest]] == list(range(N, 0, -1))
    assert total == N


@pytest.mark.parametrize("text", ["", "1", ":", "x:" + START, "1:" + "0" * 63, "-1:" + START])
def test_what_is_no_head_is_refused(text):
    with pytest.raises(ParameterError, match="no head"):
        read_head(text)


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), min_size=1, max_size=4))
def test_no_two_entries_of_other_words_have_the_same_seal(pairs):
    from coterie.store.audit import _seal

    rows = {(event, actor) for event, actor in pairs}
    blank = {"number": 1, "at": NOON, "project": "", "told": {}}
    seals = {_seal(KEY, START, {**blank, "event": event, "actor": actor}) for event, actor in rows}
    assert len(seals) == len(rows)


def test_the_table_has_what_is_sealed_and_no_more():
    assert {*AUDIT.c.keys()} == {"number", "at", "event", "actor", "project", "told", "mac"}
