from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.segmentation.grid import GRID_NAMES, RfmGridModel, rfm_cells

ALL = np.array(list(itertools.product(range(1, 6), repeat=3)), dtype=np.int8)
GRID = RfmGridModel({"bins": 5})


def test_the_known_corners_have_their_names():
    corners = {
        (5, 5, 5): "Champions",
        (4, 4, 4): "Loyal",
        (5, 1, 1): "New",
        (4, 1, 1): "Promising",
        (3, 3, 3): "Needs attention",
        (3, 1, 1): "About to sleep",
        (1, 5, 5): "Cannot lose",
        (2, 4, 4): "At risk",
        (2, 1, 2): "Hibernating",
        (1, 1, 1): "Lost",
        (5, 2, 2): "Potential loyalists",
    }
    labels = GRID.assign(np.array(list(corners)))
    assert [GRID_NAMES[label] for label in labels] == list(corners.values())


def test_the_mean_of_frequency_and_money_is_rounded_up_at_a_half():
    assert (
        GRID.assign(np.array([[5, 3, 4]])).tolist() == GRID.assign(np.array([[5, 4, 4]])).tolist()
    )


def test_every_name_is_used_and_every_cell_has_one():
    assert set(GRID.assign(ALL)) == set(range(11))
    assert len(np.unique(rfm_cells(ALL))) == 125


def test_sql_gives_the_same_names():
    table = pa.table({name: ALL[:, i] for i, name in enumerate("rfm")} | {"id": np.arange(125)})
    with DuckDB() as db:
        db.load("scores", table)
        found = db.query(f"SELECT {GRID.sql(list('rfm'))} AS s FROM scores ORDER BY id")
    np.testing.assert_array_equal(found["s"].to_numpy(), GRID.assign(ALL))


def test_the_least_cost_is_the_own_segment():
    np.testing.assert_array_equal(GRID.distances(ALL).argmin(axis=1), GRID.assign(ALL))
    assert GRID.place(ALL).margin.min() == 1.0


def test_json_brings_the_model_back():
    assert RfmGridModel.from_dict(GRID.to_dict()) == GRID


def test_other_scores_are_refused():
    with pytest.raises(DataError, match="must be 1 to 5"):
        GRID.assign(np.array([[0, 1, 2]]))
    with pytest.raises(DataError, match="three columns"):
        rfm_cells(np.array([[1, 2]]))
    with pytest.raises(ParameterError, match="R, F and M"):
        GRID.sql(["r"])
