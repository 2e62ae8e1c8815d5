"""Touches beside orders: which of them count, and for which segment."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from coterie import Project
from coterie.engine.duckdb import DuckDB
from coterie.pipeline.ground import open_ground, read_contacts

HEAD = ["touch_id", "customer_id", "timestamp", "offer_id", "treated"]


def touches(
    folder: Path, rows: Sequence[Sequence[object]], name: str = "t.csv", head: Sequence[str] = HEAD
) -> Path:
    with (folder / name).open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return folder / name


def test_one_touch_far_after_the_run_is_told_from_the_run(shop: Path) -> None:
    with (shop / "coterie.toml").open("a") as file:
        file.write('[[offers]]\nid = "voucher"\n')
    project = Project(shop)
    day = project.run().as_of
    project.feedback(touches(shop, [["C001", "2999-01-01", "voucher"]], head=HEAD[1:4]))
    assert project.plan_offers().summary["day"] == day
    project.feedback(touches(shop, [["C001", "2025-01-01", "voucher"]], "u.csv", HEAD[1:4]))
    assert project.plan_offers().summary["day"] == "2025-01-02"


def test_contacts_count_for_the_segment_that_the_customer_was_in_then(shop: Path) -> None:
    toml = shop / "coterie.toml"
    rules = """
[segmentation]
algorithm = "rules"
[[segmentation.rules]]
name = "Recent"
where = "recency < 60"
[[segmentation.rules]]
name = "Others"
[[offers]]
id = "voucher"
"""
    toml.write_text(toml.read_text() + rules)
    project = Project(shop)
    before = project.run(as_of=date(2023, 7, 1))
    after = project.run()
    places = [
        dict(zip(*(t.column(n).to_pylist() for n in ("customer_id", "segment_id")), strict=True))
        for t in (before.table("assignments"), after.table("assignments"))
    ]
    moved = [who for who, own in places[0].items() if places[1][who] != own]
    assert moved
    rows = [[f"{d}{w}", w, f"2023-{d}", "voucher", True] for w in moved for d in ("07-05", "01-31")]
    project.feedback(touches(shop, rows, head=HEAD))
    fed = sorted((shop / ".coterie" / "feedback").glob("0*"))
    with DuckDB() as db:
        ground = open_ground(db, project.settings, shop, fed)
        found = read_contacts(db, project.settings.offers, ground)
    keys = list(ground.segments)
    # In the order of touch ids: first all of 31 January, before any run, then those of 5 July.
    assert [keys[i] for i in found.segment] == [places[0][who] for who in sorted(moved)] * 2
    assert ground.earlier == (before.id,)
