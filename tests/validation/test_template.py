"""The commented coterie.toml and the DVC pipeline say what was proposed, and parse."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.config import load_settings
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.schema import ColumnParams
from coterie.sources.base import Source
from coterie.validation.infer import propose
from coterie.validation.proposal import (
    AttributeProposal,
    ColumnProposal,
    Missing,
    Proposal,
)
from coterie.validation.template import dvc_yaml, project_toml, toml_key, toml_string


@cache
def of_file(path: Path) -> tuple[Source, Proposal]:
    with DuckDB() as db:
        db.create("raw", f"SELECT * FROM read_csv({literal(str(path))}, all_varchar = true)")
        return Source(file=path.name), propose(db, "raw")


def orders(**mapping: str) -> Proposal:
    columns = tuple(ColumnProposal(ours, theirs, 1.0, "said") for ours, theirs in mapping.items())
    return Proposal("orders", 1.0, "said", 3, columns, missing=(), unused=())


def test_online_retail_gives_the_settings_of_the_contract(data: Path):
    pair = of_file(data / "online_retail" / "online_retail.csv.gz")
    settings = tomllib.loads(project_toml("online-retail", [pair]))
    assert settings["project"] == {"name": "online-retail", "timezone": "UTC", "currency": "GBP"}
    section = settings["sources"]["orders"]
    source = Source(**section)  # unknown keys would be errors
    assert source.mapping() == pair[1].mapping()
    assert (source.file, source.returns, source.duplicates) == (
        "online_retail.csv.gz", "net", "keep",
    )  # fmt: skip
    assert source.free_orders is False
    assert source.service_codes == pair[1].service_codes
    assert settings["segmentation"] == {
        "lens": "value", "horizon": "90d", "k": "auto", "seed": 0,
    }  # fmt: skip


def test_a_customer_table_gives_key_columns_and_no_lens(data: Path):
    pair = of_file(data / "mall_customers" / "mall_customers.csv.gz")
    text = project_toml("mall", [pair])
    parsed = tomllib.loads(text)
    assert parsed["sources"]["customers"] == {"file": "mall_customers.csv.gz", "key": "CustomerID"}
    assert parsed["columns"] == {
        "Annual Income (k$)": {"unit": "k$"},
        "Spending Score (1-100)": {"min": 1, "max": 100},
    }
    assert all(ColumnParams(**column) for column in parsed["columns"].values())
    assert parsed["segmentation"] == {
        "k": "auto", "seed": 0, "outcome": "", "include_protected": [],
    }  # fmt: skip
    assert "left out: 'Gender', 'Age'" in text


def test_every_setting_stands_under_a_comment_on_why(data: Path):
    pair = of_file(data / "online_retail" / "online_retail.csv.gz")
    lines = project_toml("online-retail", [pair]).splitlines()
    for before, line in pairwise(lines):
        if " = " in line and not line.startswith(("#", "name", "file")):
            assert before.startswith("#"), line


def test_a_source_that_lacks_a_column_is_commented_out_and_says_so(data: Path):
    pair = of_file(data / "womens_clothing_reviews" / "womens_clothing_reviews.csv.gz")
    text = project_toml("reviews", [pair])
    assert "sources" not in tomllib.loads(text)
    assert "# NOT USABLE YET: no column for customer_id (who), which texts need." in text
    section = text[text.index("# [sources.texts]") : text.index("[segmentation]")]
    settings = [line[2:] for line in section.splitlines() if " = " in line or "# [" in line]
    opened = tomllib.loads("\n".join(settings))["sources"]["texts"]
    assert opened["columns"] == {
        "customer_id": "?", "timestamp": "?", "text": "Review Text", "rating": "Rating",
    }  # fmt: skip


def test_missing_money_is_asked_for_by_its_name():
    found = Proposal(
        "orders", 0.4, "", 1, (ColumnProposal("customer_id", "c", 1, ""),),
        missing=(Missing("amount", "no column for amount, nor for both"),), unused=(),
    )  # fmt: skip
    assert '# columns = { amount = "?", customer_id = "c" }' in project_toml(
        "x", [(Source(file="a.csv"), found)]
    )


@pytest.mark.parametrize(
    "file",
    [
        "online_retail/online_retail",
        "cdnow/cdnow_sample",
        "credit_card/cc_general",
        "mall_customers/mall_customers",
        "segmentation_365/segmentation_data",
        "customer_personality/marketing_campaign_tab",
        "telco_churn/telco_customer_churn",
    ],
)
def test_the_written_file_is_accepted_as_settings(data: Path, tmp_path: Path, file: str):
    source, found = of_file(data / f"{file}.csv.gz")
    (tmp_path / "coterie.toml").write_text(project_toml("p", [(source, found)]), encoding="utf-8")
    read = load_settings(tmp_path).sources[found.table or ""]
    assert read.mapping() == found.mapping()


def test_several_files_of_one_kind_get_names_of_their_own():
    two = [
        (Source(file="a.csv", separator=";"), orders(customer_id="c", timestamp="t", amount="a")),
        (Source(file="b.csv"), orders(customer_id="c", timestamp="t", amount="a")),
        (Source(file="odd.csv"), Proposal(None, 0, "it is a list", 1, (), (), ())),
    ]
    text = project_toml("x", two)
    sources = tomllib.loads(text)["sources"]
    assert list(sources) == ["orders", "orders_2"]
    assert (sources["orders"]["separator"], sources["orders_2"]["table"]) == (";", "orders")
    assert "# odd.csv is not used: it is a list." in text


def test_an_ambiguous_date_is_a_question_with_two_lines_to_choose_from():
    with DuckDB() as db:
        table = {"customer": ["a", "a"], "date": ["04/09/2012", "05/09/2012"], "amount": ["1", "2"]}
        db.load("raw", pa.table(table))
        text = project_toml("x", [(Source(file="a.csv"), propose(db, "raw"))])
    assert '# timestamp_format = "%d/%m/%Y"\n# timestamp_format = "%m/%d/%Y"' in text
    assert "timestamp_format" not in tomllib.loads(text)["sources"]["orders"]


odd_text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1)


@settings(max_examples=100, deadline=None)
@given(odd_text)
def test_any_text_survives_as_toml_string_and_key(text: str):
    assert tomllib.loads(f"{toml_key(text)} = {toml_string(text)}") == {text: text}


@settings(max_examples=60, deadline=None)
@given(odd_text, odd_text, odd_text)
def test_any_column_name_survives_in_mapping_key_and_columns(name: str, money: str, city: str):
    customers = Proposal(
        "customers", 1.0, name, 3, (ColumnProposal("customer_id", name, 1.0, money),), (), (),
        attributes=(AttributeProposal(city, name, kind="ordinal", unit=money),),
    )  # fmt: skip
    sold = orders(customer_id=name, timestamp="t", amount=money)
    text = project_toml(name, [(Source(file=city), customers), (Source(file=city), sold)])
    parsed = tomllib.loads(text)
    assert parsed["project"]["name"] == name
    assert parsed["sources"]["customers"] == {"file": city, "key": name}
    assert parsed["sources"]["orders"]["columns"] == sold.mapping()
    assert parsed["columns"] == {city: {"kind": "ordinal", "unit": money}}


def test_dvc_watches_files_and_the_folder_of_a_glob():
    text = dvc_yaml(["orders.csv", "parts/2024/*.parquet", 'a "b" ${x}.csv'])
    deps = text[text.index("deps:") : text.index("metrics:")].split("- ")[1:]
    assert [json.loads(dep.replace("\\\\$", "$")) for dep in deps] == [
        "coterie.toml", "orders.csv", "parts/2024", 'a "b" ${x}.csv',
    ]  # fmt: skip
    assert "always_changed" not in text
    assert "always_changed: true" in dvc_yaml([], database=True)
