"""Hostile input to files, settings and expressions: what is shown, and what is left behind.

The routes and the pages of the app have their own cases once there is an app.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.commands import Forks, Said, fork_server
from benchmarks.figures import Outcome, at_least, at_most, figure
from benchmarks.hostile import HOSTILE, Case, left

SECRET = "canary-6f1d0c9a5e"
"""Lies in the environment, and must not come out."""
FOREIGN = (SECRET, "root:", "nobody:")
"""Marks of what no message may hold: secrets, and the passwords' file that one case asks for."""


@figure("R3")
def hostile() -> Outcome:
    """Call the command line with every case in a process of its own."""
    tracebacks, others, leaks = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder, fork_server(Path(folder)) as forks:
        for number, case in enumerate(HOSTILE):
            project = Path(folder) / str(number)
            project.mkdir()
            said, leaked = _call(forks, project, case)
            text = said.out + said.err
            faults = ("Traceback" in text, said.code != 1 or not _one_line(said), bool(leaked))
            if any(faults):
                print(f"{case.name}: code {said.code}, left {leaked}: {text}", flush=True)
            tracebacks, others, leaks = (
                total + fault
                for total, fault in zip((tracebacks, others, leaks), faults, strict=True)
            )
    return Outcome(
        "each case by the command line; a leak is a file left behind, a secret of the "
        "environment or a line of a foreign file in what is said",
        (
            at_most("tracebacks", tracebacks, 0),
            at_most("not refused in one line with exit code 1", others, 0),
            at_most("leaks", leaks, 0),
            at_least("hostile inputs", len(HOSTILE), 100),
        ),
    )


def _call(forks: Forks, project: Path, case: Case) -> tuple[Said, list[str]]:
    """Run one case; return what was said, and what was left or came out."""
    case.write(project)
    before = left(project)
    said = forks(project, *case.words, env={**case.env, "DATABASE_PASSWORD": SECRET})
    after = [name for name in left(project) if not name.startswith(".coterie/data/")]
    unfinished = [path.name for path in project.rglob(".tmp-*")]
    shown = [mark for mark in FOREIGN if mark in said.out + said.err]
    return said, sorted(set(after) ^ set(before)) + unfinished + shown


def _one_line(said: Said) -> bool:
    """Return whether one line starting with ``Error:`` is all that was said but progress."""
    try:
        return said.error.isprintable()
    except (AssertionError, ValueError):
        return False
