"""What a user's expression may be, and that no value of its columns makes an engine raise."""

import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import check_expression, translate
from coterie.engine.warehouse import PostgreSQL
from coterie.errors import ParameterError

COLUMNS = {"a", "b"}


def check(text, **more):
    return check_expression(text, COLUMNS, where="feature x", **more)


def test_a_division_by_zero_is_null_at_every_depth():
    with DuckDB() as db:
        db.load("t", pa.table({"a": [6.0], "b": [0.0]}))
        ((value,),) = db.rows(f"SELECT {check('a / (b / a) / b')} FROM t")
    assert value is None
    assert check("a / b / b") == '"a" / NULLIF("b", 0) / NULLIF("b", 0)'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "exactly one expression"),
        ("a; DROP TABLE t", "exactly one expression"),
        ("c + 1", "not known"),
        ("t.a", "not known"),
        ("sum(a)", "not allowed"),
        ("(SELECT 1)", "not allowed"),
        ("read_csv('/etc/passwd')", "not allowed"),
        ("a || 'x'", "not allowed"),
        ("CAST(a AS VARCHAR)", "CAST to TEXT is not allowed"),
        ("a % b", "Only measures"),
        ("(" * 400 + "a" + ")" * 400, "nested too deep"),
        ("NOT " * 400 + "a", "nested too deep"),
        ("+".join(["a"] * 40), "nested too deep"),
        ("a+" * 1_000 + "a", "2,001 characters"),
        ("EXP(" * 5 + "a" + ")" * 5, "EXP more than 4 times"),
        ("a +", "not SQL that can be read"),
    ],
)
def test_what_is_not_portable_is_refused_with_the_reason(text, said):
    with pytest.raises(ParameterError, match=said):
        check(text)


def test_a_measure_must_stay_an_integer():
    with pytest.raises(ParameterError, match="makes fractions"):
        check("a / b", integer=True)
    assert check("CASE WHEN a > 5 THEN 1 ELSE 0 END", integer=True)


def test_columns_are_found_without_regard_to_case_and_quoted():
    assert check("A + 1") == '"a" + 1'


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "0", "2.5", "-1"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        inner.map(lambda e: f"LN({e})"),
        inner.map(lambda e: f"ABS({e})"),
        st.tuples(inner, inner).map(lambda t: f"GREATEST({t[0]}, {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"COALESCE(NULLIF({t[0]}, {t[1]}), 0)"),
        st.tuples(inner, inner, inner).map(
            lambda t: f"CASE WHEN {t[0]} > {t[1]} THEN {t[2]} ELSE 0 END"
        ),
    ),
    max_leaves=6,
)
VALUES = [(0.0, 0.0), (-1.0, 2.0), (1e3, -1e-3), (None, 1.0), (3.0, None), (0.5, 0.5)]


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS)
def test_no_expression_raises_on_any_value(text):
    safe = check(text)
    with DuckDB() as db:
        db.load("t", pa.table({"a": [v[0] for v in VALUES], "b": [v[1] for v in VALUES]}))
        rows = db.rows(f"SELECT CAST({safe} AS DOUBLE) FROM t")
    assert all(value is None or math.isfinite(value) for (value,) in rows)


@pytest.mark.integration
def test_postgresql_computes_what_duckdb_computes(postgres_uri):
    table = pa.table({"a": [v[0] for v in VALUES], "b": [v[1] for v in VALUES]})
    texts = ["LN(a) / b", "EXP(a * 10)", "CASE WHEN a > b THEN a / b END", "ABS(a - b) / LN(b)"]
    select = ", ".join(f"CAST({check(t)} AS DOUBLE) AS x{i}" for i, t in enumerate(texts))
    answers = []
    with DuckDB() as duck, PostgreSQL(postgres_uri) as postgres:
        for engine in (duck, postgres):
            engine.load("expressions", table)
            query = f"SELECT {select} FROM expressions ORDER BY a NULLS FIRST, b NULLS FIRST"
            answers.append(engine.query(query).to_pylist())
    for left, right in zip(*answers, strict=True):
        assert [v is None for v in left.values()] == [v is None for v in right.values()]
        known = [(v, right[name]) for name, v in left.items() if v is not None]
        assert all(math.isclose(one, other, rel_tol=1e-9) for one, other in known)


def test_translation_keeps_the_meaning_of_division():
    text = translate("SELECT CAST(a AS DOUBLE) / b FROM t", "postgres")
    assert "DOUBLE PRECISION" in text


def test_a_locked_database_reads_and_writes_nothing_outside(tmp_path):
    with DuckDB() as db:
        db.lock([tmp_path])
        db.execute(f"COPY (SELECT 1 AS one) TO '{tmp_path / 'inside.parquet'}'")
        for statement in (
            "SELECT * FROM read_csv('/etc/passwd')",
            f"COPY (SELECT 1) TO '{tmp_path.parent / 'outside.parquet'}'",
            "SET enable_external_access = true",
            "INSTALL httpfs",
        ):
            with pytest.raises(Exception, match=r"disabled|locked|[Cc]annot"):
                db.execute(statement)
        assert db.rows(f"SELECT * FROM '{tmp_path / 'inside.parquet'}'") == [(1,)]


@pytest.mark.parametrize(
    "text", ["(a > 3) + 1", "(a + 1) AND a > 2", "CASE WHEN a > 1 THEN a > 3 ELSE 0 END"]
)
def test_truth_and_numbers_do_not_mix_and_the_expression_is_named(text: str) -> None:
    with pytest.raises(ParameterError, match="as if it were") as told:
        check_expression(text, ["a"], where="feature x")
    assert text in str(told.value)


@pytest.mark.parametrize(
    "text", ["CASE a WHEN 1 THEN 2 ELSE 3 END", "CASE WHEN (a > 1) THEN 2 END", "NOT a", "a > 1"]
)
def test_what_is_not_mixed_is_let_pass(text: str) -> None:
    assert check_expression(text, ["a"], where="feature x")
