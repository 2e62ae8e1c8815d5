import pytest

from coterie.pipeline.overview import how_chosen, overview
from tests.service.test_reading import SHOP, get


def test_a_run_at_a_glance_is_what_its_tables_say(reader, project):
    run = project.latest
    found = get(reader, "/overview")
    figures = {one["name"]: one for one in found["figures"]}
    placed = run.table("assignments")["segment_id"].to_pylist()
    assert figures["customers"]["value"] == sum(one != "none" for one in placed)
    state = run.table("state")["net"].to_pylist()
    assert figures["spend"]["value"] == pytest.approx(sum(state) / 1e6)
    causes = figures["moved"]["causes"]
    assert figures["moved"]["n"] == sum(causes.values()) - causes.get("new", 0)
    assert found["insights"] == overview(run, project.find_run("previous"), None)["insights"] or (
        found["insights"][-1]["kind"] in {"forecast", "no_forecast"}
    )
    chosen = next(row for row in run.table("candidates").to_pylist() if row["chosen"])
    assert found["proofs"]["holds_later"]["value"] == chosen["P"]
    assert found["before"] == project.find_run("previous").as_of


def test_how_segments_were_chosen_is_told_with_every_candidate(reader, project):
    run = project.latest
    found = get(reader, "/choice")
    assert found["candidates"] == run.table("candidates").to_pylist()
    assert found["verdict"] == run.choice["verdict"]
    assert tuple(found["sentences"]) == how_chosen(run).sentences


def test_customers_are_points_of_the_segment_they_are_in(reader, project):
    found = get(reader, "/map", limit=100)
    assert len(found["ids"]) == len(found["xs"]) == len(found["ys"]) == 100
    for customer, segment in zip(found["ids"], found["segments"], strict=True):
        assert project.latest.customer(customer)["segment_id"] == segment
    named = get(reader, "/map", x="recency", y="monetary", limit=5)
    assert (named["x"]["name"], named["shown"]) == ("recency", None)
    for x, y in (("recency", ""), ("", "recency"), ("recency", "nothing")):
        refused = reader.get(f"{SHOP}/map", params={"x": x, "y": y})
        assert refused.status_code == 422
