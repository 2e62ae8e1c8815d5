"""The web application in a real browser: what is loaded first, a large page, the first segments."""

from __future__ import annotations

import gzip
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.bench_choice import DATA
from benchmarks.bench_run import make_project
from benchmarks.bench_service import COTERIE, free_port, serving
from benchmarks.figures import Outcome, at_least, at_most, figure
from coterie import Project
from coterie.service import web

CUSTOMERS = int(os.environ.get("COTERIE_BENCH_CUSTOMERS") or 1_000_000)
CHROMIUM = os.environ.get("COTERIE_CHROMIUM", "/usr/bin/chromium")
PAGES = ("overview", "segments", "customers?sort=-monetary")
OPENED = 7
"""Times that each page is opened; the first of each is not counted."""
SLOW = 600_000
"""Milliseconds that a run may take."""


@contextmanager
def browsing(home: Path, *more: str) -> Iterator[Page]:
    """Serve a folder of projects and open a browser."""
    port = free_port()
    command = [COTERIE, "serve", str(home), "--port", str(port), *more]
    with serving(command, port), sync_playwright() as play:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_context(base_url=f"http://127.0.0.1:{port}").new_page()
        yield page
        browser.close()


def first_load() -> float:
    """Return the kilobytes of scripts, gzipped, that come before the first page is drawn."""
    html = (web.BUILT / "index.html").read_text(encoding="utf-8")
    names = set(re.findall(r'(?:src|href)="(/assets/[^"]+\.js)"', html))
    files = (web.BUILT / name.removeprefix("/") for name in names)
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) / 1e3


def opened(page: Page, path: str) -> float:
    """Return the seconds until a page has its heading and its data."""
    began = time.perf_counter()
    page.goto(path)
    page.locator("main h1").wait_for()
    page.locator("main table tbody tr, main [data-figure], main li").first.wait_for()
    return time.perf_counter() - began


@figure("S12")
def first_load_and_large_pages() -> Outcome:
    """Open pages of a project of a million customers, as often as it takes to know."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        folder = home / "large"
        folder.mkdir()
        make_project(folder, customers=CUSTOMERS, days=30, kind="parquet", horizon="7d")
        Project(folder).run()
        slowest = {}
        with browsing(home, "--workers", "0") as page:
            page.goto("/p/large/customers")
            page.locator("main table tbody tr").first.wait_for(timeout=SLOW)  # they are loaded
            for path in PAGES:
                times = [opened(page, f"/p/large/{path}") for _ in range(OPENED)][1:]
                slowest[path] = float(np.median(times))
    print("seconds, median:", {path: round(value, 2) for path, value in slowest.items()})
    return Outcome(
        f"scripts of the first load, gzipped; pages of {CUSTOMERS:,} customers on loopback, until "
        f"their data stand there, median of {OPENED - 1} whole loads in Chromium",
        (
            at_most("scripts before charts", first_load(), 250, unit=" KB"),
            at_most("the slowest page", max(slowest.values()), 1, unit=" s"),
        ),
    )


@figure("S13")
def from_a_file_to_named_segments() -> Outcome:
    """Drop Online Retail onto the page, take what is proposed, and wait for names."""
    with tempfile.TemporaryDirectory() as name, browsing(Path(name)) as page:
        page.set_default_timeout(SLOW)
        began = time.perf_counter()
        page.goto("/start")
        file = DATA / "online_retail" / "online_retail.csv.gz"
        page.locator("input[type=file]").set_input_files(file)
        page.wait_for_url(re.compile("step=columns"))
        page.get_by_role("button", name="Check the data").click()
        page.get_by_role("button", name="Choose options").click()
        page.get_by_role("button", name="Run", exact=True).click()
        page.wait_for_url(re.compile("/runs/j"))
        waiting = time.perf_counter()
        expect(page.get_by_text(re.compile(r"\d+ segments in \d+ s"))).to_be_visible(timeout=SLOW)
        waited = time.perf_counter() - waiting
        page.get_by_role("link", name="See them").click()
        page.locator("main table tbody tr").first.wait_for()
        whole = time.perf_counter() - began
        rows = page.locator("main table tbody tr").count()
    return Outcome(
        "Online Retail, 541,909 rows, in Chromium: file, proposed columns as they are, options as "
        "they are, run, list of segments; a machine's clicks, so the time is that of the product",
        (
            at_most("from the file to named segments", whole, 180, unit=" s"),
            at_most("of it waiting for the run", waited, 90, unit=" s"),
            at_least("segments", float(rows), 3),
        ),
    )
