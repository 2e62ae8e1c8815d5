"""The same orders give the same segments, whatever they were kept in."""

import json
import sqlite3

import openpyxl
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from coterie.api import Project
from coterie.config import make_settings
from coterie.sources.shop import write_shop


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder, customers=300, seed=3, tables=["orders"])
    return pq.read_table(folder / "orders.parquet")


def plain(rows):
    return [{name: str(v) if name == "timestamp" else v for name, v in row.items()} for row in rows]


def as_parquet(folder, orders):
    pq.write_table(orders, folder / "orders.parquet")
    return {"file": "orders.parquet"}


def as_csv(folder, orders):
    pyarrow.csv.write_csv(orders, folder / "orders.csv")
    return {"file": "orders.csv"}


def as_json_lines(folder, orders):
    rows = (json.dumps(row) for row in plain(orders.to_pylist()))
    (folder / "orders.jsonl").write_text("\n".join(rows))
    return {"file": "orders.jsonl"}


def as_excel(folder, orders):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("orders")
    sheet.append(orders.column_names)
    for row in orders.to_pylist():
        row["timestamp"] = row["timestamp"].replace(tzinfo=None)
        sheet.append(list(row.values()))
    book.save(folder / "orders.xlsx")
    return {"file": "orders.xlsx"}


def as_sqlite(folder, orders):
    marks = ",".join("?" * orders.num_columns)
    with sqlite3.connect(folder / "shop.db") as connection:
        connection.execute(f"CREATE TABLE orders ({','.join(orders.column_names)})")
        rows = (list(row.values()) for row in plain(orders.to_pylist()))
        connection.executemany(f"INSERT INTO orders VALUES ({marks})", rows)
    connection.close()
    return {"database": "sqlite:shop.db", "relation": "orders"}


def segments_of(folder, orders, source):
    columns = {name: name for name in orders.column_names}
    plain = {"k": 4, "algorithm": "kmeans", "lens": "custom"}
    plain["features"] = ["recency", "frequency", "monetary"]
    settings = make_settings(
        {"sources": {"orders": source | {"columns": columns}}, "segmentation": plain}
    )
    run = Project(folder, settings).run()
    return run.table("assignments"), run.quality["tables"]["orders"]["rows_in"]


@pytest.fixture(scope="module")
def expected(orders, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parquet")
    placed, rows = segments_of(folder, orders, as_parquet(folder, orders))
    assert rows == orders.num_rows
    return placed


@pytest.mark.parametrize("write", [as_csv, as_json_lines, as_excel, as_sqlite])
def test_every_kind_of_source_gives_the_same_segments(write, orders, expected, tmp_path):
    placed, rows = segments_of(tmp_path, orders, write(tmp_path, orders))
    assert rows == orders.num_rows
    assert placed.equals(expected)


@pytest.mark.integration
def test_a_postgresql_table_gives_the_same_segments(
    orders, expected, tmp_path, postgres_uri, monkeypatch
):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres_uri) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("agreeing_orders", orders, mode="create")
        connection.commit()
    monkeypatch.setenv("SHOP_URL", postgres_uri)
    source = {"database": "env:SHOP_URL", "relation": "agreeing_orders"}
    placed, rows = segments_of(tmp_path, orders, source)
    assert rows == orders.num_rows
    assert placed.equals(expected)
