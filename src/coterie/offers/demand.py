"""How much of each product sells a month, to whom, and how much of it next month.

A month ends on the day before ``as_of`` and not with the calendar, so that none is cut
short: a forecast made on the tenth is of the tenth to the ninth.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from coterie.features.windows import to_date, to_day
from coterie.offers.history import Floats

Method = Literal["seasonal naive", "drift", "naive", "none"]

SEASON = 12
"""Months of a season."""
LEVEL = 0.8
"""How often the next month should lie within a forecast's range."""
CLEAR = 3.0
"""Standard errors by which orders must change to be called rising or falling."""
RECENT = 3
"""Months that are compared with as many before."""

WORDS: dict[Method, str] = {
    "seasonal naive": "the same month a year before",
    "drift": "the last month, plus the average change from month to month",
    "naive": "the last month",
    "none": "nothing: there is no whole month yet",
}


@dataclass(frozen=True, eq=False)
class Forecast:
    """What is to be expected of the next month, a row as in the series given.

    Parameters
    ----------
    method : str
        How, for all rows alike; see ``WORDS``.
    expected, low, high : float64 array
        Never below 0; the next month lies between low and high ``LEVEL`` of the time if it
        varies as it did. NaN where too few months are known for a range.
    """

    method: Method
    expected: Floats
    low: Floats
    high: Floats


def month_starts(first_day: int, as_of: int) -> list[int]:
    """Return the first days of the whole months before a day, and that day as the last.

    Parameters
    ----------
    first_day : int
        Day of the first row; what lies before the first whole month is left out.
    as_of : int
        Exclusive day, on which the next month begins.

    Returns
    -------
    list of int
        Rising; only ``as_of`` if there is no whole month. In short months a month begins on
        the last day.

    Examples
    --------
    >>> days = month_starts(to_day(date(2010, 12, 1)), to_day(date(2011, 3, 31)))
    >>> [to_date(day).isoformat() for day in days]
    ['2010-12-31', '2011-01-31', '2011-02-28', '2011-03-31']
    """
    found, back = [as_of], 1
    while (start := shift(as_of, -back)) >= first_day:
        found.append(start)
        back += 1
    return found[::-1]


def shift(day: int, months: int) -> int:
    """Return the day so many months later, or the last of that month if it is shorter.

    Examples
    --------
    >>> to_date(shift(to_day(date(2011, 12, 10)), 1)).isoformat()
    '2012-01-10'
    """
    when = to_date(day)
    year, month = divmod(when.year * 12 + when.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return to_day(date(year, month + 1, min(when.day, last)))


def forecast(series: Floats, method: Method | None = None) -> Forecast:
    """Forecast the next month of many series at once.

    Two seasons or more: the same month a year before (seasonal naive). Fewer: the last
    month, or that and the average change (drift), whichever was nearer in the months known,
    over all series; one method for all, as single products are too few numbers to choose by.

    Parameters
    ----------
    series : float64 array, shape (n_series, n_months)
        Past months, the last one just before the forecast.
    method : str, optional
        What was chosen on other series of these months.

    Returns
    -------
    Forecast
        The range is that of the errors the method made before, by Student's t.

    References
    ----------
    Hyndman, R., Athanasopoulos, G. (2021). Forecasting: principles and practice, 5.2, 5.5.

    Examples
    --------
    >>> found = forecast(np.array([[2.0, 4.0, 6.0, 8.0]]))
    >>> found.method, found.expected.tolist(), found.high.tolist()
    ('drift', [10.0], [10.0])
    """
    months = series.shape[1]
    if months >= 2 * SEASON:
        return _made("seasonal naive", series[:, -SEASON], series[:, SEASON:] - series[:, :-SEASON])
    if months < 2:
        last = series[:, -1] if months else np.zeros(len(series))
        unknown = np.full(len(series), np.nan)
        return Forecast("naive" if months else "none", last, unknown, unknown)
    steps = np.diff(series, axis=1)
    naive = _made("naive", series[:, -1], steps)
    if months < 4 or method == "naive":
        return naive
    # What each would have said of the months from the third on, with those before it alone.
    slope = (series[:, 1:-1] - series[:, :1]) / np.arange(1, months - 1)
    missed = steps[:, 1:] - slope
    if method is None and np.abs(missed).sum() >= np.abs(steps[:, 1:]).sum():
        return naive
    ahead = series[:, -1] + (series[:, -1] - series[:, 0]) / (months - 1)
    return _made("drift", ahead, missed)


def held(series: Floats, method: Method) -> float | None:
    """Return how often the last month lay in the range that was told of it a month before.

    Parameters
    ----------
    series : float64 array, shape (n_series, n_months)
        Past months; series without anything before the last month are left out.
    method : str
        That of the forecast.

    Returns
    -------
    float or None
        A share, ``LEVEL`` if the ranges are right; None if too few months came before.

    Examples
    --------
    >>> held(np.array([[1.0, 3.0, 1.0, 2.0], [1.0, 3.0, 1.0, 9.0]]), "naive")
    0.5
    """
    past = series[:, :-1]
    known = past.sum(axis=1) > 0
    if past.shape[1] < (2 * SEASON if method == "seasonal naive" else RECENT) or not known.any():
        return None
    told, last = forecast(past[known], method), series[known, -1]
    return float(((told.low <= last) & (last <= told.high)).mean())


def trend(orders: NDArray[np.int64]) -> tuple[Floats, list[str]]:
    """Compare the orders of the last three months with those of the three before.

    Orders are counted and not pieces: one large order is no trend. With less than two
    seasons a season looks like a trend.

    Parameters
    ----------
    orders : int64 array, shape (n_series, n_months)
        Orders that held the product.

    Returns
    -------
    (float64 array, list of str)
        The change as a share (0.5: half as many again; NaN if there was nothing before), and
        ``rising``, ``falling``, ``steady``, or ``unknown`` with less than six months. Rising
        and falling differ by more than ``CLEAR`` standard errors of counts.

    Examples
    --------
    >>> trend(np.array([[4, 5, 4, 30, 40, 35], [9, 9, 9, 9, 9, 8]]))[1]
    ['rising', 'steady']
    """
    if orders.shape[1] < 2 * RECENT:
        return np.full(len(orders), np.nan), ["unknown"] * len(orders)
    now = orders[:, -RECENT:].sum(axis=1).astype(np.float64)
    then = orders[:, -2 * RECENT : -RECENT].sum(axis=1).astype(np.float64)
    change = np.full(len(orders), np.nan)
    np.divide(now, then, out=change, where=then > 0)
    clear = (now - then) / np.sqrt(np.maximum(now + then, 1))
    words = np.where(clear > CLEAR, "rising", np.where(clear < -CLEAR, "falling", "steady"))
    return change - 1, words.tolist()


def _made(method: Method, expected: Floats, errors: Floats) -> Forecast:
    n = errors.shape[1]
    wide = float(stdtrit(n, 0.5 + LEVEL / 2)) * np.sqrt((errors**2).mean(axis=1))
    low, high = np.maximum(expected - wide, 0), np.maximum(expected + wide, 0)
    return Forecast(method, np.maximum(expected, 0), low, high)
