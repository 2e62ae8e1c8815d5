"""RFM scores: by hand, by the mid-rank formula, and as SQL."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import translate
from coterie.errors import DataError, ParameterError
from coterie.features.rfm import NAMES, RfmScores, mid_rank_scores

NUMBERS = st.one_of(st.integers(-5, 5).map(float), st.floats(-1e12, 1e12))
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=60)


def columns(rows: list[tuple[float, float, float]]) -> np.ndarray:
    return np.array(rows, dtype=np.float64).T


def test_scores_match_the_hand_calculation() -> None:
    # values 1, 5, 5, 9 -> mid-ranks .5, 2, 2, 3.5 of 4 -> bins 1, 3, 3, 4
    assert mid_rank_scores([5.0, 5.0, 1.0, 9.0], n_bins=4).tolist() == [3, 3, 1, 4]
    # and with fewer days better: 9 -> 1, 5 -> 3, 1 -> 4
    fewer = mid_rank_scores([5.0, 5.0, 1.0, 9.0], n_bins=4, higher_is_better=False)
    assert fewer.tolist() == [3, 3, 4, 1]


def test_a_value_between_two_known_ones_gets_the_lower_score() -> None:
    scores = RfmScores.fit([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [10, 20, 30, 40, 50])
    known = scores.score([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [10, 20, 30, 40, 50])
    assert known.tolist() == [[5, 1, 1], [4, 2, 2], [3, 3, 3], [2, 4, 4], [1, 5, 5]]
    between = scores.score([1.5, 0, 99], [1.5, 0, 99], [49.99, -7, 1e9])
    assert between.tolist() == [[4, 1, 4], [5, 1, 1], [1, 5, 5]]


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, n_bins=st.integers(2, 12))
def test_fitted_customers_get_their_mid_rank_scores(
    rows: list[tuple[float, float, float]], n_bins: int
) -> None:
    recency, frequency, monetary = columns(rows)
    scores = RfmScores.fit(recency, frequency, monetary, n_bins=n_bins)
    found = scores.score(recency, frequency, monetary)
    assert found.dtype == np.int8
    wanted = [
        mid_rank_scores(recency, n_bins, higher_is_better=False),
        mid_rank_scores(frequency, n_bins),
        mid_rank_scores(monetary, n_bins),
    ]
    np.testing.assert_array_equal(found, np.column_stack(wanted))


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, new=ROWS, seed=st.integers(0, 99))
def test_scores_ignore_row_order_keep_ties_and_follow_the_values(
    rows: list[tuple[float, float, float]], new: list[tuple[float, float, float]], seed: int
) -> None:
    known, fresh = columns(rows), columns(new)
    scores = RfmScores.fit(*known)
    shuffled = known[:, np.random.default_rng(seed).permutation(len(rows))]
    assert RfmScores.fit(*shuffled) == scores
    everybody = np.concatenate([known, fresh], axis=1)
    found = scores.score(*everybody)
    assert found.min() >= 1
    assert found.max() <= 5
    for column, sign in enumerate((-1, 1, 1)):
        order = np.lexsort((found[:, column], sign * everybody[column]))
        assert (np.diff(found[order, column]) >= 0).all()  # never a better value, a worse score
        for value in np.unique(everybody[column]):  # ties share a score
            assert len(set(found[everybody[column] == value, column])) == 1


@settings(max_examples=25, deadline=None)
@given(rows=ROWS, new=ROWS)
def test_sql_gives_the_same_scores(
    rows: list[tuple[float, float, float]], new: list[tuple[float, float, float]]
) -> None:
    scores = RfmScores.fit(*columns(rows))
    everybody = np.concatenate([columns(rows), columns(new)], axis=1)
    text = ", ".join(f"{case} AS {name}" for name, case in scores.sql(["a b", "f", "m"]).items())
    with DuckDB() as db:
        db.load("t", pa.table(dict(zip(["a b", "f", "m"], everybody, strict=True))))
        found = db.query(f"SELECT {text} FROM t").to_pandas()
    assert list(found.columns) == ["r_score", "f_score", "m_score"]
    np.testing.assert_array_equal(found.to_numpy(), scores.score(*everybody))


def test_sql_of_a_missing_value_is_missing() -> None:
    cases = RfmScores.fit([1, 2], [1, 2], [1, 2]).sql()
    with DuckDB() as db:
        (row,) = db.rows(
            f"SELECT {cases['r_score']}, {cases['m_score']} "
            "FROM (SELECT CAST(NULL AS DOUBLE) AS recency, CAST(9 AS DOUBLE) AS monetary)"
        )
    assert row == (None, 4)  # of two, the better has the mid-rank 1.5 / 2
    assert "DOUBLE PRECISION" in translate(f"SELECT {cases['r_score']}", "postgres")


def test_equal_customers_of_cdnow_get_equal_scores(data: Path) -> None:
    table = pd.read_csv(data / "cdnow" / "cdnow_master.csv.gz")
    one = table.groupby("customer_id")
    last = pd.to_datetime(one.date.max().astype(str))
    recency = (last.max() - last).dt.days
    rfm = [recency.to_numpy(), one.date.nunique().to_numpy(), one.dollar_value.sum().to_numpy()]
    found = RfmScores.fit(*rfm).score(*rfm)
    frame = pd.DataFrame(np.column_stack([*rfm, found]), columns=[*NAMES, "r", "f", "m"])
    for name, score in zip(NAMES, "rfm", strict=True):
        assert frame.groupby(name)[score].nunique().max() == 1
    assert set(found[:, 0]) == {1, 2, 3, 4, 5}


def test_scores_come_back_from_json_exactly() -> None:
    scores = RfmScores.fit([3, 3, 3], [1, 1, 2], [0.1, 1 / 3, 1e-20])
    assert None in scores.recency  # all tied: nobody reaches 4 or 5
    assert RfmScores.from_dict(json.loads(json.dumps(scores.to_dict()))) == scores
    with pytest.raises(DataError, match="no RFM scores"):
        RfmScores.from_dict({"n_bins": 5})


def test_what_cannot_be_scored_is_refused_in_words() -> None:
    with pytest.raises(ParameterError, match="2 to 100"):
        RfmScores.fit([1], [1], [1], n_bins=1)
    with pytest.raises(DataError, match="no customer"):
        RfmScores.fit([], [], [])
    with pytest.raises(DataError, match="1 of 2 values of monetary are not finite"):
        RfmScores.fit([1, 2], [1, 2], [1, np.nan])
    with pytest.raises(DataError, match="The columns have"):
        RfmScores.fit([1], [1, 2], [1])
    with pytest.raises(DataError, match="One value a customer"):
        RfmScores.fit([[1]], [1], [1])
    with pytest.raises(ParameterError, match="5 scores need 4"):
        RfmScores(5, (1.0,), (1.0,), (1.0,))
    with pytest.raises(ParameterError, match="Three: R, F, M"):
        RfmScores.fit([1], [1], [1]).sql(["a"])
