"""The SQL that leaves Coterie places every customer as Python does, on every engine run here."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from coterie.engine.duckdb import DuckDB
from coterie.engine.statement import DIALECTS
from coterie.errors import NotReadyError, ParameterError
from coterie.features.windows import to_day
from coterie.profiling.export_sql import assignment_sql, rules_sql
from coterie.profiling.rules import Rules
from coterie.profiling.surrogate import raw_values
from coterie.segmentation.released import load_released

KINDS = ("assignment", "rules")


def statement(run, kind, dialect):
    released = load_released(run.folder)
    as_of = to_day(date.fromisoformat(run.as_of)) if run.as_of else None
    if kind == "assignment":
        return assignment_sql(released, dialect, as_of=as_of)
    rules = Rules.from_dict(json.loads((run.folder / "rules.json").read_text())["rules"])
    return rules_sql(released, rules, dialect, as_of=as_of)


def tables(run):
    """Return the canonical tables that a warehouse would hold."""
    folder = run.folder.parents[1] / "data" / run.manifest["data"]
    found = {name: folder / name / "part-0000.parquet" for name in ("lines", "customers")}
    return {name: pq.read_table(path) for name, path in found.items() if path.is_file()}


def by_python(run, kind):
    """Return customer -> segment as Python gives it."""
    placed = run.table("assignments")
    own = dict(
        zip(*(placed.column(c).to_pylist() for c in ("customer_id", "segment_id")), strict=True)
    )
    if kind == "assignment":
        return own
    rules = Rules.from_dict(json.loads((run.folder / "rules.json").read_text())["rules"])
    frame = run.table("features")
    extra = tables(run).get("customers")
    if extra is not None:
        new = [name for name in extra.column_names if name not in frame.column_names]
        frame = frame.join(extra.select(["customer_id", *new]), "customer_id")
    frame = frame.filter(pa.compute.equal(frame["status"], "ok"))
    told = rules.assign(raw_values(rules.asked, frame))
    return dict.fromkeys(own, "none") | dict(
        zip(frame.column("customer_id").to_pylist(), told, strict=True)
    )


def as_dict(table):
    return dict(
        zip(*(table.column(c).to_pylist() for c in ("customer_id", "segment_id")), strict=True)
    )


@pytest.fixture(params=["retail", "boosted", "cards", "written"])
def run(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("kind", KINDS)
def test_duckdb_places_everybody_as_python_does(run, kind):
    with DuckDB() as db:
        for name, table in tables(run).items():
            db.load(name, table)
        found = db.query(statement(run, kind, "duckdb"))
    assert as_dict(found) == by_python(run, kind)
    assert found.num_rows == run.table("assignments").num_rows > 300
    assert len(set(as_dict(found).values()) - {"none"}) == len(run.segments)


@pytest.mark.integration
@pytest.mark.parametrize("kind", KINDS)
def test_postgres_places_everybody_as_python_does(run, kind, postgres_uri):
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(postgres_uri) as connection, connection.cursor() as cursor:
        for name, table in tables(run).items():
            cursor.adbc_ingest(name, table, mode="create", temporary=True)
        cursor.execute(statement(run, kind, "postgres"))
        found = cursor.fetch_arrow_table()
    assert as_dict(found) == by_python(run, kind)


@pytest.mark.integration
@pytest.mark.parametrize("kind", KINDS)
def test_spark_places_everybody_as_python_does(run, kind, spark, tmp_path: Path):
    for name, table in tables(run).items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
        spark.read.parquet(str(tmp_path / f"{name}.parquet")).createOrReplaceTempView(name)
    found = spark.sql(statement(run, kind, "spark")).toArrow()
    assert as_dict(found) == by_python(run, kind)


def test_margin_and_runner_up_are_those_of_the_run(retail):
    with DuckDB() as db:
        for name, table in tables(retail).items():
            db.load(name, table)
        found = db.query(f"{statement(retail, 'assignment', 'duckdb')} ORDER BY customer_id")
    own = retail.table("assignments")
    assert found.column("second_id").to_pylist() == own.column("second_id").to_pylist()
    assert found.column("status").to_pylist() == own.column("status").to_pylist()
    here, there = (np.array(t.column("margin").to_pylist(), dtype=float) for t in (found, own))
    np.testing.assert_allclose(here, there, atol=1e-9)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_dialect_reads_what_was_written_in_it(run, kind, dialect):
    text = statement(run, kind, dialect)
    assert text.startswith("-- Coterie: segment")
    (tree,) = sqlglot.parse(text, read=dialect)
    assert isinstance(tree, sqlglot.exp.Select)
    assert [column.alias for column in tree.expressions][:2] == ["", "segment_id"]
    read = {table.name for table in tree.find_all(sqlglot.exp.Table)}
    steps = {step.alias for step in tree.find_all(sqlglot.exp.CTE)}
    assert read - steps == ({"lines"} if run.as_of else {"customers"})


def test_an_unknown_dialect_is_named_with_those_that_are_known(retail):
    with pytest.raises(ParameterError, match="Did you mean 'postgres'"):
        statement(retail, "assignment", "postgre")
    with pytest.raises(NotReadyError, match="no rules"):
        rules_sql(load_released(retail.folder), None, "duckdb", as_of=15_000)
