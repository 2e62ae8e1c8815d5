"""Charts for analysts: distributions before and after the transform, correlations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import altair as alt

from coterie.profiling import format as fmt
from coterie.profiling.charts import NARROW, Chart, cut, finish, label_room, rows, texts
from coterie.profiling.explore import Correlations, Distribution
from coterie.profiling.palette import light


def _bins(edges: Sequence[float], counts: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {"from": low, "to": high, "n": count, "zero": 0}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def _histogram(
    edges: Sequence[float], counts: Sequence[int], title: str, ends: tuple[str, str]
) -> alt.Chart:
    first, last = edges[0], edges[-1]
    expr = f"datum.value == {first!r} ? {json.dumps(ends[0])} : {json.dumps(ends[1])}"
    x = alt.X("from:Q", title=title, scale=alt.Scale(domain=[first, last], nice=False))
    x = x.axis(alt.Axis(values=[first, last], labelExpr=expr, grid=False, labelFlush=True))
    y = alt.Y("n:Q", title=None, axis=None)
    drawn: alt.Chart = (
        alt.Chart(rows(_bins(edges, counts)))
        .mark_rect(color=light("series"), stroke=light("card"), strokeWidth=0.5)
        .encode(x=x, x2="to:Q", y=y, y2="zero:Q")
        .properties(width=(NARROW - 40) // 2, height=72)
    )
    return drawn


def distribution_chart(found: Distribution, currency: str = "") -> Chart:
    """Draw a feature's histogram as it is, and beside it as the matrix sees it."""
    ends = (
        fmt.quantity(found.edges[0], found.unit, currency),
        fmt.quantity(found.edges[-1], found.unit, currency),
    )
    before = _histogram(found.edges, found.counts, "as it is", ends)
    scaled = found.scaled_edges
    after = _histogram(
        scaled,
        found.scaled_counts,
        "on the log scale" if found.log else "not transformed",
        (fmt.significant(scaled[0], 2), fmt.significant(scaled[-1], 2)),
    )
    return finish(alt.hconcat(before, after, spacing=16))


def correlation_chart(found: Correlations, *, step: int = 34) -> Chart:
    """Draw the lower triangle of the correlations, the figures on tints."""
    labels = [cut(label, 22) for label in found.labels]
    data = []
    for i, row in enumerate(found.rho):
        for j in range(i):
            rho = row[j]
            if rho is None:
                continue
            data.append({"row": i, "column": j, "rho": rho, "text": _two_figures(rho)})
    room = label_room(labels)
    tint = alt.Color(
        "rho:Q",
        legend=None,
        scale=alt.Scale(
            type="threshold",
            domain=[-0.7, -0.3, 0.3, 0.7],
            range=[light(t) for t in ("less2", "less1", "card", "more1", "more2")],
        ),
    )
    y = alt.Y("row:O", title=None, sort=list(range(1, len(labels))))
    y = y.axis(
        alt.Axis(labelExpr=f"{texts(labels)}[datum.value]", labelColor=light("ink"), minExtent=room)
    )
    x = alt.X("column:O", title=None, sort=list(range(len(labels) - 1)))
    x = x.axis(
        alt.Axis(
            labelExpr=f"{texts(labels)}[datum.value]", labelAngle=-50, minExtent=round(room * 0.8)
        )
    )
    base = alt.Chart(rows(data)).encode(x=x, y=y)
    cells = base.mark_rect(stroke=light("card"), strokeWidth=2).encode(color=tint)
    text = base.mark_text(fontSize=12, color=light("ink")).encode(text="text:N")
    return finish(alt.layer(cells, text).properties(width=alt.Step(step), height=alt.Step(26)))


def _two_figures(rho: float) -> str:
    """Write −.87 or .05, short enough for a cell."""
    text = f"{abs(rho):.2f}"
    return ("−" if rho < 0 and text != "0.00" else "") + (text if text == "1.00" else text[1:])
