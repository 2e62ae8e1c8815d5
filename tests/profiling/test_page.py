"""A page shows its sections in order, escapes every text, and loads nothing."""

from __future__ import annotations

import re

import altair as alt

from coterie.profiling.charts import finish, rows
from coterie.profiling.page import Figure, Section, Table, page


def _page(*parts: str | Table | Figure) -> str:
    return page(
        project="<shop>",
        heading="Value",
        until="1 June",
        lead="Lead & more.",
        sections=[Section("One", parts), Section("Two", [])],
    )


def test_texts_are_escaped_and_nothing_is_loaded() -> None:
    html = _page("<script>", Table("<i>", ["<u>"], [["<b>"]]))
    assert not {"<script>", "<i>", "<u>", "<b>", "<shop>"} & set(html.replace("<", " <").split())
    assert "http" not in html.split("</head>")[1]
    assert "default-src 'none'" in html


def test_words_stand_left_and_numbers_right() -> None:
    html = _page(Table("All.", ["Segment", "Name", "n"], [["a", "b", "3"]], numbers=2))
    assert '<th scope="row"><bdi>a</bdi></th><td>b</td><td class="n">3</td>' in html


def test_a_table_without_rows_says_so() -> None:
    assert '<td colspan="2">None.</td>' in _page(Table("All.", ["a", "b"], []))


def test_charts_of_a_page_have_ids_of_their_own() -> None:
    chart = alt.Chart(rows([{"x": 1, "y": 2}])).mark_line().encode(x="x:Q", y="y:Q")
    html = _page(Figure(finish(chart), "First"), Figure(finish(chart), "Second"))
    assert 'aria-label="First"' in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
