from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import adjusted_rand_score

from coterie.config import make_settings
from coterie.engine.duckdb import DuckDB
from coterie.features.asof import Custom, FeatureModel, fit_features
from coterie.features.lenses import feature_sets, fit_matrix, read_columns
from coterie.features.windows import to_day
from coterie.segmentation.centroids import KMeans
from coterie.sources.read import read
from coterie.sources.shop import write_shop
from coterie.validation.build import build_tables

COLUMNS = (
    "customer_id",
    "order_id",
    "timestamp",
    "product_id",
    "category",
    "channel",
    "quantity",
    "unit_price",
    "discount",
)
Shop = tuple[DuckDB, FeatureModel, dict[str, str]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A year of a small shop, measured, with the planted taste of each customer."""
    written = write_shop(
        tmp_path_factory.mktemp("shop"),
        customers=800,
        days=365,
        end=date(2025, 12, 31),
        tables=("orders", "truth"),
    )
    orders = {"file": str(written.paths["orders"]), "columns": {c: c for c in COLUMNS}}
    settings = make_settings({"sources": {"orders": orders}})
    truth = pq.read_table(written.paths["truth"], columns=["customer_id", "taste"])
    with DuckDB() as db:
        source = settings.sources["orders"]
        raws = {"orders": (read(db, "orders", source, Path()), source)}
        build_tables(db, raws, {}, timezone="UTC")
        day = to_day(date(2026, 1, 1))
        model = fit_features(db, settings.rules, Custom(), as_of=day, horizon=90)
        yield db, model, dict(zip(*(truth.column(i).to_pylist() for i in (0, 1)), strict=True))


def test_behaviour_is_shares_alone_and_nothing_of_value(shop: Shop) -> None:
    (found,) = feature_sets("behaviour", shop[1], ())
    assert {"discount_share", "night_share", "channel_share__store"} < set(found.columns)
    assert not {"recency", "frequency", "monetary", "clv", "momentum", "return_share"} & set(
        found.columns
    )


@pytest.mark.parametrize(("lens", "low", "high"), [("behaviour", 0.9, 1.0), ("value", -0.02, 0.05)])
def test_customers_of_equal_value_are_told_apart_by_behaviour_alone(
    shop: Shop, lens: str, low: float, high: float
) -> None:
    db, model, taste = shop
    wanted = feature_sets(lens, model, ())[0]
    frame = read_columns(db, wanted.columns)
    rows = fit_matrix(frame, wanted).transform(frame)
    labels = KMeans().fit(rows, 5, seed=0).assign(rows)
    planted = np.array([taste[name] for name in frame.column("customer_id").to_pylist()])
    assert low < adjusted_rand_score(planted, labels) <= high
