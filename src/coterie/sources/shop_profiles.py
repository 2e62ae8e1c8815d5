"""The simulated shop's customer table and its truth."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.sources import shop_world as world
from coterie.sources.shop_lines import coded, customer_ids
from coterie.sources.shop_people import Calendar, Orders, People, Truth
from coterie.sources.shop_signals import uplifts

CUSTOMERS = pa.schema(
    [
        ("customer_id", pa.string()),
        ("email", pa.string()),
        ("signup_date", pa.date32()),
        ("gender", pa.string()),
        ("age", pa.int64()),
        ("income", pa.int64()),
        ("country", pa.string()),
        ("region", pa.string()),
        ("loyalty_tier", pa.int64()),
        ("newsletter", pa.bool_()),
    ]
)
LOYALTY_TIERS = ("none", "bronze", "silver", "gold")
"""Words for the loyalty tiers 1 to 4."""

TRUTH = pa.schema(
    [
        ("customer_id", pa.string()),
        ("persona", pa.string()),
        ("taste", pa.string()),
        ("rate", pa.float64()),
        ("dropout", pa.float64()),
        ("mean_order_value", pa.float64()),
        ("alive_at_end", pa.bool_()),
        ("p_alive_at_end", pa.float64()),
        ("expected_spend_next_90d", pa.float64()),
        ("spend_next_90d", pa.float64()),
        *((f"uplift_{offer.replace('-', '_')}", pa.float64()) for offer in world.OFFERS),
    ]
)


def customers_table(
    rng: np.random.Generator, people: People, orders: Orders, calendar: Calendar
) -> pa.Table:
    """Return the profile table; age and gender lean on taste, income and tier on persona.

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
        One row a customer; columns as in ``CUSTOMERS``.
    """
    n = people.n
    persona, taste = people.persona[:n], people.taste[:n]
    ids = customer_ids(people).slice(0, n)
    signup = rng.integers(0, calendar.days, size=people.persona.size)
    since = np.full(signup.size, calendar.days)
    np.minimum.at(since, orders.person, orders.day)
    early = np.maximum(since - rng.integers(0, 15, size=since.size), 0)
    signup = np.where(since < calendar.days, early, signup)[:n]
    female = rng.random(n) < np.array([t.female for t in world.TASTES])[taste]
    age = np.rint(rng.normal(np.array([t.age for t in world.TASTES])[taste], 7)).astype(np.int64)
    typical = np.array([p.order_value for p in world.PERSONAS])[persona]
    income = np.rint(14 * np.sqrt(typical / 50) * np.exp(rng.normal(1, 0.3, n)) * 10) * 100
    ordered = np.bincount(orders.person, minlength=people.persona.size)[:n]
    tier = 1 + np.searchsorted(np.array([2, 6, 15]), ordered, side="right")
    columns = [
        ids,
        pc.binary_join_element_wise(ids, "example.com", "@"),
        pa.array((signup + calendar.first_day).astype(np.int32)).cast(pa.date32()),
        pa.array(np.where(female, "female", "male"), pa.string(), mask=rng.random(n) < 0.03),
        pa.array(np.clip(age, 18, 90), mask=rng.random(n) < 0.05),
        pa.array(income.astype(np.int64), mask=rng.random(n) < 0.12),
        coded(pa.array(world.COUNTRIES), people.country[:n]),
        coded(pa.array(world.REGIONS), rng.integers(0, len(world.REGIONS), size=n)),
        pa.array(tier),
        pa.array(people.newsletter[:n]),
    ]
    return pa.table(columns, names=CUSTOMERS.names)


def truth_table(people: People, truth: Truth) -> pa.Table:
    """Return what was planted in each customer, and what she did in the 90 days ahead."""
    n = people.n
    columns = [
        customer_ids(people).slice(0, n),
        coded(pa.array([p.name for p in world.PERSONAS]), people.persona[:n]),
        coded(pa.array([t.name for t in world.TASTES]), people.taste[:n]),
        pa.array(people.rate[:n]),
        pa.array(people.dropout[:n]),
        pa.array(people.order_value[:n]),
        pa.array(truth.alive[:n], mask=people.prospect[:n]),
        *(
            pa.array(values[:n], from_pandas=True)  # NaN becomes null
            for values in (truth.p_alive, truth.expected, truth.spent)
        ),
        *(pa.array(uplifts(people, offer)[:n]) for offer in range(len(world.OFFERS))),
    ]
    return pa.table(columns, names=TRUTH.names)
