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
_MAX_ORDERS = 1_000
_SMALL = 0.02
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
    weight : float64 array, shape (n_nodes,)
        Weight for a customer without repeat orders; the scale is free.
    tail : float
        Weight of all smaller probabilities, where the orders are ``R y``.
    n_small : int
        So many leading nodes are so small that ``1 - (1 + p y)**-R`` would cancel.
    """

    rate: Floats
    dropout: Floats
    weight: Floats
    tail: float
    n_small: int


def step_constants(model: Purchase, terms: int) -> tuple[Floats, Floats]:
    """Return numerator and offset of each step ratio ``k_m z / (g_m + x)`` of the series."""
    m = np.arange(terms, dtype=np.float64)
    top = (model.a + model.b - model.r + m) * (model.a + m) / (m + 2)
    return top, model.a + model.b + m


def plan(model: Purchase, max_terms: int = MAX_TERMS) -> Plan:
    """Choose the number of terms for the worst customer there can be.

    That is one without repeat orders who bought on the last day: of all customers with
    the same ``z`` her series falls slowest and her expected orders are fewest, and
    nobody's ``z`` is larger. So the bound holds for customers not seen at the fit too.
    """
    z_max = model.horizon_days / (model.alpha + model.horizon_days)
    if _error(model, z_max, max_terms) <= TOLERANCE:
        terms = next(n for n in range(1, max_terms + 1) if _error(model, z_max, n) <= TOLERANCE)
        return Plan(terms, 1.0, needs_quadrature=False)
    low, high = 0.0, z_max
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _error(model, middle, max_terms) <= TOLERANCE else (low, middle)
        )
    return Plan(max_terms, low, needs_quadrature=True)


def _error(model: Purchase, z: float, terms: int) -> float:
    """Bound the relative error of the series cut after ``terms`` terms, at x = 0."""
    top, offset = step_constants(model, terms + 1)
    ratio = z * top / offset
    product = np.concatenate([[1.0], np.cumprod(ratio)])
    # Ratios fall or rise monotonically towards z once m is past the parameters.
    worst = max(abs(ratio[-1]), z)
    if not worst < 1 or not np.isfinite(product).all():
        return np.inf
    fall = _fall(model, np.array([z]))[0]
    lead = abs(fall * (model.a + model.b - 1 - model.r) * z)
    remainder = lead * abs(product[terms]) / (1 - worst)
    total = _series(model, np.zeros(1), np.array([z]), terms)[0]
    return float(remainder / total) if total > remainder else np.inf


def _fall(model: Purchase, z: Floats) -> Floats:
    return np.asarray(np.exp(np.clip((model.a - 1) * np.log1p(-z), -600.0, 600.0)))


def _series(model: Purchase, x: Floats, z: Floats, terms: int) -> Floats:
    length = -np.log1p(-z)
    fall = _fall(model, z)
    rise = length * special.exprel(-(model.a - 1) * length)  # (1 - W) / (a - 1)
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
    weight = np.exp(np.maximum(log_weight - log_weight.max(), -600.0))
    dropout = -np.expm1(-u)
    n_small = int((dropout * h * max(1.0, (model.r + 6) / model.alpha) <= _SMALL).sum())
    tail = float(weight[0] / np.expm1(a * step))  # the rest of a geometric series
    return Nodes(u, dropout, weight, tail, n_small)


def _integral(model: Purchase, x: Floats, z: Floats, grid: Nodes) -> Floats:
    y = z / (1 - z)
    shape = model.r + x
    top = grid.tail * shape * y
    bottom = np.full_like(z, grid.tail)
    for j in range(grid.rate.size):
        weight = grid.weight[j] * np.exp(np.maximum(-600.0, -grid.rate[j] * x))
        w = grid.dropout[j] * y
        if j < grid.n_small:
            share = np.ones_like(w)
            for k in range(6, 1, -1):  # binomial series of 1 - (1 + w)**-R
                share = 1.0 - (shape + (k - 1)) * w / k * share
            orders = shape * y * share
        else:
            orders = (1.0 - np.exp(np.maximum(-600.0, -shape * np.log(1.0 + w)))) / grid.dropout[j]
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
