"""What every answer carries, what slow or large requests come to, what files and logs tell."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.bench_accounts import make_key, serving
from benchmarks.bench_service import free_port
from coterie.service.headers import PAGE, STRICT
from coterie.service.params import ServerParams, open_database
from coterie.service.passwords import hash_password
from coterie.store.accounts import Accounts
from tests.service.conftest import ROOT, wait_for

RIGHT = "a lamp over the stairs"
COTERIE = [sys.executable, "-m", "coterie.cli"]


def test_every_answer_is_strict_about_itself(ready):
    answers = [
        ready.get("/health/live"),
        ready.get(ROOT),
        ready.get("/nowhere"),
        ready.post(ROOT, content=b"{"),
        ready.get(ROOT, headers={"host": "evil.example"}),
        ready.get("/openapi.json"),
        ready.get("/metrics"),
        ready.get(f"{ROOT}/cards/exports/segments"),
    ]
    for said in answers:
        for name, value in STRICT.items():
            wanted = {value, "private, no-cache"} if name == "cache-control" else {value}
            assert said.headers[name] in wanted, (said.url, name)
        assert "strict-transport-security" not in said.headers  # there is no TLS here
    report = ready.get(f"{ROOT}/cards/report")
    assert "default-src 'none'" in report.headers["content-security-policy"]
    assert "sandbox" in report.headers["content-security-policy"]
    assert report.headers["x-content-type-options"] == "nosniff"


def test_the_policy_of_pages_allows_nothing_inline_or_foreign():
    assert "unsafe" not in PAGE
    assert "http" not in PAGE
    assert "default-src 'self'" in PAGE
    assert "frame-ancestors 'none'" in PAGE


def test_no_page_is_fetched_from_a_foreign_host(ready):
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        assert ready.get(path).status_code == 404


def ask_raw(port: int, request: bytes, *pieces: bytes) -> bytes:
    """Send a request as no library would, and return what comes until the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(request)
        for piece in pieces:
            line.sendall(piece)
        return b"".join(iter(lambda: line.recv(65_536), b""))


def test_a_body_that_does_not_come_is_waited_for_no_longer(tmp_path):
    with serving(ServerParams(tmp_path, patience=0.2)) as (_, client):
        head = b"POST /api/v1/projects HTTP/1.1\r\nhost: localhost\r\n"
        head += b"content-type: application/json\r\n"
        port = client.base_url.port or 0
        said = ask_raw(port, head + b'content-length: 100\r\n\r\n{"name"')
        assert said.startswith(b"HTTP/1.1 408")
        assert b"too_slow" in said
        chunked = head + b"transfer-encoding: chunked\r\n\r\n"
        assert ask_raw(port, chunked, b'7\r\n{"name"\r\n').startswith(b"HTTP/1.1 408")
        assert client.get(ROOT).json()["total"] == 0


def test_a_large_body_that_keeps_coming_is_given_its_time(tmp_path):
    # 0.2 s are not enough to hear all of it, but it comes faster than it has to.
    with serving(ServerParams(tmp_path, patience=5, pace=1)) as (_, client):
        said = client.post(ROOT, content=(b" " * 1_000 for _ in range(100)))
        assert said.status_code == 422


def test_a_chunked_body_is_refused_when_it_is_too_large(tmp_path):
    with serving(ServerParams(tmp_path, max_body=1_000)) as (_, client):
        said = client.post(ROOT, content=(b"x" * 10_000 for _ in range(20)))
        assert (said.status_code, said.json()["code"]) == (413, "too_large")


def test_who_is_nobody_sends_no_body_first(tmp_path):
    with serving(ServerParams(tmp_path, alone=False)) as (_, client):
        head = b"POST /api/v1/projects/a/uploads HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
        said = ask_raw(client.base_url.port or 0, head + b"content-length: 1000000\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        f"{ROOT}/../../../etc/passwd",
        f"{ROOT}/..%2fcards",
        f"{ROOT}/.coterie-server",
        f"{ROOT}/cards%2f..%2fcards",
        f"{ROOT}/cards/uploads/..%2f..%2fcoterie.toml",
        f"{ROOT}/cards/runs/..%2f..%2f..%2fcoterie.toml",
        f"{ROOT}/cards/exports/..%2f..%2fcoterie.toml",
        f"{ROOT}/cards/report?run_id=../../..",
        "//etc/passwd",
        "/static/../../secret.key",
        "/.coterie-server/secret.key",
    ],
)
def test_no_path_leads_out_of_what_is_served(ready, path):
    port = ready.base_url.port or 0
    said = ask_raw(
        port, f"GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode()
    )
    assert said.split()[1] in {b"404", b"422"}, said[:200]
    assert b"root:" not in said


@contextmanager
def command(home: Path, *words: str) -> Iterator[tuple[int, list[str]]]:
    """Run ``coterie serve`` until the block ends; yield its port and, afterwards, its log."""
    port, log = free_port(), []
    told = [*COTERIE, "serve", str(home), "--port", str(port), "--workers", "0", *words]
    told += ["--log-format", "json", "--log-level", "debug"]
    with subprocess.Popen(told, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(lambda: {"open": _listens(port, process)}, lambda found: found["open"])
            yield port, log
        finally:
            process.terminate()
            log += (process.stderr.read() if process.stderr else "").splitlines()


def _listens(port: int, process: subprocess.Popen[str]) -> bool:
    assert process.poll() is None, process.stderr.read() if process.stderr else ""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def admin(home: Path, *words: str, password: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``coterie admin``."""
    told = [*COTERIE, "admin", *words]
    told[5:5] = [str(home)]
    return subprocess.run(told, input=password, capture_output=True, text=True, check=False)


def make_admin(home: Path) -> Path:
    """Make a server whose admin knows the right password."""
    database = open_database(ServerParams(home))
    row = {"id": "u1", "email": "ana@shop.example", "admin": True}
    row |= {"password": hash_password(RIGHT)}
    Accounts(database).add(row, now=dt.datetime.now(dt.UTC))
    database.close()
    return home


def test_files_are_for_their_owner_and_logs_tell_no_secret(tmp_path):
    home = tmp_path / "home"
    made = admin(
        home, "create", "--email", "ana@shop.example", "--password-file", "-", password=RIGHT
    )
    assert made.returncode == 0, made.stderr
    key = admin(home, "key", "--name", "n", "--scope", "read", "--json")
    secret = json.loads(key.stdout)["data"]["key"]
    with command(home) as (port, log), httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        wrong = {"email": "ana@shop.example", "password": "wrong-canary-1"}
        assert client.post("/api/v1/session", json=wrong).status_code == 401
        right = {"email": "ana@shop.example", "password": RIGHT}
        told = client.post("/api/v1/session", json=right).json()
        cookie = client.cookies["coterie"]
        headers = {"x-csrf-token": told["csrf"]}
        assert client.post(ROOT, headers=headers, json={"name": "shop"}).status_code == 201
        invited = client.post("/api/v1/users", headers=headers, json={"email": "t@shop.example"})
        client.cookies.clear()
        with_key = {"authorization": f"Bearer {secret}"}
        assert client.get(ROOT, headers=with_key).status_code == 200
        assert client.get(f"{ROOT}?key={secret}", headers={"authorization": "Bearer ck_x"}).is_error
        gone = client.get("/api/v1/session/oidc/callback?code=canary-code&state=canary-state")
        assert gone.status_code == 404
    text = "\n".join(log)
    assert "audit head" in text
    hidden = [RIGHT, "wrong-canary-1", secret, cookie, told["csrf"], "canary-code", "canary-state"]
    hidden += [invited.json()["password"], "ana@shop.example"]
    assert not [one for one in hidden if one in text]
    kept = b"".join(file.read_bytes() for file in (home / ".coterie-server").iterdir())
    assert not [one for one in hidden[:5] if one.encode() in kept]
    for path in home.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_command_line_makes_users_and_verifies_the_log(tmp_path):
    home = tmp_path / "home"
    assert "No users yet" in admin(home, "list").stdout
    short = admin(home, "create", "--email", "a@shop.example", "--password-file", "-", password="x")
    assert short.returncode == 1
    assert "12 to" in short.stderr
    (tmp_path / "password").write_text(f"{RIGHT}\n")
    words = ["--email", "A@shop.example", "--password-file", str(tmp_path / "password")]
    assert admin(home, "create", *words).returncode == 0
    assert admin(home, "create", *words).returncode == 1
    listed = json.loads(admin(home, "list", "--json").stdout)["data"]["items"]
    assert [(one["email"], one["admin"]) for one in listed] == [("a@shop.example", True)]
    last = admin(home, "disable", "--email", "a@shop.example")
    assert "You are the only admin; name another first." in last.stderr
    unknown = admin(home, "password", "--email", "b@shop.example", "--password-file", "-")
    assert "a@shop.example" in unknown.stderr
    assert admin(home, "password", *words).returncode == 0
    assert "scope" in admin(home, "key", "--name", "n", "--scope", "king").stderr
    assert admin(home, "key", "--name", "n", "--scope", "run").stdout.startswith("ck_")
    verified = verify(home)
    assert verified.returncode == 0
    assert verified.stdout.startswith("3 entries, chain unbroken.")
    head = json.loads(verify(home, "--json").stdout)["data"]["head"]
    cut(home, "DELETE FROM audit WHERE number = 3")
    assert verify(home).returncode == 0
    found = verify(home, "--head", head)
    assert (found.returncode, found.stdout.splitlines()[0]) == (1, "Chain broken at entry 3.")
    cut(home, "UPDATE audit SET actor = 'nobody' WHERE number = 2")
    assert verify(home).stdout.startswith("Chain broken at entry 2.")


def verify(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``coterie audit verify``."""
    told = [*COTERIE, "audit", "verify", str(home), *words]
    return subprocess.run(told, capture_output=True, text=True, check=False)


def cut(home: Path, statement: str) -> None:
    """Do what somebody with the file can do."""
    import sqlite3

    with sqlite3.connect(home / ".coterie-server" / "coterie.db") as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--host", "0.0.0.0"], "must not go in the clear"),
        (["--host", "0.0.0.0", "--behind-proxy", "10.0.0.1"], "no users yet"),
        (["--behind-proxy", "127.0.0.1"], "no users yet"),
        (["--tls-certificate", "pyproject.toml"], "go together"),
    ],
)
def test_a_server_is_not_reached_from_elsewhere_unguarded(tmp_path, words, says):
    told = [*COTERIE, "serve", str(tmp_path / "home"), "--port", str(free_port()), *words]
    done = subprocess.run(told, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert says in " ".join(done.stderr.split())
    assert done.stderr.count("Error") == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate for this machine, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


def test_with_a_certificate_all_goes_by_tls(tmp_path, certificate):
    home = make_admin(tmp_path / "home")
    tls = ["--tls-certificate", str(certificate[0]), "--tls-key", str(certificate[1])]
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    with command(home, *tls, "--host", "0.0.0.0") as (port, _):
        with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trusted) as client:
            body = {"email": "ana@shop.example", "password": RIGHT}
            said = client.post("/api/v1/session", json=body)
            assert said.status_code == 200
            assert said.headers["strict-transport-security"].startswith("max-age=31536000")
            cookie = said.headers["set-cookie"]
            assert cookie.startswith("__Host-coterie=")
            assert "Secure" in cookie
            assert client.get(ROOT).status_code == 200
            token = client.cookies["__Host-coterie"]
            client.cookies.clear()
            plain = client.get(ROOT, headers={"cookie": f"coterie={token}"})
            assert plain.status_code == 401  # anybody on the way could have set that one
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/health/live")


def test_who_is_asking_is_believed_of_the_proxy_alone(tmp_path):
    home = make_admin(tmp_path / "home")
    wrong = {"email": "ana@shop.example", "password": "wrong"}
    for proxy, let in (("127.0.0.1", True), ("192.0.2.1", False)):
        with command(home, "--behind-proxy", proxy) as (port, _):
            for n in range(7):
                said = httpx.post(
                    f"http://127.0.0.1:{port}/api/v1/session",
                    json=wrong,
                    headers={"x-forwarded-for": f"198.51.100.{n}", "x-forwarded-proto": "https"},
                )
            # Another address has another delay, but only the proxy may say that it is another.
            assert (said.status_code == 401) is let


def test_a_key_is_never_in_an_answer_or_an_address(tmp_path):
    with serving(ServerParams(tmp_path / "home")) as (app, client):
        key = make_key(app.state.doors, ["admin"], "")
        secret = key["authorization"].removeprefix("Bearer ")
        for path in ("/api/v1/projects", "/api/v1/audit", "/metrics", "/api/v1/session"):
            assert secret not in client.get(path, headers=key).text
        app.state.doors.accounts.add(
            {"id": "u1", "email": "a@shop.example"}, now=app.state.doors.clock()
        )
        app.state.doors.forget()
        assert client.get(f"{ROOT}?authorization=Bearer%20{secret}").status_code == 401


def test_the_audit_log_is_told_with_its_chain(tmp_path):
    with serving(ServerParams(tmp_path / "home")) as (_, client):
        for name in ("one", "two", "three"):
            client.post(ROOT, json={"name": name})
        first = client.get("/api/v1/audit?limit=2").json()
        assert [one["number"] for one in first["items"]] == [3, 2]
        assert first["total"] == 3
        assert first["chain"]["said"] == "3 entries, chain unbroken."
        rest = client.get(f"/api/v1/audit?limit=2&cursor={first['next']}").json()
        assert [one["number"] for one in rest["items"]] == [1]
        assert (rest["chain"], rest["next"]) == (None, None)
        assert rest["items"][0]["actor"] == "local"
        assert client.get("/api/v1/audit?cursor=WzAuNV0").status_code == 422
        cut(tmp_path / "home", "DELETE FROM audit WHERE number = 2")
        broken = client.get("/api/v1/audit").json()["chain"]
        assert (broken["ok"], broken["broken_at"]) == (False, 2)
        assert broken["said"] == "Chain broken at entry 2."


def test_an_answer_with_a_secret_is_kept_nowhere(tmp_path):
    home = tmp_path / "home"
    with serving(ServerParams(home)) as (app, client):
        wish = {"name": "n", "scopes": ["read"]}
        headers = {"idempotency-key": "same"}
        made = [client.post("/api/v1/keys", json=wish, headers=headers).json() for _ in range(2)]
        assert made[0]["key"] != made[1]["key"]
        assert app.state.doors.audit.head().startswith("2:")
    kept = b"".join(
        file.read_bytes() for file in (home / ".coterie-server").iterdir() if file.is_file()
    )
    assert made[0]["key"].encode() not in kept
