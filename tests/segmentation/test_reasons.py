import numpy as np
import pyarrow as pa

from coterie.features.matrix import Matrix, Wanted
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.grid import RfmGridModel
from coterie.segmentation.reasons import reasons


def test_the_column_that_tells_the_two_nearest_segments_apart_is_named_first():
    table = pa.table({"spend": [0.0, 10.0, 0.0, 10.0], "visits": [0.0, 0.0, 10.0, 10.0]})
    matrix = Matrix.fit(table, [Wanted(name, transform="none") for name in ("spend", "visits")])
    # standard scores are -1 and 1; the centres differ in visits alone
    model = KMeansModel(np.array([[0.0, -1.0], [0.0, 1.0]]))
    said = reasons(table, matrix, model, {"visits": "Visits a month"})
    assert said == 2 * [["Visits a month: 0"]] + 2 * [["Visits a month: 10"]]


def test_a_customer_on_the_border_has_no_reason_and_a_grid_gives_none():
    table = pa.table({"spend": [0.0, 10.0, 5.0]})
    matrix = Matrix.fit(table, [Wanted("spend", transform="none")])
    border = reasons(table, matrix, KMeansModel(np.array([[-1.0], [1.0]])), {})[2]
    assert border == []
    assert reasons(table, matrix, RfmGridModel({}), {}) == [[], [], []]


def test_unknown_values_are_worded():
    table = pa.table({"spend": [*(float(i) for i in range(40)), None]})
    matrix = Matrix.fit(table, [Wanted("spend", transform="none")])
    said = reasons(table, matrix, KMeansModel(np.array([[-2.0], [0.1]])), {})
    assert said[40][0] == "spend: unknown"
