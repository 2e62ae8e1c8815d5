"""What a run says: overview, choice, map, flows and quality, against what the server answers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import violations

API = "/api/v1/projects/shop"


@pytest.fixture
def ask(address, show):
    """Yield what asks the server for something of the shop."""
    page = show("/p/shop/overview")
    return lambda path: page.request.get(f"{address}{API}{path}").json()


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def test_the_overview_says_what_the_server_says(show, ask):
    page = show("/p/shop/overview")
    told = {one["name"]: one for one in ask("/overview")["figures"]}
    figures = page.get_by_label("Figures")
    expect(figures).to_contain_text(f"{told['customers']['value']:,.0f}")
    expect(figures).to_contain_text(f"{told['moved']['value']:,.0f}")
    expect(page.get_by_role("heading", name="Can I trust this?")).to_be_visible()
    page.get_by_role("link", name="Why these segments?").click()
    page.wait_for_url("**/p/shop/choice")


def test_figures_say_what_they_are_measured_by(show, ask):
    page = show("/p/shop/overview")
    told = ask("/overview")
    expect(page.get_by_label("Figures")).to_contain_text("Moved, 31 Oct – 31 Dec 2025")
    needed = told["proofs"]["smallest"]["needed"]
    expect(page.locator("main")).to_contain_text(f"{needed} are needed, and 2% of customers")
    page = show("/p/shop/quality")
    lines = [one for one in ask("/quality")["tables"]["orders"]["findings"] if "amount" in one]
    expect(page.locator("main")).to_contain_text(f"€{lines[0]['amount']:,.2f}")


def test_the_formula_of_lists_stands_beside_the_forecast_of_a_customer(show):
    page = show("/p/shop/customers/c000002")
    ahead = page.get_by_role("region", name="What comes next")
    expect(ahead).to_contain_text("Forecast of spend within 90 days")
    page = show("/p/shop/customers")
    expect(page.get_by_role("columnheader", name="Expected, by formula")).to_be_visible()


def test_how_we_know_opens_and_gives_the_focus_back(show):
    page = show("/p/shop/overview")
    asked = page.get_by_role("button", name=re.compile("How do we know")).first
    asked.click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("What was tested")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(asked).to_be_focused()


def test_a_first_run_says_when_changes_appear(show):
    page = show("/p/shop/overview?asof=2025-11-01")
    expect(page.locator("main")).to_contain_text("First run. Changes appear after the next one.")


def test_the_chosen_candidate_comes_first_and_the_others_say_why_not(show, ask):
    page = show("/p/shop/choice")
    rows = page.locator("section[aria-labelledby=candidates] tbody tr")
    expect(rows.first).to_contain_text("chosen")
    candidates = ask("/choice")["candidates"]
    more = page.get_by_role("button", name=re.compile("Show all"))
    if more.count():
        more.click()
    assert rows.count() == len(candidates)
    for row in rows.all()[1:]:
        assert row.locator("td").last.inner_text() != ""


def test_one_segment_stands_out_by_keys_and_stays_in_the_address(show, ask):
    page = show("/p/shop/segments?view=map")
    first = ask("/segments")["items"][0]
    page.locator("canvas").wait_for()
    button = page.get_by_role("button", name=re.compile(f"^{re.escape(first['name'])}"))
    button.focus()
    page.keyboard.press("Space")
    page.wait_for_url(re.compile(f"pick={first['id']}"))
    expect(button).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="Open the segment").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(first["name"])


def test_a_dot_opens_its_customer(show):
    page = show("/p/shop/segments?view=map")
    canvas = page.locator("canvas")
    canvas.wait_for()
    box = canvas.bounding_box()
    # Where dots lie is the plot's affair: look for the first that answers.
    for step in range(4_000):
        x = box["x"] + 80 + (step * 37) % (box["width"] - 100)
        y = box["y"] + 20 + (step * 11) % (box["height"] - 80)
        page.mouse.click(x, y)
        if "/customers/" in page.url:
            break
    expect(page.get_by_role("heading", level=1)).to_contain_text("c0")


def test_two_columns_can_be_the_axes(show):
    page = show("/p/shop/segments?view=map")
    page.get_by_label("Across").select_option("recency")
    page.wait_for_url(re.compile("x=recency"))
    expect(page.get_by_label("Up")).to_be_visible()
    page.get_by_label("Across").select_option("")
    expect(page.get_by_label("Up")).to_be_hidden()


def test_flows_add_up_in_words_and_in_the_table(show):
    page = show("/p/shop/flows")
    said = page.get_by_label("The sum").inner_text()
    before, stayed, moved = map(number, re.findall(r"[\d,]+", said)[:3])
    gone = number(found[1]) if (found := re.search(r"\+ ([\d,]+) gone", said)) else 0
    new, now = map(number, re.findall(r"[\d,]+", said)[-2:])
    assert before == stayed + moved + gone
    assert now == before - gone + new
    flows = page.locator("figure").nth(1)
    flows.get_by_text("Table", exact=True).click()
    *rows, total = [
        [number(cell) for cell in row.locator("td").all_inner_texts()[1:]]
        for row in flows.locator("tbody tr").all()
    ]
    assert [sum(column) for column in zip(*rows, strict=True)] == total
    assert all(sum(row[:-1]) == row[-1] for row in rows)


def test_causes_are_looked_at_one_by_one(show, ask):
    page = show("/p/shop/flows")
    aged = ask("/flows")["causes"].get("aged", 0)
    page.get_by_text(f"Time {aged:,}").click()
    page.wait_for_url(re.compile("cause=aged"))
    expect(page.locator("figure").first).to_contain_text("By time alone")


def test_other_dates_are_worked_out(show, ask):
    page = show("/p/shop/flows")
    former, newest = (run["run_id"] for run in reversed(ask("/runs")["items"]))
    page.get_by_label("From").select_option(newest)
    page.get_by_label("To").select_option(former)
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile(f"from={newest}&to={former}|to={former}"))
    expect(page.get_by_label("The sum")).to_be_visible(timeout=60_000)


def test_one_date_says_that_two_are_needed(show):
    page = show("/p/shop/flows?asof=2025-11-01")
    expect(page.locator("main")).to_contain_text("Flows need two scored dates")
    page = show("/p/cards/flows")
    expect(page.locator("main")).to_contain_text("Flows need two runs")


def test_every_row_is_accounted_for(show, ask):
    page = show("/p/shop/quality")
    for name, table in ask("/quality")["tables"].items():
        part = page.get_by_role("region", name=name.capitalize(), exact=True)
        expect(part).to_contain_text(f"{table['rows_in']:,} rows in")
        expect(part).to_contain_text("adds up")
