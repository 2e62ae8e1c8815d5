"""Real data sets go in as they are, and the facts known of them come out exactly."""

import json
import re
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

import coterie
from coterie.engine.duckdb import DuckDB
from coterie.profiling.counted import count_lines, number_customers, number_products
from coterie.profiling.products import best_sellers

RFM = {"lens": "custom", "features": ["recency", "frequency", "monetary"]}
"""For facts that do not depend on the choice of features."""
SINGLE = {  # recency, orders, spend of single customers of Online Retail, cancellations dropped
    "12346": (325, 1, 77_183.60),
    "12347": (2, 7, 4_310.00),
    "12348": (75, 4, 1_797.24),
    "12748": (0, 209, 33_719.73),
    "14646": (1, 73, 280_206.02),
    "16446": (0, 2, 168_472.50),
    "17850": (372, 34, 5_391.21),
    "18287": (42, 3, 1_837.28),
}


def segmented(path, folder, **wanted):
    return coterie.segment(path, folder=folder, **wanted)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return tmp_path_factory.mktemp


@pytest.fixture(scope="module")
def retail_file(data):
    return data / "online_retail" / "online_retail.csv.gz"


@pytest.fixture(scope="module")
def dropped_folder(folders):
    return folders("dropped")


@pytest.fixture(scope="module")
def dropped(retail_file, dropped_folder):
    """Online Retail as most papers clean it: no cancellations, orders counted by their id."""
    settings = {
        "sources": {"orders": {"returns": "drop"}},
        "segmentation": {"frequency": "orders", "algorithm": "kmeans", **RFM},
    }
    return segmented(retail_file, dropped_folder, k=4, settings=settings)


@pytest.fixture(scope="module")
def rfm(dropped):
    table = dropped.table("features")
    rows = table.filter(np.array(table.column("status").to_pylist()) == "ok")
    columns = ("recency", "frequency", "monetary")
    return SimpleNamespace(
        ids=rows.column("customer_id").to_pylist(),
        values=np.column_stack([rows.column(name).to_numpy() for name in columns]),
    )


def test_dropping_cancellations_leaves_the_4338_customers_of_the_papers(dropped, rfm):
    assert len(rfm.ids) == 4_338
    assert sum(segment["n"] for segment in dropped.segments) == 4_338
    statuses = dropped.table("assignments").column("status").to_pylist()
    assert statuses.count("no_orders") == 4_339 - 4_338  # one had nothing but a free item


def test_the_quantiles_of_recency_frequency_and_money_are_those_known(rfm):
    known = {
        0.0: (0, 1, 3.75),
        0.25: (17, 1, 307.415),
        0.5: (50, 2, 674.485),
        0.75: (141.75, 5, 1_661.74),
        1.0: (373, 209, 280_206.02),
    }
    for share, expected in known.items():
        found = np.quantile(rfm.values, share, axis=0)
        np.testing.assert_allclose(found, expected, atol=1e-9, err_msg=str(share))
    np.testing.assert_allclose(rfm.values.mean(axis=0), (92.059, 4.272, 2_054.266), atol=6e-4)
    spread = rfm.values.std(axis=0, ddof=1)
    np.testing.assert_allclose(spread, (100.012, 7.698, 8_989.230), atol=6e-4)


def test_single_customers_come_out_exactly(dropped, rfm):
    found = dict(zip(rfm.ids, rfm.values.tolist(), strict=True))
    for customer, expected in SINGLE.items():
        np.testing.assert_allclose(found[customer], expected, atol=1e-9, err_msg=customer)
    assert dropped.customer("12748")["features"]["frequency"] == 209


def test_the_best_tenth_and_fifth_bring_what_they_are_known_to_bring(rfm):
    assert int((rfm.values[:, 1] == 1).sum()) == 1_493
    spent = np.sort(rfm.values[:, 2])[::-1]
    shares = [spent[: round(part * spent.size)].sum() / spent.sum() for part in (0.1, 0.2)]
    assert [round(100 * share, 2) for share in shares] == [61.38, 74.62]
    order = np.argsort(-rfm.values[:, 2])[:5]
    assert [rfm.ids[i] for i in order] == ["14646", "18102", "17450", "16446", "14911"]


def known_sellers(data):
    """Return country -> (code, pieces), (code, money) of the data's own account, without ties."""
    text = (data / "README.md").read_text(encoding="utf-8")
    table = text.split("best seller by amount |\n")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[1:]]
    best = r"(\S+) .*\(([\d,.]+)\)$"
    found = {}
    for country, *_, pieces, money in rows:
        parts = [re.match(best, cell) for cell in (pieces, money)]
        found[country] = [
            (part[1], float(part[2].replace(",", "")))
            if part and not cell.startswith("tie")
            else None
            for part, cell in zip(parts, (pieces, money), strict=True)
        ]
    return found


def test_the_best_sellers_of_all_countries_are_those_known(data, dropped, dropped_folder):
    (lines,) = (dropped_folder / ".coterie" / "data").glob("*/lines")
    with DuckDB() as db:
        db.execute(f"CREATE TABLE lines AS SELECT * FROM '{lines}/*.parquet'")
        last = db.rows("SELECT MAX(day) + 1 FROM lines")[0][0]
        db.execute("CREATE TABLE placed AS SELECT DISTINCT customer_id, 0 AS segment FROM lines")
        number_customers(db, "placed", "customers")
        number_products(db, "products", last)
        count_lines(db, "counted", last, customers="customers", products="products")
        sellers = best_sellers(db, "counted", products="products", by_country=True, guests=False)
    found = {(s.group, s.by): s for s in sellers if s.rank == 1}
    known = known_sellers(data)
    assert len(known) == 37
    for country, (pieces, money) in known.items():
        if pieces:
            best = found[country, "quantity"]
            assert (best.product_id, best.quantity) == pieces
        best = found[country, "amount"]
        assert (best.product_id, round(best.amount, 2)) == money
    page = dropped.report.read_text(encoding="utf-8")
    for country in known:
        assert f"<bdi>{country}</bdi>" in page


def test_every_row_of_online_retail_is_accounted_for(retail):
    orders = retail.quality["tables"]["orders"]
    assert (orders["rows_in"], orders["accepted"], orders["quarantined"]) == (541_909, 541_907, 2)
    assert retail.table("quarantine").num_rows == 2


def test_the_two_cancelled_giants_net_to_nothing_and_the_report_says_so(retail):
    for customer, left in (("12346", 0.0), ("16446", 2.9)):
        status = retail.customer(customer)["status"]
        assert (status == "no_orders") == (left == 0.0)
        if left:
            assert retail.customer(customer)["features"]["monetary"] == pytest.approx(left)
    page = retail.report.read_text(encoding="utf-8")
    said = "Order 541431, 77,183.60, was cancelled 16 minutes later: it nets to 0.00."
    assert f"{said} The customer nets to 0.00." in page
    said = "Order 581483, 168,469.60, was cancelled 12 minutes later: it nets to 0.00."
    assert f"{said} The customer nets to 2.90." in page


def test_no_customer_of_online_retail_is_in_the_report(retail):
    page = retail.report.read_text(encoding="utf-8")
    words = re.sub(r"<svg.*?</svg>|<style.*?</style>", "", page, flags=re.DOTALL)
    numbers = set(re.findall(r"(?<![\d.,])\d{5}(?![\d.,])", words))
    customers = set(retail.table("assignments").column("customer_id").to_pylist())
    assert not numbers & customers


def test_the_segments_of_online_retail_have_names_values_and_best_sellers(retail):
    names = [segment["name"] for segment in retail.segments]
    assert len(set(names)) == len(names) == 7
    assert names[0] == "Champions"
    assert sum(s["value_share"] for s in retail.segments) == pytest.approx(1, abs=1e-5)
    first = retail.segments[0]
    assert first["value_share_ci"][0] > 5 * first["share"]
    assert all(product["lift"] > 1 for product in first["top_products"])
    assert len(first["top_products"]) > 3


def test_cdnow_keeps_the_zeros_its_ids_begin_with(data, folders):
    settings = {"sources": {"orders": {"free_orders": True}}, "segmentation": RFM}
    run = segmented(
        data / "cdnow" / "cdnow_master.csv.gz", folders("cdnow"), k=5, settings=settings
    )
    ids = run.table("assignments").column("customer_id").to_pylist()
    assert len(ids) == 23_570
    assert ids[0] == "00001"
    assert {len(customer) for customer in ids} == {5}
    assert sum(segment["n"] for segment in run.segments) == 23_570


def test_the_value_model_of_cdnow_has_the_known_parameters(data, folders):
    # The literature fits 39 weeks, to 1997-09-30 included, with one purchase a day.
    run = segmented(
        data / "cdnow" / "cdnow_sample.csv.gz",
        folders("sample"),
        k=4,
        as_of=date(1997, 10, 1),
        settings={"sources": {"orders": {"free_orders": True}}},
    )
    value = json.loads((run.folder / "model.json").read_text())["features"]["value"]
    assert value["n"] == 2_357
    found = [value["r"], value["alpha"] / 7, value["a"], value["b"]]
    np.testing.assert_allclose(found, (0.2426, 4.4135, 0.7929, 2.4258), rtol=2e-3)


def substantial(run):
    customers = sum(segment["n"] for segment in run.segments)
    least = max(10, min(25, 0.05 * customers), 0.02 * customers)
    return all(segment["n"] >= least for segment in run.segments)


def well_named(run):
    names = [segment["name"] for segment in run.segments]
    unique = len({name.casefold() for name in names}) == len(names)
    return unique and all(len(name.split()) <= 4 for name in names)


@pytest.mark.parametrize(
    ("file", "k", "customers"),
    [
        ("credit_card/cc_general.csv.gz", 6, 8_950),
        ("mall_customers/mall_customers.csv.gz", "auto", 200),
        ("segmentation_365/segmentation_data.csv.gz", 5, 2_000),
    ],
)
def test_customer_tables_give_segments_that_count(data, folders, file, k, customers):
    run = segmented(data / file, folders("table"), k=k)
    assert sum(segment["n"] for segment in run.segments) == customers
    assert len(run.segments) > 1
    assert substantial(run)
    assert well_named(run)
    assert not re.search(r"\b(trx|prc|mnt|oneoff)\b", " ".join(map(str, run.segments)))


def test_both_separators_of_the_personality_data_give_equal_segments(data, folders):
    files = ("marketing_campaign.csv.gz", "marketing_campaign_tab.csv.gz")
    one, other = (
        segmented(
            data / "customer_personality" / file,
            folders("personality"),
            k=4,
            settings={"segmentation": {"outcome": "Response", "algorithm": "kmeans"}},
        )
        for file in files
    )
    assert one.table("assignments").equals(other.table("assignments"))
    told = [[(s["name"], s["n"], s["description"]) for s in run.segments] for run in (one, other)]
    assert told[0] == told[1]
    assert substantial(one)
    assert well_named(one)
    messages = [f["message"] for f in one.quality["tables"]["customers"]["findings"]]
    assert "Income is missing for 24 customers." in messages


def test_the_blanks_of_the_telephone_data_are_missing_and_not_text(data, folders):
    run = segmented(
        data / "telco_churn" / "telco_customer_churn.csv.gz",
        folders("telco"),
        k=4,
        settings={"segmentation": {"outcome": "Churn", "algorithm": "kmeans"}},
    )
    customers = run.quality["tables"]["customers"]
    assert (customers["rows_in"], customers["accepted"]) == (7_043, 7_043)
    messages = [finding["message"] for finding in customers["findings"]]
    assert "TotalCharges is missing for 11 customers." in messages
    charges = run.table("features").column("TotalCharges").to_numpy(zero_copy_only=False)
    assert int(np.isnan(charges.astype(float)).sum()) == 11
    assert np.nansum(charges.astype(float)) == pytest.approx(16_056_168.70)
    assert well_named(run)
    assert substantial(run)
