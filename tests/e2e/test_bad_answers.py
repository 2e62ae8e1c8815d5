"""What pages make of answers that are late, wrong, gone, or full of what somebody else wrote."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import overflow, settle

SHOP = re.compile(r"/api/v1/projects/shop/(?!runs)")
PATHS = ("overview", "segments/seg-001", "customers/c000002", "flows")
LATE = """const asked = window.fetch;
    window.fetch = async (...wish) => {
        const url = String(wish[0]?.url ?? wish[0]);
        if (url.includes('/projects/shop/')) await new Promise(done => setTimeout(done, 5000));
        return asked(...wish);
    };"""
HOSTILE = ("<img src=x onerror=window.hurt=1>", "مشترو الهدايا", "x" * 10_000, "a\u202eb", "=1+1")


def fulfilled(answer, route):
    route.fulfill(**answer)


@pytest.fixture
def side_by_side(show):
    """Yield what opens all pages at once, each after something was done to it."""
    context = show("/p/cards/overview").context

    def side_by_side(prepare):
        pages = {}
        for path in PATHS:
            page = pages[path] = context.new_page()
            prepare(page)
            page.goto(f"/p/shop/{path}", wait_until="commit")
        return pages

    return side_by_side


def test_a_wrong_answer_is_told_and_healed_by_trying_again(side_by_side):
    body = json.dumps({"status": 503, "detail": "The database does not answer.", "hint": "Wait."})
    wrong = {"status": 503, "content_type": "application/problem+json", "body": body}
    pages = side_by_side(lambda page: page.route(SHOP, lambda route: route.fulfill(**wrong)))
    for path, page in pages.items():
        failed = page.get_by_text("could not be loaded")
        expect(failed.first, path).to_be_visible(timeout=30_000)
        expect(page.locator("main")).to_contain_text("The database does not answer. Wait.")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.unroute(SHOP)
        for again in page.get_by_role("button", name="Try again").all()[::-1]:
            again.click()
        expect(failed).to_have_count(0)


def test_a_late_answer_is_waited_for_in_its_place(side_by_side):
    pages = side_by_side(lambda page: page.add_init_script(LATE))
    for path, page in pages.items():
        expect(page.locator("main"), path).not_to_be_empty(timeout=10_000)
        expect(page.locator("[aria-busy=true]"), path).to_have_count(0, timeout=30_000)
        expect(page.get_by_text("could not be loaded"), path).to_have_count(0)


@pytest.mark.parametrize("path", ["p/nobody/overview", "p/shop/segments/seg-999", "p/shop/what"])
def test_what_is_gone_says_so_and_where_to_go_on(show, path):
    page = show(f"/{path}")
    expect(page.locator("main")).to_contain_text(re.compile("There is no|gone"))
    assert page.locator("main a").count() > 0


def test_what_others_wrote_is_text_and_breaks_nothing(show, address):
    page = show("/p/cards/overview", width=390)
    told = page.request.get(f"{address}/api/v1/projects/shop/segments").json()
    names = [HOSTILE[n % len(HOSTILE)] for n in range(14)]
    many = [
        {**told["items"][0], "id": f"seg-{n + 1:03}", "slot": n + 1, "name": name}
        for n, name in enumerate(names)
    ]
    people = page.request.get(f"{address}/api/v1/projects/shop/customers?limit=5").json()
    for one, name in zip(people["items"], HOSTILE, strict=True):
        one |= {"customer_id": name, "segment_name": name, "second_name": name}
    for where, body in (
        ("segments", {**told, "items": many, "total": 14}),
        ("customers", {**people, "total": 1_000_000}),
    ):
        answer = {"content_type": "application/json", "body": json.dumps(body)}
        page.route(
            re.compile(rf"/projects/shop/{where}(\?|$)"),
            partial(fulfilled, answer),
        )
    for path in ("overview", "segments", "segments?view=grid", "segments/compare", "customers"):
        page.goto(f"/p/shop/{path}")
        expect(page.locator("main")).to_contain_text(HOSTILE[1])
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            settle(page)
            assert overflow(page) <= 0, (path, width)
        assert page.locator("main img").count() == 0
        assert page.evaluate("window.hurt") is None
    expect(page.get_by_text("of 1,000,000")).to_be_visible()
