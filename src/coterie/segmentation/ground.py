"""Customers on whom every part of the pipeline can be fitted again: value, scaling, columns.

A bootstrap that kept the scaling or the customer value of the first fit would call
segments steadier than they are, so the columns themselves are made anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coterie.errors import DataError, NotReadyError
from coterie.features.boosted import together
from coterie.features.catalogue import BOOSTED, CLV, VALUE_FEATURES
from coterie.features.column import to_floats
from coterie.features.lenses import FeatureSet, fit_matrix
from coterie.features.matrix import Matrix
from coterie.features.origins import Lessons
from coterie.features.value import ValueModel
from coterie.segmentation.base import Floats
from coterie.segmentation.candidates import Space

MAX_LEVELS = 12
"""Levels of a category that rules may name; the others have no column."""

Rows = NDArray[np.int64]


class Ground(Protocol):
    """Customers whose matrix can be made from any of them."""

    @property
    def n(self) -> int:
        """Number of customers."""
        ...

    def matrix(self, space: str, rows: Rows | None = None) -> Floats | None:
        """Return the matrix of all customers, fitted on ``rows`` (None: on all).

        None if it cannot be made: there is no such space, or ``rows`` leave no column.
        """
        ...

    def raw(self, space: str) -> Floats:
        """Return the features as people know them, shape (n, n_features), NaN where missing."""
        ...

    def features(self, space: str) -> tuple[str, ...]:
        """Return the feature that each column of ``matrix`` is made from."""
        ...

    @property
    def derived(self) -> tuple[str, ...]:
        """Features that are worked out from the others."""
        ...

    def take(self, rows: Rows) -> Ground:
        """Return some of the customers; what is fitted on all stays fitted on all."""
        ...


class Plain:
    """Matrices as they are given: nothing but the segments is fitted again.

    Parameters
    ----------
    spaces : sequence of Space
        With their matrices.
    """

    derived: tuple[str, ...] = ()

    def __init__(self, spaces: Sequence[Space]) -> None:
        self._spaces = {space.name: space for space in spaces}
        self.n = len(spaces[0].matrix)

    def matrix(self, space: str, rows: Rows | None = None) -> Floats | None:
        """Return the matrix as it is."""
        del rows
        return self._spaces[space].matrix if space in self._spaces else None

    def raw(self, space: str) -> Floats:
        """Return the matrix, whose thresholds are as good as those of raw features."""
        return self._spaces[space].matrix

    def features(self, space: str) -> tuple[str, ...]:
        """Return the features of the space."""
        return self._spaces[space].features or self._spaces[space].columns

    def take(self, rows: Rows) -> Plain:
        """Return some of the customers."""
        return Plain([replace(s, matrix=s.matrix[rows]) for s in self._spaces.values()])


@dataclass(frozen=True, eq=False)
class Orders:
    """What customer value is fitted on; arrays of shape (n,), days and units of money.

    Parameters
    ----------
    model : ValueModel
        As fitted on all customers.
    x, t_x, tenure, mean : float64 arrays
        See ``ValueModel.fit``.
    """

    model: ValueModel
    x: Floats
    t_x: Floats
    tenure: Floats
    mean: Floats

    def value(self, rows: Rows) -> Floats:
        """Return the expected spend of all customers by a model fitted on ``rows``."""
        known = (self.x, self.t_x, self.tenure, self.mean)
        try:
            model = ValueModel.fit(
                *(column[rows] for column in known), horizon_days=self.model.horizon_days
            )
        except NotReadyError:  # a few repeat buyers fewer than are needed, by chance
            model = self.model
        return model.expected_spend(*known)

    def take(self, rows: Rows) -> Orders:
        """Return those of some of the customers."""
        known = (self.x, self.t_x, self.tenure, self.mean)
        return Orders(self.model, *(column[rows] for column in known))


@dataclass(frozen=True, eq=False)
class Boosting:
    """What boosted value is learned from, by customer.

    Parameters
    ----------
    lessons : Lessons
        Of these customers.
    owner : int array, shape (rows of ``lessons``,)
        The customer of each row, ascending numbers from 0.
    n : int
        Customers, also those without a row.
    """

    lessons: Lessons
    owner: Rows
    n: int

    @classmethod
    def of(cls, lessons: Lessons, customers: NDArray[np.str_]) -> Boosting:
        """Return the lessons of these customers, given ascending."""
        place = np.searchsorted(customers, lessons.customers)
        place = np.minimum(place, len(customers) - 1)
        there = customers[place] == lessons.customers
        return cls(lessons.take(np.flatnonzero(there)), place[there], len(customers))

    def drawn(self, rows: Rows) -> Lessons:
        """Return what some of the customers teach, who may repeat."""
        times = np.bincount(rows, minlength=self.n)[self.owner]
        return self.lessons.take(np.repeat(np.arange(len(times)), times))

    def take(self, rows: Rows) -> Boosting:
        """Return those of some of the customers, each named once."""
        place = np.full(self.n, -1)
        place[rows] = np.arange(len(rows))
        kept = np.flatnonzero(place[self.owner] >= 0)
        return Boosting(self.lessons.take(kept), place[self.owner[kept]], len(rows))


class Columns:
    """Customers by their columns, from which a feature set makes its matrix.

    Parameters
    ----------
    frame : pyarrow.Table
        Every column that a feature set or the rules look at, one row a customer.
    sets : sequence of FeatureSet
        The spaces, by their names.
    told : sequence of str
        Columns that rules may use beside those of the set.
    orders : Orders, optional
        What ``clv`` is fitted on.
    boosting : Boosting, optional
        What ``boosted`` is learned from, beside ``orders``.
    words : mapping of str to str, optional
        What columns are called in sentences.
    """

    def __init__(
        self,
        frame: pa.Table,
        sets: Sequence[FeatureSet],
        *,
        told: Sequence[str] = (),
        orders: Orders | None = None,
        boosting: Boosting | None = None,
        words: Mapping[str, str] | None = None,
    ) -> None:
        self._frame = frame
        self._sets = {found.name: found for found in sets}
        self._told = tuple(told)
        self._orders = orders
        self._boosting = boosting
        self._words = dict(words or {})
        self._whole: dict[str, Matrix] = {}

    @property
    def n(self) -> int:
        """Number of customers."""
        return int(self._frame.num_rows)

    @property
    def derived(self) -> tuple[str, ...]:
        """Customer value, which is a formula of recency, frequency and money."""
        return tuple(self._words.get(value.name, value.name) for value in (CLV, BOOSTED))

    def matrix(self, space: str, rows: Rows | None = None) -> Floats | None:
        """Return the matrix of all customers, fitted on ``rows``."""
        chosen = self._sets.get(space)
        if chosen is None:
            return None
        if rows is None:
            return self._fitted(space).transform(self._frame)
        frame = self._frame
        try:
            if self._orders is not None and {CLV.name, BOOSTED.name} & set(chosen.columns):
                frame = self._valued(self._orders, rows)
            return fit_matrix(frame.take(pa.array(rows)), chosen).transform(frame)
        except DataError:  # these customers are all alike, or spent nothing to learn from
            return None

    def raw(self, space: str) -> Floats:
        """Return numbers as they are and one 0/1 column for each common level."""
        names = dict.fromkeys((*self._fitted(space).sources, *self._told))
        return np.column_stack([column for name in names for column in self._raw(name)])

    def features(self, space: str) -> tuple[str, ...]:
        """Return the words for what each column is made from."""
        sources = (column.source for column in self._fitted(space).columns)
        return tuple(self._words.get(source, source) for source in sources)

    def take(self, rows: Rows) -> Columns:
        """Return some of the customers; what is fitted on all stays fitted on all."""
        for space in self._sets:
            self._fitted(space)
        some = Columns(
            self._frame.take(pa.array(rows)),
            tuple(self._sets.values()),
            told=self._told,
            orders=self._orders.take(rows) if self._orders else None,
            boosting=self._boosting.take(rows) if self._boosting else None,
            words=self._words,
        )
        some._whole = self._whole
        return some

    def _valued(self, orders: Orders, rows: Rows) -> pa.Table:
        """Return the customers with their value by models fitted on ``rows``."""
        value = orders.value(rows)
        found = {CLV.name: value}
        if self._boosting is not None and BOOSTED.name in self._frame.column_names:
            known = [to_floats(self._frame.column(name)) for name in VALUE_FEATURES]
            spend = self._boosting.drawn(rows).fit().expected_spend(np.column_stack(known))
            found[BOOSTED.name] = together(value, spend)
        frame = self._frame
        for name, column in found.items():
            if name in frame.column_names:
                frame = frame.set_column(frame.column_names.index(name), name, pa.array(column))
        return frame

    def _fitted(self, space: str) -> Matrix:
        if space not in self._whole:
            self._whole[space] = fit_matrix(self._frame, self._sets[space])
        return self._whole[space]

    def _raw(self, name: str) -> list[Floats]:
        data = self._frame.column(name)
        if pa.types.is_floating(data.type):
            return [to_floats(data)]
        words = np.asarray(data.cast(pa.string()).fill_null("").to_pylist(), dtype=object)
        levels, counts = np.unique(words.astype(str), return_counts=True)
        common = levels[np.argsort(-counts, kind="stable")[:MAX_LEVELS]]
        return [(words == level).astype(np.float64) for level in common]
