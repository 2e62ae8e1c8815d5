"""Measures: what is counted of each customer, as exact integers, the same on every engine.

Level 1 is keyed rows of integer sums made from the lines; merging two of them is
``+`` per key. Level 2 is one SELECT over a customer's level-1 rows. What depends
on the whole of a key (does this day count as an order day?) is therefore decided
at level 2, never while adding up.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from coterie.engine.sql import check_expression, identifier, literal
from coterie.errors import ParameterError
from coterie.features.level1 import KEYED, Rules, visible
from coterie.schema import CANONICAL, Params

Over = Literal[
    "lines", "orders", "order_days", "order_mix", "event_days", "events", "texts", "touches"
]


class Measure(Params):
    """One integer a customer, reduced from the rows of one table.

    ``window_days`` limits it to the days ``[as_of - window_days, as_of)``. ``first``
    takes the expression on the customer's first order day.

    Examples
    --------
    >>> Measure(name="net_90", over="order_days", expr="net_micros", window_days=90).reduce
    'sum'
    """

    name: str
    over: Over
    reduce: Literal["sum", "min", "max", "first"] = "sum"
    expr: str
    window_days: int | None = None


def slugs(values: Iterable[str]) -> dict[str, str]:
    """Return value -> a short name of ``a-z 0-9 _``, unique within ``values``.

    Examples
    --------
    >>> slugs(["Ladies' Wear", "Café", "Cafe"])
    {"Ladies' Wear": 'ladies_wear', 'Café': 'cafe', 'Cafe': 'cafe_2'}
    """
    names: dict[str, str] = {}
    for value in values:
        plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
        base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:24].strip("_") or "value"
        name, n = base, 1
        while name in names.values() or name == "other":
            n += 1
            name = f"{base}_{n}"
        names[value] = name
    return names


@dataclass(frozen=True)
class StateSpec:
    """All measures of a project with what they depend on: one definition of ``state``."""

    rules: Rules
    vocabularies: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(dimension, its values): category, channel, event; fixed when a model is fitted."""
    custom: tuple[Measure, ...] = ()
    only: frozenset[str] = frozenset()
    """Names of the measures that are asked for; empty for all."""

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """Every measure in the order of the columns of ``state``."""
        known = (*builtin_measures(self.rules, dict(self.vocabularies)), *self.custom)
        return tuple(one for one in known if one.name in self.only) if self.only else known

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the measures in order."""
        return tuple(measure.name for measure in self.measures)

    @cached_property
    def hash(self) -> str:
        """12 hex digits over definitions, vocabularies, time zone and rules."""
        text = json.dumps(self.to_dict() | {"measures": [m.model_dump() for m in self.measures]})
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def sql(self, as_of: int) -> str:
        """Return the one SELECT that makes ``state`` from level 1 as of a day."""
        groups: dict[str, list[Measure]] = {}
        for measure in self.measures:
            groups.setdefault(_group(measure), []).append(measure)
        base, joins = "order_days", []
        selects = [f"{base}.customer_id", f"CAST({as_of} AS INTEGER) AS as_of"]
        selects.append(f"{literal(self.hash)} AS measures_hash")
        for over, measures in groups.items():
            joins.append(f"({self._reduced(over, measures, as_of)}) AS {over}")
        for measure in self.measures:
            over = _group(measure)
            column = f"{over}.{identifier(measure.name)}"
            if measure.reduce == "sum" and over != base:
                column = f"COALESCE({column}, 0)"
            selects.append(f"{column} AS {identifier(measure.name)}")
        tables = joins[0] + "".join(
            f" LEFT JOIN {join} ON {join.rsplit(' ', 1)[1]}.customer_id = {base}.customer_id"
            for join in joins[1:]
        )
        return f"SELECT {', '.join(selects)} FROM {tables}"

    def _reduced(self, over: str, measures: Sequence[Measure], as_of: int) -> str:
        columns = ", ".join(
            f"{_reduction(measure, as_of)} AS {identifier(measure.name)}" for measure in measures
        )
        if over == "first":
            first = (
                f"SELECT customer_id, MIN(day) AS day FROM order_days WHERE {self.rules.counts} "
                "GROUP BY customer_id"
            )
            return (
                f"SELECT d.customer_id, {columns} FROM order_days AS d JOIN ({first}) AS f "
                "ON f.customer_id = d.customer_id AND f.day = d.day GROUP BY d.customer_id"
            )
        where = "" if over in KEYED else f" WHERE {visible(over, as_of, self.rules)}"
        return f"SELECT customer_id, {columns} FROM {over}{where} GROUP BY customer_id"

    def to_dict(self) -> dict[str, Any]:
        """Return the definition as plain JSON."""
        return {
            "rules": vars(self.rules),
            "vocabularies": [[name, list(values)] for name, values in self.vocabularies],
            "custom": [measure.model_dump() for measure in self.custom],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StateSpec:
        """Read what ``to_dict`` wrote."""
        return cls(
            Rules(**data["rules"]),
            tuple((name, tuple(values)) for name, values in data["vocabularies"]),
            tuple(Measure(**measure) for measure in data["custom"]),
        )


def _group(measure: Measure) -> str:
    """Return the name of the sub-select in which a measure is reduced."""
    return "first" if measure.reduce == "first" else measure.over


def _reduction(measure: Measure, as_of: int) -> str:
    function = {"min": "MIN", "max": "MAX"}.get(measure.reduce, "SUM")
    expression = f"({measure.expr})"
    if measure.window_days is not None:
        rest = " ELSE 0" if function == "SUM" else ""
        start = as_of - measure.window_days
        expression = f"CASE WHEN day >= {start} THEN {expression}{rest} END"
    reduced = f"{function}({expression})"
    if function == "SUM":
        reduced = f"COALESCE({reduced}, 0)"
    return f"CAST({reduced} AS BIGINT)"


def builtin_measures(
    rules: Rules, vocabularies: Mapping[str, Sequence[str]]
) -> tuple[Measure, ...]:
    """Return the catalogue's measures in the order of the contract."""
    days, counts = "order_days", rules.counts
    one = f"CASE WHEN {counts} THEN 1 ELSE 0 END"

    def of_day(
        name: str, expr: str, reduce: Literal["sum", "min", "max", "first"] = "sum"
    ) -> Measure:
        return Measure(name=name, over="order_days", reduce=reduce, expr=expr)

    measures = [
        of_day("first_day", f"CASE WHEN {counts} THEN day END", "min"),
        of_day("last_day", f"CASE WHEN {counts} THEN day END", "max"),
        Measure(name="orders", over="orders", expr=f"CASE WHEN {counts} THEN 1 ELSE 0 END"),
        of_day(days, one),
        of_day("net", "net_micros"),
        of_day("gross", "gross_micros"),
        of_day("returned", "returned_micros"),
        of_day("discount", "discount_micros"),
        of_day("lines", "lines"),
        of_day("units", "units_milli"),
        of_day("max_day_net", f"CASE WHEN {counts} THEN net_micros END", "max"),
        of_day("first_day_net", "net_micros", "first"),
    ]
    for window in (30, 90, 365):
        measures += [
            Measure(name=f"days_{window}", over="order_days", expr=one, window_days=window),
            Measure(name=f"net_{window}", over="order_days", expr="net_micros", window_days=window),
        ]
    parts = {
        "weekend": "(day + 3) % 7 >= 5",
        "night": "hour < 6",
        "morning": "hour >= 6 AND hour < 12",
        "afternoon": "hour >= 12 AND hour < 18",
        "evening": "hour >= 18",
    }
    measures += [
        Measure(name=f"{part}_lines", over="orders", expr=f"CASE WHEN {test} THEN lines ELSE 0 END")
        for part, test in parts.items()
    ]
    for dimension, values in vocabularies.items():
        measures += _vocabulary_measures(dimension, values)
    return tuple(measures)


def _vocabulary_measures(dimension: str, values: Sequence[str]) -> list[Measure]:
    over: Over = "event_days" if dimension == "event" else "order_mix"
    test, amount = ("type", "n") if dimension == "event" else ("value", "net_micros")
    scope = "" if dimension == "event" else f"dimension = {literal(dimension)} AND "
    named = slugs(values)
    tests = {slug: f"{scope}{test} = {literal(value)}" for value, slug in named.items()}
    if named:
        listed = ", ".join(literal(value) for value in named)
        tests["other"] = f"{scope}{test} NOT IN ({listed})"
    return [
        Measure(
            name=f"{dimension}__{slug}",
            over=over,
            expr=f"CASE WHEN {when} THEN {amount} ELSE 0 END",
        )
        for slug, when in tests.items()
    ]


def check_measures(measures: Sequence[Measure], taken: Iterable[str]) -> tuple[Measure, ...]:
    """Return the user's measures with checked, safe expressions.

    Raises
    ------
    ParameterError
        If a name is not an identifier or is taken, or an expression is refused.
    """
    names = {*taken, "customer_id", "as_of", "measures_hash", "status"}
    checked = []
    for measure in measures:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", measure.name) or measure.name in names:
            raise ParameterError(
                f"The measure name {measure.name!r} is taken or not a plain name.",
                allowed="Small letters, digits and _, at most 63, starting with a letter.",
                where="measures",
            )
        names.add(measure.name)
        columns = KEYED.get(measure.over) or tuple(CANONICAL[measure.over].names)
        where = f"measure {measure.name}"
        expr = check_expression(measure.expr, columns, where=where, integer=True)
        checked.append(measure.model_copy(update={"expr": expr}))
    return tuple(checked)
