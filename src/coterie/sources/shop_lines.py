"""The simulated shop's order lines: products, prices, discounts and returns.

An order's money is drawn first and split over its lines; the product is then the one
on the category's price ladder that costs about that much. So spend follows the
planted gamma-gamma process exactly, whatever is bought.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from coterie.sources import shop_world as world
from coterie.sources.shop_people import Calendar, Orders, People
from coterie.sources.shop_world import Flags, Floats, Ints

EXTRA_LINES = 1.8
"""Mean lines of an order beyond the first."""
RETURNED = 0.04
"""Chance that a sale line comes back whole on a later day."""
UNMATCHED = 0.006
"""Chance, per sale line, of a return of something bought before the first day."""
RETURN_DAYS = 28
"""A return follows 1 to so many days after the sale."""

_QUANTITIES = np.array([[0.72, 0.16, 0.06, 0.04, 0.01, 0.01]])
_DISCOUNTS = np.array([0.05, 0.1, 0.2, 0.3])

ORDERS = pa.schema(
    [
        ("line_id", pa.int64()),
        ("customer_id", pa.string()),
        ("order_id", pa.int64()),
        ("timestamp", pa.timestamp("us")),
        ("product_id", pa.string()),
        ("product_name", pa.string()),
        ("category", pa.string()),
        ("channel", pa.string()),
        ("country", pa.string()),
        ("quantity", pa.int64()),
        ("unit_price", pa.float64()),
        ("discount", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Lines:
    """Order lines of one chunk: all sales in order, then all returns."""

    order: Ints
    """Number of the order within the chunk, from 0; each return is an order of its own."""
    person: Ints
    day: Ints
    second: Ints
    channel: Ints
    product: Ints
    quantity: Ints
    unit_price: Floats
    discount: Floats
    n_sales: int
    returned: Flags
    """For each sale, whether it comes back within the window."""


def make_lines(
    rng: np.random.Generator, people: People, orders: Orders, calendar: Calendar
) -> Lines:
    """Draw the lines of ``orders``, which all lie in the window, and their returns.

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
    Lines
        Sales in the order of ``orders``, then returns in the order of their sales.
    """
    count = 1 + np.minimum(rng.poisson(EXTRA_LINES, size=orders.day.size), 11)
    order = np.repeat(np.arange(count.size), count)
    person = orders.person[order]
    share = rng.standard_exponential(order.size) + 0.3
    total = np.bincount(order, share, minlength=count.size)
    money = orders.value[order] * share / total[order]
    product, quantity, unit_price = choose_products(rng, people, person, money)
    sales = Lines(
        order=order,
        person=person,
        day=orders.day[order],
        second=orders.second[order],
        channel=orders.channel[order],
        product=product,
        quantity=quantity,
        unit_price=unit_price,
        discount=_discounts(rng, people.taste[person], quantity * unit_price),
        n_sales=order.size,
        returned=np.zeros(order.size, np.bool_),
    )
    return _with_returns(rng, sales, people, calendar)


def choose_products(
    rng: np.random.Generator, people: People, person: Ints, money: Floats
) -> tuple[Ints, Ints, Floats]:
    """Choose product, quantity and unit price so that they come to about ``money``.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    people : People
        The chunk's customers and guests.
    person : int64 array, shape (n,)
        Who buys: positions in ``people``.
    money : float64 array, shape (n,)
        What each line is to cost.

    Returns
    -------
    product, quantity : int64 arrays, shape (n,)
        Product numbers (see ``product_ids``) and pieces.
    unit_price : float64 array, shape (n,)
        Money per piece in whole cents, at least .50.
    """
    category = world.draw(rng, world.lookup(world.category_shares()), people.taste[person])
    quantity = 1 + world.draw(rng, world.lookup(_QUANTITIES), np.zeros(money.size, np.uint8))
    # Nothing costs more than the ladder's top: dearer lines are more pieces.
    pieces = np.maximum(quantity, np.ceil(money / world.PRICE_TOP)).astype(np.int64)
    unit_price = np.maximum(np.rint(money / pieces * 100), 50) / 100
    rung = np.rint(np.log(unit_price / world.PRICE_FLOOR) / world.LOG_STEP)
    rung = np.clip(rung, 0, world.RUNGS - 1).astype(np.int64)
    # Six in ten take the customer's colour, so that favourites are bought again.
    stray = rng.integers(0, 10, size=money.size, dtype=np.uint8)
    colour = (people.favourite[person] + category + np.maximum(stray.astype(np.int64) - 5, 0)) % 3
    return (category * world.RUNGS + rung) * world.VARIANTS + colour, pieces, unit_price


def _discounts(rng: np.random.Generator, taste: Ints, paid: Floats) -> Floats:
    """Return what was taken off each line; the price paid does not depend on it."""
    chance = np.array([t.discount for t in world.TASTES], np.float32)[taste]
    percent = _DISCOUNTS[rng.integers(0, _DISCOUNTS.size, size=taste.size, dtype=np.uint8)]
    off = np.rint(paid * percent / (1 - percent) * 100) / 100
    return np.where(rng.random(taste.size, dtype=np.float32) < chance, off, 0.0)


def _with_returns(
    rng: np.random.Generator, sales: Lines, people: People, calendar: Calendar
) -> Lines:
    """Append the returns that fall into the window; guests return nothing."""
    chance = rng.random(sales.n_sales, dtype=np.float32)
    wanted = np.flatnonzero((chance < RETURNED + UNMATCHED) & (sales.person < people.n))
    day = sales.day[wanted] + rng.integers(1, RETURN_DAYS + 1, size=wanted.size)
    second = rng.integers(9 * 3600, 18 * 3600, size=wanted.size)
    inside = day < calendar.days
    source, day, second = wanted[inside], day[inside], second[inside]
    matched = chance[source] < RETURNED
    # What was discontinued before the first day cannot match a sale of the window.
    old = world.SOLD + sales.product[source] // (world.RUNGS * world.VARIANTS)
    returned = sales.returned.copy()
    returned[source[matched]] = True
    n_orders = int(sales.order[-1]) + 1 if sales.n_sales else 0
    return Lines(
        order=np.concatenate([sales.order, n_orders + np.arange(source.size)]),
        person=np.concatenate([sales.person, sales.person[source]]),
        day=np.concatenate([sales.day, day]),
        second=np.concatenate([sales.second, second]),
        channel=np.concatenate([sales.channel, sales.channel[source]]),
        product=np.concatenate([sales.product, np.where(matched, sales.product[source], old)]),
        quantity=np.concatenate([sales.quantity, -sales.quantity[source]]),
        unit_price=np.concatenate([sales.unit_price, sales.unit_price[source]]),
        discount=np.concatenate([sales.discount, np.zeros(source.size)]),
        n_sales=sales.n_sales,
        returned=returned,
    )


def customer_ids(people: People) -> pa.Array:
    """Return the id of each person of a chunk: ``c000001`` …, null for guests."""
    ids: list[str | None] = [f"c{n:06d}" for n in range(people.first, people.first + people.n)]
    return pa.array(ids + [None] * (people.persona.size - people.n), pa.string())


def coded(values: pa.Array, codes: Ints) -> pa.DictionaryArray:
    """Return ``values[codes]`` as a dictionary array, which Parquet writes at once."""
    indices = pa.array(codes.astype(np.int32))
    if values.null_count:
        known = len(values) - values.null_count  # the nulls are the last values
        indices = pa.array(codes.astype(np.int32), mask=codes >= known)
        values = values.slice(0, known)
    return pa.DictionaryArray.from_arrays(indices, values)


def timestamps(calendar: Calendar, day: Ints, second: Ints) -> pa.Array:
    """Return the moments of days of the window, to the second, without time zone.

    Parameters
    ----------
    calendar : Calendar
        The window.
    day : int64 array, shape (n,)
        Days of the window, from 0.
    second : int64 array, shape (n,)
        Seconds of the day.

    Returns
    -------
    pyarrow.Array
        Type timestamp[us].
    """
    seconds = (day + calendar.first_day) * 86_400 + second
    return pa.array((seconds * 1_000_000).view("datetime64[us]"))


def lines_table(lines: Lines, people: People, calendar: Calendar) -> pa.Table:
    """Return the order lines as users have them; line and order numbers start at 1.

    Parameters
    ----------
    lines : Lines
        Sales and returns of a chunk.
    people : People
        The chunk's customers and guests.
    calendar : Calendar
        The window.

    Returns
    -------
    pyarrow.Table
        Columns as in ``ORDERS``.
    """
    per_category = world.RUNGS * world.VARIANTS
    category = np.where(
        lines.product < world.SOLD, lines.product // per_category, lines.product - world.SOLD
    )
    columns = {
        "line_id": pa.array(np.arange(1, lines.order.size + 1)),
        "customer_id": coded(customer_ids(people), lines.person),
        "order_id": pa.array(lines.order + 1),
        "timestamp": timestamps(calendar, lines.day, lines.second),
        "product_id": coded(pa.array(world.product_ids()), lines.product),
        "product_name": coded(pa.array(world.product_names()), lines.product),
        "category": coded(pa.array(world.CATEGORIES), category),
        "channel": coded(pa.array(world.CHANNELS), lines.channel),
        "country": coded(pa.array(world.COUNTRIES), people.country[lines.person]),
        "quantity": pa.array(lines.quantity),
        "unit_price": pa.array(lines.unit_price),
        "discount": pa.array(lines.discount),
    }
    return pa.table([columns[name] for name in ORDERS.names], names=ORDERS.names)
