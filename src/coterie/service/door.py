"""Where several processes listen on one port: each has a queue of its own, filled by the kernel.

One shared queue would be emptied by whoever wakes first, all connections at once, while the
other processes stay idle. Linux deals connections out to sockets bound with ``SO_REUSEPORT``.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from coterie.errors import ParameterError


class Door(socket.socket):
    """A bound address; whoever receives it in another process gets a socket of their own on it.

    Parameters
    ----------
    host : str
        Address; with a colon for IPv6.
    port : int
        From 0 to 65,535; 0 for any that is free.

    Raises
    ------
    OSError
        Somebody listens there.

    Examples
    --------
    >>> from copy import copy  # as it is sent to a process
    >>> with Door("127.0.0.1", 0) as door, copy(door) as other:
    ...     door.getsockname() == other.getsockname(), door.fileno() == other.fileno()
    (True, False)
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.bind((host, port))

    def __reduce__(self) -> tuple[Callable[[str, int], Door], tuple[Any, ...]]:
        return Door, self.getsockname()[:2]


def must_be_free(host: str, port: int) -> None:
    """Refuse an address where somebody listens, which ``SO_REUSEPORT`` would not mind.

    Raises
    ------
    ParameterError
        It cannot be listened on.

    Examples
    --------
    >>> with Door("127.0.0.1", 0) as door:
    ...     must_be_free(*door.getsockname())
    ...     door.listen()
    ...     must_be_free(*door.getsockname())  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    coterie.errors.ParameterError: ...
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ParameterError(
                f"{host}, port {port}, cannot be listened on: {error.strerror}.",
                hint="end the other program, or take another --port",
                where="--port",
            ) from error
