"""Signing in by a provider of our own: what it vouches for wrongly is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from benchmarks.bench_accounts import serving
from coterie.errors import ParameterError
from coterie.service.oidc import oidc_params
from coterie.service.params import ServerParams

START = "/api/v1/session/oidc"
BACK = "/api/v1/session/oidc/callback"
SECRET = "a secret that we share"
KEY, FOREIGN = RSAKey.generate_key(2048, {"kid": "one"}), RSAKey.generate_key(2048, {"kid": "one"})
Claims = dict[str, Any]


class Provider:
    """A provider that says what a test wants it to say."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.asked: dict[str, str] = {}
        self.form: dict[str, str] = {}
        self.basic = ""
        self.claims: Claims = {}
        self.sign: Callable[[Claims], str] = signed
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                about = {
                    "issuer": provider.issuer,
                    "authorization_endpoint": f"{provider.issuer}/authorize",
                    "token_endpoint": f"{provider.issuer}/token",
                    "jwks_uri": f"{provider.issuer}/keys",
                }
                keys = {"keys": [KEY.as_dict(private=False)]}
                self.tell(keys if self.path == "/keys" else about)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                provider.form = {name: value[0] for name, value in parse_qs(body).items()}
                provider.basic = self.headers["authorization"]
                token = provider.sign(provider.claims)
                self.tell({"access_token": "a", "token_type": "Bearer", "id_token": token})

            def tell(self, told: Claims) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(told).encode())

            def log_message(self, *_: Any) -> None:
                """Stay quiet."""

        return Handler

    def vouch(self, **more: Any) -> None:
        """Say who it is; by default what is right."""
        now = int(time.time())
        self.claims = {
            "iss": self.issuer,
            "sub": "248289761001",
            "aud": "coterie",
            "exp": now + 300,
            "iat": now,
            "nonce": self.asked["nonce"],
            "email": "Ana@Shop.example",
            "email_verified": True,
            "name": "Ana Diaz",
            **more,
        }


def signed(claims: Claims) -> str:
    """Sign as the provider does."""
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)


def by_another(claims: Claims) -> str:
    """Sign by a key that is not the provider's."""
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, FOREIGN)


def by_its_public_key(claims: Claims) -> str:
    """Sign by what everybody knows, as if it were a shared secret."""
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(KEY.as_pem(private=False)))


def unsigned(claims: Claims) -> str:
    """Sign not at all."""
    parts = [{"alg": "none"}, claims]
    packed = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in parts]
    return b".".join([*packed, b""]).decode()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Yield a provider."""
    found = Provider()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def server(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[FastAPI, httpx.Client]]:
    """Yield a server with an admin that sends people to the provider, and a client."""
    (tmp_path / "client.secret").write_text(f"{SECRET}\n")
    monkeypatch.setenv("COTERIE_OIDC_ISSUER", provider.issuer)
    monkeypatch.setenv("COTERIE_OIDC_CLIENT_ID", "coterie")
    monkeypatch.setenv("COTERIE_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "client.secret"))
    monkeypatch.setenv("COTERIE_OIDC_NAME", "Acme ID")
    with serving(ServerParams(tmp_path / "home")) as (app, client):
        doors = app.state.doors
        doors.accounts.add(
            {"id": "u1", "email": "b@shop.example", "admin": True}, now=doors.clock()
        )
        yield app, client


def set_out(provider: Provider, client: httpx.Client) -> None:
    """Go to the provider, which remembers what it was asked."""
    sent = client.get(START)
    assert sent.status_code == 302
    place = urlsplit(sent.headers["location"])
    assert f"{place.scheme}://{place.netloc}" == provider.issuer
    provider.asked = {name: value[0] for name, value in parse_qs(place.query).items()}


def come_back(provider: Provider, client: httpx.Client, **other: str) -> httpx.Response:
    """Come back with a code."""
    given = {"code": "c0de", "state": provider.asked["state"], **other}
    return client.get(BACK, params=given)


def test_who_the_provider_vouches_for_is_signed_in_without_any_role(server, provider):
    app, client = server
    assert client.get("/api/v1/session").json()["oidc"] == "Acme ID"
    set_out(provider, client)
    asked = provider.asked
    assert (asked["response_type"], asked["client_id"]) == ("code", "coterie")
    assert asked["redirect_uri"] == f"{str(client.base_url).rstrip('/')}{BACK}"
    assert asked["code_challenge_method"] == "S256"
    provider.vouch()
    back = come_back(provider, client)
    assert (back.status_code, back.headers["location"]) == (303, "/")
    verifier = provider.form["code_verifier"]
    digest = hashlib.sha256(verifier.encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert provider.form["redirect_uri"] == asked["redirect_uri"]
    assert base64.b64decode(provider.basic.removeprefix("Basic ")).decode().startswith("coterie:")
    told = client.get("/api/v1/session").json()
    assert (told["email"], told["name"], told["admin"], told["roles"]) == (
        "ana@shop.example",
        "Ana Diaz",
        False,
        {},
    )
    assert client.get("/api/v1/projects").json()["items"] == []
    assert [row["event"] for row in app.state.doors.audit.page(limit=2)[0]] == [
        "sign-in",
        "user.made",
    ]


def test_who_is_known_already_is_herself(server, provider):
    app, client = server
    set_out(provider, client)
    provider.vouch(email="B@shop.example")
    assert come_back(provider, client).status_code == 303
    told = client.get("/api/v1/session").json()
    assert (told["id"], told["admin"]) == ("u1", True)
    assert len(app.state.doors.accounts.all()) == 1


@pytest.mark.parametrize(
    ("wrong", "sign"),
    [
        ({"nonce": "another"}, signed),
        ({"aud": "another client"}, signed),
        ({"aud": ["coterie", "another"], "azp": "another"}, signed),
        ({"exp": 1_700_000_000}, signed),
        ({"iss": "https://another.example"}, signed),
        ({"email_verified": False}, signed),
        ({"email_verified": "true"}, signed),
        ({"email": ""}, signed),
        ({}, unsigned),
        ({}, by_another),
        ({}, by_its_public_key),
        ({}, lambda _: "no token at all"),
    ],
)
def test_a_token_that_is_not_as_it_should_be_is_refused(server, provider, wrong, sign):
    app, client = server
    set_out(provider, client)
    provider.vouch(**wrong)
    provider.sign = sign
    refused(app, client, come_back(provider, client))


def test_without_a_nonce_a_token_is_refused(server, provider):
    app, client = server
    set_out(provider, client)
    provider.vouch()
    del provider.claims["nonce"]
    refused(app, client, come_back(provider, client))


def refused(app: FastAPI, client: httpx.Client, said: httpx.Response) -> None:
    """Hold that somebody was refused without a word on why, and that it was written down."""
    assert said.status_code == 401
    assert said.json()["detail"] == "Signing in with Acme ID did not work."
    assert not client.get("/api/v1/session").json()["signed_in"]
    assert len(app.state.doors.accounts.all()) == 1
    entry = app.state.doors.audit.page(limit=1)[0][0]
    assert (entry["event"], entry["told"]["by"]) == ("sign-in.refused", "oidc")


@pytest.mark.parametrize("state", ["", "another", "0" * 64])
def test_another_state_is_refused(server, provider, state):
    app, client = server
    set_out(provider, client)
    provider.vouch()
    refused(app, client, come_back(provider, client, state=state))
    assert provider.form == {}  # the code was not even shown


def test_only_the_browser_that_set_out_comes_back(server, provider):
    app, client = server
    set_out(provider, client)
    provider.vouch()
    client.cookies.clear()
    refused(app, client, come_back(provider, client))


def test_who_was_away_for_too_long_sets_out_again(server, provider):
    app, client = server
    oidc, doors = app.state.oidc, app.state.doors
    cookie = f"{int(doors.clock().timestamp()) - 601}.token"
    state = oidc._part("state", cookie)
    headers = {"cookie": f"coterie_oidc={cookie}"}
    said = client.get(BACK, params={"code": "c", "state": state}, headers=headers)
    refused(app, client, said)


def test_who_is_disabled_stays_out(server, provider):
    app, client = server
    doors = app.state.doors
    row = {"id": "u2", "email": "ana@shop.example", "disabled": True}
    doors.accounts.add(row, now=doors.clock())
    set_out(provider, client)
    provider.vouch()
    assert come_back(provider, client).status_code == 401


def test_settings_that_will_not_do_are_told(tmp_path):
    assert oidc_params({}) is None
    given = {"COTERIE_OIDC_ISSUER": "http://id.example"}
    with pytest.raises(ParameterError, match="https"):
        oidc_params(given)
    given["COTERIE_OIDC_ISSUER"] = "https://id.example"
    with pytest.raises(ParameterError, match="CLIENT_ID is not set"):
        oidc_params(given)
    given |= {"COTERIE_OIDC_CLIENT_ID": "c", "COTERIE_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "x")}
    with pytest.raises(ParameterError, match="cannot be read"):
        oidc_params(given)
    (tmp_path / "x").write_text("s\n")
    found = oidc_params(given)
    assert found is not None
    assert (found.client_secret, found.name) == ("s", "single sign-on")


def test_without_a_provider_there_is_none(tmp_path):
    with serving(ServerParams(tmp_path)) as (_, client):
        assert client.get(START).status_code == 404
        assert client.get(BACK).status_code == 404
