"""The command line called in children that may be killed, stopped, or given too little disk.

Loading the libraries takes longer than a small run, so one process loads them and forks for
each command; nothing has used a thread by then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STAGES = ("Reading and", "Measuring", "Choosing", "Placing", "Describing", "Writing")
ORDERS = """
[sources.orders]
file = "orders.csv"
columns = { customer_id = "customer", timestamp = "date", amount = "amount", order_id = "order" }
"""
CUSTOMERS = """
[sources.customers]
file = "customers.csv"
key = "id"

[segmentation]
k = 2
"""


@dataclass(frozen=True)
class Said:
    """What a command ended with and wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def error(self) -> str:
        """The one line of the error, which is all that was said besides progress."""
        assert self.code == 1, (self.code, self.out, self.err)
        assert self.out == ""
        (line,) = [line for line in self.err.splitlines() if not line.startswith(STAGES)]
        assert line.startswith("Error: "), line
        return line.removeprefix("Error: ")


def orders_csv(customers: int = 30) -> str:
    """Write orders of which each customer has 1 to 5; every number follows from the row's."""
    rows = ["customer,date,amount,order"]
    for customer in range(customers):
        for n in range(1 + customer % 5):
            day = (customer * 7 + n * 31) % 28 + 1
            date = f"2023-{1 + (customer + n * 2) % 9:02d}-{day:02d}"
            rows.append(f"C{customer:03d},{date},{5 + customer % 11}.{n}5,O{customer}-{n}")
    return "\n".join(rows) + "\n"


def customers_csv(customers: int = 60) -> str:
    """Write customers with two numbers and a word."""
    rows = [f"{1000 + n},{n * 7 % 50},{n * n % 97},t{n % 3}" for n in range(customers)]
    return "\n".join(["id,spend,visits,plan", *rows]) + "\n"


_FORKS = """
import json, os, sys, threading, signal, resource
import scipy.stats, sklearn.cluster, sklearn.ensemble, sklearn.metrics
import sklearn.mixture, sklearn.tree
import coterie.api.lists, coterie.api.segmenting, coterie.profiling.export, coterie.terminal
import coterie.pipeline.feedback, coterie.pipeline.make, coterie.pipeline.naming
import coterie.pipeline.offers, coterie.pipeline.score, coterie.validation.template
from coterie import cli
for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(job["folder"])
        os.environ.update(job["env"])
        if job["plain_user"] and os.geteuid() == 0:
            # without its capabilities, root is bound by the modes of files as anyone is
            import ctypes
            header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
            if ctypes.CDLL(None).capset(header, none):
                os._exit(71)
        if job["bytes"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["bytes"], job["bytes"]))
        for name, number in (("out", 1), ("err", 2)):
            os.dup2(os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        if job["signal"]:
            moment = threading.Timer(job["after"], os.kill, (os.getpid(), job["signal"]))
            moment.daemon = True
            moment.start()
        sys.argv = ["coterie", *job["words"]]
        code = 70
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps(status), flush=True)
"""


@dataclass(frozen=True)
class Forks:
    """Runs commands in children of their own, which may be killed or get too little disk."""

    server: subprocess.Popen[str]
    folder: Path

    def __call__(
        self,
        folder: Path,
        *words: str,
        env: Mapping[str, str] | None = None,
        file_bytes: int | None = None,
        kill: tuple[int, float] = (0, 0.0),
        plain_user: bool = False,
    ) -> Said:
        """Run a command.

        Parameters
        ----------
        folder : Path
            Where it is called.
        words : str
            What comes after ``coterie``.
        env : mapping, optional
            Variables to add.
        file_bytes : int, optional
            Size that no file may exceed, as on a full disk.
        kill : (int, float), optional
            A signal, and the seconds after which the child gets it.
        plain_user : bool, default False
            Bound by the modes of files, even if it is root.
        """
        out, err = self.folder / "out", self.folder / "err"
        job = {
            "folder": str(folder),
            "words": words,
            "env": dict(env or {}),
            "bytes": file_bytes,
            "signal": int(kill[0]),
            "after": kill[1],
            "plain_user": plain_user,
            "out": str(out),
            "err": str(err),
        }
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(json.dumps(job) + "\n")
        self.server.stdin.flush()
        code = int(self.server.stdout.readline())
        return Said(code, out.read_text(), err.read_text())


@contextmanager
def fork_server(folder: Path) -> Iterator[Forks]:
    """Start the process that forks; what its children say goes to files in ``folder``.

    Warnings are errors in it, but for two: a stop leaves files to the garbage collector, and
    newer Pythons warn of any fork in a process where a library has made a thread.
    """
    quiet = ("-W", "ignore::ResourceWarning", "-W", "ignore:This process:DeprecationWarning")
    command = [sys.executable, "-W", "error", *quiet, "-c", _FORKS]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=os.environ) as server:
        yield Forks(server, folder)
        assert server.stdin is not None
        server.stdin.close()
