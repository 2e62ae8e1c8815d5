from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

from coterie.engine.duckdb import DuckDB
from coterie.segmentation.candidates import Evidence, Reference, Selection, Space
from coterie.segmentation.grid import RfmGridModel, rfm_cells
from coterie.segmentation.select import select

MEASURES = """
WITH days AS (
    SELECT customer_id, CAST(strptime(date, '%Y%m%d') AS DATE) AS day,
           SUM(CAST(dollar_value AS DECIMAL(18, 2))) AS net
    FROM read_csv('{path}', all_varchar = true) GROUP BY ALL
)
SELECT customer_id,
    DATE '1997-10-01' - 1 - MAX(day) FILTER (day < DATE '1997-10-01') AS recency,
    COUNT(*) FILTER (day < DATE '1997-10-01') AS frequency,
    SUM(net) FILTER (day < DATE '1997-10-01') AS monetary,
    COALESCE(SUM(net) FILTER (day >= DATE '1997-10-01'), 0) AS later
FROM days GROUP BY customer_id ORDER BY customer_id
"""


@pytest.fixture(scope="module")
def chosen(data: Path) -> Selection:
    """The CDNOW sample, 39 weeks before and 39 weeks after 1997-10-01."""
    with DuckDB() as db:
        table = db.query(MEASURES.format(path=data / "cdnow" / "cdnow_sample.csv.gz"))
    recency, frequency, monetary, later = (
        table[name].to_numpy().astype(np.float64)
        for name in ("recency", "frequency", "monetary", "later")
    )
    known = np.column_stack([recency, frequency, monetary])
    logs = np.log1p(known)
    matrix = np.clip((logs - logs.mean(axis=0)) / logs.std(axis=0), -4, 4)
    ranks = rankdata(known * [-1, 1, 1], axis=0)
    scores = np.ceil(ranks / len(ranks) * 5).astype(int)
    grid = RfmGridModel({})
    references = [
        Reference("RFM grid", "scores", grid.assign(scores), grid),
        Reference("RFM cells", "scores", rfm_cells(scores)),
    ]
    return select(
        [Space("log RFM", ("r", "f", "m"), matrix)],
        references,
        Evidence(later, known, monetary, (10_135, 10_408)),
        [2, 7],
        seed=0,
    )


def test_seven_log_segments_hold_nine_tenths_of_what_can_be_told_of_cd_buyers(chosen: Selection):
    assert chosen.winner is not None
    assert chosen.winner.k == 7
    assert chosen.winner.p is not None
    assert 0.9 <= chosen.winner.p.p <= 0.95
    assert chosen.ceiling == pytest.approx(
        {"spend": 0.361, "log_spend": 0.298, "active_auc": 0.256}, abs=0.03
    )


def test_the_named_grid_holds_less_and_the_best_silhouette_least(chosen: Selection):
    p = {(c.algorithm, c.k): c.p.p for c in chosen.candidates if c.p}
    grid = next(value for (name, _), value in p.items() if name == "RFM grid")
    assert p["kmeans", 2] < grid < p["kmeans", 7] - 0.1
    silhouettes = {c.k: c.indices.silhouette for c in chosen.candidates if c.indices}
    assert max(silhouettes, key=silhouettes.__getitem__) == 2
