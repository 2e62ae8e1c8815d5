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
        """Words for one row: the algorithm, its number of segments."""
        return f"{self.algorithm}, {self.k}"


@dataclass(frozen=True)
class SweepPoint:
    """Usual measures of the chosen algorithm at one number of segments."""

    k: int
    inertia: float | None = None
    silhouette: float | None = None
    p: float | None = None


def line_chart(
    points: Sequence[tuple[int, float]], *, title: str, chosen: int | None, zero: bool
) -> Chart:
    """Draw a measure against the number of segments, the chosen one filled and named."""
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
    text = base.mark_text(dy=-14, fontSize=12, fontWeight=600, color=light("ink"))
    picked = alt.datum.on == True  # noqa: E712  a Vega expression
    return finish(
        alt.layer(
            line,
            ring,
            dot.transform_filter(picked),
            text.encode(text="text:N").transform_filter(picked),
        ).properties(width=NARROW - 70, height=150)
    )


def candidates_chart(candidates: Sequence[Candidate], *, width: int = WIDE) -> Chart:
    """Draw P of each candidate as a dot with its range, 0 to 100; the chosen one filled."""
    length = 20 if width < WIDE else 40
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
    labels = [f"{'✓ ' if item.chosen else ''}{cut(item.label, length)}" for item in candidates]
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
    title = "Holds later" if width < WIDE else "Holds later (100: a model made for each customer)"
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
