import numpy as np
import pyarrow as pa
import pytest

from coterie.errors import ParameterError
from coterie.pipeline.explained import Run
from coterie.profiling.insights import Forecast, Moved, find_insights
from coterie.profiling.migration import MIGRATION
from coterie.profiling.scatter import directions, scatter


def segment(name, n, share, value_share, ci):
    return {
        "id": name,
        "n": n,
        "share": share,
        "value_share": value_share,
        "value_share_ci": ci,
        "status": "live",
    }


AXES = ("balance", "visits")
BEST = segment("seg-001", 30, 0.1, 0.4, [0.3, 0.5])
REST = segment("seg-002", 270, 0.9, 0.6, [0.5, 0.7])


def frame(*, spent=100.0, overdue=0.5):
    """30 customers who spent and are expected to spend more, 270 who did less."""
    return pa.table(
        {
            "segment_id": ["seg-001"] * 30 + ["seg-002"] * 270,
            "monetary": [spent] * 30 + [10.0] * 270,
            "clv": [50.0] * 30 + [5.0] * 270,
            "overdue": [overdue] * 300,
        }
    )


def moves(*rows):
    names = ("from_id", "via_id", "to_id", "cause", "customers")
    return pa.Table.from_pylist(
        [dict(zip(names, row, strict=True)) for row in rows], schema=MIGRATION
    )


def kinds(found):
    return [one.kind for one in found]


def said(insight):
    words = (str(p.get("text", p.get("segment", p.get("value")))) for p in insight.parts)
    days = [" days" if p.get("unit") == "days" else "" for p in insight.parts]
    return "".join(word + unit for word, unit in zip(words, days, strict=True))


def test_a_few_who_bring_much_are_told_with_the_range():
    (found,) = find_insights([BEST, REST], frame())
    assert said(found) == "seg-001 are 0.1 of customers and about 0.4 of spend."
    assert found.parts[4] == {"value": 0.4, "unit": "share", "low": 0.3, "high": 0.5}
    assert found.stake == 3000.0


@pytest.mark.parametrize(
    "changed",
    [
        {"value_share_ci": [0.19, 0.5]},  # less than twice the share of customers
        {"n": 24},
        {"value_share_ci": None},
        {"status": "retired"},
    ],
)
def test_concentration_is_not_told_where_its_test_fails(changed):
    assert find_insights([{**BEST, **changed}, REST], frame()) == []


def test_concentration_is_not_told_of_one_customer():
    one = frame().set_column(1, "monetary", pa.array([5000.0] + [10.0] * 299))
    assert find_insights([BEST, REST], one) == []


def test_the_best_who_are_late_are_counted_with_what_is_expected_of_them():
    late = find_insights([BEST, REST], frame(overdue=2.0))
    found = next(one for one in late if one.kind == "overdue")
    assert (found.parts[0]["value"], found.parts[2]["value"]) == (30, 1_500.0)  # of 2,850
    even = frame(overdue=2.0).set_column(2, "clv", pa.array([5.1] * 30 + [5.0] * 270))
    found = next(one for one in find_insights([BEST, REST], even) if one.kind == "overdue")
    assert found.parts[0]["value"] == 300


def test_moves_are_told_by_their_cause():
    since = Moved(
        moves(
            ("seg-001", "seg-002", "seg-002", "aged", 40),
            ("seg-002", "seg-001", "seg-001", "behaved", 25),
            ("seg-002", "seg-002", "seg-002", "stayed", 200),
        ),
        {"seg-001": 45, "seg-002": 255},
        28,
    )
    found = {one.kind: one for one in find_insights([BEST, REST], frame(), since)}
    assert said(found["gone_quiet"]) == (
        "40 customers went quiet: from seg-001 to seg-002 in 28 days."
    )
    assert found["gone_quiet"].link == {"from": "seg-001", "to": "seg-002", "cause": "aged"}
    assert said(found["won_back"]) == "25 came back from seg-002."
    assert "size" not in found  # 15 fewer is within what comes and goes


def test_few_who_move_are_not_told_and_a_calm_time_is_said_to_be_one():
    since = Moved(
        moves(("seg-001", "seg-002", "seg-002", "aged", 24)), {"seg-001": 30, "seg-002": 270}, 7
    )
    found = find_insights([BEST, REST], frame(), since)
    assert kinds(found) == ["concentration", "nothing"]
    assert said(found[1]) == "No segment changed more than chance in 7 days."


def test_a_segment_that_grew_beyond_chance_is_told():
    since = Moved(
        moves(("absent", "seg-002", "seg-002", "new", 60)), {"seg-001": 30, "seg-002": 210}, 28
    )
    found = find_insights([BEST, REST], frame(), since)
    size = next(one for one in found if one.kind == "size")
    assert said(size) == "seg-002 grew by 60 to 270."


def test_a_total_is_forecast_only_where_the_last_one_held():
    good = find_insights([], frame(), forecast=Forecast(900.0, None, None, 90, -0.1, "autumn"))
    assert said(good[-1]) == "About 900.0 is expected from today's customers in 90 days."
    bad = find_insights([], frame(), forecast=Forecast(900.0, None, None, 90, -0.42, "autumn"))
    assert said(bad[-1]) == (
        "No total is forecast: last time (autumn) it was 42% too low. Rankings still hold."
    )


def test_principal_directions_agree_with_the_singular_values_of_the_rows():
    rows = np.random.default_rng(0).normal(size=(50, 4)) * [5.0, 2.0, 1.0, 0.1]
    rows -= rows.mean(axis=0)
    found, shown = directions(rows)
    _, sizes, axes = np.linalg.svd(rows, full_matrices=False)
    assert np.abs(np.abs((found * axes[:2]).sum(axis=1)) - 1).max() < 1e-9
    assert shown == pytest.approx(sizes[:2] ** 2 / (sizes**2).sum())


def test_customers_are_placed_by_what_the_model_reads(cards):
    known = Run.of(cards).customers
    whole = scatter(known, most=10_000, seed=0)
    assert whole.ids == tuple(known.frame["customer_id"].to_pylist())
    rows = known.rows - known.rows.mean(axis=0)
    apart = np.linalg.norm(whole.points[0] - whole.points[1])
    assert apart <= np.linalg.norm(rows[0] - rows[1]) + 1e-3
    placed = dict(zip(whole.ids, whole.segment_ids, strict=True))
    for row in cards.table("assignments").to_pylist():
        assert placed[row["customer_id"]] == row["segment_id"]


def test_a_draw_is_part_of_the_whole_and_the_same_each_time(cards):
    run = Run.of(cards)
    few, again = (scatter(run.customers, AXES, most=50, seed=0) for _ in range(2))
    assert few.ids == again.ids
    whole = scatter(run.customers, AXES, most=10_000, seed=0)
    at = [whole.ids.index(one) for one in few.ids]
    np.testing.assert_array_equal(few.points, whole.points[at])
    assert (few.x.name, few.shown) == ("balance", None)


def test_an_axis_that_is_no_column_of_numbers_is_refused(cards):
    with pytest.raises(ParameterError, match="axis"):
        scatter(Run.of(cards).customers, ("plan", "visits"), most=9, seed=0)
