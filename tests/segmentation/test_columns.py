from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from coterie.errors import DataError, ParameterError
from coterie.segmentation.columns import column_weights, is_frame, read_frame


def column(values: object) -> list[object]:
    """Read one column of an Arrow table."""
    return read_frame(pa.table({"a": values}), ["a"], None, least=1)["a"].to_pylist()


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (pa.array([1, None]), [1.0, None]),
        (pa.array([Decimal("1.50"), None]), [1.5, None]),
        (pa.array([date(1970, 1, 3), None]), [2.0, None]),
        (pa.array([129_600, None], pa.timestamp("s", "UTC")), [1.5, None]),
        (pa.array([timedelta(hours=36), None], pa.duration("ms")), [1.5, None]),
        (pa.array([True, None]), ["true", None]),
        (pa.array(["x", None], pa.large_string()), ["x", None]),
        (pa.array(["x", None], pa.string_view()), ["x", None]),
        (pa.array([7, None]).dictionary_encode(), ["7", None]),
        (pa.nulls(2), [None, None]),
    ],
)
def test_a_column_becomes_numbers_or_words(values: pa.Array, read: list[object]):
    assert column(values) == read


def test_every_library_gives_the_same_columns():
    values = {"n": [1.5, 2.5, None], "t": ["x", None, "y"], "f": [True, False, None]}
    table = pa.table(values)
    pandas = pd.DataFrame({**values, "c": pd.Categorical(values["t"])}, index=[9, 7, 8])
    polars = pl.DataFrame(values).with_columns(c=pl.Series(values["t"], dtype=pl.Categorical))
    arrow = table.append_column("c", table["t"].dictionary_encode())
    names = ["n", "t", "f", "c"]
    found = [read_frame(f, names, None, least=1).to_pylist() for f in (pandas, polars, arrow)]
    assert found[0] == found[1] == found[2]
    assert found[0][0] == {"n": 1.5, "t": "x", "f": "true", "c": "x"}


def test_the_index_of_pandas_is_no_column():
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index([5, 6], name="customer"))
    assert read_frame(frame, ["a"], None, least=1).column_names == ["a"]


def test_only_what_is_asked_for_is_read_and_an_empty_column_is_what_is_expected():
    frame = pl.DataFrame({"a": [None, None], "b": [[1], [2]]})
    table = read_frame(frame, ["a", "b"], {"a": pa.string()}, least=1)
    assert table.schema == pa.schema([("a", pa.string())])


def test_a_series_and_an_array_are_no_frames():
    assert is_frame(pd.DataFrame({"a": [1]}))
    assert is_frame(pl.DataFrame({"a": [1]}))
    assert not is_frame(pl.Series([1]))
    assert not is_frame(np.ones((2, 2)))


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pa.table({"a": [1.0, np.inf, -np.inf]}), "'a' holds infinity in 2 rows"),
        (pa.table({"a": [[1], [2]]}), "'a' holds list"),
        (pd.DataFrame({"a": ["x", 1.5]}, dtype=object), "column a .*values of one kind"),
        (pa.table({"a": [1.0]}).slice(1), "0 rows and 1 columns. At least 1 and 1"),
    ],
)
def test_what_cannot_be_read_is_named(frame: object, said: str):
    with pytest.raises(DataError, match=said):
        read_frame(frame, ["a"], None, least=1)


def test_a_name_that_is_there_twice_is_refused():
    with pytest.raises(DataError, match="'a' is there twice"):
        read_frame(pa.table({"a": [1], "b": [2]}), ["a", "a"], None, least=1)


def test_words_do_not_take_the_place_of_numbers():
    with pytest.raises(DataError, match="held numbers in fit and holds text"):
        read_frame(pa.table({"a": ["1"]}), ["a"], {"a": pa.float64()}, least=1)
    with pytest.raises(DataError, match="held text in fit and holds numbers"):
        read_frame(pa.table({"a": [1]}), ["a"], {"a": pa.string()}, least=1)


def test_weights_come_by_name_or_one_for_each_column():
    assert column_weights(None, ["a", "b"]) == [1.0, 1.0]
    assert column_weights({"b": 2}, ["a", "b"]) == [1.0, 2.0]
    assert column_weights(np.array([0.5, 3.0]), ["a", "b"]) == [0.5, 3.0]


@pytest.mark.parametrize("given", [[1.0], 3.0, "ab", {"a": 0}, {"a": "2"}, [1.0, np.inf]])
def test_other_weights_are_refused(given: object):
    with pytest.raises(ParameterError, match="number above 0 by name, or one for each column"):
        column_weights(given, ["a", "b"])


def test_an_unknown_weight_names_the_nearest_column():
    with pytest.raises(ParameterError, match="Did you mean 'spend'"):
        column_weights({"spnd": 2}, ["spend", "visits"])
