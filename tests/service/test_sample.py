"""The sample at one click: an empty project becomes the simulated shop, and no other does."""

from __future__ import annotations

from coterie.sources.samples import write_sample
from tests.service.conftest import CARDS, ROOT


def test_an_empty_project_becomes_the_shop_and_is_run(ready, tmp_path):
    assert ready.post(ROOT, json={"name": "try"}).status_code == 201
    answer = ready.post(f"{ROOT}/try/sample")
    assert answer.status_code == 202
    job = answer.json()
    assert (job["kind"], job["state"]) == ("run", "queued")
    assert answer.headers["location"].endswith(f"/projects/try/jobs/{job['id']}")
    settings = write_sample("shop", tmp_path / "same").read_text()
    assert ready.get(f"{ROOT}/try/mapping").json()["toml"] == settings
    folder = tmp_path / "home" / "try"
    for table in ("orders", "customers", "events", "texts", "touches"):
        same = (tmp_path / "same" / f"{table}.parquet").read_bytes()
        assert (folder / f"{table}.parquet").read_bytes() == same
    assert not list(folder.glob(".sample-*"))
    assert ready.get(f"{ROOT}/try").json()["mapped"]


def test_a_project_with_sources_keeps_them(ready, tmp_path):
    before = ready.get(f"{ROOT}/cards/mapping").json()
    answer = ready.post(f"{ROOT}/cards/sample")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert ready.get(f"{ROOT}/cards/mapping").json() == before
    assert (tmp_path / "home/cards/cards.csv").read_text() == CARDS
    assert not (tmp_path / "home/cards/orders.parquet").exists()
