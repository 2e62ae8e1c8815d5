"""Runs that several modules look at: order lines, and a customer table with words and gaps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import coterie
from tests.conftest import finished


@pytest.fixture(scope="session")
def boosted(data: Path, once: Callable[..., Path]) -> coterie.Run:
    """Segments of Online Retail by boosted value, which the user asked for by its name."""
    features = ["recency", "frequency", "monetary", "boosted"]
    file = data / "online_retail" / "online_retail.csv.gz"
    wanted: dict[str, Any] = {"k": 5, "lens": "custom"}
    wanted["settings"] = {"segmentation": {"features": features}}
    folder = once("boosted", lambda place: coterie.segment(file, folder=place, **wanted))
    return finished(folder, file)


@pytest.fixture(scope="session")
def cards(tmp_path_factory: pytest.TempPathFactory) -> coterie.Run:
    """Customers with numbers, words, a flag and an age, some of it missing."""
    random = np.random.default_rng(0)
    n = 400
    group = random.integers(0, 3, n)
    table = pa.table(
        {
            "customer_id": [f"C{i:03d}" for i in range(n)],
            "balance": pa.array(
                np.round(random.gamma(2.0, [[50.0], [400.0], [90.0]], (3, n))[group, range(n)], 2),
                mask=random.random(n) < 0.1,
            ),
            "visits": random.poisson(np.array([2, 9, 25])[group]),
            "plan": pa.array(
                np.array(["basic", "gold's", "free"], dtype=object)[group],
                mask=random.random(n) < 0.08,
            ),
            "Age": random.integers(18, 90, n),
        }
    )
    return coterie.segment(table, k=3, folder=tmp_path_factory.mktemp("cards"))


@pytest.fixture(scope="session")
def written(cards: coterie.Run, tmp_path_factory: pytest.TempPathFactory) -> coterie.Run:
    """Rules by hand over words, a flag and numbers, some of them missing."""
    random = np.random.default_rng(1)
    folder = cards.folder.parents[1] / "data" / cards.manifest["data"]
    table = pq.read_table(folder / "customers" / "part-0000.parquet")
    n = table.num_rows
    loyal = pa.array(random.random(n) < 0.4, mask=random.random(n) < 0.1)
    table = table.select(["customer_id", "balance", "visits", "plan"]).append_column("loyal", loyal)
    home = tmp_path_factory.mktemp("written")
    pq.write_table(table, home / "people.parquet")
    (home / "coterie.toml").write_text(
        """
[sources.customers]
file = "people.parquet"
key = "customer_id"
[segmentation]
algorithm = "rules"
[[segmentation.rules]]
name = "Gold"
where = "plan = 'gold''s' AND (balance > 300 OR NOT loyal)"
[[segmentation.rules]]
name = "Few"
where = "plan IN ('basic', 'free', 'other') AND loyal IS TRUE AND visits / balance > 0.05"
[[segmentation.rules]]
name = "Not basic"
where = "plan <> 'basic' AND loyal = FALSE OR CASE WHEN loyal THEN visits ELSE 0 END > 20"
[[segmentation.rules]]
name = "Unknown"
where = "plan IS NULL OR balance IS NULL AND loyal IS NOT NULL"
"""
    )
    return coterie.Project(home).run()
