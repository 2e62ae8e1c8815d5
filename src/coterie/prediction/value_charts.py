"""Charts of the value page: how far off deciles were, what ranking gains, who comes back when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from coterie.profiling.charts import Chart, cut, finish, rows
from coterie.profiling.palette import light, slot

_WIDTH, _HEIGHT, _SMALL = 410, 260, 270
_AWAY = "Have not ordered yet"


def calibration_chart(deciles: Sequence[Mapping[str, Any]]) -> Chart:
    """Draw expected (○) against actual (●) money of each tenth of the customers.

    Parameters
    ----------
    deciles : sequence of mapping
        ``expected`` and ``actual`` per customer, the highest expectation first.

    Returns
    -------
    Chart
        Ready to be drawn.
    """
    data = [
        {"tenth": number, "expected": one["expected"], "actual": one["actual"]}
        for number, one in enumerate(deciles, start=1)
    ]
    x = alt.X("tenth:O", title="Tenth of the customers, the highest expectation first")
    x = x.axis(alt.Axis(labelAngle=0))
    y = alt.Y("expected:Q", title="Money per customer").axis(alt.Axis(format="~s"))
    base = alt.Chart(rows(data)).encode(x=x)
    gap = base.mark_rule(color=light("line"), strokeWidth=3).encode(y=y, y2="actual:Q")
    ring = base.mark_point(size=90, filled=True, fill=light("card"), stroke=light("edge"))
    dot = base.mark_point(size=90, filled=True, color=light("series"), opacity=1)
    chart = alt.layer(gap, ring.encode(y=y), dot.encode(y="actual:Q"))
    return finish(chart.properties(width=_WIDTH, height=_HEIGHT))


def gains_chart(deciles: Sequence[Mapping[str, Any]]) -> Chart:
    """Draw the share of all money that the customers ranked highest spent.

    Parameters
    ----------
    deciles : sequence of mapping
        ``customers`` and ``gain``, the highest expectation first.

    Returns
    -------
    Chart
        Ready to be drawn; the straight line is what chance would find.
    """
    total = sum(int(one["customers"]) for one in deciles)
    data, reached = [{"share": 0.0, "gain": 0.0}], 0
    for one in deciles:
        reached += int(one["customers"])
        data.append({"share": reached / total, "gain": one["gain"]})
    percent = alt.Axis(format=".0%")
    x = alt.X("share:Q", title="Customers, the highest expectation first", axis=percent)
    y = alt.Y("gain:Q", title="Share of what was spent", axis=percent)
    base = alt.Chart(rows(data)).encode(x=x)
    chance = base.mark_line(color=light("edge"), strokeDash=[4, 4]).encode(y="share:Q")
    line = base.mark_line(color=light("series"), strokeWidth=2.5, point=True).encode(y=y)
    return finish(alt.layer(chance, line).properties(width=_WIDTH, height=_HEIGHT))


def return_chart(segments: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Draw for each segment who has not ordered again by each day, with its range.

    Parameters
    ----------
    segments : sequence of mapping
        ``name``, ``slot`` and ``returns``, which is None without a curve.

    Returns
    -------
    Chart or None
        Small multiples; None if no segment has a curve.
    """
    drawn = [one for one in segments if one["returns"]]
    if not drawn:
        return None
    last = max(float(one["returns"]["days"][-1]) for one in drawn if one["returns"]["days"])
    cells = [_cell(one, last) for one in drawn]
    three = [alt.hconcat(*cells[at : at + 3], spacing=24) for at in range(0, len(cells), 3)]
    return finish(alt.vconcat(*three, spacing=24))


def _cell(segment: Mapping[str, Any], last: float) -> alt.LayerChart | alt.FacetChart:
    curve, hue = segment["returns"], slot(int(segment["slot"])).light
    data = [{"day": 0.0, "away": 1.0, "low": 1.0, "high": 1.0}]
    for day, away, low, high in zip(
        curve["days"], curve["away"], curve["low"], curve["high"], strict=True
    ):
        data.append({"day": day, "away": away, "low": low, "high": high})
    x = alt.X("day:Q", title="Days", scale=alt.Scale(domain=[0, last], nice=False))
    x = x.axis(alt.Axis(tickCount=4, grid=False))
    y = alt.Y("away:Q", title=None, scale=alt.Scale(domain=[0, 1]))
    y = y.axis(alt.Axis(format=".0%", tickCount=3))
    base = alt.Chart(rows(data)).encode(x=x)
    band = base.mark_area(color=hue, opacity=0.15, interpolate="step-after")
    line = base.mark_line(color=hue, strokeWidth=2, interpolate="step-after")
    title = alt.TitleParams(
        cut(str(segment["name"]), 26), anchor="start", fontSize=12, color=light("ink")
    )
    both = alt.layer(band.encode(y=alt.Y("low:Q"), y2="high:Q"), line.encode(y=y))
    return both.properties(width=_SMALL, height=120, title=title)
