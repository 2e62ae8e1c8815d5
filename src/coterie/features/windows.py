"""Moments and windows: the one place that decides which days a figure may see.

Days are whole numbers since 1970-01-01 in the project's time zone, and every end
is exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from coterie.engine.base import Engine, scalar
from coterie.errors import DataError

MIN_WINDOW_DAYS = 28
MIN_VALUE_DAYS = 90
"""History that customer value needs."""
MIN_CUSTOMERS = 200
MIN_EITHER = 50
"""Active and inactive customers that a window needs to judge a segmentation."""

LEAST = 2
"""Customers below which there is nothing to compare."""

_EPOCH = date(1970, 1, 1)


def to_day(moment: date) -> int:
    """Return days since 1970-01-01.

    Examples
    --------
    >>> to_day(date(1970, 1, 31))
    30
    """
    return (moment - _EPOCH).days


def to_date(day: int) -> date:
    """Return the date of a day number.

    Examples
    --------
    >>> to_date(15318).isoformat()
    '2011-12-10'
    """
    return _EPOCH + timedelta(days=day)


@dataclass(frozen=True)
class Window:
    """Days ``[start, end)``: features use what lies before, outcomes what lies within."""

    start: int
    end: int

    @property
    def days(self) -> int:
        """Length in days."""
        return self.end - self.start


def inner_window(first_day: int, as_of: int, horizon: int) -> Window | None:
    """Return the last window before ``as_of`` on which candidates can be judged.

    It is as long as the horizon, or half the history if that is shorter. Where that would
    leave too few days before it for customer value, it gives way, down to 28 days:
    candidates without value are no match for those that will be published with it. None
    if there are fewer than 28 days for it.

    Parameters
    ----------
    first_day : int
        Day of the first row.
    as_of : int
        Day after the last row that may be seen.
    horizon : int
        Days to look ahead.

    Returns
    -------
    Window or None
        Ends at ``as_of``.

    Examples
    --------
    >>> inner_window(first_day=0, as_of=365, horizon=90)
    Window(start=275, end=365)
    >>> inner_window(first_day=0, as_of=130, horizon=90)
    Window(start=90, end=130)
    >>> inner_window(first_day=0, as_of=50, horizon=90) is None
    True
    """
    history = as_of - first_day
    days = min(horizon, history // 2)
    if history - days < MIN_VALUE_DAYS <= history - MIN_WINDOW_DAYS:
        days = history - MIN_VALUE_DAYS
    return Window(as_of - days, as_of) if days >= MIN_WINDOW_DAYS else None


def window_before(window: Window, first_day: int) -> Window | None:
    """Return the window of the same length before another, so that one season decides less.

    None if history does not reach as far back before it, or less than customer value needs.

    Examples
    --------
    >>> window_before(Window(275, 365), first_day=0)
    Window(start=185, end=275)
    >>> window_before(Window(275, 365), first_day=100) is None
    True
    """
    before = Window(window.start - window.days, window.start)
    enough = before.start - first_day >= max(window.days, MIN_VALUE_DAYS)
    return before if enough else None


def outcome_sql(window: Window, relation: str = "order_days") -> str:
    """Return the SELECT of customer_id and net micros within a window, from ``order_days``.

    ``order_days`` must be that of ``window.end``, so that what was sent back within
    the window is netted. Customers without a row spent nothing.
    """
    return (
        f"SELECT customer_id, CAST(SUM(net_micros) AS BIGINT) AS net FROM {relation} "
        f"WHERE day >= {window.start} AND day < {window.end} GROUP BY customer_id"
    )


def why_unusable(customers: int, active: int) -> str:
    """Say why a window cannot judge a segmentation; empty if it can.

    Parameters
    ----------
    customers : int
        Customers with an order before the window.
    active : int
        Those of them who spent something within it.

    Examples
    --------
    >>> why_unusable(500, 200)
    ''
    >>> why_unusable(500, 20)
    '20 customers came back in the window; 50 are needed.'
    """
    if customers < MIN_CUSTOMERS:
        return f"{customers:,} customers had ordered before the window; {MIN_CUSTOMERS} are needed."
    if active < MIN_EITHER:
        return f"{active:,} customers came back in the window; {MIN_EITHER} are needed."
    if customers - active < MIN_EITHER:
        return (
            f"{customers - active:,} customers stayed away in the window; {MIN_EITHER} are needed."
        )
    return ""


def first_day(engine: Engine, relation: str = "order_days") -> int:
    """Return the first day in a level-1 table."""
    return int(engine.query(f"SELECT MIN(day) AS day FROM {relation}").column(0)[0].as_py())


def check_usable(engine: Engine, as_of: int | None) -> None:
    """Refuse data in which fewer than two customers can be segmented.

    Parameters
    ----------
    engine : Engine
        Holds ``features``.
    as_of : int or None
        The day of ``features``; None without orders.

    Raises
    ------
    DataError
        Saying how many there are and what makes a customer count.
    """
    known = int(scalar(engine, "SELECT COUNT(*) FROM features"))
    usable = int(scalar(engine, "SELECT COUNT(*) FROM features WHERE status = 'ok'"))
    if usable >= LEAST:
        return
    hint = "Check that the right column is the customer's id."
    if as_of is not None:
        hint = (
            f"A customer counts with a day of spend above 0 before {to_date(as_of)}; "
            "rows without a customer id do not."
        )
    raise DataError(
        f"{usable} of {known:,} customers can be segmented; at least {LEAST} are needed.", hint=hint
    )
