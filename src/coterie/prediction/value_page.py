"""The value page: what customers are expected to spend and do, and how far off it was before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from coterie.prediction.value_charts import calibration_chart, gains_chart, return_chart
from coterie.profiling import format as fmt
from coterie.profiling.page import Figure, Section, Table, page

NOT_KNOWN = "not known"
_RULES = {
    "chosen": "This forecast",
    "classic": "BG/NBD with Gamma-Gamma alone",
    "last": "The same as in as many days before",
    "mean": "The same for everybody",
}
_NEXT = {
    "trees": "Boosted trees, customer by customer",
    "markov": "Shares of the matrix",
    "stay": "Everybody stays",
}


def value_page(summary: Mapping[str, Any]) -> str:
    """Return ``report.html``.

    Parameters
    ----------
    summary : mapping
        ``summary.json``.

    Returns
    -------
    str
        One self-contained page; the same for the same summary.
    """
    total, currency = summary["total"], summary["currency"]
    sections = [
        Section("What each segment will do", _segments(summary)),
        Section("How far off it was", _hindsight(summary)),
        Section("Who comes back, and when", _returns(summary)),
        Section("Where customers go in four weeks", _next(summary)),
        Section("How it was made", _made(summary)),
    ]
    return page(
        project=summary["project"],
        heading=f"{fmt.money(total['spend'], currency, about=True)} expected in "
        f"{fmt.days(summary['horizon_days'])}",
        until=f"as of {_date(summary['as_of'])}",
        lead=lead(summary),
        sections=sections,
    )


def lead(summary: Mapping[str, Any]) -> str:
    """Say in plain words what is expected, how far off that was, and what it is good for."""
    total, last, currency = summary["total"], summary["last_window"], summary["currency"]
    said = [
        f"In the {fmt.days(summary['horizon_days'])} from {_date(summary['as_of'])} on, "
        f"{fmt.count(summary['customers'])} customers are expected to place "
        f"{fmt.count(round(total['orders']))} orders and to spend "
        f"{fmt.money(total['spend'], currency, about=True)}; "
        f"{fmt.share(total['churn'] or 0.0, sentence=True)} of them are expected not to order."
    ]
    if last is None:
        said.append(f"How far off that may be is not known. {summary['last_window_reason']}")
        return " ".join(said)
    chosen = last["spend"]["chosen"]
    said.append(
        f"Made the same way for the {fmt.days(last['days'])} before, the total would have been "
        f"{_off(chosen['total_error'])}."
    )
    said.append(worth(last))
    return " ".join(said)


def worth(last: Mapping[str, Any]) -> str:
    """Say what a forecast that did so on the last window is good for.

    Parameters
    ----------
    last : mapping
        ``last_window`` of the summary.

    Returns
    -------
    str
        One or two sentences.
    """
    chosen, before = last["spend"]["chosen"], last["spend"]["last"]
    better = 1 - chosen["mae"] / before["mae"] if before["mae"] > 0 else 0.0
    ranked = "It ranks customers by what they will spend well"
    if chosen["gini"] < 0.5:
        ranked = "It ranks customers by what they will spend only roughly"
    level = "and totals of segments can be planned with"
    if abs(chosen["total_error"]) > 0.1:
        level = "but do not plan budgets by its totals"
    against = (
        f"A single customer's figure was {fmt.share(better, sentence=True)} nearer than what she "
        "had spent before."
        if better > 0
        else "A single customer's figure was no nearer than what she had spent before."
    )
    return f"{ranked}, {level}. {against}"


def _segments(summary: Mapping[str, Any]) -> list[str | Table | Figure]:
    currency = summary["currency"]
    rows = [
        [
            str(one["name"]),
            fmt.count(one["n"]),
            fmt.money(one["spend"], currency, about=True),
            fmt.money(one["spend"] / one["n"], currency, about=True) if one["n"] else NOT_KNOWN,
            f"{one['orders'] / one['n']:.1f}" if one["n"] else NOT_KNOWN,
            NOT_KNOWN if one["churn"] is None else fmt.share(one["churn"]),
            f"{fmt.count(one['lapsing'])} of {fmt.count(one['with_habit'])}",
        ]
        for one in summary["segments"]
    ]
    head = [
        "Segment", "Customers", "Spend", "Spend each", "Orders each", "No order", "Away too long",
    ]  # fmt: skip
    caption = (
        f"Expected in the {fmt.days(summary['horizon_days'])} from {_date(summary['as_of'])} on."
    )
    return [
        Table(caption, head, rows),
        "“No order” is the mean chance that a customer does not order within that time. “Away too "
        "long” counts customers with three or more days of orders who have been away longer than "
        "nine in ten of their own gaps, drawn towards everybody's.",
    ]


def _hindsight(summary: Mapping[str, Any]) -> list[str | Table | Figure]:
    last, currency = summary["last_window"], summary["currency"]
    if last is None:
        return [f"Nothing can be said of it. {summary['last_window_reason']}"]
    span = f"{_date(last['from'])} to before {_date(last['until'])}"
    spend = [
        [
            _RULES[name],
            f"{round(one['gini'], 2) + 0.0:.2f}",  # never a zero with a sign
            _percent(one["total_error"]),
            fmt.share(one["decile_error"]),
            fmt.money(one["mae"], currency),
        ]
        for name, one in last["spend"].items()
    ]
    churn = [
        [
            _RULES[name],
            NOT_KNOWN if one["auc"] is None else f"{one['auc']:.3f}",
            f"{one['brier']:.3f}",
            fmt.share(one["ece"]),
        ]
        for name, one in last["churn"].items()
    ]
    if last["hiatus_auc"] is not None:
        churn.append(
            ["Days away over the usual gap", f"{last['hiatus_auc']:.3f}", NOT_KNOWN, NOT_KNOWN]
        )
    coverage = (
        f"Of customers held back, {fmt.share(last['coverage'], sentence=True)} spent what lies "
        f"within their range; {fmt.share(last['coverage_wanted'], sentence=True)} are promised."
        if last["coverage"] is not None
        else "There are too few customers to give each a range."
    )
    return [
        f"The same forecast was made for {span}, by what was known before: "
        f"{fmt.count(last['customers'])} customers. {worth(last)}",
        Table(
            f"Spend, {span}. Ranking: 1 is the perfect order of customers.",
            ["Forecast", "Ranking", "Total off by", "Tenths off by", "Customer off by"],
            spend,
        ),
        Figure(
            calibration_chart(last["deciles"]),
            "Expected (○) and actual (●) spend of each tenth of the customers",
            "Where both lie together, the tenth spent what was expected.",
        ),
        Figure(
            gains_chart(last["deciles"]),
            "Share of spend by the customers ranked highest",
            "The dashed line is what customers drawn by chance would have spent.",
        ),
        Table(
            f"Who would not order, {span}. AUC: .5 is chance, 1 is perfect.",
            ["Forecast", "AUC", "Brier score", "Chances off by"],
            churn,
        ),
        coverage,
    ]


def _returns(summary: Mapping[str, Any]) -> list[str | Table | Figure]:
    chart = return_chart(summary["segments"])
    since = _date(summary["watched_from"])
    if chart is None:
        return ["No segment has enough customers to say."]
    rows = []
    for one in summary["segments"]:
        curve = one["returns"]
        if curve is None:
            rows.append([str(one["name"]), NOT_KNOWN, NOT_KNOWN])
            continue
        median = curve["median_days"]
        said = "more than half have not ordered yet" if median is None else fmt.days(median)
        rows.append([str(one["name"]), fmt.count(curve["customers"]), said])
    return [
        Figure(
            chart,
            f"Share of each segment that had not ordered again, in days from {since} on",
            "By Kaplan and Meier, with 95 % ranges; segments are those of that day.",
            wide=True,
        ),
        Table(
            f"Customers watched from {since} on: by when half had ordered again.",
            ["Segment", "Customers", "Half had ordered after"],
            rows,
        ),
    ]


def _next(summary: Mapping[str, Any]) -> list[str | Table | Figure]:
    found, segments = summary["next_segment"], summary["segments"]
    if found["shares"] is None:
        return [f"This is not known. {found['reason']}"]
    names = {one["id"]: str(one["name"]) for one in segments}
    order = [found["ids"].index(one["id"]) for one in segments]
    rows = [[names[found["ids"][i]], *(_cell(found["shares"][i][j]) for j in order)] for i in order]
    judged = [
        [
            _NEXT[name],
            fmt.share(one["accuracy"]),
            NOT_KNOWN if one["log_loss"] is None else f"{one['log_loss']:.2f}",
        ]
        for name, one in found["judged"].items()
    ]
    return [
        Table(
            f"Of the customers of a segment (row), where they were {found['days']} days later.",
            ["From", *(names[found["ids"][j]] for j in order)],
            rows,
        ),
        Table(
            f"How often the segment in {found['days']} days was right, on the last of them.",
            ["Rule", "Right", "Log loss"],
            judged,
        ),
    ]


def _made(summary: Mapping[str, Any]) -> list[str | Table | Figure]:
    model = summary["model"]
    choices, trees, reason = model["choices"], model["trees"], model["choices"]["reason"]
    said = []
    for name, word in (
        ("spend", "Spend"),
        ("orders", "Orders"),
        ("active", "The chance of an order"),
    ):
        how = "BG/NBD with Gamma-Gamma alone"
        if choices[name]["joined"]:
            how = "BG/NBD with Gamma-Gamma and boosted trees together"
            if choices[name]["classic_total"]:
                how += ", brought to the total of the former"
        said.append(f"{word}: {how}.")
    learnt = (
        f"Trees learnt from {fmt.count(trees['rows'])} customers seen from {trees['origins']} "
        "earlier days; on the last window whichever did better was chosen."
        if trees
        else ""
    )
    return [
        " ".join(part for part in (*said, learnt, reason) if part),
        f"Chances are calibrated. {model['calibration']['reason']}"
        if model["calibration"]["slope"] != 1 or model["calibration"]["shift"] != 0
        else f"Chances are as the models give them. {model['calibration']['reason']}",
    ]


def _cell(share: float) -> str:
    return fmt.share(share) if share > 0 else "·"


def _percent(part: float) -> str:
    return ("+" if part > 0 else "") + fmt.share(part)


def _off(error: float) -> str:
    if abs(error) < 0.005:
        return "right to half a percent"
    return f"{fmt.share(abs(error), sentence=True)} too {'high' if error > 0 else 'low'}"


def _date(iso: str) -> str:
    return fmt.long_date(date.fromisoformat(iso))
