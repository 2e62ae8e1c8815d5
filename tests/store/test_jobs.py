"""Jobs: taken once, one of a project at a time, taken up again, given up, cancelled."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.store.database import Database
from coterie.store.jobs import ATTEMPTS, DEAD, KEPT, LEASE, Jobs
from coterie.store.workers import Workers

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW + LEASE + timedelta(seconds=1)


def state(jobs: Jobs, job_id: str) -> str:
    """Return the state of a job."""
    row = jobs.get(job_id)
    assert row is not None
    return str(row["state"])


def test_the_oldest_job_is_taken_first_and_ends_with_its_result(database):
    jobs = Jobs(database)
    jobs.add("j1", "a", "run", {"refit": True}, now=NOW)
    jobs.add("j0", "b", "value", {}, now=NOW + timedelta(seconds=1))
    held = jobs.take("w", now=NOW)
    assert held is not None
    assert (held.id, held.attempt, held.params) == ("j1", 1, {"refit": True})
    assert jobs.renew(held, now=NOW, stage="read", fraction=0.5) == ""
    row = jobs.get("j1", "a")
    assert row is not None
    assert (row["state"], row["stage"], row["fraction"]) == ("running", "read", 0.5)
    assert jobs.end(held, "done", now=LATER, result={"run_id": "r1"})
    row = jobs.get("j1")
    assert row is not None
    assert (row["state"], row["result"], row["finished"]) == ("done", {"run_id": "r1"}, LATER)
    assert row["fraction"] == 1
    assert jobs.get("j1", "b") is None


def test_of_one_project_one_job_is_at_work(database):
    jobs = Jobs(database)
    for number, project in enumerate(["a", "a", "b"]):
        jobs.add(f"j{number}", project, "run", {}, now=NOW + timedelta(seconds=number))
    taken = [jobs.take("w", now=NOW) for _ in range(3)]
    assert [held.id if held else None for held in taken] == ["j0", "j2", None]
    assert taken[0] is not None
    jobs.end(taken[0], "failed", now=NOW, error={"code": "data", "message": "No."})
    again = jobs.take("w", now=NOW)
    assert again is not None
    assert again.id == "j1"


def test_many_workers_take_no_job_twice_and_never_two_of_a_project(database):
    jobs, most = Jobs(database), 24
    for number in range(most):
        jobs.add(f"j{number:02d}", f"p{number % 5}", "run", {}, now=NOW + timedelta(seconds=number))
    at_work: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    doubled: list[str] = []
    lock = threading.Lock()

    def work(name: str) -> None:
        while sum(taken.values()) < most:
            held = jobs.take(name, now=NOW)
            if held is None:
                continue
            with lock:
                taken[held.id] += 1
                at_work[held.project] += 1
                doubled.extend([held.project] * (at_work[held.project] > 1))
            jobs.renew(held, now=NOW)
            with lock:
                at_work[held.project] -= 1
            assert jobs.end(held, "done", now=NOW)

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(work, f"w{n}") for n in range(6)]:
            done.result()
    assert set(taken.values()) == {1}
    assert len(taken) == most
    assert not doubled


def test_a_job_whose_worker_is_silent_is_taken_up_again_and_the_first_is_told(database):
    jobs = Jobs(database)
    jobs.add("j1", "a", "run", {}, now=NOW)
    first = jobs.take("w1", now=NOW)
    assert first is not None
    assert jobs.sweep(now=NOW + LEASE) == 0
    assert jobs.sweep(now=LATER) == 1
    second = jobs.take("w2", now=LATER)
    assert second is not None
    assert (second.id, second.attempt) == ("j1", 2)
    assert jobs.renew(first, now=LATER) == "lost"
    assert not jobs.end(first, "done", now=LATER, result={})
    assert not jobs.give_back(first)
    assert state(jobs, "j1") == "running"
    assert jobs.renew(second, now=LATER) == ""
    assert jobs.end(second, "done", now=LATER)


def test_a_worker_that_renews_keeps_its_job(database):
    jobs = Jobs(database)
    jobs.add("j1", "a", "run", {}, now=NOW)
    held = jobs.take("w1", now=NOW)
    assert held is not None
    for number in range(1, 6):
        now = NOW + number * LEASE
        jobs.renew(held, now=now)
        assert jobs.sweep(now=now) == 0
    assert jobs.end(held, "done", now=LATER)


def test_a_job_that_kills_its_worker_each_time_is_given_up_with_the_reason(database):
    jobs = Jobs(database)
    jobs.add("j1", "a", "run", {}, now=NOW)
    for attempt in range(ATTEMPTS):
        now = NOW + attempt * (LATER - NOW)
        held = jobs.take("w", now=now)
        assert held is not None
        assert held.attempt == attempt + 1
        jobs.sweep(now=now + (LATER - NOW))
    row = jobs.get("j1")
    assert row is not None
    assert (row["state"], row["error"]["code"]) == ("failed", DEAD)
    assert "3 times" in row["error"]["message"]
    assert jobs.take("w", now=NOW + timedelta(days=1)) is None


def test_a_waiting_job_is_cancelled_at_once_and_one_at_work_when_its_worker_hears(database):
    jobs = Jobs(database)
    jobs.add("j1", "a", "run", {}, now=NOW)
    jobs.add("j2", "a", "run", {}, now=LATER)
    held = jobs.take("w", now=NOW)
    assert held is not None
    assert jobs.cancel("j2", now=NOW)["state"] == "cancelled"
    assert jobs.cancel("j1", now=NOW)["state"] == "running"
    assert jobs.renew(held, now=NOW) == "cancel"
    assert jobs.end(held, "cancelled", now=NOW)
    assert jobs.cancel("j1", now=LATER)["finished"] == NOW  # it has ended: nothing changes
    assert jobs.take("w", now=NOW) is None


def test_a_cancelled_job_whose_worker_died_is_not_begun_again(database):
    jobs = Jobs(database)
    jobs.add("j1", "a", "run", {}, now=NOW)
    jobs.take("w", now=NOW)
    jobs.cancel("j1", now=NOW)
    assert jobs.sweep(now=LATER) == 1
    assert state(jobs, "j1") == "cancelled"


def test_a_job_that_is_given_back_waits_as_if_it_had_not_been_begun(database):
    jobs = Jobs(database)
    jobs.add("j1", "a", "run", {}, now=NOW)
    held = jobs.take("w1", now=NOW)
    assert held is not None
    jobs.renew(held, now=NOW, stage="choose", fraction=0.7)
    assert jobs.give_back(held)
    row = jobs.get("j1")
    assert row is not None
    told = (row["state"], row["attempts"], row["stage"], row["fraction"], row["worker"])
    assert told == ("queued", 0, "", 0.0, None)
    again = jobs.take("w2", now=NOW)
    assert again is not None
    assert again.attempt == 1


def test_pages_hold_every_job_once_the_newest_first(database):
    jobs = Jobs(database)
    for number in range(7):  # two made in each second
        jobs.add(f"j{number}", "a", "run", {}, now=NOW + timedelta(seconds=number // 2))
    jobs.add("other", "b", "run", {}, now=NOW)
    seen, after = [], None
    while True:
        rows, total = jobs.page("a", after=after, limit=3)
        assert total == 7
        if not rows:
            break
        seen += [row["id"] for row in rows]
        after = (rows[-1]["created"], rows[-1]["id"])
    assert seen == ["j6", "j5", "j4", "j3", "j2", "j1", "j0"]


STEPS = st.one_of(
    st.tuples(st.just("add"), st.sampled_from("ab")),
    st.tuples(st.sampled_from(["take", "end", "cancel", "die", "give back"]), st.integers(0, 3)),
)


@settings(max_examples=40)
@given(st.lists(STEPS, max_size=25))
def test_in_any_order_of_events_nothing_is_lost_and_nothing_done_twice(steps):
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "coterie.db")
        jobs, now, held, ended, made = Jobs(database), NOW, [], [], 0
        for what, which in steps:
            now += timedelta(seconds=1)
            one = held[which % len(held)] if held and what != "add" else None
            if what == "add":
                jobs.add(f"j{made:03d}", str(which), "run", {}, now=now)
                made += 1
            elif what == "take":
                held += [found] if (found := jobs.take("w", now=now)) else []
            elif what == "cancel" and made:
                jobs.cancel(f"j{int(which) % made:03d}", now=now)
            elif what == "end" and one and jobs.end(one, "done", now=now):
                ended.append(one.id)
            elif what == "give back" and one:
                jobs.give_back(one)
            elif what == "die":
                now += LEASE
                jobs.sweep(now=now)
            running = [row for row in _all(jobs, made) if row["state"] == "running"]
            assert len({row["project"] for row in running}) == len(running)
        assert len(set(ended)) == len(ended)
        done = [row["id"] for row in _all(jobs, made) if row["state"] == "done"]
        assert sorted(ended) == done
        database.close()


def _all(jobs: Jobs, made: int) -> list[dict[str, object]]:
    return [row for number in range(made) if (row := jobs.get(f"j{number:03d}"))]


def test_workers_are_alive_for_a_minute_after_they_were_seen(database):
    workers = Workers(database)
    workers.see("w2", now=NOW)
    workers.see("w1", now=NOW + timedelta(seconds=40))
    assert workers.alive(now=NOW + timedelta(seconds=50)) == ["w1", "w2"]
    assert workers.alive(now=NOW + timedelta(seconds=70)) == ["w1"]
    workers.leave("w1")
    assert workers.alive(now=NOW + timedelta(seconds=50)) == ["w2"]
    workers.see("w3", now=NOW + timedelta(days=2))
    assert workers.alive(now=NOW) == ["w3"]  # w2 is forgotten


def test_jobs_that_ended_long_ago_are_forgotten(database):
    jobs, now = Jobs(database), datetime(2026, 3, 1, tzinfo=UTC)
    for number, name in enumerate(("old", "new", "waiting")):
        jobs.add(name, "shop", "run", {}, now=now - timedelta(days=100 - number))
    jobs.cancel("old", now=now - timedelta(days=91))
    jobs.cancel("new", now=now - timedelta(days=89))
    assert jobs.prune(now - KEPT) == 1
    assert [jobs.get(name) is not None for name in ("old", "new", "waiting")] == [False, True, True]
