"""The bank's example catalogue on the real card data: who gets what, and who is kept from debt."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from coterie import Project
from coterie.errors import ParameterError
from coterie.offers.examples import catalogue_text
from coterie.offers.kept_plan import Planned

CARDS = """
[project]
name = "cards"
currency = "USD"
[sources.customers]
file = "{file}"
key = "CUST_ID"
[segmentation]
algorithm = "rules"
[[segmentation.rules]]
name = "Cash users"
where = "CASH_ADVANCE > PURCHASES AND BALANCE > 1500"
[[segmentation.rules]]
name = "Rarely active"
where = "BALANCE_FREQUENCY < 0.6"
[[segmentation.rules]]
name = "Instalment buyers"
where = "INSTALLMENTS_PURCHASES > ONEOFF_PURCHASES"
[[segmentation.rules]]
name = "Big spenders"
where = "PURCHASES > 2500"
[[segmentation.rules]]
name = "The rest"
"""
CREDIT = {"instalments", "loan"}


@pytest.fixture(scope="module")
def project(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("cards")
    file = (data / "credit_card" / "cc_general.csv.gz").as_posix()
    (folder / "coterie.toml").write_text(CARDS.format(file=file) + catalogue_text("bank"))
    made = Project(folder)
    made.run()
    return made


@pytest.fixture(scope="module")
def plan(project: Project) -> Planned:
    return project.plan_offers()


@pytest.fixture(scope="module")
def rows(plan: Planned, data: Path) -> pd.DataFrame:
    people = pd.read_csv(data / "credit_card" / "cc_general.csv.gz")
    return people.merge(
        plan.table.to_pandas(), how="left", left_on="CUST_ID", right_on="customer_id"
    )


def held_back(rows: pd.DataFrame) -> pd.Series:
    """Tell by hand who is to be offered no more debt; the unknown is a reason too."""
    seldom = (rows.CASH_ADVANCE <= 0.25 * rows.PURCHASES) & (rows.CASH_ADVANCE_FREQUENCY < 0.25)
    seldom &= rows.CASH_ADVANCE <= 0.1 * rows.CREDIT_LIMIT
    room = rows.BALANCE <= 0.5 * rows.CREDIT_LIMIT
    return ~(seldom & room & (rows.PAYMENTS >= rows.MINIMUM_PAYMENTS))


def test_no_one_of_all_8950_is_offered_debt_that_a_guard_keeps_back(rows: pd.DataFrame) -> None:
    assert len(rows) == 8950
    credit = rows.offer_id.isin(CREDIT)
    assert credit.sum() > 500
    assert not (credit & held_back(rows)).any()
    unknown = rows.MINIMUM_PAYMENTS.isna() | rows.CREDIT_LIMIT.isna()
    assert unknown.sum() == 314
    assert not (credit & unknown).any()


def test_guards_are_what_keeps_them_back_and_the_summary_counts_it(
    plan: Planned, rows: pd.DataFrame
) -> None:
    asked = rows.ONEOFF_PURCHASES.ge(500) & (rows.INSTALLMENTS_PURCHASES < rows.ONEOFF_PURCHASES)
    offer = next(row for row in plan.summary["offers"] if row["id"] == "instalments")
    assert offer["guarded"] == int((asked & held_back(rows)).sum())
    assert offer["eligible"] == int((asked & ~held_back(rows)).sum())
    assert set(offer["guards"]) == {"cash_advance", "utilisation", "payments"}
    assert min(offer["guards"].values()) > 0


def test_only_a_rule_of_the_catalogue_lifts_a_guard(project: Project, rows: pd.DataFrame) -> None:
    text = (project.folder / "coterie.toml").read_text()
    lifted = text.replace('id = "loan"', 'id = "loan"\nallow = ["cash_advance"]')
    folder = project.folder
    try:
        (folder / "coterie.toml").write_text(lifted)
        summary = Project(folder).plan_offers().summary
    finally:
        (folder / "coterie.toml").write_text(text)
    loan = next(row for row in summary["offers"] if row["id"] == "loan")
    assert loan["guards_lifted"] == ["cash_advance"]
    assert set(loan["guards"]) == {"utilisation", "payments"}
    del rows


def test_every_segment_leads_with_an_offer_of_its_own_and_says_why(plan: Planned) -> None:
    segments = plan.summary["segments"]
    leading = [segment["offers"][0]["offer_id"] for segment in segments]
    assert len(segments) == 5
    assert len(set(leading)) == 5
    for segment in segments:
        assert all(len(one["reason"]) > 30 for one in segment["offers"])
        assert segment["planned"] + sum(segment["without"].values()) == segment["n"]


def test_capacities_hold_and_every_offer_keeps_a_control(plan: Planned) -> None:
    for row in plan.summary["offers"]:
        assert row["capacity"] is None or row["contacts"] <= row["capacity"]
        assert row["planned"] == 0 or row["control"] >= 0.1 * row["planned"]
        assert row["answers"]["status"] == "untested"


def test_what_is_untested_is_called_so_and_shown_without_an_effect(plan: Planned) -> None:
    page = plan.report.read_text(encoding="utf-8")
    assert "Untested: it was never tried." in page
    assert "more answer (" not in page
    assert all("Untested" in reason for reason in set(plan.table["reason"].to_pylist()))


def test_credit_refuses_a_protected_attribute_of_the_real_columns(project: Project) -> None:
    offers = [{"id": "x", "kind": "credit", "eligible": "AGE > 30"}]
    given = project.settings.model_dump(mode="json") | {"offers": offers}
    with pytest.raises(ParameterError, match="'AGE' is not known"):
        Project(project.folder, type(project.settings)(**given)).plan_offers()
