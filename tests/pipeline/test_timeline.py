"""What happened to one customer, from tables written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coterie.pipeline.timeline import place, timeline
from coterie.schema import CANONICAL
from coterie.store.results import Run


def line(order_id: str, day: int, hour: int, amount: float, **other: Any) -> dict[str, Any]:
    """Return a line of customer ann."""
    when = datetime.fromtimestamp(day * 86_400 + hour * 3_600, UTC)
    made = {
        "line_id": f"{order_id}:{hour}:{other.get('product_id', '')}",
        "customer_id": "ann",
        "order_id": order_id,
        "ts": when,
        "day": day,
        "hour": hour,
        "quantity_milli": 2_000,
        "amount_micros": round(amount * 1e6),
        "discount_micros": 0,
        "kind": "sale",
    }
    return made | other


LINES = [
    line("A", 100, 9, 10.0, product_id="cup", net_day=103),
    line("A", 100, 9, 2.5, product_id="pen", discount_micros=500_000),
    line("B", 103, 8, -10.0, product_id="cup", kind="return", quantity_milli=-2_000, net_day=103),
    line("C", 103, 12, 4.0, product_id="ink"),
    line("D", 104, 7, 99.0, product_id="too late"),
    line("E", 103, 12, 7.0, customer_id="bob"),
]
TOUCH = {"touch_id": "t1", "customer_id": "ann", "day": 101, "offer_id": "back", "treated": True}


def write(folder: Path, table: str, rows: list[dict[str, Any]]) -> None:
    """Write a canonical table."""
    (folder / table).mkdir(parents=True)
    found = pa.Table.from_pylist(rows, schema=CANONICAL[table])
    pq.write_table(found, folder / table / "part-0000.parquet")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a run as of day 104 with these lines."""
    write(tmp_path / "data" / "d1", "lines", LINES)
    run = Run.__new__(Run)
    run.folder = tmp_path / "runs" / "r1"
    run.manifest = {"data": "d1", "as_of": "1970-04-15"}
    return run


def test_orders_and_returns_are_told_newest_first_before_the_day_of_the_run(run):
    found = timeline(run, "ann")
    assert [(one["kind"], one["id"], one["day"], one["amount"]) for one in found] == [
        ("order", "C", "1970-04-14", 4.0),
        ("return", "B", "1970-04-14", -10.0),
        ("order", "A", "1970-04-11", 12.5),
    ]
    assert found[2]["discount"] == 0.5
    assert [(i["product_id"], i["quantity"], i["returned_on"]) for i in found[2]["items"]] == [
        ("cup", 2.0, "1970-04-14"),
        ("pen", 2.0, None),
    ]


def test_who_is_not_there_has_no_timeline(run):
    assert timeline(run, "nobody") == []
    assert timeline(run, "ann' OR TRUE --") == []


def test_a_touch_that_comes_again_is_told_once_with_its_answer(run, tmp_path):
    when = datetime.fromtimestamp(101 * 86_400, UTC)
    for number, answered in enumerate([None, True]):
        row = TOUCH | {"ts": when, "responded": answered, "value_micros": 5_000_000}
        write(tmp_path / f"fed{number}", "touches", [row])
    fed = [tmp_path / "fed0", tmp_path / "fed1"]
    touches = [one for one in timeline(run, "ann", feedback=fed) if one["kind"] == "touch"]
    assert [(one["id"], one["responded"], one["value"]) for one in touches] == [("t1", True, 5.0)]


def test_entries_without_a_moment_end_their_day():
    late = {"kind": "segment", "day": "2011-12-09", "ts": None, "id": "r1"}
    order = {"kind": "order", "day": "2011-12-09", "ts": "2011-12-09T23:59:59+00:00", "id": "1"}
    assert place(late) > place(order)
    assert place(late) < place({**order, "ts": "2011-12-10T00:00:00+00:00"})
    assert place({**late, "day": None}) < place(order)
