"""From a sentence to the very customers that it speaks of."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import violations

API = "/api/v1/projects/shop"


@pytest.fixture
def moves(show, address):
    """Return (from, to) -> how many moved, as the flows of the shop count them."""
    page = show("/p/shop/flows")
    found: dict[tuple[str, str], list[int]] = {}
    for one in page.request.get(f"{address}{API}/flows").json()["items"]:
        if one["cause"] not in {"stayed", "new", "gone"}:
            found.setdefault((one["from_id"], one["to_id"]), []).append(one["customers"])
    return found


def test_a_list_of_who_moved_holds_as_many_as_the_flows_count(show, moves):
    (before, after), counts = max(moves.items(), key=lambda one: sum(one[1]))
    page = show(f"/p/shop/customers?from={before}&f={after}")
    lead = page.locator("p.lead")
    expect(lead).to_contain_text(f"{sum(counts)} customer")
    expect(lead).to_contain_text("since 31 Oct 2025")
    expect(page.get_by_label("Moved from")).to_have_value(before)
    assert violations(page) == []
    page.get_by_label("Moved from").select_option("")
    page.wait_for_url(lambda url: "from=" not in url)
    expect(lead).not_to_contain_text("moved from")


def test_every_count_of_the_flows_opens_its_list(show, address):
    page = show("/p/shop/flows")
    told = page.request.get(f"{address}{API}/flows").json()
    page.get_by_label("Why they moved").get_by_text("Time").click()
    for name, cause in (("stayed$", "stayed"), ("new$", "new"), ("^List", "aged")):
        page.get_by_role("link", name=re.compile(name)).first.click()
        page.wait_for_url(re.compile(f"customers.*cause={cause}"))
        expect(page.locator("p.lead")).to_contain_text(f"{told['causes'][cause]} customer")
        page.go_back()
    largest = page.get_by_role("link", name=re.compile("^List who moved"))
    if largest.count():
        counted = re.match(r"\d+", largest.first.locator("..").inner_text())
        largest.first.click()
        expect(page.locator("p.lead")).to_contain_text(f"{counted[0]} customer")


def test_where_nobody_moved_it_is_said_and_led_back(show):
    page = show("/p/shop/customers?from=seg-001&f=seg-001")
    expect(page.get_by_text("Nobody moved so.")).to_be_visible()
    page.get_by_role("button", name="Show all, moved or not").click()
    expect(page.locator("tbody tr").first).to_be_visible()
