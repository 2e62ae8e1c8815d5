"""A person asks what is kept on her, and then that it be erased."""

from __future__ import annotations

import shutil

from coterie.privacy.sealing import is_signed
from coterie.service.params import ServerParams
from tests.service.conftest import ROOT, finish, served


def test_a_customer_is_shown_what_is_kept_and_is_erased_by_a_job(cards, tmp_path):
    shutil.copytree(cards, tmp_path / "home" / "cards")
    with served(ServerParams(tmp_path / "home")) as client:
        at = f"{ROOT}/cards/customers/c007"
        assert client.get(at).json()["customer_id"] == "c007"
        total = client.get(f"{ROOT}/cards/customers").json()["total"]
        held = client.get(f"{at}/access").json()
        assert held["places"]["cards.csv"]["cards.csv"]["rows"][0]["id"] == "c007"
        assert held["places"]["table customers"]["table customers"]["rows"]

        asked = client.delete(at, params={"reason": "request 3"})
        assert asked.status_code == 202
        job = finish(client, asked.json())
        (certificate,) = job["result"]["certificates"]
        assert is_signed(certificate)
        assert certificate["removed"] == held["total"]
        assert certificate["reason"] == "request 3"

        assert client.get(at).status_code == 404
        assert client.get(f"{ROOT}/cards/customers").json()["total"] == total - 1
        assert client.get(f"{at}/access").json() == {
            "customer_id": "c007",
            "places": {},
            "total": 0,
        }
    assert "c007" not in (tmp_path / "home" / "cards" / "cards.csv").read_text()


def test_an_export_for_activation_counts_who_did_not_agree(ready):
    found = ready.get(f"{ROOT}/cards/exports/assignments", params={"activation": "true"})
    assert found.status_code == 200
    assert found.headers["x-held-back"] == "0"
