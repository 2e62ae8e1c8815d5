"""A small page for people: sections of plain words, tables and charts, in one HTML file.

It looks like the report and stands alone as that does: no scripts, no requests. Every
text is escaped here, so that no maker of a page has to think of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from coterie.profiling.charts import Chart, svg
from coterie.profiling.report import style


@dataclass(frozen=True)
class Table:
    """A table under its caption.

    Parameters
    ----------
    caption : str
        One sentence that says what the rows are, with date and horizon where they matter.
    head : sequence of str
        Names of the columns; the first names the rows.
    rows : sequence of sequence of str
        Texts as they are to be shown; "not known" where there is no number.
    numbers : int, default 1
        From this column on, texts are numbers and stand to the right.
    empty : str, optional
        Sentence that is said instead if there are no rows.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: int = 1
    empty: str = ""


@dataclass(frozen=True)
class Figure:
    """A chart, what it shows, and how to read it.

    Parameters
    ----------
    chart : Chart
        Finished (``charts.finish``).
    title : str
        What it shows; also told to readers who cannot see it.
    note : str, optional
        One sentence of how to read it.
    wide : bool, optional
        Whether it needs the whole width; else it stands beside another where there is room.
    """

    chart: Chart
    title: str
    note: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it.

    Parameters
    ----------
    title : str
        Heading.
    parts : sequence of str, Table or Figure
        In this order; a str is a paragraph.
    """

    title: str
    parts: Sequence[str | Table | Figure]


def page(*, project: str, heading: str, until: str, lead: str, sections: Sequence[Section]) -> str:
    """Return a page as one self-contained HTML text.

    Parameters
    ----------
    project : str
        Name of the project.
    heading : str
        What was found, as a short sentence.
    until : str
        The date that all of it is as of, in words.
    lead : str
        The most important facts in two or three sentences.
    sections : sequence of Section
        What there is to say.

    Returns
    -------
    str
        HTML; the same for the same input.

    Examples
    --------
    >>> table = Table("What a segment buys.", ["Segment", "Spend"], [["<b>", "12"]])
    >>> html = page(project="shop", heading="Value", until="1 June", lead="…",
    ...     sections=[Section("All", ["Words.", table])])
    >>> "<b>" in html, "&lt;b&gt;" in html
    (False, True)
    """
    return _template().render(
        project=project,
        heading=heading,
        until=until,
        lead=lead,
        style=Markup(style()),  # noqa: S704  our own file
        sections=[(section.title, _grouped(section.parts)) for section in sections],
        draw=_Drawer().draw,
    )


def _part(part: str | Table | Figure) -> tuple[str, object]:
    if isinstance(part, Table) and part.empty and not part.rows:
        return "str", part.empty
    return type(part).__name__.lower(), part


def _grouped(parts: Sequence[str | Table | Figure]) -> list[tuple[str, object]]:
    """Return parts with their kinds; charts that follow each other are one part."""
    found: list[tuple[str, object]] = []
    for kind, some in groupby(map(_part, parts), key=lambda part: part[0]):
        same = list(some)
        found += [("figures", [part for _, part in same])] if kind == "figure" else same
    return found


class _Drawer:
    """Draws the charts of one page, whose ids must differ."""

    def __init__(self) -> None:
        self._drawn = 0

    def draw(self, figure: Figure) -> Markup:
        """Draw a chart as an inline SVG."""
        self._drawn += 1
        drawn = svg(figure.chart, prefix=f"f{self._drawn}", label=figure.title)
        return Markup(drawn)  # noqa: S704  drawn and escaped by us


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("coterie.profiling").joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source)
