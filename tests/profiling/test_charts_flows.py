"""The section about moves: numbers that add up, small ones hidden, names escaped."""

import re

import numpy as np
import pyarrow as pa

from coterie.profiling.charts_flows import flow_section, ribbons, sankey
from coterie.profiling.crossing import Crossing
from coterie.profiling.hidden_moves import HiddenMoves, hidden_moves
from coterie.profiling.migration import MIGRATION
from coterie.profiling.publication import Hiding

SEGMENTS = {
    "seg-002": {"name": "Loyal <b>", "slot": 2},
    "seg-001": {"name": "New", "slot": 14},
}


def table(*rows):
    names = MIGRATION.names
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], MIGRATION)


MOVES_ROWS = (
    ("seg-001", "seg-001", "seg-001", "stayed", 100),
    ("seg-001", "seg-002", "seg-002", "behaved", 40),
    ("seg-002", "seg-002", "seg-002", "stayed", 60),
    ("seg-002", "seg-002", "seg-001", "border", 7),
    ("absent", "seg-001", "seg-001", "new", 30),
)
MOVES = table(*MOVES_ROWS)


SECRET = hidden_moves(MOVES, before=Hiding(), after=Hiding())


def test_small_numbers_are_hidden_and_with_them_what_would_tell_them():
    shown = flow_section(MOVES, SEGMENTS, "9 Nov 2011", None, SECRET)
    # 7 moved by the border, so 60 + 7, 40 + 7 and 100 + 60 must not tell: only sizes are left
    assert shown.summary == "207 then: (hidden) stayed + (hidden) moved; + 30 new = 237 now"
    assert shown.columns == ("Loyal <b>", "New")
    assert shown.rows == (
        ("Loyal <b>", ("hidden", "hidden"), "67"),
        ("New", ("hidden", "hidden"), "140"),
        ("Not known then / now", ("hidden", "hidden"), "30"),
    )
    told = dict(shown.causes)
    assert told["were not known before"] == "30"
    assert list(told.values()).count("hidden") == 3
    assert ">7<" not in shown.svg


def test_large_numbers_are_shown_and_add_up():
    moves = table(*((*row[:4], 10 * row[4]) for row in MOVES_ROWS))
    shown = flow_section(moves, SEGMENTS, "9 Nov 2011", None, HiddenMoves())
    assert shown.summary == "2,070 then: 1,600 stayed + 470 moved; + 300 new = 2,370 now"
    assert shown.rows[0] == ("Loyal <b>", ("600 (89.6%)", "70 (10.4%)"), "670")


def test_the_first_run_has_no_flows():
    assert flow_section(MIGRATION.empty_table(), SEGMENTS, "", None, HiddenMoves()) is None


def test_colours_follow_the_slot_and_names_are_escaped():
    shown = flow_section(MOVES, SEGMENTS, "9 Nov 2011", None, SECRET)
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
    shown = flow_section(MOVES, SEGMENTS, "9 Nov 2011", changes, SECRET)
    assert shown.model == (
        "The model is new: by itself it moved 213 of 1,000 customers; they did nothing. "
        "Born: seg-009. Better."
    )
