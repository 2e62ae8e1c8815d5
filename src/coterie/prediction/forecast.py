"""Spend and orders ahead: what BG/NBD and boosted trees expect, joined as the last window says.

Trees rank customers better, BG/NBD keeps the total as customers age: so spend is their
geometric mean if that did better on the last window, and where its total was more than a
tenth off it takes the total of BG/NBD if that was nearer. To divide by the last window's
error instead made the next window worse on four of six real series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coterie.features.value import ValueModel
from coterie.features.windows import MIN_WINDOW_DAYS, why_unusable
from coterie.prediction.boosted import Boosted, Lesson, fit_boosted
from coterie.prediction.evaluate import judge_chances, judge_spend, log_odds

Floats = NDArray[np.float64]

ORIGINS = 3
APART_DAYS = 28
"""Days between two origins that trees learn from."""
MOST_BIAS = 0.10
"""Error of the total above which the total is taken from BG/NBD, if that was nearer."""
_SPEND_SHARE = 4
"""Parts of the geometric mean of spend; BG/NBD is one of them."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of customers before a day; rows are customers.

    Parameters
    ----------
    features : float64 array, shape (n, 13)
        ``VALUE_FEATURES``, in their order.
    x, t_x, tenure, zbar : float64 arrays, shape (n,)
        As ``ValueModel.fit`` takes them.
    """

    features: Floats
    x: Floats
    t_x: Floats
    tenure: Floats
    zbar: Floats

    @property
    def size(self) -> int:
        """Number of customers."""
        return int(self.x.size)


@dataclass(frozen=True, eq=False)
class Past:
    """Customers as they were known on an earlier day, and what they did in the days after.

    Parameters
    ----------
    known : Known
        Before the day.
    days : int
        Length of the window that begins on the day.
    spend, orders : float64 arrays, shape (n,)
        Net money (at least 0) and days with orders in the window.
    """

    known: Known
    days: int
    spend: Floats
    orders: Floats

    @property
    def lesson(self) -> Lesson:
        """What trees learn from."""
        return Lesson(self.known.features, self.spend, self.orders)


@dataclass(frozen=True, eq=False)
class Expected:
    """What is expected of each customer over the horizon; rows are customers.

    Parameters
    ----------
    spend : float64 array, shape (n,)
        Money.
    orders : float64 array, shape (n,)
        Days with orders.
    active : float64 array, shape (n,)
        Chance of at least one order; 1 less this is churn.
    """

    spend: Floats
    orders: Floats
    active: Floats


@dataclass(frozen=True)
class Choice:
    """Which of the two forecasts is used, and whose total.

    Parameters
    ----------
    joined : bool
        The geometric mean with the trees; else BG/NBD alone.
    classic_total : bool
        The total of BG/NBD, with the ranks of the joined forecast.
    """

    joined: bool = False
    classic_total: bool = False


@dataclass(frozen=True)
class Choices:
    """The choice for spend, for orders and for the chance of an order, and why."""

    spend: Choice = Choice()
    orders: Choice = Choice()
    active: Choice = Choice()
    reason: str = ""
    """Why trees could not be used or judged; empty if they were."""

    def to_dict(self) -> dict[str, object]:
        """Return the choices as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Origins:
    """The days from which trees learn: how long their windows are, and where they begin."""

    days: int
    starts: tuple[int, ...]


def plan_origins(first_day: int, now: int, horizon: int) -> Origins:
    """Return the origins from which to learn, none of whose windows passes ``now``.

    Windows are as long as the horizon, or half the history if that is shorter; up to three
    begin 28 days apart, each after at least 28 days of history.

    Parameters
    ----------
    first_day : int
        Day of the first row.
    now : int
        Rows on or after this day are not seen.
    horizon : int
        Days to look ahead.

    Returns
    -------
    Origins
        The latest start first; none if windows would be shorter than 28 days.

    Examples
    --------
    >>> plan_origins(0, 365, 90)
    Origins(days=90, starts=(275, 247, 219))
    >>> plan_origins(0, 100, 90)
    Origins(days=50, starts=(50,))
    >>> plan_origins(0, 50, 90)
    Origins(days=25, starts=())
    """
    days = min(horizon, (now - first_day) // 2)
    if days < MIN_WINDOW_DAYS:
        return Origins(days, ())
    starts = (now - days - turn * APART_DAYS for turn in range(ORIGINS))
    return Origins(days, tuple(s for s in starts if s - first_day >= MIN_WINDOW_DAYS))


class Forecaster:
    """What foretells customers from one day on: BG/NBD with Gamma-Gamma, and perhaps trees.

    Parameters
    ----------
    value : ValueModel
        Fitted on what is known before the day; its horizon is what is foretold.
    boosted : Boosted or None
        Trees fitted on origins before the day.
    short : ValueModel or None
        The same model over the days that the trees learnt.
    """

    def __init__(
        self, value: ValueModel, boosted: Boosted | None = None, short: ValueModel | None = None
    ) -> None:
        self.value = value
        self.boosted = boosted
        self._short = short or value

    @classmethod
    def fit(cls, today: Known, pasts: Sequence[Past], *, horizon: int, seed: int) -> Forecaster:
        """Fit on what is known today and on what followed earlier days.

        Parameters
        ----------
        today : Known
            All customers, or a sample of them.
        pasts : sequence of Past
            Earlier origins, over equally many days; those in which too few customers came
            or stayed away are left out.
        horizon : int
            Days ahead, 1 to 730.
        seed : int
            Of the trees.

        Returns
        -------
        Forecaster
            Without trees if no origin is left.

        Raises
        ------
        NotReadyError
            With fewer than 100 repeat buyers of positive spend, or 90 days of history.
        """
        value = ValueModel.fit(today.x, today.t_x, today.tenure, today.zbar, horizon_days=horizon)
        usable = [past for past in pasts if not too_few(past)]
        if not usable:
            return cls(value)
        days = usable[0].days
        boosted = fit_boosted([past.lesson for past in usable], seed=seed)
        return cls(value, boosted, replace(value, horizon_days=days, terms=0))

    def classic(self, known: Known) -> Expected:
        """Return what BG/NBD and Gamma-Gamma alone expect."""
        one, times = self.value, (known.x, known.t_x, known.tenure)
        orders = one.expected_orders(*times)
        return Expected(
            one.expected_spend(*times, known.zbar), orders, one.probability_of_order(*times)
        )

    def joined(self, known: Known) -> tuple[Expected, Expected]:
        """Return what is expected by both together, and by BG/NBD alone.

        What trees learnt over fewer days than the horizon is stretched: money and orders in
        proportion, the odds of an order as BG/NBD says that they grow.
        """
        classic = self.classic(known)
        if self.boosted is None:
            return classic, classic
        told = self.boosted.tell(known.features)
        stretch = self.value.horizon_days / self._short.horizon_days
        times = (known.x, known.t_x, known.tenure)
        grown = log_odds(classic.active) - log_odds(self._short.probability_of_order(*times))
        odds = (log_odds(told.active) + grown + log_odds(classic.active)) / 2
        share = 1 / _SPEND_SHARE
        return (
            Expected(
                (told.spend * stretch) ** (1 - share) * classic.spend**share,
                np.sqrt(told.orders * stretch * classic.orders),
                1 / (1 + np.exp(-odds)),
            ),
            classic,
        )

    def expect(self, known: Known, choices: Choices) -> Expected:
        """Return what is expected of each customer by what was chosen."""
        joined, classic = self.joined(known)
        return Expected(
            chosen(joined.spend, classic.spend, choices.spend),
            chosen(joined.orders, classic.orders, choices.orders),
            joined.active if choices.active.joined else classic.active,
        )


def too_few(past: Past) -> str:
    """Say why trees cannot learn from an origin; empty if they can."""
    active = past.orders > 0
    return why_unusable(past.known.size, int((active & (past.spend > 0)).sum())) or why_unusable(
        past.known.size, int(active.sum())
    )


def choose(forecaster: Forecaster, last: Past) -> Choices:
    """Choose by what would have been foretold for the last window.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted on what was known before the window.
    last : Past
        The window and its customers.

    Returns
    -------
    Choices
        The joined forecast where its squared error was smaller, for a mean is what is
        foretold; with the total of BG/NBD where its own was more than a tenth off, and
        that of BG/NBD nearer.
    """
    if forecaster.boosted is None:
        return Choices(reason="No earlier window has enough customers for trees to learn from.")
    joined, classic = forecaster.joined(last.known)
    happened = last.orders > 0
    ours, theirs = (judge_chances(happened, one.active).brier for one in (joined, classic))
    return Choices(
        _choice(last.spend, joined.spend, classic.spend),
        _choice(last.orders, joined.orders, classic.orders),
        Choice(joined=ours < theirs),
    )


def _choice(actual: Floats, joined: Floats, classic: Floats) -> Choice:
    ours, theirs = judge_spend(actual, joined), judge_spend(actual, classic)
    if ours.r2 <= theirs.r2:
        return Choice()
    off = abs(ours.total_error)
    return Choice(joined=True, classic_total=off > MOST_BIAS and abs(theirs.total_error) < off)


def chosen(joined: Floats, classic: Floats, choice: Choice) -> Floats:
    """Return the one of two forecasts that was chosen, with the total that was chosen.

    Parameters
    ----------
    joined, classic : float64 arrays, shape (n,)
        Of all customers whose total counts.
    choice : Choice
        Which, and whose total.

    Returns
    -------
    float64 array, shape (n,)

    Examples
    --------
    >>> one, other = np.array([1.0, 3.0]), np.array([1.0, 1.0])
    >>> chosen(one, other, Choice(joined=True, classic_total=True)).tolist()
    [0.5, 1.5]
    """
    if not choice.joined:
        return classic
    total = float(joined.sum())
    return joined * (float(classic.sum()) / total) if choice.classic_total and total else joined
