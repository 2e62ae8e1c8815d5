"""All that is known of each customer as of a day: level 1, measures, features, value, scores.

What is fitted (vocabularies, customer value, score cut points) is fitted once and
then used as it is on any later day, so a customer is measured by the same rule
whether the model was made today or a year ago.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from coterie.engine.base import Engine
from coterie.engine.sql import identifier
from coterie.errors import NotReadyError
from coterie.features.boosted import BoostedValue, together_sql
from coterie.features.catalogue import BOOSTED, CLV, Catalogue, Feature
from coterie.features.level1 import KEYED, Rules, build_level1, find_vocabularies
from coterie.features.measures import Measure, StateSpec, check_measures
from coterie.features.rfm import RfmScores
from coterie.features.value import ValueModel

RFM = ("recency", "frequency", "monetary")
SCORES = ("r_score", "f_score", "m_score")
_PLAIN = "plain_features"
_ALWAYS = ("order_days", "first_day", "last_day", "net", "first_day_net")
"""Measures of which status and customer value are made."""
MIN_SCORED = 2
"""Customers below which scores have nothing to compare."""


@dataclass(frozen=True)
class Sources:
    """Names of the canonical tables to read; those of "" are not there."""

    lines: str = "lines"
    events: str = ""
    customers: str = ""
    """Adds the customers who never ordered, with status ``no_orders``."""


@dataclass(frozen=True)
class Custom:
    """What a project adds to the catalogue."""

    measures: tuple[Measure, ...] = ()
    features: tuple[Feature, ...] = ()
    frequency: Literal["order_days", "orders"] = "order_days"


@dataclass(frozen=True)
class FeatureModel:
    """The fitted definition of the table ``features`` of a project with orders."""

    catalogue: Catalogue
    custom: Custom
    value: ValueModel | None
    value_reason: str
    """Why there is no customer value; empty if there is."""
    rfm: RfmScores | None
    boosted: BoostedValue | None = None
    """Only beside customer value, and only where it was asked for."""

    @property
    def features(self) -> tuple[Feature, ...]:
        """Every feature with a column, in the order of the table."""
        fitted = ((CLV, self.value), (BOOSTED, self.boosted))
        return (*self.catalogue.features, *(feature for feature, model in fitted if model))

    def needed(self, columns: Iterable[str]) -> FeatureModel:
        """Return the model without the features and measures that no column is made of.

        Parameters
        ----------
        columns : iterable of str
            Features, scores and measures that are asked for.

        Returns
        -------
        FeatureModel
            It gives those columns, and customer value if this one does.
        """
        wanted = {*_ALWAYS, *columns}
        rfm = self.rfm if wanted & set(SCORES) else None
        wanted |= {*(RFM if rfm else ()), *(self.boosted.columns if self.boosted else ())}
        for feature in reversed(self.catalogue.features):  # a feature names only those before it
            if feature.name in wanted:
                wanted |= set(re.findall(r'"([^"]+)"', feature.expr))
        state = self.catalogue.state
        some = Catalogue(
            replace(state, only=frozenset(wanted & set(state.names))),
            tuple(feature for feature in self.catalogue.features if feature.name in wanted),
        )
        return replace(self, catalogue=some, rfm=rfm)

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted definition as plain JSON."""
        return {
            "state": self.catalogue.state.to_dict(),
            "features": [feature.model_dump() for feature in self.custom.features],
            "frequency": self.custom.frequency,
            "value": self.value.to_dict() if self.value else None,
            "value_reason": self.value_reason,
            "rfm": self.rfm.to_dict() if self.rfm else None,
            **({"boosted": self.boosted.to_dict()} if self.boosted else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FeatureModel:
        """Read what ``to_dict`` wrote."""
        state = StateSpec.from_dict(data["state"])
        features = tuple(Feature(**feature) for feature in data["features"])
        custom = Custom(state.custom, features, data["frequency"])
        return cls(
            Catalogue.build(state, features, custom.frequency),
            custom,
            ValueModel.from_dict(data["value"]) if data["value"] else None,
            data["value_reason"],
            RfmScores.from_dict(data["rfm"]) if data["rfm"] else None,
            BoostedValue.from_dict(data["boosted"]) if data.get("boosted") else None,
        )


def fit_features(
    engine: Engine,
    rules: Rules,
    custom: Custom,
    *,
    as_of: int,
    horizon: int,
    sources: Sources = Sources(),
    boosted: BoostedValue | None = None,
) -> FeatureModel:
    """Fit vocabularies, customer value and scores on what is known before ``as_of``.

    Leaves ``order_days``, ``state`` and ``features`` as of that day in the engine.

    Parameters
    ----------
    engine : Engine
        Holds the canonical tables.
    rules : Rules
        How lines are counted.
    custom : Custom
        The measures and features of the project.
    as_of : int
        Rows on or after this day are not read.
    horizon : int
        Days ahead for which value is expected.
    sources : Sources
        Names of the tables to read.
    boosted : BoostedValue, optional
        As learned before ``as_of``; it is kept where customer value is known.

    Returns
    -------
    FeatureModel
        Everything that was fitted; value and scores are None where there is too little data.

    Raises
    ------
    ParameterError
        If a measure or feature of the project is refused.
    """
    build_level1(engine, rules, as_of, lines=sources.lines, events=sources.events)
    vocabularies = find_vocabularies(engine)
    plain = StateSpec(rules, vocabularies)
    state = StateSpec(rules, vocabularies, check_measures(custom.measures, plain.names))
    catalogue = Catalogue.build(state, custom.features, custom.frequency)
    _create_state(engine, state, as_of)
    value, reason = _fit_value(engine, as_of, horizon)
    known = read_frame(engine, RFM, relation=f"({catalogue.sql()}) AS f")
    rfm = (
        RfmScores.fit(*(_floats(known, name) for name in RFM))
        if known.num_rows >= MIN_SCORED
        else None
    )
    model = FeatureModel(catalogue, custom, value, reason, rfm, boosted if value else None)
    create_features(engine, model, as_of, sources)
    return model


def build_features(
    engine: Engine,
    model: FeatureModel,
    *,
    as_of: int,
    sources: Sources = Sources(),
) -> None:
    """Make ``order_days``, ``state`` and ``features`` as of a day by a fitted definition.

    Parameters
    ----------
    engine : Engine
        Holds the canonical tables; gets ``order_days``, ``state`` and ``features``.
    model : FeatureModel
        As fitted, perhaps on another day.
    as_of : int
        Rows on or after this day are not read.
    sources : Sources
        Names of the tables to read.
    """
    rules = model.catalogue.state.rules
    build_level1(engine, rules, as_of, lines=sources.lines, events=sources.events)
    _create_state(engine, model.catalogue.state, as_of)
    create_features(engine, model, as_of, sources)


def refit_value(
    engine: Engine,
    model: FeatureModel,
    *,
    as_of: int,
    horizon: int,
    sources: Sources = Sources(),
    boosted: BoostedValue | None = None,
) -> FeatureModel:
    """Fit customer value anew; vocabularies, scores and features stay as they were fitted.

    Parameters
    ----------
    engine : Engine
        As ``build_features`` left it for this model and day; ``features`` is made anew.
    model : FeatureModel
        As fitted before.
    as_of : int
        The day of ``state``.
    horizon : int
        Days ahead for which value is expected.
    sources : Sources
        Names of the tables to read.
    boosted : BoostedValue, optional
        As learned anew before ``as_of``; without it that of ``model`` stays.

    Returns
    -------
    FeatureModel
        The same where it has no customer value, or where there is too little data for one now.
    """
    value = _fit_value(engine, as_of, horizon)[0] if model.value else None
    if value is None:
        return model
    fitted = replace(model, value=value, boosted=boosted or model.boosted)
    create_features(engine, fitted, as_of, sources)
    return fitted


def _create_state(engine: Engine, state: StateSpec, as_of: int) -> None:
    """Make ``state`` of level 1, of which the days of orders are kept for later questions."""
    engine.create("state", state.sql(as_of))
    for name in KEYED:
        if name != "order_days":
            engine.drop(name)


def create_features(
    engine: Engine, model: FeatureModel, as_of: int, sources: Sources = Sources()
) -> None:
    """Join features, customer value and scores to the table ``features``.

    Parameters
    ----------
    engine : Engine
        Holds ``state`` as of the day; gets ``features``.
    model : FeatureModel
        As fitted.
    as_of : int
        The day of ``state``.
    sources : Sources
        Names of the tables to read.
    """
    names = [identifier(feature.name) for feature in model.catalogue.features]
    columns = ["f.customer_id", "f.status", *(f"f.{name}" for name in names)]
    plain = f"({model.catalogue.sql()}) AS f"
    if model.boosted:
        engine.create(_PLAIN, model.catalogue.sql())
        plain = f"{_PLAIN} AS f"
    tables = plain
    if sources.customers:
        columns[:2] = ["e.customer_id", "COALESCE(f.status, 'no_orders') AS status"]
        tables = (
            f"(SELECT customer_id FROM state UNION SELECT customer_id FROM {sources.customers})"
            f" AS e LEFT JOIN {plain} ON f.customer_id = e.customer_id"
        )
    if model.value:
        engine.create("clv", model.value.sql_select("state", as_of=as_of))
        columns.append("clv.clv AS clv")
        tables += " LEFT JOIN clv ON clv.customer_id = f.customer_id"
    if model.boosted:
        engine.create("boosted", model.boosted.sql_select(_PLAIN))
        columns.append(f"{together_sql('clv.clv', 'boosted.boosted')} AS boosted")
        tables += " LEFT JOIN boosted ON boosted.customer_id = f.customer_id"
    if model.rfm:
        scores = model.rfm.sql(RFM)
        columns += [f"CAST({scores[name]} AS DOUBLE) AS {name}" for name in SCORES]
    engine.create("features", f"SELECT {', '.join(columns)} FROM {tables}")
    for name in ("clv", "boosted", _PLAIN) if model.boosted else ("clv",):
        engine.drop(name)


def _fit_value(engine: Engine, as_of: int, horizon: int) -> tuple[ValueModel | None, str]:
    """Return the fitted value model, or the reason why there is none."""
    table = engine.query(
        "SELECT order_days - 1 AS x, last_day - first_day AS t_x, "
        f"{as_of} - 1 - first_day AS tenure, net - first_day_net AS repeat_net "
        "FROM state WHERE order_days > 0 ORDER BY customer_id"
    )
    x = _floats(table, "x")
    mean = _floats(table, "repeat_net") / 1e6 / np.maximum(x, 1.0)
    try:
        model = ValueModel.fit(
            x, _floats(table, "t_x"), _floats(table, "tenure"), mean, horizon_days=horizon
        )
    except NotReadyError as error:
        return None, str(error)
    return model, ""


def _floats(table: pa.Table, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def read_frame(engine: Engine, names: Sequence[str], *, relation: str = "features") -> pa.Table:
    """Return columns of the customers that can be segmented, ordered by customer id.

    Parameters
    ----------
    engine : Engine
        Holds ``relation``.
    names : sequence of str
        Columns to read beside the id.
    relation : str
        A table with customer_id and status.

    Returns
    -------
    pyarrow.Table
        customer_id and ``names``, one row a customer.
    """
    columns = ", ".join(identifier(name) for name in ("customer_id", *names))
    return engine.query(
        f"SELECT {columns} FROM {relation} WHERE status = 'ok' ORDER BY customer_id"
    )
