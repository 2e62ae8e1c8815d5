"""From a choice to every customer's segment: fit the winner on today's customers, place all.

The fit sees the seeded sample, then all customers in exact passes; placing streams
batches, so neither needs all customers in memory at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.engine.base import scalar
from coterie.engine.duckdb import BATCH_ROWS, DuckDB
from coterie.features.asof import SCORES
from coterie.features.lenses import FeatureSet, fit_matrix, frame_sql, read_columns
from coterie.features.matrix import Matrix, to_floats
from coterie.segmentation.algorithms import algorithm
from coterie.segmentation.base import NOISE, Floats, Labels, Model
from coterie.segmentation.candidates import Candidate, Selection
from coterie.segmentation.centroids import KMeans, KMeansModel
from coterie.segmentation.choosing import pass_over
from coterie.segmentation.evidence import SAMPLE, draw_sample
from coterie.segmentation.grid import RfmGridModel
from coterie.segmentation.lloyd import refine
from coterie.segmentation.validity import unsubstantial

FRAME = "frame"
_ROW = "frame__row"
NONE = "none"
"""Segment id of customers that cannot be segmented, or are in no dense region."""
UNLIKE_ANY = "noise"
"""Status of customers who are in no segment because no segment is like them."""


def fit_choice(
    db: DuckDB,
    selection: Selection,
    sets: Sequence[FeatureSet],
    *,
    seed: int,
    has_orders: bool,
    fixed: bool,
) -> tuple[Matrix, Model, Selection]:
    """Fit the chosen candidate on today's customers, or the next best that has substance.

    The choice was made on the past; a segment that was large enough then can be too
    small now.

    Parameters
    ----------
    db : DuckDB
        Holds ``features`` as of today; ``frame`` is made for the matrix returned.
    selection : Selection
        The choice.
    sets : sequence of FeatureSet
        Today's feature sets.
    seed : int
        Of the sample and the fits.
    has_orders : bool
        Whether ``features`` has the spend of each customer.
    fixed : bool
        Whether the user asked for this number of segments; it is kept then.

    Returns
    -------
    (Matrix, Model, Selection)
        What places customers, and the choice with its final winner.
    """
    while True:
        matrix, model = fit_winner(db, selection.winner, sets, seed=seed)
        make_frame(db, matrix)
        winner = selection.winner
        if fixed or winner is None or winner.reference or selection.constructed:
            return matrix, model, selection
        fails = unsubstantial(labels_of(db, matrix, model), _spend(db) if has_orders else None)
        if not fails:
            return matrix, model, selection
        selection = pass_over(selection, f"{fails} once fitted on today's customers")


def _spend(db: DuckDB) -> Floats:
    table = db.query("SELECT monetary FROM features WHERE status = 'ok' ORDER BY customer_id")
    return to_floats(table.column("monetary"))


def fit_winner(
    db: DuckDB, winner: Candidate | None, sets: Sequence[FeatureSet], *, seed: int
) -> tuple[Matrix, Model]:
    """Fit a candidate on today's customers.

    Parameters
    ----------
    db : DuckDB
        Holds ``features`` as of today.
    winner : Candidate or None
        None puts all customers into one segment.
    sets : sequence of FeatureSet
        Today's feature sets; the winner's is found by its name.
    seed : int
        Of the sample and the fit.

    Returns
    -------
    (Matrix, Model)
        What turns columns into numbers, and numbers into segments.
    """
    if winner is not None and isinstance(winner.model, RfmGridModel):
        return Matrix.plain(SCORES), winner.model
    chosen = next((s for s in sets if winner and s.name == winner.features), sets[0])
    draw_sample(db, "features", seed)
    frame = read_columns(db, chosen.columns, only=SAMPLE)
    matrix = fit_matrix(frame, chosen)
    rows = matrix.transform(frame)
    if winner is None:
        return matrix, KMeans().fit(rows, 1, seed=seed)
    model = algorithm(winner.algorithm).fit(rows, winner.asked or winner.k, seed=seed)
    if type(model) is KMeansModel:  # not its children: their centres are found otherwise
        make_frame(db, matrix)
        model = refine(model, lambda: matrices(db, matrix))
    return matrix, model


def make_frame(db: DuckDB, matrix: Matrix) -> None:
    """Make table ``frame``: the columns a matrix reads of all customers, numbered by id."""
    numbered = f"ROW_NUMBER() OVER (ORDER BY customer_id) - 1 AS {_ROW}"
    db.create(FRAME, f"SELECT *, {numbered} FROM ({frame_sql(db, matrix.sources)})")


def frame_parts(db: DuckDB, where: str = "TRUE") -> Iterator[pa.Table]:
    """Yield the rows of ``frame`` for which a condition holds, in tables, in the order of the ids.

    No more than one table is in memory, and no sum over them depends on who came first.
    """
    for start in range(0, int(scalar(db, f"SELECT COUNT(*) FROM {FRAME}")), BATCH_ROWS):
        inside = f"{_ROW} >= {start} AND {_ROW} < {start + BATCH_ROWS}"
        yield db.query(f"SELECT * FROM {FRAME} WHERE {inside} AND {where} ORDER BY {_ROW}")


def matrices(db: DuckDB, matrix: Matrix) -> Iterator[Floats]:
    """Yield the numbers of the customers of ``frame`` that can be segmented, in batches by id."""
    return (matrix.transform(part) for part in frame_parts(db, "status = 'ok'") if part.num_rows)


def labels_of(db: DuckDB, matrix: Matrix, model: Model) -> Labels:
    """Return the segment number, or ``NOISE``, of each customer of ``frame`` in order.

    Parameters
    ----------
    db : DuckDB
        Holds ``frame``.
    matrix : Matrix
        Makes numbers of its columns.
    model : Model
        Places them.

    Returns
    -------
    int32 array, shape (n,)
        By customer id.
    """
    parts = [model.assign(rows) for rows in matrices(db, matrix)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int32)


def place(db: DuckDB, matrix: Matrix, model: Model, ids: Sequence[str]) -> None:
    """Make table ``assignments``: customer_id, segment_id, second_id, margin, status.

    Parameters
    ----------
    db : DuckDB
        Holds ``frame`` made for this matrix.
    matrix, model : Matrix and Model
        As fitted.
    ids : sequence of str
        Segment id of each of the model's segments.
    """
    names = np.array(ids, dtype=object)

    batches = (_placed(part, matrix, model, names) for part in frame_parts(db))
    db.load("assignments", pa.Table.from_batches(batches, schema=_SCHEMA))


_SCHEMA = pa.schema(
    [
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("segment_id", pa.string(), nullable=False),
        pa.field("second_id", pa.string()),
        pa.field("margin", pa.float64()),
        pa.field("status", pa.string(), nullable=False),
    ]
)


def _placed(
    table: pa.Table, matrix: Matrix, model: Model, names: np.ndarray[Any, np.dtype[np.object_]]
) -> pa.RecordBatch:
    status = table.column("status").combine_chunks()
    said = status.to_numpy(zero_copy_only=False).astype(object)
    usable = said == "ok"
    first = np.full(len(usable), NONE, dtype=object)
    second = np.full(len(usable), None, dtype=object)
    margin = np.full(len(usable), np.nan)
    if usable.any():
        placement = model.place(matrix.transform(table.filter(pa.array(usable))))
        noise = placement.segment == NOISE
        first[usable] = np.where(noise, NONE, names[placement.segment])
        other = placement.second != placement.segment
        second[np.flatnonzero(usable)[other]] = names[placement.second[other]]
        margin[usable] = placement.margin
        said[np.flatnonzero(usable)[noise]] = UNLIKE_ANY
    ids = table.column("customer_id").combine_chunks().cast(pa.string())
    columns = [ids, first, second, pa.array(margin, from_pandas=True), said]
    arrays = [pa.array(c, pa.string()) if isinstance(c, np.ndarray) else c for c in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)
