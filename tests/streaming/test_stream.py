"""A stream counts as a batch does, whatever comes in which order, and tells who moved."""

from __future__ import annotations

import json
import tempfile
import threading
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from coterie.features.level1 import Rules
from coterie.features.measures import Measure
from coterie.store import faults
from coterie.store.database import Database
from coterie.streaming import opening
from coterie.streaming.opening import open_stream
from coterie.streaming.params import StreamParams
from coterie.streaming.sweeping import sweep
from tests.streaming.world import DAY, PAST, batch_of, click, make_world, sale

NUMBERS = count()


def test_an_order_is_added_and_its_customer_placed_anew(tmp_path, database):
    world = make_world(tmp_path, database)
    assert open_stream(world.processor)
    sweep(world.processor, DAY + 1)
    before = world.states()["anna"]
    done = world.processor.process([sale("n1", "anna", 0.01, 60, order_id="o9")])
    after = world.states()["anna"]
    assert (done.accepted, done.repeated, done.late, done.refused) == (1, 0, 0, 0)
    assert after["orders"] == before["orders"] + 1
    assert after["net"] == before["net"] + 60_000_000
    assert (before["segment_id"], after["segment_id"]) == ("seg-001", "seg-003")
    assert world.moves()[-2:] == [
        ("anna", "segment.left", "event", "seg-001", "seg-003"),
        ("anna", "segment.entered", "event", "seg-001", "seg-003"),
    ]


def test_what_came_before_changes_nothing(tmp_path, database):
    world = make_world(tmp_path, database)
    open_stream(world.processor)
    sweep(world.processor, DAY + 1)
    messages = [
        sale("n1", "anna", 0.01, 250),
        sale("n1", "anna", 0.01, 250),
        click("c1", "bert", 0),
    ]
    first = world.processor.process(messages)
    states = world.states()
    again = world.processor.process(messages)
    assert (first.accepted, first.repeated) == (2, 1)
    assert (again.accepted, again.repeated, again.moves) == (0, 3, 0)
    assert world.states() == states


def test_a_row_that_the_run_has_seen_is_known_by_its_id(tmp_path, database):
    world = make_world(tmp_path, database)
    open_stream(world.processor)
    done = world.processor.process([PAST[0], sale("late", "anna", -10.0, 5)])
    assert (done.accepted, done.repeated, done.late) == (1, 1, 1)


def test_without_ids_to_tell_what_is_late_is_refused_and_kept(tmp_path, database):
    world = make_world(tmp_path, database, own_ids=False)
    open_stream(world.processor)
    late = sale("late", "anna", -10.0, 5)
    done = world.processor.process([late])
    assert (done.accepted, done.refused) == (0, 1)
    assert done.refusals[0].reason == "late"
    assert json.loads(done.refusals[0].raw) == json.loads(late)


def test_a_clock_ten_years_ahead_is_refused(tmp_path, database):
    world = make_world(tmp_path, database)
    open_stream(world.processor)
    sweep(world.processor, DAY + 1)
    done = world.processor.process([sale("n1", "anna", 3_650), sale("n2", "anna", 0.02)])
    assert [one.reason for one in done.refusals] == ["future_date"]
    assert done.accepted == 1


def test_somebody_new_enters_her_segment(tmp_path, database):
    world = make_world(tmp_path, database)
    open_stream(world.processor)
    sweep(world.processor, DAY + 1)
    world.processor.process([click("c1", "zoe", 0.0), sale("n1", "zoe", 0.01, 20)])
    assert world.moves()[-1] == ("zoe", "segment.entered", "event", None, "seg-001")


def test_a_return_takes_its_sale_out_of_all_sums(tmp_path, database):
    world = make_world(tmp_path, database)
    open_stream(world.processor)
    sweep(world.processor, DAY + 1)
    back = sale("n1", "bert", 0.5, -500, quantity=-1, product_id="sofa", order_id="o8")
    world.processor.process([back])
    state = world.states()["bert"]
    assert (state["orders"], state["net"], state["returned"]) == (0, 0, 500_000_000)
    assert state["segment_id"] == "none"
    assert world.moves()[-1] == ("bert", "segment.left", "event", "seg-002", None)


RULES = {
    "net": (Rules(), "monetary"),
    "drop": (Rules(returns="drop"), "monetary"),
    "free": (Rules(free_orders=True), "monetary"),
    "places read events": (Rules(), "view_to_cart"),
}
LINE = st.tuples(
    st.sampled_from(["anna", "bert", "zoe", "yan", None]),
    st.sampled_from(["mug", "sofa", "POST", None]),
    st.integers(-400, 2_399),  # hundredths of a day
    st.sampled_from([-2, -1, 1, 2]),
    st.sampled_from([0, 15, 20.5, 500]),
    st.integers(0, 5),
)


@pytest.mark.parametrize(
    ("database", "kind"),
    [("sqlite", kind) for kind in RULES]
    + [pytest.param("postgres", "net", marks=pytest.mark.integration)],
    indirect=["database"],
)
@settings(
    max_examples=6,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_batch_over_all_finds_the_same(database, kind, data):
    rules, third = RULES[kind]
    drawn = data.draw(st.lists(LINE, min_size=1, max_size=25))
    clicks = data.draw(st.lists(st.tuples(st.sampled_from(["anna", "yan"]), st.integers(0, 20))))
    messages = [
        sale(
            f"n{i}",
            who,
            hundredths / 100,
            price * (1 if pieces > 0 else -1),
            quantity=pieces,
            product_id=product,
            order_id=f"x{order}",
            channel=["web", "shop", None][order % 3],
        )
        for i, (who, product, hundredths, pieces, price, order) in enumerate(drawn)
    ] + [click(f"c{i}", who, day + 0.3) for i, (who, day) in enumerate(clicks)]
    again = data.draw(st.lists(st.sampled_from(messages), max_size=5))
    sent = data.draw(st.permutations([*messages, *again]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=4)))
    with tempfile.TemporaryDirectory() as name:
        world = make_world(
            Path(name), database, project=f"p{next(NUMBERS)}", rules=rules, third=third
        )
        open_stream(world.processor)
        sweep(world.processor, DAY + 24)
        for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
            world.processor.process(sent[start:end])
        level1, states = batch_of(world, [*PAST, *messages], DAY + 24, Path(name) / "all")
        for table in world.processor.counting.written:
            assert world.rows(table) == level1[table]
        assert world.states() == states


def test_measures_of_the_project_over_lines_are_those_of_a_batch(tmp_path, database):
    own = Measure(
        name="big", over="lines", expr="CASE WHEN amount_micros > 100000000 THEN 1 ELSE 0 END"
    )
    seen = Measure(name="views", over="events", expr="CASE WHEN type = 'view' THEN 1 ELSE 0 END")
    world = make_world(tmp_path, database, measures=[own, seen])
    open_stream(world.processor)
    sweep(world.processor, DAY + 3)
    sent = [sale("n1", "anna", 0.1, 250), click("c1", "anna", 1.2), sale("n2", "zoe", 2.0, 99)]
    world.processor.process(sent)
    _, states = batch_of(world, [*PAST, *sent], DAY + 3, tmp_path / "all")
    assert states["anna"]["big"] == 1
    assert states["anna"]["views"] == 2
    assert world.states() == states


@pytest.mark.parametrize("days", [1, 2, 31, 400])
def test_a_days_ageing_finds_the_moves_of_a_batch_of_that_day(tmp_path, database, days):
    world = make_world(tmp_path, database)
    open_stream(world.processor)
    before = world.states()
    told = sweep(world.processor, DAY + days)
    _, states = batch_of(world, PAST, DAY + days, tmp_path / "all")
    assert world.states() == states
    moved = {who for who in states if states[who]["segment_id"] != before[who]["segment_id"]}
    assert {row[0] for row in world.moves()} == moved
    assert {row[2] for row in world.moves()} <= {"time"}
    assert (told > 0) == bool(moved)
    assert sweep(world.processor, DAY + days) == 0


def test_a_sweep_that_was_stopped_goes_on_where_it_was(tmp_path, database, monkeypatch):
    whole = make_world(tmp_path / "whole", database, project="whole")
    open_stream(whole.processor)
    sweep(whole.processor, DAY + 60)
    monkeypatch.setattr("coterie.streaming.sweeping.PART", 2)
    world = make_world(tmp_path / "part", database)
    open_stream(world.processor)

    def stop(_what, _share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(world.processor, DAY + 60, stop)
    world.processor.process([sale("n1", "dora", 0.1, 5)])
    whole.processor.process([sale("n1", "dora", 0.1, 5)])
    sweep(world.processor, DAY + 60)
    assert world.states() == whole.states()


def test_the_next_run_brings_the_stream_to_its_day_and_loses_nothing(tmp_path, database):
    world = make_world(tmp_path, database)
    open_stream(world.processor)
    sweep(world.processor, DAY + 5)
    sent = [sale("n1", "anna", 0.1, 250), sale("n2", "zoe", 3.5, 40), click("c1", "bert", 4.2)]
    world.processor.process(sent)
    before, told = world.states(), len(world.moves())
    # The next run saw the first day of it; its rows carry the ids of the events.
    later = make_world(tmp_path / "next", database, past=[*PAST, sent[0]])
    later.model.__dict__["run_id"] = "r2"
    assert open_stream(later.processor)
    assert later.states() == before
    assert later.moves()[told:] == []
    assert not open_stream(later.processor)


def test_what_is_counted_again_page_by_page_is_what_was_counted(tmp_path, database, monkeypatch):
    monkeypatch.setattr(opening, "_PAGE", 2)
    world = make_world(tmp_path, database)
    open_stream(world.processor)
    sweep(world.processor, DAY + 5)
    sent = [sale(f"n{n}", who, 0.1 * n, 40) for n, who in enumerate(["zoe", "anna"] * 4)]
    # A return in a page of its own pairs with a sale of another one.
    sent += [sale("n9", "zoe", 3.0, -40), click("c1", "zoe", 1.0), click("c2", "anna", 2.0)]
    world.processor.process(sent)
    before, level1, told = world.states(), world.rows("order_days"), len(world.moves())
    world.model.__dict__["run_id"] = "r2"
    assert open_stream(world.processor)
    assert world.states() == before
    assert world.rows("order_days") == level1
    assert world.moves()[told:] == []


def test_a_label_stays_until_another_segment_is_clearly_nearer(tmp_path, database):
    for h, label in ((0.0, "seg-003"), (9.0, "seg-001")):
        project = f"h{h:g}"
        params = StreamParams(hysteresis=h)
        world = make_world(tmp_path / project, database, project=project, params=params)
        open_stream(world.processor)
        sweep(world.processor, DAY + 1)
        world.processor.process([sale("n1", "anna", 0.01, 25), sale("n2", "anna", 0.5, 5)])
        with database.transaction() as connection:
            found = connection.exec_driver_sql(
                f"SELECT segment_id, label_id FROM states WHERE project = '{project}' "
                "AND customer_id = 'anna'"
            ).one()
        assert tuple(found) == ("seg-003", label)


def test_nothing_is_written_when_the_transaction_is_stopped(tmp_path, monkeypatch):
    database = Database(tmp_path / "coterie.db")
    world = make_world(tmp_path, database)
    open_stream(world.processor)
    sweep(world.processor, DAY + 1)
    states, passed = world.states(), iter(range(100))

    def stop():
        # Servers of other tests may write in threads of their own.
        if threading.current_thread() is threading.main_thread() and next(passed) == 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(faults, "point", stop)
        with pytest.raises(KeyboardInterrupt):
            world.processor.process([sale("n1", "anna", 0.01, 250)])
    assert world.states() == states
    assert world.processor.process([sale("n1", "anna", 0.01, 250)]).accepted == 1
    database.close()


def test_order_lines_and_other_events_may_be_numbered_apart(tmp_path, database):
    world = make_world(tmp_path, database)
    open_stream(world.processor)
    sweep(world.processor, DAY + 1)
    done = world.processor.process([sale("1", "anna", 0.01, 250), click("1", "bert", 0.02)])
    again = world.processor.process([click("1", "bert", 0.02)])
    assert (done.accepted, done.repeated, again.repeated) == (2, 0, 1)
