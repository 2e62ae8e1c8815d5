"""Facts of the real data sets, as their description states them."""

import pytest

from coterie.schema import ColumnParams
from coterie.sources.base import Source
from coterie.validation.build import build_tables

RETAIL = {
    "customer_id": "CustomerID",
    "order_id": "InvoiceNo",
    "timestamp": "InvoiceDate",
    "product_id": "StockCode",
    "product_name": "Description",
    "quantity": "Quantity",
    "unit_price": "UnitPrice",
    "country": "Country",
}
CODES = ("POST", "DOT", "M", "C2", "D", "BANK CHARGES")


def build(db, raw, source, columns=None):
    tables = build_tables(db, {raw.name: (raw, source)}, columns or {}, timezone="UTC")
    account = tables.quality["tables"][raw.table]
    assert account["rows_in"] == account["accepted"] + account["quarantined"]
    return tables, account


def test_online_retail(db, csv_of):
    raw = csv_of("orders", "online_retail/online_retail.csv.gz")
    _, account = build(db, raw, Source(columns=RETAIL, service_codes=CODES))
    assert (account["rows_in"], account["accepted"]) == (541_909, 541_907)
    assert account["by_reason"] == {"bad_number": 2}
    found = {f["code"]: f for f in account["findings"]}
    assert found["guests"]["rows"] == 135_080 - 2
    assert found["exact_repeats"]["rows"] == 5_268
    ((cancelled, returned, unmatched_guests, free, total, pieces, days),) = db.rows(
        "SELECT count(*) FILTER (order_id LIKE 'C%'), count(*) FILTER (kind = 'return'), "
        "count(*) FILTER (customer_id IS NULL AND net_day IS NOT NULL), "
        "count(*) FILTER (amount_micros = 0), CAST(sum(amount_micros) AS BIGINT), "
        "CAST(sum(quantity_milli) AS BIGINT), count(DISTINCT day) FROM lines"
    )
    assert (cancelled, returned, unmatched_guests, free) == (9_288, 10_624, 0, 2_515)
    # both refused rows are -11,062.06 for one piece
    assert total == 9_747_747_934_000 + 2 * 11_062_060_000
    assert (pieces, days) == ((5_176_450 - 2) * 1000, 305)
    clean = (
        "FROM lines WHERE customer_id IS NOT NULL AND kind IN ('sale', 'service') "
        "AND order_id NOT LIKE 'C%'"
    )
    ((rows, customers, orders, revenue),) = db.rows(
        "SELECT count(*), count(DISTINCT customer_id), count(DISTINCT order_id), "
        f"CAST(sum(amount_micros) AS BIGINT) {clean}"
    )
    assert (rows, customers, orders, revenue) == (397_884, 4_338, 18_532, 8_911_407_904_000)

    check_giants(db, account)


def check_giants(db, account):
    """12346 and 16446 net to nothing, and the report says so without naming them."""
    left = dict(
        db.rows(
            "SELECT customer_id, CAST(coalesce(sum(amount_micros) FILTER (net_day IS NULL), 0) "
            "AS BIGINT) FROM lines WHERE customer_id IN ('12346', '16446') GROUP BY 1"
        )
    )
    assert left == {"12346": 0, "16446": 2_900_000}
    said = [f["message"] for f in account["findings"] if f["code"] == "cancelled_order"]
    assert said[:2] == [
        "Order 581483, 168,469.60, was cancelled 12 minutes later: it nets to 0.00. "
        "The customer nets to 2.90.",
        "Order 541431, 77,183.60, was cancelled 16 minutes later: it nets to 0.00. "
        "The customer nets to 0.00.",
    ]
    assert not any("12346" in message or "16446" in message for message in said)


def test_online_retail_without_duplicates(db, csv_of):
    raw = csv_of("orders", "online_retail/online_retail.csv.gz")
    source = Source(columns=RETAIL, service_codes=CODES, duplicates="drop", returns="drop")
    _, account = build(db, raw, source)
    assert account["by_reason"] == {"bad_number": 2, "duplicate_key": 5_268}
    ((rows, revenue),) = db.rows(
        "SELECT count(*), CAST(sum(amount_micros) AS BIGINT) FROM lines WHERE customer_id "
        "IS NOT NULL AND kind IN ('sale', 'service') AND order_id NOT LIKE 'C%'"
    )
    assert (rows, revenue) == (392_692, 8_887_208_894_000)


def test_cdnow_keeps_leading_zeros_and_reads_its_days(db, csv_of):
    raw = csv_of("orders", "cdnow/cdnow_master.csv.gz")
    columns = {
        "customer_id": "customer_id",
        "timestamp": "date",
        "quantity": "number_of_cds",
        "amount": "dollar_value",
    }
    _, account = build(db, raw, Source(columns=columns))
    assert account["accepted"] == 69_659
    assert {f["code"]: f["rows"] for f in account["findings"]}["exact_repeats"] == 255
    facts = db.rows(
        "SELECT min(customer_id), count(DISTINCT customer_id), count(DISTINCT (customer_id, day)), "
        "CAST(sum(amount_micros) AS BIGINT), CAST(sum(quantity_milli) AS BIGINT), "
        "count(*) FILTER (kind = 'free'), max(day) FROM lines"
    )
    assert facts == [("00001", 23_570, 67_591, 2_500_315_630_000, 167_881_000, 80, 10_407)]


def test_customer_personality_is_equal_from_both_files(db, csv_of):
    seen = []
    for name, separator in (("marketing_campaign", ";"), ("marketing_campaign_tab", "\t")):
        raw = csv_of("customers", f"customer_personality/{name}.csv.gz", separator=separator)
        tables, account = build(db, raw, Source(key="ID"))
        seen.append((tables.attributes, db.query("SELECT * FROM customers")))
        assert account["accepted"] == 2_240
    assert seen[0][0] == seen[1][0]
    assert seen[0][1].equals(seen[1][1])
    kinds = {a.name: a.kind for a in seen[0][0]}
    assert (kinds["Dt_Customer"], kinds["Response"], kinds["Education"]) == (
        "date",
        "flag",
        "category",
    )
    facts = db.rows(
        'SELECT count(*) - count("Income"), sum("MntWines"), min("Dt_Customer"), '
        'max("Dt_Customer"), count(*) FILTER ("Response") FROM customers'
    )
    assert facts == [(24, 680_816.0, 15_551, 16_250, 334)]
    constant = [f["message"] for f in account["findings"] if f["code"] == "constant"]
    assert [message.split()[0] for message in constant] == ["Z_CostContact", "Z_Revenue"]


def test_telco_has_blanks_in_total_charges(db, csv_of):
    raw = csv_of("customers", "telco_churn/telco_customer_churn.csv.gz")
    tables, _ = build(db, raw, Source(key="customerID"))
    ((missing, total, churned),) = db.rows(
        'SELECT count(*) - count("TotalCharges"), sum("TotalCharges"), '
        'count(*) FILTER ("Churn") FROM customers'
    )
    assert (missing, churned) == (11, 1_869)
    assert total == pytest.approx(16_056_168.70, abs=0.005)
    protected = {a.name for a in tables.attributes if a.protected}
    assert protected == {"gender", "SeniorCitizen", "Partner"}


def test_credit_card_and_365_keep_every_value(db, csv_of):
    raw = csv_of("customers", "credit_card/cc_general.csv.gz")
    build(db, raw, Source(key="CUST_ID"), {"TENURE": ColumnParams(kind="ordinal", unit="months")})
    assert db.rows(
        'SELECT count(*) - count("MINIMUM_PAYMENTS"), count(*) - count("CREDIT_LIMIT"), '
        'round(avg("BALANCE"), 3) FROM customers'
    ) == [(313, 1, 1_564.475)]
    raw = csv_of("customers", "segmentation_365/segmentation_data.csv.gz")
    labels = {"Sex": ColumnParams(labels={"0": "male", "1": "female"})}
    tables, _ = build(db, raw, Source(key="ID"), labels)
    assert db.rows('SELECT "Sex", count(*) FROM customers GROUP BY 1 ORDER BY 1') == [
        ("female", 914),
        ("male", 1_086),
    ]
    assert {a.name: a.role for a in tables.attributes}["Settlement size"] == "geography"
