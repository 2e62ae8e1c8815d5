"""The commands for what is kept of people, called as a user calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_a_person_is_shown_and_erased_and_the_certificate_is_whole(
    club: Path, coterie: Callable[..., Any]
) -> None:
    assert coterie(club, "run").code == 0
    held = coterie(club, "access", "1007", "--json").json["data"]
    assert held["total"] > 0
    assert "1007" in json.dumps(held["places"])
    said = coterie(club, "erase", "1007", "--reason", "request 12", "--yes", "--json")
    assert said.code == 0
    (told,) = said.json["data"]["items"]
    made = Path(told["file"])
    assert coterie(club, "erase", "--check", str(made)).code == 0
    changed = club / "changed.json"
    changed.write_text(made.read_text().replace("request 12", "request 13"))
    refused = coterie(club, "erase", "--check", "changed.json")
    assert (refused.code, "Traceback" in refused.err) == (1, False)
    assert "1007" not in (club / "customers.csv").read_text()
    assert coterie(club, "customer", "1007").code == 1
    assert coterie(club, "access", "1007", "--json").json["data"]["total"] == 0


def test_keys_are_put_in_front_and_pseudonyms_become_ids_again(
    club: Path, coterie: Callable[..., Any]
) -> None:
    settings, people = club / "coterie.toml", club / "customers.csv"
    settings.write_text(settings.read_text() + "[privacy]\npseudonyms = true\nsealed = true\n")
    head, *rows = people.read_text().splitlines()
    mails = [f"{row},m{row.split(',')[0]}@ex.org" for row in rows]
    people.write_text("\n".join([f"{head},e_mail", *mails]) + "\n")
    assert coterie(club, "run").code == 0
    assert coterie(club, "keys", "rotate").code == 0
    listed = coterie(club, "segments", "--json").json["data"]["items"]
    assert listed
    from coterie import Project

    known = Project(club).latest.table("assignments")["customer_id"].to_pylist()
    assert "1007" not in known
    (club / "members.csv").write_text("customer_id\n" + "\n".join(known) + "\n")
    asked = ("identify", "members.csv", "--to", "mailing.csv", "--with")
    assert coterie(club, *asked, "e_mail").code == 0
    assert '"1007","m1007@ex.org"' in (club / "mailing.csv").read_text().splitlines()
    said = coterie(club, *asked, "email")
    assert (said.code, "e_mail" in said.err) == (1, True)
    told = coterie(club, "customer", known[0], "--identity", "--json").json["data"]
    assert told["identity"]["e_mail"].endswith("@ex.org")
    assert told["identity"]["e_mail"] in coterie(club, "customer", known[0], "--identity").out
    assert "@ex.org" not in coterie(club, "customer", known[0], "--json").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["erase", "nobody", "--yes"], "nobody"),
        (["access", ""], ""),
        (["erase", "--check", "nothing.json"], "nothing.json"),
        (["identify", "nothing.csv", "--to", "x.csv"], "nothing.csv"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    club: Path, coterie: Callable[..., Any], words: list[str], told: str
) -> None:
    assert coterie(club, "run").code == 0
    said = coterie(club, *words)
    assert "Traceback" not in said.err
    assert (said.code == 1 and told in said.err) or words[0] == "access" or words[1] == "nobody"
