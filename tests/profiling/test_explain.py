"""Reasons, gaps and changes: what is said of a customer follows from the model alone."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import NotReadyError, ParameterError
from coterie.features.matrix import Matrix, Wanted
from coterie.pipeline.explained import Run
from coterie.profiling import changes, explain
from coterie.schema import Attribute
from coterie.segmentation.base import NOISE
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.released import Released


def customers(visits=(0.0, 1.0, 9.0, 10.0), protected=""):
    """Two segments on one column as it is: the border lies at 5, standing 0.0 in the matrix."""
    ages = [20.0, 30.0, 40.0, 50.0][: len(visits)]
    table = pa.table(
        {"customer_id": [f"c{i}" for i in range(len(visits))], "visits": visits, "age": ages}
    )
    wanted = [Wanted("visits", transform="none"), Wanted("age", transform="none")]
    matrix = Matrix.fit(table, wanted)
    model = KMeansModel(np.array([[-1.0, 0.0], [1.0, 0.0]]))
    attributes = (
        Attribute("visits", "number", label="Visits"),
        Attribute("age", "number", label="Age", protected=protected),
    )
    released = Released("m", "", "custom", "", None, matrix, model, ("seg-001", "seg-002"))
    released = Released(**{**vars(released), "attributes": attributes})
    names = {"seg-001": "Rare", "seg-002": "Often"}
    return explain.Customers(released, table, names, {"visits": "visits"})


def test_the_column_that_decides_is_the_reason_with_its_place_among_all():
    found = explain.why(customers(), "c3")
    assert found["segment"] == {"id": "seg-002", "name": "Often"}
    (reason,) = found["reasons"]  # both centres have the same age, so age says nothing
    assert (reason["feature"], reason["weight"], reason["place"]) == ("visits", 1.0, 0.875)
    assert reason["text"] == "Visits: 10, more than 88 in 100."


def test_what_would_have_to_differ_is_the_nearest_value_seen_beyond_the_border():
    found = explain.why_not(customers(), "c0", "Often")
    (gap,) = found["gaps"]
    assert (gap["value"], gap["typical"], gap["needed"], gap["weight"]) == (0.0, 9.5, 9.0, 1.0)
    assert gap["text"] == "Visits: 0; Often typically 9.5. With 9 and all else as it is: Often."


def test_a_customer_or_segment_that_is_not_there_is_named():
    with pytest.raises(NotReadyError, match="Ids here look like 'c0'"):
        explain.why(customers(), "nobody")
    with pytest.raises(ParameterError, match="Did you mean 'Often'"):
        explain.why_not(customers(), "c0", "Oftn")
    with pytest.raises(ParameterError, match="is in Rare"):
        explain.why_not(customers(), "c0", "seg-001")


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4, unique=True))
def test_every_value_said_to_move_a_customer_moves_her_when_she_is_placed_again(visits):
    known = customers(tuple(map(float, sorted(visits))))
    for place in range(4):
        for target in (0, 1):
            for value, segment, _ in explain.flips(known, place, "visits", [target]):
                row = known.frame.slice(place, 1).set_column(1, "visits", pa.array([value]))
                again = known.released.model.assign(known.released.matrix.transform(row))
                assert again[0] == segment == target


def test_protected_columns_ids_and_dates_are_never_changed():
    assert changes.changeable(customers()) == ["visits", "age"]
    assert changes.changeable(customers(protected="age")) == ["visits"]


def test_the_smallest_change_is_the_nearest_value_and_says_it_is_no_promise():
    known = customers(protected="age")
    found = changes.smallest_change(known, "c1", [1])
    assert found is not None
    assert (found.values, found.segment) == ((("visits", 9.0),), 1)
    text = changes.sentence(known, "c1", found)
    assert text.startswith("With Visits 9 instead of 1 they would be in Often (checked by scoring")
    assert "does not promise" in text
    assert changes.sentence(known, "c1", None) == changes.NOTHING


def test_two_columns_change_together_where_one_does_not_do():
    known = customers()
    model = KMeansModel(np.array([[0.0, 0.0], [2.4, 2.4]]))
    released = Released(**{**vars(known.released), "model": model})
    both = explain.Customers(released, known.frame, known.names, {})
    found = changes.smallest_change(both, "c0", [1])
    assert found is not None
    assert [source for source, _ in found.values] == ["visits", "age"]
    assert found.segment == 1


def test_every_change_of_a_customer_table_is_to_values_seen_and_flips_when_scored_again(cards):
    run = Run.of(cards)
    known = run.customers
    protected = {a.name for a in known.released.attributes if a.protected}
    assert protected == {"Age"} or "age" in {name.lower() for name in protected}
    ids = known.frame.column("customer_id").to_pylist()[:40]
    moved = 0
    for found in run.what_ifs(ids):
        if found["action"] is None:
            continue
        moved += 1
        place = known.at(found["customer_id"])
        row = known.frame.slice(place, 1)
        for change in found["action"]:
            assert change["feature"] not in protected
            column = known.frame.column(change["feature"])
            assert change["value"] in column.to_pylist()
            at = row.schema.get_field_index(change["feature"])
            new = pa.array([change["value"]], column.type)
            row = row.set_column(at, row.schema.field(at), new)
        label = known.released.model.assign(known.released.matrix.transform(row))[0]
        assert label != NOISE
        assert known.released.ids[label] == found["reaches"]["id"] != found["segment"]["id"]
    assert moved >= 36
    aim = run.segments[-1]["name"]
    other = next(i for i in ids if run.why(i)["segment"]["name"] != aim)
    assert run.what_if(other, to=aim)["reaches"]["name"] == aim


def test_a_change_that_was_found_is_confirmed_when_it_is_supposed(cards):
    run = Run.of(cards)
    ids = run.customers.frame.column("customer_id").to_pylist()[:40]
    for found in run.what_ifs(ids):
        wanted = {one["feature"]: one["value"] for one in found["action"] or []}
        if wanted:
            again = run.suppose(found["customer_id"], wanted)
            assert again["then"]["segment"] == found["reaches"]
            assert again["now"]["segment"] == found["segment"]
            assert again["idle"] is None


def test_levers_of_a_customer_table_are_what_can_change_within_what_was_seen(cards):
    run = Run.of(cards)
    known = run.customers
    customer = known.frame.column("customer_id")[0].as_py()
    levers = run.levers(customer)
    assert [one["name"] for one in levers] == changes.changeable(known)
    for lever in levers:
        assert lever["value"] == known.value(0, lever["name"])
        if lever["low"] is not None:
            assert lever["low"] <= lever["value"] <= lever["high"]
            with pytest.raises(ParameterError, match="cannot be"):
                run.suppose(customer, {lever["name"]: lever["high"] + 1})


def test_why_is_the_segment_that_the_run_wrote_down(retail):
    run = Run.of(retail)
    placed = retail.table("assignments").to_pylist()
    for row in placed[::200]:
        if row["status"] != "ok":
            continue
        found = run.why(row["customer_id"])
        assert found["segment"]["id"] == row["segment_id"]
        assert found["second"]["id"] == row["second_id"]
        assert found["margin"] == pytest.approx(row["margin"], abs=1e-6)
        assert sum(reason["weight"] for reason in found["reasons"]) == pytest.approx(1, abs=1e-4)
        for other in run.segments:
            if other["id"] != row["segment_id"]:
                gaps = run.why(row["customer_id"], not_in=other["name"])["gaps"]
                weights = [gap["weight"] for gap in gaps]
                assert weights == sorted(weights, reverse=True)
                assert gaps


def test_explain_gives_the_rule_and_what_the_segment_hangs_on(retail):
    found = Run.of(retail).explain()
    assert found["fidelity"] >= 0.88
    assert [one["rule"] for one in found["segments"]] == [s["rule"] for s in retail.segments]
    (one,) = Run.of(retail).explain(retail.segments[2]["name"])["segments"]
    assert one["importance"][0]["moved"] > 0
    assert one["id"] == retail.segments[2]["id"]
