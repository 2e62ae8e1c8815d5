"""How soon the command and the package are there."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.figures import Outcome, at_most, figure
from benchmarks.timing import cpu_seconds


@figure("S11")
def start() -> Outcome:
    """CPU seconds of ``coterie --help`` and of ``import coterie``, interpreter included."""
    command = Path(sys.executable).with_name("coterie")
    shown = cpu_seconds([str(command), "--help"])
    loaded = cpu_seconds([sys.executable, "-c", "import coterie"])
    return Outcome(
        "CPU seconds of a child process, median of 7 after one to warm up; smallest and largest",
        (
            at_most("coterie --help", shown.median, 0.5, unit="s", interval=shown.interval),
            at_most("import coterie", loaded.median, 0.3, unit="s", interval=loaded.interval),
        ),
    )
