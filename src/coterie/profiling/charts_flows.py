"""Who went from which segment to which, as two columns joined by ribbons.

Both columns have the same order and a ribbon has the hue of where it comes from. Cells that
must stay hidden are drawn as one ribbon of each segment to "other moves".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.profiling import format as fmt
from coterie.profiling import palette
from coterie.profiling.crossing import Crossing, crossing
from coterie.profiling.hidden_moves import HiddenMoves
from coterie.profiling.migration import ABSENT, CAUSES, causes_of, summed_up

_WIDTH, _BAR, _GAP, _LABEL = 720, 12, 6, 190
_HEIGHT = 360
_OTHER = "other moves"
HIDDEN = "hidden"
WORDS = {"none": "No segment", ABSENT: "Not known then / now"}


@dataclass(frozen=True)
class Ribbon:
    """Customers who went from one segment to another."""

    start: str
    end: str
    customers: int


def ribbons(
    matrix: Crossing,
    hidden: np.ndarray[Any, np.dtype[np.bool_]],
    sums: Sequence[bool] = (),
) -> list[Ribbon]:
    """Return one ribbon a cell, those hidden as one for each segment they come from.

    Parameters
    ----------
    matrix : Crossing
        Who went where.
    hidden : bool array, shape (n_rows, n_columns)
        Cells that are not drawn on their own.
    sums : sequence of bool, optional
        Rows whose sum may be told; of others what is hidden is not drawn. Default: all.

    Returns
    -------
    list of Ribbon
        By row, then column.

    Examples
    --------
    >>> found = Crossing(("a",), ("a", "b"), np.array([[30, 4]]))
    >>> [r.end for r in ribbons(found, np.array([[False, True]]))]
    ['a', 'other moves']
    """
    found = []
    told = sums or [True] * len(matrix.rows)
    for name, counts, secret, whole in zip(matrix.rows, matrix.counts, hidden, told, strict=True):
        for end, count, hides in zip(matrix.columns, counts.tolist(), secret, strict=True):
            if count and not hides:
                found.append(Ribbon(name, end, count))
        rest = int(counts[secret].sum())
        if rest and whole:
            found.append(Ribbon(name, _OTHER, rest))
    return found


def sankey(
    drawn: Sequence[Ribbon], segments: Mapping[str, Mapping[str, Any]], *, label: str
) -> str:
    """Draw ribbons from segments to segments as an SVG with colours from the page.

    Parameters
    ----------
    drawn : sequence of Ribbon
        What to draw.
    segments : mapping of str to mapping
        Segment id to its ``name`` and ``slot``, in the order of both columns.
    label : str
        What is read aloud instead.

    Returns
    -------
    str
        The SVG; the same for the same data.
    """
    last = ("none", ABSENT, _OTHER)
    met = {name for ribbon in drawn for name in (ribbon.start, ribbon.end)}
    order = [*segments, *sorted(met - set(segments) - set(last)), *last]
    total = max(sum(ribbon.customers for ribbon in drawn), 1)
    names = {side: sorted({getattr(r, side) for r in drawn}, key=order.index) for side in _SIDES}
    most = max((len(found) for found in names.values()), default=1)
    scale = (_HEIGHT - _GAP * (most - 1)) / total
    at: dict[tuple[str, str], float] = {}
    parts = []
    for side, x in _SIDES.items():
        y = 0.0
        for name in names[side]:
            n = sum(r.customers for r in drawn if getattr(r, side) == name)
            at[side, name] = y
            parts.append(_bar(x, y, n * scale, _colour(name, segments)))
            parts.append(_text(side, y + n * scale / 2, _name(name, segments), n))
            y += n * scale + _GAP
    bands = []
    for ribbon in sorted(drawn, key=lambda r: (order.index(r.start), order.index(r.end))):
        height = ribbon.customers * scale
        left, right = at["start", ribbon.start], at["end", ribbon.end]
        at["start", ribbon.start] += height
        at["end", ribbon.end] += height
        stays = ribbon.start == ribbon.end
        bands.append(
            _band(left, right, height, _colour(ribbon.start, segments), 0.18 if stays else 0.4)
        )
    return (
        f'<svg class="sankey" role="img" aria-label="{escape(label)}" '
        f'viewBox="0 -8 {_WIDTH} {_HEIGHT + 16}" style="width:100%;height:auto">'
        f"{''.join(bands)}{''.join(parts)}</svg>"
    )


@dataclass(frozen=True)
class FlowSection:
    """What the report shows of the moves since the run before, with small cells hidden.

    Parameters
    ----------
    since : str
        The day of the run before, in words.
    summary : str
        The sum of all moves, which adds up.
    causes : tuple of (str, str)
        What happened, and to how many.
    svg : str
        The drawing.
    columns : tuple of str
        Names of the segments now.
    rows : tuple of (str, tuple of str, str)
        Name of the segment then, its cells, its sum.
    model : str
        What a new model did, in words; empty if the model is the same.
    """

    since: str
    summary: str
    causes: tuple[tuple[str, str], ...]
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...], str], ...]
    model: str = ""


def flow_section(
    migration: pa.Table,
    segments: Mapping[str, Mapping[str, Any]],
    since: str,
    changes: Mapping[str, Any] | None,
    hidden: HiddenMoves,
) -> FlowSection | None:
    """Return the section of the report about moves; None if there was no run before.

    Parameters
    ----------
    migration : pa.Table
        Columns of ``migration.parquet``.
    segments : mapping of str to mapping
        Segment id to ``name`` and ``slot``, those of today first.
    since : str
        The day of the run before, in words.
    changes : mapping or None
        What a new model changed (``Released.changes``); None if the model is the same.
    hidden : HiddenMoves
        What must not be told.

    Returns
    -------
    FlowSection or None
        Counts that would tell of few people are hidden.
    """
    if not migration.num_rows:
        return None
    matrix = crossing(migration, order=list(segments))
    secret = hidden.matrix(matrix, "all")
    sums = [
        hidden.told("from", name, int(counts.sum()))
        for name, counts in zip(matrix.rows, matrix.counts, strict=True)
    ]
    rows = tuple(
        (
            _name(name, segments),
            tuple(
                HIDDEN if hides else _cell(count, share if total is not None else None)
                for count, share, hides in zip(counts.tolist(), shares, cells, strict=True)
            ),
            _many(total),
        )
        for name, counts, shares, cells, total in zip(
            matrix.rows, matrix.counts, matrix.shares, secret, sums, strict=True
        )
    )
    summary = summed_up(migration, hidden.told)
    drawn = ribbons(matrix, secret, [total is not None for total in sums])
    return FlowSection(
        since,
        summary,
        tuple(
            (CAUSES[cause], _many(hidden.told("cause", cause, n)))
            for cause, n in causes_of(migration).items()
        ),
        sankey(drawn, segments, label=f"Moves since {since}. {summary}"),
        tuple(_name(name, segments) for name in matrix.columns),
        rows,
        _model_words(changes, hidden.floor) if changes else "",
    )


def _cell(count: int, share: float | None) -> str:
    if not count:
        return "·"
    return fmt.count(count) if share is None else f"{fmt.count(count)} ({fmt.share(share)})"


def _many(n: int | None) -> str:
    return HIDDEN if n is None else fmt.count(n)


def _model_words(changes: Mapping[str, Any], floor: int) -> str:
    """Say what the new model did to customers who did nothing, and whether it is better."""
    said = []
    if changes.get("customers"):
        moved = int(changes["moved"])
        many = fmt.count(moved) if moved >= floor else f"fewer than {floor}"
        of = int(changes["customers"])
        said.append(
            f"The model is new: by itself it moved {many}"
            f"{f' of {fmt.count(of)}' if of >= floor else ''} customers; they did nothing."
        )
    for word, ids in (("born", changes.get("born")), ("ended", changes.get("ended"))):
        if ids:
            said.append(f"{word.capitalize()}: {', '.join(ids)}.")
    if changes.get("why"):
        said.append(str(changes["why"]))
    return " ".join(said)


_SIDES = {"start": _LABEL, "end": _WIDTH - _LABEL - _BAR}


def _name(name: str, segments: Mapping[str, Mapping[str, Any]]) -> str:
    return str(segments[name]["name"]) if name in segments else WORDS.get(name, name)


def _colour(name: str, segments: Mapping[str, Mapping[str, Any]]) -> str:
    if name not in segments:
        return "var(--edge)"
    return f"var(--slot-{(int(segments[name]['slot']) - 1) % len(palette.SLOTS) + 1})"


def _bar(x: float, y: float, height: float, colour: str) -> str:
    tall = max(height, 0.5)
    return f'<rect x="{x}" y="{y:.2f}" width="{_BAR}" height="{tall:.2f}" fill="{colour}"/>'


def _text(side: str, y: float, name: str, n: int) -> str:
    x, anchor = (_LABEL - 6, "end") if side == "start" else (_WIDTH - _LABEL + 6, "start")
    return (
        f'<text x="{x}" y="{y:.2f}" dy=".35em" text-anchor="{anchor}" font-size="12" '
        f'fill="var(--ink)">{escape(name)} · {escape(_many(n))}</text>'
    )


def _band(left: float, right: float, height: float, colour: str, opacity: float) -> str:
    x0, x1 = _SIDES["start"] + _BAR, _SIDES["end"]
    middle = (x0 + x1) / 2
    return (
        f'<path d="M{x0} {left:.2f}C{middle} {left:.2f} {middle} {right:.2f} {x1} {right:.2f}'
        f"V{right + height:.2f}C{middle} {right + height:.2f} {middle} {left + height:.2f} "
        f'{x0} {left + height:.2f}Z" fill="{colour}" fill-opacity="{opacity}"/>'
    )
