"""Customer value as portable SQL: the steps of ``value_orders``, one after the other.

The series is cut into named steps of eight nested terms, because parsers recurse.
Constants are written with an exponent: that makes them DOUBLE on every engine, to the
last bit, where ``0.5`` is a DECIMAL on some.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coterie.engine.sql import identifier
from coterie.features.value_orders import (
    MAX_EXPONENT,
    Nodes,
    Plan,
    Purchase,
    nodes,
    plan,
    step_constants,
)

_TERMS_A_STEP = 8
_NODES_A_GROUP = 8
_NEAR_ONE = 0.01
_STEP = "coterie_value_"


@dataclass(frozen=True)
class Spend:
    """The three parameters of Gamma-Gamma, in units of the currency."""

    p: float
    q: float
    v: float


def value_select(
    model: Purchase,
    spend: Spend,
    relation: str,
    *,
    as_of: int,
    keep: Sequence[str],
    column: str,
) -> str:
    """Return a SELECT of ``keep`` and the expected spend, in units, over integer measures.

    Parameters
    ----------
    model : Purchase
        The fitted BG/NBD model and its horizon.
    spend : Spend
        The fitted Gamma-Gamma model, in units of money.
    relation : str
        Table of ``state``.
    as_of : int
        Rows on or after this day are not read.
    keep : sequence of str
        Columns of ``relation`` to hand on.
    column : str
        Name of the result.

    Returns
    -------
    str
        Portable SQL; the value is NULL for customers without orders.
    """
    way = plan(model)
    kept = "".join(f"{identifier(name)}, " for name in keep)
    steps = [_inputs(relation, kept, as_of)]
    inputs = kept + "x, t_x, tenure, repeat_spend"
    steps.append(
        f"SELECT {inputs}, {_number(model.horizon_days)} / ({_number(model.alpha)} + tenure"
        f" + {_number(model.horizon_days)}) AS z, {_peak(model)} AS peak FROM {_STEP}0"
    )
    inputs += ", z, peak"
    for chunk in _horner(model, way.terms):
        steps.append(f"SELECT {inputs}, {chunk} AS total FROM {_STEP}{len(steps) - 1}")
    steps.append(
        f"SELECT {inputs}, {_orders(model, way)} AS orders, {_active(model)} AS active"
        f" FROM {_STEP}{len(steps) - 1}"
    )
    named = ", ".join(f"{_STEP}{i} AS ({step})" for i, step in enumerate(steps))
    average = (
        f"({_number(spend.p)} * ({_number(spend.v)} + repeat_spend)"
        f" / ({_number(spend.p)} * x + {_number(spend.q - 1)}))"
    )
    value = f"CASE WHEN x >= 0 THEN orders * active * {average} END"
    return f"WITH {named} SELECT {kept}{value} AS {identifier(column)} FROM {_STEP}{len(steps) - 1}"


def _number(value: float) -> str:
    text = repr(float(value))
    text = text if "e" in text else f"{text}e0"
    return f"({text})" if value < 0 else text


def _double(expression: str) -> str:
    return f"CAST({expression} AS DOUBLE)"


def _inputs(relation: str, kept: str, as_of: int) -> str:
    orders = _double('"order_days" - 1')
    last = _double('"last_day" - "first_day"')
    tenure = _double(f'{as_of - 1} - "first_day"')
    money = _double('"net" - "first_day_net"') + f" / {_number(1e6)}"
    repeat = 'CASE WHEN "order_days" > 1 AND "net" > "first_day_net"'
    return (
        f"SELECT {kept}{orders} AS x, {last} AS t_x, {tenure} AS tenure,"
        f" {repeat} THEN {money} ELSE {_number(0)} END AS repeat_spend FROM {identifier(relation)}"
    )


def _horner(model: Purchase, terms: int) -> Iterator[str]:
    """Yield the nested steps of the series, the last terms first."""
    top, offset = step_constants(model, terms)
    total = _number(1)
    for m in range(terms - 1, -1, -1):
        factor = f"{_number(top[m])} * z / ({_number(offset[m])} + x)"
        total = f"({_number(1)} + {factor} * {total})"
        if m % _TERMS_A_STEP == 0:
            yield total
            total = "total"


def _orders(model: Purchase, way: Plan) -> str:
    """Return the expected orders of an active customer, from ``x``, ``z`` and ``total``."""
    length = f"LN({_number(1)} + z / ({_number(1)} - z))"
    power = f"({_number(model.a - 1)} * {length})"
    fall = _exp(f"-{power}")
    lead = model.a + model.b - 1 - model.r
    by_series = (
        f"(({_number(model.a + model.b - 1)} + x) * {_rise(model.a, length, power, fall)}"
        f" - {fall} * ({_number(lead)} * z) * total)"
    )
    if not way.needs_quadrature:
        return by_series
    by_nodes = _quadrature(model, nodes(model))
    return f"CASE WHEN z <= {_number(way.reach)} THEN {by_series} ELSE {by_nodes} END"


def _rise(a: float, length: str, power: str, fall: str) -> str:
    """Return ``(1 - W) / (a - 1)``; close to a = 1 from its series, where that would cancel."""
    if abs(a - 1) > _NEAR_ONE:
        return f"(({_number(1)} - {fall}) / {_number(a - 1)})"
    total = _number(1)
    for k in range(10, 1, -1):
        total = f"({_number(1)} - {power} / {_number(k)} * {total})"
    return f"({length} * {total})"


def _exp(argument: str) -> str:
    return f"EXP(GREATEST({_number(-MAX_EXPONENT)}, LEAST({_number(MAX_EXPONENT)}, {argument})))"


def _quadrature(model: Purchase, grid: Nodes) -> str:
    shape = f"({_number(model.r)} + x)"
    ratio = f"(z / ({_number(1)} - z))"
    tail = _exp(f"peak + {_number(grid.log_tail)}")
    weights, orders = [tail], [f"{tail} * {shape} * {ratio}"]
    for j, (rate, dropout, log_weight) in enumerate(
        zip(grid.rate, grid.dropout, grid.log_weight, strict=True)
    ):
        part = _exp(f"peak + {_number(log_weight)} - {_number(rate)} * x")
        w = f"({_number(dropout)} * {ratio})"
        if j < grid.n_small:
            gain = f"({shape} * {ratio} * {_small(shape, w)})"
        else:
            kept = _exp(f"-{shape} * LN({_number(1)} + {w})")
            gain = f"(({_number(1)} - {kept}) / {_number(dropout)})"
        weights.append(part)
        orders.append(f"{part} * {gain}")
    return f"({_sum(orders)} / {_sum(weights)})"


def _peak(model: Purchase) -> str:
    """Return the log height of the quadrature's density."""
    stays, both = f"({_number(model.b)} + x)", f"({_number(model.a + model.b)} + x)"
    left = f"{stays} * LN({_number(1)} + {_number(model.a)} / {stays})"
    return f"{left} - {_number(model.a)} * LN({_number(model.a)} / {both})"


def _small(shape: str, w: str) -> str:
    """Return ``(1 - (1 + w)**-R) / (R w)`` by its binomial series."""
    total = _number(1)
    for k in range(6, 1, -1):
        total = f"({_number(1)} - ({shape} + {_number(k - 1)}) * {w} / {_number(k)} * {total})"
    return total


def _sum(parts: Sequence[str]) -> str:
    """Add in groups: a flat chain of a hundred sums nests a hundred deep in a parser."""
    groups = [
        f"({' + '.join(parts[i : i + _NODES_A_GROUP])})"
        for i in range(0, len(parts), _NODES_A_GROUP)
    ]
    return groups[0] if len(groups) == 1 else _sum(groups)


def _active(model: Purchase) -> str:
    silence = (
        f"LN(({_number(model.alpha)} + tenure) / ({_number(model.alpha)} + t_x))"
        f" * ({_number(model.r)} + x)"
    )
    odds = (
        f"{_number(model.a)} / ({_number(model.b - 1)} + GREATEST(x, {_number(1)}))"
        f" * EXP(LEAST({_number(MAX_EXPONENT)}, {silence}))"
    )
    return f"{_number(1)} / ({_number(1)} + CASE WHEN x > 0 THEN {odds} ELSE {_number(0)} END)"
