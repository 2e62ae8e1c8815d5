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
    # There are dozens of these, and encode() takes longer than to draw them.
    encoding = alt.FacetedEncoding(x=x, x2=alt.X2("to:Q"), y=y, y2=alt.Y2("zero:Q"))
    drawn: alt.Chart = (
        alt.Chart(rows(_bins(edges, counts)), encoding=encoding)
        .mark_rect(color=light("series"), stroke=light("card"), strokeWidth=0.5)
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
    """Draw the lower triangle of the correlations, the figures on tints.

    Columns carry the numbers of their rows: names at an angle would be cut, and many
    names of features begin alike.

    Parameters
    ----------
    found : Correlations
        Not more features than can be read.
    step : int
        Width of a cell.

    Returns
    -------
    Chart
        A finished chart.
    """
    labels = [f"{cut(label, 44)}  {number}" for number, label in enumerate(found.labels, start=1)]
    numbers = [str(number) for number in range(1, len(labels) + 1)]
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
    # The first row has no cell, but its number stands under the first column.
    every = alt.Scale(domain=list(range(len(labels))))
    y = alt.Y("row:O", title=None, scale=every)
    y = y.axis(
        alt.Axis(
            labelExpr=f"{texts(labels)}[datum.value]",
            labelColor=light("ink"),
            minExtent=room,
            labelLimit=room,
        )
    )
    x = alt.X("column:O", title=None, sort=list(range(len(labels) - 1)))
    x = x.axis(alt.Axis(labelExpr=f"{texts(numbers)}[datum.value]", labelAngle=0))
    base = alt.Chart(rows(data)).encode(x=x, y=y)
    cells = base.mark_rect(stroke=light("card"), strokeWidth=2).encode(color=tint)
    text = base.mark_text(fontSize=12, color=light("ink")).encode(text="text:N")
    return finish(alt.layer(cells, text).properties(width=alt.Step(step), height=alt.Step(26)))


def most_related(found: Correlations, most: int) -> Correlations:
    """Return the features that vary, at most so many: those with the strongest relation.

    Parameters
    ----------
    found : Correlations
        Of all features.
    most : int
        How many fit a picture.

    Returns
    -------
    Correlations
        In the order they came; a feature without variation is left out.
    """
    reach = [
        max((abs(rho) for j, rho in enumerate(row) if j != i and rho is not None), default=-1.0)
        for i, row in enumerate(found.rho)
    ]
    best = sorted(range(len(reach)), key=lambda i: (-reach[i], i))[:most]
    kept = sorted(i for i in best if reach[i] >= 0)
    return Correlations(
        tuple(found.features[i] for i in kept),
        tuple(found.labels[i] for i in kept),
        tuple(tuple(found.rho[i][j] for j in kept) for i in kept),
    )


def _two_figures(rho: float) -> str:
    """Write −.87 or .05, short enough for a cell."""
    text = f"{abs(rho):.2f}"
    return ("−" if rho < 0 and text != "0.00" else "") + (text if text == "1.00" else text[1:])
