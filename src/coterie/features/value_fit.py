"""Maximum likelihood for BG/NBD and Gamma-Gamma with exact gradients.

Customers with equal inputs are counted first and sorted, so a million of them are a few
thousand terms, and the fit does not depend on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy import special

from coterie.errors import DataError

Floats = NDArray[np.float64]
Likelihood = Callable[[Floats], tuple[float, Floats]]
Build = Callable[[Sequence[Floats], Floats], Likelihood]

LOWEST, HIGHEST = 1e-3, 1e3
"""Bounds of a parameter. Data in which nobody seems to leave has its maximum at infinity."""
_RANGE, _DAYS = (LOWEST, HIGHEST), (0.1, 1e5)
_THIN_ROWS = 20_000
_STARTS = ((1.0, 30.0, 1.0, 3.0), (0.3, 90.0, 0.3, 0.3))
"""r, alpha (days), a, b: a monthly shopper with loss, and a rare one with little."""
MEAN_BOUND = 3.0
"""A fitted mean spend above so many observed means is an unstable tail, not a finding."""


def fit_purchases(x: Floats, t_x: Floats, tenure: Floats) -> tuple[Floats, float]:
    """Fit BG/NBD.

    Parameters
    ----------
    x, t_x, tenure : float64 arrays, shape (n,)
        Repeat orders, and the days from the first order to the last and to the end.

    Returns
    -------
    parameters : float64 array, shape (4,)
        r, alpha (days), a, b.
    log_likelihood : float
        Of all customers, with time in days.

    References
    ----------
    Fader, P. S., Hardie, B. G. S., Lee, K. L. (2005). "Counting your customers" the easy
    way. Marketing Science 24(2), equation 6.
    """
    columns, count = _counted(x, t_x, tenure)
    bounds = (_RANGE, _DAYS, _RANGE, _RANGE)
    return _maximise(_purchase_likelihood, columns, count, _STARTS, bounds)


def _purchase_likelihood(columns: Sequence[Floats], count: Floats) -> Likelihood:
    """Return the log-likelihood of BG/NBD over counted rows, by log r, log alpha, log a, log b.

    Gamma functions depend on ``x`` alone and the first logarithm on the tenure alone, so
    they are computed once a level; only the odds of having left need every repeat buyer.
    """
    x, t_x, tenure = columns
    n = count.sum()
    levels, level = np.unique(x, return_inverse=True)
    at_level = np.bincount(level, weights=count)
    ends, end = np.unique(tenure, return_inverse=True)
    at_end, orders_at_end = (np.bincount(end, weights=w) for w in (count, count * x))
    back = x > 0
    count, level, end, x = count[back], level[back], end[back], x[back]
    stops, stop = np.unique(t_x[back], return_inverse=True)
    loss = np.maximum(levels - 1, 0.0)

    def likelihood(logs: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(logs)
        active, gone = np.log(alpha + ends), np.log(alpha + stops)
        apart = active[end] - gone[stop]
        odds = (logs[2] - np.log(b + loss))[level] + (r + x) * apart
        share = count * special.expit(odds)  # so many of them have left, by the model
        lost = np.bincount(level, weights=share, minlength=levels.size)
        by_level = special.gammaln(r + levels) + special.gammaln(b + levels)
        by_level -= special.gammaln(a + b + levels)
        fixed = r * logs[1] + special.gammaln(a + b) - special.gammaln(r) - special.gammaln(b)
        powers = r * at_end + orders_at_end
        value = at_level @ by_level + n * fixed - powers @ active
        value += count @ np.logaddexp(0.0, odds)
        d_r = at_level @ (special.digamma(r + levels) - special.digamma(r))
        d_r += n * logs[1] - at_end @ active + share @ apart
        d_alpha = n * r / alpha - powers @ (1 / (alpha + ends))
        weighted = share * (r + x)
        d_alpha += weighted @ (1 / (alpha + ends))[end] - weighted @ (1 / (alpha + stops))[stop]
        both = at_level @ (special.digamma(a + b) - special.digamma(a + b + levels))
        d_a = both + lost.sum() / a
        d_b = both + at_level @ (special.digamma(b + levels) - special.digamma(b))
        d_b -= lost @ (1 / (b + loss))
        return float(value), np.array([d_r * r, d_alpha * alpha, d_a * a, d_b * b])

    return likelihood


def fit_spend(x: Floats, spend: Floats) -> tuple[Floats, float, bool]:
    """Fit Gamma-Gamma to repeat buyers, with a mean that exists.

    Parameters
    ----------
    x, spend : float64 arrays, shape (n,)
        Repeat orders (at least 1), and their mean money (above 0).

    Returns
    -------
    parameters : float64 array, shape (3,)
        p, q, v.
    log_likelihood : float
        Of these customers.
    bounded : bool
        True if the likelihood alone asks for an infinite mean (``q <= 1``), or one above
        three times the observed mean. Then ``q`` is tied to the other two so that the
        model's mean is the observed mean.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. (2013). The Gamma-Gamma model of monetary value, eq. 1.
    """
    (x, spend), count = _counted(x, spend)
    mean = float(count @ (x * spend) / (count @ x))
    columns, n = (x, spend / mean), float(count.sum())  # the mean is 1, so bounds fit any currency
    starts = ((2.0, 3.0, 1.0), (6.0, 4.0, 0.5))
    (p, q, v), value = _maximise(_spend_likelihood, columns, count, starts, (_RANGE,) * 3)
    bounded = not (q > 1 and p * v / (q - 1) <= MEAN_BOUND)
    if bounded:
        (p, v), value = _maximise(_tied_likelihood, columns, count, ((2.0, 1.0),), (_RANGE,) * 2)
        q = 1 + p * v
    return np.array([p, q, v * mean]), value - n * float(np.log(mean)), bounded


def _tied_likelihood(columns: Sequence[Floats], count: Floats) -> Likelihood:
    """Return the log-likelihood by log p and log v with ``q`` such that the mean is 1."""
    likelihood = _spend_likelihood(columns, count)

    def tied(logs: Floats) -> tuple[float, Floats]:
        p, v = np.exp(logs)
        q = 1 + p * v
        value, slope = likelihood(np.log([p, q, v]))
        share = slope[1] * (q - 1) / q  # d ln q / d ln p = d ln q / d ln v
        return value, np.array([slope[0] + share, slope[2] + share])

    return tied


def _spend_likelihood(columns: Sequence[Floats], count: Floats) -> Likelihood:
    x, spend = columns
    levels, level = np.unique(x, return_inverse=True)
    at_level = np.bincount(level, weights=count)
    total, count_x, n = x * spend, count * x, count.sum()
    sum_total, sum_spend = count_x @ np.log(total), count @ np.log(spend)

    def likelihood(logs: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(logs)
        whole = np.log(total + v)
        log_n, log_x = count @ whole, count_x @ whole
        inverse = 1 / (total + v)
        by_level = special.gammaln(p * levels + q) - special.gammaln(p * levels)
        value = at_level @ by_level + n * (q * np.log(v) - special.gammaln(q))
        value += p * sum_total - sum_spend - p * log_x - q * log_n
        high, low = special.digamma(p * levels + q), special.digamma(p * levels)
        d_p = at_level @ (levels * (high - low)) + sum_total - log_x
        d_q = at_level @ high + n * (np.log(v) - special.digamma(q)) - log_n
        d_v = n * q / v - p * (count_x @ inverse) - q * (count @ inverse)
        return float(value), np.array([d_p * p, d_q * q, d_v * v])

    return likelihood


def _counted(*columns: Floats) -> tuple[tuple[Floats, ...], Floats]:
    """Return the distinct rows in ascending order, and how often each occurs."""
    order = np.lexsort(columns[::-1])
    ordered = [column[order] for column in columns]
    new = np.ones(order.size, dtype=bool)
    new[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in ordered])
    first = np.flatnonzero(new)
    count = np.diff(np.append(first, order.size)).astype(np.float64)
    return tuple(column[first] for column in ordered), count


def _maximise(
    build: Build,
    columns: Sequence[Floats],
    count: Floats,
    starts: Sequence[Sequence[float]],
    bounds: Sequence[tuple[float, float]],
) -> tuple[Floats, float]:
    """Return the parameters of the best maximum reached from ``starts``, and its height.

    Many rows are thinned evenly first: the starts run on those, all rows only polish.
    """
    thin = -(-count.size // _THIN_ROWS)
    if thin > 1:
        few = [column[::thin] for column in columns]
        best = _best(build(few, count[::thin]), starts, bounds, float(count[::thin].sum()))
        starts = (tuple(best[0]),)
    return _best(build(columns, count), starts, bounds, float(count.sum()))


def _best(
    likelihood: Likelihood,
    starts: Sequence[Sequence[float]],
    bounds: Sequence[tuple[float, float]],
    n: float,
) -> tuple[Floats, float]:
    def loss(logs: Floats) -> tuple[float, Floats]:
        value, slope = likelihood(logs)
        return -value / n, -slope / n

    best: tuple[Floats, float] | None = None
    for start in starts:
        at = np.log(np.asarray(start, dtype=np.float64))
        found = scipy.optimize.minimize(
            loss,
            at,
            jac=True,
            method="L-BFGS-B",
            bounds=[(np.log(low), np.log(high)) for low, high in bounds],
            options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 1_000},
        )
        value = -float(found.fun) * n
        if np.isfinite(value) and (best is None or value > best[1]):
            best = np.exp(found.x), value
    if best is None:
        raise DataError(
            "The customer-value model has no finite likelihood for this data.",
            hint="Check the amounts for impossible values.",
        )
    return best
