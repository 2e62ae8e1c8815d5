"""Requests over raw sockets: at a fixed rate, or as fast as the server answers.

Latency counts from the moment that a request was due, so a server that stalls is not let off
the requests that had to wait meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Loaded:
    """What came of it.

    Parameters
    ----------
    seconds : float
        From the first request to the last answer.
    latencies : list of float
        Seconds of each answer.
    failed : int
        Answers other than 200.
    """

    seconds: float
    latencies: list[float]
    failed: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """Return the latency that a share of the answers did not exceed, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Line:
    """One connection; opened again when the server closes it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _drive(port: int, request: bytes, lines: int, n: int, rate: float) -> Loaded:
    waiting: asyncio.Queue[float | None] = asyncio.Queue()
    latencies: list[float] = []
    failed = 0
    began = time.perf_counter()

    async def work() -> None:
        nonlocal failed
        line = _Line(port)
        while (due := await waiting.get()) is not None:
            status = await line.ask(request)
            latencies.append(time.perf_counter() - (due or began))
            failed += status != 200
        line.close()

    hands = [asyncio.create_task(work()) for _ in range(lines)]
    for number in range(n):
        due = began + number / rate if rate else 0.0
        if rate and (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        waiting.put_nowait(due)
    for _ in hands:
        waiting.put_nowait(None)
    await asyncio.gather(*hands)
    return Loaded(time.perf_counter() - began, latencies, failed)


def drive(
    port: int, path: str, body: bytes, *, n: int, rate: float = 0.0, lines: int = 16
) -> Loaded:
    """Send a POST with a JSON body ``n`` times to a server on this machine.

    Parameters
    ----------
    port : int
        Where it listens.
    path : str
        What is asked.
    body : bytes
        The same each time.
    n : int
        Requests.
    rate : float, optional
        Requests a second; 0 for as fast as the answers come.
    lines : int, default 16
        Connections.
    """
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return asyncio.run(_drive(port, head.encode() + body, lines, n, rate))
