"""The web application as a browser is given it: one page, its files, and no other host."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from coterie.service import web
from coterie.service.openapi import openapi_text

UI = Path(__file__).parents[2] / "ui"
BUDGET = 250_000
"""Bytes of packed script until the first page is drawn."""


@pytest.fixture
def built() -> Path:
    """Return the folder of the built files."""
    if not (web.BUILT / "index.html").is_file():
        pytest.skip("the web application is not built: make ui")
    return web.BUILT


def test_its_client_is_typed_by_what_the_server_offers_now():
    kept = (UI / "openapi.json").read_text(encoding="utf-8")
    hint = "python -m coterie.service.openapi ui/openapi.json"
    assert json.loads(kept) == json.loads(openapi_text()), hint


@pytest.mark.parametrize(
    "path", ["/", "/start", "/p/shop/segments", "/p/a/customers/x%2Fy", "/runs/j1"]
)
def test_every_address_of_a_page_is_the_one_page_with_its_own_nonce(client, built, path):
    first, again = client.get(path), client.get(path)
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    nonces = {
        re.search("nonce-([^']+)", one.headers["content-security-policy"])[1]
        for one in (first, again)
    }
    assert len(nonces) == 2
    assert web.NONCE not in first.text
    assert f'nonce="{min(nonces)}"' in first.text + again.text
    assert first.headers["cache-control"] == "no-cache"
    assert client.head(path).status_code == 200


def test_the_page_loads_nothing_from_elsewhere(client, built):
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    loaded = re.findall(r"""(?:src|href)="([^"]+)""", (built / "index.html").read_text())
    assert loaded
    assert all(one.startswith("/") for one in loaded)
    for file in built.rglob("*.css"):
        assert not re.findall(r"url\(['\"]?(?:https?:)?//", file.read_text())


def test_hashed_files_are_kept_for_good_and_packed(client, built):
    name = next(built.glob("assets/*.js")).name
    found = client.get(f"/assets/{name}")
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert found.headers["content-encoding"] == "gzip"
    assert found.content == (built / "assets" / name).read_bytes()
    plain = client.get(f"/assets/{name}", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == found.content


@pytest.mark.parametrize(
    "path", ["/assets/..%2findex.html", "/assets/none.js", "/nothing", "/api/v1/none", "/px"]
)
def test_what_is_no_page_and_no_file_is_not_found(client, path):
    assert client.get(path).status_code == 404


def test_what_is_loaded_before_the_first_page_is_small(built):
    page = (built / "index.html").read_text()
    scripts = re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', page)
    assert scripts
    assert sum(len(gzip.compress((built / one).read_bytes())) for one in scripts) < BUDGET
    assert not any("echarts" in (built / one).read_text() for one in scripts)


def test_a_server_without_the_built_files_says_how_to_build_them(client, monkeypatch, tmp_path):
    monkeypatch.setattr(web, "BUILT", tmp_path)
    found = client.get("/p/shop/segments")
    assert found.status_code == 200
    assert "make ui" in found.text


def test_the_build_calls_no_npm_of_its_own():
    scripts = json.loads((UI / "package.json").read_text(encoding="utf-8"))["scripts"]
    # Where the package is built there is Node, but no npm that could be found by its name.
    assert not [name for name in ("build", "check") if "npm" in scripts[name]]
