import numpy as np
import pyarrow as pa
import pytest

import coterie
from coterie.errors import ParameterError
from coterie.pipeline.fairness import NONE, fairness
from coterie.privacy.fairness import OTHER, audit, banded, parity

SEX = ["f"] * 300 + ["m"] * 300
PLACED = ["a"] * 250 + ["b"] * 50 + ["a"] * 150 + ["b"] * 150


def test_shares_ratios_and_the_area_are_those_worked_out_by_hand():
    found = audit("sex", SEX, PLACED)
    cell = next(one for one in found.cells if (one.segment, one.group) == ("a", "f"))
    assert (cell.share, cell.elsewhere) == (250 / 400, 50 / 200)
    assert cell.ratio == pytest.approx((250.5 / 400.5) / (50.5 / 200.5))
    assert cell.low < cell.ratio < cell.high
    # f in a and m in b, and half of those in the same segment
    assert found.told[0].auc == pytest.approx((250 * 150 + (250 * 150 + 50 * 150) / 2) / 300**2)
    assert found.proxy


def test_segments_that_a_column_decides_are_a_proxy_of_what_that_column_follows():
    random = np.random.default_rng(0)
    sex = random.choice(["f", "m"], 2_000)
    follows = np.where(random.random(2_000) < 0.8, sex, random.choice(["f", "m"], 2_000))
    found = audit("sex", sex.tolist(), follows.tolist())
    assert found.proxy
    assert found.told[0].auc == pytest.approx(0.9, abs=0.02)
    assert found.cramers_v == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("kinds", [2, 6])
def test_an_attribute_drawn_by_lot_is_no_proxy(kinds):
    random = np.random.default_rng(1)
    segments = random.integers(0, 7, 600).astype(str).tolist()
    alarms = 0
    for _ in range(100):
        found = audit("a", random.integers(0, kinds, 600).astype(str).tolist(), segments)
        alarms += found.proxy
    assert alarms <= 5


def test_rates_of_an_offer_are_those_worked_out_by_hand():
    groups = [*["f"] * 100, *["m"] * 200, *["x"] * 50, *["rare"] * 9, None]
    chosen = np.zeros(360, bool)
    chosen[:40], chosen[100:150], chosen[300:325], chosen[350:] = True, True, True, True
    found = parity("o", groups, chosen)
    assert [(one.group, one.n, one.rate) for one in found.rates] == [
        ("f", 100, 0.4),
        ("m", 200, 0.25),
        ("x", 50, 0.5),
    ]
    assert (found.difference, found.ratio, found.alarm) == (0.25, 0.5, True)
    low, high = found.ratio_range
    assert low < 0.5 < high < 0.8
    even = parity("o", ["f", "m"] * 200, np.arange(400) < 200)
    assert (even.ratio, even.alarm) == (1.0, False)


def test_rates_that_tell_of_few_are_hidden_and_the_alarm_stays():
    chosen = np.r_[np.ones(10, bool), np.zeros(90, bool), np.ones(60, bool), np.zeros(40, bool)]
    found = parity("o", ["f"] * 100 + ["m"] * 100, chosen)
    assert {one.rate for one in found.rates} == {None}
    assert (found.ratio, found.difference, found.alarm) == (None, None, True)
    nobody = parity("o", ["f"] * 100 + ["m"] * 100, np.zeros(200, bool))
    assert (nobody.ratio, nobody.alarm) == (None, False)
    assert parity("o", ["f"] * 100, np.ones(100, bool)) is None


def test_beside_what_is_hidden_figures_have_two_digits():
    open_ = audit("sex", SEX, PLACED)
    assert open_.cramers_v != round(open_.cramers_v, 2)
    found = audit("a", ["x"] * 195 + ["y"] * 105, ["a"] * 190 + ["b"] * 5 + ["a", "b", "b"] * 35)
    assert found.cramers_v == round(found.cramers_v, 2)
    assert all(one.auc == round(one.auc, 2) for one in found.told)


def test_a_plan_passes_by_a_group_and_the_run_says_so(tmp_path):
    random = np.random.default_rng(4)
    sex = random.choice(["f", "m"], 600)
    visits = random.poisson(np.where(sex == "f", 9, 4))
    rows = [f"c{i:03},{sex[i]},{visits[i]},{random.gamma(2, 30):.2f}" for i in range(600)]
    (tmp_path / "club.csv").write_text("\n".join(["id,gender,visits,spend", *rows]))
    (tmp_path / "coterie.toml").write_text(
        '[sources.customers]\nfile = "club.csv"\nkey = "id"\n[segmentation]\nk = 2\n'
        '[[offers]]\nid = "more"\neligible = "visits > 5"\nvalue = 5.0\nresponse = 0.2\n'
    )
    project = coterie.Project(tmp_path)
    run = project.run()
    assert run.fairness()["plan"] is None
    plan = project.plan_offers()
    found = run.fairness()
    assert found["plan"] == plan.folder.name
    assert found["attributes"] == fairness(run)["attributes"]
    (offer,) = found["attributes"][0]["offers"]
    chosen = {int(c[1:]) for c in plan.table["customer_id"].to_pylist()}
    for one in offer["rates"]:
        mine = np.flatnonzero(sex == one["group"])
        assert one["rate"] == pytest.approx(np.mean([i in chosen for i in mine.tolist()]))
    assert offer["alarm"]
    assert offer["ratio"] < 0.8


def test_few_are_pooled_and_too_few_even_together_are_left_out():
    many = ["x"] * 100 + ["y"] * 100
    placed = ["a", "b"] * 100
    pooled = audit("a", [*many, *["p"] * 20, *["q"] * 20], [*placed, *["a", "b"] * 20])
    assert (pooled.pooled, pooled.n) == (40, 240)
    assert {one.group for one in pooled.told} == {"x", "y", OTHER}
    left = audit("a", [*many, *["p"] * 20], [*placed, *["a", "b"] * 10])
    assert (left.pooled, left.n) == (20, 200)


def test_what_tells_of_few_in_a_segment_is_hidden_with_what_it_follows_from():
    found = audit("a", ["x"] * 195 + ["y"] * 105, ["a"] * 190 + ["b"] * 5 + ["a", "b", "b"] * 35)
    hidden = {(one.segment, one.group) for one in found.cells if one.share is None}
    assert ("b", "x") in hidden
    assert len(hidden) >= 2


def test_who_is_not_known_is_counted_and_one_group_alone_is_no_question():
    assert audit("a", ["x", None] * 50, ["a", "b"] * 50) is None
    found = audit("sex", [*SEX, None], [*PLACED, "a"])
    assert (found.n, found.unknown) == (600, 1)
    with pytest.raises(ParameterError):
        audit("sex", SEX, PLACED[1:])


def test_numbers_are_cut_into_bands_of_about_equal_size():
    bands = banded(np.arange(100, dtype=np.float64))
    assert [bands.count(one) for one in dict.fromkeys(bands)] == [26, 25, 25, 24] or (
        max(map(bands.count, set(bands))) <= 26
    )
    assert banded(np.array([np.nan])) == [None]


def test_a_planted_proxy_is_found_in_a_run_and_the_attribute_was_left_out(tmp_path):
    random = np.random.default_rng(2)
    n = 600
    woman = random.random(n) < 0.5
    table = pa.table(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "gender": np.where(woman, "F", "M"),
            "beauty": np.round(np.where(woman, 60.0, 5.0) + random.gamma(2.0, 3.0, n), 2),
            "visits": random.poisson(6, n).astype(float),
        }
    )
    found = fairness(coterie.segment(table, k=2, folder=tmp_path))
    (one,) = found["attributes"]
    assert (one["attribute"], one["proxy"]) == ("gender", True)
    assert one["told"][0]["auc"] > 0.95
    assert "may stand in for" in one["text"]


def test_without_protected_attributes_that_is_said(tmp_path):
    table = pa.table({"customer_id": [f"c{i}" for i in range(60)], "spend": [1.0, 9.0] * 30})
    found = fairness(coterie.segment(table, k=2, folder=tmp_path))
    assert (found["attributes"], found["note"]) == ([], NONE)


def test_the_protected_attributes_of_the_form_data_are_compared(data, tmp_path):
    path = next((data / "segmentation_365").glob("*.csv*"))
    found = fairness(coterie.segment(path, k=4, folder=tmp_path))
    by_name = {one["attribute"]: one for one in found["attributes"]}
    assert len(by_name) >= 3
    for one in by_name.values():
        assert one["n"] + one["unknown"] == 2_000
