"""Charts of segments, drawn by Altair and turned to SVG without a browser.

Each function returns an Altair chart, for notebooks; ``svg`` turns one into a small SVG
whose colours are CSS variables, so that it follows the theme of the page it stands in.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import altair as alt
import vl_convert

from coterie.profiling import format as fmt
from coterie.profiling.explore import Map
from coterie.profiling.palette import FONT, by_colour, hollow, light, slot
from coterie.profiling.profile import Profile, SegmentProfile

Chart = alt.TopLevelMixin
Drawable = alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart | alt.VConcatChart

WIDE, NARROW = 900, 320
"""Widths of charts: on a page, and on a phone or in small multiples."""

NARROW_POINTS = 600
"""Points of the map that a phone shows; more would hide each other."""

_VEGA_SHAPE = {
    "circle": "circle",
    "square": "square",
    "triangle": "triangle-up",
    "diamond": "diamond",
}


def rows(records: Sequence[dict[str, Any]]) -> alt.InlineData:
    """Return inline data for a chart, as text: Altair copies all else again and again."""
    return alt.InlineData(values=json.dumps(list(records)), format={"type": "json"})


def finish(chart: Drawable) -> Chart:
    """Give a chart the type, lines and quiet of the house."""
    ink2, line = light("ink-2"), light("line")
    axis = alt.AxisConfig(
        labelColor=ink2,
        titleColor=ink2,
        labelFontSize=12,
        titleFontSize=12,
        titleFontWeight="normal",
        gridColor=line,
        domainColor=line,
        tickColor=line,
        domain=False,
        ticks=False,
        labelPadding=6,
        titlePadding=8,
        labelLimit=220,
    )
    # One configuration, because each step of configure_…() copies the whole chart.
    finished: Chart = chart.configure(
        font=FONT,
        background="transparent",
        padding=2,
        aria=False,
        view=alt.ViewConfig(stroke=None),
        axis=axis,
    )
    return finished


def svg(chart: Chart, *, prefix: str, label: str) -> str:
    """Draw a chart as an inline SVG.

    Parameters
    ----------
    chart : Chart
        A finished chart.
    prefix, label : str
        As ``draw`` takes them.

    Returns
    -------
    str
        An ``svg`` element.
    """
    return draw(chart.to_dict(validate=False), prefix=prefix, label=label)


def draw(spec: dict[str, Any], *, prefix: str, label: str) -> str:
    """Draw a Vega-Lite chart as an inline SVG.

    Parameters
    ----------
    spec : dict
        What ``to_dict`` of a finished chart gives.
    prefix : str
        Put before the ids in the SVG, so that several can stand in one page.
    label : str
        What a reader who cannot see it is told.

    Returns
    -------
    str
        An ``svg`` element without scripts; numbers are cut to two decimals.
    """
    text = str(vl_convert.vegalite_to_svg(spec))
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d{2})\d+", r"\1", tag[0]), text)
    colours = by_colour()
    text = re.sub(
        r'="(#[0-9a-fA-F]{6})"', lambda found: f'="{colours.get(found[1].lower(), found[1])}"', text
    )
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", text)
    text = re.sub(r' (?:aria-[a-z]+|role|class)="[^"]*"', "", text)
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', text)
    width = size[1] if size else str(WIDE)
    head = f'<svg role="img" aria-label="{escape(label)}" style="max-width:{width}px" '
    return text.replace("<svg ", head, 1)


def escape(text: str) -> str:
    """Escape a text for an attribute or the content of an element."""
    for bad, good in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ('"', "&quot;"),
        ("'", "&#39;"),
    ):
        text = text.replace(bad, good)
    return text


def marked(segments: Sequence[SegmentProfile]) -> dict[str, alt.Scale]:
    """Return the scales that give each segment (by id) its hue, filling and shape."""
    ids = [segment.id for segment in segments]
    slots = [slot(segment.identity.slot) for segment in segments]
    return {
        "color": alt.Scale(domain=ids, range=[item.light for item in slots]),
        "fill": alt.Scale(
            domain=ids,
            range=[
                light("card") if hollow(segment.identity.slot) else item.light
                for segment, item in zip(segments, slots, strict=True)
            ],
        ),
        "shape": alt.Scale(domain=ids, range=[_VEGA_SHAPE[item.shape] for item in slots]),
    }


def cut(text: str, length: int = 30) -> str:
    """Shorten a text to fit beside a mark.

    Examples
    --------
    >>> cut("WHITE HANGING HEART T-LIGHT HOLDER", 20)
    'WHITE HANGING HEART…'
    """
    text = text.strip()
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def label_room(labels: Sequence[str], size: int = 12) -> int:
    """Return the pixels that the longest label takes in a wide sans-serif face.

    The reader's machine may lack the font the chart is drawn with, and most fallbacks
    are wider; so room is kept by count of letters, not by measure.
    """
    return round(max((len(label) for label in labels), default=0) * size * 0.64) + 8


def texts(labels: Sequence[str]) -> str:
    """Write labels as an array of a Vega expression, whatever they contain."""
    return json.dumps(list(labels))


def nice_top(value: float) -> float:
    """Return the next number of the form 1, 2, 2.5, 4, 5 or 8 times a power of ten.

    Examples
    --------
    >>> nice_top(471_696.0), nice_top(0.0)
    (500000.0, 1.0)
    """
    if value <= 0:
        return 1.0
    power = float(10 ** math.floor(math.log10(value)))
    return next(f * power for f in (1, 2, 2.5, 4, 5, 8, 10) if f * power >= value * (1 - 1e-12))


def map_chart(profile: Profile, spots: Map, *, width: int = WIDE) -> Chart:
    """Draw the map of the sample, each segment's name at the median of its points.

    Parameters
    ----------
    profile : Profile
        Gives names, colours and shapes of segments.
    spots : Map
        The points and the words of the axes.
    width : int
        Width of the whole; narrow ones show fewer points.

    Returns
    -------
    Chart
        Ready to be drawn.
    """
    segments = profile.segments
    narrow = width < WIDE
    shown = spots.points[: NARROW_POINTS if narrow else None]
    ids = [segment.id for segment in segments]
    points = [{"x": x, "y": y, "id": ids[code]} for x, y, code in shown]
    names = [{"x": x, "y": y, "name": cut(segments[code].name, 28)} for x, y, code in _apart(spots)]
    scales = marked(segments)
    words = [
        cut(text.split(", ")[0], 34) if narrow else cut(text, 70)
        for text in (spots.x_words, spots.y_words)
    ]
    axis = alt.Axis(labels=False, grid=False, domain=True)
    x = alt.X("x:Q", axis=axis, title=f"{words[0]} →", scale=alt.Scale(zero=False))
    y = alt.Y("y:Q", axis=axis, title=f"{words[1]} →", scale=alt.Scale(zero=False))
    dots = (
        alt.Chart(rows(points))
        .mark_point(size=14, opacity=0.6, strokeWidth=1)
        .encode(
            x=x,
            y=y,
            stroke=alt.Stroke("id:N", scale=scales["color"], legend=None),
            fill=alt.Fill("id:N", scale=scales["fill"], legend=None),
            shape=alt.Shape("id:N", scale=scales["shape"], legend=None),
        )
    )
    size = 11 if narrow else 14 if len(segments) <= 8 else 12
    text: dict[str, Any] = {"fontSize": size, "fontWeight": 600}
    halo = alt.Chart(rows(names)).encode(x=x, y=y, text="name:N")
    return finish(
        alt.layer(
            dots,
            halo.mark_text(stroke=light("card"), strokeWidth=5, strokeJoin="round", **text),
            halo.mark_text(color=light("ink"), **text),
        ).properties(width=width - 40 if narrow else 760, height=250 if narrow else 440)
    )


def _apart(spots: Map) -> list[tuple[float, float, int]]:
    """Move names of segments up and down until none stands on another."""
    xs, ys = [p[0] for p in spots.points], [p[1] for p in spots.points]
    wide, tall = (max(xs) - min(xs)) or 1.0, (max(ys) - min(ys)) or 1.0
    placed: list[tuple[float, float, int]] = []
    for x, y, code in sorted(spots.centres, key=lambda c: (c[1], c[0], c[2])):
        low = y
        for px, py, _ in placed:
            if abs(px - x) < 0.3 * wide:
                low = max(low, py + 0.055 * tall)
        placed.append((x, low, code))
    return placed


def months_chart(profile: Profile, code: int, top: float) -> Chart:
    """Draw the net spend of one segment by month, on the scale all segments share.

    Parameters
    ----------
    profile : Profile
        Gives the months and the currency.
    code : int
        Number of the segment.
    top : float
        Upper end of the scale, in units of money.

    Returns
    -------
    Chart
        Ready to be drawn; the line is broken where a month is hidden.
    """
    segment = profile.segments[code]
    months = sorted({month.month for month in profile.months})
    spent = {month.month: month.value for month in profile.months if month.segment == code}
    data = [{"month": month, "value": spent.get(month, 0.0)} for month in months]
    currency = profile.params.currency
    x = alt.X("month:O", title=None).axis(
        alt.Axis(values=[months[0], months[-1]], labelAngle=0, labelFlush=True)
    )
    low = min(0.0, *(month.value or 0.0 for month in profile.months))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(domain=[low, top], nice=False))
    expr = " : ".join(
        [f"datum.value == {mark} ? {json.dumps(fmt.money(mark, currency))}" for mark in (0.0, top)]
        + ["''"]
    )
    y = y.axis(alt.Axis(values=[0, top], labelExpr=expr, grid=True, minExtent=70))
    base = alt.Chart(rows(data)).encode(x=x, y=y)
    hue = slot(segment.identity.slot).light
    line = base.mark_line(color=hue, strokeWidth=2)
    shape = _VEGA_SHAPE[slot(segment.identity.slot).shape]
    empty = hollow(segment.identity.slot)
    dots = base.mark_point(shape=shape, size=30, filled=not empty, color=hue, opacity=1)
    return finish(alt.layer(line, dots).properties(width=NARROW - 90, height=110))


def bars_chart(
    data: Sequence[tuple[str, float, str]],
    *,
    title: str,
    width: int = NARROW,
    top: float = 0.0,
    length: int = 22,
) -> Chart:
    """Draw bars from 0, the value written at each end.

    Parameters
    ----------
    data : sequence of (label, value, text)
        In the order drawn.
    title : str
        Title of the axis.
    width : int
        Width of the whole, labels included.
    top : float
        End of the axis, to share it; the largest value by default.
    length : int
        Letters of a label.

    Returns
    -------
    Chart
        A finished chart.
    """
    records: list[dict[str, Any]] = [
        {"at": index, "label": cut(label, length), "value": value, "text": text}
        for index, (label, value, text) in enumerate(data)
    ]
    labels = [record["label"] for record in records]
    room = label_room(labels)
    plot = width - room - 16
    end = top or max((value for _, value, _ in data), default=1.0) or 1.0
    y = alt.Y("at:O", title=None).axis(
        alt.Axis(labelExpr=f"{texts(labels)}[datum.value]", labelColor=light("ink"), minExtent=room)
    )
    x = alt.X(
        "value:Q",
        title=title or None,
        scale=alt.Scale(domain=[0, end * plot / (plot - 50)], nice=False),
    )
    base = alt.Chart(rows(records)).encode(y=y, x=x.axis(alt.Axis(labels=False, grid=False)))
    bars = base.mark_bar(color=light("series"), height=12)
    text = base.mark_text(align="left", dx=6, fontSize=12, color=light("ink")).encode(text="text:N")
    return finish(alt.layer(bars, text).properties(width=plot, height=alt.Step(24)))
