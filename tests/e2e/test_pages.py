"""Every page in both themes: axe finds nothing, nothing scrolls sideways, nothing complains."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.conftest import SHOTS, THEMES, WIDTHS, overflow, settle, violations

PAGES = {
    "projects": "/",
    "start": "/start",
    "overview": "/p/shop/overview",
    "cards-overview": "/p/cards/overview",
    "choice": "/p/shop/choice",
    "map": "/p/shop/segments?view=map",
    "flows": "/p/shop/flows",
    "no-flows": "/p/cards/flows",
    "quality": "/p/shop/quality",
    "sign-in": "/sign-in",
    **{part: f"/admin/{part}" for part in ("users", "privacy", "audit", "projects")},
    "segments": "/p/shop/segments",
    "grid": "/p/shop/segments?view=grid",
    "compare": "/p/shop/segments/compare",
    "segment": "/p/shop/segments/seg-001",
    "customers": "/p/shop/customers?sort=-monetary",
    "customer": "/p/shop/customers/c000002",
    "no-form": "/p/shop/predict",
    "cards": "/p/cards/segments",
    "card-holder": "/p/cards/customers/c001",
    "predict": "/p/cards/predict",
    "file": "/p/cards/predict?way=file",
    "nowhere": "/p/shop/customers/nobody",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_used_by_all(show, name):
    page = show(PAGES[name], width=1440)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            settle(page)
            assert overflow(page) <= 0, width
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{theme}.png", full_page=True)
        assert violations(page) == [], theme
    assert page.locator("h1").count() == 1
    assert page.title().endswith("Coterie")
    missing = r"\b(NaN|undefined|null|N/A|Infinity|Invalid Date)\b"
    assert not re.search(missing, page.locator("main").inner_text()), "a number without a word"


def test_targets_are_large_enough_for_a_thumb(show):
    page = show("/p/shop/segments/seg-001", width=390)
    script = """[...document.querySelectorAll('main button, main input, header button')]
        .filter(e => e.offsetParent && !e.closest('p, .note, label') && !e.matches('[data-term]'))
        .map(e => [e.outerHTML.slice(0, 120), e.getBoundingClientRect().height])
        .filter(([, height]) => height < 44)"""
    assert [one for one in page.evaluate(script) if "SegmentedControl" not in one[0]] == []
