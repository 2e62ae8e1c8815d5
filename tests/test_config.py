"""Settings: who wins, what is read, and the one clear error for what is not known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config import ProjectParams, Settings, load_settings, make_settings
from coterie.errors import CoterieError, NotReadyError, ParameterError
from coterie.features.level1 import Rules
from coterie.schema import INPUT_TABLES, ColumnParams
from coterie.segmentation.base import AnyLens, SegmentationParams
from coterie.sources.base import Source

ORDERS = """
threads = 2
memory_limit = "4GB"
[project]
name = "online-retail"
timezone = "Europe/London"
currency = "GBP"
[sources.orders]
file = "online_retail.csv.gz"
format = "csv"
separator = ";"
encoding = "cp1252"
decimal = ","
columns = { customer_id = "CustomerID", timestamp = "InvoiceDate" }
timestamp_format = "%d/%m/%Y"
returns = "drop"
duplicates = "drop"
free_orders = true
service_codes = ["POST", "BANK CHARGES"]
max_text = 500
[sources.tills]
table = "orders"
database = "sqlite:tills.db"
relation = "lines"
returns = "drop"
free_orders = true
[sources.old]
table = "events"
file = "old.xlsx"
sheet = "2019"
[segmentation]
lens = "value"
algorithm = "kmeans"
features = ["recency", "monetary"]
horizon = "13w"
k = [4, 9]
seed = 7
outcome = "churned"
include_protected = ["age"]
frequency = "orders"
[[features]]
name = "big_basket_share"
expr = "big_orders / NULLIF(orders, 0)"
label = "Share of orders over 500"
[[measures]]
name = "big_orders"
over = "orders"
reduce = "sum"
expr = "CASE WHEN net_micros > 500000000 THEN 1 ELSE 0 END"
"""
CARDS = """
[project]
name = "cards"
currency = "USD"
[sources.customers]
file = "cc_general.csv.gz"
key = "CUST_ID"
[columns.TENURE]
kind = "ordinal"
unit = "months"
label = "Months"
labels = { "6" = "half a year" }
[columns.CREDIT_LIMIT]
min = 0
max = 30000.5
protected = false
[segmentation]
outcome = ""
include_protected = []
"""


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("COTERIE_"):
            monkeypatch.delenv(name)


def read(folder: Path, toml: str | bytes, flags: dict[str, Any] | None = None) -> Settings:
    content = toml.encode() if isinstance(toml, str) else toml
    (folder / "coterie.toml").write_bytes(content)
    return load_settings(folder, flags)


def nested(path: str, value: object) -> dict[str, Any]:
    for part in reversed(path.split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    return value


def at(settings: Settings, path: str) -> object:
    found: Any = settings
    for part in path.split("."):
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    return found


def test_every_setting_of_an_order_project_is_read(tmp_path: Path) -> None:
    settings = read(tmp_path, ORDERS)
    assert (settings.threads, settings.memory_limit) == (2, "4GB")
    assert settings.project == ProjectParams(
        name="online-retail", timezone="Europe/London", currency="GBP"
    )
    assert settings.sources["orders"] == Source(
        file="online_retail.csv.gz",
        format="csv",
        separator=";",
        encoding="cp1252",
        decimal=",",
        columns={"customer_id": "CustomerID", "timestamp": "InvoiceDate"},
        timestamp_format="%d/%m/%Y",
        returns="drop",
        duplicates="drop",
        free_orders=True,
        service_codes=("POST", "BANK CHARGES"),
        max_text=500,
    )
    assert settings.segmentation == SegmentationParams(
        lens="value",
        algorithm="kmeans",
        features=("recency", "monetary"),
        horizon="13w",
        k=(4, 9),
        seed=7,
        outcome="churned",
        include_protected=("age",),
        frequency="orders",
    )
    (feature,), (measure,) = settings.features, settings.measures
    assert (feature.name, feature.label) == ("big_basket_share", "Share of orders over 500")
    assert (measure.over, measure.reduce) == ("orders", "sum")
    assert [settings.table_of(name) for name in settings.sources] == ["orders", "orders", "events"]
    assert settings.rules == Rules("drop", True, "Europe/London")


def test_every_setting_of_a_customer_project_is_read(tmp_path: Path) -> None:
    settings = read(tmp_path, CARDS)
    assert settings.sources["customers"].mapping() == {"customer_id": "CUST_ID"}
    assert settings.columns == {
        "TENURE": ColumnParams(
            kind="ordinal", unit="months", label="Months", labels={"6": "half a year"}
        ),
        "CREDIT_LIMIT": ColumnParams(min=0.0, max=30_000.5, protected=False),
    }
    assert settings.rules == Rules("net", False, "UTC")


def test_without_a_word_the_defaults_hold(tmp_path: Path) -> None:
    settings = read(tmp_path, "")
    assert settings == Settings()
    assert settings.segmentation.k == "auto"
    assert settings.project.timezone == "UTC"
    with pytest.raises(NotReadyError, match=r"no sources\. Make them: coterie init"):
        settings.check_ready()


PRECEDENCE = [
    # setting, default, as TOML and what it reads as, as a variable and what it reads as, flag
    ("project.timezone", "UTC", '"Asia/Tokyo"', "Asia/Tokyo", "Europe/Rome", "Europe/Rome", "Zulu"),
    ("project.currency", "", '"EUR"', "EUR", "GBP", "GBP", "USD"),
    ("segmentation.k", "auto", "3", 3, "5", 5, 7),
    ("segmentation.k", "auto", "[3, 5]", (3, 5), "[4, 9]", (4, 9), "auto"),
    ("segmentation.seed", 0, "1", 1, "2", 2, 3),
    ("segmentation.lens", "auto", '"value"', "value", "behaviour", "behaviour", "custom"),
    ("segmentation.features", (), '["a"]', ("a",), '["b", "c"]', ("b", "c"), ("d",)),
    ("threads", None, "1", 1, "2", 2, 3),
    ("memory_limit", "", '"1GB"', "1GB", "2GB", "2GB", "3GB"),
]


@pytest.mark.parametrize("case", PRECEDENCE, ids=[case[0] for case in PRECEDENCE])
def test_defaults_give_way_to_the_file_the_environment_and_flags_in_this_order(
    case: tuple[Any, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, default, toml, in_file, variable, in_variable, flag = case
    file, flags = f"{path} = {toml}", nested(path, flag)
    assert at(read(tmp_path, ""), path) == default
    assert at(read(tmp_path, file), path) == in_file
    assert at(read(tmp_path, file, flags), path) == flag
    monkeypatch.setenv("COTERIE_" + path.upper().replace(".", "__"), variable)
    assert at(read(tmp_path, ""), path) == in_variable
    assert at(read(tmp_path, file), path) == in_variable
    assert at(read(tmp_path, file, flags), path) == flag


def test_what_wins_replaces_one_setting_and_not_its_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COTERIE_SEGMENTATION__K", "6")
    monkeypatch.setenv("COTERIE_SOURCES__ORDERS__FILE", "today.csv")
    settings = read(tmp_path, ORDERS, {"segmentation": {"seed": 1}})
    whole = read(tmp_path, ORDERS).segmentation
    assert settings.segmentation == whole.model_copy(update={"k": 6, "seed": 1})
    assert settings.sources["orders"].file == "today.csv"
    assert settings.sources["orders"].separator == ";"
    assert set(settings.sources) == {"orders", "tills", "old"}


@given(
    st.dictionaries(st.sampled_from(["k", "seed"]), st.integers(2, 50)),
    st.dictionaries(st.sampled_from(["k", "seed"]), st.integers(2, 50)),
)
def test_the_last_word_is_the_value(file: dict[str, int], flags: dict[str, int]) -> None:
    found = make_settings({"segmentation": file}, {"segmentation": flags}).segmentation
    assert found == SegmentationParams(**{**file, **flags})


UNKNOWN = {
    "a section": ("[segmentatoin]\nk = 3", "segmentation"),
    "a key at the top": ("thread = 3", "threads"),
    "a key of the project": ('[project]\ncurency = "EUR"', "currency"),
    "a key of a source": ('[sources.orders]\nfile = "a"\nduplicate = "drop"', "duplicates"),
    "a key of a column": ('[columns.A]\nknd = "number"', "kind"),
    "a key of the segmentation": ("[segmentation]\nhorizn = 3", "horizon"),
    "a key of a feature": ('[[features]]\nname="a"\nexpr="1"\nlabl="A"\nlabel="A"', "label"),
    "a key of a measure": ('[[measures]]\nname="a"\nover="lines"\nexpr="1"\nredce="sum"', "reduce"),
    "a lens": ('[segmentation]\nlens = "valu"', "value"),
    "a kind": ('[columns.A]\nkind = "numbr"', "number"),
    "a rule": ('[sources.orders]\nfile = "a"\nreturns = "nett"', "net"),
    "a format": ('[sources.orders]\nfile = "a"\nformat = "jsnl"', "jsonl"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_is_not_known_gets_one_error_with_the_nearest_match(case: str, tmp_path: Path) -> None:
    toml, nearest = UNKNOWN[case]
    with pytest.raises(ParameterError) as error:
        read(tmp_path, toml)
    said = error.value
    assert said.message.startswith(f"{tmp_path / 'coterie.toml'}: ")
    assert "not" in said.message
    assert "known" in said.message
    assert nearest in said.allowed.removeprefix("Known: ").rstrip(".").split(", ")
    assert said.hint == f"Did you mean {nearest!r}?"
    assert "\n" not in str(said)
    assert "pydantic" not in str(said)


def test_the_values_that_are_known_are_all_named_and_nothing_else(tmp_path: Path) -> None:
    for section, line, known in [
        ("segmentation", 'lens = "x"', ", ".join(sorted(get_args(AnyLens)))),
        ("sources.orders", 'format = "xml"', "csv, excel, jsonl, parquet"),
        ("sources.orders", 'decimal = ";"', "',', '.'"),
    ]:
        with pytest.raises(ParameterError) as error:
            read(tmp_path, f"[{section}]\n{line}")
        assert error.value.allowed == f"Known: {known}."


WRONG = {
    'name = 3': ("project", "project.name must be text in quotes (given: '3')"),
    'timezone = "Mars"': ("project", "a time zone; write one like UTC or Europe/London"),
    'seed = "x"': ("segmentation", "segmentation.seed must be a whole number (given: 'x')"),
    'seed = -1': ("segmentation", "segmentation.seed must be greater than or equal to 0"),
    'k = true': ("segmentation", "k=True. k is 'auto', 2 to 50, or a range [4, 9]."),
    'k = 3.5': ("segmentation", "k=3.5. k is 'auto', 2 to 50"),
    'k = [9, 4]': ("segmentation", "k=[9, 4]. k is 'auto', 2 to 50"),
    'horizon = "90"': ("segmentation", "horizon='90'. Write 1d to 730d, or weeks like 13w."),
    'include_protected = "age"': ("segmentation", "must be a list in brackets (given: 'age')"),
    'min = "x"': ("columns.A", "columns.A.min must be a number (given: 'x')"),
    'min = nan': ("columns.A", "columns.A.min must be a finite number"),
    'min = 3\nmax = 2': ("columns.A", "columns.A has min = 3 above max = 2"),
    'columns = { customer_id = 3 }': ("sources.orders", "customer_id must be text in quotes"),
    'free_orders = "perhaps"': ("sources.orders", "free_orders must be true or false"),
    'service_codes = "POST"': ("sources.orders", "service_codes must be a list in brackets"),
    'max_text = 0': ("sources.orders", "max_text must be greater than or equal to 1"),
    'returns = "net"': ("sources.orders", "[sources.orders] needs either file or database."),
    'memory_limit = "lots"': ("", "memory_limit must be written like 4GB"),
    "columns = 3": ("", "columns must be a section, such as [segmentation]"),
    '[[features]]\nname = "a"': ("", "features.0.expr is missing"),
    'file = "a"': ("sources.shop", "[sources.shop] does not say which table its rows belong to."),
}  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_value_gets_one_error_with_place_and_what_would_do(
    line: str, tmp_path: Path
) -> None:
    section, says = WRONG[line]
    with pytest.raises(ParameterError) as error:
        read(tmp_path, f"[{section}]\n{line}\n" if section else line)
    assert says in str(error.value)
    assert str(error.value).startswith(f"{tmp_path / 'coterie.toml'}: ")
    assert error.value.where


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[project\nname = 'a'", r"not valid TOML: Expected '\]'.*line 1"),
        ("[project]\nname = 'a'\nname = 'b'", r"not valid TOML: Cannot overwrite a value"),
        ("name = 'Ä'".encode("latin-1"), r"not valid TOML: 'utf-8'.*Save it as UTF-8"),
        ("[project]".encode("utf-16"), r"not valid TOML: 'utf-8'.*Save it as UTF-8"),
    ],
)
def test_what_is_no_toml_is_said_with_the_file(
    toml: str | bytes, says: str, tmp_path: Path
) -> None:
    with pytest.raises(ParameterError, match=says) as error:
        read(tmp_path, toml)
    assert error.value.where == str(tmp_path / "coterie.toml")


def test_a_byte_order_mark_as_windows_writes_it_is_no_error(tmp_path: Path) -> None:
    settings = read(tmp_path, b'\xef\xbb\xbf[project]\r\nname = "Gr\xc3\xb6\xc3\x9fe"\r\n')
    assert settings.project.name == "Größe"


def test_a_file_that_cannot_be_read_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"There is no coterie\.toml.*coterie init FILE"):
        load_settings(tmp_path)
    (tmp_path / "coterie.toml").mkdir()
    with pytest.raises(CoterieError, match=r"coterie\.toml cannot be read: Is a directory"):
        load_settings(tmp_path)


VARIABLES = [
    ("COTERIE_THREADS", "two", "COTERIE_THREADS: threads must be a whole number"),
    ("COTERIE_SEGMENTATION__K", "1", "COTERIE_SEGMENTATION__K: k=1. k is 'auto'"),
    ("COTERIE_SEGMENTATION__SED", "1", "Did you mean 'seed'?"),
    ("COTERIE_SEGMENTATON__K", "5", "Did you mean COTERIE_SEGMENTATION?"),
    ("COTERIE_TREADS", "2", "Did you mean COTERIE_THREADS?"),
    ("COTERIE_SEGMENTATION", "{k", "COTERIE_SEGMENTATION is not JSON"),
]


@pytest.mark.parametrize(("name", "value", "says"), VARIABLES, ids=[v[0] for v in VARIABLES])
def test_a_wrong_variable_is_named(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ParameterError) as error:
        make_settings({})
    assert says in str(error.value)
    assert name.partition("__")[0] in str(error.value)


def test_variables_of_ours_that_are_no_settings_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COTERIE_DATA", "/somewhere")
    monkeypatch.setenv("COTERIE_REQUIRE", "all")
    assert make_settings({}) == Settings()


def test_what_bounds_the_machine_changes_no_result() -> None:
    plain, bound = make_settings({}), make_settings({"threads": 1, "memory_limit": "1GB"})
    assert plain.result_bearing == bound.result_bearing
    assert plain.model_bearing == bound.model_bearing


def test_a_model_depends_on_rules_and_not_on_where_the_rows_lie(tmp_path: Path) -> None:
    one = read(tmp_path, ORDERS)
    moved = read(tmp_path, ORDERS, {"sources": {"orders": {"file": "elsewhere.csv"}}})
    renamed = read(tmp_path, ORDERS, {"project": {"name": "other"}})
    stricter = read(tmp_path, ORDERS, {"sources": {"orders": {"duplicates": "keep"}}})
    assert one.model_bearing == moved.model_bearing == renamed.model_bearing
    assert one.model_bearing != stricter.model_bearing
    assert one.result_bearing != moved.result_bearing


@pytest.mark.parametrize("table", INPUT_TABLES)
def test_a_source_may_have_the_name_of_its_table_or_say_it(table: str) -> None:
    short = make_settings({"sources": {table: {"file": "a"}}})
    said = make_settings({"sources": {"mine": {"file": "a", "table": table}}})
    assert short.table_of(table) == said.table_of("mine") == table


def test_features_without_orders_are_refused() -> None:
    feature = {"name": "a", "expr": "1", "label": "A"}
    customers = {"sources": {"customers": {"file": "a"}}}
    with pytest.raises(ParameterError, match=r"need orders, and there is no source of orders"):
        make_settings({**customers, "features": [feature]})


def test_order_sources_that_count_differently_are_refused(tmp_path: Path) -> None:
    settings = read(tmp_path, ORDERS, {"sources": {"tills": {"returns": "net"}}})
    with pytest.raises(ParameterError, match=r"differ in returns or free_orders"):
        _ = settings.rules
