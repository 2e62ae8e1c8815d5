"""Samples to try Coterie on: the Complete Journey households and the simulated shop.

A sample is a folder with Parquet tables and a commented ``coterie.toml``, so that
``coterie run`` works in it as it does on one's own data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from coterie.errors import ParameterError
from coterie.sources.complete_journey import labels, write_complete_journey
from coterie.sources.shop import SCHEMAS, write_shop
from coterie.sources.shop_profiles import LOYALTY_TIERS
from coterie.store.runs import write_atomic

__all__ = ["SAMPLES", "write_complete_journey", "write_sample"]

SAMPLES = ("complete-journey", "shop")
"""Names that ``write_sample`` knows."""

SHOP_END = date(2025, 12, 31)
"""Last day of the simulated shop as a sample."""


def write_sample(name: str, folder: Path, *, customers: int = 2_000, seed: int = 0) -> Path:
    """Write a sample and its ``coterie.toml``.

    Parameters
    ----------
    name : {"complete-journey", "shop"}
        Which sample.
    folder : Path
        Made if it is not there; files of the same names are replaced.
    customers : int, default 2,000
        Customers of the simulated shop; the Complete Journey always has its 2,469 households.
    seed : int, default 0
        Seed of the simulated shop.

    Returns
    -------
    Path
        The ``coterie.toml``.

    Raises
    ------
    ParameterError
        If ``name`` is not known, or ``customers`` or ``seed`` is out of range.
    MissingExtraError
        If the Complete Journey is asked for without the extra ``demo``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_sample("shop", Path(folder), customers=50).name
    'coterie.toml'
    """
    writers: dict[str, Callable[[], Path]] = {
        "complete-journey": lambda: write_complete_journey(folder),
        "shop": lambda: _write_shop_sample(folder, customers=customers, seed=seed),
    }
    if name not in writers:
        raise ParameterError.unknown("sample", name, SAMPLES)
    return writers[name]()


def _write_shop_sample(folder: Path, *, customers: int, seed: int) -> Path:
    write_shop(folder, customers=customers, end=SHOP_END, seed=seed)
    toml = folder / "coterie.toml"
    write_atomic(toml, _shop_toml())  # last: what has it is whole
    return toml


def _mapping(columns: Mapping[str, str]) -> str:
    return "\n".join(f'{ours} = "{theirs}"' for ours, theirs in columns.items())


def _shop_toml() -> str:
    text = _SHOP_TOML.replace("TIERS", labels(LOYALTY_TIERS, first=1))
    for name in ("orders", "events", "texts", "touches"):
        # The shop's own column names are ours.
        text = text.replace(name.upper(), _mapping({c: c for c in SCHEMAS[name].names}))
    return text


_SHOP_TOML = """\
# The simulated shop: made-up customers with a planted truth (truth.parquet, not read here).
[project]
name = "sample-shop"
timezone = "UTC"
currency = "GBP"

[sources.orders]                 # one row is an order line; negative quantities are returns
file = "orders.parquet"
returns = "net"                  # a return takes away the sale it belongs to, from its day on
[sources.orders.columns]         # unit_price is the price paid, discount what came off before
ORDERS

[sources.customers]              # everyone who signed up, a few of whom never ordered
file = "customers.parquet"
key = "customer_id"

[sources.events]                 # the clickstream of the web shop and the app
file = "events.parquet"
[sources.events.columns]
EVENTS

[sources.texts]                  # product reviews
file = "texts.parquet"
[sources.texts.columns]
TEXTS

[sources.touches]                # campaigns with a random control group
file = "touches.parquet"
[sources.touches.columns]
TOUCHES

[columns.email]
kind = "key"                     # says who, not what kind of customer
[columns.signup_date]
kind = "date"
[columns.age]
unit = "years"
[columns.income]
unit = "GBP a year"
[columns.loyalty_tier]
kind = "ordinal"
labels = TIERS
[columns.newsletter]
kind = "flag"

[segmentation]
lens = "value"                   # who buys how much, how often and how lately
horizon = "90d"                  # judged by what customers do in the 90 days after
"""
