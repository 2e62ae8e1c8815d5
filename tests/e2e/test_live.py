"""The page of what happens now: it moves by itself, stands still while it is read, and says so."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from coterie.service.params import ServerParams
from tests.e2e.conftest import SHOTS, THEMES, WIDTHS, overflow, violations
from tests.service.conftest import served

EVENTS = "/api/v1/projects/shop/events"


@pytest.fixture(scope="module")
def server(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Yield a client of a server whose shop has a stream."""
    here = tmp_path_factory.mktemp("live") / "home"
    shutil.copytree(home, here)
    with served(ServerParams(here), workers=0) as client:
        send(client, *(f"first-{n}" for n in range(12)))
        yield client


def send(client: httpx.Client, *customers: str, **more: Any) -> None:
    """Let each of some customers order something now."""
    now = datetime.now(UTC)
    events = [
        {
            "id": f"{customer}-{now.timestamp()}",
            "type": "order",
            "customer_id": customer,
            "timestamp": now.isoformat(),
            "amount": 40 + 13 * n,
            **more,
        }
        for n, customer in enumerate(customers)
    ]
    assert client.post(EVENTS, json=events).status_code == 202


@pytest.fixture
def live(browser: Browser, server: httpx.Client) -> Iterator[Any]:
    """Yield what opens a page; it never comes to rest, so its own words are waited for."""
    contexts = []

    def show(path: str, *, theme: str = "light", width: int = 1024) -> Page:
        context = browser.new_context(
            base_url=str(server.base_url),
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        page.locator("h1").wait_for()
        return page

    yield show
    for context in contexts:
        context.close()


def rows(page: Page) -> Any:
    """Return the rows of changes."""
    return page.locator("section[aria-labelledby=changes] tbody tr")


def test_what_happens_is_seen_without_asking(live: Any, server: httpx.Client) -> None:
    page = live("/p/shop/live")
    expect(rows(page).first).to_be_visible()
    send(server, "seen-at-once")
    expect(rows(page).first).to_contain_text("seen-at-once")
    expect(page.get_by_text("Receiving. Last event")).to_be_visible()
    rows(page).first.get_by_role("link").first.press("Enter")
    page.wait_for_url("**/customers/seen-at-once")
    expect(page.get_by_text("She came after the last run")).to_be_visible()
    expect(page.locator("[data-live]")).to_contain_text("(live)")


def test_it_stands_still_while_it_is_read(live: Any, server: httpx.Client) -> None:
    page = live("/p/shop/live")
    expect(rows(page).first).to_be_visible()
    rows(page).first.hover()
    expect(page.get_by_text("Paused while you read.")).to_be_visible()
    before = rows(page).first.inner_text()
    send(server, "later-1", "later-2")
    expect(page.get_by_text(re.compile(r"2 newer changes\."))).to_be_visible()
    assert rows(page).first.inner_text() == before
    page.get_by_role("button", name="Show", exact=True).click()
    expect(rows(page).first).to_contain_text("later-")
    page.get_by_role("button", name="Pause").click()
    send(server, "later-3")
    expect(page.get_by_text("1 newer change.")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    page.mouse.move(1, 1)
    expect(rows(page).first).to_contain_text("later-3")


def test_many_changes_are_told_as_a_count(live: Any, server: httpx.Client) -> None:
    page = live("/p/shop/live")
    expect(rows(page).first).to_be_visible()
    send(server, "count-1", "count-2", "count-3")
    said = page.locator("[role=status][aria-live=polite]")
    expect(said).to_have_text(re.compile(r"3 new changes"), timeout=15_000)


def test_one_customer_is_watched_as_she_moves(live: Any, server: httpx.Client) -> None:
    send(server, "watched")
    page = live("/p/shop/live")
    page.get_by_label("Customer id").fill("watched")
    page.get_by_role("button", name="Watch", exact=True).click()
    page.wait_for_url("**/live?customer=watched")
    expect(page.get_by_text("Nothing of hers has changed")).to_be_visible()
    send(server, "watched", "somebody-else")
    expect(page.locator("section[aria-labelledby=watch] li").first).to_contain_text("→")
    expect(page.locator("section[aria-labelledby=watch]")).to_contain_text("€40 → €80")
    assert "somebody-else" not in rows(page).all_inner_texts()


def test_a_project_without_a_stream_has_no_such_page_in_its_navigation(live: Any) -> None:
    page = live("/p/shop/overview")
    expect(page.get_by_role("link", name="Live")).to_have_count(1)
    page = live("/p/cards/segments")
    expect(page.get_by_role("link", name="Segments").first).to_be_visible()
    expect(page.get_by_role("link", name="Live")).to_have_count(0)
    page = live("/p/cards/live")
    expect(page.get_by_text("No events have come yet.")).to_be_visible()


def test_a_customer_of_the_run_is_told_where_she_is_now(live: Any, server: httpx.Client) -> None:
    first = server.get("/api/v1/projects/shop/customers", params={"limit": 1}).json()["items"][0]
    send(server, first["customer_id"])
    page = live(f"/p/shop/customers/{first['customer_id']}")
    expect(page.locator("[data-live]")).to_contain_text("(live)")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_use_it(live: Any, server: httpx.Client, theme: str, width: int) -> None:
    server.post(EVENTS, json=[{"id": "no-type"}])
    page = live("/p/shop/live?customer=first-1", theme=theme, width=width)
    expect(rows(page).first).to_be_visible()
    expect(page.get_by_text("Open the customer")).to_be_visible()
    assert violations(page) == []
    assert overflow(page) == 0
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/live-{theme}-{width}.png", full_page=True)
