"""Schedules: due by their own clock, started once whoever ticks, made up for once."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import ParameterError
from coterie.store.jobs import Jobs
from coterie.store.schedules import Schedules, next_time
from coterie.store.tables import JOBS

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NIGHTLY = {
    "id": "s1",
    "project": "shop",
    "kind": "run",
    "cron": "0 3 * * *",
    "timezone": "UTC",
    "enabled": True,
}
BERLIN = ZoneInfo("Europe/Berlin")


def ids():
    """Return a source of names for jobs."""
    count = itertools.count(1)
    return lambda: f"j{next(count)}"


def test_three_at_night_is_the_coming_night():
    assert next_time("0 3 * * *", "UTC", NOON) == datetime(2026, 6, 2, 3, tzinfo=UTC)
    # In summer Berlin is two hours ahead.
    assert next_time("0 3 * * *", "Europe/Berlin", NOON) == datetime(2026, 6, 2, 1, tzinfo=UTC)


def test_a_time_left_out_in_spring_comes_when_the_gap_ends():
    before = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    due = next_time("30 2 * * *", "Europe/Berlin", before)
    assert due.astimezone(BERLIN) == datetime(2026, 3, 29, 3, 0, tzinfo=BERLIN)
    after = next_time("30 2 * * *", "Europe/Berlin", due)
    assert after.astimezone(BERLIN) == datetime(2026, 3, 30, 2, 30, tzinfo=BERLIN)


def test_a_time_that_comes_twice_in_autumn_is_due_once():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_time("30 2 * * *", "Europe/Berlin", first - timedelta(minutes=1)) == first
    for minutes in (0, 20, 45, 59, 61, 200):
        later = next_time("30 2 * * *", "Europe/Berlin", first + timedelta(minutes=minutes))
        assert later == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@given(
    minutes=st.integers(0, 800_000),
    cron=st.sampled_from(["30 2 * * *", "*/15 * * * *", "0 */6 * * *", "0 0 1 * *", "5 4 * * SUN"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_the_next_time_is_later_and_nothing_is_due_between(minutes, cron, zone):
    moment = NOON + timedelta(minutes=minutes)
    due = next_time(cron, zone, moment)
    assert due > moment
    between = moment + (due - moment) / 2
    assert next_time(cron, zone, between) == due


@pytest.mark.parametrize(
    ("cron", "zone", "says"),
    [
        ("often", "UTC", "1 fields.*minute hour day-of-month"),
        ("0 0 3 * * *", "UTC", "6 fields"),
        ("61 3 * * *", "UTC", "Bad minute"),
        ("0 3 31 2 *", "UTC", "Bad day-of-month"),
        ("", "UTC", "0 fields"),
        ("0 3 * * *", "Europe/Nowhere", "is not known.*Europe/London"),
        ("0 3 * * *", "../etc/passwd", "is not known"),
    ],
)
def test_what_is_no_schedule_is_refused_with_what_is_allowed(cron, zone, says):
    with pytest.raises(ParameterError, match=says):
        next_time(cron, zone, NOON)


def test_a_due_schedule_becomes_one_job_and_is_due_again_the_next_night(database):
    schedules, jobs = Schedules(database), Jobs(database)
    schedules.add(NIGHTLY, now=NOON)
    assert schedules.tick(ids(), now=NOON) == []
    night = datetime(2026, 6, 2, 3, tzinfo=UTC)
    assert schedules.tick(ids(), now=night) == ["j1"]
    row = jobs.get("j1")
    assert row is not None
    assert (row["project"], row["kind"], row["state"]) == ("shop", "run", "queued")
    kept = schedules.get("s1", "shop")
    assert kept is not None
    assert (kept["last_job"], kept["next"]) == ("j1", night + timedelta(days=1))


def test_nights_that_were_missed_are_made_up_for_by_one_job(database):
    schedules = Schedules(database)
    schedules.add(NIGHTLY, now=NOON)
    week = NOON + timedelta(days=7)
    new = ids()
    assert schedules.tick(new, now=week) == ["j1"]
    assert schedules.tick(new, now=week) == []
    kept = schedules.get("s1", "shop")
    assert kept is not None
    assert kept["next"] == datetime(2026, 6, 9, 3, tzinfo=UTC)


def test_a_schedule_is_not_doubled_while_its_last_job_waits_or_is_at_work(database):
    schedules, jobs, new = Schedules(database), Jobs(database), ids()
    schedules.add(NIGHTLY | {"cron": "* * * * *"}, now=NOON)
    minutes = [NOON + timedelta(minutes=n) for n in range(1, 6)]
    assert schedules.tick(new, now=minutes[0]) == ["j1"]
    assert schedules.tick(new, now=minutes[1]) == []
    held = jobs.take("w", now=minutes[1])
    assert held is not None
    assert schedules.tick(new, now=minutes[2]) == []
    jobs.end(held, "done", now=minutes[2])
    assert schedules.tick(new, now=minutes[3]) == ["j2"]


def test_a_schedule_that_is_off_starts_nothing_and_goes_on_from_when_it_is_on_again(database):
    schedules, new = Schedules(database), ids()
    schedules.add(NIGHTLY, now=NOON)
    schedules.change("s1", {"enabled": False}, now=NOON)
    week = NOON + timedelta(days=7)
    assert schedules.tick(new, now=week) == []
    row = schedules.change("s1", {"enabled": True, "cron": "0 4 * * *"}, now=week)
    assert row is not None
    assert row["next"] == datetime(2026, 6, 9, 4, tzinfo=UTC)
    assert schedules.tick(new, now=week) == []
    schedules.remove("s1")
    assert schedules.of("shop") == []
    assert schedules.change("s1", {"enabled": True}, now=week) is None


def test_many_workers_that_tick_at_once_start_each_schedule_once(database):
    schedules = Schedules(database)
    for number in range(5):
        one = {"id": f"s{number}", "project": f"p{number}"}
        schedules.add(NIGHTLY | one, now=NOON)
    night = datetime(2026, 6, 2, 3, tzinfo=UTC)
    names = itertools.count(1)
    with ThreadPoolExecutor(6) as pool:
        ticks = [
            pool.submit(schedules.tick, lambda: f"j{next(names)}", now=night) for _ in range(12)
        ]
        started = [job for tick in ticks for job in tick.result()]
    assert len(started) == 5
    with database.transaction() as connection:
        rows = connection.execute(sa.select(JOBS.c.project)).scalars().all()
    assert sorted(rows) == ["p0", "p1", "p2", "p3", "p4"]
