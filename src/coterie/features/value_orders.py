"""Expected orders of a customer who is still active, by a short series or by quadrature.

The published formula divides by ``a - 1`` and subtracts two numbers that are almost
equal. Here the division is done inside the series, so ``a = 1`` is a value like any
other. The series (Euler's transformation of 2F1) is short while the horizon is not much
longer than ``alpha`` and the tenure together; new customers over a long horizon are
integrated over their unknown dropout probability instead.

Notation: ``tenure`` T, ``beta = alpha + T``, ``z = h / (beta + h)``, ``y = h / beta``,
``R = r + x``, ``C = a + b + x - 1``, ``A = a + b - 1 - r`` and ``W = (1 - z)**(a - 1)``.
Then the expected orders are ``C (1 - W) / (a - 1) - W A z S`` with
``S = sum_m (A + 1)_m (a)_m / ((C + 1)_m (2)_m) z**m``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

MAX_TERMS = 64
"""Longest series; nested steps of SQL beyond that cost more than the quadrature."""
TOLERANCE = 5e-10
"""Relative error left by the series; the other half of 1e-9 is for rounding."""
MAX_EXPONENT = 600
"""A bound for exponents that leaves room for the factors beside; PostgreSQL raises at both ends."""
_MAX_ORDERS = 1_000
_SMALL = 0.02
_GRID = 256
_ROUNDING = 4e-16
_CHUNK = 16_384


@dataclass(frozen=True)
class Purchase:
    """The four parameters of BG/NBD, in days, and the horizon in days."""

    r: float
    alpha: float
    a: float
    b: float
    horizon_days: int


@dataclass(frozen=True)
class Plan:
    """How the expected orders of one model are computed.

    Parameters
    ----------
    terms : int
        Terms of the series.
    reach : float
        Largest ``z`` that the series serves; the quadrature does the rest.
    needs_quadrature : bool
        Whether a customer of tenure 0 lies beyond ``reach``.
    """

    terms: int
    reach: float
    needs_quadrature: bool


@dataclass(frozen=True)
class Nodes:
    """Nodes of the quadrature over the dropout probability, smallest first.

    Parameters
    ----------
    rate : float64 array, shape (n_nodes,)
        ``u = -ln(1 - p)``: a further order multiplies a node's weight by ``exp(-u)``.
    dropout : float64 array, shape (n_nodes,)
        The dropout probability ``p``.
    log_weight : float64 array, shape (n_nodes,)
        Of a customer with ``b + x = b``; the scale is free.
    log_tail : float
        Weight of all smaller probabilities, where the orders are ``R y``.
    n_small : int
        So many leading nodes are so small that ``1 - (1 + p y)**-R`` would cancel.
    """

    rate: Floats
    dropout: Floats
    log_weight: Floats
    log_tail: float
    n_small: int


def step_constants(model: Purchase, terms: int) -> tuple[Floats, Floats]:
    """Return numerator and offset of each step ratio ``k_m z / (g_m + x)`` of the series."""
    m = np.arange(terms, dtype=np.float64)
    top = (model.a + model.b - model.r + m) * (model.a + m) / (m + 2)
    return top, model.a + model.b + m


def plan(model: Purchase, max_terms: int = MAX_TERMS) -> Plan:
    """Choose the number of terms so that no customer's error is above ``TOLERANCE``.

    The worst customer of each ``z`` is one without repeat orders: her series falls
    slowest and her expected orders are fewest. All ``z`` up to that of tenure 0 are
    looked at, so the bound holds for customers who were not in the fit too.
    """
    z = np.linspace(0.0, model.horizon_days / (model.alpha + model.horizon_days), _GRID + 1)[1:]
    good = np.logical_and.accumulate(_errors(model, z, max_terms) <= TOLERANCE, axis=1)
    served = good.sum(axis=1)  # so many points of the grid, from the left
    terms = int(served.argmax()) + 1
    if served[terms - 1] == _GRID:
        return Plan(terms, 1.0, needs_quadrature=False)
    return Plan(terms, float(z[served[terms - 1] - 1]) if served.any() else 0.0, True)


def _errors(model: Purchase, z: Floats, max_terms: int) -> Floats:
    """Bound the relative error at x = 0 after 1 to ``max_terms`` terms, shape (terms, z)."""
    top, offset = step_constants(model, max_terms + 1)
    ratio = z * (top / offset)[:, None]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        term = np.vstack([np.ones_like(z), np.cumprod(ratio, axis=0)])
        # From a term on, the ratios go to z without turning back.
        fall = np.maximum(np.abs(ratio), z)[:max_terms]
        rest = np.where(fall < 1, np.abs(term[:max_terms] * ratio[:max_terms]) / (1 - fall), np.inf)
        lead = _fall(model, z) * z * (model.a + model.b - 1 - model.r)
        rise = (model.a + model.b - 1) * _rise(model, z)
        total = rise - lead * np.cumsum(term, axis=0)[:max_terms]
        size = np.abs(rise) + np.abs(lead) * np.cumsum(np.abs(term), axis=0)[:max_terms]
        error = (np.abs(lead) * rest + _ROUNDING * size) / total
    return np.asarray(np.where((total > 0) & np.isfinite(error), error, np.inf))


def _rise(model: Purchase, z: Floats) -> Floats:
    """Return ``(1 - W) / (a - 1)``, also at a = 1."""
    length = -np.log1p(-z)
    return np.asarray(length * special.exprel(-(model.a - 1) * length))


def _fall(model: Purchase, z: Floats) -> Floats:
    return _exp((model.a - 1) * np.log1p(-z))


def _exp(power: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(power, -MAX_EXPONENT, MAX_EXPONENT)))


def _series(model: Purchase, x: Floats, z: Floats, terms: int) -> Floats:
    rise, fall = _rise(model, z), _fall(model, z)
    total = np.ones_like(z)
    top, offset = step_constants(model, terms)
    for k, g in zip(top[::-1], offset[::-1], strict=True):
        total = 1.0 + k * z / (g + x) * total
    lead = model.a + model.b - 1 - model.r
    return np.asarray((model.a + model.b - 1 + x) * rise - fall * (lead * z) * total)


def nodes(model: Purchase) -> Nodes:
    """Return the quadrature nodes: the trapezoid rule in ``ln(-ln(1 - p))``.

    Over that variable the integrand is analytic in a strip and the rule converges
    exponentially; the step follows from the rule's exact error for a gamma density.
    """
    a, b, h = model.a, model.b, model.horizon_days
    shape = max(a, 1.0)
    omega = next(
        w
        for w in np.arange(8.0, 20_000.0, 1.0)
        if (special.loggamma(shape + 1j * w).real - special.gammaln(shape)) < np.log(1e-13)
    )
    step = 2 * np.pi / omega
    scale = max(_MAX_ORDERS, h * max(1.0, (model.r + 1) / model.alpha))
    first = np.log(1e-12) / (1 + a) - np.log(scale)
    last = np.log(200.0 / b + 50.0 * (1 + a) / b + 1.0)
    t = first + step * np.arange(int((last - first) / step) + 2)
    u = np.exp(t)
    log_weight = t - b * u + (a - 1) * np.log(-np.expm1(-u))
    keep = (log_weight > log_weight.max() - 35) | (np.arange(t.size) < log_weight.argmax())
    t, u, log_weight = t[keep], u[keep], log_weight[keep]
    dropout = -np.expm1(-u)
    n_small = int((dropout * h * max(1.0, (model.r + 6) / model.alpha) <= _SMALL).sum())
    log_tail = float(log_weight[0] - np.log(np.expm1(a * step)))  # of a geometric series
    return Nodes(u, dropout, log_weight, log_tail, n_small)


def _integral(model: Purchase, x: Floats, z: Floats, grid: Nodes) -> Floats:
    y = z / (1 - z)
    shape = model.r + x
    # The height of the density is taken out first, so that no weight underflows.
    stays, gone = model.b + x, model.a / (model.a + model.b + x)
    peak = stays * np.log(1.0 + model.a / stays) - model.a * np.log(gone)
    bottom = _exp(peak + grid.log_tail)
    top = bottom * shape * y
    for j in range(grid.rate.size):
        weight = _exp(peak + grid.log_weight[j] - grid.rate[j] * x)
        w = grid.dropout[j] * y
        if j < grid.n_small:
            share = np.ones_like(w)
            for k in range(6, 1, -1):  # binomial series of 1 - (1 + w)**-R
                share = 1.0 - (shape + (k - 1)) * w / k * share
            orders = shape * y * share
        else:
            orders = (1.0 - _exp(-shape * np.log(1.0 + w))) / grid.dropout[j]
        top = top + weight * orders
        bottom = bottom + weight
    return np.asarray(top / bottom)


def active_orders(model: Purchase, x: Floats, tenure: Floats) -> Floats:
    """Return the expected orders within the horizon, given that the customer is active.

    Parameters
    ----------
    model : Purchase
        Parameters in days.
    x, tenure : float64 arrays, shape (n,)
        Repeat orders, and days since the first order.

    Returns
    -------
    float64 array, shape (n,)
        To a relative error under 1e-9.
    """
    way = plan(model)
    grid = nodes(model) if way.needs_quadrature else None
    result = np.empty(x.shape)
    for start in range(0, x.size, _CHUNK):
        rows = slice(start, start + _CHUNK)
        z = model.horizon_days / (model.alpha + tenure[rows] + model.horizon_days)
        part = _series(model, x[rows], np.minimum(z, way.reach), way.terms)
        far = z > way.reach
        if grid is not None and far.any():
            part[far] = _integral(model, x[rows][far], z[far], grid)
        result[rows] = part
    return result
