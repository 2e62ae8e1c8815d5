"""Run one figure, or all that are built and write ``benchmarks/RESULTS.md``.

Each figure of a full run has a process of its own, so that none inherits the memory,
the caches or the threads of another.
"""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
from difflib import get_close_matches
from importlib import metadata
from pathlib import Path

from benchmarks.figures import FIGURES, MEASURES, Figure, Outcome

HERE = Path(__file__).parent
LIBRARIES = ("coterie", "duckdb", "numpy", "scipy", "scikit-learn", "pyarrow", "pandas")


def load() -> None:
    """Import every ``bench_*.py``, each of which registers its figures."""
    for path in sorted(HERE.glob("bench_*.py")):
        importlib.import_module(f"benchmarks.{path.stem}")


def facts() -> list[str]:
    """Say what ran where: versions, cores, memory, system."""
    versions = [f"Python {platform.python_version()}"]
    for library in LIBRARIES:
        try:
            versions.append(f"{library} {metadata.version(library)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{library} is not installed")
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = (
        f"{os.cpu_count()} cores, {gigabytes:.0f} GB, {platform.system()} {platform.machine()}"
    )
    return [f"versions: {', '.join(versions)}", f"machine: {machine}"]


def verdict(promised: Figure, outcome: Outcome | None) -> str:
    """Write the closing line of a figure.

    Examples
    --------
    >>> verdict(Figure("Q1", "P", "≥ .90"), None)
    'Q1 value=- bar=≥ .90 pending'
    """
    if outcome is None:
        return f"{promised.name} value=- bar={promised.bar} pending"
    value = ", ".join(part.short() for part in outcome.parts)
    return f"{promised.name} value={value} bar={promised.bar} {'ok' if outcome.ok else 'short'}"


def report(promised: Figure, outcome: Outcome | None) -> list[str]:
    """Write all lines of a figure; the last is its verdict."""
    lines = [f"{promised.name}: {promised.what}"]
    if outcome is not None:
        lines += [f"protocol: {outcome.protocol}", *(part.line() for part in outcome.parts)]
        lines += facts()
    return [*lines, verdict(promised, outcome)]


def run_one(name: str) -> int:
    """Run one figure, print it, and return 0 if it holds or is not built yet, else 1."""
    measure = MEASURES.get(name)
    outcome = measure() if measure else None
    print("\n".join(report(FIGURES[name], outcome)))
    return 0 if outcome is None or outcome.ok else 1


def run_all() -> int:
    """Run every figure that is built, write the table, and return 1 if any falls short."""
    blocks, closing, worst = [], [], 0
    for name, promised in FIGURES.items():
        if name not in MEASURES:
            closing.append(verdict(promised, None))
            continue
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.run", name],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        print(done.stdout, end="", flush=True)
        lines = done.stdout.strip().splitlines()
        if not lines or not lines[-1].startswith(f"{name} value="):
            lines = [f"{name} value=- bar={promised.bar} short"]  # it broke: stderr says how
            print(lines[-1], flush=True)
        blocks.append("\n".join(lines[:-1]))
        closing.append(lines[-1])
        worst = max(worst, min(done.returncode, 1))
    write(closing, blocks)
    return worst


def write(closing: list[str], blocks: list[str]) -> None:
    """Write the results beside this file, whole or not at all."""
    text = "\n".join(
        ["# Results", "", "Written by `make bench`.", "", "```text", *closing, "```", ""]
        + [line for block in blocks if block for line in ("```text", block, "```", "")]
    )
    new = HERE / "RESULTS.md.new"
    new.write_text(text, encoding="utf-8")
    new.replace(HERE / "RESULTS.md")


def main(arguments: list[str]) -> int:
    """Run the figures named on the command line, or all; none if a name is not known."""
    unknown = [name for name in arguments if name not in FIGURES]
    for name in unknown:
        near = get_close_matches(name.upper(), FIGURES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        print(f"NAME={name} is not a figure. Known: {', '.join(FIGURES)}.{hint}", file=sys.stderr)
    if unknown:
        return 2
    load()
    if arguments:
        return max(run_one(name) for name in arguments)
    return run_all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
