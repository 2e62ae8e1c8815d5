"""Boosted value on real orders: tried when asked for, judged beside the others, kept at a refit."""

import json
from datetime import date

import numpy as np
import pyarrow.compute as pc
import pytest

import coterie
from coterie import Project
from coterie.config import make_settings
from coterie.segmentation.released import load_released

SUMMER = date(2011, 6, 1)


@pytest.fixture(scope="module")
def retail_file(data):
    return data / "online_retail" / "online_retail.csv.gz"


def segmented(file, folder, **segmentation):
    threads = segmentation.pop("threads", None)
    as_of = segmentation.pop("as_of", SUMMER)
    settings = {"segmentation": segmentation} | ({"threads": threads} if threads else {})
    return coterie.segment(file, folder=folder, as_of=as_of, settings=settings)


@pytest.fixture(scope="module")
def asked(retail_file, tmp_path_factory):
    """Seven segments chosen on 2011-06-01, boosted value among the candidates."""
    return segmented(retail_file, tmp_path_factory.mktemp("asked"), value="boosted", k=7)


def test_a_project_that_does_not_ask_keeps_its_settings():
    plain = make_settings({"sources": {"orders": {"file": "a.csv"}}})
    assert "value" not in plain.result_bearing["segmentation"]
    assert "value" not in plain.model_bearing["segmentation"]
    boosted = make_settings(
        {"sources": {"orders": {"file": "a.csv"}}, "segmentation": {"value": "boosted"}}
    )
    assert boosted.model_bearing["segmentation"]["value"] == "boosted"


def test_the_candidate_is_judged_beside_the_others(asked):
    found = {row["features"]: row for row in asked.table("candidates").to_pylist() if row["k"] == 7}
    assert {"log RFM + customer value", "log RFM + boosted value", "log RFM"} <= set(found)
    boosted, plain = found["log RFM + boosted value"], found["log RFM + customer value"]
    assert boosted["P"] == pytest.approx(0.92, abs=0.04)
    assert boosted["P"] > plain["P"] > found["log RFM"]["P"]
    assert boosted["S_w"] > 0.7


def test_the_winner_brings_its_trees_and_any_other_leaves_them(asked):
    released = load_released(asked.folder)
    used = "boosted" in released.matrix.sources
    assert used == (released.features.boosted is not None)
    assert used == (released.feature_set == "log RFM + boosted value")
    assert used == ("boosted" in json.loads((asked.folder / "model.json").read_text())["features"])


def test_a_history_that_is_too_short_is_told(retail_file, tmp_path):
    short = segmented(retail_file, tmp_path, value="boosted", k=4, as_of=date(2011, 2, 1))
    assert "Boosted value was not tried: " in short.choice["note"]
    names = set(short.table("candidates").column("features").to_pylist())
    assert "log RFM + boosted value" not in names


def test_a_feature_that_cannot_be_learned_is_refused(retail_file, tmp_path):
    with pytest.raises(coterie.errors.NotReadyError, match="too few orders to learn"):
        segmented(
            retail_file, tmp_path, lens="custom", features=["boosted"], as_of=date(2010, 12, 20)
        )


def by_boosted(file, folder, **more):
    features = ["recency", "frequency", "monetary", "boosted"]
    return segmented(file, folder, lens="custom", features=features, **more)


def test_the_tree_tells_boosted_value_and_threads_change_no_byte(retail_file, tmp_path):
    one, two = (
        by_boosted(retail_file, tmp_path / str(n), algorithm="tree", k=5, threads=n) for n in (1, 2)
    )
    assert one.manifest["files"] == two.manifest["files"]
    model = load_released(one.folder)
    assert model.matrix.sources[-1] == "boosted"
    asked_about = {split.column for split in model.model.splits}
    assert asked_about <= {0, 1, 2}
    frame = one.table("features").join(
        one.table("assignments").select(["customer_id", "segment_id"]), "customer_id"
    )
    frame = frame.filter(pc.equal(frame["status"], "ok"))
    value = np.asarray(frame["boosted"])
    ids = np.asarray(frame["segment_id"].to_pylist())
    means = [value[ids == name].mean() for name in model.ids]
    assert means[0] == min(means)
    assert means[-1] == max(means) > 5 * means[0]


def test_a_refit_learns_anew_and_scoring_does_not(retail_file, tmp_path):
    first = by_boosted(retail_file, tmp_path, k=5)
    project = Project(tmp_path)
    scored = project.run(as_of=date(2011, 7, 1))
    before, same = (load_released(run.folder).features.boosted for run in (first, scored))
    assert same == before
    refitted = project.train(as_of=date(2011, 8, 1))
    after = load_released(refitted.folder)
    assert after.features.boosted != before
    assert after.changes["refit"]
    assert after.changes["p_new"] > 0.5
    kept = {segment["id"] for segment in first.segments} & set(after.ids)
    assert len(kept) >= 4
    customer = refitted.table("assignments").column("customer_id")[0].as_py()
    assert refitted.why(customer)["reasons"]
