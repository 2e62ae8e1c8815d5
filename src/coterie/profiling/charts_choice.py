"""Charts of how the segmentation was chosen: elbow, silhouette, and P of the candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import altair as alt

from coterie.profiling import format as fmt
from coterie.profiling.charts import (
    NARROW,
    WIDE,
    Chart,
    cut,
    finish,
    label_room,
    rows,
    texts,
)
from coterie.profiling.palette import light

ALGORITHM_WORDS = {
    "agglomerative": "average linkage",
    "bisecting-kmeans": "bisecting k-means",
    "dbscan": "DBSCAN",
    "gaussian-mixture": "Gaussian mixture",
    "hdbscan": "HDBSCAN",
    "kmeans": "k-means",
    "latent-class": "latent classes",
    "rfm-cells": "RFM cells",
    "rfm-grid": "RFM grid",
    "som": "self-organising map",
    "spectral": "spectral clustering",
    "tree": "a tree of customer value",
    "ward": "Ward's method",
}
"""Algorithms in words; others keep their name."""


TOO_SMALL = "a segment of "
"""So begins the reason of candidates that lost for the size of a segment."""


@dataclass(frozen=True)
class Measured:
    """What the candidates were judged by, in words: of the measure, of a chart, of 100."""

    short: str
    title: str
    full: str


MEASURED = {
    "out-of-time": Measured(
        "Holds later",
        "How well each candidate separates what customers did later",
        "what a model made for each single customer reaches",
    ),
    "outcome": Measured(
        "Outcome told",
        "How well each candidate separates the outcome",
        "what a model made for each single customer reaches",
    ),
    "leave-one-out": Measured(
        "Columns told",
        "How well each candidate tells a column from the others",
        "what a model of all other columns reaches",
    ),
}
"""By the method of the choice."""


@dataclass(frozen=True)
class Candidate:
    """One segmentation that was tried. ``p`` and its range are 0 to 1; None: not measured."""

    algorithm: str
    features: str
    k: int
    p: float | None
    p_low: float | None = None
    p_high: float | None = None
    s_w: float | None = None
    d: float | None = None
    silhouette: float | None = None
    db: float | None = None
    ch: float | None = None
    inertia: float | None = None
    reason_lost: str = ""
    reference: bool = False
    chosen: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any], *, chosen: bool = False) -> Candidate:
        """Take what is shown from a row of ``candidates.parquet`` or a selection's ``to_dict``."""
        known = {field.name for field in fields(cls)} - {"chosen"}
        given = {name: value for name, value in row.items() if name in known}
        return cls(**given, chosen=chosen or bool(row.get("chosen", False)))

    @property
    def label(self) -> str:
        """Words for one row: the algorithm and its number of segments."""
        return f"{self.words}, {self.k}"

    @property
    def words(self) -> str:
        """The algorithm in words."""
        return ALGORITHM_WORDS.get(self.algorithm, self.algorithm)


@dataclass(frozen=True)
class SweepPoint:
    """Measures of the chosen algorithm at one number of segments; None: not measured."""

    k: int
    inertia: float | None = None
    silhouette: float | None = None
    p: float | None = None
    p_low: float | None = None
    p_high: float | None = None
    s_w: float | None = None


def line_chart(
    points: Sequence[tuple[int, float]],
    *,
    title: str,
    chosen: int | None,
    zero: bool,
    band: Sequence[tuple[int, float, float]] = (),
    gate: float | None = None,
) -> Chart:
    """Draw a measure against the number of segments, the chosen one filled and named.

    Parameters
    ----------
    points : sequence of (int, float)
        Number of segments and measure, by number.
    title : str
        Title of the axis of the measure.
    chosen : int or None
        The number to mark.
    zero : bool
        Whether the axis begins at 0.
    band : sequence of (int, float, float), optional
        Number of segments, and the ends of the range of the measure there.
    gate : float, optional
        What must be reached, drawn as a dotted line.

    Returns
    -------
    Chart
        Ready to be drawn.
    """
    data = [
        {"k": k, "value": value, "text": f"{k} chosen" if k == chosen else "", "on": k == chosen}
        for k, value in points
    ]
    ks = [k for k, _ in points]
    x = alt.X("k:Q", title="Number of segments", scale=alt.Scale(domain=[min(ks), max(ks)]))
    x = x.axis(alt.Axis(values=ks, format="d", grid=False, labelFontSize=11))
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=zero))
    y = y.axis(
        alt.Axis(tickCount=4, format=",.0f" if max(value for _, value in points) >= 10 else ".2~f")
    )
    base = alt.Chart(rows(data)).encode(x=x, y=y)
    line = base.mark_line(color=light("series"), strokeWidth=1.5)
    ring = base.mark_point(filled=True, size=40, fill=light("card"), stroke=light("series"))
    ring = ring.encode().transform_filter(alt.datum.on == False)  # noqa: E712  a Vega expression
    dot = base.mark_point(filled=True, size=90, color=light("ink"), opacity=1)
    style: dict[str, Any] = {"dy": -14, "fontSize": 12, "fontWeight": 600}
    style["align"] = "right" if chosen == max(ks) else "left" if chosen == min(ks) else "center"
    halo = base.mark_text(stroke=light("card"), strokeWidth=5, strokeJoin="round", **style)
    text = base.mark_text(color=light("ink"), **style)
    picked = alt.datum.on == True  # noqa: E712  a Vega expression
    behind: list[Any] = []
    if band:
        ends = [{"k": k, "value": low, "high": high} for k, low, high in band]
        behind.append(
            alt.Chart(rows(ends))
            .mark_area(color=light("series"), opacity=0.15)
            .encode(x=x, y=y, y2="high:Q")
        )
    if gate is not None:
        level = alt.Chart(rows([{"value": gate}])).encode(y=y)
        behind.append(level.mark_rule(color=light("ink-2"), strokeDash=[2, 3]))
    return finish(
        alt.layer(
            *behind,
            line,
            ring,
            dot.transform_filter(picked),
            halo.encode(text="text:N").transform_filter(picked),
            text.encode(text="text:N").transform_filter(picked),
        ).properties(width=NARROW - 70, height=150)
    )


def candidates_chart(
    candidates: Sequence[Candidate], *, width: int = WIDE, measured: Measured | None = None
) -> Chart:
    """Draw P of each candidate as a dot with its range, 0 to 100; the chosen one filled.

    Parameters
    ----------
    candidates : sequence of Candidate
        In the order drawn; those without P are left out.
    width : int
        Width of the whole.
    measured : Measured, optional
        What P means; by default that it holds later.

    Returns
    -------
    Chart
        Features are named if the candidates differ in them.
    """
    measured = measured or MEASURED["out-of-time"]
    narrow = width < WIDE
    length = 20 if narrow else 44
    several = len({item.features for item in candidates if not item.reference}) > 1
    data: list[dict[str, Any]] = []
    for index, item in enumerate(candidates):
        if item.p is None:
            continue
        data.append(
            {
                "at": index,
                "p": item.p * 100,
                "low": (item.p if item.p_low is None else item.p_low) * 100,
                "high": (item.p if item.p_high is None else item.p_high) * 100,
                "text": fmt.count(item.p * 100),
                "chosen": item.chosen,
            }
        )
    labels = [
        ("✓ " if item.chosen else "")
        + cut(
            f"{item.k if narrow else item.label} · {item.features}"
            if several and not item.reference
            else item.label,
            length,
        )
        for item in candidates
    ]
    room = label_room(labels)
    y = alt.Y("at:O", title=None).axis(
        alt.Axis(
            labelExpr=f"{texts(labels)}[datum.value]",
            labelColor=light("ink"),
            minExtent=room,
            labelLimit=room,
        )
    )
    end = max([100.0, *(item["high"] for item in data)])
    title = measured.short if width < WIDE else f"{measured.short} (100: {measured.full})"
    x = alt.X("p:Q", title=title)
    x = x.scale(alt.Scale(domain=[0, end])).axis(alt.Axis(tickCount=5, grid=True))
    base = alt.Chart(rows(data)).encode(y=y)
    line = base.mark_rule(color=light("ink-2"), strokeWidth=1.5).encode(x="low:Q", x2="high:Q")
    fill = alt.condition(alt.datum.chosen, alt.value(light("ink")), alt.value(light("card")))
    dot = base.mark_point(size=80, filled=True, stroke=light("series"), opacity=1).encode(
        x=x, fill=fill
    )
    text = base.mark_text(align="left", dx=8, fontSize=12, color=light("ink")).encode(
        x="high:Q", text="text:N"
    )
    return finish(
        alt.layer(line, dot, text).properties(width=width - room - 40, height=alt.Step(26))
    )
