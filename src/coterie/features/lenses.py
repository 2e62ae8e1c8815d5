"""Lenses: which features a segmentation looks at, in the words marketers use.

A lens gives one or more feature sets; the selection tries each. Attributes of
today never enter the lens ``value``, which is judged by what came later.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from coterie.engine.base import Engine
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.errors import NotReadyError, ParameterError
from coterie.features.asof import RFM, FeatureModel
from coterie.features.attributes import NUMERIC_KINDS, attribute_columns, correlated_groups
from coterie.features.catalogue import BOOSTED, CLV
from coterie.features.column import UNBOUNDED
from coterie.features.matrix import Matrix, Wanted
from coterie.schema import Attribute

Name = Literal["value", "behaviour", "demographic", "geographic", "custom"]

VALUE_WEIGHT = 2.5
"""Weight of customer value beside recency, frequency and money (METHODS 2)."""


@dataclass(frozen=True)
class FeatureSet:
    """Columns to cluster by, under the name that the list of candidates shows."""

    name: str
    wanted: tuple[Wanted, ...]
    grouped: bool = True
    """Whether columns that say the same twice are left out."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the source columns."""
        return tuple(want.name for want in self.wanted)


def feature_sets(
    lens: Name,
    model: FeatureModel | None,
    attributes: Sequence[Attribute],
    *,
    features: Sequence[str] = (),
    include_protected: Collection[str] = (),
    outcome: str = "",
) -> tuple[FeatureSet, ...]:
    """Return the feature sets of a lens, the preferred one first.

    Parameters
    ----------
    lens : str
        Which one.
    model : FeatureModel or None
        The features of a project with orders.
    attributes : sequence of Attribute
        The columns of the customer table.
    features : sequence of str
        For the lens ``custom``: the names to take; empty means all attributes.
    include_protected : collection of str
        Protected attributes that may be clustered by.
    outcome : str
        The attribute that the segments are judged by; it is not clustered by.

    Returns
    -------
    tuple of FeatureSet
        For ``value`` with a value model two: with it and without, and with boosted value
        a third; otherwise one.

    Raises
    ------
    NotReadyError
        If the lens needs orders or attributes that are not there, or boosted value is
        named and there are too few orders for it.
    ParameterError
        If a name in ``features`` is not known.
    """
    known = {feature.name: feature for feature in model.features} if model else {}
    columns = {attribute.name for attribute in attributes}
    for name in include_protected:
        if name not in columns:
            raise ParameterError.unknown("include_protected", name, columns)
    if BOOSTED.name in features and model and not model.boosted:
        raise NotReadyError(
            f"There are too few orders to learn the feature {BOOSTED.name!r} from.",
            allowed="It needs 100 repeat buyers, 90 days of orders, and an earlier day on which "
            "200 customers were known.",
            hint="Leave it out.",
        )
    for name in (outcome, *features):
        if name and name not in known.keys() | columns:
            setting = "outcome" if name == outcome else "features"
            raise ParameterError.unknown(setting, name, known.keys() | columns)
    if lens in {"value", "behaviour"}:
        if model is None:
            raise NotReadyError(
                f"The lens {lens!r} needs orders, and there is only a customer table.",
                hint='Add [sources.orders], or set lens = "custom".',
            )
        return _value_sets(model) if lens == "value" else (_behaviour_set(model),)
    chosen = [name for name in features if name in known]
    taken = [name for name in features if name not in known]
    picked = attribute_columns(
        attributes,
        include_protected=include_protected,
        features=taken,
        lens=lens,
        outcome=outcome,
    )
    wanted = [Wanted(name, transform=known[name].transform) for name in chosen]
    if taken or not chosen:
        wanted += [
            Wanted(a.name, kind="number" if a.kind in {"number", "ordinal", "date"} else "category")
            for a in picked
        ]
    if not wanted:
        raise NotReadyError(
            f"The lens {lens!r} finds no column to look at.",
            hint="Give the customer table such columns, or name features of your own.",
        )
    more = " …" if len(wanted) > 3 else ""
    title = ", ".join(want.name for want in wanted[:3]) + more
    return (FeatureSet(title, tuple(wanted)),)


def _value_sets(model: FeatureModel) -> tuple[FeatureSet, ...]:
    rfm = tuple(Wanted(name, transform="log") for name in RFM)
    plain = FeatureSet("log RFM", rfm, grouped=False)
    if model.value is None:
        return (plain,)
    named = {CLV.name: "customer value"} | (
        {BOOSTED.name: "boosted value"} if model.boosted else {}
    )
    # The tail of value is what the lens is about: cut at 4, it explains a tenth less spend.
    anchored = tuple(
        FeatureSet(
            f"log RFM + {words}",
            (*rfm, Wanted(name, transform="log", weight=VALUE_WEIGHT, clip=UNBOUNDED)),
            grouped=False,
        )
        for name, words in named.items()
    )
    return (*anchored, plain)


def _behaviour_set(model: FeatureModel) -> FeatureSet:
    names = [
        feature.name
        for feature in model.features
        if feature.unit == "share" and feature.name not in {"momentum", "return_share"}
    ]
    return FeatureSet(
        "shares of spend and time", tuple(Wanted(name, transform="none") for name in names)
    )


def fit_matrix(frame: pa.Table, feature_set: FeatureSet) -> Matrix:
    """Fit the matrix of a feature set, without the columns that say the same twice.

    Raises
    ------
    DataError
        If no column is left.
    """
    matrix = Matrix.fit(frame, feature_set.wanted)
    if not feature_set.grouped:
        return matrix
    sources = [column.source for column in matrix.columns]
    groups = correlated_groups(matrix.transform(frame), matrix.names, sources=sources)
    reasons = {
        name: f"says the same as {group.kept} (correlation {r:.2f})"
        for group in groups
        for name, r in group.others
    }
    return matrix.without(reasons)


def default_lens(*, has_orders: bool) -> Name:
    """Return the lens that ``auto`` stands for."""
    return "value" if has_orders else "custom"


def create_attribute_features(engine: Engine, attributes: Sequence[Attribute]) -> None:
    """Make ``features`` from a customer table alone: every numeric attribute as a double."""
    columns = "".join(
        f", {_double_of(attribute)} AS {identifier(attribute.name)}"
        for attribute in attributes
        if attribute.kind in NUMERIC_KINDS
    )
    engine.create("features", f"SELECT customer_id, 'ok' AS status{columns} FROM people")


def _double_of(attribute: Attribute) -> str:
    name = identifier(attribute.name)
    if attribute.kind == "flag":
        return f"CAST(CASE WHEN {name} THEN 1 WHEN NOT {name} THEN 0 END AS DOUBLE)"
    return f"CAST({name} AS DOUBLE)"


def frame_sql(db: DuckDB, names: Sequence[str]) -> str:
    """Return the SELECT of customer_id, status and these columns of all customers.

    A column is looked for in ``features`` first, then among the attributes.

    Raises
    ------
    ParameterError
        If a column is in neither.
    """
    features = set(db.columns("features"))
    attributes = set(db.columns("people")) if "people" in db.tables() else set()
    columns = []
    for name in names:
        if name not in features | attributes:
            raise ParameterError.unknown("feature", name, features | attributes)
        columns.append(f"{'f' if name in features else 'c'}.{identifier(name)}")
    join = " LEFT JOIN people AS c ON c.customer_id = f.customer_id" if attributes else ""
    listed = ", ".join(["f.customer_id", "f.status", *columns])
    return f"SELECT {listed} FROM features AS f{join}"


def read_columns(db: DuckDB, names: Sequence[str], *, only: str = "") -> pa.Table:
    """Return these columns of the customers that can be segmented, ordered by customer.

    ``only`` names a table whose ``customer_id`` limit the rows (the sample).

    Parameters
    ----------
    db : DuckDB
        Holds ``features`` and the attributes.
    names : sequence of str
        Features or attributes.
    only : str
        A table whose ``customer_id`` limit the rows (the sample); empty for all.

    Returns
    -------
    pyarrow.Table
        customer_id, status and ``names``, one row a customer.
    """
    limit = f" AND customer_id IN (SELECT customer_id FROM {only})" if only else ""
    return db.query(
        f"SELECT * FROM ({frame_sql(db, names)}) WHERE status = 'ok'{limit} ORDER BY customer_id"
    )
