"""Requests to what users name: nobody of our own network is asked, whatever a name means."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import ParameterError
from coterie.http import (
    TOLERANCE,
    AddressError,
    UnansweredError,
    Wire,
    check_url,
    is_public,
    is_signed,
    post,
    sign,
)

PUBLIC = "93.184.216.34"
FINE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "192.0.2.1", "168.63.129.16", "192.88.99.1",
        "::", "::1", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:93.184.216.34", "::ffff:0:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1",
        "2001:db8::1", "100::1", "", "localhost", "2130706433", "0x7f.1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_open_network(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "2a00:1450:4001::1"])
def test_addresses_of_the_open_network(address):
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_in_other_clothes_is_never_public(address):
    number = int(address)
    for prefix in ("::ffff:", "64:ff9b::", "::", "::ffff:0:"):
        assert not is_public(f"{prefix}{number >> 16:x}:{number & 0xFFFF:x}")
    assert not is_public(f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1")


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/", "ftp://a.example", "file:///etc/passwd", "https://", "https:///x",
        "https://user:secret@a.example/", "https://a.example@127.0.0.1/", "https://a.example:0/",
        "https://a.example:99999/", "https://[::1", "https://a.example/ x", "https://a\r\nb/",
        "https://a.example/\x00", "https://ä.example/", "gopher://a.example", "//a.example", "",
    ],
)  # fmt: skip
def test_what_is_no_address_that_is_asked(url):
    with pytest.raises(ParameterError, match="no address that is asked"):
        check_url(url)


class Network:
    """A network in which every address is one server of ours; it knows what was asked of it."""

    def __init__(self, port: int, *answers: list[str]) -> None:
        self.port = port
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []
        self.fails = 0

    def resolve(self, host: str, port: int) -> list[str]:
        """Tell the next answer; the last one again and again."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def connect(self, place: tuple[str, int], seconds: float) -> socket.socket:
        """Connect to our server, whatever the address."""
        self.asked.append(place)
        if self.fails:
            self.fails -= 1
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    def wire(self, **more: object) -> Wire:
        """Return the way to this network."""
        how = {"schemes": ("http", "https"), "resolve": self.resolve, "connect": self.connect}
        return Wire(**{**how, **more})  # type: ignore[arg-type]


@contextmanager
def serving(speak: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve one connection after the other until the block ends; yield the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                try:
                    speak(line)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def read_request(line: socket.socket) -> bytes:
    """Read a request with a body of two bytes."""
    said = b""
    while not said.endswith(b"\r\n\r\n{}"):
        said += line.recv(65_536)
    return said


def answering(*answers: bytes) -> tuple[Callable[[socket.socket], None], list[bytes]]:
    """Return a server that gives these answers in turn, and what it was sent."""
    left, heard = list(answers), []

    def speak(line: socket.socket) -> None:
        heard.append(read_request(line))
        line.sendall(left.pop(0) if len(left) > 1 else left[0])

    return speak, heard


def test_a_body_is_sent_with_its_host_and_the_answer_comes_back():
    speak, heard = answering(FINE)
    with serving(speak) as port:
        net = Network(port, [PUBLIC])
        said = post("http://hook.example:81/in?a=1", b"{}", headers={"x": "y"}, wire=net.wire())
    assert (said.status, said.body) == (200, b"ok")
    assert net.asked == [(PUBLIC, 81)]
    assert heard[0].startswith(b"POST /in?a=1 HTTP/1.1\r\n")
    assert b"\r\nHost: hook.example:81\r\n" in heard[0]
    assert heard[0].count(b"Host:") == 1


@pytest.mark.parametrize("found", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1"], []])
def test_a_name_that_means_us_is_not_asked(found):
    net = Network(1, found)
    with pytest.raises(AddressError, match="open network"):
        post("http://hook.example/", b"{}", wire=net.wire())
    assert net.asked == []


def test_a_name_that_means_another_address_a_moment_later_changes_nothing():
    speak, _ = answering(FINE)
    with serving(speak) as port:
        net = Network(port, [PUBLIC], ["127.0.0.1"])
        assert post("http://hook.example/", b"{}", wire=net.wire()).status == 200
        assert net.asked == [(PUBLIC, 80)]
        with pytest.raises(AddressError):
            post("http://hook.example/", b"{}", wire=net.wire())


def test_each_try_looks_at_the_address_anew():
    net = Network(1, [PUBLIC], ["169.254.169.254"])
    net.fails = 1
    with pytest.raises(AddressError):
        post("http://hook.example/", b"{}", tries=3, wire=net.wire())
    assert net.asked == [(PUBLIC, 80)]


def test_what_fails_is_tried_again_as_often_as_wished():
    speak, _ = answering(FINE)
    with serving(speak) as port:
        net = Network(port, [PUBLIC])
        net.fails = 2
        assert post("http://hook.example/", b"{}", tries=3, wire=net.wire()).status == 200
        net.fails = 3
        with pytest.raises(UnansweredError, match="ConnectionRefusedError"):
            post("http://hook.example/", b"{}", tries=3, wire=net.wire())


def test_a_redirection_is_an_answer_and_is_not_followed():
    moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n"
    speak, heard = answering(moved)
    with serving(speak) as port:
        net = Network(port, [PUBLIC])
        assert post("http://hook.example/", b"{}", wire=net.wire()).status == 302
    assert len(heard) == len(net.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + b"x" * 5_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000,
        b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1_000 + b"\r\n",
        b"no answer at all\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_is_too_large_or_none_is_an_error(answer):
    speak, _ = answering(answer)
    with serving(speak) as port:
        net = Network(port, [PUBLIC])
        with pytest.raises(UnansweredError):
            post("http://hook.example/", b"{}", wire=net.wire(most=1_000))


def test_an_answer_that_comes_letter_by_letter_is_not_waited_for():
    ended = threading.Event()

    def speak(line: socket.socket) -> None:
        read_request(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nx: ")
        while not ended.wait(0.02):
            line.sendall(b"x")

    with serving(speak) as port:
        net = Network(port, [PUBLIC])
        with pytest.raises(UnansweredError):
            post("http://hook.example/", b"{}", wire=net.wire(seconds=0.3))
        ended.set()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate for hook.example, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hook.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hook.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = tmp_path_factory.mktemp("tls") / "hook.pem"
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, kind, plain))
    return file


def test_by_tls_the_name_is_that_of_the_certificate_and_not_the_address(certificate):
    names: list[str | None] = []
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate)
    ours.sni_callback = lambda _line, name, _context: names.append(name)
    plain, heard = answering(FINE)

    def speak(line: socket.socket) -> None:
        with ours.wrap_socket(line, server_side=True) as sealed:
            plain(sealed)

    trusting = Wire(trust=ssl.create_default_context(cafile=str(certificate)))
    with serving(speak) as port:
        net = Network(port, [PUBLIC])
        wire = replace(trusting, resolve=net.resolve, connect=net.connect)
        assert post("https://hook.example/in", b"{}", wire=wire).body == b"ok"
        assert net.asked == [(PUBLIC, 443)]
        with pytest.raises(UnansweredError, match="SSLCertVerificationError"):
            post("https://other.example/in", b"{}", wire=wire)
        with pytest.raises(UnansweredError, match="SSLCertVerificationError"):
            post("https://hook.example/in", b"{}", wire=replace(wire, trust=Wire().trust))
    assert names == ["hook.example", "other.example", "hook.example"]
    assert len(heard) == 1


def test_a_signature_is_that_of_its_time_body_and_key():
    key, body, at = b"k" * 32, b'{"a": 1}', 1_800_000_000
    given = sign(key, body, at=at)
    assert is_signed([key], given, body, now=at)
    assert is_signed([b"new", key], given, body, now=at + TOLERANCE)
    assert not is_signed([key], given, body, now=at + TOLERANCE + 1)
    assert not is_signed([key], given, body, now=at - TOLERANCE - 1)
    assert not is_signed([key], given, body + b" ", now=at)
    assert not is_signed([b"other"], given, body, now=at)
    assert not is_signed([], given, body, now=at)
    later = given.replace(f"t={at}", f"t={at + 1}")
    assert not is_signed([key], later, body, now=at)


@given(st.text(max_size=60))
def test_what_is_no_signature_is_refused(text):
    assert not is_signed([b"k"], text, b"", now=0)
    assert not is_signed([b"k"], f"t=0,v1={text}", b"", now=0)
