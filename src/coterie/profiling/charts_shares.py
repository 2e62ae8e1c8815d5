"""The chart that opens the report: what share of customers and of spend each segment has."""

from __future__ import annotations

from typing import Any

import altair as alt

from coterie.profiling import format as fmt
from coterie.profiling.charts import (
    WIDE,
    Chart,
    cut,
    finish,
    label_room,
    marked,
    rows,
    texts,
)
from coterie.profiling.palette import light
from coterie.profiling.profile import Profile


def shares_chart(profile: Profile, *, width: int = WIDE) -> Chart:
    """Draw for each segment its share of customers (○) and of spend (●) with its range (line).

    Where spend is not known, the segment's mark stands at its share of customers.
    """
    narrow = width < WIDE
    data = _share_rows(profile, 20 if narrow else 26)
    names = [item["name"] for item in data]
    top = max(
        [segment.share for segment in profile.segments]
        + [item["high"] for item in data if item["high"] is not None]
    )
    y = alt.Y("id:N", sort=[item["id"] for item in data], title=None)
    lookup = f"{texts(names)}[indexof({texts([item['id'] for item in data])}, datum.value)]"
    size = 12 if narrow else 13
    room = label_room(names, size)
    y = y.axis(
        alt.Axis(labelExpr=lookup, labelColor=light("ink"), labelFontSize=size, minExtent=room)
    )
    plot = width - room - 24
    # Room for figures on both sides of the marks; on a phone the table alone has them.
    letters = (12 if narrow else 52) / plot * top
    domain = [-letters, top + letters]
    x = alt.X("customers:Q", title="Share of the whole", scale=alt.Scale(domain=domain, nice=False))
    x = x.axis(alt.Axis(format=".0%", values=_ticks(top)[:: 2 if narrow else 1], grid=True))
    scales = marked(profile.segments)
    base = alt.Chart(rows(data)).encode(y=y)
    gap = base.mark_rule(color=light("line"), strokeWidth=2).encode(x=x, x2="value:Q")
    line = base.mark_rule(color=light("ink-2"), strokeWidth=1.5).encode(x="low:Q", x2="high:Q")
    ring = base.mark_point(size=90, filled=True, fill=light("card"), stroke=light("edge"))
    ring = ring.encode(x=x)
    dot = base.mark_point(size=100, opacity=1).encode(
        x="value:Q",
        stroke=alt.Stroke("id:N", scale=scales["color"], legend=None),
        fill=alt.Fill("id:N", scale=scales["fill"], legend=None),
        shape=alt.Shape("id:N", scale=scales["shape"], legend=None),
    )
    layers: list[alt.Chart] = [gap, line, ring, dot]
    for right in () if narrow else (True, False):
        test = alt.datum.right == right
        side: dict[str, Any] = {"align": "left" if right else "right", "dx": 8 if right else -8}
        other: dict[str, Any] = {"align": "right" if right else "left", "dx": -8 if right else 8}
        layers.append(
            base.mark_text(fontSize=12, color=light("ink"), **side)
            .encode(x="high:Q" if right else "low:Q", text="text:N")
            .transform_filter(test)
        )
        layers.append(
            base.mark_text(fontSize=12, color=light("ink-3"), **other)
            .encode(x=x, text="n_text:N")
            .transform_filter(test)
        )
    return finish(alt.layer(*layers).properties(width=plot, height=alt.Step(34)))


def _share_rows(profile: Profile, letters: int) -> list[dict[str, Any]]:
    """Return one record a segment, its name cut to so many letters."""
    data: list[dict[str, Any]] = []
    for segment in profile.segments:
        value = segment.value
        known = value is not None and value.share is not None
        data.append(
            {
                "id": segment.id,
                "name": cut(segment.name, letters),
                "customers": segment.share if known else None,
                "value": value.share if value and known else segment.share,
                "low": value.low if value and known else segment.share,
                "high": value.high if value and known else segment.share,
                "text": fmt.share(
                    value.share if value and value.share is not None else segment.share
                ),
                "n_text": fmt.share(segment.share),
                "right": not (value and value.share is not None and value.share < segment.share),
            }
        )
    return data


def _ticks(top: float) -> list[float]:
    """Return about four round steps from 0 that do not pass ``top``."""
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5) if top / s <= 5)
    return [round(step * i, 4) for i in range(int(top / step + 1e-9) + 1)]
