"""The simulated shop's clickstream, reviews and campaigns.

A contact changes the chance to answer by exactly the uplift of the persona and the
offer. Who is contacted is random with a propensity that depends on the newsletter
flag, which also raises the answers of those not contacted: comparing answers without
weighting by the propensity is biased, on purpose. Answers are not among the orders.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from coterie.sources import shop_world as world
from coterie.sources.shop_lines import Lines, choose_products, coded, customer_ids, timestamps
from coterie.sources.shop_people import Calendar, Orders, People
from coterie.sources.shop_world import Floats, Ints

LOGGED_IN = 0.75
"""Share of visits without an order in which a customer is logged in."""
VISITS = np.array([9.0, 5.0, 2.5, 1.0, 2.0, 4.0])
"""Mean visits without an order per persona."""
REVIEWED = 0.06
"""Share of sale lines that are reviewed."""
NEWSLETTER_RESPONSE = 0.05
"""What reading the newsletter adds to the chance to answer, contacted or not."""
PROPENSITY = (0.35, 0.7)
"""Chance to be contacted, without and with the newsletter."""

TYPES = ("view", "cart", "buy")

EVENTS = pa.schema(
    [
        ("event_id", pa.int64()),
        ("customer_id", pa.string()),
        ("visitor_id", pa.string()),
        ("session_id", pa.int64()),
        ("timestamp", pa.timestamp("us")),
        ("type", pa.string()),
        ("product_id", pa.string()),
        ("channel", pa.string()),
        ("value", pa.float64()),
    ]
)
TEXTS = pa.schema(
    [
        ("text_id", pa.int64()),
        ("customer_id", pa.string()),
        ("timestamp", pa.timestamp("us")),
        ("text", pa.string()),
        ("rating", pa.int64()),
        ("source", pa.string()),
    ]
)
TOUCHES = pa.schema(
    [
        ("touch_id", pa.int64()),
        ("customer_id", pa.string()),
        ("timestamp", pa.timestamp("us")),
        ("offer_id", pa.string()),
        ("channel", pa.string()),
        ("treated", pa.bool_()),
        ("responded", pa.bool_()),
        ("value", pa.float64()),
        ("propensity", pa.float64()),
    ]
)


def events_table(
    rng: np.random.Generator, people: People, orders: Orders, lines: Lines, calendar: Calendar
) -> pa.Table:
    """Return the views, carts and buys of online orders and of visits without an order.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    people : People
        The chunk's customers and guests.
    orders : Orders
        Their orders within the window.
    lines : Lines
        The lines of these orders, and their returns.
    calendar : Calendar
        The window.

    Returns
    -------
    pyarrow.Table
        By visit and time; columns as in ``EVENTS``.
    """
    bought = _buying(rng, lines)
    looked = _looking(rng, people, orders, calendar, first_session=orders.day.size)
    data = {name: np.concatenate([bought[name], looked[name]]) for name in bought}
    order = np.lexsort((data["kind"], data["time"], data["session"]))
    data = {name: values[order] for name, values in data.items()}
    _, session = np.unique(data["session"], return_inverse=True)
    guest = data["person"] >= people.n
    known = np.where((data["known"] == 1) & ~guest, data["person"], people.n)
    day, second = np.divmod(np.maximum(data["time"], 0), 86_400)
    columns = {
        "event_id": pa.array(np.arange(1, session.size + 1)),
        "customer_id": coded(customer_ids(people), known),
        "visitor_id": coded(_visitor_ids(people), data["person"]),
        "session_id": pa.array(session + 1),
        "timestamp": timestamps(calendar, day, second),
        "type": coded(pa.array(TYPES), data["kind"]),
        "product_id": coded(pa.array(world.product_ids()), data["product"]),
        "channel": coded(pa.array(world.CHANNELS), data["channel"]),
        "value": pa.array(data["cents"] / 100, mask=data["cents"] < 0),
    }
    return pa.table([columns[name] for name in EVENTS.names], names=EVENTS.names)


def _visitor_ids(people: People) -> pa.Array:
    """Return the cookie of each person; it says nothing of the customer's id."""
    first = people.first + people.first // 50  # leaves room for the guests of earlier chunks
    numbers = range(first, first + people.persona.size)
    return pa.array([f"v{n * 2_654_435_761 % 2**40:010x}" for n in numbers])


def _buying(rng: np.random.Generator, lines: Lines) -> dict[str, Ints]:
    """Return the events of sale lines of the online channels."""
    row = np.flatnonzero(lines.channel[: lines.n_sales] < world.ONLINE)
    views = np.repeat(row, 1 + rng.poisson(0.7, size=row.size))
    source = np.concatenate([views, row, row])
    kind = np.repeat(np.arange(3), [views.size, row.size, row.size])
    before = np.concatenate(
        [
            rng.integers(60, 1800, size=views.size),
            rng.integers(20, 60, size=row.size),
            np.zeros(row.size, np.int64),
        ]
    )
    cents = np.rint(lines.quantity[source] * lines.unit_price[source] * 100).astype(np.int64)
    return {
        "session": lines.order[source],
        "person": lines.person[source],
        "time": lines.day[source] * 86_400 + lines.second[source] - before,
        "kind": kind,
        "product": lines.product[source],
        "channel": lines.channel[source],
        "known": np.ones(source.size, np.int64),
        "cents": np.where(kind == TYPES.index("buy"), cents, -1),
    }


def _looking(
    rng: np.random.Generator,
    people: People,
    orders: Orders,
    calendar: Calendar,
    first_session: int,
) -> dict[str, Ints]:
    """Return the events of visits without an order, near the days of a customer's orders."""
    has_orders = np.bincount(orders.person, minlength=people.persona.size)
    visits = rng.poisson(VISITS[people.persona]) * (has_orders > 0)
    person = np.repeat(np.arange(visits.size), visits)
    # A visit lies up to 30 days from an order of the customer, drawn at random.
    offset = np.cumsum(has_orders) - has_orders
    near = offset[person] + (rng.random(person.size) * has_orders[person]).astype(np.int64)
    day = orders.day[near] + rng.integers(-30, 31, size=person.size)
    start = np.clip(day, 0, calendar.days - 1) * 86_400 + orders.second[near] % 84_000
    session = np.repeat(np.arange(person.size), 1 + rng.poisson(2.2, size=person.size))
    step = np.arange(session.size) - np.searchsorted(session, session)
    money = rng.exponential(30.0, size=session.size) + 2
    product, _, _ = choose_products(rng, people, person[session], money)
    cart = rng.random(session.size) < 0.12
    source = np.concatenate([np.arange(session.size), np.flatnonzero(cart)])
    kind = (np.arange(source.size) >= session.size).astype(np.int64)
    visit = session[source]
    app = rng.random(person.size) < 0.5
    known = rng.random(person.size) < LOGGED_IN
    return {
        "session": first_session + visit,
        "person": person[visit],
        "time": start[visit] + step[source] * 45 + kind * 20,
        "kind": kind,
        "product": product[source],
        "channel": app[visit].astype(np.int64),
        "known": known[visit].astype(np.int64),
        "cents": np.full(source.size, -1),
    }


_RATINGS = np.array(
    [
        [0.02, 0.04, 0.10, 0.30, 0.54],  # kept
        [0.45, 0.30, 0.15, 0.07, 0.03],  # returned
    ]
)
_OPENINGS = (  # worded so that singular and plural nouns fit
    ("Terrible {noun}.", "Very disappointed with my {noun}.", "Wasted money on {noun}."),
    ("Not happy with my {noun}.", "I had hoped for better {noun}.", "Poor {noun}, sadly."),
    ("Average {noun}, okay.", "My {noun}: as described.", "Just plain {noun}."),
    ("Good {noun}.", "I like my {noun}.", "Nice {noun}, well made."),
    ("I love my {noun}!", "Wonderful {noun}!", "Best {noun} I ever had!"),
)
_MIDDLES = (
    ("It broke after two days.", "The quality is awful.", "It arrived damaged and late."),
    ("It feels cheap.", "The size was wrong.", "Delivery took too long."),
    ("Nothing special for the price.", "Delivery was on time.", "The colour differs a little."),
    ("Good value for the price.", "Delivery was quick.", "The colour is pretty."),
    ("The quality is excellent.", "It arrived early and beautifully packed.", "Worth every penny."),
)
_ENDINGS = (
    ("I want my money back.", "Never again.", "Avoid it."),
    ("I would not buy it again.", "I expected more.", "It may go back."),
    ("It will do.", "Neither good nor bad.", "I might buy it again."),
    ("I would buy it again.", "Happy with it.", "Would recommend."),
    ("Perfect, thank you!", "My whole family is delighted.", "Highly recommended!"),
)


def texts_table(
    rng: np.random.Generator, people: People, lines: Lines, calendar: Calendar
) -> pa.Table:
    """Return reviews of sale lines; the words fit the rating, and returns rate low.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    people : People
        The chunk's customers and guests.
    lines : Lines
        The lines of these orders, and their returns.
    calendar : Calendar
        The window.

    Returns
    -------
    pyarrow.Table
        Columns as in ``TEXTS``.
    """
    sales = lines.n_sales
    chosen = np.flatnonzero((rng.random(sales) < REVIEWED) & (lines.person[:sales] < people.n))
    day = lines.day[chosen] + rng.integers(3, 25, size=chosen.size)
    inside = day < calendar.days
    row, day = chosen[inside], day[inside]
    table = world.lookup(_RATINGS)
    rating = world.draw(rng, table, lines.returned[row].astype(np.int64))
    part = rng.integers(0, 3, size=(row.size, 3))
    noun, category = lines.product[row] // (4 * world.VARIANTS) % 8, lines.product[row]
    category = category // (world.RUNGS * world.VARIANTS)
    texts = [
        f"{_OPENINGS[r][a].format(noun=world.NOUNS[c][n])} {_MIDDLES[r][b]} {_ENDINGS[r][e]}"
        for r, (a, b, e), c, n in zip(
            rating.tolist(), part.tolist(), category.tolist(), noun.tolist(), strict=True
        )
    ]
    columns = [
        pa.array(np.arange(1, row.size + 1)),
        coded(customer_ids(people), lines.person[row]),
        timestamps(calendar, day, rng.integers(7 * 3600, 23 * 3600, size=row.size)),
        pa.array(texts, pa.string()),
        pa.array(rating + 1),
        coded(pa.array(["review"]), np.zeros(row.size, np.int64)),
    ]
    return pa.table(columns, names=TEXTS.names)


def touches_table(
    rng: np.random.Generator, people: People, orders: Orders, calendar: Calendar
) -> pa.Table:
    """Return two waves of each offer to six in ten of those who had ordered before.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    people : People
        The chunk's customers and guests.
    orders : Orders
        Their orders within the window.
    calendar : Calendar
        The window.

    Returns
    -------
    pyarrow.Table
        One row for each customer and wave; columns as in ``TOUCHES``.
    """
    since = np.full(people.persona.size, calendar.days)
    np.minimum.at(since, orders.person, orders.day)
    waves = []
    for wave in range(2 * len(world.OFFERS)):
        day = calendar.days * (wave + 4) // 11
        there = (since < day) & (np.arange(since.size) < people.n)
        person = np.flatnonzero(there & (rng.random(since.size) < 0.6))
        waves.append(_wave(rng, people, person, day, offer=wave % len(world.OFFERS)))
    data = {name: np.concatenate([wave[name] for wave in waves]) for name in waves[0]}
    person, offer = data["person"].astype(np.int64), data["offer"].astype(np.int64)
    columns = [
        pa.array(np.arange(1, person.size + 1)),
        coded(customer_ids(people), person),
        timestamps(calendar, data["day"].astype(np.int64), data["second"].astype(np.int64)),
        coded(pa.array(world.OFFERS), offer),
        coded(pa.array(world.OFFER_CHANNELS), offer),
        pa.array(data["treated"] > 0),
        pa.array(data["responded"] > 0),
        pa.array(data["value"]),
        pa.array(data["propensity"]),
    ]
    return pa.table(columns, names=TOUCHES.names)


def uplifts(people: People, offer: int) -> Floats:
    """Return what a contact with an offer adds to each person's chance to answer."""
    return np.array([p.uplift[offer] for p in world.PERSONAS])[people.persona]


def _wave(
    rng: np.random.Generator, people: People, person: Ints, day: int, offer: int
) -> dict[str, Floats]:
    reader = people.newsletter[person].astype(np.int64)
    propensity = np.array(PROPENSITY)[reader]
    treated = rng.random(person.size) < propensity
    chance = np.array([p.response for p in world.PERSONAS])[people.persona[person]]
    chance = chance + NEWSLETTER_RESPONSE * reader + treated * uplifts(people, offer)[person]
    responded = rng.random(person.size) < chance
    spend = rng.gamma(world.SPEND_P, 1 / world.SPEND_P, size=person.size)
    money = np.rint(people.order_value[person] * spend * 100) / 100
    return {
        "person": person.astype(np.float64),
        "offer": np.full(person.size, float(offer)),
        "day": np.full(person.size, float(day)),
        "second": 9 * 3600 + rng.integers(0, 7200, size=person.size).astype(np.float64),
        "treated": treated.astype(np.float64),
        "responded": responded.astype(np.float64),
        "value": np.where(responded, money, 0.0),
        "propensity": propensity,
    }
