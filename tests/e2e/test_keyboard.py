"""What people come for, done by keys alone: every stop is seen, and focus is where one expects."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from coterie import Project
from coterie.service.params import ServerParams
from tests.e2e.keys import Keys
from tests.pipeline.test_prospects import CARDS as CREDIT_CARDS
from tests.pipeline.test_prospects import SHOP_365, unpack
from tests.service.conftest import CARDS, served

SLOW = 120_000
"""Milliseconds that a run may take here."""
API = "/api/v1/projects/shop"


def test_from_a_file_to_segments(show):
    page = show("/start")
    page.on("filechooser", lambda _: None)  # so that none opens on the desktop
    keys = Keys(page)
    keys.to(page.get_by_role("button", name="Choose files"))
    with page.expect_file_chooser() as chooser:
        keys.press("Enter")
    chooser.value.set_files(
        {"name": "My cards.csv", "mimeType": "text/csv", "buffer": CARDS.encode()}
    )
    page.wait_for_url(re.compile(r"/start/u\w+\?project=my-cards&step=columns"))
    keys.at_heading("New run")
    role = page.get_by_label("What spend is read as")
    keys.to(role)
    keys.press("ArrowDown")
    expect(role).not_to_have_value("")
    keys.press("ArrowDown")
    keys.press("Home")
    expect(role).to_have_value("")
    expect(page.get_by_label("What id is read as")).to_have_value("customer_id")
    keys.open(page.get_by_role("button", name="Check the data"))
    expect(page.get_by_role("listitem").filter(has_text="3Check")).to_be_focused()
    keys.open(page.get_by_role("button", name="Choose options"))
    expect(page.get_by_role("listitem").filter(has_text="4Options")).to_be_focused()
    keys.to(page.get_by_label("Let Coterie decide"))
    keys.press("ArrowDown")
    for label, n in (("At least", "2"), ("At most", "3")):
        keys.to(page.get_by_label(label))
        keys.press("Control+a")
        keys.type(n)
    keys.open(page.get_by_role("button", name="Run", exact=True))
    page.wait_for_url(re.compile("/runs/j"))
    keys.at_heading("Run")
    expect(page.get_by_text(re.compile(r"[23] segments in \d+ s"))).to_be_visible(timeout=SLOW)
    keys.open(page.get_by_role("link", name="See them"))
    keys.at_heading("Segments")
    expect(page.locator("tfoot")).to_contain_text("120")


def test_from_segments_to_a_customer_and_out_again(show, address):
    page = show("/p/shop/segments")
    keys = Keys(page)
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("main")).to_be_focused()
    first = page.locator("a[data-open]").first
    name = first.inner_text()
    keys.open(first)
    keys.at_heading(name)
    keys.press("]")
    heading = page.get_by_role("heading", level=1)
    expect(heading).not_to_have_text(re.compile(f"^({re.escape(name)}|Segment)$"))
    keys.at_heading(heading.inner_text())
    keys.press("[")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    planned = page.request.get(f"{address}{API}/offers/plan/customers?limit=1").json()
    who = planned["items"][0]["customer_id"]
    keys.press("g")
    keys.press("c")
    keys.at_heading("Customers")
    page.locator("a[data-open]").first.wait_for()
    keys.press("/")
    keys.type(who)
    expect(page.get_by_text(f"whose id begins with {who}")).to_be_visible()
    page.locator("section[aria-busy=false]").wait_for()
    keys.open(page.locator("a[data-open]"))
    keys.at_heading(who)
    page.wait_for_load_state("networkidle")
    other = page.get_by_label("Why not another?")
    keys.to(other)
    keys.press("ArrowDown")
    gaps = page.get_by_role("status").filter(has=page.get_by_role("listitem"))
    expect(gaps.first).to_be_visible()
    keys.to(page.get_by_role("slider", name="More orders"))
    keys.press("ArrowRight")
    expect(page.get_by_text(re.compile("It describes the model"))).to_be_visible()
    keys.to(page.get_by_role("button", name="Accepted"), back=True)
    keys.press("Space")
    fed = page.get_by_text("Fed back: it counts in the next report on offers.")
    expect(fed).to_be_visible()
    keys.open(page.get_by_role("link", name="Customers").last, back=True)
    keys.at_heading("Customers")


def test_a_list_is_exported(show):
    page = show("/p/shop/segments/seg-001")
    keys = Keys(page)
    menu = page.get_by_role("button", name=re.compile("Export"))
    keys.open(menu)
    expect(page.get_by_role("menuitem").first).to_be_focused()
    keys.press("Escape")
    expect(menu).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    with page.expect_download() as saved:
        keys.press("Enter")
    assert saved.value.suggested_filename.endswith(".csv")


def test_what_opens_takes_the_focus_and_gives_it_back(show):
    page = show("/p/shop/segments/seg-001")
    keys = Keys(page)
    rename = page.get_by_role("button", name="Rename")
    keys.open(rename)
    expect(page.get_by_label("New name")).to_be_focused()
    keys.press("Escape")
    expect(rename).to_be_focused()
    dates = page.get_by_role("button", name=re.compile("As of"))
    keys.open(dates, back=True)
    expect(page.get_by_role("menuitem").first).to_be_focused()
    keys.press("ArrowDown")
    expect(page.get_by_role("menuitem").nth(1)).to_be_focused()
    keys.press("Escape")
    expect(dates).to_be_focused()
    keys.press("Control+k")
    expect(page.get_by_role("combobox", name="Go to")).to_be_focused()
    keys.press("Escape")
    expect(dates).to_be_focused()


@pytest.fixture(scope="module")
def forms(data, tmp_path_factory):
    """Yield the address of a server with the two forms of real data; it only answers."""
    home = tmp_path_factory.mktemp("forms")
    for name, packed, file, rows, settings in (
        ("people", "segmentation_365/segmentation_data.csv.gz", "people.csv", 800, SHOP_365),
        ("credit", "credit_card/cc_general.csv.gz", "cards.csv", 600, CREDIT_CARDS),
    ):
        (home / name).mkdir()
        unpack(data / packed, home / name / file, rows)
        (home / name / "coterie.toml").write_text(settings)
        Project(home / name).run()
    with served(ServerParams(home), workers=0) as client:
        yield str(client.base_url).rstrip("/")


def test_the_form_of_365(show, forms):
    page = show(f"{forms}/p/people/predict")
    keys = Keys(page)
    for label, n in (("university", 2), ("management", 2), ("big city", 2)):
        wanted = page.get_by_label(label, exact=True)
        group = page.get_by_role("radiogroup").filter(has=wanted)
        keys.to(group.get_by_role("radio"))
        for _ in range(n):
            keys.press("ArrowDown")
        expect(wanted).to_be_checked()
    keys.to(page.get_by_label("Income"))
    keys.type("250,000")
    keys.press("Enter")
    expect(page.get_by_role("status", name="Result")).to_be_visible()


def test_the_form_of_card_holders(show, forms):
    page = show(f"{forms}/p/credit/predict")
    keys = Keys(page)
    keys.to(page.get_by_label("BALANCE", exact=True))
    keys.type("much")
    keys.press("Enter")
    expect(page.get_by_label("BALANCE", exact=True)).to_be_focused()
