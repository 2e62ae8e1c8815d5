"""Data frames of any library as Arrow columns that a matrix can read: numbers or text.

What a column means is told by its type alone: integers are amounts, never codes; a
coded category must be handed over as a categorical or as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.errors import DataError, ParameterError

MICROSECONDS_A_DAY = 86_400e6


def is_frame(data: Any) -> bool:
    """Tell a table of columns that can be read through Arrow from arrays and all else.

    Examples
    --------
    >>> is_frame(pa.table({"a": [1]})), is_frame([[1]])
    (True, False)
    """
    return hasattr(data, "__arrow_c_stream__") and hasattr(data, "columns")


def read_frame(
    frame: Any, names: Sequence[str], kinds: Mapping[str, pa.DataType] | None, *, least: int
) -> pa.Table:
    """Read a data frame: numbers, dates and durations as float64, all else as text.

    Parameters
    ----------
    frame : data frame
        Of pandas, polars, Arrow or another library that speaks Arrow's C interface.
    names : sequence of str
        What to call the columns, in their order.
    kinds : mapping of str to Arrow type, or None
        The columns to read and the type, float64 or text, that each must have; None
        reads all as they come.
    least : int
        Rows that are needed.

    Returns
    -------
    pa.Table
        The columns in the order of ``names``. Dates are days since 1970, durations days,
        flags "true" and "false", missing values NULL or NaN.

    Raises
    ------
    DataError
        If a name is there twice, there are too few rows or no columns, or a column
        cannot be compared, holds infinity or is not of its kind.

    Examples
    --------
    >>> table = pa.table({"a": [1, 2], "b": [True, None]})
    >>> read_frame(table, ["x", "y"], None, least=1).to_pylist()
    [{'x': 1.0, 'y': 'true'}, {'x': 2.0, 'y': None}]
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"The column {twice[0]!r} is there twice.", hint="Rename one of them.")
    table = _arrow(frame)
    if table.num_rows < least or not names:
        raise DataError(
            f"The data frame has {table.num_rows} rows and {len(names)} columns.",
            allowed=f"At least {least} and 1 are needed.",
        )
    columns = {
        name: _read(data, name, kinds[name] if kinds else None)
        for name, data in zip(names, table.columns, strict=True)
        if kinds is None or name in kinds
    }
    return pa.table(columns)


def column_weights(given: Any, names: Sequence[str]) -> list[float]:
    """Return the weight of each column.

    Parameters
    ----------
    given : mapping of str to float, sequence of float, or None
        By name, the others counting 1; or one for each column; or all 1.

    Raises
    ------
    ParameterError
        If a name is not known, a weight is not above 0, or their number is wrong.

    Examples
    --------
    >>> column_weights({"b": 2.5}, ["a", "b"])
    [1.0, 2.5]
    """
    if given is None:
        return [1.0] * len(names)
    if isinstance(given, Mapping):
        unknown = [str(name) for name in given if name not in names]
        if unknown:
            raise ParameterError.unknown("weights", unknown[0], names)
        weights = [given.get(name, 1.0) for name in names]
    else:
        weights = list(given) if np.ndim(given) == 1 else []
    if len(weights) != len(names) or not all(
        isinstance(weight, Real) and 0 < float(weight) < np.inf for weight in weights
    ):
        raise ParameterError(
            f"weights={given!r} for {len(names)} columns.",
            allowed="Give a number above 0 by name, or one for each column.",
        )
    return [float(weight) for weight in weights]


def _arrow(frame: Any) -> pa.Table:
    """Return a data frame as Arrow, without the index that pandas would add."""
    try:
        if hasattr(frame, "iloc"):
            return pa.Table.from_pandas(frame, preserve_index=False)
        return pa.table(frame)
    except (pa.ArrowException, TypeError) as error:
        raise DataError(
            f"The data frame cannot be read: {str(error).splitlines()[0]}",
            hint="Give every column values of one kind: numbers, text, flags or dates.",
        ) from error


def _read(data: pa.ChunkedArray, name: str, expected: pa.DataType | None) -> pa.ChunkedArray:
    """Return a column as float64 or text; one without any value is what is expected."""
    if data.null_count == len(data):
        return pa.chunked_array([pa.nulls(len(data), expected or pa.float64())])
    if not (_is_numeric(data.type) or _is_worded(data.type)):
        raise DataError(
            f"The column {name!r} holds {data.type}.",
            allowed="Numbers, text, categories, flags, dates and durations can be compared.",
            hint="Convert it or leave it out.",
            where=name,
        )
    found = _numbers(data, name) if _is_numeric(data.type) else _words(data)
    if expected is not None and found.type != expected:
        was, now = ("text", "numbers") if pa.types.is_string(expected) else ("numbers", "text")
        raise DataError(
            f"The column {name!r} held {was} in fit and holds {now} ({data.type}) now.", where=name
        )
    return found


def _is_numeric(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_decimal,
            pa.types.is_date,
            pa.types.is_timestamp,
            pa.types.is_duration,
        )
    )


def _is_worded(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (
            pa.types.is_boolean,
            pa.types.is_dictionary,
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
        )
    )


def _numbers(data: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    if pa.types.is_date(data.type):
        return data.cast(pa.date32()).cast(pa.int32()).cast(pa.float64())
    if pa.types.is_timestamp(data.type):
        return _days(data.cast(pa.timestamp("us", data.type.tz), safe=False))
    if pa.types.is_duration(data.type):
        return _days(data.cast(pa.duration("us"), safe=False))
    numbers = data.cast(pa.float64(), safe=False)
    bad = int(np.isinf(numbers.to_numpy()).sum())
    if bad:
        raise DataError(
            f"The column {name!r} holds infinity in {bad:,} row{'' if bad == 1 else 's'}.",
            hint="Make it missing, or correct it.",
            where=name,
        )
    return numbers


def _days(microseconds: pa.ChunkedArray) -> pa.ChunkedArray:
    numbers = microseconds.cast(pa.int64()).cast(pa.float64(), safe=False)
    return pc.divide(numbers, MICROSECONDS_A_DAY)


def _words(data: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_dictionary(data.type):
        return data.cast(pa.string())
    # Arrow cannot decode a dictionary of the kind of strings that polars uses
    decoded = [chunk.dictionary.cast(pa.string()).take(chunk.indices) for chunk in data.chunks]
    return pa.chunked_array(decoded, pa.string())
