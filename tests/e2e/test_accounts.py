"""Signing in, what a viewer sees and may not do, and what admins do."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from coterie.service.params import ServerParams, open_database
from coterie.service.passwords import hash_password
from coterie.store.accounts import Accounts
from tests.e2e.conftest import violations
from tests.e2e.keys import Keys
from tests.service.conftest import served

ANA, TOM = "ana@shop.example", "tom@shop.example"
PASSWORD = "a horse, a battery, a staple"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def guarded(home, tmp_path_factory):
    """Yield the address of a server with an admin and a viewer."""
    mine = tmp_path_factory.mktemp("guarded") / "home"
    shutil.copytree(home, mine)
    params = ServerParams(mine)
    database = open_database(params)
    accounts = Accounts(database)
    row = {"password": hash_password(PASSWORD), "temporary": False}
    accounts.add({**row, "id": "u1", "email": ANA, "name": "Ana", "admin": True}, roles={}, now=NOW)
    viewer = {**row, "id": "u2", "email": TOM, "name": "Tom", "admin": False}
    accounts.add(viewer, roles={"shop": "viewer"}, now=NOW)
    database.close()
    with served(params) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture
def tab(browser, guarded):
    """Yield what opens a page of the guarded server in a browser of its own."""
    contexts = []

    def tab(path, *, email="", password=PASSWORD):
        context = browser.new_context(base_url=guarded, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        if email:
            fill(page, email, password)
            page.wait_for_url(lambda url: "/sign-in" not in url or password != PASSWORD)
        return page

    yield tab
    for context in contexts:
        context.close()


def fill(page, email, password):
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_the_page_that_was_wanted_opens_after_signing_in(tab):
    page = tab("/p/shop/segments?view=grid")
    page.wait_for_url(re.compile(r"/sign-in\?next=%2Fp%2Fshop%2Fsegments%3Fview%3Dgrid"))
    expect(page.get_by_label("E-mail")).to_be_focused()
    assert violations(page) == []
    fill(page, ANA, PASSWORD)
    page.wait_for_url("**/p/shop/segments?view=grid")
    expect(page.get_by_role("heading", level=1)).to_have_text("Segments")


def test_it_is_never_said_which_of_the_two_was_wrong(tab):
    page = tab("/sign-in", email="nobody@shop.example", password="something else entirely")
    expect(page.get_by_text("E-mail or password is wrong.")).to_be_visible()
    assert page.get_by_label("Password", exact=True).get_attribute("aria-invalid") == "true"
    fill(page, ANA, "something else entirely")
    expect(page.get_by_text("E-mail or password is wrong.")).to_be_visible()
    assert violations(page) == []


def test_a_session_that_ends_asks_again_and_keeps_the_page(tab):
    page = tab("/p/shop/customers", email=ANA)
    page.get_by_role("heading", name="Customers").wait_for()
    page.wait_for_load_state("networkidle")
    page.context.clear_cookies()
    page.get_by_label("Search by the beginning of the id").fill("c00001")
    expect(page.get_by_text("Your session ended; what you typed is kept.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("dialog").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("whose id begins with c00001")).to_be_visible()


def test_signing_out_ends_it(tab):
    page = tab("/", email=ANA)
    page.get_by_role("button", name="Account of Ana").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto("/p/shop/overview")
    page.wait_for_url(re.compile("/sign-in"))


def test_a_viewer_sees_segments_and_is_told_what_is_not_for_her(tab):
    page = tab("/p/shop/segments", email=TOM)
    page.locator("tfoot").wait_for()
    page.locator("a[data-open]").first.click()
    expect(page.get_by_role("button", name=re.compile("Export"))).to_be_disabled()
    expect(
        page.get_by_role("button", name=re.compile("Rename needs|Renaming needs"))
    ).to_be_visible()
    page.goto("/p/shop/customers")
    expect(page.get_by_text("This needs the role Analyst. Ask an admin.")).to_be_visible()
    page.goto("/p/shop/customers/c000001")
    expect(page.get_by_text("●●●● Names need the role Analyst. Ask an admin.")).to_be_visible()
    assert violations(page) == []
    for path in ("overview", "choice", "flows", "quality", "segments?view=map"):
        page.goto(f"/p/shop/{path}")
        page.wait_for_load_state("networkidle")
        assert violations(page) == [], path
        text = page.locator("main").inner_text()
        assert not re.search(r"\b(NaN|undefined|null)\b|could not be loaded", text), path
    page.goto("/admin/users")
    expect(page.get_by_text("This needs the role Admin. Ask an admin.")).to_be_visible()


def test_who_is_invited_chooses_a_password_before_anything_else(tab):
    page = tab("/admin/users", email=ANA)
    page.get_by_label("E-mail").fill("new@shop.example")
    page.get_by_role("button", name="Invite").click()
    secret = page.get_by_role("dialog").locator("code").inner_text()
    expect(page.get_by_role("dialog")).to_contain_text("Copy it now; it is not shown again.")
    assert violations(page) == []
    other = tab("/p/shop/overview", email="new@shop.example", password=secret)
    other.get_by_role("textbox", name="Password so far").fill(secret)
    other.get_by_role("textbox", name="New password").fill("short")
    other.get_by_role("button", name="Change the password").click()
    expect(other.get_by_role("textbox", name="New password")).to_have_attribute(
        "aria-invalid", "true"
    )
    other.get_by_role("textbox", name="New password").fill("five words of my own")
    other.get_by_role("button", name="Change the password").click()
    other.wait_for_url("**/p/**")


def test_the_only_admin_stays(tab):
    page = tab("/admin/users", email=ANA)
    expect(page.get_by_text("You are the only admin; name another first.")).to_be_visible()
    expect(page.get_by_role("button", name=f"Remove {ANA}")).to_be_disabled()


def test_a_key_is_made_shown_once_and_revoked(tab):
    page = tab("/admin/keys", email=ANA)
    page.get_by_label("Name of the program").fill("nightly")
    page.get_by_role("button", name="Make a key").click()
    assert len(page.get_by_role("dialog").locator("code").inner_text()) > 20
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    page.get_by_role("button", name="Revoke nightly").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_role("cell", name=re.compile("^revoked"))).to_be_visible()


def test_the_log_says_who_did_what_and_that_it_is_whole(tab):
    page = tab("/admin/audit", email=ANA)
    expect(page.get_by_text("chain unbroken")).to_be_visible()
    expect(page.get_by_role("cell", name="Ana").first).to_be_visible()


def test_a_project_is_deleted_once_its_name_was_typed(tab):
    page = tab("/admin/projects", email=ANA)
    page.get_by_label("Name of a new project").fill("trial")
    page.get_by_role("button", name="Make a project").click()
    delete = page.get_by_role("button", name="Delete trial…")
    delete.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing else uses it. This cannot be undone.")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(delete).to_be_focused()
    delete.press("Enter")
    field = dialog.get_by_label("Type trial to go on")
    expect(field).to_be_focused()
    act = dialog.get_by_role("button", name="Delete project")
    expect(act).to_be_disabled()
    field.fill("trial")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(delete).to_have_count(0)
    page.get_by_role("button", name="Delete shop…").click()
    expect(dialog).to_contain_text("146 customers and 2 runs are deleted")
    expect(dialog).to_contain_text("It is used by 1 role of a user")


def test_a_customer_is_erased_once_her_id_was_typed(tab):
    page = tab("/admin/privacy", email=ANA)
    page.get_by_label("Project", exact=True).select_option("shop")
    page.get_by_label("Id of the customer").fill("c000003")
    page.get_by_role("button", name="Look what is kept").click()
    erase = page.get_by_role("button", name="Erase…")
    dialog = page.get_by_role("dialog")
    erase.click()
    page.keyboard.press("Escape")
    expect(erase).to_be_focused()
    erase.click()
    expect(dialog.get_by_role("textbox")).to_be_focused()
    expect(dialog).to_contain_text("This cannot be undone.")
    act = dialog.get_by_role("button", name="Erase customer")
    expect(act).to_be_disabled()
    assert violations(page) == []
    dialog.get_by_label("Type c000003 to go on").fill("c000003")
    act.click()
    made = page.get_by_role("button", name=re.compile("Certificate"))
    made.wait_for(timeout=60_000)
    expect(made).to_be_focused()
    with page.expect_download() as saved:
        made.click()
    assert saved.value.suggested_filename == "shop-certificate.json"


def test_signing_in_and_out_by_keys_alone(tab):
    page = tab("/sign-in")
    keys = Keys(page)
    expect(page.get_by_label("E-mail")).to_be_focused()
    keys.type(ANA)
    keys.to(page.get_by_label("Password", exact=True))
    keys.type("something else entirely")
    keys.press("Enter")
    expect(page.get_by_text("E-mail or password is wrong.")).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    keys.press("Control+a")
    keys.type(PASSWORD)
    keys.open(page.get_by_role("button", name="Sign in"))
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.get_by_role("heading", name="Projects").wait_for()
    keys.open(page.get_by_role("button", name="Account of Ana"), back=True)
    expect(page.get_by_role("menuitem").first).to_be_focused()
    keys.press("End")
    expect(page.get_by_role("menuitem", name="Sign out")).to_be_focused()
    keys.press("Enter")
    page.wait_for_url("**/sign-in")
