"""The numeric matrix: what is known of customers as numbers that compare; fitted once, JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy

from coterie.errors import DataError
from coterie.features.column import CLIP, UNBOUNDED, Column, Floats, Values, to_floats, transformed

SKEWED = 1.0
BARELY_CURVED = 1e-6
"""Below this spread a transform is a straight line, and LN(1 + x) would only lose digits."""
STRAIGHT = 1e-6
"""A power this close to a whole number is that number."""
MISSING_INDICATOR = 0.05
MISSING_DROP = 0.60
RARE_LEVEL = 0.01
MAX_LEVELS = 12
OTHER = "any other"
_FEW = 64
"""Rows up to which all columns of numbers are taken at once."""


@dataclass(frozen=True)
class Wanted:
    """A column that should enter the matrix."""

    name: str
    kind: Literal["number", "category"] = "number"
    transform: Literal["log", "none", "auto"] = "auto"
    weight: float = 1.0
    clip: float = CLIP
    """Standard scores beyond this are cut, before the weight."""


@dataclass(frozen=True)
class Matrix:
    """A fitted way from columns of customers to a float64 matrix.

    Examples
    --------
    >>> table = pa.table({"orders": [1.0, 2.0, 3.0, 4.0, 100.0]})
    >>> matrix = Matrix.fit(table, [Wanted("orders", transform="log")])
    >>> matrix.transform(table).round(2).ravel().tolist()
    [-0.85, -0.56, -0.35, -0.19, 1.95]
    """

    columns: tuple[Column, ...]
    dropped: tuple[tuple[str, str], ...] = ()
    """(column, why) of what was asked for but holds nothing to cluster by."""

    @classmethod
    def fit(cls, table: pa.Table, wanted: Sequence[Wanted]) -> Matrix:
        """Fit transforms, fills and scales on a table with one row a customer.

        Parameters
        ----------
        table : pa.Table
            Numbers as float64 (NULL or NaN is missing), categories as text or bool.
        wanted : sequence of Wanted
            Columns to take, in the order of the matrix.

        Raises
        ------
        DataError
            If no column is left.
        """
        columns: list[Column] = []
        dropped: list[tuple[str, str]] = []
        for want in wanted:
            fit = _fit_category if want.kind == "category" else _fit_number
            fitted = fit(want, table.column(want.name))
            if isinstance(fitted, str):
                dropped.append((want.name, fitted))
            else:
                columns += fitted
        if not columns:
            reasons = "; ".join(f"{name}: {why}" for name, why in dropped) or "none was given"
            raise DataError(
                f"No column is left to find segments by ({reasons}).",
                hint="Name other columns, or check that the values differ.",
            )
        return cls(tuple(columns), tuple(dropped))

    @classmethod
    def plain(cls, names: Sequence[str]) -> Matrix:
        """Return a matrix that hands these columns on as they are (scores of a grid)."""
        return cls(tuple(Column(name, "value", clip=UNBOUNDED) for name in names))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the matrix columns in order."""
        return tuple(column.name for column in self.columns)

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the table columns that are read, each once."""
        return tuple(dict.fromkeys(column.source for column in self.columns))

    def transform(
        self, table: pa.Table | pa.RecordBatch, *, order: Literal["C", "F"] = "C"
    ) -> Floats:
        """Return the matrix, shape (rows of ``table``, columns), in the order of the rows.

        With order ``F`` the numbers of a column lie side by side, which is faster.
        """
        out = np.empty((table.num_rows, len(self.columns)), dtype=np.float64, order=order)
        few = table.num_rows <= _FEW
        for i, column in enumerate(self.columns):
            if not (few and column.role == "value"):
                column.write(table.column(column.source), out[:, i])
        if few:
            self._values.write(table, out)
        return out

    @cached_property
    def _values(self) -> Values:
        return Values(self.columns)

    def sql(self) -> tuple[tuple[str, str], ...]:
        """Return (matrix column, portable SQL expression) in order."""
        return tuple((column.name, column.sql()) for column in self.columns)

    def without(self, reasons: Mapping[str, str]) -> Matrix:
        """Return the matrix without the columns made from these sources, each with its reason."""
        kept = tuple(column for column in self.columns if column.source not in reasons)
        return Matrix(kept, (*self.dropped, *reasons.items()))

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted matrix as plain JSON."""
        return {
            "columns": [asdict(column) for column in self.columns],
            "dropped": [list(pair) for pair in self.dropped],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Matrix:
        """Read what ``to_dict`` wrote."""
        columns = (
            Column(**column | {"listed": tuple(column["listed"])}) for column in data["columns"]
        )
        return cls(tuple(columns), tuple((name, why) for name, why in data["dropped"]))


def _fit_number(want: Wanted, data: pa.ChunkedArray) -> list[Column] | str:
    numbers = to_floats(data)
    gaps = ~np.isfinite(numbers)
    share = float(gaps.mean())
    if share > MISSING_DROP:
        return f"{share:.0%} of the values are missing"
    fill = float(np.median(numbers[~gaps]))
    numbers = np.where(gaps, fill, numbers)
    if numbers.min() == numbers.max():
        return "all values are equal"
    transform, power = _choose_transform(numbers, want.transform)
    shaped = transformed(numbers, transform, power)
    with np.errstate(over="ignore"):
        if transform != "none" and 0.0 < shaped.std() < BARELY_CURVED:
            transform, power, shaped = "none", 1.0, numbers
        scale = float(shaped.std())
    if scale == 0.0:
        return "all values are equal"
    if not np.isfinite(scale):
        return "the values are too large to be squared"
    value = Column(
        want.name,
        "value",
        transform=transform,
        fill=fill,
        center=float(shaped.mean()),
        scale=scale,
        weight=want.weight,
        clip=want.clip,
        power=power,
    )
    if share > MISSING_INDICATOR:
        return [value, Column(want.name, "missing", weight=want.weight)]
    return [value]


def _choose_transform(
    numbers: Floats, asked: Literal["log", "none", "auto"]
) -> tuple[Literal["log", "none", "yeo-johnson"], float]:
    if asked == "log":
        return "log", 1.0
    if asked == "none" or abs(_skew(numbers)) <= SKEWED:
        return "none", 1.0
    if numbers.min() >= 0:
        return "log", 1.0
    power = float(scipy.stats.yeojohnson_normmax(numbers))
    # Close to 0 or 2, SQL would take the difference of almost equal numbers.
    return "yeo-johnson", float(round(power)) if abs(power - round(power)) < STRAIGHT else power


def _skew(numbers: Floats) -> float:
    """Return the skewness, of values brought to size 1 first so that no cube overflows."""
    scaled = numbers / np.abs(numbers).max()
    spread = float(scaled.std())
    if spread < 1e-12:
        return 0.0
    return float((((scaled - scaled.mean()) / spread) ** 3).mean())


def _fit_category(want: Wanted, data: pa.ChunkedArray) -> list[Column] | str:
    words = data.cast(pa.string())
    if words.null_count > MISSING_DROP * len(words):
        return f"{words.null_count / len(words):.0%} of the values are missing"
    counted = sorted(
        ((row["values"], row["counts"]) for row in pc.value_counts(words.drop_null()).to_pylist()),
        key=lambda pair: (-pair[1], pair[0]),
    )
    if len(counted) < 2:
        return "all values are equal"
    floor = RARE_LEVEL * len(words)
    listed = tuple(level for level, n in counted[:MAX_LEVELS] if n >= floor)
    if not listed:
        return "no value is shared by 1% of the customers"
    columns = [Column(want.name, "level", level=level, weight=want.weight) for level in listed]
    if len(listed) < len(counted):
        other = Column(want.name, "level", level=OTHER, listed=listed, weight=want.weight)
        columns.append(other)
    if words.null_count > MISSING_INDICATOR * len(words):
        columns.append(Column(want.name, "missing", weight=want.weight))
    return columns
