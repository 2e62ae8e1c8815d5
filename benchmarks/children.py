"""Programs run as children: how long each took and how much memory it held at most."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COTERIE = str(Path(sys.executable).with_name("coterie"))


@dataclass(frozen=True)
class Used:
    """What a child came to."""

    seconds: float
    cpu: float
    megabytes: float
    said: tuple[tuple[float, str], ...]
    """Second and text of every line on standard error."""

    def breakdown(self) -> list[str]:
        """Write the seconds between one line and the next."""
        ends = [second for second, _ in self.said[1:]] + [self.seconds]
        spans = [
            f"{end - start:8.1f} s  {text}"
            for (start, text), end in zip(self.said, ends, strict=True)
        ]
        return [f"{self.said[0][0]:8.1f} s  start", *spans] if self.said else []


def run_child(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Used:
    """Run a command to its end.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments; its standard output is dropped.
    environment : mapping, optional
        Variables to add.

    Returns
    -------
    Used
        Start of the program included.

    Raises
    ------
    CalledProcessError
        If it fails; with what it said.
    """
    start = time.perf_counter()
    child = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    said = tuple((time.perf_counter() - start, line.rstrip()) for line in child.stderr)
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.stderr.close()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        text = "\n".join(line for _, line in said)
        raise subprocess.CalledProcessError(child.returncode, child.args, stderr=text)
    return Used(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said)
