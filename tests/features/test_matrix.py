import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.errors import DataError
from coterie.features.column import CLIP
from coterie.features.matrix import Matrix, Wanted


def test_a_number_is_log_compressed_and_standardised_by_hand():
    # log1p(0, e-1, e^2-1) = 0, 1, 2: mean 1, standard deviation sqrt(2/3)
    table = pa.table({"spend": [0.0, np.e - 1, np.e**2 - 1]})
    matrix = Matrix.fit(table, [Wanted("spend", transform="log", weight=2.0)])
    unit = 2.0 / np.sqrt(2 / 3)
    np.testing.assert_allclose(matrix.transform(table).ravel(), [-unit, 0.0, unit])


def test_two_customers_who_differ_in_one_category_lie_one_apart():
    table = pa.table({"plan": ["a", "b", "a", "b"]})
    matrix = Matrix.fit(table, [Wanted("plan", kind="category")]).transform(table)
    assert np.linalg.norm(matrix[0] - matrix[1]) == pytest.approx(1.0)


def test_rare_and_surplus_levels_share_one_column():
    words = [f"level {i:02}" for i in range(14) for _ in range(20)] + ["rare"]
    table = pa.table({"x": words})
    matrix = Matrix.fit(table, [Wanted("x", kind="category")])
    assert len(matrix.columns) == 13
    assert matrix.columns[-1].name == "x=any other"
    assert (matrix.transform(table)[-1] > 0).tolist() == [False] * 12 + [True]


def test_many_gaps_add_an_indicator_and_too_many_drop_the_column():
    gappy = [None] * 10 + [float(i) for i in range(90)]
    empty = [None] * 70 + [float(i) for i in range(30)]
    table = pa.table({"gappy": gappy, "empty": empty})
    matrix = Matrix.fit(table, [Wanted("gappy"), Wanted("empty")])
    assert matrix.names == ("gappy", "gappy?")
    assert matrix.dropped == (("empty", "70% of the values are missing"),)


def test_constant_columns_alone_are_refused_with_the_reason():
    with pytest.raises(DataError, match="x: all values are equal"):
        Matrix.fit(pa.table({"x": [1.0, 1.0]}), [Wanted("x")])


def test_negative_skewed_values_take_yeo_johnson():
    values = np.random.default_rng(0).lognormal(size=500) - 0.5
    matrix = Matrix.fit(pa.table({"x": values}), [Wanted("x")])
    assert matrix.columns[0].transform == "yeo-johnson"


numbers = st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(0, 5).map(float))
words = st.one_of(st.none(), st.sampled_from(["a", "b", "O'Hara", 'a "b"', "é"]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(numbers, words), min_size=3, max_size=40))
@example([(0.0, None), (0.0, None), (8e-157, None)])
@example([(1e5, None), (1e5, None), (1e5 + 1e-9, None)])
@example([(None, None)] * 3 + [(1.0, None), (3.0, None), (-2e-76, None)])
def test_sql_gives_the_numbers_of_python(rows):
    table = pa.table(
        {
            "n": pa.array([row[0] for row in rows], pa.float64()),
            "w": pa.array([row[1] for row in rows], pa.string()),
        }
    )
    try:
        matrix = Matrix.fit(table, [Wanted("n"), Wanted("w", kind="category")])
    except DataError:
        return
    again = Matrix.from_dict(json.loads(json.dumps(matrix.to_dict())))
    assert again == matrix
    expected = matrix.transform(table)
    assert np.abs(expected).max() <= CLIP
    with DuckDB() as db:
        db.load("t", table)
        select = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in matrix.sql())
        got = db.query(f"SELECT {select} FROM t")
    for i, column in enumerate(got.columns):
        np.testing.assert_allclose(column.to_numpy(), expected[:, i], rtol=1e-9, atol=1e-9)


def test_by_columns_or_by_rows_the_numbers_are_the_same_to_the_last_bit():
    random = np.random.default_rng(0)
    gaps = random.random(20_000) < 0.1
    table = pa.table(
        {
            "a": random.lognormal(size=20_000),
            "b": pa.array(random.normal(size=20_000) ** 3, mask=gaps),
            "w": random.choice(["x", "y"], 20_000),
        }
    )
    matrix = Matrix.fit(table, [Wanted("a"), Wanted("b"), Wanted("w", kind="category")])
    rows, columns = matrix.transform(table), matrix.transform(table, order="F")
    assert rows.flags.c_contiguous
    assert columns.flags.f_contiguous
    np.testing.assert_array_equal(rows, columns)
    parts = [matrix.transform(table.slice(start, 7_000)) for start in range(0, 20_000, 7_000)]
    np.testing.assert_array_equal(np.vstack(parts), rows)


def test_texts_that_nobody_shares_are_dropped_with_the_reason():
    table = pa.table({"id": [f"k{i}" for i in range(300)], "x": [float(i) for i in range(300)]})
    matrix = Matrix.fit(table, [Wanted("id", kind="category"), Wanted("x")])
    assert matrix.names == ("x",)
    assert matrix.dropped == (("id", "no value is shared by 1% of the customers"),)


def test_huge_and_nearly_equal_numbers_are_refused_in_words_not_warnings():
    huge = pa.table({"x": [-1e300, 1e300, 2.0, 3.0]})
    with pytest.raises(DataError, match="too large to be squared"):
        Matrix.fit(huge, [Wanted("x")])
    close = pa.table({"x": [1.0, 1.0 + 2e-16, 1.0, 1.0]})
    assert np.isfinite(Matrix.fit(close, [Wanted("x")]).transform(close)).all()


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.none() | st.floats(0, 1e9)), min_size=4))
def test_a_few_rows_have_the_numbers_that_they_have_among_many(rows):
    table = pa.table(
        {
            "bent": pa.array([one for one, _ in rows] * 20, pa.float64()),
            "log": pa.array([other for _, other in rows] * 20, pa.float64()),
            "word": ["a", "b"] * (10 * len(rows)),
        }
    )
    wanted = [
        Wanted("bent", weight=2.0),
        Wanted("log", transform="log"),
        Wanted("word", "category"),
    ]
    try:
        matrix = Matrix.fit(table, wanted)
    except DataError:
        return
    few = matrix.transform(table.slice(0, 3))
    assert few.tobytes() == np.ascontiguousarray(matrix.transform(table)[:3]).tobytes()
