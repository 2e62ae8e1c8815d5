"""Users and keys: the same on both databases; there is always an admin left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from coterie.errors import ParameterError
from coterie.store.accounts import Accounts, ApiKeys, LastAdminError, TakenError
from coterie.store.database import Database

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def add(accounts: Accounts, number: int, **more: object) -> str:
    """Add a user; return the id."""
    row = {"id": f"u{number}", "email": f"U{number}@Shop.example", **more}
    return accounts.add(row, now=NOON).id


def test_a_user_is_found_however_the_e_mail_is_written(database):
    accounts = Accounts(database)
    assert not accounts.exist()
    add(accounts, 1, name="Ana")
    assert accounts.exist()
    found = accounts.by_email("  u1@SHOP.example ")
    assert found is not None
    assert (found.email, found.name, found.admin, found.roles) == (
        "u1@shop.example",
        "Ana",
        False,
        {},
    )
    with pytest.raises(TakenError):
        add(accounts, 1)
    assert len(accounts.all()) == 1


@pytest.mark.parametrize("email", ["", "ana", "a@b", "a b@c.de", "@c.de", "a@@c.de", "a@c.de\n.x"])
def test_what_is_no_e_mail_is_refused(tmp_path, email):
    database = Database(tmp_path / "coterie.db")
    with pytest.raises(ParameterError, match="no e-mail"):
        Accounts(database).add({"id": "u", "email": email}, now=NOON)
    database.close()


def test_roles_are_given_changed_and_taken_away(database):
    accounts = Accounts(database)
    user = add(accounts, 1)
    accounts.change(user, {}, roles={"shop": "viewer", "bank": "analyst"})
    changed = accounts.change(user, {}, roles={"shop": "analyst", "bank": None})
    assert changed is not None
    assert changed.roles == {"shop": "analyst"}
    with pytest.raises(ParameterError, match="role"):
        accounts.change(user, {}, roles={"shop": "king"})
    assert accounts.change("nobody", {"name": "x"}) is None


def test_no_change_leaves_a_server_without_admin(database):
    accounts = Accounts(database)
    one, two = add(accounts, 1, admin=True), add(accounts, 2, admin=True)
    accounts.change(one, {"disabled": True})
    for change in (
        lambda: accounts.change(two, {"disabled": True}),
        lambda: accounts.change(two, {"admin": False}),
        lambda: accounts.remove(two),
    ):
        with pytest.raises(LastAdminError):
            change()
    found = accounts.by_id(two)
    assert found is not None
    assert found.admin
    assert accounts.remove(one)


def test_of_two_admins_that_remove_each_other_one_is_left(database):
    accounts = Accounts(database)
    ids = [add(accounts, number, admin=True) for number in range(4)]

    def remove(user: str) -> bool:
        try:
            return accounts.remove(user)
        except LastAdminError:
            return False

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(remove, ids))
    assert sum(done) == 3
    assert [user.admin for user in accounts.all()] == [True]


def test_sessions_end_with_what_a_user_may(database):
    accounts = Accounts(database)
    user = add(accounts, 1)

    def signed_in() -> bool:
        accounts.begin_session(user, "h", now=NOON)
        assert accounts.session("h", now=NOON) is not None
        return True

    for change, roles in [
        ({"password": "x"}, None),
        ({"disabled": False}, None),
        ({}, {"a": None}),
    ]:
        assert signed_in()
        accounts.change(user, change, roles=roles)
        assert accounts.session("h", now=NOON) is None
    assert signed_in()
    accounts.change(user, {"name": "Ana"})
    assert accounts.session("h", now=NOON) is not None
    accounts.remove(user)
    assert accounts.session("h", now=NOON) is None


def key(number: int, **more: object) -> dict[str, object]:
    """Return the row of a key of a day."""
    row = {
        "id": f"k{number}",
        "name": "n",
        "hash": f"h{number}",
        "made_by": "u1",
        "scopes": ["read"],
    }
    return {**row, "created": NOON, "expires": NOON + timedelta(days=1), **more}


def test_a_key_opens_until_it_ends_or_is_revoked(database):
    keys = ApiKeys(database)
    keys.add(key(1))
    found = keys.find("h1", now=NOON, day=20_000)
    assert found is not None
    assert found["scopes"] == ["read"]
    assert keys.all()[0]["last_used"] == 20_000
    assert keys.find("h1", now=NOON + timedelta(days=1), day=20_001) is None
    assert keys.find("h2", now=NOON, day=20_000) is None
    assert keys.revoke(key_id="k1", now=NOON) == 1
    assert keys.find("h1", now=NOON, day=20_000) is None
    assert keys.revoke(key_id="k1", now=NOON) == 0


def test_keys_go_with_who_made_them(database):
    keys = ApiKeys(database)
    for number, maker in enumerate(["u1", "u2", "u1"]):
        keys.add(key(number, made_by=maker))
    assert keys.revoke(made_by="u1", now=NOON) == 2
    assert [row["id"] for row in keys.all() if row["revoked"] is None] == ["k1"]
