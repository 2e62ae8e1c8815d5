"""The page about products: how good the lists were, what sells to whom, and what to stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt
import pyarrow as pa

from coterie.offers.demand import LEVEL, SEASON
from coterie.offers.neighbours import Neighbours
from coterie.offers.products import EASE_PRODUCTS
from coterie.offers.tables import ALL
from coterie.profiling import format as fmt
from coterie.profiling.charts import Chart, finish, rows
from coterie.profiling.page import Figure, Section, Table, page
from coterie.profiling.palette import light

_SHOWN = 5
"""Products of a segment that are shown."""
_CHARTS = 3
"""Products whose months are drawn."""
_TRACKS = {
    "all": "All they bought",
    "again": "What they had bought before",
    "new": "What was new to them",
}


@dataclass(frozen=True)
class Facts:
    """What the page is made of: the name of the project, ``summary.json``, and four tables."""

    project: str
    summary: Mapping[str, Any]
    sellers: pa.Table
    pairs: pa.Table
    demand: pa.Table
    forecasts: pa.Table


def products_page(facts: Facts) -> str:
    """Return the page as HTML.

    Examples
    --------
    >>> summary = {"as_of": "2025-06-01", "segments": [], "customers": 0, "products": 0,
    ...     "learner": "ease", "learner_words": "EASE", "months": ["2025-06-01"],
    ...     "method_words": "nothing", "range_held": None,
    ...     "proof": {"scores": {}, "reason": "Too few days.", "start": "", "end": ""}}
    >>> empty = pa.table({name: pa.array([], pa.string()) for name in ("segment_id", "trend")})
    >>> "Too few days." in products_page(Facts("shop", summary, empty, empty, empty, empty))
    True
    """
    summary = facts.summary
    return page(
        project=facts.project,
        heading="Products: what to show whom, and how much to stock",
        until=fmt.long_date(date.fromisoformat(str(summary["as_of"]))),
        lead=(
            f"Lists for {fmt.count(summary['customers'])} customers from "
            f"{fmt.count(summary['products'])} products. {_lead(summary['proof'])}"
        ),
        sections=[
            Section(
                "How good the lists would have been", [_learned(summary), *_proof(summary["proof"])]
            ),
            Section("What each segment buys more than others", _sellers(facts)),
            Section("What is bought together", _pairs(facts)),
            Section("What will sell next month", _demand(facts)),
        ],
    )


def _lead(proof: Mapping[str, Any]) -> str:
    found = proof["scores"].get("all")
    if not found:
        return f"How good they are is not known: {proof['reason']}"
    better = found["recall"] / found["popular"] if found["popular"] else 0
    if found["low"] > 0:
        more = f", {better:.1f} times as much" if better else ""
        return f"On the last days known they held more of what was bought than best sellers{more}."
    return "On the last days known they were not clearly better than the best sellers."


def _learned(summary: Mapping[str, Any]) -> str:
    said = f"What is new to a customer is told by {summary['learner_words']}"
    if summary["learner"] == Neighbours.name:
        said += (
            f": there are more than {fmt.count(EASE_PRODUCTS)} products, too many for one linear "
            "model of them all"
        )
    return f"{said}."


def _proof(proof: Mapping[str, Any]) -> list[str | Table]:
    if not proof["scores"]:
        return [proof["reason"]]
    start, end = (fmt.long_date(date.fromisoformat(proof[key])) for key in ("start", "end"))
    table = Table(
        "Share of the products bought afterwards that stood in a list of ten (of those that "
        "could), mean over customers.",
        ["Bought", "Customers", "Our list", "Best sellers", "Difference, 95% range"],
        [
            [
                _TRACKS[name],
                fmt.count(one["customers"]),
                fmt.share(one["recall"]),
                fmt.share(one["popular"]),
                f"{100 * one['low']:+.1f} to {100 * one['high']:+.1f} points".replace("-", "−"),
            ]
            for name, one in proof["scores"].items()
        ],
    )
    return [
        f"The lists were made as of {start} and compared with what the same customers bought "
        f"until {end}. Nothing of those days was seen.",
        table,
        "A list that held what was bought does not say that showing it sells more; only an "
        "experiment does.",
    ]


def _sellers(facts: Facts) -> list[str | Table]:
    parts: list[str | Table] = []
    for segment in facts.summary["segments"]:
        found = _of(facts.sellers, segment["id"])[:_SHOWN]
        cells = [
            [
                one["product_name"],
                fmt.count(one["customers"]),
                fmt.share(one["share"]),
                fmt.share(one["share_all"]),
                f"{one['lift']:.1f} ×",
            ]
            for one in found
        ]
        head = ["Product", "Customers", "Of the segment", "Of all", "Lift"]
        what = "bought clearly more than by all"
        none = f"{segment['name']}: no product is {what}."
        parts.append(Table(f"{segment['name']}: {what}.", head, cells, empty=none))
    return parts


def _pairs(facts: Facts) -> list[str | Table]:
    parts: list[str | Table] = [
        "Lift says how many times as often two products are in an order together as by chance. "
        "It does not say that one sells the other."
    ]
    for segment in [{"id": ALL, "name": "All orders"}, *facts.summary["segments"]]:
        cells = [
            [
                one["first_name"],
                one["second_name"],
                fmt.count(one["orders"]),
                fmt.share(one["support"]),
                fmt.share(one["confidence"]),
                f"{one['lift']:.1f} ×",
            ]
            for one in _of(facts.pairs, segment["id"])[: _SHOWN * (1 + (segment["id"] == ALL))]
        ]
        head = ["Orders with", "also hold", "Orders", "Of orders", "How often", "Lift"]
        name = segment["name"]
        caption = name if segment["id"] == ALL else f"{name}: the orders of its customers"
        none = f"{caption}: no two products are together in enough orders to tell."
        parts.append(Table(f"{caption}.", head, cells, numbers=2, empty=none))
    return parts


def _demand(facts: Facts) -> list[str | Table | Figure]:
    summary = facts.summary
    first = fmt.long_date(date.fromisoformat(summary["months"][-1]))
    months = len(summary["months"]) - 1
    said = f"The next month begins on {first}. It is forecast by {summary['method_words']}."
    if months < 2 * SEASON:
        said += (
            f" There are {months} whole months; from {2 * SEASON} on, the same month a year "
            "before is used. Until then a season is not known and looks like a trend; where it "
            "is known, what was sold in the same month a year before stands beside."
        )
    if summary["range_held"] is not None:
        said += (
            f" A month ago, {fmt.share(summary['range_held'], sentence=True)} of the products "
            f"came to lie in the {LEVEL:.0%} range that would have been told."
        )
    parts: list[str | Table | Figure] = [said]
    everything = _of(facts.forecasts, ALL)
    parts += [_figure(facts, one) for one in everything[:_CHARTS]]
    caption = f"Pieces of the last month and of the next, with its {LEVEL:.0%} range"
    none = "No product has a whole month of sales yet."
    parts.append(_forecasts(f"{caption}: all customers and guests.", everything[:10], none))
    for word in ("rising", "falling"):
        moved = [one for one in everything if one["trend"] == word][:_SHOWN]
        none = f"No product is clearly {word}, by orders of three months."
        parts.append(_forecasts(f"Clearly {word}, by orders of three months.", moved, none))
    for segment in summary["segments"]:
        found = _of(facts.forecasts, segment["id"])[:_SHOWN]
        none = f"{segment['name']}: no product was sold in a whole month."
        said = f"{segment['name']}: {caption[0].lower()}{caption[1:]}."
        parts.append(_forecasts(said, found, none))
    return parts


def _forecasts(caption: str, found: Sequence[Mapping[str, Any]], empty: str) -> Table:
    cells = [
        [
            one["product_name"],
            one["trend"],
            "not known" if one["year_before"] is None else fmt.count(one["year_before"]),
            fmt.count(one["last"]),
            fmt.count(one["expected"]),
            "not known" if one["low"] is None else span(one["low"], one["high"]),
        ]
        for one in found
    ]
    head = ["Product", "Trend of orders", "A year before", "Last", "Next", "Range"]
    return Table(caption, head, cells, numbers=2, empty=empty)


def span(low: float, high: float) -> str:
    """Write a range of pieces.

    Examples
    --------
    >>> span(0.0, 1234.4)
    '0–1,234'
    """
    return f"{fmt.count(low)}–{fmt.count(high)}"


def _figure(facts: Facts, one: Mapping[str, Any]) -> Figure:
    sold: dict[str, float] = dict.fromkeys(facts.summary["months"][:-1], 0.0)
    mine = pa.compute.equal(facts.demand["product_id"], one["product_id"])
    for row in facts.demand.filter(mine).to_pylist():
        sold[row["month"].isoformat()] += row["pieces"]
    drawn = demand_chart(sold, facts.summary["months"][-1], one)
    return Figure(
        drawn,
        f"Pieces of {one['product_name']} a month, and what is expected of the next",
        "A month is named by its first day; the bar is the range of the forecast.",
    )


def demand_chart(sold: Mapping[str, float], ahead: str, expected: Mapping[str, Any]) -> Chart:
    """Draw pieces a month and the forecast with its range.

    Parameters
    ----------
    sold : mapping of str to float
        First day of each month -> pieces.
    ahead : str
        First day of the month that is forecast.
    expected : mapping
        expected, low and high.

    Returns
    -------
    Chart
        A finished chart.
    """
    past = [{"month": month, "pieces": pieces} for month, pieces in sold.items()]
    low, high = expected["low"], expected["high"]
    known = low is not None
    next_month = {"month": ahead, "pieces": expected["expected"], "low": low, "high": high}
    x = alt.X("month:O", title=None, axis=alt.Axis(labelAngle=-45))
    y = alt.Y("pieces:Q", title="pieces")
    ink: dict[str, Any] = {"color": light("series"), "point": {"color": light("series")}}
    line = alt.Chart(rows(past)).mark_line(**ink).encode(x=x, y=y)
    coming = alt.Chart(rows([next_month] if known else []))
    band = coming.mark_bar(color=light("less2"), width=14).encode(x=x, y="low:Q", y2="high:Q")
    spot = alt.Chart(rows([next_month])).mark_point(color=light("series"), size=60, shape="diamond")
    return finish(alt.layer(band, line, spot.encode(x=x, y=y)).properties(width=410, height=180))


def _of(table: pa.Table, segment: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.filter(
        pa.compute.equal(table["segment_id"], segment)
    ).to_pylist()
    return found
