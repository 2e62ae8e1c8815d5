"""What-ifs: the actions are carried out on the lines themselves, and hold when scored again."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coterie.engine.duckdb import DuckDB
from coterie.features.asof import Sources
from coterie.features.windows import to_day
from coterie.pipeline.explained import Run
from coterie.profiling import what_if
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


def test_the_orders_of_an_action_fall_within_its_days_and_the_last_on_its_last():
    plan = what_if._plan(100).to_pylist()
    assert len({row["key"] for row in plan}) == 3 * (9 + 1)
    days = [row["day"] for row in plan if row["key"] == "7:6"]  # three orders within a week
    assert days == [101, 104, 106]
    assert all(row["day"] is None for row in plan if row["key"].endswith(":9"))


def test_what_is_said_to_move_a_customer_moves_her_when_she_is_scored_again(retail):
    run = Run.of(retail)
    ids = run._customers.frame.column("customer_id").to_pylist()
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
