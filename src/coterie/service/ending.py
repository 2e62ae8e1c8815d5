"""Whether the server is about to end: answers without an end of their own ask for it.

A server waits for what it is answering before it tells the application that it ends; so its own
word is looked at, which it gives by how it takes the signal to end.
"""

from __future__ import annotations

import signal
from collections.abc import Callable


def ending() -> Callable[[], bool]:
    """Return what tells whether the server that was started in this process is to end.

    Returns
    -------
    callable
        Of a server in a thread, which hears no signals, it is never known.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return lambda: bool(getattr(server, "should_exit", False))
