"""Over two hundred hostile requests: no 5xx, nothing of the machine told, nothing changed."""

from __future__ import annotations

import hashlib
import itertools
import json
import socket
from pathlib import Path
from typing import Any

import httpx

from tests.service.conftest import ROOT

CARDS = f"{ROOT}/cards"
IDS = [
    "..",
    "../../etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cwindows",
    "%00",
    "a%00b",
    "%0d%0aset-cookie:%20a=b",
    "'%20OR%20'1'='1",
    "1;DROP%20TABLE%20customers",
    "%F0%9F%92%A9",
    "%ED%A0%80",
    "%FF%FE",
    "a" * 10_000,
    "<script>alert(1)</script>",
    "${jndi:ldap://127.0.0.1/a}",
    "{{7*7}}",
    "c001/../c002",
    "%E2%80%AEc001",
    "-1",
    "null",
]
PLACES = [
    f"{ROOT}/{{}}",
    f"{ROOT}/{{}}/runs",
    f"{CARDS}/runs/{{}}",
    f"{CARDS}/jobs/{{}}",
    f"{CARDS}/uploads/{{}}",
    f"{CARDS}/segments/{{}}",
    f"{CARDS}/customers/{{}}",
    f"{CARDS}/customers/{{}}/why",
]
ACCOUNTS = [
    "/api/v1/users/{}",
    "/api/v1/users/{}/password",
    "/api/v1/keys/{}",
    "/api/v1/session/{}",
    "/api/v1/audit?cursor={}",
    "/api/v1/session/oidc/callback?code={0}&state={0}",
]
PROOFS: list[dict[str, str]] = [
    {"authorization": "Bearer"},
    {"authorization": "Bearer ck_" + "a" * 60_000},
    {"authorization": "Bearer ck_' OR '1'='1"},
    {"authorization": "Basic YTpi"},
    {"authorization": "\u00ff\u00fe"},
    {"cookie": "coterie=" + "a" * 60_000},
    {"cookie": "coterie='; DROP TABLE sessions; --"},
    {"cookie": "=;;;=coterie=;coterie"},
    {"cookie": "coterie=\u00e4"},
    {"cookie": "coterie_oidc=99999999999999999999.x"},
    {"x-csrf-token": "\u00e4" * 100},
    {"origin": "http://[", "sec-fetch-site": ""},
    {"origin": "null"},
    {"sec-fetch-site": "same-site"},
    {"host": "["},
    {"host": ""},
    {"host": "evil.example"},
]
"""What is said to prove who asks, and from where."""
QUERIES = [
    "limit=-1",
    "limit=99999999999999999999",
    "limit=1e3",
    "limit=NaN",
    "cursor=%00",
    "cursor=e30",
    "cursor=WzEsMl0",
    "cursor=" + "A" * 5_000,
    "cursor=W251bGwsbnVsbF0",
    "sort=customer_id;--",
    "sort=__class__",
    "search=%25%25%25",
    "search=%00",
    "search=" + "x" * 60_000,
    "segment=' OR 1=1 --",
]
NESTED = "[" * 50_000 + "]" * 50_000
BODIES: list[bytes] = [
    b"",
    b"{",
    b"null",
    b"\xff\xfe\x00",
    NESTED.encode(),
    b'{"name": ' + b"9" * 5_000 + b"}",
    b'{"name": 1e999}',
    b'{"name": "\\ud800"}',
    b'{"name": "a", "name": "b"}',
    b'{"toml": "a = ' + b"[" * 5_000 + b'"}',
    json.dumps({"toml": "x" * 1_000_000}).encode(),
    json.dumps({"kind": "run", "params": {"as_of": "9999-99-99"}}).encode(),
    json.dumps({"kind": "__import__('os').system('id')"}).encode(),
    json.dumps({"as_of": "0000-00-00"}).encode(),
    json.dumps({"as_of": 10**30}).encode(),
    json.dumps({"uploads": ["../../etc/passwd"] * 16}).encode(),
    json.dumps({"rows": [{"spend": {"a": [1]}, "visits": NESTED[:3_000]}]}).encode(),
    json.dumps({"rows": [{"spend": "1" * 100_000, "visits": "=cmd|' /C calc'!A0"}]}).encode(),
    b'{"rows": [{"spend": NaN, "visits": Infinity}]}',
    b'{"rows": [{"spend": 1e308, "visits": -1e308}]}',
    b'{"email": "a@b.cc", "password": "\\ud800"}',
    b'{"email": "\\u0000@b.cc", "password": "\\u0000"}',
    json.dumps({"email": "a@b.cc", "password": "x" * 100_000}).encode(),
    json.dumps({"email": "a@b.cc\r\nset-cookie: a=b", "name": "\x1b[2J", "admin": True}).encode(),
    json.dumps({"old": "x", "new": ["y"]}).encode(),
    json.dumps({"name": "k", "scopes": ["admin"] * 10_000, "days": 1e308}).encode(),
    json.dumps({"name": "k", "scopes": ["admin"], "project": "../.."}).encode(),
    json.dumps({"rows": [{"sp\x00end": 1}, {"": ""}, {"x" * 50_000: 1}]}).encode(),
]
WAYS = [
    ("POST", ROOT),
    ("POST", f"{CARDS}/mapping"),
    ("PUT", f"{CARDS}/mapping"),
    ("POST", f"{CARDS}/predict"),
    ("POST", "/predict"),
    ("POST", "/api/v1/session"),
    ("PUT", "/api/v1/session/password"),
    ("POST", "/api/v1/users"),
    ("PATCH", "/api/v1/users/u1"),
    ("POST", "/api/v1/keys"),
]
HEADERS: list[dict[str, str]] = [
    {"content-type": "text/csv"},
    {"content-type": "application/x-www-form-urlencoded"},
    {"content-type": "multipart/form-data; boundary="},
    {"content-type": "multipart/form-data; boundary=" + "b" * 5_000},
    {"content-type": "application/json; charset=utf-7"},
    {"idempotency-key": "../../x"},
    {"idempotency-key": "k" * 5_000},
    {"if-none-match": '"' + "e" * 5_000 + '"'},
    {"x-request-id": "a' b"},
    {"content-encoding": "gzip"},
    {"accept": "application/xml"},
    {"x-forwarded-for": "127.0.0.1", "x-http-method-override": "DELETE"},
]
RAW = [
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n12345",
    b"POST /predict HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
]
"""What no client library would send."""


def requests() -> list[tuple[str, str, dict[str, Any]]]:
    """List all hostile requests."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    found += [("GET", place.format(one), {}) for place, one in itertools.product(PLACES, IDS)]
    found += [("GET", f"{CARDS}/customers?{query}", {}) for query in QUERIES]
    found += [
        (method, path, {"content": body, "headers": {"content-type": "application/json"}})
        for (method, path), body in itertools.product(WAYS, BODIES)
    ]
    found += [
        ("POST", f"{CARDS}/predict", {"content": b"spend,visits\n1,2\n", "headers": headers})
        for headers in HEADERS
    ]
    found += [("POST", f"{CARDS}/uploads", {"content": b"x", "headers": h}) for h in HEADERS]
    found += [
        (method, place.format(one), {})
        for place, one in itertools.product(ACCOUNTS, IDS)
        for method in ("GET", "DELETE")
    ]
    found += [
        (method, path, {"headers": {name: value.encode("latin-1") for name, value in h.items()}})
        for (method, path), h in itertools.product(
            [("GET", ROOT), ("POST", f"{CARDS}/predict"), ("DELETE", "/api/v1/session")], PROOFS
        )
    ]
    back = "/api/v1/session/oidc/callback?code=c&state=s"
    found += [("GET", back, {"headers": {"cookie": f"coterie_oidc={one}"}}) for one in ("a", "1.")]
    return found


def state(folder: Path) -> dict[str, str]:
    """Return the hash of every file of a project that a request must not change."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        # answers that were worked out, and what SQLite writes beside its file, may come and go
        if file.is_file() and "coterie.db" not in file.name and "predictions" not in file.parts
    }


def test_hostile_requests_are_refused_and_change_nothing(
    ready: httpx.Client, tmp_path: Path
) -> None:
    before = state(tmp_path / "home" / "cards")
    asked = requests()
    assert len(asked) >= 200
    leaks = (str(tmp_path), "Traceback", "/site-packages/", "sqlalchemy", "root:x:")
    for method, path, how in asked:
        answer = ready.request(method, path, **how)
        what = f"{method} {path[:100]} {str(how)[:200]} -> {answer.status_code}"
        assert answer.status_code < 500, what
        assert not [leak for leak in leaks if leak in answer.text], what
        assert "set-cookie" not in answer.headers, what
    for raw in RAW:
        with socket.create_connection(("127.0.0.1", ready.base_url.port or 0), timeout=10) as line:
            line.sendall(raw)
            line.shutdown(socket.SHUT_WR)
            said = b"".join(iter(lambda: line.recv(65_536), b""))
        assert b" 5" not in said[:12], raw[:60]
        assert b"Traceback" not in said
    assert state(tmp_path / "home" / "cards") == before
    assert ready.get(ROOT).json()["total"] == 1 + sum(
        json.loads(how["content"]).get("name", "") == "b"
        for method, path, how in asked
        if (method, path) == ("POST", ROOT) and how["content"].startswith(b'{"name": "a"')
    )
    assert ready.get(f"{CARDS}/jobs").json()["total"] == 0
    assert ready.get("/health/live").status_code == 200
