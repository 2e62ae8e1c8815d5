"""Names that are kept encrypted are shown to whoever may see them, and each look is noted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from benchmarks.bench_accounts import make_key, serving, sign_in
from coterie import Project
from coterie.client import Client
from coterie.privacy.identities import FILE
from coterie.service.params import ServerParams
from tests.privacy.test_pseudonyms import ANNA, SOURCES, TOML, write
from tests.service.conftest import ROOT

ROLES = {"shop": "analyst", "other": "analyst", "plain": "analyst"}
AT = f"{ROOT}/shop/customers"
ANNAS = {"e_mail": "m7@ex.org", "reach": "x7@ex.org"}
Town = tuple[FastAPI, httpx.Client]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Yield a server of three projects: names for analysts, for admins, and none."""
    home = tmp_path_factory.mktemp("named") / "home"
    (home / "shop").mkdir(parents=True)
    project = write(home / "shop", f"{SOURCES}[privacy]\nsealed = true\n")
    project.run()
    for name, settings in (("other", 'sealed = true\nseen_by = "admin"'), ("plain", "")):
        shutil.copytree(home / "shop", home / name)
        (home / name / "coterie.toml").write_text(f"{SOURCES}[privacy]\n{settings}\n")
    with serving(ServerParams(home)) as found:
        yield found


def ask(town: Town, headers: dict[str, str], path: str, **params: Any) -> Any:
    answer = town[1].get(path, headers=headers, params=params)
    town[1].cookies.clear()
    assert answer.status_code == 200, answer.text
    return answer.json()


def looks(town: Town) -> list[dict[str, Any]]:
    """Return the entries of looks at names, the newest first."""
    rows, _ = town[0].state.doors.audit.page(before=None, limit=50)
    return [row for row in rows if row["event"] == "identity"]


def test_an_analyst_sees_who_she_is_and_that_is_noted_by_a_hash(town):
    doors = town[0].state.doors
    ana, before = sign_in(doors, "ana@ex.org", roles=ROLES), len(looks(town))
    told = ask(town, ana, f"{AT}/{ANNA}")
    assert (told["identity"], told["identity_reason"]) == (ANNAS, None)
    entry = looks(town)[0]
    assert len(looks(town)) == before + 1
    assert entry["told"] == {"route": "show_customer", "customer_id": doors.hidden(ANNA)}
    assert (entry["project"], entry["actor"][:5]) == ("shop", "user:")
    rows, _ = doors.audit.page(before=None, limit=500)
    assert not any(word in repr(rows) for word in (ANNA, *ANNAS.values()))


def test_a_list_tells_names_when_it_is_asked_to(town):
    doors = town[0].state.doors
    ana, before = sign_in(doors, "ana@ex.org", roles=ROLES), len(looks(town))
    plain = ask(town, ana, AT, limit=5)["items"]
    assert {row["identity"] for row in plain} == {None}
    assert len(looks(town)) == before
    items = ask(town, ana, AT, limit=5, identity=True)["items"]
    assert [row["identity"]["e_mail"] for row in items] == [f"m{n}@ex.org" for n in range(5)]
    hashes = looks(town)[0]["told"]["customer_ids"].split()
    assert hashes == [doors.hidden(row["customer_id"])[:16] for row in items]


def test_who_may_not_is_told_why_and_nothing_is_noted(town):
    doors = town[0].state.doors
    ana, before = sign_in(doors, "ana@ex.org", roles=ROLES), len(looks(town))
    viewer = sign_in(doors, "vic@ex.org", roles=dict.fromkeys(ROLES, "viewer"))
    refused = town[1].get(f"{AT}/{ANNA}", headers=viewer)
    town[1].cookies.clear()
    assert (refused.status_code, "role Analyst" in refused.text) == (403, True)
    program = make_key(doors, ["customers"], "shop")
    for headers, project, why in (
        (ana, "other", "Names need the role Admin."),
        (ana, "plain", "Names are not kept in this project."),
        (program, "shop", "Names need a key with the scope identities."),
    ):
        told = ask(town, headers, f"{ROOT}/{project}/customers/{ANNA}")
        assert (told["identity"], told["identity_reason"]) == (None, why)
        (row,) = ask(town, headers, f"{ROOT}/{project}/customers", search=ANNA, identity=True)[
            "items"
        ]
        assert (row["identity"], row["identity_reason"]) == (None, why)
        assert "ex.org" not in repr(told)
    assert len(looks(town)) == before


def test_admins_and_keys_with_the_scope_see_names(town):
    doors = town[0].state.doors
    admin = sign_in(doors, "ida@ex.org", admin=True)
    assert ask(town, admin, f"{ROOT}/other/customers/{ANNA}")["identity"] == ANNAS
    scopes = ["customers", "identities"]
    with Client(
        str(town[1].base_url), key=make_key(doors, scopes, "shop")["authorization"][7:]
    ) as c:
        assert c.project("shop").customer(ANNA)["identity"] == ANNAS
        assert all(row["identity"] for row in c.project("shop").customers(identity=True))
    alone = make_key(doors, ["identities"], "shop")
    assert town[1].get(f"{AT}/{ANNA}", headers=alone).status_code == 403


def test_the_file_of_another_project_does_not_open(town):
    home = town[0].state.projects.params.home
    admin = sign_in(town[0].state.doors, "ida@ex.org", admin=True)
    kept = (home / "other" / ".coterie" / FILE).read_bytes()
    foreign = write_other(home.parent / "foreign")
    try:
        shutil.copy(foreign / ".coterie" / FILE, home / "other" / ".coterie" / FILE)
        told = ask(town, admin, f"{ROOT}/other/customers/{ANNA}")
        assert told["identity"] is None
        assert "another key" in told["identity_reason"]
        assert told["segment_id"]
    finally:
        (home / "other" / ".coterie" / FILE).write_bytes(kept)


def write_other(folder):
    """Write and run a project of the same people with a key of its own."""
    folder.mkdir()
    project = write(folder, f"{TOML}sealed = true\n")
    project.run()
    return Project(folder).folder
