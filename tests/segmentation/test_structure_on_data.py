from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coterie.segmentation.centroids import KMeans, KMeansModel
from coterie.segmentation.structure import Structure, structure


def fit(k: int, rows: np.ndarray, seed: int) -> KMeansModel:
    return KMeans().fit(rows, k, seed=seed)


def look(logs: np.ndarray, k: int) -> Structure:
    rows = (logs - logs.mean(axis=0)) / logs.std(axis=0)
    names = [f"feature {i}" for i in range(rows.shape[1])]
    labels = fit(k, rows, 0).assign(rows)
    return structure(rows, labels, partial(fit, k), features=names, seed=0)


def test_six_kinds_of_card_customers_are_natural(data: Path):
    table = pd.read_csv(data / "credit_card" / "cc_general.csv.gz").drop(columns="CUST_ID")
    found = look(np.log1p(table.fillna(table.median()).to_numpy(dtype=np.float64)), 6)
    assert found.natural
    assert found.strength == pytest.approx(0.87, abs=0.03)
    assert found.gap_z > 10


def test_cd_buyers_are_a_continuum(data: Path):
    table = pd.read_csv(data / "cdnow" / "cdnow_sample.csv.gz")
    table = table[(table.date < 19971001) & (table.dollar_value > 0)]
    one = table.groupby("customer_id")
    last = pd.to_datetime(one.date.max().astype(str))
    recency = (pd.Timestamp("1997-10-01") - last).dt.days - 1
    rfm = np.column_stack([recency, one.date.nunique(), one.dollar_value.sum()])
    found = look(np.log1p(rfm.astype(np.float64)), 5)
    assert not found.natural
    assert found.gap_z < 1
