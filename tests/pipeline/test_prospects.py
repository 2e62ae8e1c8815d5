"""Type in a person: the two forms of the source reports end to end, and a classifier with orders.

The printed example of the card report is not at hand; a typical card holder stands in for it.
"""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pyarrow.csv
import pytest

from coterie.api import Project
from coterie.errors import NotReadyError, ParameterError
from coterie.sources.shop import write_shop

SHOP_365 = """
[project]
name = "shop-365"
currency = "USD"
[sources.customers]
file = "people.csv"
key = "ID"
[columns.Sex]
labels = { 0 = "male", 1 = "female" }
[columns."Marital status"]
labels = { 0 = "single", 1 = "non-single" }
[columns.Education]
kind = "ordinal"
labels = { 0 = "other", 1 = "high school", 2 = "university", 3 = "graduate school" }
[columns.Occupation]
kind = "ordinal"
labels = { 0 = "unskilled", 1 = "skilled", 2 = "management" }
[columns."Settlement size"]
kind = "ordinal"
labels = { 0 = "small", 1 = "mid-sized", 2 = "big city" }
[columns.Income]
unit = "USD a year"
[segmentation]
algorithm = "latent-class"
k = 3
"""
CARDS = """
[project]
name = "cards"
currency = "USD"
[sources.customers]
file = "cards.csv"
key = "CUST_ID"
[columns.TENURE]
kind = "ordinal"
unit = "months"
[segmentation]
algorithm = "kmeans"
k = 4
[predict.ask]
risk_appetite = ["low", "medium", "high"]
financial_goal = []
"""
MANAGER = {
    "ID": "100000777",
    "Sex": "female",
    "Marital status": "single",
    "Age": 44,
    "Education": "university",
    "Income": "250,000",
    "Occupation": "management",
    "Settlement size": "big city",
}
WORKER = MANAGER | {
    "ID": "100000778",
    "Education": 1,
    "Income": 75_000,
    "Occupation": "unskilled",
    "Settlement size": "small",
}


def unpack(source: Path, target: Path, rows: int) -> None:
    """Write the head of a packed CSV."""
    with gzip.open(source, "rt", encoding="utf-8") as file:
        lines = [line for _, line in zip(range(rows + 1), file, strict=False)]
    target.write_text("".join(lines), encoding="utf-8")


@pytest.fixture(scope="module")
def shop_365(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("365")
    unpack(data / "segmentation_365" / "segmentation_data.csv.gz", folder / "people.csv", 800)
    (folder / "coterie.toml").write_text(SHOP_365)
    Project(folder).run()
    return Project(folder)


@pytest.fixture(scope="module")
def cards(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("cards")
    unpack(data / "credit_card" / "cc_general.csv.gz", folder / "cards.csv", 600)
    (folder / "coterie.toml").write_text(CARDS)
    Project(folder).run()
    return Project(folder)


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop whose segments come from orders, so that only a classifier can tell prospects."""
    folder = tmp_path_factory.mktemp("orders")
    write_shop(folder, customers=400, seed=5, tables=["orders", "customers"])
    columns = ("customer_id", "timestamp", "order_id", "product_id", "quantity", "unit_price")
    mapping = ", ".join(f'{name} = "{name}"' for name in columns)
    (folder / "coterie.toml").write_text(
        f'[sources.orders]\nfile = "orders.parquet"\ncolumns = {{ {mapping} }}\n'
        '[sources.customers]\nfile = "customers.parquet"\nkey = "customer_id"\n'
        '[segmentation]\nk = 3\nalgorithm = "kmeans"\n'
    )
    Project(folder).run()
    return Project(folder)


def test_the_365_form_answers_in_words_with_chance_and_reasons(shop_365):
    found = shop_365.predict([MANAGER, WORKER], tier_by="Income")
    manager, worker = found.rows
    assert (manager["id"], manager["tier"]) == ("100000777", "highly potential customer")
    assert (worker["id"], worker["tier"]) == ("100000778", "not potential")
    for row in found.rows:
        assert row["by"] == "model"
        assert row["probability"] > 0.9
        assert sum(row["chances"].values()) == pytest.approx(1.0, abs=1e-5)
        assert row["problems"] == []
        assert row["segment_name"] == shop_365_names(shop_365)[row["segment_id"]]
    assert any(
        reason.startswith("Occupation: management, not skilled") for reason in manager["reasons"]
    )
    fields = {field.name: field for field in found.form.fields}
    assert list(fields) == [
        "Sex", "Marital status", "Age", "Education", "Income", "Occupation", "Settlement size",
    ]  # fmt: skip
    assert not fields["Age"].used  # protected, and not taken in
    assert fields["Occupation"].choices[2] == ("2", "management")


def shop_365_names(project: Project) -> dict[str, str]:
    return {one["id"]: one["name"] for one in project.latest.segments}


def test_every_customer_typed_in_gets_the_segment_of_the_run(shop_365, cards):
    for project, file, key in ((shop_365, "people.csv", "ID"), (cards, "cards.csv", "CUST_ID")):
        with (project.folder / file).open(encoding="utf-8") as lines:
            people = list(csv.DictReader(lines))[:300]
        placed = project.latest.table("assignments").to_pylist()
        known = {row["customer_id"]: (row["segment_id"], round(row["margin"], 6)) for row in placed}
        for row in project.predict(people).rows:
            assert (row["segment_id"], row["margin"]) == known[row["id"]], key


def test_the_card_form_of_17_fields_takes_a_typical_holder(cards):
    first = {field.name: field.example for field in cards.predict([]).form.fields}
    holder = {name: text.split()[0] for name, text in first.items() if text}
    goals = {"risk_appetite": "Medium", "financial_goal": "a house"}
    (row,) = cards.predict([{"CUST_ID": "C90001", **holder, **goals}]).rows
    assert len(holder) == 17
    golden = {
        "id": "C90001",
        "by": "model",
        "problems": [],
        "extra": {"risk_appetite": "medium", "financial_goal": "a house"},
        "probability": None,
    }
    assert {name: row[name] for name in golden} == golden
    assert row["probability_reason"]
    assert row["segment_name"] == "Frequent purchases"
    assert row["reasons"] == ["BALANCE_FREQUENCY: 1", "BALANCE: 1,525.21"]


def test_a_file_of_people_gives_what_typing_them_gives(shop_365, tmp_path):
    people = [MANAGER, WORKER, MANAGER | {"ID": "3", "Income": -1}]
    lines = tmp_path / "people.jsonl"
    lines.write_text("\n".join(json.dumps(one | {"shoe size": 40}) for one in people))
    table = tmp_path / "people.csv"
    pyarrow.csv.write_csv(
        pyarrow.Table.from_pylist([{k: str(v) for k, v in one.items()} for one in people]), table
    )
    typed = shop_365.predict(people).rows
    assert shop_365.predict(lines).rows == typed
    assert shop_365.predict(str(table)).rows == typed
    assert typed[2]["segment_id"] is typed[2]["probability"] is None
    assert [one["field"] for one in typed[2]["problems"]] == ["Income"]


def test_a_classifier_of_the_models_own_columns_raises_the_alarm(shop_365):
    found = shop_365.predict([MANAGER], label="segment")
    assert found.by == "prospects"
    (leak, *_) = found.about["leaks"]
    assert (leak["code"], leak["level"]) == ("circular", "alarm")
    assert leak["columns"] == ["Education", "Income", "Occupation", "Settlement size"]
    assert "Do not trust these scores yet" in found.page.read_text(encoding="utf-8")
    assert found.rows[0]["segment_id"] == shop_365.predict([MANAGER]).rows[0]["segment_id"]


def test_with_orders_a_classifier_answers_with_honest_scores(orders):
    found = orders.predict([])
    proof = found.about["proof"]
    assert found.by == "prospects"
    assert found.about["leaks"] == []
    assert proof["test"]["n"] + proof["n_train"] == found.about["customers"]
    person = {field.name: field.example.split()[0] for field in found.form.fields if field.required}
    (row,) = orders.predict([person]).rows
    assert row["id"] == "1"
    assert row["by"] == "prospects"
    assert row["probability"] == max(row["chances"].values())
    assert row["segment_id"] in shop_365_names(orders)
    page = found.page.read_text(encoding="utf-8")
    for words in ("Nested cross-validation", "Always the largest class", "What it hangs on"):
        assert words in page


def test_what_is_kept_is_made_once(shop_365):
    one, two = shop_365.predict([]), shop_365.predict([WORKER])
    assert one.page == two.page
    assert one.about == two.about


def test_what_cannot_be_asked_is_refused_by_name(shop_365, tmp_path):
    with pytest.raises(ParameterError, match="Incom"):
        shop_365.predict([], label="Incom")
    with pytest.raises(ParameterError, match="Known: Age, Education, Income"):
        shop_365.predict([], tier_by="Sex")
    (tmp_path / "coterie.toml").write_text(SHOP_365)
    with pytest.raises(NotReadyError, match="no run"):
        Project(tmp_path).predict([])
