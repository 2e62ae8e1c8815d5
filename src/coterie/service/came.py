"""What came with a request and tells who asks, read in one pass over its headers."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace

from starlette.types import Scope

PLAIN, SECURE = "coterie", "__Host-coterie"
"""Names of the cookie of a session; the second where all goes by TLS: browsers take it from
nobody else then."""
_FIELDS = {
    b"host": "host",
    b"cookie": "cookies",
    b"authorization": "authorization",
    b"origin": "origin",
    b"sec-fetch-site": "site",
    b"x-csrf-token": "csrf",
}


@dataclass(frozen=True)
class Came:
    """Headers of a request, and where it comes from; empty what did not come.

    Examples
    --------
    >>> Came(cookies="a=1; coterie=abc", host="[::1]:8000").cookie
    'abc'
    >>> Came(host="[::1]:8000").host_name, Came(authorization="Bearer ck_1").bearer
    ('::1', 'ck_1')
    """

    host: str = ""
    cookies: str = ""
    authorization: str = ""
    origin: str = ""
    site: str = ""
    csrf: str = ""
    client: str = ""
    secure: bool = False

    @property
    def cookie(self) -> str:
        """The token of the session."""
        return self.named(SECURE if self.secure else PLAIN)

    def with_cookie(self, token: str) -> Came:
        """Return the same with the cookie of another session, and no key."""
        name = SECURE if self.secure else PLAIN
        return replace(self, cookies=f"{name}={token}", authorization="")

    def named(self, name: str) -> str:
        """Return the value of a cookie."""
        for pair in self.cookies.split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                return value
        return ""

    @property
    def bearer(self) -> str:
        """The key; whatever else tries to prove something is taken for one, and is none."""
        kind, _, value = self.authorization.partition(" ")
        return value.strip() if kind.lower() == "bearer" else self.authorization

    @property
    def host_name(self) -> str:
        """The host without its port."""
        if self.host.startswith("["):
            return self.host[1:].partition("]")[0]
        return self.host.partition(":")[0].lower()

    @property
    def address(self) -> str:
        """Where it comes from; of IPv6 the network, which one machine has to itself.

        Examples
        --------
        >>> Came(client="2001:db8::1:2").address, Came(client="192.0.2.1").address
        ('2001:db8::/64', '192.0.2.1')
        """
        try:
            found = ipaddress.ip_address(self.client)
        except ValueError:
            return self.client
        if found.version == 4:
            return self.client
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))


def read_headers(scope: Scope, *, secure: bool = False) -> Came:
    """Return what came with a request; ``secure`` if all goes by TLS."""
    found = {
        _FIELDS[name]: value.decode("latin-1")
        for name, value in scope["headers"]
        if name in _FIELDS
    }
    client = scope.get("client")
    return Came(client=client[0] if client else "", secure=secure, **found)
