"""A candidate of the table is made whole, looked at, and published by whoever likes it."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.sync_api import expect

from coterie.service.params import ServerParams
from tests.e2e.conftest import violations
from tests.service.conftest import served

SLOW = 120_000
"""Milliseconds that a run may take here."""


@pytest.fixture
def cards(home, tmp_path):
    """Yield the address of a server of the card holders alone, which may be changed."""
    shutil.copytree(home / "cards", tmp_path / "home/cards")
    with served(ServerParams(tmp_path / "home")) as client:
        yield str(client.base_url).rstrip("/")


def test_a_candidate_is_looked_at_and_then_published(show, cards):
    page = show(f"{cards}/p/cards/choice")
    ask = lambda path: page.request.get(f"{cards}/api/v1/projects/cards{path}").json()  # noqa: E731 - short
    (former,) = ask("/runs")["items"]
    tries = page.get_by_role("button", name=re.compile("Run with this"))
    assert violations(page) == []
    tries.first.click()
    page.wait_for_url(re.compile("/runs/j"))
    note = page.get_by_text("Nothing is published: look at them first.")
    expect(note).to_be_visible(timeout=SLOW)
    page.get_by_role("link", name="See them").click()
    page.wait_for_url(re.compile("candidate=r"))
    expect(page.get_by_text("Preview of a candidate, not published.")).to_be_visible()
    expect(page.locator("tfoot")).to_contain_text("120")
    trial, kept = ask("/runs")["items"]
    assert (trial["trial"], trial["published"], kept["published"]) == (True, False, True)
    page.get_by_role("link", name="Choice").or_(
        page.get_by_role("link", name="Why these segments")
    ).first.click()
    page.wait_for_url(re.compile("choice.*candidate=r"))
    assert violations(page) == []
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Preview of a candidate")).to_have_count(0)
    expect(page.get_by_text("Published.").first).to_be_visible()
    published = next(one for one in ask("/runs")["items"] if one["published"])
    assert published["run_id"] == trial["run_id"] != former["run_id"]
    assert re.search(r"^algorithm = \"", ask("/mapping")["toml"], re.MULTILINE)
