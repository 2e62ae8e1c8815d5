"""What-ifs: the actions are carried out on the lines themselves, and hold when scored again."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coterie.engine.duckdb import DuckDB
from coterie.errors import ParameterError
from coterie.features.asof import Sources
from coterie.features.windows import to_day
from coterie.pipeline.explained import Run
from coterie.profiling.tried import Trial
from coterie.profiling.what_if import Action, cheapest, simulate
from coterie.schema import CANONICAL
from coterie.segmentation.placing import place
from coterie.segmentation.released import load_released, prepare


def data_of(run):
    return run.folder.parents[1] / "data" / run.manifest["data"]


def as_of(run):
    return to_day(date.fromisoformat(run.as_of))


def scored_again(run, customer, orders, amount, days):
    """Return the segment after the orders, by the way that every run places customers."""
    start = as_of(run)
    lines = pq.read_table(data_of(run) / "lines", filters=[("customer_id", "=", customer)])
    new = [
        dict.fromkeys(CANONICAL["lines"].names)
        | {
            "line_id": f"n{i}",
            "order_id": f"n{i}",
            "customer_id": customer,
            "day": start + round(days * (i + 1) / orders) - 1,
            "ts": 0,
            "hour": 12,
            "quantity_milli": 1000,
            "amount_micros": round(amount * 1e6),
            "discount_micros": 0,
            "kind": "sale",
        }
        for i in range(orders)
    ]
    released = load_released(run.folder)
    schema = CANONICAL["lines"]
    with DuckDB() as db:
        whole = [lines.select(schema.names).cast(schema), pa.Table.from_pylist(new, schema=schema)]
        db.load("lines", pa.concat_tables(whole))
        prepare(db, released, (), as_of=start + days, sources=Sources())
        place(db, released.matrix, released.model, released.ids)
        return db.rows("SELECT segment_id FROM assignments")[0][0]


def test_the_cheapest_action_beats_doing_nothing_and_costs_least():
    values = [1.0, 5.0, 9.0]
    up = Action(1, 20.0, 28, 1, 0)
    assert cheapest([up, Action(2, 20.0, 28, 2, 0)], 0, values) == up
    assert cheapest([up, Action(1, 20.0, 7, 1, 0)], 0, values).days == 28
    assert cheapest([Action(1, 20.0, 28, 1, 1)], 0, values) is None  # time alone does it
    assert cheapest([up], 2, values) is None


def test_the_orders_of_a_trial_fall_within_its_days_and_the_last_on_its_last():
    assert Trial(7, 3).order_days(100) == [101, 104, 106]
    assert Trial(1, 3).order_days(100) == [100, 100, 100]  # never before the day of the run
    assert Trial(7).order_days(100) == []


def test_what_is_said_to_move_a_customer_moves_her_when_she_is_scored_again(retail):
    run = Run.of(retail)
    ids = run.customers.frame.column("customer_id").to_pylist()
    chosen = np.random.default_rng(5).choice(ids, 20, replace=False).tolist()
    found = run.what_ifs(chosen)
    assert [one["customer_id"] for one in found] == chosen
    offered = [one for one in found if one["action"]]
    assert len(offered) >= 14
    for one in offered:
        again = scored_again(run, one["customer_id"], **one["action"])
        assert again == one["reaches"]["id"] != one["segment"]["id"]
        assert "does not promise" in one["text"]


def test_all_27_actions_and_doing_nothing_are_scored_as_a_run_would(retail):
    released = load_released(retail.folder)
    with DuckDB(threads=1) as db:
        found = simulate(db, released, data_of(retail), ["12347"], as_of=as_of(retail))["12347"]
    assert len(found) == 27
    for action in found[::4]:
        again = scored_again(retail, "12347", action.orders, action.amount, action.days)
        assert again == released.ids[action.segment]
    lines = pq.read_table(
        data_of(retail) / "lines", filters=[("customer_id", "=", "12347")]
    ).to_pylist()
    spent = {}
    for line in lines:
        spent[line["day"]] = spent.get(line["day"], 0) + line["amount_micros"]
    assert found[0].amount == pytest.approx(np.median(list(spent.values())) / 1e6, abs=1e-5)


def test_boosted_value_after_an_action_is_what_a_run_would_find(boosted):
    run = Run.of(boosted)
    (found,) = run.what_ifs(["12347"])
    assert found["customer_id"] == "12347"
    released = load_released(boosted.folder)
    assert "boosted" in released.matrix.sources
    with DuckDB(threads=1) as db:
        actions = simulate(db, released, data_of(boosted), ["12347"], as_of=as_of(boosted))
    for action in actions["12347"][::9]:
        again = scored_again(boosted, "12347", action.orders, action.amount, action.days)
        assert again == released.ids[action.segment]


def test_nobody_is_offered_less_than_what_doing_nothing_gives(retail):
    run = Run.of(retail)
    best = run.segments[0]["id"]
    ids = retail.table("assignments").filter(
        pa.compute.equal(retail.table("assignments")["segment_id"], best)
    )
    found = run.what_if(ids.column("customer_id")[0].as_py())
    assert found["action"] is None
    assert found["text"] == "They are in the segment of the highest expected value."
    assert date.fromisoformat(run.as_of) - timedelta(days=1) == date(2011, 12, 9)


def test_an_order_that_is_supposed_leads_where_a_run_would_place_her(retail):
    run = Run.of(retail)
    levers = {one["name"]: one for one in run.levers("12347")}
    assert list(levers) == ["orders", "amount", "days"]
    wanted = {"orders": 2, "amount": 500.5, "days": 21}
    found = run.suppose("12347", wanted)
    assert found["changes"] == wanted
    assert found["then"]["segment"]["id"] == scored_again(retail, "12347", 2, 500.5, 21)
    assert found["then"]["value"] > found["now"]["value"] > found["idle"]["value"] > 0


def test_the_action_that_was_found_is_confirmed_when_it_is_supposed(retail):
    run = Run.of(retail)
    found = run.what_if("17850")
    assert found["action"]
    supposed = run.suppose("17850", found["action"])
    assert supposed["then"]["segment"] == found["reaches"]
    assert supposed["idle"]["segment"] == found["idle"]


def test_no_order_is_the_same_as_doing_nothing(retail):
    found = Run.of(retail).suppose("12347", {"orders": 0, "days": 28})
    assert found["then"] == found["idle"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"orders": -1}, "More orders cannot be '-1'"),
        ({"orders": 11}, "0 to 10"),
        ({"amount": float("nan")}, "Money of each order cannot be 'nan'"),
        ({"days": "soon"}, "Within days cannot be 'soon'"),
        ({"days": True}, "cannot be 'True'"),
        ({"day": 3}, "days"),
        ({}, "Nothing is changed"),
    ],
)
def test_what_cannot_be_is_refused_by_field(retail, changes, told):
    with pytest.raises(ParameterError) as caught:
        Run.of(retail).suppose("12347", changes)
    assert told in str(caught.value) + caught.value.allowed + caught.value.hint
