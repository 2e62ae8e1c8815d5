"""Boosted value on real orders: tried when asked for, judged beside the others, kept at a refit."""

import json
from datetime import date

import numpy as np
import pyarrow.compute as pc
import pytest

import coterie
from coterie import Project
from coterie.config import make_settings
from coterie.errors import NotReadyError
from coterie.segmentation.released import load_released
from coterie.sources.shop import write_shop

NAMES = ("customer_id", "order_id", "timestamp", "product_id", "quantity", "unit_price")
BY_BOOSTED = {
    "lens": "custom",
    "features": ["recency", "frequency", "monetary", "boosted"],
    "horizon": "60d",
    "k": 4,
}


@pytest.fixture(scope="module")
def asked(data, tmp_path_factory):
    """Seven segments of Online Retail on 2011-06-01, boosted value among the candidates."""
    return coterie.segment(
        data / "online_retail" / "online_retail.csv.gz",
        k=7,
        as_of=date(2011, 6, 1),
        folder=tmp_path_factory.mktemp("asked"),
        settings={"segmentation": {"value": "boosted", "horizon": "192d"}},
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Orders of 500 customers of a simulated shop in the year 2025."""
    folder = tmp_path_factory.mktemp("shop")
    end = date(2025, 12, 31)
    return write_shop(folder, customers=500, days=365, end=end, tables=("orders",)).paths["orders"]


def project(shop, folder, *, threads=None, **segmentation):
    orders = {"file": str(shop), "columns": {name: name for name in NAMES}}
    folder.mkdir(exist_ok=True)
    settings = {"sources": {"orders": orders}, "segmentation": segmentation, "threads": threads}
    return Project(folder, make_settings(settings))


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


def test_a_history_that_is_too_short_is_told(shop, tmp_path):
    short = project(shop, tmp_path, value="boosted", k=3).run(as_of=date(2025, 5, 1))
    assert "Boosted value was not tried: " in short.choice["note"]
    names = set(short.table("candidates").column("features").to_pylist())
    assert "log RFM + boosted value" not in names


def test_a_feature_that_cannot_be_learned_is_refused(shop, tmp_path):
    with pytest.raises(NotReadyError, match="too few orders to learn"):
        project(shop, tmp_path, **BY_BOOSTED).run(as_of=date(2025, 2, 10))


@pytest.mark.soak
def test_the_tree_tells_boosted_value_and_threads_change_no_byte(shop, tmp_path):
    one, two = (
        project(shop, tmp_path / str(n), threads=n, algorithm="tree", **BY_BOOSTED).run()
        for n in (1, 2)
    )
    assert one.manifest["files"] == two.manifest["files"]
    released = load_released(one.folder)
    assert released.matrix.sources[-1] == "boosted"
    assert {split.column for split in released.model.splits} <= {0, 1, 2}
    placed = one.table("assignments").select(["customer_id", "segment_id"])
    frame = one.table("features").join(placed, "customer_id")
    frame = frame.filter(pc.equal(frame["status"], "ok"))
    value, ids = np.asarray(frame["boosted"]), np.asarray(frame["segment_id"].to_pylist())
    means = [value[ids == name].mean() for name in released.ids]
    assert means[0] == min(means)
    assert means[-1] == max(means) > 2 * means[0]


def test_a_refit_learns_anew_and_scoring_does_not(shop, tmp_path):
    found = project(shop, tmp_path, **BY_BOOSTED)
    first, scored = (found.run(as_of=date(2025, month, 1)) for month in (10, 11))
    before, same = (load_released(run.folder).features.boosted for run in (first, scored))
    assert same == before is not None
    refitted = found.train(as_of=date(2025, 12, 1))
    after = load_released(refitted.folder)
    assert after.features.boosted != before
    assert after.changes["refit"]
    assert after.changes["p_new"] > 0.5
    assert len({segment["id"] for segment in first.segments} & set(after.ids)) >= 3
    customer = refitted.table("assignments").column("customer_id")[0].as_py()
    assert refitted.why(customer)["reasons"]
