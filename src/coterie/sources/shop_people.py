"""The simulated shop's customers: what is planted in them, and when they order.

The purchase process is BG/NBD on the shop's own clock (see ``season``): exponential
gaps at a customer's own rate, and a chance of her own to leave for good after each
repeat order. It is run 90 days past the last day written, so that the truth holds
what was to be expected of a customer and what she then did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coterie.sources import shop_world as world
from coterie.sources.shop_world import Flags, Floats, Ints

AHEAD_DAYS = 90
"""Days after the last one for which the truth is told."""
ACQUISITION = 0.9
"""First orders fall into this first part of the window."""
PROSPECTS = 0.03
"""Share of customers who signed up and never ordered."""
GUESTS = 0.02
"""Guests, who order once and leave no id, per customer."""


@dataclass(frozen=True)
class Calendar:
    """The window of the shop: days count from its first day, 0."""

    first_day: int
    """Days since 1970-01-01."""
    days: int
    clock: Floats
    """Shop time at the start of each day, shape (2, days + 91); see ``season``."""

    @classmethod
    def of(cls, first_day: int, days: int) -> Calendar:
        """Return the calendar of a window of ``days`` days."""
        return cls(first_day, days, world.season(first_day, days + AHEAD_DAYS))

    def shop_time(self, row: Ints, day: float) -> Floats:
        """Return the shop time at a day for each entry of ``row`` (0 usual, 1 festive)."""
        grid = np.arange(self.clock.shape[1], dtype=np.float64)
        return np.array([np.interp(day, grid, clock) for clock in self.clock])[row]

    def day_of(self, row: Ints, time: Floats) -> Ints:
        """Return the day in which each shop time lies."""
        usual = np.searchsorted(self.clock[0], time, side="right") - 1
        festive = np.searchsorted(self.clock[1], time, side="right") - 1
        return np.clip(np.where(row == 0, usual, festive), 0, self.clock.shape[1] - 2)


@dataclass(frozen=True)
class People:
    """Customers of one chunk, then its guests; all arrays in that order."""

    first: int
    """Number of the first customer; customers are numbered from 1."""
    n: int
    """Customers; what follows them in the arrays are guests."""
    persona: Ints
    taste: Ints
    rate: Floats
    """Repeat orders per day of shop time while alive."""
    dropout: Floats
    """Chance to leave after a repeat order."""
    order_value: Floats
    """Mean money per order."""
    prospect: Flags
    country: Ints
    newsletter: Flags
    favourite: Ints
    """Which colour a customer likes."""

    @property
    def festive(self) -> Ints:
        """Row of the season clock: 1 for the festive persona."""
        return np.array([int(p.festive) for p in world.PERSONAS])[self.persona]


@dataclass(frozen=True)
class Orders:
    """Orders of one chunk in order of customer and time, those of the 90 days ahead included."""

    person: Ints
    """Position in ``People``."""
    day: Ints
    """Day of the window."""
    second: Ints
    """Second of that day."""
    channel: Ints
    value: Floats
    """Money of the order."""

    def __getitem__(self, rows: Flags) -> Orders:
        """Return the orders for which ``rows`` is true."""
        return Orders(
            self.person[rows],
            self.day[rows],
            self.second[rows],
            self.channel[rows],
            self.value[rows],
        )


@dataclass(frozen=True)
class Truth:
    """What is known of each customer at the end; NaN for prospects."""

    alive: Flags
    """Whether she has not left for good."""
    p_alive: Floats
    """Chance of that, given her planted rate and dropout and her orders in the window."""
    expected: Floats
    """Expected order value of the 90 days ahead, given the same."""
    spent: Floats
    """Order value of the 90 days ahead as it came."""


def make_people(rng: np.random.Generator, first: int, n: int) -> People:
    """Draw ``n`` customers, numbered from ``first``, and their share of guests.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    first : int
        Number of the first customer.
    n : int
        Customers to draw.

    Returns
    -------
    People
        ``n`` customers, then 2 guests for each 100, rounded up.
    """
    total = n + int(np.ceil(n * GUESTS))
    personas = world.PERSONAS
    share = np.array([[p.share for p in personas]])
    zeros = np.zeros(total, np.int64)
    persona = world.draw(rng, world.lookup(share), zeros)
    taste = rng.integers(0, len(world.TASTES), size=total)
    gap = np.array([p.gap_days for p in personas])[persona]
    a, b = np.array([p.dropout for p in personas])[persona].T
    value = np.array([p.order_value for p in personas])[persona]
    return People(
        first=first,
        n=n,
        persona=persona,
        taste=taste,
        rate=rng.gamma(world.RATE_SHAPE, 1 / world.RATE_SHAPE, size=total) / gap,
        dropout=np.clip(rng.beta(a, b), 1e-4, 1 - 1e-4),
        order_value=value * (world.SPEND_Q - 1) / rng.gamma(world.SPEND_Q, size=total),
        prospect=(rng.random(total) < PROSPECTS) & (np.arange(total) < n),
        country=world.draw(rng, world.lookup(np.array([world.COUNTRY_SHARES])), zeros),
        newsletter=rng.random(total) < 0.45,
        favourite=rng.integers(0, world.VARIANTS, size=total),
    )


def make_orders(
    rng: np.random.Generator, people: People, calendar: Calendar
) -> tuple[Orders, Truth]:
    """Run the purchase process of ``people`` through the window and 90 days more.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    people : People
        Who may order.
    calendar : Calendar
        The window.

    Returns
    -------
    orders : Orders
        Those of the window and of the 90 days after it, by person and time.
    truth : Truth
        One entry a person.
    """
    festive = people.festive
    start = rng.random(festive.size) * calendar.shop_time(festive, calendar.days * ACQUISITION)
    left = calendar.shop_time(festive, calendar.days + AHEAD_DAYS) - start
    possible = rng.poisson(people.rate * left)
    stays = rng.geometric(people.dropout)  # repeat orders until she leaves
    repeats = _sorted_uniforms(rng, possible, np.minimum(possible, stays))
    guest = np.arange(festive.size) >= people.n
    count = np.where(guest, 1, 1 + np.minimum(possible, stays)) * ~people.prospect
    person, rank = _expand(count)
    time = start[person]
    again = rank > 0
    kept = repeats.offset[person[again]] + rank[again] - 1
    time[again] += repeats.value[kept] * left[person[again]]
    orders = Orders(
        person=person,
        day=calendar.day_of(festive[person], time),
        second=_second(rng, people.taste[person]),
        channel=_channel(rng, people.taste[person]),
        value=people.order_value[person]
        * rng.gamma(world.SPEND_P, 1 / world.SPEND_P, size=person.size),
    )
    inside = orders.day < calendar.days
    x = np.bincount(person[inside], minlength=count.size) - 1
    last = np.zeros(count.size)
    np.maximum.at(last, person[inside], time[inside])
    now = calendar.shop_time(festive, calendar.days)
    # She is gone if her last repeat order before the end was the one after which she leaves.
    return orders, _truth(people, orders, x, now - last, calendar, alive=stays > x)


@dataclass(frozen=True)
class _Ragged:
    value: Floats
    offset: Ints


def _sorted_uniforms(rng: np.random.Generator, drawn: Ints, kept: Ints) -> _Ragged:
    """Return, per person, the ``kept`` smallest of ``drawn`` uniforms, ascending."""
    owner, rank = _expand(drawn)
    ordered = np.sort(owner + rng.random(owner.size))
    inside = rank < kept[owner]
    value = ordered[inside] - owner[inside]
    return _Ragged(value, np.cumsum(kept) - kept)


def chance_alive(rate: Floats, dropout: Floats, x: Ints, since_last: Floats) -> Floats:
    """Return the chance that a customer has not left, given what is planted in her.

    Parameters
    ----------
    rate, dropout : float64 arrays, shape (n,)
        Orders per day while alive; chance to leave after a repeat order.
    x : int64 array, shape (n,)
        Repeat orders so far; without one nobody can have left.
    since_last : float64 array, shape (n,)
        Days since the last order.

    Returns
    -------
    float64 array, shape (n,)
        Between 0 and 1.

    References
    ----------
    Fader, Hardie & Lee (2005), with rate and dropout known instead of integrated out.

    Examples
    --------
    >>> now = np.zeros(2)
    >>> chance_alive(np.array([0.1, 0.1]), np.array([0.2, 0.2]), np.array([0, 1]), now).tolist()
    [1.0, 0.8]
    """
    odds = dropout / (1 - dropout) * np.exp(np.minimum(rate * since_last, 700))
    return np.where(x > 0, 1 / (1 + odds), 1.0)


def _expand(count: Ints) -> tuple[Ints, Ints]:
    """Return, for rows repeated ``count`` times, the row and the rank within it."""
    owner = np.repeat(np.arange(count.size), count)
    return owner, np.arange(owner.size) - (np.cumsum(count) - count)[owner]


def _second(rng: np.random.Generator, taste: Ints) -> Ints:
    hour = world.draw(rng, world.lookup(world.hour_shares()), taste)
    return hour * 3600 + rng.integers(0, 3600, size=taste.size)


def _channel(rng: np.random.Generator, taste: Ints) -> Ints:
    shares = np.array([t.channels for t in world.TASTES])
    return world.draw(rng, world.lookup(shares), taste)


def _truth(
    people: People,
    orders: Orders,
    x: Ints,
    since_last: Floats,
    calendar: Calendar,
    *,
    alive: Flags,
) -> Truth:
    """Work out the chance to be alive and the spend ahead from the planted parameters."""
    rate, p = people.rate, people.dropout
    p_alive = chance_alive(rate, p, x, since_last)
    ahead = calendar.shop_time(people.festive, calendar.days + AHEAD_DAYS)
    ahead = ahead - calendar.shop_time(people.festive, calendar.days)
    expected = p_alive * -np.expm1(-rate * p * ahead) / p * people.order_value
    later = orders.day >= calendar.days
    spent = np.bincount(orders.person[later], orders.value[later], minlength=x.size)
    unknown = people.prospect
    return Truth(
        alive=alive,
        p_alive=np.where(unknown, np.nan, p_alive),
        expected=np.where(unknown, np.nan, expected),
        spent=np.where(unknown, np.nan, spent),
    )
