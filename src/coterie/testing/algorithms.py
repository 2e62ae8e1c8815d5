"""The conformance suite of algorithms: what the rest of Coterie relies on, put to the test.

It asks for no quality: a bad segmentation passes if it is the same every time, places
everybody, and says in JSON and in SQL what it says in Python.
"""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.segmentation.base import NOISE, Algorithm, Floats, Model, SoftModel, Traits

Fit = Callable[..., Model]

SIZE = 400
SEED = 7
BATCH = 40_000
MOST_BYTES = 64 * 2**20
"""Memory that placing may take beyond what it returns, whatever the number of rows."""
SOLID = 0.95
"""Share of planted customers that must keep company when nothing but weights is restated."""


def check_algorithm(algorithm: Algorithm, *, columns: int = 4) -> None:
    """Check everything that Coterie relies on in an algorithm and its models.

    Parameters
    ----------
    algorithm : Algorithm
        Ready to fit.
    columns : int, default 4
        Columns of the matrices it is given, 2 or more; for an algorithm that is bound to
        a number of columns, such as hand-written rules.

    Raises
    ------
    AssertionError
        At the first breach, saying which promise it breaks and how.
    ParameterError
        If ``columns`` is below 2.

    Examples
    --------
    >>> from coterie.segmentation.centroids import KMeans
    >>> check_algorithm(KMeans())
    """
    if columns < 2:
        raise ParameterError(f"columns={columns}.", allowed="columns is 2 or more.")
    _check_contract(algorithm)
    planted = _planted(columns)
    model = algorithm.fit(planted, 4, seed=SEED)
    for check in (_check_model, _check_placement, _check_json, _check_soft, _check_sql):
        check(algorithm, model, planted)
    _check_determinism(algorithm, planted)
    _check_weights(algorithm, planted)
    for name, matrix in _edges(columns).items():
        for k in (1, 3, 12):
            _check_edge(algorithm, matrix, k, f"{name}, k = {k}")
    _check_refusals(algorithm, model, columns)
    _check_memory(model, columns)


def _require(holds: Any, promise: str) -> None:
    if not holds:
        raise AssertionError(promise)


def _planted(columns: int) -> Floats:
    """Return customers in four groups far apart, some of them equal to each other."""
    random = np.random.default_rng(SEED)
    corners = np.zeros((4, columns))
    corners[1, 0], corners[2, 1], corners[3, :2] = 8.0, 9.0, 10.0
    rows = corners[np.arange(SIZE) % 4] + random.normal(size=(SIZE, columns)).round(1)
    rows[:, -1] = np.where(rows[:, -1] > 0, 1.0, 0.0)  # a flag, as a category makes it
    return rows


def _edges(columns: int) -> dict[str, Floats]:
    """Return matrices that break careless algorithms."""
    rows = np.random.default_rng(SEED).normal(size=(60, columns))
    constant, duplicate, collinear, zeros = rows.copy(), rows.copy(), rows.copy(), rows.copy()
    constant[:, 0] = 3.0
    duplicate[:, 1] = duplicate[:, 0]
    collinear[:, 1] = 2.0 * collinear[:, 0] - 1.0
    zeros[:45] = 0.0
    return {
        "a constant column": constant,
        "a column twice": duplicate,
        "a column that is another's multiple": collinear,
        "three in four customers equal": zeros,
        "five kinds of customers": np.repeat(rows[:5], 8, axis=0),
        "equal customers": np.zeros((30, columns)),
        "far apart": rows * 1e4,
        "near together": rows * 1e-6,
        "two rows": rows[:2],
        "two equal rows": np.zeros((2, columns)),
        "one row": rows[:1],
    }


def _check_contract(algorithm: Algorithm) -> None:
    name = getattr(algorithm, "name", None)
    _require(isinstance(name, str) and name, "name is a text.")
    traits = getattr(algorithm, "traits", None)
    _require(isinstance(traits, Traits) and traits.suits, "traits is a Traits with its suits.")
    models = getattr(algorithm, "models", ())
    _require(models, "models names the classes of the models that fit returns.")
    for model in models:
        _require(isinstance(getattr(model, "kind", None), str), f"{model.__name__} has a kind.")


def _check_model(algorithm: Algorithm, model: Model, rows: Floats) -> None:
    _require(type(model) in algorithm.models, f"models names {type(model).__name__}.")
    _check_labels(algorithm, model, rows, "planted groups")
    _require(0 <= model.fidelity <= 1, f"fidelity is 0 to 1, not {model.fidelity}.")
    if algorithm.traits.takes_k:
        _require(model.n_segments == 4, f"4 segments are found, not {model.n_segments}.")
    labels = model.assign(rows)
    twins = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
    pairs = np.unique(np.column_stack([twins, labels]), axis=0)
    _require(len(pairs) == twins.max() + 1, "Equal customers are in the same segment.")
    shuffled = np.random.default_rng(1).permutation(len(rows))
    _require((model.assign(rows[shuffled]) == labels[shuffled]).all(), "assign looks at one row.")
    _require((model.assign(np.asfortranarray(rows)) == labels).all(), "Memory order is nothing.")


def _check_labels(algorithm: Algorithm, model: Model, rows: Floats, where: str) -> None:
    labels = model.assign(rows)
    _require(labels.dtype == np.int32, f"assign returns int32 ({where}).")
    _require(labels.shape == (len(rows),), f"assign returns one label a row ({where}).")
    least = NOISE if algorithm.traits.noise else 0
    inside = (labels >= least) & (labels < model.n_segments)
    _require(inside.all(), f"Labels are {least} to n_segments - 1 ({where}).")
    costs = model.distances(rows)
    _require(costs.shape == (len(rows), model.n_segments), f"distances has its shape ({where}).")
    _require(np.isfinite(costs).all(), f"distances are finite ({where}).")
    placed = labels != NOISE
    least_cost = np.argmin(costs[placed], axis=1)
    _require((least_cost == labels[placed]).all(), f"assign is the least distance ({where}).")


def _check_placement(algorithm: Algorithm, model: Model, rows: Floats) -> None:
    del algorithm
    new = np.random.default_rng(2).uniform(-30, 30, (200, rows.shape[1]))
    for some in (rows, new, new[:1], rows[:0]):
        segment, second, margin = model.place(some)
        _require(np.array_equal(segment, model.assign(some)), "place gives the segment of assign.")
        _require(second.shape == segment.shape == margin.shape, "place has one entry a row.")
        _require(((second >= 0) & (second < model.n_segments)).all(), "second is a segment.")
        _require(((margin >= 0) & (margin <= 1)).all(), "The margin is 0 to 1.")


def _check_json(algorithm: Algorithm, model: Model, rows: Floats) -> None:
    del algorithm
    text = json.dumps(model.to_dict(), allow_nan=False)
    data = json.loads(text)
    _require(data.get("kind") == model.kind, "to_dict has the kind.")
    again = type(model).from_dict(data)
    _require(json.dumps(again.to_dict(), allow_nan=False) == text, "JSON comes back bit for bit.")
    ours, theirs = (np.column_stack(one.place(rows)) for one in (model, again))
    _require(np.array_equal(ours, theirs), "A model read from JSON places the same.")
    _require(again.fidelity == model.fidelity, "fidelity is kept in the JSON.")


def _check_soft(algorithm: Algorithm, model: Model, rows: Floats) -> None:
    has = isinstance(model, SoftModel)
    _require(has == algorithm.traits.soft, "traits.soft says whether models have soft().")
    if not isinstance(model, SoftModel):
        return
    chances = model.soft(rows)
    _require(chances.shape == (len(rows), model.n_segments), "soft has its shape.")
    _require(((chances >= 0) & (chances <= 1)).all(), "Chances are 0 to 1.")
    _require(np.allclose(chances.sum(axis=1), 1.0), "Chances of a customer sum to 1.")
    largest = chances[np.arange(len(rows)), model.assign(rows)]
    _require(np.allclose(largest, chances.max(axis=1)), "assign is the likeliest segment.")


def _check_sql(algorithm: Algorithm, model: Model, rows: Floats) -> None:
    names = [f'col "{i}"' for i in range(rows.shape[1])]
    if not algorithm.traits.sql:
        try:
            model.sql(names)
        except ParameterError:
            return
        raise AssertionError(
            "A model without SQL raises ParameterError; with it, say so in traits."
        )
    new = np.random.default_rng(3).uniform(-15, 15, (2_000, rows.shape[1]))
    every = np.concatenate([rows, new])
    table = pa.table({name: every[:, i] for i, name in enumerate(names)})
    with DuckDB(threads=1) as db:
        db.load("matrix", table.append_column("row", pa.array(np.arange(len(every)))))
        found = db.query(f"SELECT {model.sql(names)} AS label FROM matrix ORDER BY row")
    same = found.column("label").to_numpy() == model.assign(every)
    _require(same.all(), f"SQL differs from assign for {int((~same).sum())} of {len(every)} rows.")
    try:
        model.sql(names[:-1])
    except ParameterError:
        return
    raise AssertionError("sql refuses a wrong number of columns with ParameterError.")


def _check_determinism(algorithm: Algorithm, rows: Floats) -> None:
    first = _written(algorithm.fit(rows, 4, seed=SEED))
    _require(_written(algorithm.fit(rows, 4, seed=SEED)) == first, "The same seed, the same model.")
    order = np.random.default_rng(4).permutation(len(rows))
    _require(
        _written(algorithm.fit(rows[order], 4, seed=SEED)) == first,
        "The order of the rows does not change the model.",
    )
    before = rows.copy()
    with threadpool_limits(2):
        _require(
            _written(algorithm.fit(rows, 4, seed=SEED)) == first,
            "The number of threads does not change the model.",
        )
    _require((rows == before).all(), "fit leaves the matrix as it is.")


def _written(model: Model) -> str:
    return json.dumps(model.to_dict())


def _check_weights(algorithm: Algorithm, rows: Floats) -> None:
    plain = algorithm.fit(rows, 4, seed=SEED)
    for factor in (1.0, 2.0):
        weighted = algorithm.fit(rows, 4, seed=SEED, weights=np.full(len(rows), factor))
        _require(_written(weighted) == _written(plain), "Equal weights are as good as none.")
    half = algorithm.fit(rows[: len(rows) // 2], 4, seed=SEED)
    if _written(half) == _written(plain):  # nothing is learned, so nothing can weigh
        return
    heavy = np.where(rows[:, 0] > np.median(rows[:, 0]), 50.0, 1.0)
    weighted = algorithm.fit(rows, 4, seed=SEED, weights=heavy)
    _require(_written(weighted) != _written(plain), "Weights change what is found.")
    twice = np.tile([1.0, 2.0], len(rows) // 2)
    weighted = algorithm.fit(rows, 4, seed=SEED, weights=twice)
    repeated = algorithm.fit(np.repeat(rows, twice.astype(int), axis=0), 4, seed=SEED)
    share = _agreement(weighted.assign(rows), repeated.assign(rows))
    _require(share >= SOLID, f"A weight of 2 is as a row twice; {share:.0%} agree.")


def _agreement(a: Any, b: Any) -> float:
    """Return the share of rows whose label in ``a`` goes with theirs in ``b``."""
    pairs, counts = np.unique(np.column_stack([a, b]), axis=0, return_counts=True)
    best: dict[int, int] = {}
    for (label, _), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        best[label] = max(best.get(label, 0), count)
    return sum(best.values()) / len(a)


def _check_edge(algorithm: Algorithm, rows: Floats, k: int, where: str) -> None:
    model = algorithm.fit(rows, k, seed=SEED)
    most = min(k, len(np.unique(rows, axis=0)))
    fits = 1 <= model.n_segments <= most or not algorithm.traits.takes_k
    _require(fits, f"{model.n_segments} segments for at most {most} ({where}).")
    _check_labels(algorithm, model, rows, where)
    _require(0 <= model.fidelity <= 1, f"fidelity is 0 to 1 ({where}).")
    json.dumps(model.to_dict(), allow_nan=False)
    margin = model.place(rows).margin
    _require(np.isfinite(margin).all(), f"Margins are finite ({where}).")


def _check_refusals(algorithm: Algorithm, model: Model, columns: int) -> None:
    wrong = np.zeros((3, columns))
    wrong[1, 1] = np.nan
    for what, call in (
        ("fit refuses NaN", lambda: algorithm.fit(wrong, 2, seed=SEED)),
        ("assign refuses NaN", lambda: model.assign(wrong)),
        ("assign refuses another number of columns", lambda: model.assign(wrong[:, 1:])),
    ):
        try:
            call()
        except DataError:
            continue
        raise AssertionError(f"{what} with DataError.")


def _check_memory(model: Model, columns: int) -> None:
    rows = np.random.default_rng(5).normal(size=(4 * BATCH, columns))
    whole = model.distances(rows[:BATCH])
    tracemalloc.start()
    try:
        costs = model.distances(rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    _require(np.array_equal(costs[:BATCH], whole), "A row's distance is the same in any batch.")
    beyond = peak - 3 * costs.nbytes
    _require(beyond < MOST_BYTES, f"distances needs {beyond / 2**20:.0f} MB beyond its result.")
