"""Time and memory of our own code against a peer, in the same run, on the same machine.

Speeds are told as ratios: a machine that is slow today is slow for both.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """The middle of repeated measurements, and their smallest and largest."""

    median: float
    interval: tuple[float, float]

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise ``values``."""
        return cls(statistics.median(values), (min(values), max(values)))


def paired_ratio(ours: Callable[[], object], peer: Callable[[], object], pairs: int = 5) -> Spread:
    """Time ``ours`` ÷ time of ``peer``, pair by pair; who goes first alternates.

    Parameters
    ----------
    ours, peer : functions without arguments
        The work; data is made and answers are compared outside of them.
    pairs : int, default 5
        How often both are run.

    Returns
    -------
    Spread
        Of the ratios; under 1 we are faster.
    """
    ratios = []
    for turn in range(pairs):
        if turn % 2:
            theirs, mine = wall_seconds(peer), wall_seconds(ours)
        else:
            mine, theirs = wall_seconds(ours), wall_seconds(peer)
        ratios.append(mine / theirs)
    return Spread.of(ratios)


def wall_seconds(work: Callable[[], object]) -> float:
    """Run ``work`` once and return the seconds it took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cpu_seconds(command: Sequence[str], repeats: int = 7) -> Spread:
    """CPU seconds (user and system) of a command that must succeed; run once more to warm up."""
    used = []
    for _ in range(repeats + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return Spread.of(used[1:])
