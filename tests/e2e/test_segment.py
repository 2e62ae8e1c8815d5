"""The page of a segment: who cares for it, how it grew, what it will spend, what it is offered."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.conftest import violations
from tests.e2e.keys import Keys

PAGE = "/p/shop/segments/seg-002"
API = "/api/v1/projects/shop"


def test_somebody_takes_a_segment_and_gives_it_back(show):
    page = show(PAGE)
    keys = Keys(page)
    care = page.get_by_role("region", name="Who cares for it")
    expect(care).to_contain_text("No owner yet.")
    keys.open(care.get_by_role("button", name="Take it"))
    expect(care.get_by_label("Owner")).to_be_focused()
    keys.type("Ana Diaz")
    keys.to(care.get_by_label("What is done next"))
    keys.type("First look at new ranges <b>")
    assert violations(page) == []
    keys.press("Enter")
    expect(care).to_contain_text("First look at new ranges <b>")
    expect(care).to_contain_text("Owner: Ana Diaz")
    expect(care.get_by_role("button", name="Change")).to_be_focused()
    page.reload()
    expect(care).to_contain_text("Owner: Ana Diaz")
    care.get_by_role("button", name="Change").click()
    for label in ("Owner", "What is done next"):
        care.get_by_label(label).fill("")
    page.keyboard.press("Enter")
    expect(care).to_contain_text("Nothing planned yet.")


def test_value_offers_and_sizes_are_those_of_the_server(show, address):
    page = show(PAGE)
    ask = page.request
    sizes = ask.get(f"{address}{API}/segments/seg-002/sizes").json()["items"]
    table = page.get_by_role("table", name=re.compile("customers, .* since 31 Oct 2025"))
    told = [row.locator("td").nth(1).inner_text() for row in table.locator("tbody tr").all()]
    assert told == [str(one["n"]) for one in sizes]
    ahead = page.get_by_role("region", name="What comes next")
    expect(ahead).to_contain_text("Expected spend within 90 days")
    days = round(ask.get(f"{address}{API}/segments/seg-002/ahead").json()["returns"]["median_days"])
    expect(ahead).to_contain_text(f"Half order again within {days} days.")
    plan = ask.get(f"{address}{API}/offers/plan").json()["segments"]
    (mine,) = (one for one in plan if one["id"] == "seg-002")
    offers = page.get_by_role("region", name="Offers")
    expect(offers).to_contain_text(f"for {mine['planned']} of these customers")
    page.get_by_role("link", name="Offers", exact=True).click()
    expect(offers).to_be_in_viewport()
