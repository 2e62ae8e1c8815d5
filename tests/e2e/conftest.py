"""A browser, a real server, and a home with two projects that were run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

from coterie import Project
from coterie.service import web
from coterie.service.params import ServerParams
from tests.service.conftest import CARDS, served
from tests.service.shop import make_shop, work_out

CHROMIUM = Path(os.environ.get("COTERIE_CHROMIUM", "/usr/bin/chromium"))
AXE = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"
SHOTS = os.environ.get("COTERIE_SHOTS", "")
"""A folder for pictures of every page; none are taken without it."""
SETTINGS = """[sources.customers]
file = "uploads/u000000000000/cards.csv"
key = "id"
[segmentation]
k = 3
"""
THEMES = ("light", "dark")
WIDTHS = (390, 1024, 1440)
_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield a browser; without one, or without the built application, nothing is tested here."""
    if not CHROMIUM.is_file():
        pytest.skip(f"no browser at {CHROMIUM}: apt-get install chromium, or COTERIE_CHROMIUM")
    if not (web.BUILT / "index.html").is_file():
        pytest.skip("the web application is not built: make ui")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(_ARGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with a shop (orders, two runs, a plan) and card holders (no dates)."""
    home = tmp_path_factory.mktemp("app")
    work_out(make_shop(home / "shop"))
    (home / "cards/uploads/u000000000000").mkdir(parents=True)
    (home / "cards/uploads/u000000000000/cards.csv").write_text(CARDS, encoding="utf-8")
    (home / "cards/coterie.toml").write_text(SETTINGS, encoding="utf-8")
    Project(home / "cards").run()
    return home


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """Yield where the server listens; it sees jobs through."""
    with served(ServerParams(home)) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture
def show(browser: Browser, address: str) -> Iterator[Open]:
    """Yield what opens a page; what its script or its policy complains about fails the test."""
    complaints: list[str] = []
    contexts = []

    def show(path: str, *, theme: str = "light", width: int = 1024) -> Page:
        context = browser.new_context(
            base_url=address,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if _bad(message) else 0)
        page.goto(path)
        page.locator("h1").wait_for()
        page.wait_for_load_state("networkidle")
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


def _bad(message: Any) -> bool:
    # The browser itself writes down every answer that is not 200; those are told on the page.
    return message.type in {"error", "warning"} and "Failed to load resource" not in message.text


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong on a page, each with the first place."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def settle(page: Page) -> None:
    """Wait until a page whose window changed is no wider than it, and its drawings stand still."""
    fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    with suppress(TooLate):  # whoever asks next says by how much it is too wide
        script = f"() => new Promise(done => setTimeout(() => done({fits}), 120))"
        page.wait_for_function(script, timeout=3_000)


def overflow(page: Page) -> int:
    """Return by how much a page is wider than its window."""
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(wide))
