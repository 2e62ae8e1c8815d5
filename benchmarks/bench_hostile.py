"""Hostile input to files, settings and expressions: what is shown, and what is left behind.

The routes and the pages of the app have their own cases once there is an app.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from benchmarks.commands import Forks, Said, fork_server
from benchmarks.figures import Outcome, at_least, at_most, figure
from benchmarks.hostile import DATA, INIT, SETTINGS, Case, left
from benchmarks.hostile_ahead import AHEAD, run_before

HOSTILE = (*INIT, *SETTINGS, *DATA, *AHEAD)

SECRET = "canary-6f1d0c9a5e"
"""Lies in the environment, and must not come out."""
FOREIGN = (SECRET, "root:", "nobody:")
"""Marks of what no message may hold: secrets, and the passwords' file that one case asks for."""


@figure("R3")
def hostile() -> Outcome:
    """Call the command line with every case in a process of its own."""
    tracebacks, others, leaks = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder, fork_server(Path(folder)) as forks:
        before = run_before(forks, Path(folder))
        for number, case in enumerate(HOSTILE):
            project = Path(folder) / str(number)
            if case.project:
                shutil.copytree(before[case.project], project)
            else:
                project.mkdir()
            said, leaked = _call(forks, project, case)
            text = said.out + said.err
            faults = ("Traceback" in text, not _as_it_should(said, case), bool(leaked))
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
            at_most("not refused in one line with exit code 1, or used and told so", others, 0),
            at_most("leaks", leaks, 0),
            at_least("hostile inputs", len(HOSTILE), 100),
        ),
    )


def _call(forks: Forks, project: Path, case: Case) -> tuple[Said, list[str]]:
    """Run one case; return what was said, and what was left or came out."""
    case.write(project)
    before = left(project)
    said = forks(project, *case.words, env={**case.env, "DATABASE_PASSWORD": SECRET})
    after = left(project)
    unfinished = [path.name for path in project.rglob(".tmp-*")]
    shown = [mark for mark in FOREIGN if mark in said.out + said.err]
    written = {case.words[-1]} if case.code == 0 else set()
    return said, sorted((set(after) ^ set(before)) - written) + unfinished + shown


def _as_it_should(said: Said, case: Case) -> bool:
    """Return whether one line starting with ``Error:`` is all that was said but progress."""
    if case.code == 0:
        return said.code == 0 and re.search(case.says, said.out) is not None
    if "--json" in case.words:
        return said.code == 1 and re.search(case.says, str(said.json["error"])) is not None
    try:
        return said.error.isprintable() and re.search(case.says, said.error) is not None
    except (AssertionError, ValueError):
        return False
