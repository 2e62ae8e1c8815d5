"""From a choice to every customer's segment: fit the winner on today's customers, place all.

The fit sees the seeded sample, then all customers in exact passes; placing streams
batches, so neither needs all customers in memory at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.engine.base import scalar
from coterie.engine.duckdb import BATCH_ROWS, DuckDB
from coterie.engine.sql import identifier
from coterie.features.asof import SCORES
from coterie.features.column import to_floats
from coterie.features.lenses import FeatureSet, fit_matrix, frame_sql, read_columns
from coterie.features.matrix import Matrix
from coterie.segmentation.algorithms import algorithm
from coterie.segmentation.base import NOISE, Floats, Labels, Model
from coterie.segmentation.candidates import Candidate, Selection
from coterie.segmentation.centroids import KMeans, KMeansModel
from coterie.segmentation.choosing import pass_over
from coterie.segmentation.evidence import SAMPLE, draw_sample
from coterie.segmentation.grid import RfmGridModel
from coterie.segmentation.lloyd import refine
from coterie.segmentation.parallel import each
from coterie.segmentation.validity import unsubstantial

T = TypeVar("T")

FRAME = "frame"
_ROW = "frame__row"
NONE = "none"
"""Segment id of customers that cannot be segmented, or are in no dense region."""
UNLIKE_ANY = "noise"
"""Status of customers who are in no segment because no segment is like them."""
_RUN = 4
"""Batches that one thread takes at a time: to hand work out takes as long as a small one."""
_AT_ONCE = 4
"""Runs in memory at a time: enough for the cores of most servers."""


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
        Holds ``features`` as of today; gets ``frame`` for the matrix.
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
        matrix = Matrix.plain(SCORES)
        make_frame(db, matrix)
        return matrix, winner.model
    chosen = next((s for s in sets if winner and s.name == winner.features), sets[0])
    draw_sample(db, "features", seed)
    frame = read_columns(db, chosen.columns, only=SAMPLE)
    matrix = fit_matrix(frame, chosen)
    rows = matrix.transform(frame)
    make_frame(db, matrix)
    if winner is None:
        return matrix, KMeans().fit(rows, 1, seed=seed)
    model = algorithm(winner.algorithm).fit(rows, winner.asked or winner.k, seed=seed)
    if type(model) is KMeansModel:  # not its children: their centres are found otherwise
        model = refine(model, lambda: matrices(db, matrix))
    return matrix, model


def make_frame(db: DuckDB, matrix: Matrix) -> None:
    """Make table ``frame``: the columns a matrix reads of all customers, numbered by id."""
    numbered = f"ROW_NUMBER() OVER (ORDER BY customer_id) - 1 AS {_ROW}"
    db.create(FRAME, f"SELECT *, {numbered} FROM ({frame_sql(db, matrix.sources)})")


def matrices(db: DuckDB, matrix: Matrix) -> Iterator[Floats]:
    """Yield the numbers of the customers of ``frame`` that can be segmented, in batches by id."""
    for batch in _usable(db, matrix):
        yield matrix.transform(batch, order="F")


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
    return assign(_usable(db, matrix), matrix, model)


def assign(batches: Iterable[pa.RecordBatch], matrix: Matrix, model: Model) -> Labels:
    """Return the segment number, or ``NOISE``, of each row of the batches.

    Parameters
    ----------
    batches : iterable of pa.RecordBatch
        Hold the columns of ``matrix.sources``; a few at a time are in memory.
    matrix : Matrix
        Makes numbers of them.
    model : Model
        Places them.

    Returns
    -------
    int32 array, shape (n,)
        In the order of the rows; the same at any number of threads and batches.

    Examples
    --------
    >>> batch = pa.record_batch({"score": [1.0, 9.0, 6.0]})
    >>> model = KMeansModel(np.array([[0.0], [8.0]]))
    >>> assign([batch], Matrix.plain(["score"]), model).tolist()
    [0, 1, 1]
    """

    def of(batch: pa.RecordBatch) -> Labels:
        return model.assign(matrix.transform(batch, order="F"))

    return np.concatenate([np.empty(0, dtype=np.int32), *_side_by_side(of, batches)])


def _usable(db: DuckDB, matrix: Matrix) -> Iterator[pa.RecordBatch]:
    return _by_id(db, [identifier(name) for name in matrix.sources], "status = 'ok'")


def _by_id(db: DuckDB, columns: Sequence[str], where: str = "TRUE") -> Iterator[pa.RecordBatch]:
    """Read of ``frame`` in the order of the ids, which threads reading at will would mix."""
    listed = ", ".join(columns)
    for start in range(0, int(scalar(db, f"SELECT COUNT(*) FROM {FRAME}")), BATCH_ROWS):
        inside = f"{_ROW} >= {start} AND {_ROW} < {start + BATCH_ROWS} AND {where}"
        part = db.query(f"SELECT {listed} FROM {FRAME} WHERE {inside} ORDER BY {_ROW}")
        yield from part.combine_chunks().to_batches()


def _side_by_side(
    work: Callable[[pa.RecordBatch], T], batches: Iterable[pa.RecordBatch]
) -> Iterator[T]:
    """Return what ``work`` makes of each batch, in order."""
    context = copy_context()  # the engine may pull in a thread of its own

    def one_by_one(run: list[pa.RecordBatch]) -> list[T]:
        return [work(batch) for batch in run]

    def made() -> Iterator[T]:
        todo = iter(batches)
        while some := list(islice(todo, _RUN * _AT_ONCE)):
            runs = [some[start : start + _RUN] for start in range(0, len(some), _RUN)]
            for done in context.run(each, one_by_one, runs):
                yield from done

    return made()


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
    names = pa.array([*ids, NONE], pa.string())
    batches = _by_id(db, ["*"])
    placed = _side_by_side(lambda batch: _placed(batch, matrix, model, names), batches)
    db.load("assignments", pa.RecordBatchReader.from_batches(_SCHEMA, placed))


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
    batch: pa.RecordBatch, matrix: Matrix, model: Model, names: pa.StringArray
) -> pa.RecordBatch:
    """Place the customers of a batch; the last of ``names`` is that of no segment."""
    status = batch.column("status").cast(pa.string())
    usable = np.flatnonzero(pc.equal(status, "ok").to_numpy(zero_copy_only=False))
    first = np.full(len(batch), NOISE)
    second = first.copy()
    margin = np.full(len(batch), np.nan)
    if usable.size:
        placement = model.place(matrix.transform(batch.take(pa.array(usable)), order="F"))
        first[usable] = placement.segment
        second[usable] = np.where(placement.second == placement.segment, NOISE, placement.second)
        margin[usable] = placement.margin
        noise = np.zeros(len(batch), dtype=np.bool_)
        noise[usable] = placement.segment == NOISE
        status = pc.if_else(pa.array(noise), UNLIKE_ANY, status)
    arrays = [
        batch.column("customer_id").cast(pa.string()),
        names.take(pa.array(np.where(first == NOISE, len(names) - 1, first))),
        names.take(pa.array(second, mask=second == NOISE)),
        pa.array(margin, from_pandas=True),
        status,
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)
