"""Answers of very many people: columns are judged as a whole, and only odd rows one by one.

What is plain (a number within its bounds, a word that is known) needs no judging; all else is
handed to ``Form.read``, so both say the same of every row.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from coterie.errors import DataError
from coterie.prediction.fields import Field, Problem, flat
from coterie.prediction.form import ARROW, ID, Answers, Form

_NUMBER = r"^[+-]?(\d{1,15})(\.\d{1,15})?$"


def read_columns(form: Form, table: pa.Table, *, first: int = 1) -> Answers:
    """Read answers from columns of text.

    Parameters
    ----------
    form : Form
        The fields.
    table : pa.Table
        A column of strings for each answer, a row a person; other columns are passed over.
    first : int, default 1
        Number of the first row: the id of who has none.

    Returns
    -------
    Answers
        As ``Form.read`` gives them for the same rows.

    Raises
    ------
    DataError
        If two columns name the same field.

    Examples
    --------
    >>> form = Form((Field("Age", "number", "Age", min=0, max=120, required=True),))
    >>> found = read_columns(form, pa.table({"age": ["30", "250", ""]}))
    >>> found.frame["Age"].to_pylist(), [len(one) for one in found.problems]
    ([30.0, None, None], [0, 1, 1])
    """
    named = _named(form, table)
    n = table.num_rows
    odd = np.zeros(n, dtype=np.bool_)
    columns = {}
    for field in form.table_fields:
        given = table.column(named[field.name]) if field.name in named else pa.nulls(n, pa.string())
        columns[field.name], mine = _column(field, given)
        odd |= mine
    if any(field.kind == "extra" and field.name in named for field in form.fields):
        odd[:] = True
    ids = _ids(table, named.get(ID), first)
    frame = pa.table(columns)
    problems: list[tuple[Problem, ...]] = [()] * n
    extra: list[dict[str, str]] = [{}] * n
    passed = tuple(name for name in table.column_names if name not in named.values())
    if odd.any():
        rows = np.flatnonzero(odd)
        read = form.read(table.take(pa.array(rows)).to_pylist(), typed=False)
        place = np.arange(n)
        place[rows] = n + np.arange(len(rows))
        frame = pa.concat_tables([frame, read.frame]).take(pa.array(place))
        for at, row in enumerate(rows.tolist()):
            problems[row], extra[row] = read.problems[at], read.extra[at]
    return Answers(ids, frame, tuple(problems), tuple(extra), passed)


def _named(form: Form, table: pa.Table) -> dict[str, str]:
    """Return field -> column of the table."""
    found: dict[str, str] = {}
    for column in table.column_names:
        place = form.places.get(column) or form.places.get(flat(column))
        if place is None:
            continue
        if place in found:
            raise DataError(
                f"The columns {found[place]!r} and {column!r} both give {place}.",
                hint="Leave one of them out.",
            )
        found[place] = column
    return found


def _ids(table: pa.Table, column: str | None, first: int) -> tuple[str, ...]:
    numbers = range(first, first + table.num_rows)
    if column is None:
        return tuple(map(str, numbers))
    given = pc.utf8_trim_whitespace(table.column(column)).to_pylist()
    return tuple(one or str(number) for one, number in zip(given, numbers, strict=True))


def _column(field: Field, given: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Return the values that are plain, and which rows are not."""
    text = pc.utf8_trim_whitespace(pc.cast(given, pa.string()))
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    text = pc.if_else(pc.equal(text, ""), None, text)
    empty = _mask(pc.is_null(text))
    if field.kind in {"number", "ordinal"}:
        values, plain = _numbers(field, text)
    elif field.kind == "category":
        values, plain = _words(field, text)
    else:  # flags and dates are written in many ways
        values, plain = pa.nulls(len(text), ARROW[field.kind]), np.zeros(len(text), dtype=np.bool_)
    odd = ~plain & ~empty
    return values, odd | empty if field.required else odd


def _numbers(field: Field, text: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    plain = _mask(pc.match_substring_regex(text, _NUMBER))
    if field.choices:  # codes and words stand for each other
        plain[:] = False
    shown = pc.if_else(pa.array(plain), text, pa.scalar(None, pa.string()))
    values = pc.cast(shown, pa.float64())
    numbers = np.asarray(pc.fill_null(values, np.nan))
    low, high = field.low, field.high
    if low is not None and high is not None:
        plain &= (numbers >= low) & (numbers <= high)
    if field.min is not None:
        plain &= numbers >= field.min
    if field.max is not None:
        plain &= numbers <= field.max
    return pc.if_else(pa.array(plain), values, pa.scalar(None, pa.float64())), plain


def _words(field: Field, text: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    codes = {code for code, word in field.choices if code != word}
    words = [word for _, word in field.choices if word not in codes]
    plain = _mask(pc.is_in(text, value_set=pa.array(words, pa.string())))
    plain &= _mask(pc.is_valid(text))
    return pc.if_else(pa.array(plain), text, pa.scalar(None, pa.string())), plain


def _mask(found: pa.Array) -> NDArray[np.bool_]:
    return np.array(pc.fill_null(found, False), dtype=np.bool_)
