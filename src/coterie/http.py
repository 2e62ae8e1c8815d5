"""Requests to addresses that users give: signed, and never to this machine or its neighbours.

A name is resolved once for each try, and the connection goes to the address that was looked at:
a name that means another address a moment later changes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from coterie.errors import CoterieError, ParameterError

SIGNATURE = "coterie-signature"
"""Header that holds the signature."""
TOLERANCE = 300
"""Seconds between the making of a signature and its reading."""
_NETWORKS = [
    ipaddress.ip_network(one)
    for one in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # shared by the customers of a provider
        "168.63.129.16/32",  # a cloud's own services, though it looks public
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "64:ff9b::/96",  # NAT64: an IPv4 address in other clothes, as are the next
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "::/96",
        "fec0::/10",
    )
]
_BLOCK = 1 << 14
Connect = Callable[[tuple[str, int], float], socket.socket]
Resolve = Callable[[str, int], Sequence[str]]


class AddressError(CoterieError):
    """The address is one that is not asked."""

    code = "address"


class UnansweredError(CoterieError):
    """Nobody answered as it should be."""

    code = "unanswered"


def is_public(address: str) -> bool:
    """Say whether an address is one of the open network.

    Parameters
    ----------
    address : str
        IPv4 or IPv6, in any way of writing.

    Returns
    -------
    bool
        False for this machine, its networks, and whatever stands for them: IPv4 addresses
        mapped into IPv6, NAT64, 6to4, Teredo.

    Examples
    --------
    >>> [is_public(one) for one in ("93.184.216.34", "10.0.0.1", "::ffff:127.0.0.1", "fe80::1")]
    [True, False, False, False]
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not found.is_global or found.is_multicast or found.is_reserved:
        return False
    return not any(found.version == net.version and found in net for net in _NETWORKS)


def sign(secret: bytes, body: bytes, *, at: int) -> str:
    """Return the signature of a body: HMAC-SHA256 over the time and the body.

    Parameters
    ----------
    secret : bytes
        That both ends know.
    body : bytes
        As it is sent.
    at : int
        Seconds since 1970.

    Returns
    -------
    str
        For the header ``SIGNATURE``.

    Examples
    --------
    >>> sign(bytes(32), b"{}", at=1767225600)[:27]
    't=1767225600,v1=67e26d91a26'
    """
    seal = hmac.digest(secret, f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={seal.hex()}"


def is_signed(secrets: Sequence[bytes], given: str, body: bytes, *, now: int) -> bool:
    """Say whether a body was signed by one of the keys, a short time ago.

    Parameters
    ----------
    secrets : sequence of bytes
        Keys that are good, such as a new one and the one before.
    given : str
        As the header has it.
    body : bytes
        As it came.
    now : int
        Seconds since 1970.

    Returns
    -------
    bool
        False too if it was signed more than five minutes ago, or later than now.
    """
    parts = dict(part.partition("=")[::2] for part in given.split(","))
    at = parts.get("t", "")
    if not (at.isascii() and at.isdigit() and len(at) < 16) or abs(now - int(at)) > TOLERANCE:
        return False
    made = [sign(secret, body, at=int(at)).encode() for secret in secrets]
    wanted = f"t={at},v1={parts.get('v1', '')}".encode()
    return any(hmac.compare_digest(one, wanted) for one in made)


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _connect(place: tuple[str, int], seconds: float) -> socket.socket:
    return socket.create_connection(place, seconds)


@dataclass(frozen=True)
class Wire:
    """How the network is reached, and how much of it is borne.

    Parameters
    ----------
    seconds : float
        For one try, from the connection to the last byte.
    most : int
        Bytes of an answer.
    schemes : tuple of str
        What may be asked.
    resolve, connect : callable
        Name to addresses; address to connection.
    trust : ssl.SSLContext
        Whose certificates are believed.
    """

    seconds: float = 10.0
    most: int = 1 << 20
    schemes: tuple[str, ...] = ("https",)
    resolve: Resolve = _resolve
    connect: Connect = _connect
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)


@dataclass(frozen=True)
class Answer:
    """What came back; a redirection is an answer like any other."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    tries: int = 1,
    wire: Wire | None = None,
) -> Answer:
    """Send a body to an address that a user gave.

    Parameters
    ----------
    url : str
        Where.
    body : bytes
        What.
    headers : mapping of str to str, optional
        Besides those that HTTP needs.
    tries : int, default 1
        How often it is tried; each time the name is resolved and looked at anew.
    wire : Wire, optional
        How the network is reached.

    Returns
    -------
    Answer
        Of any status. No redirection is followed.

    Raises
    ------
    AddressError
        If the address leads to this machine or its neighbours.
    ParameterError
        If it is none.
    UnansweredError
        If nobody answered in time, or with more than is borne.
    """
    wire = wire or Wire()
    place = check_url(url, wire.schemes)
    for left in range(tries - 1, -1, -1):
        address = _address(place, wire)
        try:
            return _send(place, address, body, headers or {}, wire)
        except (OSError, http.client.HTTPException) as error:
            if not left:
                said = f"{place.hostname} did not answer: {type(error).__name__}."
                raise UnansweredError(said) from error
    raise ParameterError(f"tries={tries}.", allowed="1 or more", where="tries")


def check_url(url: str, schemes: Sequence[str] = ("https",)) -> SplitResult:
    """Return a URL in its parts, if it is one that may be asked.

    Raises
    ------
    ParameterError
        If it is of another kind, has no host, or holds a name and password.
    """
    try:
        place = urlsplit(url)
        fine = place.scheme in schemes and place.hostname and place.port != 0
        plain = url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        fine = plain = False
    if not fine or not plain or "@" in place.netloc:
        raise ParameterError(
            f"{url[:200]!r} is no address that is asked.",
            allowed=f"{' or '.join(schemes)}://HOST/PATH, without user and password",
            where="url",
        )
    return place


def _port(place: SplitResult) -> int:
    return place.port or (443 if place.scheme == "https" else 80)


def _address(place: SplitResult, wire: Wire) -> str:
    """Return the address of a host; if one of several is not public, none will do."""
    host = place.hostname or ""
    try:
        found = wire.resolve(host, _port(place))
    except (OSError, UnicodeError) as error:
        raise UnansweredError(f"{host} is not known.") from error
    if not found or not all(is_public(one) for one in found):
        raise AddressError(
            f"{host} is no address of the open network.",
            hint="A server asks nobody in its own network for others.",
            where="url",
        )
    return found[0]


def _send(
    place: SplitResult, address: str, body: bytes, headers: Mapping[str, str], wire: Wire
) -> Answer:
    began = time.monotonic()
    line = wire.connect((address, _port(place)), wire.seconds)
    try:
        if place.scheme == "https":
            line = wire.trust.wrap_socket(
                line, server_hostname=place.hostname, do_handshake_on_connect=False
            )
        with _until(line, wire.seconds - (time.monotonic() - began)):
            if isinstance(line, ssl.SSLSocket):
                line.do_handshake()
            spoken = http.client.HTTPConnection(place.hostname or "", _port(place))
            spoken.sock = line  # whatever the name means by now
            path = f"{place.path or '/'}{'?' if place.query else ''}{place.query}"
            told = {"Host": place.netloc, **headers, "Connection": "close"}
            spoken.request("POST", path, body, told)
            answer = spoken.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), _read(answer, wire.most))
    finally:
        line.close()


def _read(answer: http.client.HTTPResponse, most: int) -> bytes:
    parts, size = [], 0
    while part := answer.read(_BLOCK):
        parts.append(part)
        size += len(part)
        if size > most:
            raise http.client.HTTPException("more than is borne")
    if answer.length:
        raise http.client.IncompleteRead(b"".join(parts), answer.length)
    return b"".join(parts)


@contextmanager
def _until(line: socket.socket, seconds: float) -> Iterator[None]:
    """End a connection after some seconds, however slowly it goes on."""
    late = threading.Event()

    def end() -> None:
        late.set()
        try:
            socket.socket.shutdown(line, socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself

    timer = threading.Timer(max(seconds, 0.0), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():  # what is cut off can look as if it were whole
            raise TimeoutError
