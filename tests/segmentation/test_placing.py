import numpy as np
import pyarrow as pa
import pytest

from coterie.engine.duckdb import BATCH_ROWS, DuckDB
from coterie.features.matrix import Matrix
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.placing import labels_of, make_frame, matrices, place

N = 4 * BATCH_ROWS + 7


@pytest.fixture
def db():
    """Return customers c0000000 …, shuffled, of whom every fifth can not be segmented; x is i."""
    order = np.random.default_rng(0).permutation(N)
    with DuckDB(threads=4) as db:
        db.load("raw", pa.table({"i": order}))
        db.create(
            "features",
            "SELECT printf('c%07d', i) AS customer_id, i::DOUBLE AS x, "
            "CASE WHEN i % 5 = 0 THEN 'no_orders' ELSE 'ok' END AS status FROM raw",
        )
        db.lock([])
        yield db


def test_numbers_and_labels_come_in_the_order_of_the_ids_whoever_read_them_first(db):
    usable = np.array([i for i in range(N) if i % 5], dtype=float)
    model = KMeansModel(np.array([[0.0], [float(N)]]))
    matrix = Matrix.plain(("x",))
    for _ in range(3):
        make_frame(db, matrix)
        found = np.concatenate(list(matrices(db, matrix)))[:, 0]
        np.testing.assert_array_equal(found, usable)
        np.testing.assert_array_equal(labels_of(db, matrix, model), usable > N / 2)
    place(db, matrix, model, ["low", "high"])
    wrong = db.rows(
        "SELECT COUNT(*) FROM assignments WHERE segment_id <> CASE "
        "WHEN substr(customer_id, 2)::INT % 5 = 0 THEN 'none' "
        f"WHEN substr(customer_id, 2)::INT > {N / 2} THEN 'high' ELSE 'low' END"
    )
    assert wrong == [(0,)]
