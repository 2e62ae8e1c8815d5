"""How long the simulated shop takes to write ten million order lines, and in how much memory.

Run by ``python -m benchmarks.bench_shop``. Time and memory are those of a child process,
the start of Python included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pyarrow import parquet as pq

from benchmarks.figures import Outcome, at_least, at_most

LINES = 10_000_000
CUSTOMERS = 600_000
BAR_SECONDS = 60.0
BAR_MEGABYTES = 1024.0
BAR_GROWTH = 1.5

_CHILD = """
import sys
from pathlib import Path
from coterie.sources.shop import write_shop
write_shop(Path(sys.argv[1]), customers=int(sys.argv[2]), tables=sys.argv[3].split(","))
"""


def shop() -> Outcome:
    """Seconds for the order lines alone, and how the peak of memory grows with the customers."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, memory = _write(Path(folder), CUSTOMERS, "orders")
        lines = pq.read_metadata(Path(folder) / "orders.parquet").num_rows
        _, small = _write(Path(folder), CUSTOMERS // 10, "orders")
    return Outcome(
        f"{CUSTOMERS:,} customers, Parquet, child process, {os.cpu_count()} cores",
        (
            at_least("order lines", lines, LINES),
            at_most("time", seconds, BAR_SECONDS, unit="s"),
            at_most("peak of memory", memory / 1024, BAR_MEGABYTES, unit="MB"),
            at_most("memory ÷ that of a tenth of the customers", memory / small, BAR_GROWTH),
        ),
    )


def _write(folder: Path, customers: int, tables: str) -> tuple[float, int]:
    """Write a shop in a child process; return seconds and peak memory in KiB."""
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(folder), str(customers), tables])
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, child.args)
    return seconds, used.ru_maxrss


def main() -> int:
    """Print what was measured; 1 if it falls short."""
    outcome = shop()
    print(outcome.protocol)
    for part in outcome.parts:
        print(f"{part.line()} {'ok' if part.ok else 'short'}")
    return 0 if all(part.ok for part in outcome.parts) else 1


if __name__ == "__main__":
    sys.exit(main())
