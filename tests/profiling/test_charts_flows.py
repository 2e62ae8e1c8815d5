"""The section about moves: numbers that add up, small ones hidden, names escaped."""

import re

import numpy as np
import pyarrow as pa

from coterie.profiling.charts_flows import flow_section, ribbons, sankey
from coterie.profiling.crossing import Crossing
from coterie.profiling.migration import MIGRATION

SEGMENTS = {
    "seg-002": {"name": "Loyal <b>", "slot": 2},
    "seg-001": {"name": "New", "slot": 14},
}


def table(*rows):
    names = MIGRATION.names
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], MIGRATION)


MOVES = table(
    ("seg-001", "seg-001", "seg-001", "stayed", 100),
    ("seg-001", "seg-002", "seg-002", "behaved", 40),
    ("seg-002", "seg-002", "seg-002", "stayed", 60),
    ("seg-002", "seg-002", "seg-001", "border", 7),
    ("absent", "seg-001", "seg-001", "new", 30),
)


def test_the_sum_is_worked_out_by_hand_and_small_cells_are_hidden():
    shown = flow_section(MOVES, SEGMENTS, "9 Nov 2011", None)
    assert shown.summary == "207 then: 160 stayed + 47 moved; + 30 new = 237 now"
    assert shown.columns == ("Loyal <b>", "New")
    # 7 must be hidden; with the sums of both rows and columns it would follow from any other
    assert shown.rows == (
        ("Loyal <b>", ("hidden", "hidden"), "67"),
        ("New", ("hidden", "hidden"), "140"),
        ("Not known then / now", ("·", "30 (100.0%)"), "30"),
    )
    told = dict(shown.causes)
    assert list(told.values()).count("not shown") == 2  # 7, and 30 with it
    assert told["are where they were"] == "160"
    assert ">7<" not in shown.svg


def test_the_first_run_has_no_flows():
    assert flow_section(MIGRATION.empty_table(), SEGMENTS, "", None) is None


def test_colours_follow_the_slot_and_names_are_escaped():
    shown = flow_section(MOVES, SEGMENTS, "9 Nov 2011", None)
    assert "Loyal &lt;b&gt;" in shown.svg
    assert "<b>" not in shown.svg
    assert set(re.findall(r"--slot-(\d+)", shown.svg)) == {"2"}  # slot 14 has the hue of 2


def test_every_customer_is_in_one_ribbon():
    matrix = Crossing(("a", "b"), ("a", "b"), np.array([[50, 3], [4, 90]]))
    drawn = ribbons(matrix, np.ones((2, 2), dtype=bool))
    assert [(r.start, r.end, r.customers) for r in drawn] == [
        ("a", "other moves", 53),
        ("b", "other moves", 94),
    ]
    assert sankey(drawn, {}, label="x").count("<path") == 2


def test_a_new_model_is_told_apart():
    changes = {"customers": 1_000, "moved": 213, "born": ["seg-009"], "ended": [], "why": "Better."}
    shown = flow_section(MOVES, SEGMENTS, "9 Nov 2011", changes)
    assert shown.model == (
        "The model is new: by itself it moved 213 of 1,000 customers; they did nothing. "
        "Born: seg-009. Better."
    )
