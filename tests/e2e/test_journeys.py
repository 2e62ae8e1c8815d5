"""What people come for, done with the mouse; by keys alone it is done in test_keyboard."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_the_sample_shop_is_one_click_away(show):
    page = show("/start")
    page.get_by_role("button", name="try the sample shop").click()
    page.wait_for_url(re.compile(r"/runs/j\w+\?project=sample-shop"))
    expect(page.get_by_role("status").first).to_contain_text("Read")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled. Nothing was published")).to_be_visible(timeout=30_000)
    page.goto("/start?project=sample-shop")
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    expect(page.get_by_role("button", name="try the sample shop")).to_have_count(0)


def test_a_wrong_file_says_what_is_wrong(show):
    page = show("/start")
    page.locator("input[type=file]").set_input_files(
        {"name": "nothing.csv", "mimeType": "text/csv", "buffer": b""}
    )
    notice = page.locator("[data-tone=danger]")
    expect(notice).to_be_visible()
    assert len(notice.inner_text()) > 10


def test_a_table_is_used_with_the_keys_alone(show):
    page = show("/p/shop/customers?sort=-monetary")
    page.keyboard.press("/")
    page.keyboard.type("c00001")
    page.wait_for_url(re.compile("q=c00001"))
    expect(page.get_by_text("whose id begins with c00001")).to_be_visible()
    page.locator("section[aria-busy=false]").wait_for()
    links = page.locator("a[data-open]")
    links.first.focus()
    page.keyboard.press("ArrowDown")
    second = links.nth(1).inner_text()
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(second)
    expect(heading).to_be_focused()
    assert page.title() == f"{second} · Customers · Shop · Coterie"


def test_pages_of_a_list_are_in_the_address(show):
    page = show("/p/shop/customers")
    expect(page.get_by_text("1–50 of 146")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("51–100 of 146")).to_be_visible()
    page.reload()
    expect(page.get_by_text("51–100 of 146")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_text("1–50 of 146")).to_be_visible()
    page.get_by_role("button", name="Spend").click()
    page.wait_for_url(re.compile("sort=-monetary"))
    head = page.get_by_role("columnheader", name="Spend")
    expect(head).to_have_attribute("aria-sort", "descending")


def test_a_segment_is_renamed_and_the_name_taken_back(show):
    page = show("/p/shop/segments/seg-001")
    heading = page.get_by_role("heading", level=1)
    former = heading.inner_text()
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("New name").fill("مشترو الهدايا")
    page.keyboard.press("Enter")
    expect(heading).to_have_text("مشترو الهدايا")
    page.get_by_role("button", name="Undo").click()
    expect(heading).to_have_text(former)


def test_a_customer_is_scored_again_while_a_slider_moves(show):
    page = show("/p/shop/customers/c000002")
    slider = page.get_by_role("slider", name="More orders")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text(re.compile("It describes the model"))).to_be_visible()


def test_a_person_is_placed_and_what_is_wrong_is_told_at_its_field(show):
    page = show("/p/cards/predict")
    page.get_by_label("spend").fill("40")
    page.keyboard.press("Enter")
    wrong = page.get_by_label("visits")
    expect(wrong).to_be_focused()
    expect(wrong).to_have_attribute("aria-invalid", "true")
    wrong.fill("9")
    page.get_by_label("gold").check()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status", name="Result")).to_contain_text("100 clear of the next")


def test_an_older_day_is_said_and_left(show):
    page = show("/p/shop/segments")
    page.get_by_role("button", name=re.compile("As of")).click()
    page.get_by_role("menuitem", name=re.compile("31 Oct 2025")).click()
    expect(page.get_by_text("You are looking at 31 Oct 2025.")).to_be_visible()
    assert "asof=2025-11-01" in page.url
    page.get_by_role("link", name="Go to latest").click()
    expect(page.get_by_text("You are looking at 31 Oct 2025.")).to_have_count(0)


def test_the_palette_finds_pages_segments_and_customers(show):
    page = show("/p/shop/segments")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go to")).to_be_focused()
    page.keyboard.type("c000002")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("c000002")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/p/shop/customers/c000002"))


def test_a_lost_connection_is_said_and_heals_by_itself(show):
    page = show("/p/shop/segments")
    page.context.set_offline(True)
    page.get_by_role("link", name="Customers").click()
    expect(page.get_by_text("No connection.")).to_be_visible(timeout=20_000)
    page.context.set_offline(False)
    expect(page.get_by_text("No connection.")).to_have_count(0, timeout=20_000)
    expect(page.get_by_text("1–50 of 146")).to_be_visible(timeout=20_000)


def test_the_theme_is_kept(show):
    page = show("/")
    page.get_by_role("button", name="Use the dark theme").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
