"""The simulated shop's fixed world: personas, tastes, products, seasons and offers.

A *persona* decides how much a customer is worth (how often, how long, how dear), a
*taste* decides what she buys, where and when. The two are drawn independently and
every category has the same price ladder, so customers of different taste are equal
in value and can be told apart by behaviour alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Persona:
    """What a customer is worth: gamma purchase rates, beta dropout, gamma-gamma spend."""

    name: str
    share: float
    gap_days: float
    """Mean days between orders of a customer with the persona's mean rate."""
    dropout: tuple[float, float]
    """a, b of the beta distribution of the chance to leave after a repeat order."""
    order_value: float
    """Mean money per order."""
    response: float
    """Chance to answer a campaign without being contacted."""
    uplift: tuple[float, float, float]
    """What a contact adds to that chance, one figure per offer."""
    festive: bool = False
    """Whether the purchases gather in November and December."""


PERSONAS = (
    Persona("loyal", 0.12, 20, (1, 45), 55, 0.20, (0.01, 0.06, 0.12)),
    Persona("regular", 0.23, 45, (1, 20), 50, 0.12, (0.03, 0.08, 0.05)),
    Persona("occasional", 0.25, 110, (1, 8), 45, 0.06, (0.10, 0.03, 0.02)),
    Persona("one_time", 0.20, 150, (3, 2), 40, 0.03, (0.04, 0.0, 0.0)),
    Persona("festive", 0.10, 120, (1, 10), 70, 0.08, (0.02, -0.03, 0.09), festive=True),
    Persona("big_spender", 0.10, 60, (1, 12), 190, 0.10, (0.0, 0.05, 0.07)),
)
OFFERS = ("welcome-back", "free-delivery", "new-range")
OFFER_CHANNELS = ("email", "app", "letter")

RATE_SHAPE = 3.0
"""Shape of the gamma distribution of purchase rates within a persona."""
SPEND_P, SPEND_Q = 6.25, 3.75
"""Gamma-gamma shapes: of order values around a customer's mean, and of those means."""

CHANNELS = ("web", "app", "store", "catalogue")
ONLINE = 2
"""The first so many channels leave a clickstream."""


@dataclass(frozen=True)
class Taste:
    """What a customer buys, where and when; no effect on how much."""

    name: str
    categories: tuple[str, str, str]
    channels: tuple[float, float, float, float]
    """Share of orders per channel, in the order of ``CHANNELS``."""
    hour: float
    """Hour of day around which the orders lie."""
    discount: float
    """Share of lines bought at a discount."""
    age: float
    """Mean age."""
    female: float
    """Share of women."""


TASTES = (
    Taste("style", ("Fashion", "Shoes", "Beauty"), (0.12, 0.82, 0.04, 0.02), 20, 0.30, 29, 0.72),
    Taste("home", ("Kitchen", "Living", "Garden"), (0.10, 0.02, 0.80, 0.08), 11, 0.08, 54, 0.58),
    Taste("tech", ("Computers", "Audio", "Gaming"), (0.85, 0.10, 0.04, 0.01), 23, 0.15, 34, 0.25),
    Taste("family", ("Toys", "Baby", "Grocery"), (0.70, 0.12, 0.16, 0.02), 9, 0.55, 38, 0.66),
    Taste("outdoor", ("Sports", "Travel", "Books"), (0.10, 0.04, 0.16, 0.70), 15, 0.03, 46, 0.45),
)
OWN_SHARE = 0.85
"""Share of a customer's lines that lie in the three categories of her taste."""

_NOUNS = {
    "Fashion": "socks,belt,scarf,shirt,jeans,dress,blazer,winter coat",
    "Shoes": "laces,insoles,slippers,sandals,trainers,loafers,boots,riding boots",
    "Beauty": "lip balm,soap,hand cream,mascara,shampoo set,serum,perfume,hair dryer",
    "Kitchen": "whisk,mug,chopping board,knife,saucepan,casserole,mixer,coffee machine",
    "Living": "candle,picture frame,cushion,vase,throw,lamp,rug,armchair",
    "Garden": "seeds,trowel,plant pot,secateurs,watering can,bird house,parasol,barbecue",
    "Computers": "cable,mouse mat,mouse,keyboard,webcam,router,monitor,tablet",
    "Audio": "ear tips,aux lead,earphones,clock radio,speaker,headphones,turntable,soundbar",
    "Gaming": "card pack,dice set,gamepad grip,board game,video game,gamepad,headset,console",
    "Toys": "marbles,puzzle,toy car,doll,building set,train set,dolls house,play kitchen",
    "Baby": "bib,rattle,bottle set,romper,sleeping bag,baby monitor,carrier,pushchair",
    "Grocery": "tea,chocolate,pasta box,olive oil,coffee beans,cheese board,hamper,wine case",
    "Sports": "skipping rope,drinking bottle,yoga mat,football,racket,dumbbells,tent,bicycle",
    "Travel": "luggage tag,neck pillow,wash bag,travel plug,day pack,cabin bag,suitcase,trunk",
    "Books": "notebook,calendar,paperback,cookbook,atlas,art book,box set,encyclopaedia",
}
CATEGORIES = tuple(_NOUNS)
NOUNS = tuple(tuple(words.split(",")) for words in _NOUNS.values())
"""Eight products per category, from cheap to dear."""
_GRADES = ("Mini", "Classic", "Large", "Deluxe")
_COLOURS = ("blue", "green", "natural")

RUNGS = 32
"""Steps of the price ladder: 8 products x 4 grades."""
VARIANTS = len(_COLOURS)
PRICE_FLOOR, PRICE_TOP = 1.0, 400.0
LOG_STEP = float(np.log(PRICE_TOP / PRICE_FLOOR)) / (RUNGS - 1)
SOLD = len(CATEGORIES) * RUNGS * VARIANTS
"""Products 0 to SOLD - 1 are sold; the rest were discontinued before the first day."""


def product_ids() -> list[str]:
    """Return the id of every product: ``P00001`` … sold, ``X001`` … discontinued.

    Examples
    --------
    >>> ids = product_ids()
    >>> len(ids), ids[0], ids[-1]
    (1455, 'P00001', 'X015')
    """
    old = [f"X{n:03d}" for n in range(1, len(CATEGORIES) + 1)]
    return [f"P{n:05d}" for n in range(1, SOLD + 1)] + old


def product_names() -> list[str]:
    """Return the name of every product, in the order of ``product_ids``.

    Examples
    --------
    >>> product_names()[0]
    'Mini socks, blue'
    """
    sold = [
        f"{_GRADES[rung % 4]} {nouns[rung // 4]}, {colour}"
        for nouns in NOUNS
        for rung in range(RUNGS)
        for colour in _COLOURS
    ]
    return sold + [f"Last year's {nouns[3]}" for nouns in NOUNS]


COUNTRIES = ("United Kingdom", "Germany", "France", "Netherlands", "Spain", "Ireland")
COUNTRY_SHARES = (0.46, 0.20, 0.14, 0.09, 0.06, 0.05)
REGIONS = ("North", "South", "East", "West")

_SLOTS = 4096


def lookup(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Spread shares over 4096 slots, so that a draw is one random integer and one look-up.

    Parameters
    ----------
    shares : float64 array, shape (n_rows, n_values)
        Rows need not sum to 1.

    Returns
    -------
    uint8 array, shape (n_rows, 4096)
        Value numbers, ascending within a row.

    Examples
    --------
    >>> np.bincount(lookup(np.array([[1.0, 3.0]]))[0]).tolist()
    [1024, 3072]
    """
    edges = np.cumsum(shares, axis=1) / shares.sum(axis=1, keepdims=True)
    slots = (np.arange(_SLOTS) + 0.5) / _SLOTS
    return np.stack([np.searchsorted(row, slots) for row in edges]).astype(np.uint8)


def draw(rng: np.random.Generator, table: NDArray[np.uint8], row: NDArray[np.integer]) -> Ints:
    """Draw one value for each entry of ``row`` from that row of a ``lookup`` table.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    table : uint8 array, shape (n_rows, 4096)
        Made by ``lookup``.
    row : integer array, shape (n,)
        Which row of the table each draw is from.

    Returns
    -------
    int64 array, shape (n,)
        Value numbers.
    """
    flat = rng.integers(0, _SLOTS, size=row.size, dtype=np.uint16) + row.astype(np.int32) * _SLOTS
    # Wide, because callers multiply: numpy keeps uint8 * 32 in eight bits.
    drawn: Ints = table.ravel()[flat].astype(np.int64)
    return drawn


def category_shares() -> Floats:
    """Return the share of each category in the lines of each taste, shape (tastes, categories)."""
    own = np.array([[name in taste.categories for name in CATEGORIES] for taste in TASTES])
    return np.where(own, OWN_SHARE / 3, (1 - OWN_SHARE) / (len(CATEGORIES) - 3))


def hour_shares() -> Floats:
    """Return the share of each hour in the orders of each taste, shape (tastes, 24)."""
    centre = np.array([[taste.hour] for taste in TASTES])
    away = np.abs(np.arange(24) + 0.5 - centre)
    shares: Floats = np.exp(-0.5 * (np.minimum(away, 24 - away) / 2.2) ** 2) + 0.004
    return shares


def season(first_day: int, days: int) -> Floats:
    """Return the shop's time elapsed at the start of each day, shape (2, days + 1).

    Purchases run on this clock, which averages one day a day over a year, goes faster
    at the weekend and before Christmas; row 1 is that of the festive personas.

    Parameters
    ----------
    first_day : int
        Days since 1970-01-01.
    days : int
        Number of days.
    """
    day = np.arange(first_day, first_day + days)
    week = np.array([0.9, 0.88, 0.92, 0.97, 1.1, 1.23, 1.0])[(day + 3) % 7]
    dates = day.astype("datetime64[D]")
    of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
    peak = np.exp(-0.5 * ((np.arange(366) - 342) / 16) ** 2)
    wave = 1 + 0.08 * np.cos(2 * np.pi * np.arange(366) / 365)
    curves = np.stack([wave + 1.1 * peak, 0.25 + 9 * peak])
    curves /= curves[:, :365].mean(axis=1, keepdims=True)
    speed = week * curves[:, of_year]
    return np.concatenate([np.zeros((2, 1)), np.cumsum(speed, axis=1)], axis=1)
