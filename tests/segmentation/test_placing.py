from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from coterie.engine.duckdb import BATCH_ROWS, DuckDB
from coterie.features.matrix import Matrix
from coterie.segmentation.base import NOISE, Labels, Model, Placement
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.parallel import at_most
from coterie.segmentation.placing import assign, labels_of, make_frame, matrices, place

MODEL = KMeansModel(np.array([[0.0], [10.0]]))
PLAIN = Matrix.plain(["score"])
N = 3 * BATCH_ROWS + 5


class Distant(KMeansModel):
    """Like k-means, but customers above 50 are in no segment."""

    def place(self, matrix: np.ndarray) -> Placement:
        found = super().place(matrix)
        far = matrix[:, 0] > 50
        label: Labels = np.where(far, NOISE, found.segment).astype(np.int32)
        return Placement(label, found.second, np.where(far, 0.0, found.margin))


def framed(db: DuckDB, scores: list[float], status: list[str]) -> None:
    ids = [f"c{i}" for i in range(len(scores))]
    db.load("features", pa.table({"customer_id": ids, "status": status, "score": scores}))
    make_frame(db, PLAIN)


def placed(model: Model, ids: list[str]) -> list[dict[str, object]]:
    with DuckDB() as db:
        framed(db, [2.0, 99.0, 5.0, 1.0], ["ok", "ok", "ok", "no orders"])
        place(db, PLAIN, model, ids)
        return db.query("FROM assignments ORDER BY customer_id").to_pylist()


def test_a_customer_has_her_segment_the_runner_up_and_why_she_has_none():
    # 2 lies 4 and 64 from the centres: margin 60 / 64. 5 lies between both.
    rows = placed(MODEL, ["low", "high"])
    assert [row["segment_id"] for row in rows] == ["low", "high", "low", "none"]
    assert [row["second_id"] for row in rows] == ["high", "low", "high", None]
    assert (rows[0]["margin"], rows[2]["margin"], rows[3]["margin"]) == (60 / 64, 0.0, None)
    assert [row["status"] for row in rows] == ["ok", "ok", "ok", "no orders"]


def test_whoever_is_like_no_segment_is_told_so_with_the_nearest_beside():
    row = placed(Distant(MODEL.centroids), ["low", "high"])[1]
    assert (row["segment_id"], row["second_id"], row["status"]) == ("none", "low", "noise")


def test_a_single_segment_has_no_runner_up():
    rows = placed(KMeansModel(np.array([[3.0]])), ["all"])
    assert [row["second_id"] for row in rows] == [None] * 4
    assert rows[0]["margin"] == 1.0


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> DuckDB:
    """Several batches of customers whose score is their place by id, with the engine locked."""
    folder: Path = tmp_path_factory.mktemp("work")
    db = DuckDB(folder, threads=2)
    db.lock([folder])
    columns = "printf('c%07d', range) AS customer_id, 'ok' AS status, range::DOUBLE AS score"
    db.create("features", f"SELECT {columns} FROM range({N}) ORDER BY hash(range)")
    make_frame(db, PLAIN)
    return db


def test_customers_come_by_id_however_many_threads_read_them(shuffled: DuckDB):
    for _ in range(3):
        scores = np.concatenate([rows[:, 0] for rows in matrices(shuffled, PLAIN)])
        np.testing.assert_array_equal(scores, np.arange(N))


def test_the_number_of_threads_changes_no_label(shuffled: DuckDB):
    model = KMeansModel(np.array([[0.0], [N / 2], [N]]))
    found = []
    for threads in (1, 2):
        with at_most(threads):
            found.append(labels_of(shuffled, PLAIN, model))
    np.testing.assert_array_equal(found[0], model.assign(np.arange(N, dtype=float)[:, None]))
    np.testing.assert_array_equal(found[1], found[0])


def test_no_customers_have_no_labels():
    assert assign([], PLAIN, MODEL).tolist() == []
