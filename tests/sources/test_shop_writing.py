"""Writing the simulated shop: the same plan gives the same bytes, and nothing half-written."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from pyarrow import csv
from pyarrow import parquet as pq

from coterie.errors import DataError, ParameterError
from coterie.sources.shop import CHUNK, TABLES, Plan, Shop, write_plan, write_shop


def digests(shop: Shop) -> dict[str, str]:
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in shop.paths.items()
    }


def test_the_same_plan_gives_the_same_bytes_on_any_number_of_threads(tmp_path: Path) -> None:
    plan = Plan(2 * CHUNK + 500, seed=3)  # three chunks
    shops = [write_plan(plan, tmp_path / str(n), threads=n) for n in (1, 3)]
    assert digests(shops[0]) == digests(shops[1])


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    first, other = (write_shop(tmp_path / str(seed), customers=200, seed=seed) for seed in (0, 1))
    assert not set(digests(first).values()) & set(digests(other).values())


def test_a_table_is_the_same_whichever_others_are_written(tmp_path: Path) -> None:
    every = write_shop(tmp_path / "all", customers=200)
    for name in TABLES:
        alone = write_shop(tmp_path / name, customers=200, tables=[name])
        assert digests(alone) == {name: digests(every)[name]}


def test_csv_says_the_same_as_parquet(tmp_path: Path) -> None:
    wanted = write_shop(tmp_path / "parquet", customers=300)
    written = write_shop(tmp_path / "csv", customers=300, format="csv")
    assert written.paths["truth"].suffix == ".parquet"
    for name in ("orders", "customers", "events", "texts", "touches"):
        expected = pq.read_table(wanted.paths[name])
        types = csv.ConvertOptions(
            column_types=expected.schema, strings_can_be_null=True, quoted_strings_can_be_null=True
        )
        found = csv.read_csv(written.paths[name], convert_options=types)
        assert found.equals(expected)


def test_the_smallest_shop_has_one_customer_and_a_guest(tmp_path: Path) -> None:
    shop = write_shop(tmp_path, customers=1, days=30, end=date(2025, 1, 30))
    orders = pq.read_table(shop.paths["orders"])
    assert orders["customer_id"].null_count > 0
    assert shop.first_day == date(2025, 1, 1)
    assert pc.min(orders["timestamp"]).as_py().date() >= date(2025, 1, 1)


# What is refused


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"customers": 0}, "customers=0. customers is 1 or more"),
        ({"customers": 5, "days": 20}, "days=20. days is 30 to 3650"),
        ({"customers": 5, "seed": -1}, "seed=-1. seed is 0 or more"),
        ({"customers": 5, "tables": ["order"]}, "Did you mean 'orders'"),
        ({"customers": 5, "tables": []}, "No tables asked for"),
        ({"customers": 5, "format": "parket"}, "Did you mean 'parquet'"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=words):
        write_shop(tmp_path / "shop", **wrong)
    assert not (tmp_path / "shop").exists()


def test_a_failure_leaves_no_half_written_file(tmp_path: Path) -> None:
    (tmp_path / "orders.parquet").mkdir()
    with pytest.raises(DataError, match="is no file that can be written"):
        write_shop(tmp_path, customers=5)
    assert [path.name for path in tmp_path.iterdir()] == ["orders.parquet"]
