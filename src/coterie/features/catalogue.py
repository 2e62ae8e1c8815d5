"""Features: what a person would say about a customer, as expressions over measures.

A feature may use measures, ``as_of`` and features before it. All arithmetic is in
doubles; money is in whole units here, never in micros.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from coterie.engine.sql import check_expression, identifier, is_condition
from coterie.errors import ParameterError
from coterie.features.measures import StateSpec, slugs
from coterie.schema import Params

Transform = Literal["log", "none", "auto"]


class Feature(Params):
    """One number a customer, with the words that explain it.

    Examples
    --------
    >>> Feature(name="momentum", expr="net_90 / net_365", label="Share of the year").transform
    'auto'
    """

    name: str
    expr: str
    label: str
    unit: str = ""
    higher_is_better: bool = True
    transform: Transform = "auto"
    """``log`` for amounts and counts, ``none`` for shares; ``auto`` looks at the skew."""


def _feature(
    name: str, expr: str, label: str, unit: str = "", transform: Transform = "log"
) -> Feature:
    return Feature(name=name, expr=expr, label=label, unit=unit, transform=transform)


def builtin_features(
    spec: StateSpec, frequency: Literal["order_days", "orders"] = "order_days"
) -> tuple[Feature, ...]:
    """Return the catalogue in the order of the contract, without customer value."""
    purchases = "order days" if frequency == "order_days" else "orders"
    features = [
        _feature("recency", "as_of - 1 - last_day", "Days since last order", "days").model_copy(
            update={"higher_is_better": False}
        ),
        _feature("frequency", frequency, f"Number of {purchases}", purchases),
        _feature("monetary", "net / 1000000", "Spend to date", "money"),
        _feature("tenure", "as_of - 1 - first_day", "Days since first order", "days"),
        _feature("avg_order", "monetary / frequency", "Average order", "money"),
        _feature("max_order", "max_day_net / 1000000", "Largest order", "money"),
        _feature(
            "mean_gap",
            "CASE WHEN order_days > 1 THEN (last_day - first_day) / (order_days - 1) "
            "ELSE tenure END",
            "Usual days between orders",
            "days",
        ),
        _feature(
            "overdue",
            "recency / GREATEST(mean_gap, 1)",
            "Days since last order against the usual gap",
            "times",
        ).model_copy(update={"higher_is_better": False}),
    ]
    for window in (30, 90):
        features += [
            _feature(
                f"orders_{window}d",
                f"days_{window}",
                f"Order days in the last {window} days",
                "order days",
            ),
            _feature(
                f"spend_{window}d",
                f"net_{window} / 1000000",
                f"Spend in the last {window} days",
                "money",
            ),
        ]
    features.append(
        _feature(
            "rate", "frequency / GREATEST(tenure, 7)", f"{purchases.capitalize()} a day", "a day"
        )
    )
    features += _shares(spec)
    return tuple(features)


def _shares(spec: StateSpec) -> list[Feature]:
    """Return the features that are shares: they lie between 0 and 1 and stay as they are."""
    shares = {
        "momentum": ("net_90 / net_365", "Share of the year's spend in the last 90 days"),
        "return_share": ("returned / (gross + returned)", "Share of spend sent back"),
        "discount_share": ("discount / (gross + discount)", "Share of the price taken off"),
        "weekend_share": ("weekend_lines / lines", "Share of order lines on weekends"),
    }
    for part in ("night", "morning", "afternoon", "evening"):
        shares[f"{part}_share"] = (f"{part}_lines / lines", f"Share of order lines in the {part}")
    features = [
        _feature(name, f"COALESCE({expr}, 0)", label, "share", "none")
        for name, (expr, label) in shares.items()
    ]
    for dimension, values in spec.vocabularies:
        if dimension == "event":
            features += _clicks(values)
        else:
            features += _mix(dimension, values)
    return features


def _mix(dimension: str, values: Sequence[str]) -> list[Feature]:
    named = {slug: value for value, slug in slugs(values).items()} | {"other": f"other {dimension}"}
    total = " + ".join(f"{dimension}__{slug}" for slug in named)
    shares = [
        _feature(
            f"{dimension}_share__{slug}",
            f"COALESCE({dimension}__{slug} / ({total}), 0)",
            f"Share of spend: {value}",
            "share",
            "none",
        )
        for slug, value in named.items()
    ]
    terms = " - ".join(f"COALESCE({share.name} * LN({share.name}), 0)" for share in shares)
    entropy = _feature(
        f"{dimension}_entropy", f"0 - {terms}", f"Variety of {dimension} (entropy)", "nats", "none"
    )
    return [entropy, *shares]


def _clicks(types: Sequence[str]) -> list[Feature]:
    """Return the clickstream counts and, where the steps are named so, the rates between them."""
    named = slugs(types)
    features = [
        _feature(f"events__{slug}", f"event__{slug}", f"Events: {value}", "events")
        for value, slug in named.items()
    ]
    steps = {
        step: next((slug for slug in named.values() if re.search(pattern, slug)), "")
        for step, pattern in {
            "view": "view|visit|browse",
            "cart": "cart|basket|add",
            "buy": "buy|purchase|order|checkout",
        }.items()
    }
    for start, end in (("view", "cart"), ("cart", "buy")):
        if steps[start] and steps[end] and steps[start] != steps[end]:
            rate = f"COALESCE(LEAST(event__{steps[end]} / event__{steps[start]}, 1), 0)"
            features.append(
                _feature(f"{start}_to_{end}", rate, f"Rate from {start} to {end}", "share", "none")
            )
    return features


VALUE_FEATURES = (
    "recency",
    "frequency",
    "monetary",
    "tenure",
    "avg_order",
    "max_order",
    "mean_gap",
    "overdue",
    "orders_30d",
    "spend_30d",
    "orders_90d",
    "spend_90d",
    "rate",
)
"""The 13 features from which an individual-level model predicts: the ceiling of P."""

CLV = Feature(name="clv", expr="", label="Expected spend ahead", unit="money", transform="log")
"""Customer value; its column comes from the fitted value model."""
BOOSTED = Feature(
    name="boosted", expr="", label="Expected spend ahead, boosted", unit="money", transform="log"
)
"""Geometric mean of customer value and of what boosted trees expect, where they are fitted."""


_TAKEN = (
    CLV.name,
    BOOSTED.name,
    "customer_id",
    "status",
    "measures_hash",
    "r_score",
    "f_score",
    "m_score",
)
"""Columns that stand beside features and measures."""


@dataclass(frozen=True)
class Catalogue:
    """The measures and features of a project, checked: one definition of ``features``."""

    state: StateSpec
    features: tuple[Feature, ...]

    @classmethod
    def build(
        cls,
        state: StateSpec,
        custom: Sequence[Feature] = (),
        frequency: Literal["order_days", "orders"] = "order_days",
    ) -> Catalogue:
        """Check every expression, the built-in ones by the same door as the user's.

        Parameters
        ----------
        state : StateSpec
            The measures that expressions may name.
        custom : sequence of Feature
            The project's own; they may name those before them.
        frequency : {'order_days', 'orders'}
            What ``frequency`` counts.

        Returns
        -------
        Catalogue
            The built-in features, then the project's own, in portable SQL.

        Raises
        ------
        ParameterError
            If a name is taken or not plain, or an expression is refused.
        """
        builtin = builtin_features(state, frequency)
        known = [*state.names, "as_of", *(feature.name for feature in builtin)]
        checked = []
        for feature in (*builtin, *custom):
            plain = re.fullmatch(r"[a-z][a-z0-9_]{0,62}", feature.name)
            if not plain or (feature.name in [*known, *_TAKEN] and feature not in builtin):
                raise ParameterError(
                    f"The feature name {feature.name!r} is taken or not a plain name.",
                    allowed="Small letters, digits and _, at most 63, starting with a letter.",
                    where="features",
                )
            where = f"feature {feature.name}"
            expr = check_expression(feature.expr, known, where=where)
            if "'" in expr:
                raise ParameterError(
                    f"{where} names a word, and features are made of numbers: {feature.expr}",
                    hint="Rules and offers may ask about words.",
                    where=where,
                )
            if is_condition(feature.expr, where=where):  # not every engine makes numbers of truth
                expr = f"CASE WHEN {expr} THEN 1 WHEN NOT ({expr}) THEN 0 END"
            checked.append(feature.model_copy(update={"expr": expr}))
            known.append(feature.name)
        return cls(state, tuple(checked))

    def sql(self, relation: str = "state") -> str:
        """Return the SELECT that makes ``customer_id, status`` and all features of ``relation``.

        Features that use others are nested one SELECT deeper, which every engine
        reads, instead of naming a column of the same SELECT, which not all do.
        """
        names = [*self.state.names, "as_of"]
        columns = ", ".join(
            f"CAST({identifier(name)} AS DOUBLE) AS {identifier(name)}" for name in names
        )
        ok = "CASE WHEN order_days > 0 THEN 'ok' ELSE 'no_orders' END AS status"
        select = f"SELECT customer_id, {ok}, {columns} FROM {relation}"
        for number, level in enumerate(self._levels()):
            made = ", ".join(f"{feature.expr} AS {identifier(feature.name)}" for feature in level)
            select = f"SELECT *, {made} FROM ({select}) AS level_{number}"
        wanted = ", ".join(
            f"CASE WHEN status = 'ok' THEN CAST({name} AS DOUBLE) END AS {name}"
            for name in (identifier(feature.name) for feature in self.features)
        )
        return f"SELECT customer_id, status, {wanted} FROM ({select}) AS made"

    def _levels(self) -> list[list[Feature]]:
        levels = []
        pending = {f.name: set(re.findall(r'"([^"]+)"', f.expr)) for f in self.features}
        while pending:
            ready = [name for name, used in pending.items() if not used & pending.keys()]
            levels.append([feature for feature in self.features if feature.name in ready])
            pending = {name: used for name, used in pending.items() if name not in ready}
        return levels


def find_features(features: Iterable[Feature], names: Iterable[str]) -> tuple[Feature, ...]:
    """Return the features of these names, in this order.

    Raises
    ------
    ParameterError
        If a name is not known; the message names the nearest.
    """
    known = {feature.name: feature for feature in features}
    found = []
    for name in names:
        if name not in known:
            raise ParameterError.unknown("feature", name, known)
        found.append(known[name])
    return tuple(found)
